"""From a tree to the matcher: serializing it, and finding the literals that every match holds.

The C engine (`native/regex/regex.h`) builds its automata from the serialized tree itself. What is worked out here
is what lets it avoid them: whether the pattern is nothing but literals, or which literals a text must hold to
match at all. A set of literals is worth more the rarer its commonest member is; where no set is worth much
the engine runs the automaton over everything.

    >>> from leindex.regex.parse import parse
    >>> needed(parse(r"\\w+_irq(save|restore)?\\b"))
    Needs(literals=(b'_irq',), fold=False)
"""

from __future__ import annotations

import array
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import QueryError
from .hir import Alternate, Capture, Class, Concat, Empty, Hir, Literal, Look, LookKind, Repeat
from .hir_build import children, concat
from .parse import can_match_byte, group_count, has_text_anchor

if TYPE_CHECKING:
    from .._native import Regex

MAGIC: Final = 0x3167654C
LINE_SAFE, TEXT_ANCHOR, CRLF, EXACT, FOLD = 1, 2, 4, 8, 16
SEARCHED_MAX: Final = 96  # literals the engine searches for at once
CROSS_MAX: Final = 64  # strings that one part of a pattern is expanded to
LITERAL_MAX: Final = 256  # bytes of a literal that are looked at
LEAST_WORTH: Final = 7.0  # bits; below, an automaton is about as fast as stopping at every literal
RARE_BITS: Final = 9  # of bytes that are rare in some languages only, or everywhere
BITS: Final = {  # how rare bytes are in source code: -log2 of their share of Linux's
    byte: bits
    for bits, group in (
        (3, b" "),
        (4, b"_et\t"),
        (5, b"acdinors\n"),
        (6, b"(),0flmpu"),
        (7, b"*-12;=>ACDEILMNOPRSTbghkvx"),
        (8, b'"#./3468BFGUwy{}'),
    )
    for byte in group
}
LIMITLESS: Final = 100  # bytes of a literal that ripgrep searches for without an automaton
LOOK_NUMBER: Final = {kind: number for number, kind in enumerate(LookKind)}
END: Final = 0xFFFFFFFF


class Needs(NamedTuple):
    """Every match holds one of `literals`; with `fold` they are lower case and ASCII case does not count."""

    literals: tuple[bytes, ...]
    fold: bool


def build(hir: Hir, *, crlf: bool = False) -> Regex:
    """The matcher for a tree; with `crlf`, lines may end in `\\r\\n`. QueryError if it is too large."""
    from .._native import Regex

    try:
        return Regex(compile(hir, crlf=crlf))
    except OverflowError as error:
        raise QueryError(str(error)) from None


def check_size(hir: Hir, limit: int) -> None:
    """Raises QueryError for a pattern whose automata take more bytes than the limit, counted as ripgrep counts them.

    What is nothing but a few literals needs no automaton, there as here.
    """
    from .size import compiled_size, has_groups

    literals = _Analysis(False, exactly=True).strings(hir)
    if literals and b"" not in literals and max(map(len, literals)) <= LIMITLESS and not has_groups(hir):
        return
    if compiled_size(hir) > limit:
        raise QueryError(f"compiled regex exceeds size limit of {limit}")


def compile(hir: Hir, *, crlf: bool = False) -> bytes:
    """The serialized pattern that `_native.Regex` takes.

    32-bit words in the machine's byte order: magic, flags, number of groups with the whole match, least
    length of a match, looks before and after an exact literal, number of literals, words they take, literals,
    tree.
    """
    flags = (CRLF if crlf else 0) | (TEXT_ANCHOR if has_text_anchor(hir) else 0)
    if not can_match_byte(hir, 10):
        flags |= LINE_SAFE
    whole = _exact(hir)
    if whole is not None:
        flags |= EXACT
        before, after, needs = whole
    else:
        before, after, needs = 0, 0, needed(hir)
    if needs.fold:
        flags |= FOLD
    words = array.array("I")
    for literal in needs.literals:
        _put_bytes(words, literal)
    fixed = [MAGIC, flags, group_count(hir) + 1, min(min_length(hir), END), before, after]
    head = array.array("I", [*fixed, len(needs.literals), len(words)])
    _serialize(hir, words)
    return (head + words).tobytes()


