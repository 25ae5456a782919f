"""Cutting a file into the passages that can be an answer, and finding the one that answers best.

A passage is what belongs to one definition and to no smaller one inside it: a function with the comment
above it, or what a class has besides its methods. Lines outside of definitions form passages of up to 40
lines, cut where a line is blank. The cutting and the counting are in `native/passages.c`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from leindex import _native
from leindex.search.words import Query

K: Final = 1.2
B: Final = 0.6
USUAL_LENGTH: Final = 150.0
"""Words in a usual passage; with `K` and `B` the parameters of BM25."""
MATCHES_LIMIT: Final = 50
"""Lines of exact matches that are looked at in one file."""
_NO_DEFINITION: Final = 0xFFFFFFFF


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
    ordered = sorted(definitions, key=lambda d: (d.start_line, -d.end_line))
    terms = array("I", [term.hash for word in query.words for term in word.terms])
    found = _native.passages(
        text,
        terms.tobytes(),
        array("I", [d.start_line for d in ordered]).tobytes(),
        array("I", [d.end_line for d in ordered]).tobytes(),
    )
    starts, ends, owners = (memoryview(column).cast("I") for column in found[:3])
    counts, lengths = memoryview(found[3]).cast("H"), memoryview(found[4]).cast("I")
    width = len(terms)
    matched = _innermost(starts, ends, lines[:MATCHES_LIMIT])
    best, best_score, best_matches = 0, 0.0, False
    for i in range(len(starts)):
        row = counts[i * width : (i + 1) * width].tolist()
        score = _score(query, rarities, row, lengths[i]) if any(row) else 0.0
        matches = i in matched
        if (matches, score) > (best_matches, best_score):
            best, best_score, best_matches = i, score, matches
    definition = None if owners[best] == _NO_DEFINITION else ordered[owners[best]]
    return Passage(starts[best], ends[best], definition), best_score


def _innermost(starts: Sequence[int], ends: Sequence[int], lines: Sequence[int]) -> set[int]:
    """The passages that hold these lines: of those around a line the one that starts last."""
    if not lines:
        return set()
    order = sorted(range(len(starts)), key=starts.__getitem__)
    first_lines = [starts[i] for i in order]
    held = set()
    for line in lines:
        at = bisect_right(first_lines, line) - 1
        while at > 0 and ends[order[at]] < line:
            at -= 1
        held.add(order[max(at, 0)])
    return held


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
