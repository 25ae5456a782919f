"""What an engine answers a formula with: the numbers of documents that may match."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence


def bitmap(numbers: Sequence[int], low: int) -> bytes:
    """Ascending numbers as a bitmap: little-endian, bit 0 is `low`."""
    bits = bytearray((numbers[-1] - low) // 8 + 1 if numbers else 0)
    for number in numbers:
        bits[(number - low) >> 3] |= 1 << (number - low & 7)
    return bytes(bits)


class CandidateSet(ABC):
    """The documents that may match a formula, as numbers. Made lazily: looking at few costs little."""

    @abstractmethod
    def __contains__(self, number: object) -> bool:
        """Whether the document with this number may match."""

    @abstractmethod
    def __iter__(self) -> Iterator[int]:
        """All numbers, ascending. May hold numbers of documents that are gone."""

    @abstractmethod
    def count(self, limit: int | None = None) -> int:
        """How many numbers there are, or at least `limit` when counting stops there."""

    def around(self, number: int) -> tuple[int, int, bytes | None]:
        """The candidates near a number, in bulk: a range that holds the number, from `low` to `high`
        inclusive, and a bitmap (little-endian, bit 0 is `low`) of the candidates in it, where what it lacks
        at its end is 0; None if all in the range are candidates."""
        return 1, 2**62, bitmap(list(self), 1)

    def proven(self, number: int) -> tuple[int, int, bytes]:
        """Near a number, as `around` tells candidates, the documents that satisfy the formula for certain and hold no
        NUL byte. An engine that cannot tell proves none."""
        return 1, 2**62, b""

    def among(self, numbers: Sequence[int]) -> list[int]:
        """Those of a few documents that may match, in this order; rules out only what costs less to rule out than to
        look at."""
        return [number for number in numbers if number in self]

    @property
    def everything(self) -> bool:
        """Whether nothing was ruled out, so that all documents must be looked at."""
        return False

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the answer should know, such as a damaged block that was worked around."""
        return ()


class PlainCandidates(CandidateSet):
    """Candidates that are at hand as distinct numbers."""

    def __init__(self, numbers: Collection[int], *, everything: bool = False) -> None:
        self._numbers = sorted(numbers)
        self._everything = everything
        self._bitmap: bytes | None = None

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, int)
        _, _, bits = self.around(number)
        return (number - 1) >> 3 < len(bits) and bool(bits[(number - 1) >> 3] >> (number - 1 & 7) & 1)

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def count(self, limit: int | None = None) -> int:
        return len(self._numbers)

    def around(self, number: int) -> tuple[int, int, bytes]:
        if self._bitmap is None:
            self._bitmap = bitmap(self._numbers, 1)
        return 1, 2**62, self._bitmap

    @property
    def everything(self) -> bool:
        return self._everything
