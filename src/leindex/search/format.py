"""Printing what a search finds: one printer for each kind of output, all of them ripgrep's byte for byte.

A printer is given the files in the order of output, searches each and writes what is to be said about it.
Output is gathered and written in large pieces; a closed pipe ends the printing quietly (`Output.closed`).
"""

from __future__ import annotations

import time
from typing import BinaryIO, Final, Protocol

from leindex.search.colors import RESET
from leindex.search.core import MATCH
from leindex.search.request import Binary, GrepRequest, Mode
from leindex.search.stats import Stats
from leindex.search.verify import FileMatches, Searcher

FLUSH_BYTES: Final = 1 << 18


class Output:
    """A binary stream written in large pieces.

    `line_buffered` writes after every file, for terminals. After the reader has gone away `closed` is true
    and everything more is dropped.
    """

    def __init__(self, stream: BinaryIO, *, line_buffered: bool = False) -> None:
        self._stream = stream
        self._parts: list[bytes] = []
        self._size = 0
        self._limit = 0 if line_buffered else FLUSH_BYTES
        self.closed = False

    def write(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > self._limit:
            self.flush()

    def flush(self) -> None:
        """Write out what was gathered."""
        data = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        if self.closed or not data:
            return
        try:
            self._stream.write(data)
            self._stream.flush()
        except BrokenPipeError:
            self.closed = True


class Printer(Protocol):
    """Searches and prints one file after another.

    Between files `request` may be replaced by one that differs in what a NUL byte does, and `searcher` with it.
    """

    stats: Stats
    request: GrepRequest
    searcher: Searcher

    def file(self, path: bytes, content: bytes) -> bool:
        """Search a file and print the outcome; whether it counts as a match for the exit status."""

    def unmatched(self, path: bytes) -> bool:
        """Print what is due for a file known not to match (and to hold no NUL byte), without its content."""

    def finish(self, seconds: float) -> None:
        """Print the figures, if asked for; `seconds` is the time since the start."""


def printer_for(request: GrepRequest, searcher: Searcher, out: Output) -> Printer:
    """The printer of a request's mode."""
    if request.summary:
        return SummaryPrinter(request, searcher, out)
    if request.mode is Mode.JSON:
        from leindex.search.format_json import JsonPrinter

        return JsonPrinter(request, searcher, out)
    from leindex.search.format_standard import StandardPrinter

    return StandardPrinter(request, searcher, out)


def shown_path(request: GrepRequest, path: bytes) -> bytes:
    """The path as it is printed: with the chosen separator, and coloured."""
    if request.path_separator is not None:
        path = path.replace(b"/", request.path_separator)
    if request.color is None:
        return path
    return request.color.path + path + RESET


def path_entry(request: GrepRequest, path: bytes) -> bytes:
    """A path as an entry of its own (`-l`, `--files`)."""
    return shown_path(request, path) + (b"\0" if request.null else request.line_end)


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
        if self.request.first_match_settles:
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
