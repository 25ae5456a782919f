"""Types of the C extension; the comments in native/*.c say how each works."""

from collections.abc import Iterable
from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
Span: TypeAlias = tuple[int, int]

class Regex:
    """A compiled pattern (`leindex.query.program.build` makes one); never changes, may be used by many
    threads.

    Offsets are in bytes. `data` is any contiguous buffer; looks (`^`, `\\b`) see all of it, whatever part of
    it `start` and `end` (negative: the end of the data) say to search. Every method lets go of the GIL for
    all but small data, and raises MemoryError and nothing else.
    """

    def __new__(cls, program: bytes, /) -> Regex:
        """From what `program.compile` returns. Raises OverflowError where it would get too large."""

    @property
    def strategy(self) -> str:
        """How it searches: `literals`, `lines with literals`, `texts with literals` or `automaton`."""

    def is_match(self, data: Buffer, /) -> bool:
        """Whether the pattern matches anywhere in the data as a whole."""

    def find(self, data: Buffer, start: int = 0, end: int = -1, /) -> Span | None:
        """The leftmost match in data[start:end], of those the first by preference."""

    def find_all(self, data: Buffer, start: int = 0, end: int = -1, limit: int = -1, /) -> list[Span]:
        """Matches from left to right that do not overlap, none of them empty right where the last one
        ended."""

    def captures(self, data: Buffer, start: int = 0, end: int = -1, /) -> list[Span | None] | None:
        """What `find` finds, and then each group; None for groups that took no part."""

    def matching_lines(
        self, data: Buffer, limit: int = -1, invert: bool = False, spans: bool = True, /
    ) -> bytes:
        """The lines that match (with `invert`, the others), each searched on its own, as ripgrep does.

        Returns five unsigned 64-bit numbers a line, to be read with `memoryview(result).cast("Q")`: its
        number from 1, where it starts, where its text ends (before the newline; with CRLF before the carriage
        return too), where the first match starts and ends. Those two are the line's start with `invert`, and
        mean nothing without `spans`, which is faster. An empty piece after the last newline is no line.
        """

    def count_lines(self, data: Buffer, /) -> int:
        """How many lines match, each searched on its own."""

    def scan(self, documents: Iterable[Buffer], /) -> bytes:
        """One byte a document: 1 if it has a matching line, else 0."""

    def scan_lines(self, documents: Iterable[Buffer], /) -> list[int]:
        """How many lines match in each document."""

def count_newlines(data: Buffer, start: int = 0, end: int = -1, /) -> int:
    """The number of newlines in data[start:end]."""
