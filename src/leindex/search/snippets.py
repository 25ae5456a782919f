"""What is shown of a hit: a heading, and the lines of its passage that say why it was found."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from heapq import nsmallest
from itertools import islice
from operator import itemgetter
from typing import Final, NamedTuple

from leindex import _native
from leindex.search.passages import Passage
from leindex.search.words import Query

HEADING_LIMIT: Final = 200
"""Characters of the longest heading."""
HEADING_LINES: Final = 4
"""Most lines that a signature is read over."""
_NOT_ZERO: Final = re.compile(rb"[^\0]")


class Line(NamedTuple):
    """A line of a file: its number from 1, and its bytes without the line end."""

    number: int
    text: bytes


class Text:
    """The searchable text of a file, of which single lines are looked at."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._starts = memoryview(_native.line_starts(text)).cast("I")

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self._starts)

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
    first, last = passage.start_line, min(passage.end_line, text.count)
    if first > last:
        return []
    scores = dict.fromkeys(matches[bisect_left(matches, first) : bisect_right(matches, last)], 0.0)
    matched = frozenset(scores)
    for number, held in _words_held(query, text.part(first, last), last - first + 1).items():
        scores[first + number] = sum(query.words[group].weight for group in held)
    chosen = nsmallest(limit, ((number not in matched, -score, number) for number, score in scores.items()))
    if chosen:
        return [line for *_, number in sorted(chosen, key=itemgetter(2)) for line in text.lines(number, number)]
    return list(islice((line for line in text.lines(first, last) if line.text.strip()), limit))


def _words_held(query: Query, part: bytes, lines: int) -> dict[int, set[int]]:
    """Of each line of a text, counted from 0, that holds words of the query, the places of these words."""
    terms, groups, _ = query.packed
    counts, _ = _native.scan(part, terms, array("I", range(lines)).tobytes())
    word_of = memoryview(groups).cast("I")
    held: dict[int, set[int]] = {}
    for found in _NOT_ZERO.finditer(counts):  # few of the counts are not
        line, term = divmod(found.start() // 2, len(word_of))
        held.setdefault(line, set()).add(word_of[term])
    return held
