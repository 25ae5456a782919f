"""`ViewCatalog`: the catalogue as questions read it, with the files of some views in place of those of the tree."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from ...errors import ConfigError
from ...models import FileRow
from ..catalog import Catalog, FileEntry, Known, Totals, key_of, range_of
from .tables import PART, Facts, StoredView, masks_of

_COLUMNS: Final = "path, number, size, facts, views"
_TOO_LARGE: Final = "too large"


class ViewCatalog(Catalog):
    """The files of some views of an index, open for reading or not.

    A file that several of the views have with one content is one row, with a bit for each in `FileRow.views`; one that
    differs between them is a row for each content. Rows are in path order, and those of one path by their numbers.
    """

    def __init__(self, catalog: Catalog, views: Sequence[StoredView]) -> None:
        self.database = catalog.database
        self.views = tuple(views)
        self.masks = masks_of(view.id for view in views)
        self._facts: dict[int, Facts] = {}

    @property
    def key(self) -> object:
        """What tells the views from others."""
        return tuple((view.id, view.commit) for view in self.views)

    def names_of(self, bits: int) -> tuple[str, ...]:
        """The names of those of the views that a row has a bit for."""
        return tuple(view.name for view in self.views if bits >> view.id & 1)

    # -- reading ------------------------------------------------------------------------------------------------

    def _fact(self, number: int) -> Facts:
        if number not in self._facts:
            self._facts = {
                fact: Facts(*values)
                for fact, *values in self.rows("SELECT id, mode, language, encoding, kind, skipped FROM view_facts")
            }
        if number not in self._facts:
            raise self._damaged(KeyError(number))
        return self._facts[number]

    def _ranged(self, low: bytes, high: bytes) -> Iterator[tuple[bytes, int, int, int, int]]:
        """The rows from one stored path up to another: path, number, size, facts, bits."""
        parts = [self._part(part, mask, low, high) for part, mask in sorted(self.masks.items())]
        if len(parts) == 1:
            yield from parts[0]
            return
        import heapq

        last: tuple[bytes, int, int, int, int] | None = None
        for row in heapq.merge(*parts):
            if last is not None and last[:2] == row[:2]:
                last = (*last[:4], last[4] | row[4])
                continue
            if last is not None:
                yield last
            last = row
        if last is not None:
            yield last

    def _part(self, part: int, mask: int, low: bytes, high: bytes) -> Iterator[tuple[bytes, int, int, int, int]]:
        with self.database.mapped():
            reader: Any = self.database.reader()
            found = reader.execute(
                f"SELECT {_COLUMNS} FROM view_files "
                "WHERE part = ? AND path >= ? AND path < ? AND views & ? ORDER BY path, number",
                (part, low, high, mask),
            )
            shift = part * PART
            for path, number, size, facts, views in found:
                yield path, number, size, facts, (views & mask) << shift

    def _of(self, numbers: Iterable[int]) -> list[tuple[bytes, int, int, int, int]]:
        """The rows of some documents, in path order."""
        found: dict[tuple[bytes, int], tuple[bytes, int, int, int, int]] = {}
        for part, mask in self.masks.items():
            for path, number, size, facts, views in self._of_each(
                f"SELECT {_COLUMNS} FROM view_files WHERE number = ?1 AND part = {part} AND views & {mask}", numbers
            ):
                bits = (views & mask) << part * PART
                known = found.get((path, number))
                found[path, number] = (path, number, size, facts, bits | (known[4] if known else 0))
        return sorted(found.values())

    def _row(self, values: tuple[bytes, int, int, int, int], committed: int) -> FileRow:
        path, number, size, fact, bits = values
        facts = self._fact(fact)
        return FileRow(
            path=path.replace(b"\0", b"/"),
            number=max(number, 0),
            size=size,
            mtime_ns=committed,
            inode=0,
            mode=facts.mode,
            language=facts.language,
            encoding=facts.encoding,
            kind=facts.kind,
            skipped=facts.skipped,
            views=bits,
        )

    @property
    def _committed(self) -> int:
        return int(max((view.committed for view in self.views), default=0.0) * 1e9)

    def _entry(self, values: tuple[bytes, int, int, int, int]) -> FileEntry:
        path, number, size, fact, bits = values
        facts = self._fact(fact)
        blob = self._blob(number) if number < 0 else ""
        return FileEntry(path.replace(b"\0", b"/"), max(number, 0), size, facts.skipped, facts.encoding, bits, blob)

    def _blob(self, number: int) -> str:
        rows = self.rows("SELECT blob FROM view_skipped WHERE id = ?", (-number,))
        return rows[0][0].hex() if rows else ""

    # -- as the catalogue of a tree -----------------------------------------------------------------------------

    def known(self, scopes: Iterable[bytes] | None = None) -> Iterator[Known]:
        raise ConfigError("a view of a commit is not compared with the tree")

    def file(self, path: bytes) -> FileRow | None:
        key = key_of(path)
        found = next(self._ranged(key, key + b"\0"), None)
        if found is None:
            return None
        row = self._row(found, self._committed)
        return row._replace(doc_id=self._blob(found[1])) if found[1] < 0 else row

    def files(self) -> Iterator[FileRow]:
        committed = self._committed
        for values in self._ranged(*range_of(b"")):
            yield self._row(values, committed)

    def files_of(self, numbers: Iterable[int]) -> list[FileRow]:
        committed = self._committed
        return [self._row(values, committed) for values in self._of(numbers)]

    def walk(self, *, scope: bytes = b"") -> Iterator[FileEntry]:
        for values in self._ranged(*range_of(scope)):
            yield self._entry(values)

    def searchable_files(self) -> tuple[list[bytes], array[int], array[int], list[str], list[int]]:
        paths: list[bytes] = []
        numbers, sizes = array("I"), array("q")
        languages: list[str] = []
        views: list[int] = []
        for path, number, size, fact, bits in self._ranged(*range_of(b"")):
            facts = self._fact(fact)
            if number > 0 or facts.skipped == _TOO_LARGE:
                paths.append(path)
                numbers.append(max(number, 0))
                sizes.append(size)
                languages.append(sys.intern(facts.language))
                views.append(bits)
        return paths, numbers, sizes, languages, views

    def modified_files(self, *, scope: bytes = b"") -> list[tuple[bytes, int]]:
        committed, paths = (
            self._committed,
            [path.replace(b"\0", b"/") for path, number, *_ in self._ranged(*range_of(scope)) if number > 0],
        )
        return [(path, committed) for path in dict.fromkeys(paths)]

    def paths_of(self, numbers: Iterable[int]) -> list[FileEntry]:
        return [self._entry(values) for values in self._of(numbers)]

    def too_large(self) -> list[FileEntry]:
        if _TOO_LARGE not in self.sizes_by_reason():
            return []
        skipped = self.rows("SELECT -id FROM view_skipped WHERE reason = ?", (_TOO_LARGE,))
        return [self._entry(values) for values in self._of(number for (number,) in skipped)]

    def totals(self) -> Totals:
        """The figures of the views; a file counts in each of them."""
        by_reason = self.sizes_by_reason()
        files, size = by_reason.pop("", (0, 0))
        return Totals(files, size, {reason: count for reason, (count, _) in by_reason.items()})

    def sizes_by_reason(self) -> dict[str, tuple[int, int]]:
        marks = ", ".join(str(view.id) for view in self.views)
        rows = self.rows(
            "SELECT skipped, sum(files), sum(bytes) FROM view_totals "
            f"WHERE view IN ({marks}) GROUP BY skipped HAVING sum(files) > 0 ORDER BY skipped"
        )
        return {reason: (files, size) for reason, files, size in rows}
