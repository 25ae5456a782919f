"""What ranking reads of an index: postings from the engine, paths and symbols from the catalogue."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from typing import Final

from ..models import FileRow
from ..records import record
from ..storage.storage_interface import Postings
from ..symbols.definitions import Definitions
from ..views.path_terms import PathTerms
from ..views.view import View

LOADED_AT_ONCE: Final = 256
"""Documents that are fetched with one request to the engine."""


@record(frozen=True, slots=True)
class RankedDocument:
    """A document with what ranking looks at; `rows` are the files that hold this content."""

    number: int
    path: str
    content: bytes
    rows: Sequence[FileRow]
    stored: Callable[[int], Definitions]

    @property
    def definitions(self) -> Definitions:
        """The stored definitions; read only for the documents that get as far as needing them."""
        return self.stored(self.number)


class IndexSource:
    """The `RankingSource` of one view for one search; what was loaded is kept."""

    def __init__(self, view: View) -> None:
        self._store, self._catalog, self._table = view.store, view.catalog, view.table
        self._shared = bool(view.views) or view.catalog.has_views
        self._packed: dict[int, bytes] = {}
        self._definitions: dict[int, Definitions] = {}
        self._loaded: dict[int, RankedDocument] = {}

    def count(self) -> int:
        return self._table.documents

    def number_limit(self) -> int:
        return self._table.limit

    def postings(self, terms: Sequence[int]) -> list[tuple[bytes, bytes]]:
        found = self._store.postings_of_words(terms)
        if not self._shared:
            return [(postings.numbers, postings.payloads) for postings in found]
        return [self._of_view(postings) for postings in found]

    def _of_view(self, postings: Postings) -> tuple[bytes, bytes]:
        """Without the documents that only other views have: they would count for how rare a word is, and crowd out the
        view's own, of which they are other states."""
        numbers = memoryview(postings.numbers).cast("I")
        if not numbers:
            return b"", b""
        present = self._table.present
        if numbers[-1] >= len(present):  # they ascend
            present = present + bytes(numbers[-1] + 1 - len(present))
        kept = bytes(map(present.__getitem__, numbers))
        return array("I", compress(numbers, kept)).tobytes(), bytes(compress(postings.payloads, kept))

    def path_terms(self) -> PathTerms:
        return self._table.terms

    def need_definitions(self, numbers: Iterable[int]) -> None:
        """Reads the definitions of documents that will all be looked at, which costs less than one by one."""
        missing = [number for number in numbers if number not in self._packed]
        self._packed.update(dict.fromkeys(missing, b""))
        self._packed.update(self._catalog.symbols_of_each(missing))

    def definitions(self, number: int) -> Definitions:
        """The definitions of a document; none while they are not known."""
        if number not in self._definitions:
            self.need_definitions([number])
            self._definitions[number] = Definitions(self._packed[number])
        return self._definitions[number]

    def load(self, numbers: Sequence[int], check: Callable[[], None] = lambda: None) -> list[RankedDocument]:
        """The documents with these numbers, in this order, without those that are gone.

        `check` is called now and then; what it raises ends the work.
        """
        missing = [number for number in numbers if number not in self._loaded]
        for start in range(0, len(missing), LOADED_AT_ONCE):
            check()
            self._load(missing[start : start + LOADED_AT_ONCE])
        return [self._loaded[number] for number in numbers if number in self._loaded]

    def _load(self, numbers: Sequence[int]) -> None:
        rows = self.rows(numbers)
        for number, content in zip(numbers, self._store.contents(numbers), strict=True):
            if content is None or number not in rows:
                continue
            self._loaded[number] = RankedDocument(number, rows[number][0].name, content, rows[number], self.definitions)

    def rows(self, numbers: Sequence[int]) -> dict[int, list[FileRow]]:
        """The files of these documents, in path order."""
        found: dict[int, list[FileRow]] = {}
        for row in self._catalog.files_of(numbers):
            found.setdefault(row.number, []).append(row)
        return found
