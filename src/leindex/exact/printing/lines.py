"""A line as ripgrep's standard printer writes it: the fields before it (path, line number, column, byte offset), the
text, the matches in it painted, or what stands for a line that is too long."""

from __future__ import annotations

from typing import Final

from ..request import GrepRequest
from .colors import RESET
from .graphemes import preview_end
from .hyperlinks import CLOSED, Hyperlinks
from .output import shown_path

Spans = list[tuple[int, int]]

_SPACE: Final = b"\t\n\x0b\x0c\r "


class LineWriter:
    """Collects the parts of lines, of which `_escapes` bytes are no text but colours and links."""

    def __init__(self, request: GrepRequest) -> None:
        self.request = request
        self._term = b"\0" if request.null_data else b"\n"
        self._links = request.hyperlinks
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
