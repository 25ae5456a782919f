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
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple, TypeAlias

import apsw

from ..errors import StoreCorruptError, StoreEmptyError
from ..models import FileRow
from ..records import record
from .database import Database
from .revisions.schema import SCHEMA as VIEW_SCHEMA

VIEW: Final = 1
"""The tree as it is on disk, in the table `files`. What is read from git is in tables of its own, see revisions/."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS files(
    view INTEGER NOT NULL,
    path BLOB NOT NULL,
    number INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    mode INTEGER NOT NULL,
    doc_id TEXT NOT NULL,
    language TEXT NOT NULL,
    encoding TEXT NOT NULL,
    kind TEXT NOT NULL,
    skipped TEXT NOT NULL,
    PRIMARY KEY(view, path)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_number ON files(number) WHERE number > 0;
CREATE INDEX IF NOT EXISTS files_too_large ON files(path) WHERE skipped = 'too large';
-- Files and bytes by the reason they were skipped for ('' for those indexed), kept with every change of a row.
CREATE TABLE IF NOT EXISTS file_totals(skipped TEXT PRIMARY KEY, files INTEGER NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS index_state(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unnamed(number INTEGER PRIMARY KEY, since REAL NOT NULL);
CREATE INDEX IF NOT EXISTS unnamed_since ON unnamed(since);
CREATE TABLE IF NOT EXISTS updates(
    generation INTEGER PRIMARY KEY, finished REAL NOT NULL, seconds REAL NOT NULL, summary TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS symbols(number INTEGER PRIMARY KEY, language TEXT NOT NULL, data BLOB NOT NULL);
-- Contents that the second stage has not seen yet; kept with every change of a row, so that finding them costs
-- nothing where there are none.
CREATE TABLE IF NOT EXISTS pending(number INTEGER PRIMARY KEY);
"""

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


