"""What contents refer to, as the second stage derived it: one packed row a document, beside its symbols.

The tables are made when the second stage first runs, and then everything that has symbols already is derived once
more: an index of an older format gets its references at its next update.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..linkage import VERSION
from .database import Database
from .sqlite.schema import LINKAGE


class LinkageTable:
    """The references of documents, in the catalogue's database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def _rows(self, sql: str, bindings: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.database.mapped():
            return self.database.reader().execute(sql, bindings).fetchall()

    @property
    def exists(self) -> bool:
        """Whether the second stage has run since references are derived."""
        return bool(self._rows("SELECT 1 FROM sqlite_schema WHERE name = 'linkage_state'"))

    def prepare(self) -> None:
        """Makes the tables where they are missing, and has what was derived by an older version derived again. May be
        called inside a transaction."""
        with self.database.mapped():
            writer: Any = self.database.writer
            if (
                writer.execute("SELECT 1 FROM sqlite_schema WHERE name = 'linkage_state'").fetchall()
                and writer.execute(
                    "SELECT 1 FROM linkage_state WHERE name = 'version' AND value = ?", (VERSION,)
                ).fetchall()
            ):
                return
        with self.database.transaction() as connection:
            connection.execute(LINKAGE)
            connection.execute(
                "INSERT OR IGNORE INTO pending SELECT number FROM symbols AS s "
                "WHERE EXISTS (SELECT 1 FROM files WHERE files.number = s.number AND files.number > 0)"
            )
            connection.execute("INSERT OR REPLACE INTO linkage_state VALUES('version', ?)", (VERSION,))

    def put(self, rows: Sequence[tuple[int, str, bytes | None]]) -> None:
        """Stores number, language and packed places of documents."""
        with self.database.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO linkage VALUES(?, ?, ?)", rows)

    def of(self, number: int) -> tuple[str, bytes | None] | None:
        """The language and the packed places of a document; None while they are not derived."""
        rows = self._rows("SELECT language, data FROM linkage WHERE number = ?", (number,))
        return (rows[0][0], rows[0][1]) if rows else None

    def of_each(self, numbers: Iterable[int]) -> dict[int, bytes | None]:
        """The packed places of those of these documents of which they are derived."""
        with self.database.mapped():
            connection: Any = self.database.reader()
            rows = connection.executemany(
                "SELECT number, data FROM linkage WHERE number = ?", ((number,) for number in numbers)
            )
            return dict(rows)

    def unread(self) -> int:
        """How many documents' references could not be read: too large, or too slow to parse."""
        return int(self._rows("SELECT count(*) FROM linkage WHERE data IS NULL")[0][0]) if self.exists else 0
