"""All files of one generation in path order, as arrays: kept by an open index from one search to the next.

Walking 78,000 rows of the catalogue takes longer than finding the candidates among them. In the table a stretch of
files whose documents lie in one segment is tested against the segment's bitmap in one native call.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from itertools import compress

from .._native import select_run
from ..models import FileRow
from ..storage.catalog import Catalog, FileEntry, key_of
from ..storage.storage_interface import CandidateSet
from .path_terms import PathTerms


class FileTable:
    """The searchable files of a view: those with a document, and those over the size limit (number 0)."""

    def __init__(self, catalog: Catalog) -> None:
        self.generation = catalog.generation
        self.keys, self.numbers, self.sizes, self.languages, self.views = catalog.searchable_files()
        self._large = {entry[:1] + entry[5:6]: entry for entry in catalog.too_large()} if self.views else {}

    def candidates(self, candidates: CandidateSet, *, scope: bytes = b"") -> Iterator[FileEntry]:
        """The files that are candidates or over the size limit, in path order, found as they are asked for."""
        for place in self.places(candidates, scope=scope):
            path, number = self.keys[place].replace(b"\0", b"/"), self.numbers[place]
            views = self.views[place] if self.views else 0
            entry = FileEntry(path, number, self.sizes[place], "" if number else "too large", views=views)
            yield entry if number or not views else self._large.get((path, views), entry)

    def places(self, candidates: CandidateSet, *, scope: bytes = b"") -> Iterator[int]:
        """Where in the table these files are."""
        at, end = self.stretch(scope)
        numbers = memoryview(self.numbers)[:end]
        while at < end:
            low, high, bitmap = candidates.around(numbers[at]) if numbers[at] else (1, 0, None)
            at, positions = select_run(numbers, at, low, high, bitmap)
            yield from positions

    def stretch(self, scope: bytes) -> tuple[int, int]:
        """Where the files of a folder begin and end in the table; "" is the root."""
        if not scope:
            return 0, len(self.keys)
        return bisect_left(self.keys, key_of(scope) + b"\0"), bisect_left(self.keys, key_of(scope) + b"\1")

    def documents_below(self, scope: bytes) -> list[int]:
        """The numbers of the documents of a folder, ascending."""
        start, end = self.stretch(scope)
        return sorted(set(self.numbers[start:end]) - {0})

    def count(self, scope: bytes) -> tuple[int, int]:
        """How many files of a folder there are, and how many of them are over the size limit."""
        start, end = self.stretch(scope)
        return end - start, self.numbers[start:end].count(0)

    def row(self, place: int) -> FileRow:
        """A file as far as conditions on its path and language look at it."""
        path, number = self.keys[place].replace(b"\0", b"/"), self.numbers[place]
        views = self.views[place] if self.views else 0
        return FileRow(path, number, self.sizes[place], 0, 0, 0, language=self.languages[place], views=views)

    def rows(self, scope: bytes) -> Iterator[FileRow]:
        """The files of a folder in path order, as far as conditions on their path and language look at them."""
        return map(self.row, range(*self.stretch(scope)))

    @cached_property
    def limit(self) -> int:
        """One more than the highest document number."""
        return max(self.numbers, default=0) + 1

    @cached_property
    def present(self) -> bytes:
        """For each number up to the highest, 1 where that document has a name."""
        flags = bytearray(self.limit)
        for number in self.numbers:
            flags[number] = 1
        flags[0] = 0
        return bytes(flags)

    @cached_property
    def documents(self) -> int:
        """How many documents have a name."""
        return len(set(self.numbers) - {0})

    @cached_property
    def terms(self) -> PathTerms:
        """The terms of the paths, for ranking."""
        if 0 not in self.numbers:
            return PathTerms(self.numbers, self.keys)
        return PathTerms([number for number in self.numbers if number], list(compress(self.keys, self.numbers)))