class Catalog:
    """The files of a tree. Shares the threads' rules of its Database: any thread reads, one at a time writes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        if not database.readonly:
            with database.transaction() as connection:
                connection.execute(SCHEMA + VIEW_SCHEMA)
                if not connection.execute(
                    "SELECT 1 FROM pragma_table_info('files') WHERE name = 'ctime_ns'"
                ).fetchall():
                    # Formats before the third: 0 is no file's time, so each file is read once.
                    connection.execute("ALTER TABLE files ADD COLUMN ctime_ns INTEGER NOT NULL DEFAULT 0")
        elif not self.rows("SELECT 1 FROM sqlite_schema WHERE name = 'index_state'"):
            raise StoreEmptyError(
                f"{database.path}: holds no index yet; it is being made, or that was interrupted; run: leindex index"
            )

    def snapshot(self) -> AbstractContextManager[None]:
        """This thread's reads see one state until the end."""
        return self.database.snapshot()

    def rows(self, sql: str, bindings: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a reader sees; for the modules that keep tables of the catalogue."""
        with self.database.mapped():
            return self.database.reader().execute(sql, bindings).fetchall()

    def written(self, sql: str, bindings: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The same as the writer sees it, inside its transaction too."""
        with self.database.mapped():
            return self.database.writer.execute(sql, bindings).fetchall()

    def _damaged(self, error: Exception) -> StoreCorruptError:
        return StoreCorruptError(f"{self.database.path}: is damaged ({error}); remove the index and index again")

    # -- state --------------------------------------------------------------------------------------------------

    def state(self, name: str, default: Any = None) -> Any:
        """A named value of the index, as JSON holds it."""
        rows = self.rows("SELECT value FROM index_state WHERE name = ?", (name,))
        try:
            return json.loads(rows[0][0]) if rows else default
        except ValueError as error:
            raise self._damaged(error) from error

    def set_state(self, values: Mapping[str, Any]) -> None:
        """Sets named values in one transaction."""
        with self.database.transaction() as connection:
            _put_state(connection, values)

    @property
    def generation(self) -> int:
        """How many updates were committed."""
        return int(self.state("generation", 0))

    @property
    def version(self) -> object:
        """What differs when files were added or removed, in an update that was not finished too."""
        return self.generation, self.sizes_by_reason()

    @property
    def has_views(self) -> bool:
        """Whether the documents are those of other views than this too."""
        known = self.rows("SELECT 1 FROM sqlite_schema WHERE name = 'views'")
        return bool(known and self.rows("SELECT 1 FROM views LIMIT 1"))

    # -- files --------------------------------------------------------------------------------------------------

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

    def _of_each(self, sql: str, numbers: Iterable[int]) -> list[tuple[Any, ...]]:
        """The rows for each of these documents, which `sql` takes one of."""
        with self.database.mapped():
            connection: Any = self.database.reader()
            return list(connection.executemany(sql, ((number,) for number in numbers)))

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
                _keep_named(connection, {*retired, *(row.number for row in rows)})

    def remove_files(self, paths: Sequence[bytes]) -> None:
        """Removes files in one transaction; contents that lose their last name are noted."""
        with self.database.transaction() as connection:
            retired = self._retire(connection, paths)
            connection.executemany(
                "DELETE FROM files WHERE view = ? AND path = ?", ((VIEW, key_of(path)) for path in paths)
            )
            _keep_named(connection, retired)

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
            _put_state(connection, {**values, "generation": generation})
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

    # -- contents without a name ----------------------------------------------------------------------------------

    def unnamed_before(self, moment: float, *, keep: int, limit: int | None = None) -> list[int]:
        """Contents without a name since before `moment`, and the oldest above `keep` of them; at most `limit`."""
        most = -1 if limit is None else limit
        old = self.rows("SELECT count(*) FROM (SELECT 1 FROM unnamed WHERE since < ? LIMIT ?)", (moment, most))
        due = max(old[0][0], self.rows("SELECT count(*) FROM unnamed")[0][0] - keep)
        if due <= 0:
            return []
        rows = self.rows(
            "SELECT number FROM unnamed AS u WHERE NOT EXISTS "
            "(SELECT 1 FROM files WHERE files.number = u.number AND files.number > 0) AND NOT EXISTS "
            "(SELECT 1 FROM view_files WHERE view_files.number = u.number) ORDER BY since LIMIT ?",
            (due if limit is None else min(due, limit),),
        )
        return [number for (number,) in rows]

    def forget_unnamed(self, numbers: Sequence[int]) -> None:
        """Drops the notes, and what was derived from these contents, once they are deleted."""
        with self.database.transaction() as connection:
            for table in ("unnamed", "symbols", "pending"):
                connection.executemany(f"DELETE FROM {table} WHERE number = ?", ((number,) for number in numbers))

    # -- symbols --------------------------------------------------------------------------------------------------

    def put_symbols(self, rows: Sequence[tuple[int, str, bytes]]) -> None:
        """Stores what the second stage derived: number, language, packed symbols."""
        with self.database.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO symbols VALUES(?, ?, ?)", rows)
            connection.executemany("DELETE FROM pending WHERE number = ?", ((row[0],) for row in rows))

    def symbols_of(self, number: int) -> tuple[str, bytes] | None:
        """The language and the packed symbols of a document, or None while they are not known."""
        rows = self.rows("SELECT language, data FROM symbols WHERE number = ?", (number,))
        return (rows[0][0], rows[0][1]) if rows else None

    def symbols_of_each(self, numbers: Iterable[int]) -> dict[int, bytes]:
        """The packed symbols of those of these documents of which they are known."""
        found = self._of_each("SELECT number, data FROM symbols WHERE number = ?", numbers)
        return dict(found)

    def pending(self) -> int:
        """How many documents the second stage has not seen yet."""
        return int(self.rows("SELECT count(*) FROM pending")[0][0])

    def without_symbols(self) -> list[tuple[int, str]]:
        """Documents that the second stage has not seen yet: number, and the language of its first file; by number."""
        return self.rows(
            "SELECT p.number, coalesce((SELECT language FROM files WHERE files.number = p.number "
            "AND files.number > 0 ORDER BY path LIMIT 1), (SELECT language FROM view_files JOIN view_facts "
            "ON view_facts.id = facts WHERE view_files.number = p.number ORDER BY part, path LIMIT 1), '') "
            "FROM pending AS p ORDER BY p.number"
        )

    def derive_again(self, numbers: Sequence[int]) -> None:
        """Drops what was derived from these documents, and has the second stage see them once more."""
        with self.database.transaction() as connection:
            connection.executemany("DELETE FROM symbols WHERE number = ?", ((number,) for number in numbers))
            connection.executemany("INSERT OR IGNORE INTO pending VALUES(?)", ((number,) for number in numbers))

    def count_again(self) -> None:
        """Makes the totals those of the files."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM file_totals")
            connection.execute(
                "INSERT INTO file_totals "
                "SELECT skipped, count(*), sum(size) FROM files WHERE view = ? GROUP BY skipped",
                (VIEW,),
            )

    def drop_pending(self, numbers: Sequence[int]) -> None:
        """Takes documents that are gone off the list of the second stage."""
        with self.database.transaction() as connection:
            connection.executemany("DELETE FROM pending WHERE number = ?", ((number,) for number in numbers))


def settle_unnamed(connection: apsw.Connection, numbers: Iterable[int]) -> None:
    """Notes those of these contents that no file has, and takes back the notes on those that have a name after all."""
    numbers = list(numbers)
    connection.executemany("INSERT OR IGNORE INTO unnamed VALUES(?, ?)", ((number, time.time()) for number in numbers))
    _keep_named(connection, numbers)


def _keep_named(connection: apsw.Connection, numbers: Iterable[int]) -> None:
    connection.executemany(
        "DELETE FROM unnamed WHERE number = ?1 AND (EXISTS (SELECT 1 FROM files WHERE number = ?1 AND number > 0) "
        "OR EXISTS (SELECT 1 FROM view_files WHERE number = ?1))",
        ((number,) for number in numbers),
    )


def note_pending(connection: apsw.Connection, numbers: Iterable[int]) -> None:
    """Notes those of these contents that the second stage has not seen yet."""
    connection.executemany(
        "INSERT OR IGNORE INTO pending SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM symbols WHERE number = ?1)",
        ((number,) for number in numbers),
    )


def range_of(scope: bytes) -> tuple[bytes, bytes]:
    """The stored paths below a folder: from the first value, up to the second."""
    return (key_of(scope) + b"\0", key_of(scope) + b"\1") if scope else (b"", b"\xff\xff\xff")


def _put_state(connection: apsw.Connection, values: Mapping[str, Any]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO index_state VALUES(?, ?)",
        ((name, json.dumps(value)) for name, value in values.items()),
    )
