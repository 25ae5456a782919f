"""How large ripgrep's automata of a pattern are, for `--regex-size-limit`.

The size is that of the two automata that Rust's regex-automata builds by Thompson's construction, one for each
direction: 32 bytes a state, 8 a transition of a state with several, 4 a way of one that branches. The rules are those
of that library's compiler (version 0.4.13), one function for each kind of node. Classes beyond ASCII are counted as if
its caches of equal states never lost any, which a hundred states can miss.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .classes import Ranges
from .hir import Alternate, Capture, Class, Concat, Empty, Hir, Literal, Look, Repeat
from .hir_build import children

STATE: Final = 32
TRANSITION: Final = 8
WAY: Final = 4
_FORK: Final = STATE + 2 * WAY
_ANY_BYTES: Final = _FORK + STATE + TRANSITION + STATE
"""What lets a search begin anywhere: any byte, over and over."""
_GROUP: Final = 2 * STATE

_LIMITS: Final = (0x7F, 0x7FF, 0xFFFF, 0x10FFFF)
"""The last code points that take one byte to four."""


def compiled_size(hir: Hir) -> int:
    """The bytes of the larger of the two automata."""
    return max(_ANY_BYTES + STATE + _GROUP + _size(hir, False), _ANY_BYTES + STATE + _size(hir, True))


def has_groups(hir: Hir) -> bool:
    """Whether the tree has a capture group."""
    return isinstance(hir, Capture) or any(map(has_groups, children(hir)))


def _size(hir: Hir, reverse: bool) -> int:
    match hir:
        case Literal(data):
            return STATE * len(data)
        case Class(ranges, is_bytes):
            return _class(ranges, is_bytes, reverse)
        case Capture(_, _, sub):
            return _size(sub, reverse) + (0 if reverse else _GROUP)
        case Repeat(sub, low, high, _):
            return _repeat(_size(sub, reverse), low, high, _nullable(sub))
        case Concat(parts):
            return sum(_size(part, reverse) for part in parts) or STATE
        case Alternate(parts):
            return 2 * STATE + sum(WAY + _size(part, reverse) for part in parts)
        case Empty() | Look():
            return STATE


def _repeat(one: int, low: int, high: int | None, nullable: bool) -> int:
    if high is None:
        if low == 0:
            return one + (2 * _FORK + STATE if nullable else _FORK)
        return low * one + _FORK
    if low == high:
        return low * one or STATE
    if (low, high) == (0, 1):
        return _FORK + one + STATE
    return (low * one or STATE) + STATE + (high - low) * (_FORK + one)


def _nullable(hir: Hir) -> bool:
    match hir:
        case Literal(data):
            return not data
        case Class():
            return False
        case Repeat(sub, low):
            return low == 0 or _nullable(sub)
        case Capture(_, _, sub):
            return _nullable(sub)
        case Concat(parts):
            return all(map(_nullable, parts))
        case Alternate(parts):
            return any(map(_nullable, parts))
        case _:
            return True


def _class(ranges: Ranges, is_bytes: bool, reverse: bool) -> int:
    if not ranges:
        return STATE
    if is_bytes or ranges[-1][1] < 0x80:
        return 2 * STATE + TRANSITION * len(ranges)
    sequences = [found for low, high in ranges for found in _sequences(low, high)]
    return _backward(sequences) if reverse else _forward(sequences)


Sequence = tuple[tuple[int, int], ...]
"""The bytes that the code points of a range take, a range for each place."""


def _backward(sequences: list[Sequence]) -> int:
    """A way for each sequence; what sequences begin with is shared, since backward that comes last."""
    seen = {found[:length] for found in sequences for length in range(1, len(found) + 1)}
    return 2 * STATE + WAY * len(sequences) + STATE * len(seen)


def _forward(sequences: list[Sequence]) -> int:
    """A tree of the bytes, in which branches that are equal are one."""
    sizes: dict[tuple[tuple[tuple[int, int], int], ...], tuple[int, int]] = {}

    def node(branches: list[Sequence]) -> int:
        """The number of the state that these sequences, less what was read of them, go on from; 0 is the end."""
        edges: list[tuple[tuple[int, int], int]] = []
        at = 0
        while at < len(branches):
            first, after = branches[at][0], at
            while after < len(branches) and branches[after][0] == first:
                after += 1
            rest = [found[1:] for found in branches[at:after]]
            edges.append((first, node(rest) if rest[0] else 0))
            at = after
        key = tuple(edges)
        if key not in sizes:
            sizes[key] = len(sizes) + 1, STATE + TRANSITION * len(edges)
        return sizes[key][0]

    node(sequences)
    return STATE + sum(size for _, size in sizes.values())


def _sequences(low: int, high: int) -> Iterator[Sequence]:
    """The code points of a range, surrogates left out, as ranges of bytes, as the crate regex-syntax splits them."""
    if low <= 0xDFFF and high >= 0xD800:
        if low < 0xD800:
            yield from _sequences(low, 0xD7FF)
        if high > 0xDFFF:
            yield from _sequences(0xE000, high)
        return
    for limit in _LIMITS[:-1]:
        if low <= limit < high:
            yield from _sequences(low, limit)
            yield from _sequences(limit + 1, high)
            return
    for bits in (6, 12, 18) if high > 0x7F else ():
        mask = (1 << bits) - 1
        if low & ~mask != high & ~mask:
            if low & mask:
                yield from _sequences(low, low | mask)
                yield from _sequences((low | mask) + 1, high)
                return
            if high & mask != mask:
                yield from _sequences(low, (high & ~mask) - 1)
                yield from _sequences(high & ~mask, high)
                return
    yield tuple(zip(chr(low).encode(), chr(high).encode(), strict=True))
