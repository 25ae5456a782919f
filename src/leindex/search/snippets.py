"""What is shown of a hit: a heading, and the lines of its passage that say why it was found."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from heapq import nsmallest
from itertools import compress
from typing import Final, NamedTuple

from leindex import _native
from leindex.search.passages import Passage
from leindex.search.words import Query

HEADING_LIMIT: Final = 200
"""Characters of the longest heading."""
HEADING_LINES: Final = 4
"""Most lines that a signature is read over."""


class Line(NamedTuple):
    """A line of a file: its number from 1, and its bytes without the line end."""

    number: int
    text: bytes


class Text:
    """The searchable text of a file, of which single lines are looked at."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._starts = memoryview(_native.line_starts(text)).cast("I")

    def part(self, first: int, last: int) -> bytes:
        """Lines `first` to `last`, from 1, both included, as far as they exist."""
        if first > len(self._starts):
            return b""
        return self.text[self._starts[first - 1] : self._starts[last] if last < len(self._starts) else len(self.text)]

    def lines(self, first: int, last: int) -> list[Line]:
        """The same, line by line."""
        lines = self.part(first, last).removesuffix(b"\n").split(b"\n") if first <= len(self._starts) else []
        return [Line(number, line.rstrip(b"\r")) for number, line in enumerate(lines, first)]


def heading(text: Text, passage: Passage) -> str:
    """The signature line of the passage's definition, or the first line of the passage that says something.

    A parameter list that goes on over lines is joined, up to a limit.
    """
    if passage.definition is None:
        lines = text.lines(passage.start_line, passage.end_line + HEADING_LINES)
        said = (line.text.strip() for line in lines if len(line.text.strip()) > 2)
        return next(said, b"").decode("utf-8", "replace")[:HEADING_LIMIT]
    first = max(passage.definition.line, passage.start_line)
    joined = b""
    for line in text.lines(first, min(first + HEADING_LINES - 1, passage.end_line + HEADING_LINES)):
        joined += (b" " if joined and not joined.endswith(b"(") else b"") + line.text.strip()
        if joined.count(b"(") <= joined.count(b")"):
            break
    return joined.decode("utf-8", "replace")[:HEADING_LIMIT].rstrip(" {").rstrip()


def best_lines(
    query: Query, text: Text, passage: Passage, *, limit: int = 5, matches: Sequence[int] = ()
) -> list[Line]:
    """At most `limit` lines of a passage, in order: first those among `matches` (line numbers from 1, ascending,
    where an exact search matched), then those with the most words of the query, of equal ones the earliest."""
    lines = text.lines(passage.start_line, passage.end_line)
    if not lines:
        return []
    matched = set(matches[bisect_left(matches, lines[0].number) : bisect_right(matches, lines[-1].number)])
    terms, groups, _ = query.packed
    part = text.part(passage.start_line, passage.end_line)
    raw, _ = _native.scan(part, terms, array("I", range(len(lines))).tobytes())
    counts, held_by = memoryview(raw).cast("H").tolist(), memoryview(groups).cast("I").tolist()
    width = len(held_by)
    scored = []
    for i, line in enumerate(lines):
        row = counts[i * width : (i + 1) * width]
        score = sum(query.words[group].weight for group in set(compress(held_by, row))) if any(row) else 0.0
        if score or line.number in matched:
            scored.append((line.number not in matched, -score, line.number, line))
    chosen = nsmallest(limit, scored)
    return sorted(line for *_, line in chosen) if chosen else [line for line in lines if line.text.strip()][:limit]
