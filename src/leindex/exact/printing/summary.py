"""Printing one entry for a file, as ripgrep does for `-l`, `-c` and their like: its path, or a count."""

from __future__ import annotations

import time

from ...views.select import MATCHED
from ..core import MATCH
from ..request import Binary, GrepRequest, Mode
from ..stats import Stats
from ..verify import FileMatches, Searcher
from .output import Output, path_entry, shown_path


class SummaryPrinter:
    """One entry for a file: its path, or a count; or nothing at all, with `quiet`."""

    def __init__(self, request: GrepRequest, searcher: Searcher, out: Output) -> None:
        self.request = request
        self.stats = Stats()
        self.searcher = searcher
        self._out = out
        self._counts_matches = request.mode is Mode.COUNT_MATCHES or searcher.matcher.crosses_lines
        self._needs_spans = self._counts_matches or request.keeps_stats

    def file(self, path: bytes, content: bytes) -> bool:
        request = self.request
        if content is MATCHED:
            return self._entry(path, 1, 0)
        units, matches, nul = self._search(content)
        if nul and request.binary is Binary.QUIT:
            # A count over the part before the NUL byte would mislead: such a file counts as not matching.
            return request.mode is Mode.FILES_WITHOUT_MATCH
        return self._entry(path, units, matches)

    def unmatched(self, path: bytes) -> bool:
        return self._entry(path, 0, 0)

    def finish(self, seconds: float) -> None:
        if self.request.keeps_stats:
            self._out.write(self.stats.text(seconds, as_message=self.request.mode is Mode.JSON))

    def _entry(self, path: bytes, units: int, matches: int) -> bool:
        request = self.request
        mode = request.mode
        has_match = not units if mode is Mode.FILES_WITHOUT_MATCH else bool(units)
        if request.quiet:
            return has_match
        if mode in (Mode.COUNT, Mode.COUNT_MATCHES):
            if units or request.include_zero:
                number = matches if mode is Mode.COUNT_MATCHES else units
                self._out.write(self._path_field(path) + b"%d" % number + request.line_end)
        elif has_match:
            self._out.write(path_entry(request, path))
        return has_match

    def _path_field(self, path: bytes) -> bytes:
        if not self.request.with_filename:
            return b""
        return shown_path(self.request, path) + (b"\0" if self.request.null else b":")

    def _search(self, content: bytes) -> tuple[int, int, bool]:
        """Units (lines, or matches of a multi-line search), matches, and whether a NUL byte was met."""
        if self._needs_spans:
            settled = self.request.keeps_stats or self.request.first_match_settles
            if settled or (counted := self.searcher.count_matches(content)) is None:
                return self._search_spans(content)
            lines, matches = counted
            return matches if self.searcher.matcher.crosses_lines else lines, matches, False
        if self.request.first_match_settles and not (self.request.invert and b"\0" in content):
            return int(self.searcher.matches(content)), 0, False
        if b"\0" not in content:
            if self.request.mode is Mode.FILES_WITHOUT_MATCH:
                return int(self.searcher.matches(content)), 0, False
            return self.searcher.count(content), 0, False
        found = self.searcher.search(content)
        units = sum(line.kind == MATCH for line in found.lines())
        return units, 0, found.binary_offset is not None

    def _search_spans(self, content: bytes) -> tuple[int, int, bool]:
        started = time.perf_counter()
        found = self.searcher.search(content)
        lines = matches = matched_lines = 0
        for line in found.lines():
            if line.kind == MATCH:
                lines += 1
                matches += len(line.spans) or 1
                matched_lines += found.line_count(line)
        self._add_stats(found, lines, matches, matched_lines)
        self.stats.seconds += time.perf_counter() - started
        units = matches if self.searcher.matcher.crosses_lines else lines
        return units, matches, found.binary_offset is not None

    def _add_stats(self, found: FileMatches, lines: int, matches: int, matched_lines: int) -> None:
        self.stats.searches += 1
        self.stats.searches_with_match += bool(lines)
        self.stats.bytes_searched += found.bytes_searched
        self.stats.matched_lines += matched_lines
        self.stats.matches += matches
