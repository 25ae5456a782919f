"""Printing lines, as ripgrep's standard printer does.

A line is the fields before it (path, line number, column, byte offset), the text, and the matches in it
painted. The plain case, nothing painted or measured, is kept apart because a broad search prints millions of
such lines.
"""

from __future__ import annotations

import time
from typing import Final

from ..core import BREAK, CONTEXT, MATCH, SILENT, Line
from ..request import Binary, GrepRequest
from ..stats import Stats
from ..verify import FileMatches, Searcher
from .colors import RESET
from .graphemes import preview_end
from .hyperlinks import CLOSED, Hyperlinks
from .output import Output, path_entry, shown_path

Spans = list[tuple[int, int]]

_SPACE: Final = b"\t\n\x0b\x0c\r "


class StandardPrinter:
    """Prints matching lines with their context."""

    def __init__(self, request: GrepRequest, searcher: Searcher, out: Output) -> None:
        self.request = request
        self.stats = Stats()
        self.searcher = searcher
        self._out = out
        self._blocks = searcher.matcher.crosses_lines
        self._term = b"\0" if request.null_data else b"\n"
        self._separator = self._file_separator()
        self._ever_written = False
        self._parts: list[bytes] = []
        self._escapes = 0
        self._path = b""
        self._context = False
        self._sunk: Spans = []
        self._original: Spans = []
        self._column_start = b"" if request.color is None else request.color.column
        self._line_start = b"" if request.color is None else request.color.line
        self._reset = b"" if request.color is None else RESET
        self._separators = (request.match_separator, request.context_field_separator)
        self._leads = (b"", b"")
        self._lead_escapes = 0
        self._simple = not (request.needs_spans or request.trim or request.max_columns or self._blocks)

        self._links = request.hyperlinks
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

    def _fields(self, offset: int, number: int, column: int | None) -> None:
        """What stands before the text of a line."""
        request = self.request
        if self._links is not None and request.with_filename:
            self._linked_fields(self._links, offset, number, column)
            return
        separator = self._separators[self._context]
        self._parts.append(self._leads[self._context])
        self._escapes += self._lead_escapes
        if request.line_number:
            self._number(self._line_start, number, separator)
        if request.column and column is not None:
            self._number(self._column_start, column, separator)
        if request.byte_offset:
            self._number(self._column_start, offset, separator)

    def _linked_fields(self, links: Hyperlinks, offset: int, number: int, column: int | None) -> None:
        """The same within a link, which ends before the last separator."""
        request, separator = self.request, self._separators[self._context]
        path = self._path if request.path_separator is None else self._path.replace(b"/", request.path_separator)
        fields = []
        if not request.heading:
            fields.append(shown_path(request, self._path, linked=False) + (b"\0" if request.null else separator))
            self._escapes += self._lead_escapes
        for start, value, wanted in (
            (self._line_start, number, request.line_number),
            (self._column_start, column or 0, request.column and column is not None),
            (self._column_start, offset, request.byte_offset),
        ):
            if wanted:
                fields.append(b"%b%d%b%b" % (start, value, self._reset, separator))
                self._count_escapes(start)
        opened = b""
        if links.has_lines or not request.heading:
            opened = links.opened(path, number if request.line_number else None, column)
        text = b"".join(fields)
        last = 0 if not fields else 1 if len(fields) == 1 and request.null and not request.heading else len(separator)
        closed = CLOSED if opened else b""
        self._parts.append(opened + text[: len(text) - last] + closed + text[len(text) - last :])
        self._escapes += len(opened) + len(closed)

    def _number(self, start: bytes, number: int, separator: bytes) -> None:
        self._parts.append(b"%b%d%b%b" % (start, number, self._reset, separator))
        self._count_escapes(start)

    def _count_escapes(self, start: bytes) -> None:
        if start:
            self._escapes += len(start) + len(RESET)

    def _plain(self, line: bytes) -> None:
        """A line as it is, its end added where the file has none."""
        if self.request.trim:
            line = line[self._indent(line, 0, len(line)) :]
        if self._too_long(len(line)):
            self._exceeded(line, 0, len(line), self._sunk, 0)
            return
        self._parts.append(line)
        if not line.endswith(self._term):
            self._parts.append(self.request.line_end)

    def _painted(self, line: bytes, spans: Spans) -> None:
        """A line with its matches in colour."""
        color = self.request.color
        if color is None or not color.colors_match:
            self._plain(line)
            return
        start = self._indent(line, 0, len(line)) if self.request.trim else 0
        if self._too_long(len(line)):
            self._exceeded(line, start, len(line), spans, 0)
        else:
            self._matches(line, start, len(line), spans, 0)
            self._parts.append(self.request.line_end)

    def _matches(self, block: bytes, start: int, end: int, spans: Spans, index: int) -> int:
        """The text from `start` to `end`, matches painted; gives the index of the last match looked at."""
        parts, color = self._parts, self.request.color
        end = self._trimmed(block, start, end)
        if not spans or color is None:
            parts.append(block[start:end])
            return index
        highlight = color.highlight if color.colors_lines and not self._context else b""
        if highlight:
            self._escape(highlight)
        painting = False
        while start < end:
            span_start, span_end = spans[index]
            if span_end <= start and index + 1 < len(spans):
                index += 1
                continue
            paints = span_start <= start < span_end
            edge = span_end if paints else span_start
            upto = min(end, edge) if edge > start else end
            if paints != painting:
                self._escape(color.match if paints else highlight or RESET)
                painting = paints
            parts.append(block[start:upto])
            start = upto
        if painting:
            self._escape(highlight or RESET)
        if highlight:
            self._escape(RESET)
        return index

    def _escape(self, sequence: bytes) -> None:
        self._parts.append(sequence)
        self._escapes += len(sequence)

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

    def _paint(self, text: bytes) -> None:
        color = self.request.color
        if color is None:
            self._parts.append(text)
            return
        self._parts += (color.match, text, RESET)
        self._count_escapes(color.match)

    # Measures.

    def _lines(self, block: bytes) -> list[tuple[int, int]]:
        lines, start = [], 0
        while start < len(block):
            end = block.find(self._term, start) + 1 or len(block)
            lines.append((start, end))
            start = end
        return lines

    def _trimmed(self, block: bytes, start: int, end: int) -> int:
        """`end` without the line end."""
        if block[start:end].endswith(self._term):
            end -= 1
            if self.request.crlf and end > 0 and block[end - 1] == 13:
                end -= 1
        return max(start, end)

    def _indent(self, block: bytes, start: int, end: int) -> int:
        """Where the text begins after white space; a line end is kept."""
        kept = self.request.line_end
        while start < end and block[start] in _SPACE and block[start] not in kept:
            start += 1
        return start

    def _too_long(self, size: int) -> bool:
        return self.request.max_columns is not None and size > self.request.max_columns

    def _exceeded(self, block: bytes, start: int, end: int, spans: Spans, index: int) -> int:
        """What stands for a line that is too long."""
        if self.request.max_columns_preview:
            shown = preview_end(block, start, end, self.request.max_columns or 0)
            index = self._matches(block, start, shown, spans, index)
            if not spans:
                note = " [... omitted end of long line]"
            else:
                more = sum(shown <= at < end for at, _ in spans)
                note = f" [... {more} more {'match' if more == 1 else 'matches'}]"
        elif not self._original or self.request.only_matching:
            note = f"[Omitted long {'context' if self._context else 'matching'} line]"
        else:
            note = f"[Omitted long line with {len(self._original)} matches]"
        self._parts += (note.encode(), self.request.line_end)
        return index
