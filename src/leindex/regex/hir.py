"""The meaning of a regular expression, as a small tree that later stages share.

`parse.py` parses a pattern into this tree, with every flag already applied: case folding has become classes,
`.` and `\\w` have become classes, `^` and `\\b` have become looks. `plan.py` reads the tree to find which
literals a text must hold, and `program.py` compiles it for the matcher. The shape follows the field's usual
"high-level intermediate representation".

    >>> Repeat(Class(((48, 57),)), 1, None, True)
    Repeat(sub=Class(ranges=((48, 57),), is_bytes=False), min=1, max=None, greedy=True)
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from ..records import record


class LookKind(Enum):
    """Zero-width assertions."""

    START_TEXT = "\\A"
    END_TEXT = "\\z"
    START_LINE = "(?m:^)"
    END_LINE = "(?m:$)"
    START_CRLF = "(?Rm:^)"
    END_CRLF = "(?Rm:$)"
    WORD = "\\b"
    NOT_WORD = "\\B"
    WORD_START = "\\b{start}"
    WORD_END = "\\b{end}"
    WORD_START_HALF = "\\b{start-half}"
    WORD_END_HALF = "\\b{end-half}"
    WORD_ASCII = "(?-u:\\b)"
    NOT_WORD_ASCII = "(?-u:\\B)"
    WORD_START_ASCII = "(?-u:\\b{start})"
    WORD_END_ASCII = "(?-u:\\b{end})"
    WORD_START_HALF_ASCII = "(?-u:\\b{start-half})"
    WORD_END_HALF_ASCII = "(?-u:\\b{end-half})"


@record(frozen=True, slots=True)
class Empty:
    """Matches the empty string."""


@record(frozen=True, slots=True)
class Literal:
    """Matches exactly these bytes (UTF-8 of the characters, or raw bytes from `(?-u:\\xFF)`)."""

    data: bytes


@record(frozen=True, slots=True)
class Class:
    """Matches one character out of sorted, disjoint, inclusive ranges; no ranges matches nothing.

    The numbers are Unicode scalar values (matched as their UTF-8), or byte values when `is_bytes`.
    """

    ranges: tuple[tuple[int, int], ...]
    is_bytes: bool = False


@record(frozen=True, slots=True)
class Look:
    kind: LookKind


@record(frozen=True, slots=True)
class Repeat:
    """`sub` from `min` to `max` times (`None`: no bound)."""

    sub: Hir
    min: int
    max: int | None
    greedy: bool


@record(frozen=True, slots=True)
class Capture:
    index: int
    name: str | None
    sub: Hir


@record(frozen=True, slots=True)
class Concat:
    parts: tuple[Hir, ...]


@record(frozen=True, slots=True)
class Alternate:
    """Leftmost-first: an earlier branch is preferred."""

    parts: tuple[Hir, ...]


Hir: TypeAlias = Empty | Literal | Class | Look | Repeat | Capture | Concat | Alternate
