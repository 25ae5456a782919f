"""Building `hir` trees in normal form: flat, adjacent literals joined, one-character classes as literals.

The parser and the transformations of `parse.py` build with these, so that the planner and the compiler meet
few shapes. Nothing here changes what a tree matches.

    >>> concat([Literal(b"a"), Concat((Literal(b"b"), EMPTY))])
    Literal(data=b'ab')
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .hir import Alternate, Capture, Class, Concat, Empty, Hir, Literal, Look, Repeat

EMPTY: Final = Empty()


def concat(parts: Iterable[Hir]) -> Hir:
    """One after the other."""
    flat: list[Hir] = []
    run: list[bytes] = []
    for part in parts:
        for item in part.parts if isinstance(part, Concat) else (part,):
            if isinstance(item, Literal):
                run.append(item.data)
                continue
            if isinstance(item, Empty):
                continue
            if run:
                flat.append(Literal(b"".join(run)))
                run = []
            flat.append(item)
    if run:
        flat.append(Literal(b"".join(run)))
    if not flat:
        return EMPTY
    return flat[0] if len(flat) == 1 else Concat(tuple(flat))


def alternate(parts: Iterable[Hir]) -> Hir:
    """The first of these that matches; a class where each is one character, and what all begin with once, as in the
    `regex` crate: ripgrep bans a literal line end and takes it out of a class."""
    flat: list[Hir] = []
    for part in parts:
        flat += part.parts if isinstance(part, Alternate) else (part,)
    if len(flat) == 1:
        return flat[0]
    return _class_of(flat) or _with_common_start(flat) or Alternate(tuple(flat))


def _with_common_start(parts: list[Hir]) -> Hir | None:
    """The parts that all of these sequences begin with, and then what is left of each; None where there are none."""
    sequences = [part.parts for part in parts if isinstance(part, Concat)]
    if len(sequences) < len(parts):
        return None
    common = 0
    for same in zip(*sequences, strict=False):
        if any(part != same[0] for part in same[1:]):
            break
        common += 1
    if not common:
        return None
    return concat((*sequences[0][:common], alternate([concat(sequence[common:]) for sequence in sequences])))


def _class_of(parts: list[Hir]) -> Hir | None:
    """The set of characters (of bytes, if some are none) that these literals stand for; None for any others."""
    texts = [part.data for part in parts if isinstance(part, Literal)]
    if len(texts) < len(parts):
        return None
    try:
        chars, is_bytes = [text.decode() for text in texts], False
    except UnicodeDecodeError:
        chars, is_bytes = [text.decode("latin-1") for text in texts], True
    if any(len(char) != 1 for char in chars):
        return None
    from .classes import canonical

    return char_class(canonical((ord(char), ord(char)) for char in chars), is_bytes)


def char_class(ranges: tuple[tuple[int, int], ...], is_bytes: bool) -> Hir:
    """One character out of a set."""
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        char = ranges[0][0]
        return Literal(bytes((char,)) if is_bytes else chr(char).encode())
    return Class(ranges, is_bytes)


def repeat(sub: Hir, low: int, high: int | None, greedy: bool) -> Hir:
    """`sub` from `low` to `high` times (None: without bound)."""
    if is_zero_width(sub):  # repeating what consumes nothing more than once is no different
        low, high = min(low, 1), 1 if high is None else min(high, 1)
    if high == 0:
        return EMPTY
    return sub if low == high == 1 else Repeat(sub, low, high, greedy)


def is_zero_width(hir: Hir) -> bool:
    """Whether every match of the tree is empty."""
    match hir:
        case Empty() | Look():
            return True
        case Capture(sub=sub) | Repeat(sub=sub):
            return is_zero_width(sub)
        case Concat(parts) | Alternate(parts):
            return all(map(is_zero_width, parts))
        case _:
            return False


def children(hir: Hir) -> tuple[Hir, ...]:
    """The trees right below this one."""
    match hir:
        case Capture(sub=sub) | Repeat(sub=sub):
            return (sub,)
        case Concat(parts) | Alternate(parts):
            return parts
        case _:
            return ()
