"""Which literals a regular expression needs: from its tree to a conservative formula.

The analysis follows Russ Cox, "Regular Expression Matching with a Trigram Index" (2012): every sub-expression
is summed up by the strings that it can match, where these are few, else by what it must begin and end with
and by what else a match must hold. Here literals keep any length, since the engines look up grams of their
own choice in them: the aim is few and long ones.

Strings are bytes written as characters below 256. Where a letter stands that may have either case, it is one
of `ANY_CASE` instead, or `KELVIN` or `LONG_S`: a literal with a case-insensitive `k` or `s` is either there in
ASCII, or the text holds the Kelvin sign or the long s, which is cheaper to ask than every mixture of the two.

    >>> from leindex.regex.parse import parse
    >>> str(formula_of_regex(parse(r"struct (foo|bar)_ops\\b.*retry")))
    '(struct\\\\sbar_ops|struct\\\\sfoo_ops) retry'
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from ..records import record
from ..storage.formula import Anything, Formula, both, either
from ..storage.tidy import count_literals, tidy
from .hir import Alternate, Capture, Class, Concat, Empty, Hir, Literal, Look, Repeat
from .strings import ANY_CASE, KELVIN, LONG_S, from_bytes, need

Strings = frozenset[str]

MAX_CLASS: Final = 16
"""Characters of a class that are written out; above, the class is a gap."""
MAX_JOINED: Final = 32
"""Alternatives of one literal made by joining its parts, each with alternatives of its own."""
MAX_LISTED: Final = 256
"""Alternatives that were listed in the pattern; beyond, an index is no faster than reading everything."""
MAX_UNROLLED: Final = 32
"""Characters up to which a counted repetition is written out."""
MAX_FOUND: Final = 128
"""Conditions that are collected along one concatenation."""

_EMPTY: Final = frozenset(("",))
_KELVIN_SIGN: Final = 0x212A
_LONG_S_SIGN: Final = 0x17F


@record(frozen=True, slots=True)
class Info:
    """What is known about the text of every match of a sub-expression.

    It is one of `exact`, if that is known; it begins with one of `prefix`, ends with one of `suffix`, and
    satisfies `match`, which does not repeat what the strings say.
    """

    exact: Strings | None
    prefix: Strings
    suffix: Strings
    match: Formula = Anything()

    def formula(self) -> Formula:
        """All of it, as what a text must hold."""
        if self.exact is not None:
            return tidy(need(self.exact))
        return tidy(both(need(self.prefix), self.match, need(self.suffix)))


_UNKNOWN: Final = Info(None, _EMPTY, _EMPTY)


def formula_of_regex(hir: Hir) -> Formula:
    """What the text must hold wherever the expression matches: it may accept more, never less.

    The size of the result is bounded, and so is the time, whatever the number of alternatives.
    """
    return _analyse(hir).formula()


def _exactly(strings: Strings) -> Info:
    return Info(strings, strings, strings)


def _analyse(hir: Hir) -> Info:
    match hir:
        case Empty() | Look():
            return _exactly(_EMPTY)
        case Literal(data):
            return _exactly(frozenset((from_bytes(data),)))
        case Class():
            return _class(hir)
        case Capture(_, _, sub):
            return _analyse(sub)
        case Concat(parts):
            return _concat(map(_analyse, parts))
        case Alternate(parts):
            return _alternate(parts)
        case Repeat(sub, low, high, _):
            return _repeat(_analyse(sub), low, high)


@lru_cache(maxsize=512)
def _class(cls: Class) -> Info:
    """One character: all its forms where these are few, else its first byte where that is beyond ASCII."""
    if not cls.ranges:
        return _exactly(frozenset())
    size = sum(high - low + 1 for low, high in cls.ranges)
    if size <= 4 * MAX_CLASS:
        strings = _members(cls)
        if len(strings) <= MAX_CLASS:
            return _exactly(strings)
    if cls.is_bytes or cls.ranges[0][0] < 0x80:
        return _UNKNOWN
    firsts = {chr(byte) for low, high in cls.ranges for byte in range(_encoded(low)[0], _encoded(high)[0] + 1)}
    return Info(None, frozenset(firsts), _EMPTY)


def _members(cls: Class) -> Strings:
    codes = {code for low, high in cls.ranges for code in range(low, high + 1)}
    strings = set()
    for ascii_forms, sign, written in ((b"Kk", _KELVIN_SIGN, KELVIN), (b"Ss", _LONG_S_SIGN, LONG_S)):
        if sign in codes and not codes.isdisjoint(ascii_forms):
            codes -= {sign, *ascii_forms}
            strings.add(written)
    for lower, either_case in ANY_CASE.items():
        pair = {ord(lower), ord(lower.upper())}
        if pair <= codes:
            codes -= pair
            strings.add(either_case)
    return frozenset(strings.union(from_bytes(bytes((c,)) if cls.is_bytes else _encoded(c)) for c in codes))


def _encoded(code: int) -> bytes:
    return chr(code).encode("utf-8", "surrogatepass")


def _concat(parts: Iterable[Info]) -> Info:
    """Parts one after the other; runs of single strings are joined at once."""
    done = _exactly(_EMPTY)
    found: list[Formula] = []
    run: list[str] = []
    for part in parts:
        if part.exact is not None and len(part.exact) == 1:
            run.extend(part.exact)
            continue
        if run:
            done = _join(done, _exactly(frozenset(("".join(run),))), found)
            run.clear()
        done = _join(done, part, found)
        if not isinstance(part.match, Anything) and len(found) < MAX_FOUND:
            found.append(part.match)
    if run:
        done = _join(done, _exactly(frozenset(("".join(run),))), found)
    return Info(done.exact, done.prefix, done.suffix, both(*found))


def _join(left: Info, right: Info, found: list[Formula]) -> Info:
    """The strings of `left` and then `right`; what cannot go on at either end is added to `found`."""
    if left.exact is not None and right.exact is not None:
        joined = _cross(left.exact, right.exact)
        if joined is not None:
            return _exactly(joined)
    longer_prefix = _cross(left.exact, right.prefix) if left.exact is not None else None
    longer_suffix = _cross(left.suffix, right.exact) if right.exact is not None else None
    if longer_prefix is None and longer_suffix is None and len(found) < MAX_FOUND:
        found.append(_seam(left.suffix, right.prefix))
    return Info(
        None,
        left.prefix if longer_prefix is None else longer_prefix,
        right.suffix if longer_suffix is None else longer_suffix,
    )


def _cross(left: Strings, right: Strings) -> Strings | None:
    """Every string of `left` followed by every one of `right`, if that is few enough."""
    size = len(left) * len(right)
    limit = MAX_LISTED if len(left) == 1 or len(right) == 1 else MAX_JOINED
    return frozenset(a + b for a in left for b in right) if size <= limit else None


def _seam(left: Strings, right: Strings) -> Formula:
    """What a text holds where something that ends with `left` meets something that begins with `right`."""
    joined = _cross(left, right)
    if joined is not None:
        return need(joined)
    for kept in (3, 2):
        joined = _cross(frozenset(s[-kept:] for s in left), frozenset(s[:kept] for s in right))
        if joined is not None:
            return both(need(left), need(joined), need(right))
    return both(need(left), need(right))


def _alternate(branches: tuple[Hir, ...]) -> Info:
    infos: list[Info] = []
    prefix: set[str] = set()
    suffix: set[str] = set()
    next_check = 2 * MAX_LISTED
    for branch in branches:
        info = _analyse(branch)
        infos.append(info)
        prefix |= info.prefix
        suffix |= info.suffix
        if len(infos) == next_check:
            next_check *= 2
            if _clip(prefix, 1) == _clip(suffix, -1) == _EMPTY:
                return _UNKNOWN
    if all(info.exact is not None for info in infos):
        if len(prefix) <= MAX_LISTED:
            return _exactly(frozenset(prefix))
        return Info(None, _clip(prefix, 1), _clip(suffix, -1))
    match = either(*(info.formula() for info in infos[: MAX_LISTED + 1]))
    if len(infos) > MAX_LISTED or count_literals(match) > MAX_LISTED:
        match = Anything()
    return Info(None, _clip(prefix, 1), _clip(suffix, -1), tidy(match))


def _clip(strings: set[str], side: int) -> Strings:
    """Few strings that all of `strings` begin with (`side` 1) or end with (-1); at worst the empty one."""
    if len(strings) <= MAX_LISTED:
        return frozenset(strings)
    for kept in (12, 8, 6, 5, 4):
        clipped = frozenset(s[:kept] if side > 0 else s[-kept:] for s in strings)
        if len(clipped) <= MAX_LISTED:
            return clipped
    return _EMPTY


def _repeat(sub: Info, low: int, high: int | None) -> Info:
    if high == 0:
        return _exactly(_EMPTY)
    if sub.exact is not None and not sub.exact:
        return _exactly(_EMPTY if low == 0 else frozenset())
    if sub.exact == _EMPTY:
        return sub
    if sub.exact is not None and high is not None:
        counted = _powers(sub.exact, low, high)
        if counted is not None:
            return _exactly(counted)
    if low == 0:
        return _UNKNOWN
    longest = max(map(len, sub.exact)) if sub.exact is not None else MAX_UNROLLED // 2
    copies = max(1, min(low, MAX_UNROLLED // longest))
    info = _concat([sub] * copies)
    if copies == low == high:
        return info
    return Info(None, info.prefix, info.suffix, info.match)


def _powers(strings: Strings, low: int, high: int) -> Strings | None:
    """The strings repeated `low` to `high` times, if these are few and short."""
    if high * max(map(len, strings)) > MAX_UNROLLED:
        return None
    power = _EMPTY
    found: set[str] = set()
    for times in range(high + 1):
        if times >= low:
            found |= power
        if times < high:
            longer = _cross(power, strings)
            if longer is None:
                return None
            power = longer
    return frozenset(found) if len(found) <= MAX_JOINED else None
