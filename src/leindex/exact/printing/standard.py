"""Printing lines, as ripgrep's standard printer does.

A line, as lines.py writes it, stands alone or in a block that matches extend over. The plain case, nothing painted or
measured, is kept apart because a broad search prints millions of such lines.
"""

from __future__ import annotations

import time

from ..core import BREAK, CONTEXT, MATCH, SILENT, Line
from ..request import Binary, GrepRequest
from ..stats import Stats
from ..verify import FileMatches, Searcher
from .colors import RESET
from .lines import LineWriter, Spans
from .output import Output, path_entry, shown_path


class StandardPrinter(LineWriter):
    """Prints matching lines with their context."""

    def __init__(self, request: GrepRequest, searcher: Searcher, out: Output) -> None:
        super().__init__(request)
        self.stats = Stats()
        self.searcher = searcher
        self._out = out
        self._blocks = searcher.matcher.crosses_lines
        self._separator = self._file_separator()
        self._ever_written = False
        self._simple = not (request.needs_spans or request.trim or request.max_columns or self._blocks)
        self._direct = self._simple and not request.byte_offset and self._links is None
        self._bare_matches = (
            request.only_matching
            and not (request.column or request.byte_offset or request.max_columns or request.trim)
            and request.color is None
        )

    def file(self, path: bytes, content: bytes) -> bool:
        started = time.perf_counter()
        self._start_file(path)
        if self._direct and (printed := self._printed(content)) is not None:
            return self._print_direct(printed)
        found = self.searcher.search(content)
        figures = Stats(searches=1)
        try:
            self._lines_of(found, figures)
        finally:
            self._pass_on(figures)
        figures.searches_with_match = int(found.matches > 0)
        figures.bytes_searched = found.bytes_searched
        figures.seconds = time.perf_counter() - started
        self.stats.add(figures)
        return found.matches > 0

    def _lines_of(self, found: FileMatches, figures: Stats) -> None:
        """Prints what a search finds, as it is found."""
        begun = False
        text = b""
        for line in found.lines():
            if self.request.stats and line.kind in (MATCH, SILENT):
                figures.matches += len(line.spans)
                figures.matched_lines += found.line_count(line)
            if line.kind == SILENT:
                continue
            if not begun:
                begun, text = True, found.text
                self._prelude_of_file()
            if line.kind == BREAK:
                self._write_break()
                continue
            self._line(text, line)
            if len(self._parts) > 4096:
                self._pass_on(figures)
        if found.binary_offset is not None and found.matches:
            self._binary_message(found.binary_offset)

    def unmatched(self, path: bytes) -> bool:
        return False

    def finish(self, seconds: float) -> None:
        if self.request.stats:
            self._out.write(self.stats.text(seconds, as_message=False))

    # A file.

    def _start_file(self, path: bytes) -> None:
        request = self.request
        self._path = path
        self._parts = []
        self._escapes = 0
        if request.with_filename and not request.heading:
            shown = shown_path(request, path, linked=False)
            match, context = (b"\0", b"\0") if request.null else self._separators
            self._leads = (shown + match, shown + context)
            self._lead_escapes = 0 if request.color is None else len(request.color.path) + len(RESET)

    def _printed(self, content: bytes) -> bytes | None:
        """Matching lines without context, one after the other; None where there is more to a file."""
        lead = self._leads[0]
        if not self.request.line_number:
            return self.searcher.printed(content, lead, None)
        return self.searcher.printed(content, lead + self._line_start, self._reset + self.request.match_separator)

    def _print_direct(self, printed: bytes) -> bool:
        if not printed:
            return False
        self._prelude_of_file()
        self._parts.append(printed)
        if not printed.endswith(b"\n"):
            self._parts.append(self.request.line_end)
        self._pass_on(Stats())
        return True

    def _file_separator(self) -> bytes | None:
        if self.request.heading:
            return b""
        return self.request.context_separator if any(self.request.context) else None

    def _prelude_of_file(self) -> None:
        if self._ever_written and self._separator is not None:
            self._parts += (self._separator, self.request.line_end)
        if self.request.heading and self.request.with_filename:
            self._parts.append(path_entry(self.request, self._path))
            self._count_path()

    def _pass_on(self, figures: Stats) -> None:
        data = b"".join(self._parts)
        self._parts.clear()
        if data:
            self._ever_written = True
            figures.bytes_printed += len(data) - self._escapes
            self._escapes = 0
            self._out.write(data)

    def _binary_message(self, offset: int) -> None:
        path = shown_path(self.request, self._path) + b": " if self.request.with_filename else b""
        if self.request.binary is Binary.QUIT:
            message = 'WARNING: stopped searching binary file after match (found "\\0" byte around offset %d)\n'
        else:
            message = 'binary file matches (found "\\0" byte around offset %d)\n'
        self._parts += (path, (message % offset).encode())
        if path:
            self._count_path()

    def _count_path(self) -> None:
        """Notes the escape sequences around a path that was printed by itself."""
        self._count_escapes(b"" if self.request.color is None else self.request.color.path)
        if self._links is not None:
            bare = len(shown_path(self.request, self._path, linked=False))
            self._escapes += len(shown_path(self.request, self._path)) - bare

    def _write_break(self) -> None:
        if self.request.context_separator is not None:
            self._parts += (self.request.context_separator, self.request.line_end)

    # A line.

    def _line(self, text: bytes, line: Line) -> None:
        self._context = line.kind == CONTEXT
        block = text[line.start : line.end]
        if self._simple:
            self._fields(line.start, line.number, None)
            self._parts.append(block)
            if not block.endswith(self._term):
                self._parts.append(self.request.line_end)
            return
        spans = line.spans
        if line.replaced is not None:
            block, spans = line.replaced
        self._sunk, self._original = spans, line.spans
        if self._blocks and not self._context:
            self._block(line, block, spans)
        elif not spans:
            self._fields(line.start, line.number, None)
            self._plain(block)
        else:
            self._spanned(line, block, spans)

    def _spanned(self, line: Line, block: bytes, spans: Spans) -> None:
        """A line in which the matches are known."""
        if self._bare_matches:
            self._bare(line.number, block, spans)
        elif self.request.only_matching:
            for start, end in spans:
                self._fields(line.start + start, line.number, start + 1)
                self._painted(block[start:end], [(0, end - start)])
        elif self.request.per_match:
            for span in spans:
                self._fields(line.start + span[0], line.number, span[0] + 1)
                self._painted(block, [span])
        else:
            self._fields(line.start, line.number, spans[0][0] + 1)
            self._painted(block, spans)

    def _bare(self, number: int, block: bytes, spans: Spans) -> None:
        """Matches with nothing to measure or paint."""
        lead, ending = self._leads[self._context], self.request.line_end
        if self.request.line_number:
            lead += b"%d%b" % (number, self._separators[self._context])
        self._parts += [b"%b%b%b" % (lead, block[start:end], ending) for start, end in spans]

    # A block of lines: what one multi-line match, or several that adjoin, extend over.

    def _block(self, line: Line, block: bytes, spans: Spans) -> None:
        if not spans:
            offset, number = line.start, line.number
            for start, end in self._lines(block):
                self._fields(offset, number, None)
                self._plain(block[start:end])
                offset += end - start
                number += 1
        elif self.request.only_matching:
            self._block_matches(line, block, spans)
        elif self.request.per_match:
            rows, row = self._lines(block), 0
            for span in spans:
                while row < len(rows) and rows[row][1] <= span[0]:
                    row += 1
                self._block_first_line(line, block, span, rows, row)
        else:
            self._block_lines(line, block, spans)

    def _block_lines(self, line: Line, block: bytes, spans: Spans) -> None:
        index = 0
        for number, (start, end) in enumerate(self._lines(block), line.number):
            self._fields(line.start + start, number, spans[0][0] + 1)
            if self.request.trim:
                start = self._indent(block, start, end)
            if self._too_long(end - start):
                index = self._exceeded(block, start, end, spans, index)
            else:
                index = self._matches(block, start, end, spans, index)
                self._parts.append(self.request.line_end)

    def _block_matches(self, line: Line, block: bytes, spans: Spans) -> None:
        """The parts of each line that belong to a match, each on a line of its own."""
        index = 0
        for number, (start, end) in enumerate(self._lines(block), line.number):
            end = self._trimmed(block, start, end)
            if self.request.trim:
                start = self._indent(block, start, end)
            while start < end:
                span_start, span_end = spans[index]
                if span_end <= start:
                    if index + 1 == len(spans):
                        break
                    index += 1
                elif start < span_start:
                    start = min(end, span_start)
                else:
                    upto = min(end, span_end)
                    self._fields(line.start + span_start, number, span_start + 1)
                    if self._too_long(upto - start):
                        index = self._exceeded(block, start, upto, spans, index)
                    else:
                        self._paint(block[start:upto])
                        self._parts.append(self.request.line_end)
                    start = upto

    def _block_first_line(self, line: Line, block: bytes, span: tuple[int, int], rows: Spans, row: int) -> None:
        """The first of the lines that a match extends over: `row` of the block's, unless that is too long."""
        for at in range(row, len(rows)):
            start, end = rows[at]
            if start >= span[1]:
                return
            self._fields(line.start + start, line.number + at, max(span[0] - start, 0) + 1)
            end = self._trimmed(block, start, end)
            if self.request.trim:
                start = self._indent(block, start, end)
            if self._too_long(end - start):
                # ripgrep goes on to the next line of the match here.
                self._exceeded(block, start, end, [span], 0)
                continue
            low, high = min(max(span[0], start), end), min(span[1], end)
            self._parts.append(block[start:low])
            if low < high:
                self._paint(block[low:high])
            self._parts += (block[max(low, high) : end], self.request.line_end)
            return
