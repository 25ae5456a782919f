"""Cutting a file into the passages that can be an answer, and finding the one that answers best.

A passage is what belongs to one definition and to no smaller one inside it: a function with its doc
comment, or what a class has besides its methods. A file without definitions is cut where lines are blank.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from leindex import _native
from leindex.search.words import Query

K: Final = 1.2
B: Final = 0.6
USUAL_LENGTH: Final = 150.0
"""Words in a usual passage; with `K` and `B` the parameters of BM25."""
LOOSE_LINES: Final = 40
"""Most lines of a passage that belongs to no definition."""
COMMENT_LINES: Final = 60
"""Most lines of a comment that is taken to belong to the definition under it."""
_COMMENT_STARTS: Final = (b"//", b"/*", b"*", b"#", b"--", b";;", b"@", b"'''", b'"""', b"{-", b"%%")


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


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines of a file, from 1, both ends included; `definition` is what they belong to, or `None`."""

    start_line: int
    end_line: int
    definition: Definition | None


@dataclass(frozen=True, slots=True)
class _Cut:
    """Pieces of a file in order, and the passage that each belongs to."""

    starts: array[int]  # first line of each piece, from 0
    owners: list[int]
    passages: list[Passage]


def _cut(text: bytes, definitions: Sequence[Definition]) -> _Cut:
    """Sweeps over the definitions by their beginning; what lies between them belongs to the one around, if
    any."""
    lines = text.split(b"\n")
    count = len(lines) - (not lines[-1] and len(lines) > 1)
    cut = _Cut(array("I"), [], [])
    around: list[tuple[int, int]] = []  # last line and passage of the definitions that are open
    at = 1

    def piece(end: int, owner: int | None) -> None:
        nonlocal at
        if end < at:
            return
        if owner is None:
            _cut_loose(cut, lines, at, end)
        else:
            cut.starts.append(at - 1)
            cut.owners.append(owner)
        at = end + 1

    last_start = 0
    for definition in sorted(definitions, key=lambda d: (d.start_line, -d.end_line)):
        end = min(definition.end_line, count)
        if end <= definition.start_line or definition.start_line == last_start:
            continue
        last_start = definition.start_line
        start = max(_with_comment(lines, definition.start_line), at)
        while around and around[-1][0] < definition.start_line:
            last, owner = around.pop()
            piece(last, owner)
            start = max(start, at)
        piece(start - 1, around[-1][1] if around else None)
        if around:
            end = min(end, around[-1][0])
        around.append((end, len(cut.passages)))
        cut.passages.append(Passage(start, end, definition))
    while around:
        last, owner = around.pop()
        piece(last, owner)
    piece(count, None)
    if not cut.passages:
        cut.passages.append(Passage(1, 1, None))
        cut.starts.append(0)
        cut.owners.append(0)
    return cut


def _with_comment(lines: list[bytes], start: int) -> int:
    """The first line of the comment, decorators and attributes that stand right above line `start`."""
    first = start
    while (
        first > 1 and start - first < COMMENT_LINES and lines[first - 2].lstrip().startswith(_COMMENT_STARTS)
    ):
        first -= 1
    return first


def _cut_loose(cut: _Cut, lines: list[bytes], start: int, end: int) -> None:
    """Adds the lines that belong to no definition, cut at the last blank line that keeps a passage short."""
    while start <= end:
        last = min(end, start + LOOSE_LINES - 1)
        if last < end:
            last = next(
                (i for i in range(last, start + LOOSE_LINES // 2, -1) if not lines[i - 1].strip()), last
            )
        cut.starts.append(start - 1)
        cut.owners.append(len(cut.passages))
        cut.passages.append(Passage(start, last, None))
        start = last + 1


def best_passage(
    query: Query,
    rarities: Sequence[float],
    text: bytes,
    definitions: Sequence[Definition],
    lines: Sequence[int] = (),
) -> tuple[Passage, float]:
    """The passage of a file that answers a query best, and its score (BM25 over the file's passages).

    `rarities` holds what each of the query's words counts, `text` is the searchable text of the file;
    passages that hold one of `lines` (from 1; where an exact search matched) come before all others.
    """
    cut = _cut(text, definitions)
    terms = array("I", [term.hash for word in query.words for term in word.terms])
    raw_counts, raw_lengths = _native.scan(text, terms.tobytes(), cut.starts.tobytes())
    counts, lengths = memoryview(raw_counts).cast("H"), memoryview(raw_lengths).cast("I")
    width = len(terms)
    totals: list[list[int] | None] = [None] * len(cut.passages)
    sizes = [0] * len(cut.passages)
    for piece, owner in enumerate(cut.owners):
        sizes[owner] += lengths[piece]
        row = counts[piece * width : (piece + 1) * width].tolist()
        if any(row):
            before = totals[owner]
            totals[owner] = row if before is None else [a + b for a, b in zip(before, row, strict=True)]
    best, best_score = 0, 0.0
    wanted = set(_owners_of(cut, lines))
    for owner, row_of_owner in enumerate(totals):
        score = _score(query, rarities, row_of_owner, sizes[owner]) if row_of_owner else 0.0
        if (owner in wanted, score) > (best in wanted, best_score):
            best, best_score = owner, score
    return cut.passages[best], best_score


def _owners_of(cut: _Cut, lines: Sequence[int]) -> list[int]:
    from bisect import bisect_right

    return [cut.owners[max(bisect_right(cut.starts, line - 1) - 1, 0)] for line in lines]


def _score(query: Query, rarities: Sequence[float], counts: list[int], length: int) -> float:
    damp = K * (1 - B + B * length / USUAL_LENGTH)
    score, at = 0.0, 0
    for word, rarity in zip(query.words, rarities, strict=True):
        best = 0.0
        for term in word.terms:
            count = counts[at]
            at += 1
            if count:
                best = max(best, term.worth * count / (count + damp))
        score += rarity * best
    return score
