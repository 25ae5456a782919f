"""An engine that offers only `index_document` and reading: it keeps the default `batch_write` honest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar

from leindex.models import Document, WordBag
from leindex.storage.database import Durability
from leindex.storage.formula import Formula
from leindex.storage.sqlite_storage import SQLiteSearch
from leindex.storage.storage_interface import CandidateSet, Postings, SearchInterface, WordTotals


class OneByOneSearch(SearchInterface):
    """Hands single documents to SQLite, and inherits everything about batches."""

    name: ClassVar[str] = "one-by-one"
    lacks: ClassVar[Mapping[str, str]] = {}

    def __init__(self, path: Path, *, readonly: bool = False, durability: Durability = "full") -> None:
        self._inner = SQLiteSearch(path, readonly=readonly, durability=durability)
        self.transactions = 0

    def index_document(self, doc_id: str, document: Document) -> bool:
        self.transactions += 1
        return self._inner.index_document(doc_id, document)

    def delete_documents(self, doc_ids: Sequence[str]) -> int:
        return self._inner.delete_documents(doc_ids)

    def clear(self) -> None:
        self._inner.clear()

    def snapshot(self) -> AbstractContextManager[None]:
        return self._inner.snapshot()

    def count(self) -> int:
        return self._inner.count()

    def numbers(self, doc_ids: Sequence[str]) -> dict[str, int]:
        return self._inner.numbers(doc_ids)

    def doc_ids(self, numbers: Sequence[int]) -> list[str | None]:
        return self._inner.doc_ids(numbers)

    def ids(self) -> Iterator[tuple[int, str]]:
        return self._inner.ids()

    def get_document(self, doc_id: str) -> Document | None:
        return self._inner.get_document(doc_id)

    def contents(self, numbers: Sequence[int]) -> list[bytes | None]:
        return self._inner.contents(numbers)

    def candidates(self, formula: Formula) -> CandidateSet:
        return self._inner.candidates(formula)

    def write_words(self, bags: Sequence[WordBag]) -> None:
        self._inner.write_words(bags)

    def word_postings(self, key: int) -> Postings:
        return self._inner.word_postings(key)

    def word_lengths(self, numbers: Sequence[int]) -> list[int]:
        return self._inner.word_lengths(numbers)

    def word_totals(self) -> WordTotals:
        return self._inner.word_totals()

    def close(self) -> None:
        self._inner.close()
