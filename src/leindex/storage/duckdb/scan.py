"""Finding candidates in DuckDB: a formula as a WHERE clause over the texts, scanned as far as is asked.

Texts lie in the order of their numbers, which after a first build is that of their paths. An answer that is
complete after a few files needs the texts of these files, so ranges of numbers are scanned one after another,
each twice as long as the one before: many are scanned by all cores at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..._native import members
from ..candidates import CandidateSet, bitmap
from ..formula import And, Anything, Formula, Lit, Nothing, Or
from ..literal_text import whole_characters
from .file import ROW_GROUP, DuckDBFile

LAST: Final = 2**62
"""Above every number."""


class ScannedCandidates(CandidateSet):
    """Candidates as far as the texts have been scanned; the rest follows when it is asked for."""

    def __init__(self, file: DuckDBFile, formula: Formula) -> None:
        self._file = file
        self._values: list[str] = []
        self._where = "text IS NULL OR " + condition(formula, self._values)
        self._ranges: list[tuple[int, int, bytes]] = []  # low, high, bitmap; side by side from 1
        self._highest: int | None = None

    def _scan(self) -> bool:
        """Scans one range more; returns whether there was one."""
        if self._highest is None:
            self._highest = int(self._file.rows("SELECT coalesce(max(number), 0) FROM documents")[0][0])
        low = self._ranges[-1][1] + 1 if self._ranges else 1
        if low > LAST:
            return False
        high = low - 1 + (ROW_GROUP << len(self._ranges))
        found = self._file.rows(
            f"SELECT number FROM documents WHERE number BETWEEN ? AND ? AND ({self._where})", [low, high, *self._values]
        )
        bits = bitmap(sorted(number for (number,) in found), low)
        self._ranges.append((low, high if high < self._highest else LAST, bits))
        return True

    def around(self, number: int) -> tuple[int, int, bytes]:
        place = 0
        while place < len(self._ranges) or self._scan():
            if number <= self._ranges[place][1]:
                return self._ranges[place]
            place += 1
        raise AssertionError("a number is at most LAST")

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, int)
        low, _, bits = self.around(number)
        place = number - low
        return place >> 3 < len(bits) and bool(bits[place >> 3] >> (place & 7) & 1)

    def __iter__(self) -> Iterator[int]:
        place = 0
        while place < len(self._ranges) or self._scan():
            low, _, bits = self._ranges[place]
            yield from members(bits, low)
            place += 1

    def count(self, limit: int | None = None) -> int:
        total = place = 0
        while (limit is None or total < limit) and (place < len(self._ranges) or self._scan()):
            total += int.from_bytes(self._ranges[place][2], "little").bit_count()
            place += 1
        return total


def condition(formula: Formula, values: list[str]) -> str:
    """A formula as SQL over `text`; its literals are appended to `values`."""
    match formula:
        case Anything():
            return "true"
        case Nothing():
            return "false"
        case Lit(data, any_case):
            text = whole_characters(data)
            if not text:
                return "false" if text is None else "true"
            if not any_case:
                values.append(text)
                return "contains(text, ?)"
            # lower(text) would write every text anew, which costs more than unpacking and comparing it.
            values.append("(?i)" + re.escape(text))
            return "regexp_matches(text, ?)"
        case And(parts):
            return "(" + " AND ".join(condition(part, values) for part in parts) + ")"
        case Or(parts):
            return "(" + " OR ".join(condition(part, values) for part in parts) + ")"
