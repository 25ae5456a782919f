"""The search line by line, as ripgrep does it through a rolling buffer.

Where the buffer ends is mostly invisible and the text is taken in large steps. It shows when the file has a
NUL byte (only the buffers before it are searched), when context follows the last allowed match, and with
anchors that stand for the ends of the text: then the buffer's reads are followed exactly. It starts with a
read of three bytes (the peek for a byte order mark), holds 64 KiB, triples when a line does not fit, and
keeps the lines that later context may need. An enlarged buffer is kept for the files that follow (`read_buffer.py`).
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Final

from ..text import PROBE, UTF8_BOM, UTF16_BOMS
from .core import Core
from .encoding.decode import NONE, decoded
from .read_buffer import BUFFER, has_long_line
from .request import Binary

STEP: Final = 1 << 20
_DECODE_BUFFER: Final = 8 << 10


class LineSearch(Core):
    """Lines whose own text matches.

    `buffer_size` gives the size of the buffer as the files before this one left it; `capacity` is its size now.
    """

    capacity = BUFFER
    buffer_size: Callable[[], int] = staticmethod(lambda: BUFFER)

    def capacity_after(self, capacity: int) -> int:
        """The size that the buffer has after this search, if it had that of `capacity` before."""
        self.capacity = capacity
        if any((self.before, self.after)) or has_long_line(self.text, self.term, capacity):
            for _ in self._rolling():
                self._events = []
        return self.capacity

    def steps(self) -> Iterator[None]:
        decodes = self.request.encoding is not None or self.content.startswith((UTF8_BOM, *UTF16_BOMS))
        if self.request.mapped and not decodes:
            yield from self._mapped()
            return
        nul = self.request.binary is not Binary.TEXT and b"\0" in self.text
        limited = self.limit is not None and (self.after or self.request.invert)
        if nul or self.matcher.anchors_text or limited or (self.request.stop_on_nonmatch and self.request.invert):
            if len(self.text) >= BUFFER and (nul or (self.matcher.anchors_text and self.request.needs_spans)):
                self.capacity = self.buffer_size()
            yield from self._rolling()
            return
        size = len(self.text)
        while self.pos < size:
            end = self._step_end(self.pos, size)
            if not self._buffer(end):
                self.bytes_searched = self.pos
                return
            yield
        self.bytes_searched = size

    def _mapped(self) -> Iterator[None]:
        self.whole = True
        size = len(self.text)
        if not self.detect_nul(0, min(size, PROBE)) and size:
            yield
            self._buffer(size)
        self.end_whole()

    def _step_end(self, start: int, size: int) -> int:
        if size - start <= STEP:
            return size
        at = self.text.find(self.term, start + STEP)
        return size if at < 0 else at + 1

    def _rolling(self) -> Iterator[None]:
        """Follow the reads of ripgrep's buffer."""
        if self.request.binary is Binary.CONVERT:
            raw, self.text = self.text, self.text.replace(b"\0", self.term)
        else:
            raw = self.text
        start = end = read = 0
        capacity = self.capacity
        stops = self._read_stops()
        stop = next(stops)
        while True:
            start = self._roll(start, end)
            end = self.base = self._visited = start
            while True:
                if read - start >= capacity:
                    self.capacity = capacity = capacity * 3
                while stop == read < len(raw):
                    stop = next(stops)
                upto = min(stop, start + capacity)
                if upto == read:
                    end = read
                    break
                if self._meets_nul(raw, read, upto):
                    self.bytes_searched = start
                    return
                line_end = self.text.rfind(self.term, read, upto) + 1
                read = upto
                if line_end:
                    end = line_end
                    break
            if end <= self.pos:
                self.bytes_searched = end
                return
            if not self._buffer(end):
                self.bytes_searched = self.pos
                return
            yield

    def _meets_nul(self, raw: bytes, start: int, end: int) -> bool:
        """Note a NUL byte in what was just read; whether it ends the search."""
        if self.request.binary is Binary.TEXT or self.binary_offset is not None:
            return False
        at = raw.find(b"\0", start, end)
        if at < 0:
            return False
        self.binary_offset = at
        return self.request.binary is Binary.QUIT

    def _roll(self, start: int, end: int) -> int:
        """Where the buffer starts after what is no longer needed is dropped."""
        if not self.before and not self.after:
            return end
        return max(self.preceding(start, end, self.before), self._visited)

    def _read_stops(self) -> Iterator[int]:
        """Offsets at which reads end, whatever the room in the buffer."""
        size, encoding = len(self.text), self.request.encoding
        if encoding == NONE:
            yield min(3, size)
        elif self.content.startswith(UTF16_BOMS):
            little = self.content.startswith(UTF16_BOMS[0])
            decoder = codecs.getincrementaldecoder("utf-16-le" if little else "utf-16-be")("replace")
            edges = [2, *range(3 + _DECODE_BUFFER, len(self.content), _DECODE_BUFFER), len(self.content)]
            at = 0
            for low, high in pairwise(edges):
                at += len(decoder.decode(self.content[low:high]).encode("utf-8"))
                yield min(at, size)
        elif encoding is not None:
            at = 0
            for piece in self._pieces(3 if self.content.startswith(UTF8_BOM) else 0):
                at += len(decoded(piece, encoding))
                yield min(at, size)
        elif not self.content.startswith(UTF8_BOM):
            yield min(3, size)
        yield size

    def _pieces(self, start: int) -> Iterator[bytes]:
        """The content as it is read to be decoded: what is left of the look for a byte order mark, then buffers."""
        edges = [start, *range(3, len(self.content), _DECODE_BUFFER), len(self.content)]
        for low, high in pairwise(edges):
            if low < high:
                yield self.content[low:high]

    def _buffer(self, end: int) -> bool:
        """Search the text from `pos` to `end`; whether the search goes on after it."""
        request = self.request
        if request.stop_on_nonmatch and request.invert and not (request.null_data or request.passthru):
            if not self.has_matched:
                return self._first_run(end)
            return self._each_line(end)
        if request.passthru or request.stop_on_nonmatch or request.null_data or self.matcher.anchors_text:
            return self._each_line(end)
        return self._matching_lines(end)

    def _matching_lines(self, end: int) -> bool:
        """Jump from match to match."""
        contextual = bool(self.before or self.after)
        for start, stop in self._next_lines(end):
            self.has_matched = True
            self.count += 1
            if contextual and not (self.after_context(start) and self.before_context(start)):
                return False
            self.pos = stop
            if not self.sink_match(start, stop):
                # In an inverted search ripgrep reads on, and may come upon a NUL byte.
                return self.request.invert and self._to_next(end)
        if self.request.invert and self.exceeded():
            # The line that ended the last run of non-matching lines has been read too.
            followers = self.matcher.lines(self.text, self.pos, end, 1, invert=False)
            self.pos = next((stop for _, stop in followers), end)
        if not self.after_context(end):
            return False
        if self.exceeded() and not self._after_left:
            return False
        self.pos = end
        return True

    def _next_lines(self, end: int) -> Iterable[tuple[int, int]]:
        left = None if self.limit is None else self.limit - self.count
        if left is None or left > 0:
            return self.matcher.lines(self.text, self.pos, end, left, invert=self.request.invert)
        if self.request.invert and self.pos < end:
            # With the limit reached and context due from the last buffer, ripgrep selects one line more.
            return [next(self.line_ranges(self.pos, end))]
        return []

    def _first_run(self, end: int) -> bool:
        """The first run of lines that do not match, for `--stop-on-nonmatch -v`: ripgrep passes over the line that ends
        it and goes on line by line."""
        while self.pos < end and not self.has_matched:
            start = self.pos
            ending = next(iter(self.matcher.lines(self.text, start, end, 1, invert=False)), (end, end))
            self.pos = ending[1]
            if start == ending[0]:
                continue
            self.has_matched = True
            if not self.before_context(start):
                return self._to_next(end)
            for line in self.line_ranges(start, ending[0]):
                self.count += 1
                if not self.sink_match(*line) or self.exceeded():
                    return self._to_next(end)
        if self.has_matched and self.pos < end:
            return self._each_line(end)
        return self._to_next(end)

    def _to_next(self, end: int) -> bool:
        """Be done with a buffer; whether the search goes on after it."""
        if not self.after_context(end) or (self.exceeded() and not self._after_left):
            return False
        self.pos = end
        return True

    def _each_line(self, end: int) -> bool:
        """Visit every line, for settings that depend on the lines that do not match."""
        request = self.request
        for start, stop in self.line_ranges(self.pos, end):
            if self.exceeded() and not request.passthru and not self._after_left:
                return False
            matched = not self.exceeded() and self.line_matches(start, stop)
            self.pos = stop
            selected = matched != request.invert
            if selected:
                self.has_matched = True
                self.count += 1
                if not (self.before_context(start) and self.sink_match(start, stop)):
                    return False
            elif self._after_left:
                if not self.sink_context(start, stop):
                    return False
                self._after_left -= 1
            elif request.passthru and not self.sink_context(start, stop):
                return False
            if request.stop_on_nonmatch and self.has_matched and not selected:
                return False
        return True
