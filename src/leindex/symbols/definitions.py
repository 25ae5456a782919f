"""The definitions of a document, read from the form in which the second stage stored them.

A header can have thousands, of which a search shows one. `Definitions` keeps their lines as columns, which is what
passages are cut from, and makes a `Symbol` only of those that are asked for.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, overload

import zstandard

from .. import _native
from ..definition import Symbol
from ..errors import StoreCorruptError
from ..storage.stored_value import decompressor

SYMBOLS_LIMIT: Final = 64 << 20
"""Bytes of the largest list of symbols that is unpacked."""

DAMAGED_SYMBOLS: Final = "the symbols of a document are damaged; remove the index and index again"


def unpack(packed: bytes) -> list[Symbol]:
    """The definitions of a document from their stored form. Raises StoreCorruptError."""
    try:
        return list(map(Symbol._make, json.loads(symbols_json(packed))))
    except (ValueError, TypeError) as error:
        raise StoreCorruptError(DAMAGED_SYMBOLS) from error


def symbols_json(packed: bytes) -> bytes:
    """The definitions of a document as JSON: a list of lists of `Symbol`'s fields. Raises StoreCorruptError."""
    if not packed:
        return b"[]"
    try:
        return decompressor().decompress(packed, max_output_size=SYMBOLS_LIMIT)
    except zstandard.ZstdError as error:
        raise StoreCorruptError(DAMAGED_SYMBOLS) from error


class Definitions(Sequence[Symbol]):
    """The definitions in their stored form; `starts` and `ends` are their first and last lines, 32 bits each.

    Raises StoreCorruptError for what is no list of definitions.
    """

    def __init__(self, packed: bytes) -> None:
        self._text = symbols_json(packed)
        try:
            self.starts, self.ends, lines, places = _native.symbol_columns(self._text)
        except ValueError as error:
            raise StoreCorruptError(DAMAGED_SYMBOLS) from error
        self._lines = memoryview(lines).cast("I")
        self._places = memoryview(places).cast("I")

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Symbol]:
        return map(Symbol._make, json.loads(self._text))

    @overload
    def __getitem__(self, place: int) -> Symbol: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Symbol]: ...
    def __getitem__(self, place: int | slice) -> Symbol | Sequence[Symbol]:
        if isinstance(place, slice):
            return list(self)[place]
        row, _ = _DECODER.raw_decode(str(self._text[self._places[place] : self._end(place)], "utf-8"))
        return Symbol._make(row)

    def _end(self, place: int) -> int:
        return self._places[place + 1] if place + 1 < len(self._places) else len(self._text)

    def may_hold(self, name: str, *, at_end: bool = False) -> Sequence[Symbol]:
        """Those whose name may hold `name`, or end with it, in any case, in their order; perhaps a few others."""
        if not self._text.isascii():  # folding may turn other letters into those of the name
            return self
        wanted = json.dumps(name.lower())[1 : None if at_end else -1].encode()
        text, rows = self._text.lower(), dict[int, None]()
        at = self._places[0] if self._places else len(text)
        while (at := text.find(wanted, at)) >= 0:
            rows[bisect_right(self._places, at) - 1] = None
            at += 1
        return [self[row] for row in rows]


_DECODER: Final = json.JSONDecoder()
