"""How large ripgrep's read buffer is by the time it comes to a file.

ripgrep reads all files through one buffer. A line that does not fit makes it larger, and so it stays for the files
that follow. The size shows where the end of what is in the buffer does: in the lines that are searched before a NUL
byte is noticed, and in the matches of anchors that stand for the ends of the text. Only then is it worked out here, by
looking at the files before the one in question that may have made the buffer larger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

BUFFER = 64 << 10
"""Bytes in the buffer at first."""

DECODED_BUFFER = BUFFER * 2 // 3
"""Bytes of a file that can fill the buffer once they are decoded: UTF-16 takes two bytes where UTF-8 takes three."""

Place = tuple[int, bytes]
"""Where a file comes among those that are searched: the part it belongs to, and its path's key in there."""


class ReadBuffer:
    """The buffer of one search of many files.

    `large` are the files that can fill it, in the order of the search, asked for if need be; `size_after`
    is the size that a file leaves, given its content and the size before.
    """

    def __init__(
        self, large: Callable[[], Iterator[tuple[Place, bytes]]], size_after: Callable[[bytes, int], int]
    ) -> None:
        self._large, self._size_after = large, size_after
        self._files: Iterator[tuple[Place, bytes]] | None = None
        self._next: tuple[Place, bytes] | None = None
        self._size = BUFFER
        self.place: Place = (0, b"")
        """The file that is searched now."""

    def size(self) -> int:
        """The bytes that the buffer holds when the search of the file at `place` begins."""
        if self._files is None:
            self._files = self._large()
            self._next = next(self._files, None)
        while self._next is not None and self._next[0] < self.place:
            self._size = self._size_after(self._next[1], self._size)
            self._next = next(self._files, None)
        return self._size


def has_long_line(text: bytes, end: bytes, size: int) -> bool:
    """Whether a text has a line that does not fit a buffer of this size."""
    at = 0
    while len(text) - at >= size:
        found = text.rfind(end, at, at + size)
        if found < 0:
            return True
        at = found + 1
    return False
