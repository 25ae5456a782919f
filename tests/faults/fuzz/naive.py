"""A matcher that is slow and short: what the native one is compared with.

It walks the tree of `leindex.regex.hir` as a Thompson automaton by depth first search, each state once a place: the
first way that leads to a match is the preferred one (Cox, "Regular Expression Matching: the Virtual Machine Approach",
2009). Characters are decoded where they stand; there are no automata over bytes, no literals, no sets.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from leindex.regex import parse
from leindex.regex.hir import Alternate, Capture, Class, Concat, Empty, Hir, Literal, Look, LookKind, Repeat

Span = tuple[int, int]
State = tuple[Any, ...]
STATES_MAX = 600

_words = parse.parse(r"\w")
assert isinstance(_words, Class)
WORD_FIRSTS = [first for first, _ in _words.ranges]
WORD_LASTS = [last for _, last in _words.ranges]


class TooLarge(Exception):
    """The pattern has more states than this matcher has patience for."""


class Naive:
    """One pattern."""

    def __init__(self, hir: Hir) -> None:
        self.states: list[State] = []
        self.start = self._add(hir, self._new("match"))

    def _new(self, *state: Any) -> int:
        if len(self.states) >= STATES_MAX:
            raise TooLarge
        self.states.append(state)
        return len(self.states) - 1

    def _add(self, hir: Hir, after: int) -> int:
        match hir:
            case Empty():
                return after
            case Literal(data):
                return self._new("bytes", data, after)
            case Class(ranges, is_bytes):
                return self._new("byte" if is_bytes else "character", ranges, after)
            case Look(kind):
                return self._new("look", kind, after)
            case Capture(index=index, sub=sub):
                return self._new("save", 2 * index, self._add(sub, self._new("save", 2 * index + 1, after)))
            case Concat(parts):
                for part in reversed(parts):
                    after = self._add(part, after)
                return after
            case Alternate(parts):
                return self._new("ways", [self._add(part, after) for part in parts])
            case Repeat(sub, low, high, greedy):
                return self._repeat(sub, (low, high), greedy, after)

    def _repeat(self, sub: Hir, bounds: tuple[int, int | None], greedy: bool, after: int) -> int:
        low, high = bounds

        def ways(body: int, out: int) -> list[int]:
            return [body, out] if greedy else [out, body]

        if high is None:  # x{2,} is xx+, and x* is (x+)? where x may be empty, else a loop
            loop = self._new("ways", [])
            body = self._add(sub, loop)
            self.states[loop] = ("ways", ways(body, after))
            following = body
            if low == 0:
                following = self._new("ways", ways(body, after)) if can_be_empty(sub) else loop
        else:
            following = after
            for _ in range(high - low):
                following = self._new("ways", ways(self._add(sub, following), after))
            low += 1
        for _ in range(low - 1):
            following = self._add(sub, following)
        return following

    def search(self, data: bytes, at: int, stop: int) -> list[Span | None] | None:
        """The leftmost match in data[at:stop] and its groups, by number; None if there is none."""
        tried: set[tuple[int, int]] = set()
        for start in range(at, stop + 1):
            slots = self._walk(data, start, stop, tried)
            if slots is not None:
                groups = max((state[1] // 2 for state in self.states if state[0] == "save"), default=0)
                pairs = [(slots.get(2 * n), slots.get(2 * n + 1)) for n in range(1, groups + 1)]
                spans = [None if a is None or b is None else (a, b) for a, b in pairs]
                return [(start, slots[1]), *spans]
        return None

    def _walk(self, data: bytes, start: int, stop: int, tried: set[tuple[int, int]]) -> dict[int, int] | None:
        waiting: list[tuple[int, int, dict[int, int]]] = [(self.start, start, {})]
        while waiting:
            number, at, slots = waiting.pop()
            if (number, at) in tried:
                continue
            tried.add((number, at))
            kind, *rest = self.states[number]
            if kind == "match":
                return {**slots, 1: at}
            if kind == "ways":
                waiting += [(way, at, slots) for way in reversed(rest[0])]
            elif kind == "save":
                waiting.append((rest[1], at, {**slots, rest[0]: at}))
            elif kind == "look":
                if LOOKS[rest[0]](data, at):
                    waiting.append((rest[1], at, slots))
            elif kind == "bytes":
                if data[at:stop].startswith(rest[0]):
                    waiting.append((rest[1], at + len(rest[0]), slots))
            else:
                code, length = (data[at], 1) if kind == "byte" and at < stop else decode(data[at:stop])
                if length and any(low <= code <= high for low, high in rest[0]):
                    waiting.append((rest[1], at + length, slots))
        return None

    def find_all(self, data: bytes) -> list[Span]:
        """All matches from left to right, none of them empty right where the one before it ended."""
        found: list[Span] = []
        at, last = 0, -1
        while at <= len(data):
            match = self.search(data, at, len(data))
            if match is None:
                break
            assert match[0] is not None
            start, end = match[0]
            if start == end == last:
                at += 1
                continue
            found.append((start, end))
            at = last = end
        return found


def can_be_empty(hir: Hir) -> bool:
    """Whether the empty string, given the right surroundings, matches."""
    match hir:
        case Literal(data):
            return not data
        case Class():
            return False
        case Repeat(sub, low):
            return low == 0 or can_be_empty(sub)
        case Capture(sub=sub):
            return can_be_empty(sub)
        case Concat(parts):
            return all(map(can_be_empty, parts))
        case Alternate(parts):
            return any(map(can_be_empty, parts))
        case _:
            return True


def decode(data: bytes) -> tuple[int, int]:
    """The character that the bytes begin with, and its length: 0 where they begin with none."""
    for length in range(1, min(4, len(data)) + 1):
        try:
            return ord(data[:length].decode()), length
        except UnicodeDecodeError:
            continue
    return 0, 0


def is_word(code: int) -> bool:
    """Whether a character is one of `\\w`."""
    at = bisect_right(WORD_FIRSTS, code) - 1
    return at >= 0 and code <= WORD_LASTS[at]


def _after(data: bytes, at: int, ascii_only: bool) -> tuple[bool, bool]:
    """Whether a word character is at the place, and whether what is there can be told."""
    if at >= len(data):
        return False, True
    if ascii_only:
        return data[at] < 128 and is_word(data[at]), True
    code, length = decode(data[at : at + 4])
    return length > 0 and is_word(code), length > 0


def _before(data: bytes, at: int, ascii_only: bool) -> tuple[bool, bool]:
    if at == 0:
        return False, True
    if ascii_only:
        return data[at - 1] < 128 and is_word(data[at - 1]), True
    start = at - 1
    while start > max(at - 4, 0) and data[start] & 0xC0 == 0x80:
        start -= 1
    code, length = decode(data[start:at])  # stray continuation bytes after a character do not count
    return length > 0 and is_word(code), length > 0


def _word_look(test: Callable[[bool, bool, bool, bool], bool], ascii_only: bool) -> Callable[[bytes, int], bool]:
    def holds(data: bytes, at: int) -> bool:
        (before, known_before), (after, known_after) = _before(data, at, ascii_only), _after(data, at, ascii_only)
        return test(before, after, known_before, known_after)

    return holds


def _starts_crlf_line(data: bytes, at: int) -> bool:
    return at == 0 or data[at - 1 : at] == b"\n" or (data[at - 1 : at] == b"\r" and data[at : at + 1] != b"\n")


def _ends_crlf_line(data: bytes, at: int) -> bool:
    here = data[at : at + 1]
    return here in (b"", b"\r") or (here == b"\n" and data[max(at - 1, 0) : at] != b"\r")


WORD_TESTS: dict[str, Callable[[bool, bool, bool, bool], bool]] = {
    "WORD": lambda b, a, _kb, _ka: b != a,
    "NOT_WORD": lambda b, a, kb, ka: kb and ka and b == a,
    "WORD_START": lambda b, a, _kb, _ka: not b and a,
    "WORD_END": lambda b, a, _kb, _ka: b and not a,
    "WORD_START_HALF": lambda b, _a, kb, _ka: kb and not b,
    "WORD_END_HALF": lambda _b, a, _kb, ka: ka and not a,
}
LOOKS: dict[LookKind, Callable[[bytes, int], bool]] = {
    LookKind.START_TEXT: lambda _data, at: at == 0,
    LookKind.END_TEXT: lambda data, at: at == len(data),
    LookKind.START_LINE: lambda data, at: at == 0 or data[at - 1] == 10,
    LookKind.END_LINE: lambda data, at: at == len(data) or data[at] == 10,
    LookKind.START_CRLF: _starts_crlf_line,
    LookKind.END_CRLF: _ends_crlf_line,
    **{LookKind[name]: _word_look(test, False) for name, test in WORD_TESTS.items()},
    **{LookKind[f"{name}_ASCII"]: _word_look(test, True) for name, test in WORD_TESTS.items()},
}
