"""What is derived from contents: symbols and references, which contents wait for that, and which no file has."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import apsw

from .state import CatalogState


class DerivedCatalog(CatalogState):
    """The part of the catalogue that is about contents, by their documents' numbers."""

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

    def drop_pending(self, numbers: Sequence[int]) -> None:
        """Takes documents that are gone off the list of the second stage."""
        with self.database.transaction() as connection:
            connection.executemany("DELETE FROM pending WHERE number = ?", ((number,) for number in numbers))

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


def settle_unnamed(connection: apsw.Connection, numbers: Iterable[int]) -> None:
    """Notes those of these contents that no file has, and takes back the notes on those that have a name after all."""
    numbers = list(numbers)
    connection.executemany("INSERT OR IGNORE INTO unnamed VALUES(?, ?)", ((number, time.time()) for number in numbers))
    keep_named(connection, numbers)


def keep_named(connection: apsw.Connection, numbers: Iterable[int]) -> None:
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