def min_length(hir: Hir) -> int:
    """The least number of bytes that a match takes."""
    match hir:
        case Literal(data):
            return len(data)
        case Class(ranges, is_bytes):
            return 1 if is_bytes or not ranges else len(chr(ranges[0][0]).encode())
        case Repeat(sub, low):
            return low * min_length(sub)
        case Capture(sub=sub):
            return min_length(sub)
        case Concat(parts):
            return sum(map(min_length, parts))
        case Alternate(parts):
            return min(map(min_length, parts))
        case _:
            return 0


def _put_bytes(words: array.array[int], data: bytes) -> None:
    words.append(len(data))
    words.frombytes(data + bytes(-len(data) % 4))


def _serialize(hir: Hir, words: array.array[int]) -> None:
    match hir:
        case Empty():
            words.append(0)
        case Literal(data):
            words.append(1)
            _put_bytes(words, data)
        case Class(ranges, is_bytes):
            words.extend((3 if is_bytes else 2, len(ranges)))
            words.extend(end for pair in ranges for end in pair)
        case Look(kind):
            words.extend((4, LOOK_NUMBER[kind]))
        case Repeat(_, low, high, greedy):
            words.extend((5, low, END if high is None else min(high, END - 1), greedy))
        case Capture(index):
            words.extend((6, index))
        case Concat(parts) | Alternate(parts):
            words.extend((7 if isinstance(hir, Concat) else 8, len(parts)))
    for child in children(hir):
        _serialize(child, words)


def _exact(hir: Hir) -> tuple[int, int, Needs] | None:
    """For literals with looks at the ends: the looks as bits, and the literals in order of preference."""
    parts = list(hir.parts) if isinstance(hir, Concat) else [hir]
    sides = [0, 0]
    for side, at in ((0, 0), (1, -1)):
        while parts and isinstance(look := parts[at], Look):
            sides[side] |= 1 << LOOK_NUMBER[look.kind]
            del parts[at]
    middle = concat(parts)
    fold = _has_cased_pair(middle)
    strings = _Analysis(fold, exactly=True).strings(middle)
    if not strings or b"" in strings or len(strings) > SEARCHED_MAX or max(map(len, strings)) > LITERAL_MAX:
        return None
    if any(b"\n" in string for string in strings):
        return None  # a literal over two lines would have to be searched for over line ends
    return sides[0], sides[1], Needs(tuple(dict.fromkeys(strings)), fold)


def needed(hir: Hir) -> Needs:
    """The literals of which every match holds at least one; none where no set is worth looking for."""
    fold = _has_cased_pair(hir)
    best = _Analysis(fold, exactly=False).required(hir)
    if best is None or worth(best) < LEAST_WORTH or len(best) > SEARCHED_MAX:
        return Needs((), False)
    return Needs(best, fold)


def _is_cased_pair(hir: Hir) -> bool:
    match hir:
        case Class(((a, b), (c, d))):
            return a == b and c == d and c == a + 32 and 65 <= a <= 90
        case _:
            return False


def _has_cased_pair(hir: Hir) -> bool:
    return _is_cased_pair(hir) or any(map(_has_cased_pair, children(hir)))


def worth(literals: Iterable[bytes]) -> float:
    """About how many bits say that a place in source code holds none of these literals."""
    literals = list(literals)
    return min(map(_literal_bits, literals)) - math.log2(len(literals))


def _literal_bits(literal: bytes) -> float:
    pairs = zip(b"\0" + literal, literal, strict=False)
    return sum(1 if byte == before else BITS.get(byte, RARE_BITS) for before, byte in pairs)


