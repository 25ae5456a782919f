"""The lines of a passage that are shown, with what matched in them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from ..models import LineMatch

MOST_LINES: Final = 5
LONGEST: Final = 500
"""Characters of a line that are shown."""


class Lines:
    """The lines of a text, by number from 1."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._starts = [0]
        at = text.find(b"\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find(b"\n", at + 1)

    def number_at(self, offset: int) -> int:
        """The number of the line that holds this byte."""
        return bisect_right(self._starts, offset)

    def shown(self, number: int, spans: Sequence[tuple[int, int]]) -> LineMatch:
        """A line with those of the byte ranges that begin in it, as ranges of characters."""
        start = self._starts[number - 1]
        end = self._starts[number] - 1 if number < len(self._starts) else len(self._text)
        line = self._text[start:end].rstrip(b"\r")
        ranges: list[tuple[int, int]] = []
        for low, high in spans:
            if start <= low < end:
                before = len(line[: low - start].decode("utf-8", "replace"))
                length = len(line[low - start : high - start].decode("utf-8", "replace"))
                if before < LONGEST:
                    ranges.append((before, min(before + length, LONGEST)))
        return LineMatch(number, line.decode("utf-8", "replace")[:LONGEST], tuple(ranges))

    def excerpt(
        self, first: int, last: int, spans: Sequence[tuple[int, int]], *, most: int = MOST_LINES
    ) -> tuple[LineMatch, ...]:
        """Lines from `first` to `last` to show: those where a range begins, the fullest first but in order; the
        first line where there is none."""
        weights: dict[int, int] = {}
        for low, _ in spans:
            number = self.number_at(low)
            if first <= number <= last:
                weights[number] = weights.get(number, 0) + 1
        chosen = sorted(sorted(weights, key=lambda number: (-weights[number], number))[:most]) or [first]
        return tuple(self.shown(number, spans) for number in chosen if number <= len(self._starts))
