"""The lines of a passage that are shown: those that say why it was found."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from heapq import nsmallest
from itertools import islice
from operator import itemgetter
from typing import Final

from .. import _native
from ..symbols.heading import Line, Text
from .passages import Passage
from .words import Query

_NOT_ZERO: Final = re.compile(rb"[^\0]")


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
