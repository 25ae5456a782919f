"""What all parts of the catalogue start from: its tables, reading and writing them, the named values of an index."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import apsw

from ...errors import StoreCorruptError, StoreEmptyError
from ..database import Database
from ..revisions.schema import SCHEMA as VIEW_SCHEMA

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


class CatalogState:
    """The tables of a catalogue. Shares the threads' rules of its Database: any thread reads, one at a time writes."""

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
            put_state(connection, values)

    @property
    def generation(self) -> int:
        """How many updates were committed."""
        return int(self.state("generation", 0))

    @property
    def has_views(self) -> bool:
        """Whether the documents are those of other views than this too."""
        known = self.rows("SELECT 1 FROM sqlite_schema WHERE name = 'views'")
        return bool(known and self.rows("SELECT 1 FROM views LIMIT 1"))

    def _of_each(self, sql: str, numbers: Iterable[int]) -> list[tuple[Any, ...]]:
        """The rows for each of these documents, which `sql` takes one of."""
        with self.database.mapped():
            connection: Any = self.database.reader()
            return list(connection.executemany(sql, ((number,) for number in numbers)))


def put_state(connection: apsw.Connection, values: Mapping[str, Any]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO index_state VALUES(?, ?)",
        ((name, json.dumps(value)) for name, value in values.items()),
    )
