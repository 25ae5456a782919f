"""Cutting a file into the passages that can be an answer, and finding the one that answers best.

A passage is what belongs to one definition and to no smaller one inside it: a function with the comment
above it, or what a class has besides its methods. Lines outside of definitions form passages of up to 40
lines, cut where a line is blank. The cutting is in `native/passages/cutting.c`, the counting and scoring in
`native/passages/passages.c`.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final, Protocol

from .. import _native
from ..records import record
from ..symbols.definitions import Definitions
from .words import Query

MATCHES_LIMIT: Final = 50
"""Lines of exact matches that are looked at in one file."""


class Definition(Protocol):
    """What ranking reads of a definition; lines count from 1, both ends included."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def container(self) -> str: ...
    @property
    def start_line(self) -> int: ...
    @property
    def end_line(self) -> int: ...
    @property
    def line(self) -> int: ...


@record(frozen=True, slots=True)
class Passage:
    """Lines of a file, from 1, both ends included; `definition` is what they belong to, or `None`."""

    start_line: int
    end_line: int
    definition: Definition | None


def best_passage(
    query: Query,
    rarities: Sequence[float],
    text: bytes,
    definitions: Sequence[Definition],
    lines: Sequence[int] = (),
) -> tuple[Passage, float]:
    """The passage of a file that answers a query best, and its score (BM25 over the file's passages).

    `rarities` holds what each of the query's words counts, `text` is the searchable text of the file.
    Passages that hold one of `lines` (from 1; where an exact search matched) come before all others.
    """
    starts, ends = _columns(definitions)
    within = array("I", lines[:MATCHES_LIMIT]).tobytes()
    first, last, place, score = _native.best_passage(
        text, query.packed, array("d", rarities).tobytes(), starts, ends, within
    )
    return Passage(first, last, None if place < 0 else definitions[place]), score


def _columns(definitions: Sequence[Definition]) -> tuple[bytes, bytes]:
    """The first and the last lines of definitions, 32 bits each."""
    if isinstance(definitions, Definitions):
        return definitions.starts, definitions.ends
    return (
        array("I", [definition.start_line for definition in definitions]).tobytes(),
        array("I", [definition.end_line for definition in definitions]).tobytes(),
    )