class _Analysis:
    """Reads a tree either with case folded away (everything in lower case) or as it stands."""

    def __init__(self, fold: bool, exactly: bool) -> None:
        self.fold = fold
        self.exactly = exactly  # no string may stand for more than what the tree matches

    def strings(self, hir: Hir) -> tuple[bytes, ...] | None:
        """All strings the tree matches, in order of preference; None where they are many, or looks matter."""
        match hir:
            case Empty():
                return (b"",)
            case Look():
                return None if self.exactly else (b"",)
            case Literal(data):
                return self._literal(data)
            case Class(ranges, is_bytes):
                return self._class(hir, ranges, is_bytes)
            case Capture(sub=sub):
                return self.strings(sub)
            case Repeat(sub, low, high, greedy):
                return self._repeat(sub, low, high, greedy)
            case Concat(parts):
                strings: tuple[bytes, ...] | None = (b"",)
                for part in parts:
                    strings = _cross(strings, self.strings(part))
                return strings
            case Alternate(parts):
                found: list[bytes] = []
                for part in parts:
                    more = self.strings(part)
                    if more is None or len(found) + len(more) > SEARCHED_MAX:
                        return None
                    found += more
                return tuple(found)

    def _literal(self, data: bytes) -> tuple[bytes, ...] | None:
        if not self.fold:
            return (data,)
        if self.exactly and data.lower() != data.upper():
            return None
        return (data.lower(),)

    def _class(self, hir: Hir, ranges: tuple[tuple[int, int], ...], is_bytes: bool) -> tuple[bytes, ...] | None:
        if self.fold and _is_cased_pair(hir):
            return (bytes((ranges[1][0],)),)
        size = sum(high - low + 1 for low, high in ranges)
        if not 0 < size <= 16:
            return None
        codes = [code for low, high in ranges for code in range(low, high + 1)]
        strings = [bytes((code,)) if is_bytes else chr(code).encode("utf-8", "replace") for code in codes]
        if not self.fold:
            return tuple(strings)
        if self.exactly and any(string.swapcase() not in strings for string in strings):
            return None
        return tuple(dict.fromkeys(string.lower() for string in strings))

    def _repeat(self, sub: Hir, low: int, high: int | None, greedy: bool) -> tuple[bytes, ...] | None:
        one = self.strings(sub)
        if one is None or high is None or high > 8:
            return None
        strings: tuple[bytes, ...] | None = (b"",)
        for _ in range(high - low):  # as in (x(x)?)?, from the inside
            longer = _cross(one, strings)
            if longer is None:
                return None
            strings = (*longer, b"") if greedy else (b"", *longer)
        for _ in range(low):
            strings = _cross(one, strings)
        return strings

    def required(self, hir: Hir) -> tuple[bytes, ...] | None:
        """The best set of literals of which every match holds one; None if there is no such set."""
        match hir:
            case Concat(parts):
                return self._required_of(parts)
            case Alternate(parts):
                strings: list[bytes] = []
                for part in parts:
                    more = self.required(part)
                    if more is None or len(strings) + len(more) > CROSS_MAX * 2:
                        return None
                    strings += more
                return _fewest(strings)
            case Capture(sub=sub):
                return self.required(sub)
            case Repeat(sub, low) if low > 0:
                strings_of = self.strings(hir) if hir.max is not None else None
                return _best((_fewest(strings_of), self.required(sub)))
            case _:
                return _fewest(self.strings(hir))

    def _required_of(self, parts: tuple[Hir, ...]) -> tuple[bytes, ...] | None:
        candidates: list[tuple[bytes, ...] | None] = []
        run: tuple[bytes, ...] | None = (b"",)
        for part in parts:
            own = self.strings(part)
            joined = _cross(run, own)
            if joined is None:
                candidates += (_fewest(run), self.required(part) if own is None else None)
                joined = own if own is not None else self._first_of(part)
            run = joined
        return _best((*candidates, _fewest(run)))

    def _first_of(self, part: Hir) -> tuple[bytes, ...]:
        """What a run may start with after a part of many strings: the last copy of `x+`, where x is few."""
        if isinstance(part, Repeat) and part.min > 0:
            return self.strings(part.sub) or (b"",)
        return (b"",)


def _cross(one: tuple[bytes, ...] | None, two: tuple[bytes, ...] | None) -> tuple[bytes, ...] | None:
    if one is None or two is None or len(one) * len(two) > CROSS_MAX:
        return None
    if len(one) == 1 and len(two) == 1 and len(one[0]) + len(two[0]) > LITERAL_MAX:
        return None
    return tuple(first + second for first in one for second in two)


def _fewest(strings: Iterable[bytes] | None) -> tuple[bytes, ...] | None:
    """The set without strings that hold another of it; None if it says nothing."""
    if strings is None:
        return None
    kept: list[bytes] = []
    for string in sorted(set(strings), key=lambda s: (len(s), s)):
        cut = string.split(b"\n")[0][:LITERAL_MAX]
        if not cut:
            return None
        if not any(other in cut for other in kept):
            kept = [other for other in kept if cut not in other]
            kept.append(cut)
    return tuple(kept) or None


def _best(sets: Iterable[tuple[bytes, ...] | None]) -> tuple[bytes, ...] | None:
    return max((found for found in sets if found), key=worth, default=None)
