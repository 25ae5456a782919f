"""Strings as the literal analysis holds them, and what a text needs to hold one.

A character below 256 is a byte; a letter that may stand in either case has a character of its own, see `ANY_CASE`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..storage.formula import Anything, Formula, Lit, both, either
from ..text import fold

KELVIN: Final = "\u0100"
"""Stands for a `k` in either case that may also be the Kelvin sign (U+212A)."""
LONG_S: Final = "\u0101"
"""Stands for an `s` in either case that may also be the long s (U+017F)."""

ANY_CASE: Final = {chr(lower): chr(0x200 + lower) for lower in range(ord("a"), ord("z") + 1)}
"""For each ASCII letter the character that stands for it in either case."""

CONTEXT: Final = 3
"""Bytes kept beside a part that is split off a literal, so that no 4-byte gram is lost over the cut."""

_ASCII_FORM: Final = {ord(KELVIN): "k", ord(LONG_S): "s"} | {ord(c): lower for lower, c in ANY_CASE.items()}
_OTHER_FORMS: Final = {KELVIN: Lit("\u212a".encode()), LONG_S: Lit("\u017f".encode())}


def from_bytes(data: bytes) -> str:
    """Bytes as characters below 256."""
    return data.decode("latin-1")


def need(strings: Iterable[str]) -> Formula:
    """What a text holds if it holds at least one of the strings; a newline ends a literal."""
    shortest = _shortest(strings)
    if len(shortest) > 1 and not any("\n" in s for s in shortest):
        factored = _factored(shortest)
        if factored is not None:
            return factored
    return either(*(both(*(_literal(line) for line in s.split("\n"))) for s in shortest))


def _literal(string: str) -> Formula:
    """One literal; a single ASCII byte says nothing. Where one letter's case is open, that of all is."""
    if len(string) < 2 and not "\x80" <= string <= "\xff":
        return Anything()
    written = string.translate(_ASCII_FORM)
    if written == string:
        return Lit(string.encode("latin-1"))
    others = [other for form, other in _OTHER_FORMS.items() if form in string]
    return either(Lit(fold(written.encode("latin-1")), any_case=True), *others)


def _shortest(strings: Iterable[str]) -> list[str]:
    """The strings without those that hold another; in order of the alphabet, so that plans are repeatable."""
    kept: list[str] = []
    for string in sorted(strings, key=lambda s: (len(s), s)):
        if not any(short in string for short in kept):
            kept.append(string)
    return sorted(kept)


def _shared_head(strings: list[str]) -> int:
    """How many characters all strings begin with in common."""
    first, last = min(strings), max(strings)
    pairs = enumerate(zip(first, last, strict=False))
    return next((at for at, (one, other) in pairs if one != other), len(first))


def _factored(strings: list[str]) -> Formula | None:
    """A long beginning or end that all strings share, asked once beside the rest, if that is shorter."""
    head = _shared_head(strings)
    room = min(map(len, strings)) - head
    tail = min(room, _shared_head([s[::-1] for s in strings]))
    start = head - CONTEXT if head > CONTEXT else 0
    end = tail - CONTEXT if tail > CONTEXT else 0
    if not start and not end:
        return None
    middles = [s[start : len(s) - end] for s in strings]
    shared = (head if start else 0) + (tail if end else 0)
    if shared + sum(map(len, middles)) >= sum(map(len, strings)):
        return None
    return both(
        _literal(strings[0][:head]) if start else Anything(),
        either(*map(_literal, middles)),
        _literal(strings[0][-tail:]) if end else Anything(),
    )
