"""Finding candidates in gram segments: which documents of each segment may satisfy a formula.

A literal becomes ranges of grams, a range the union of posting lists, a formula the and and or of bitmaps,
kept as Python's whole numbers. Each segment is evaluated when it is first asked about. A damaged block rules
nothing out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from ..._native import members, postings
from ...errors import StoreCorruptError
from ...text import fold
from ..candidates import CandidateSet
from ..database import Database
from ..formula import And, Anything, Formula, Lit, Nothing, Or
from .segments import REPAIR, Segment, gaps, segments

FEW_LEFT = 1
"""With so few documents of a segment left, looking at them costs less than another literal's look-ups."""


WITHOUT_CAPITALS: Final = 1
WITH_CAPITALS: Final = 2


def gram_ranges(literal: Lit) -> list[tuple[int, int, int]]:
    """The ranges of grams that a text with this literal has, and with which capitals, the most telling first.

    A literal under four bytes is one range of the grams that start with it. Of a longer one come first the
    grams that lie side by side, which say all but where they are, then those between.
    """
    folded = fold(literal.data)
    last = max(len(folded) - 4, 0)
    ranges: list[tuple[int, int, int]] = []
    for place in dict.fromkeys([*range(0, last + 1, 4), last, *range(last + 1)]):
        gram, written = folded[place : place + 4], literal.data[place : place + 4]
        capitals = WITHOUT_CAPITALS | WITH_CAPITALS
        if written != gram:
            capitals = WITH_CAPITALS
        elif len(gram) == 4 and not literal.any_case:
            capitals = WITHOUT_CAPITALS
        low = int.from_bytes(gram.ljust(4, b"\0"), "big")
        ranges.append((low, low + (1 << 8 * (4 - len(gram))) - 1, capitals))
    return ranges


