"""The catalogue: which files a view of the tree has, and which document each one's content is.

Documents are content-addressed and know no paths; a *file* row points at one by its number. Engines write documents
first and the catalogue last, so a row never points at what is not there, and a crash in between leaves at worst
documents that no row names. Those are noted in `unnamed` and collected by age and quota. The catalogue is always
SQLite; with the SQLite engine it lives in the same file.

Paths are stored with NUL in place of `/`, so that the primary key's order is the order of path components, which is
the order of ripgrep's `--sort path`.
"""

from __future__ import annotations

import json
import sys
import time
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import apsw

from ...models import FileRow
from ...records import record
from .derived import DerivedCatalog, keep_named
from .state import VIEW, put_state

COLUMNS: Final = "path, number, size, mtime_ns, inode, mode, doc_id, language, encoding, kind, skipped"
UPDATES_KEPT: Final = 200


@record(frozen=True, slots=True)
class Totals:
    """Figures of a view: files that are indexed, their bytes, and files that are not, by reason."""

    files: int
    bytes: int
    skipped: Mapping[str, int]


class FileEntry(NamedTuple):
    """What a search needs to know of a file: `number` is 0 where there is no document, for the reason `skipped`.

    Of a file that is read from git, `views` has a bit for each view that has it, and `blob` is the id of a content that
    is no document.
    """

    path: bytes
    number: int
    size: int
    skipped: str
    encoding: str = ""
    views: int = 0
    blob: str = ""


Known: TypeAlias = tuple[bytes, int, int, int, int]
"""What tells whether a file has changed: path, size, mtime_ns, inode, ctime_ns."""


def key_of(path: bytes) -> bytes:
    """The stored form of a path, which sorts by component."""
    return path.replace(b"/", b"\0")


def _row(values: Sequence[Any]) -> FileRow:
    return FileRow(values[0].replace(b"\0", b"/"), *values[1:])


