"""The search over the whole text, for patterns that may match across line ends (`-U`).

Matches on the same or adjoining lines are reported as one block of lines. As in ripgrep, each search starts
afresh after the last match, so that `^` and `\\b` see a beginning there, and the context of a match is that
of its block.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..text import PROBE
from .core import Core

FINDS: Final = 4096
"""Matches looked for between two chances to stop the search."""


class TextSearch(Core):
    """Blocks of lines that hold a match."""

    def steps(self) -> Iterator[None]:
        self.whole = True
        if not self.detect_nul(0, min(len(self.text), PROBE)):
            yield from self._blocks()
        self.end_whole()

    def _blocks(self) -> Iterator[None]:
        size = len(self.text)
        pending: tuple[int, int] | None = None
        while self.pos < size:
            yield
            if self.request.invert:
                if not self._between_matches():
                    return
                continue
            left = FINDS if self.limit is None else min(self.limit - self.count, FINDS)
            ended = 0 if pending is None else pending[1]
            blocks, end, found = (
                self.matcher.blocks(self.text, self.pos, left, self.term, ended) if left else ([], size, 0)
            )
            before = self.count
            for block in blocks:
                if pending is not None and pending[1] >= block.start:
                    pending = (pending[0], block.end)
                    continue
                # As it is when the first match of a block is found: that ends the one before.
                self.pos, self.count = block.after, before + block.found
                if pending is not None and not self._sink_block(*pending):
                    return
                pending = (block.start, block.end)
            self.pos, self.count = end, before + found
        if pending is not None and self._sink_context(pending[0]):
            self._sink_lines(*pending)
        self._rest()

    def _rest(self) -> None:
        """The context after the last match."""
        if self.request.passthru:
            self.other_context(len(self.text))
        else:
            self.after_context(len(self.text))

    def _between_matches(self) -> bool:
        """The lines up to the next match, for an inverted search."""
        found = self._find()
        start, size = self.pos, len(self.text)
        if found is None:
            self.pos = end = size
        else:
            block = self._lines_around(*found)
            end = block[0]
            self._advance(*block)
        if start >= end:
            return True
        if not self._sink_context(start):
            return False
        return all(self._sink_lines(*line) for line in self.line_ranges(start, end))

    def _find(self) -> tuple[int, int] | None:
        if self.exceeded():
            return None
        found = self.matcher.find_from(self.text, self.pos)
        if found is not None:
            self.count += 1
        return found

    def _advance(self, start: int, end: int) -> None:
        self.pos = end
        if start == end and end < len(self.text):
            self.pos += 1

    def _lines_around(self, start: int, end: int) -> tuple[int, int]:
        """The lines that a match touches."""
        line_start = self.text.rfind(self.term, 0, start) + 1
        if end > line_start and self.text[end - 1 : end] == self.term:
            return line_start, end
        at = self.text.find(self.term, end)
        return line_start, len(self.text) if at < 0 else at + 1

    def _sink_block(self, start: int, end: int) -> bool:
        return self._sink_context(start) and self._sink_lines(start, end)

    def _sink_lines(self, start: int, end: int) -> bool:
        # A match of the empty string after the last line end is no line.
        return start < end and self.sink_match(start, end)

    def _sink_context(self, upto: int) -> bool:
        if self.request.passthru:
            return self.other_context(upto)
        return self.after_context(upto) and self.before_context(upto)
