"""PCRE2 patterns behind the methods of the native matcher, so that searches and printers need not know which they have.

As in ripgrep, lines are searched one by one: a pattern may look anywhere, so only the line by itself says whether it
matches. Offsets are in bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from ...errors import PatternLimitError
from ...text import searchable
from .library import Code

if TYPE_CHECKING:
    from ..._native import Buffer, Span

_LOOK_AHEAD: Final = 128
"""How far past a block of lines its matches may look, in bytes; ripgrep's figure."""


class Pcre2Regex:
    """A compiled pattern, with the methods of `_native.Regex`; `end` is what ends a line, `crlf` whether a carriage
    return before it belongs to that. Searches raise PatternLimitError."""

    strategy = "PCRE2"
    memory = 0

    def __init__(self, code: Code, *, end: bytes, crlf: bool) -> None:
        self._code = code
        self._end, self._crlf = end, crlf

    def is_match(self, data: Buffer, /) -> bool:
        return self._code.is_match(bytes(data))

    def find(self, data: Buffer, start: int = 0, end: int = -1, /) -> Span | None:
        text = bytes(data)
        return self._code.find(text, start, len(text) if end < 0 else end)

    def find_all(self, data: Buffer, start: int = 0, end: int = -1, limit: int = -1, /) -> list[Span]:
        text = bytes(data)
        found: list[Span] = []
        for span in self._spans(text, start, len(text) if end < 0 else end):
            if len(found) == limit:
                break
            found.append(span)
        return found

    def captures(self, data: Buffer, start: int = 0, end: int = -1, /) -> list[Span | None] | None:
        text = bytes(data)
        return self._code.captures(text, start, len(text) if end < 0 else end)

    def _spans(self, text: bytes, start: int, end: int) -> Iterator[Span]:
        """Matches that do not overlap, none empty right where the last one ended."""
        return (span for span, _ in self._found(text, start, end))

    def all_captures(self, data: Buffer, start: int, /) -> Iterator[list[Span | None]]:
        """The groups of these matches; a match that begins behind `\\K` is not found again from where it begins."""
        text = bytes(data)
        for _, at in self._found(text, start, len(text)):
            groups = self._code.captures(text, at, len(text))
            if groups is not None:
                yield groups

    def _found(self, text: bytes, start: int, end: int) -> Iterator[tuple[Span, int]]:
        """These matches, each with the place from which it was found."""
        at, last = start, -1
        while at <= end:
            begun = at
            found = self._code.find(text, at, end)
            if found is None:
                return
            at = found[1] + (found[0] == found[1])
            if found[0] == found[1] == last:
                continue
            last = found[1]
            yield found, begun

    def _lines(self, text: bytes) -> Iterator[tuple[int, int, int]]:
        """Where each line starts, where its text ends, and where what the pattern sees of it ends: where a carriage
        return belongs to the line end, one without is a part of the line, as in ripgrep."""
        start, size, find = 0, len(text), text.find
        while start < size:
            at = find(self._end, start)
            stop = after = seen = size if at < 0 else at
            if self._crlf and at >= 0:
                whole = at > start and text[at - 1] == 13
                stop = seen = at - whole
                seen += not whole
            yield start, stop, seen
            start = after + 1

    def matching_lines(self, data: Buffer, limit: int = -1, invert: bool = False, spans: bool = True, /) -> bytes:
        text, is_match = bytes(data), self._code.is_match
        rows = array("Q")
        left = limit
        for number, (start, stop, seen) in enumerate(self._lines(text), 1):
            if not left:
                break
            if is_match(text[start:seen]) != invert:
                rows.extend((number, start, stop, start, start))
                left -= 1
        return rows.tobytes()

    def count_lines(self, data: Buffer, /) -> int:
        text, is_match = bytes(data), self._code.is_match
        return sum(is_match(text[start:seen]) for start, _, seen in self._lines(text))

    def count_matches(self, data: Buffer, /) -> tuple[int, int]:
        text = bytes(data)
        lines = matches = 0
        for start, stop, _ in self._lines(text):
            found = len(self.find_all(text[start:stop]))
            lines += found > 0
            matches += found
        return lines, matches

    def scan(self, contents: Iterable[Buffer], /) -> bytes:
        """2 for a content with a match, or one in which PCRE2 gives up: then it is for the search to say so."""
        return bytes(2 * self._may_match(bytes(content)) for content in contents)

    def _may_match(self, content: bytes) -> bool:
        text = searchable(content)
        try:
            return any(self._code.is_match(text[start:seen]) for start, _, seen in self._lines(text))
        except PatternLimitError:
            return True

    def blocks(self, data: Buffer, start: int, limit: int, term: int, before: int, /) -> tuple[bytes, int, int]:
        text = bytes(data)
        rows = array("Q")
        block: tuple[int, int, int, int] | None = None
        floor, at, finds, size, end_byte = before, start, 0, len(text), bytes((term,))
        found: Span | None = (0, 0)
        while at < size and finds < limit:
            rest = text[at:]  # each search starts afresh, as in ripgrep: looks see a beginning there
            found = self._code.find(rest, 0, len(rest))
            if found is None:
                break
            finds += 1
            begin, end = found[0] + at, found[1] + at
            at = end + (begin == end and end < size)
            if end < floor:
                continue
            first = begin if begin < floor else max(text.rfind(end_byte, floor, begin) + 1, floor)
            end = _line_end(text, end_byte, first, end)
            if block is not None and first <= block[1]:
                block = (block[0], end, *block[2:])
            else:
                if block is not None:
                    rows.extend(block)
                block = (first, end, at, finds)
            floor = end
        if block is not None:
            rows.extend(block)
        return rows.tobytes(), size if found is None else at, finds

    def count_block_matches(self, data: Buffer, term: int, /) -> tuple[int, int]:
        text = bytes(data)
        packed = memoryview(self.blocks(text, 0, len(text) + 1, term, 0)[0]).cast("Q")
        counted = matches = 0
        for start, end in zip(packed[::4], packed[1::4], strict=True):
            if start < end:
                counted += 1
                upto = min(end + _LOOK_AHEAD, len(text))
                matches += max(sum(1 for span in self._spans(text, start, upto) if span[0] < end), 1)
        return counted, matches


def _line_end(text: bytes, end_byte: bytes, start: int, at: int) -> int:
    if at > start and text[at - 1 : at] == end_byte:
        return at
    return text.find(end_byte, at) + 1 or len(text)
