"""What ranking reads of an index: postings from the engine, paths and symbols from the catalogue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import zstandard

from ..errors import StoreCorruptError
from ..models import FileRow
from ..storage.catalog import Catalog
from ..storage.storage_interface import SearchInterface
from .paths import PathTerms
from .table import FileTable

SYMBOLS_LIMIT = 64 << 20
"""Bytes of the largest list of symbols that is unpacked."""

DAMAGED_SYMBOLS = "the symbols of a document are damaged; remove the index and index again"


class Symbol(NamedTuple):
    """A definition as the second stage stored it; see `leindex.indexing.symbols.Symbol`."""

    name: str
    kind: str
    container: str
    start_line: int
    end_line: int
    line: int
    column: int
    visibility: str


def unpack(packed: bytes) -> list[Symbol]:
    """The definitions of a document from their stored form. Raises StoreCorruptError."""
    if not packed:
        return []
    try:
        return list(map(Symbol._make, json.loads(symbols_json(packed))))
    except (ValueError, TypeError) as error:
        raise StoreCorruptError(DAMAGED_SYMBOLS) from error


def symbols_json(packed: bytes) -> bytes:
    """The definitions of a document as JSON: a list of lists of `Symbol`'s fields. Raises StoreCorruptError."""
    try:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=SYMBOLS_LIMIT)
    except zstandard.ZstdError as error:
        raise StoreCorruptError(DAMAGED_SYMBOLS) from error


@dataclass(frozen=True)
class RankedDocument:
    """A document with what ranking looks at; `rows` are the files that hold this content."""

    number: int
    path: str
    content: bytes
    rows: Sequence[FileRow]
    catalog: Catalog

    @cached_property
    def definitions(self) -> Sequence[Symbol]:
        """The stored definitions; unpacked only for the documents that get as far as needing them."""
        stored = self.catalog.symbols_of(self.number)
        return unpack(stored[1]) if stored is not None else []


class IndexSource:
    """The `RankingSource` of one index for one search, inside a snapshot; what was loaded is kept."""

    def __init__(self, store: SearchInterface, catalog: Catalog, table: FileTable) -> None:
        self._store, self._catalog, self._table = store, catalog, table
        self._loaded: dict[int, RankedDocument] = {}

    def count(self) -> int:
        return self._table.documents

    def number_limit(self) -> int:
        return self._table.limit

    def postings(self, term: int) -> tuple[bytes, bytes]:
        found = self._store.word_postings(term)
        return found.numbers, found.payloads

    def path_terms(self) -> PathTerms:
        return self._table.terms

    def load(self, numbers: Sequence[int]) -> list[RankedDocument]:
        missing = [number for number in numbers if number not in self._loaded]
        rows = self.rows(missing)
        for number, content in zip(missing, self._store.contents(missing), strict=True):
            if content is None or number not in rows:
                continue
            self._loaded[number] = RankedDocument(number, rows[number][0].name, content, rows[number], self._catalog)
        return [self._loaded[number] for number in numbers if number in self._loaded]

    def rows(self, numbers: Sequence[int]) -> dict[int, list[FileRow]]:
        """The files of these documents, in path order."""
        found: dict[int, list[FileRow]] = {}
        for row in self._catalog.files_of(numbers):
            found.setdefault(row.number, []).append(row)
        return found
