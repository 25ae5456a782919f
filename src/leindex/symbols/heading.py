"""The heading of a definition: its signature on one line, read from the text of its file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from .. import _native

HEADING_LIMIT: Final = 200
"""Characters of the longest heading."""
HEADING_BYTES: Final = 8 * HEADING_LIMIT
"""Bytes of a line that a heading is made of: the definitions of a long line may be thousands."""
HEADING_LINES: Final = 4
"""Most lines that a signature is read over."""


class Line(NamedTuple):
    """A line of a file: its number from 1, and its bytes without the line end."""

    number: int
    text: bytes


class Text:
    """The searchable text of a file, of which single lines are looked at."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._starts = memoryview(_native.line_starts(text)).cast("I")

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self._starts)

    def part(self, first: int, last: int) -> bytes:
        """Lines `first` to `last`, from 1, both included, as far as they exist."""
        if first > len(self._starts):
            return b""
        return self.text[self._starts[first - 1] : self._starts[last] if last < len(self._starts) else len(self.text)]

    def lines(self, first: int, last: int) -> list[Line]:
        """The same, line by line."""
        lines = self.part(first, last).removesuffix(b"\n").split(b"\n") if first <= len(self._starts) else []
        return [Line(number, line.rstrip(b"\r")) for number, line in enumerate(lines, first)]

    def beginnings(self, first: int, last: int) -> Iterator[bytes]:
        """As much of each of these lines as a heading takes in."""
        for number in range(first, min(last, self.count) + 1):
            start = self._starts[number - 1]
            end = self._starts[number] if number < self.count else len(self.text)
            yield self.text[start : min(end, start + HEADING_BYTES)]


def signature(text: Text, first: int, end: int) -> str:
    """The head of the definition whose name stands in line `first` and which ends in line `end`.

    A parameter list that goes on over lines is joined, up to a limit.
    """
    joined = b""
    for line in text.beginnings(first, min(first + HEADING_LINES - 1, end + HEADING_LINES)):
        joined += (b" " if joined and not joined.endswith(b"(") else b"") + line.strip()
        if joined.count(b"(") <= joined.count(b")"):
            break
    return joined.decode("utf-8", "replace")[:HEADING_LIMIT].rstrip(" {").rstrip()