class SegmentCandidates(CandidateSet):
    """Candidates from gram segments, each evaluated when it is first asked about, plus the whole tail."""

    def __init__(self, database: Database, formula: Formula) -> None:
        self._database = database
        self._formula = formula
        self._segments = segments(database.reader(), "gram")
        self._bits: dict[int, int] = {}
        self._notes: dict[str, None] = {}
        self._by_number: tuple[int, int, int] = (1, 0, 0)  # low, high, bits of the segment asked about last

    @property
    def everything(self) -> bool:
        return isinstance(self._formula, Anything)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self._notes)

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, int)
        low, high, bits = self._by_number
        if not low <= number <= high:
            segment = self._segment_of(number)
            if segment is None:
                return not isinstance(self._formula, Nothing)
            low, high, bits = self._by_number = (segment.low, segment.high, self._evaluated(segment))
        return bool(bits >> (number - low) & 1)

    def _segment_of(self, number: int) -> Segment | None:
        low, high = 0, len(self._segments)
        while low < high:
            middle = (low + high) // 2
            if self._segments[middle].high < number:
                low = middle + 1
            else:
                high = middle
        if low < len(self._segments) and self._segments[low].low <= number:
            return self._segments[low]
        return None

    def __iter__(self) -> Iterator[int]:
        if isinstance(self._formula, Nothing):
            return
        following = 1
        for segment in self._segments:
            if segment.low > following:
                yield from self._tail(following, segment.low - 1)
            bits = self._evaluated(segment)
            yield from members(bits.to_bytes((segment.documents + 7) // 8, "little"), segment.low)
            following = segment.high + 1
        yield from self._tail(following, 2**62)

    def _tail(self, low: int, high: int) -> list[int]:
        found = self._rows("SELECT id FROM kv_store WHERE id BETWEEN ? AND ? ORDER BY id", low, high)
        return [number for (number,) in found]

    def _rows(self, sql: str, *bindings: int) -> list[Any]:
        # Candidates are evaluated long after they were asked for, outside of what maps SQLite's errors there.
        with self._database.mapped():
            return self._database.reader().execute(sql, bindings).fetchall()

    def count(self, limit: int | None = None) -> int:
        if isinstance(self._formula, Nothing):
            return 0
        total = sum(len(self._tail(low, high)) for low, high in gaps(self._segments))
        for segment in self._segments:
            if limit is not None and total >= limit:
                break
            total += self._evaluated(segment).bit_count()
        return total

    def among(self, numbers: Sequence[int]) -> list[int]:
        if isinstance(self._formula, Nothing):
            return []
        found = [(number, self._segment_of(number)) for number in numbers]
        left: dict[int, int] = {}
        for segment, of_segment in groupby(sorted(found, key=_by_segment), key=lambda pair: pair[1]):
            if segment is not None:
                within = sum(1 << number - segment.low for number in {number for number, _ in of_segment})
                known = self._bits.get(segment.id)
                left[segment.id] = self._evaluate(self._formula, segment, within) if known is None else known & within
        return [
            number for number, segment in found if segment is None or left[segment.id] >> (number - segment.low) & 1
        ]

    def around(self, number: int) -> tuple[int, int, bytes | None]:
        segment = self._segment_of(number)
        if segment is not None:
            bits = self._evaluated(segment)
            return segment.low, segment.high, bits.to_bytes((segment.documents + 7) // 8, "little")
        low, high = next(gap for gap in gaps(self._segments) if gap[0] <= number <= gap[1])
        return low, high, b"" if isinstance(self._formula, Nothing) else None

    def proven(self, number: int) -> tuple[int, int, bytes]:
        segment = self._segment_of(number)
        if segment is None:
            low, high = next(gap for gap in gaps(self._segments) if gap[0] <= number <= gap[1])
            return low, high, b""
        bits = self._proven(segment) if isinstance(self._formula, Lit) else 0
        return segment.low, segment.high, bits.to_bytes((segment.documents + 7) // 8, "little")

    def _proven(self, segment: Segment) -> int:
        """The documents of a segment that hold a literal of up to four bytes: its grams say all there is to it, where
        they are written without capitals as it is."""
        data = self._formula.data if isinstance(self._formula, Lit) and not self._formula.any_case else b""
        if not 1 < len(data) <= 4 or not data.isascii() or fold(data) != data:
            return 0
        ((low, high, _),) = gram_ranges(Lit(data))
        ((nul_low, nul_high, _),) = gram_ranges(Lit(b"\0"))
        damaged = len(self._notes)
        bits = self._gram_bits(segment, low, high, WITHOUT_CAPITALS)
        bits &= ~self._gram_bits(segment, nul_low, nul_high, WITHOUT_CAPITALS | WITH_CAPITALS)
        return bits if len(self._notes) == damaged else 0

    def _evaluated(self, segment: Segment) -> int:
        bits = self._bits.get(segment.id)
        if bits is None:
            everything = (1 << segment.documents) - 1
            bits = self._bits[segment.id] = self._evaluate(self._formula, segment, everything)
        return bits

    def _evaluate(self, formula: Formula, segment: Segment, within: int) -> int:
        """Those of the documents `within` that may satisfy the formula."""
        match formula:
            case Anything():
                return within
            case Nothing():
                return 0
            case Lit():
                return self._evaluate_literal(formula, segment, within)
            case And(parts):
                # Longer literals rule out more; what is a disjunction costs more and comes last.
                for part in sorted(parts, key=lambda p: -len(p.data) if isinstance(p, Lit) else 1):
                    if within.bit_count() <= FEW_LEFT:
                        break
                    within = self._evaluate(part, segment, within)
                return within
            case Or(parts):
                bits = 0
                for part in parts:
                    bits |= self._evaluate(part, segment, within & ~bits)
                return bits

    def _evaluate_literal(self, literal: Lit, segment: Segment, within: int) -> int:
        ranges = gram_ranges(literal)
        for done, (low, high, capitals) in enumerate(ranges):
            # Looking at a few documents costs less than looking up the other grams to rule them out.
            if within.bit_count() * 5 <= (len(ranges) - done + 1) * 2:
                break
            within &= self._gram_bits(segment, low, high, capitals)
        return within

    def _gram_bits(self, segment: Segment, low: int, high: int, capitals: int) -> int:
        base = segment.id << 32
        place, bits = f"segment {segment.id}", 0
        try:
            blocks = self._rows("SELECT id, data FROM blocks WHERE id <= ? ORDER BY id DESC LIMIT 1", base + low)
            if blocks and blocks[0][0] < base:
                blocks = []
            if low != high:
                blocks += self._rows("SELECT id, data FROM blocks WHERE id > ? AND id <= ?", base + low, base + high)
            for block, data in blocks:
                place = f"segment {segment.id}, block {block & 0xFFFFFFFF:08x}"
                bits |= int.from_bytes(postings(data, low, high, capitals), "little")
        except (StoreCorruptError, ValueError):
            self._notes[f"{place} is damaged: its documents were scanned; {REPAIR}"] = None
            return (1 << segment.documents) - 1
        return bits


def _by_segment(found: tuple[int, Segment | None]) -> int:
    return 0 if found[1] is None else found[1].low
