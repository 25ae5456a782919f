"""From the fuzzer's bytes to what a target needs: numbers, pieces, texts."""

from __future__ import annotations


class Input:
    """The bytes of one execution, taken from the front; what is missing at the end counts as zeros."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        """The next bytes, up to so many."""
        piece = self.data[self.at : self.at + count]
        self.at += count
        return piece

    def number(self, size: int = 1) -> int:
        """The next so many bytes as a number, the least first."""
        return int.from_bytes(self.take(size), "little")

    def piece(self) -> bytes:
        """A length in one byte, and so many bytes."""
        return self.take(self.number())

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self.data))