class Catalog(DerivedCatalog):
    """The files of a tree. Shares the threads' rules of its Database: any thread reads, one at a time writes."""

    @property
    def version(self) -> object:
        """What differs when files were added or removed, in an update that was not finished too."""
        return self.generation, self.sizes_by_reason()

    def known(self, scopes: Iterable[bytes] | None = None) -> Iterator[Known]:
        """The files of the view, or those at and below some paths, in path order, read as they are asked for.

        No scope may lie within another, and they must be in path order themselves.
        """
        select = "SELECT path, size, mtime_ns, inode, ctime_ns FROM files WHERE view = ?"
        with self.database.mapped():
            reader: Any = self.database.reader()
            if scopes is None or (scopes := tuple(scopes)) == (b"",):
                for path, size, mtime_ns, inode, ctime_ns in reader.execute(f"{select} ORDER BY path", (VIEW,)):
                    yield path.replace(b"\0", b"/"), size, mtime_ns, inode, ctime_ns
                return
            for scope in scopes:
                key = key_of(scope)
                found = reader.execute(f"{select} AND path = ?", (VIEW, key)).fetchall()
                below = f"{select} AND path > ? AND path < ? ORDER BY path"
                found += reader.execute(below, (VIEW, key + b"\0", key + b"\1"))
                for path, *status in found:
                    yield path.replace(b"\0", b"/"), *status

    def file(self, path: bytes) -> FileRow | None:
        """The row of one file."""
        rows = self.rows(f"SELECT {COLUMNS} FROM files WHERE view = ? AND path = ?", (VIEW, key_of(path)))
        return _row(rows[0]) if rows else None

    def files(self) -> Iterator[FileRow]:
        """Every file in path order, read as it is asked for."""
        with self.database.mapped():
            cursor = self.database.reader().execute(
                f"SELECT {COLUMNS} FROM files WHERE view = ? ORDER BY path", (VIEW,)
            )
            for values in cursor:
                yield _row(values)

    def files_of(self, numbers: Iterable[int]) -> list[FileRow]:
        """The files whose contents are these documents, in path order."""
        found = self._of_each(f"SELECT {COLUMNS} FROM files WHERE number = ? AND number > 0", numbers)
        found.sort(key=lambda values: values[0])
        return [_row(values) for values in found]

    def walk(self, *, scope: bytes = b"") -> Iterator[FileEntry]:
        """Every file below `scope`, in path order, read as it is asked for."""
        low, high = range_of(scope)
        with self.database.mapped():
            cursor = self.database.reader().execute(
                "SELECT path, number, size, skipped, encoding FROM files "
                "WHERE view = ? AND path >= ? AND path < ? ORDER BY path",
                (VIEW, low, high),
            )
            for path, *fields in cursor:
                yield FileEntry(path.replace(b"\0", b"/"), *fields)

    def searchable_files(self) -> tuple[list[bytes], array[int], array[int], list[str], list[int]]:
        """The stored paths, document numbers, sizes and languages of the files that have a document or are over the
        size limit (number 0), in path order; last the bits of the views that have each, of which a tree has none."""
        rows = self.rows(
            "SELECT path, number, size, language FROM files "
            "WHERE view = ? AND (number > 0 OR skipped = 'too large') ORDER BY path",
            (VIEW,),
        )
        try:
            numbers, sizes = array("I", [row[1] for row in rows]), array("q", [row[2] for row in rows])
        except (TypeError, OverflowError) as error:
            raise self._damaged(error) from error
        return [row[0] for row in rows], numbers, sizes, [sys.intern(row[3]) for row in rows], []

    def modified_files(self, *, scope: bytes = b"") -> list[tuple[bytes, int]]:
        """Path and modification time, in ns, of every indexed file below `scope`, in path order."""
        low, high = range_of(scope)
        rows = self.rows(
            "SELECT path, mtime_ns FROM files WHERE view = ? AND path >= ? AND path < ? AND number > 0 ORDER BY path",
            (VIEW, low, high),
        )
        return [(path.replace(b"\0", b"/"), modified) for path, modified in rows]

    def paths_of(self, numbers: Iterable[int]) -> list[FileEntry]:
        """The files whose contents are these documents, in path order."""
        found = self._of_each("SELECT path, number, size FROM files WHERE number = ? AND number > 0", numbers)
        found.sort()
        return [FileEntry(path.replace(b"\0", b"/"), number, size, "") for path, number, size in found]

    def too_large(self) -> list[FileEntry]:
        """The files over the size limit, which searches read from disk; in path order."""
        rows = self.rows("SELECT path, size FROM files WHERE skipped = 'too large' ORDER BY path")
        return [FileEntry(path.replace(b"\0", b"/"), 0, size, "too large") for path, size in rows]

    def totals(self) -> Totals:
        """The figures of the view."""
        by_reason = {
            r: (f, b) for r, f, b in self.rows("SELECT skipped, files, bytes FROM file_totals ORDER BY skipped")
        }
        files, size = by_reason.pop("", (0, 0))
        return Totals(files, size, {reason: count for reason, (count, _) in by_reason.items() if count})

    def sizes_by_reason(self) -> dict[str, tuple[int, int]]:
        """Files and bytes by the reason they were skipped for; "" for those indexed."""
        rows = self.rows("SELECT skipped, files, bytes FROM file_totals WHERE files > 0 ORDER BY skipped")
        return {reason: (files, size) for reason, files, size in rows}

    def counted(self) -> dict[str, tuple[int, int]]:
        """What `sizes_by_reason` must say, from the files themselves."""
        rows = self.rows("SELECT skipped, count(*), sum(size) FROM files WHERE view = ? GROUP BY skipped", (VIEW,))
        return {reason: (files, size) for reason, files, size in sorted(rows)}

    # -- writing ------------------------------------------------------------------------------------------------

    def put_files(self, rows: Sequence[FileRow], *, replacing: bool = True) -> None:
        """Adds or replaces files in one transaction; contents that lose their last name are noted.

        `replacing` false is the caller's word that none of these paths is there, which saves looking.
        """
        with self.database.transaction() as connection:
            retired = self._retire(connection, [row.path for row in rows]) if replacing else []
            marks = ", ".join("?" * 13)
            connection.executemany(
                f"INSERT OR REPLACE INTO files(view, {COLUMNS}, ctime_ns) VALUES({marks})",
                ((VIEW, key_of(row[0]), *row[1:12]) for row in rows),
            )
            if connection.execute("SELECT 1 FROM symbols LIMIT 1").fetchone() is None:
                connection.executemany(
                    "INSERT OR IGNORE INTO pending VALUES(?)", ((row.number,) for row in rows if row.number)
                )
            else:
                connection.executemany(
                    "INSERT OR IGNORE INTO pending SELECT ?1 WHERE ?1 > 0 "
                    "AND NOT EXISTS (SELECT 1 FROM symbols WHERE number = ?1 AND language = ?2)",
                    ((row.number, row.language) for row in rows),
                )
            self._add_totals(connection, ((row.skipped, row.size) for row in rows), 1)
            if retired or connection.execute("SELECT 1 FROM unnamed LIMIT 1").fetchone():
                keep_named(connection, {*retired, *(row.number for row in rows)})

    def remove_files(self, paths: Sequence[bytes]) -> None:
        """Removes files in one transaction; contents that lose their last name are noted."""
        with self.database.transaction() as connection:
            retired = self._retire(connection, paths)
            connection.executemany(
                "DELETE FROM files WHERE view = ? AND path = ?", ((VIEW, key_of(path)) for path in paths)
            )
            keep_named(connection, retired)

    def _retire(self, connection: apsw.Connection, paths: Sequence[bytes]) -> list[int]:
        """Notes the contents that the files at these paths have now, and takes the files out of the totals."""
        old: list[tuple[Any, ...]] = []
        for path in paths:
            old += connection.execute(
                "SELECT number, skipped, size FROM files WHERE view = ? AND path = ?", (VIEW, key_of(path))
            )
        self._add_totals(connection, ((skipped, size) for _, skipped, size in old), -1)
        connection.executemany(
            "INSERT OR IGNORE INTO unnamed VALUES(?, ?)",
            ((number, time.time()) for number, _, _ in old if number),
        )
        return [number for number, _, _ in old if number]

    @staticmethod
    def _add_totals(connection: apsw.Connection, files: Iterable[tuple[str, int]], sign: int) -> None:
        sums: dict[str, list[int]] = {}
        for skipped, size in files:
            entry = sums.setdefault(skipped, [0, 0])
            entry[0] += sign
            entry[1] += sign * size
        connection.executemany(
            "INSERT INTO file_totals VALUES(?1, ?2, ?3) ON CONFLICT(skipped) DO UPDATE "
            "SET files = files + ?2, bytes = bytes + ?3",
            ((skipped, count, size) for skipped, (count, size) in sums.items()),
        )

    def finish_update(self, seconds: float, values: Mapping[str, Any], summary: Mapping[str, Any]) -> int:
        """Closes an update: raises the generation and stores `values`; returns the generation."""
        generation = self.generation + 1
        with self.database.transaction() as connection:
            put_state(connection, {**values, "generation": generation})
            connection.execute(
                "INSERT OR REPLACE INTO updates VALUES(?, ?, ?, ?)",
                (generation, time.time(), seconds, json.dumps(summary)),
            )
            connection.execute("DELETE FROM updates WHERE generation <= ?", (generation - UPDATES_KEPT,))
        return generation

    def recent_updates(self, limit: int = 20) -> list[dict[str, Any]]:
        """The last updates, newest first: generation, finished (Unix time), seconds, and what they did."""
        rows = self.rows(
            "SELECT generation, finished, seconds, summary FROM updates ORDER BY generation DESC LIMIT ?",
            (limit,),
        )
        return [{"generation": g, "finished": f, "seconds": s, **json.loads(summary)} for g, f, s, summary in rows]

    def count_again(self) -> None:
        """Makes the totals those of the files."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM file_totals")
            connection.execute(
                "INSERT INTO file_totals "
                "SELECT skipped, count(*), sum(size) FROM files WHERE view = ? GROUP BY skipped",
                (VIEW,),
            )


def range_of(scope: bytes) -> tuple[bytes, bytes]:
    """The stored paths below a folder: from the first value, up to the second."""
    return (key_of(scope) + b"\0", key_of(scope) + b"\1") if scope else (b"", b"\xff\xff\xff")
