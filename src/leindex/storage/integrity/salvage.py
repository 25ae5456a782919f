"""A damaged database turned into a whole one with every row that can still be read.

The rows of each table are copied into a new file, which then takes the place of the old one. Where a page is damaged,
its rows are left out: in a table by numbers those between the last that can be read before and the first after it; in
one by keys those that neither the way up nor the way down reaches. What is missing afterwards, the caller derives anew
from the tree. The old file is kept beside the new one until the copy is durable.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw

from ..database import REBUILT, Database
from ..folder.private_folder import sync_file, sync_folder
from ..revisions.schema import CLEAR, TABLES
from .checked_pages import checked_vfs
from .log_mark import SUFFIX, LogMark

_STEPS: Final = 62
"""Doublings from one number to beyond the last."""

_UNREADABLE: Final = (apsw.CorruptError, apsw.IOError, apsw.NotADBError, apsw.FormatError, UnicodeDecodeError)


_SETTLE: Final = """
DELETE FROM blocks WHERE id >> 32 NOT IN (SELECT id FROM segments);
UPDATE store_state SET value = max(value, 1 + (SELECT coalesce(max(id), 0) FROM kv_store),
    1 + (SELECT coalesce(max(high), 0) FROM segments), 1 + (SELECT coalesce(max(number), 0) FROM files))
    WHERE name = 'next_number';
"""
"""What must hold between the tables of one file: no block without its segment, and numbers only grow."""

_WORDS: Final = frozenset(("kv_store", "segments", "blocks", "word_tail", "word_lengths"))
_NO_WORDS: Final = """
DELETE FROM word_tail;
DELETE FROM word_lengths;
DELETE FROM segments WHERE kind = 'word';
DELETE FROM symbols;
DELETE FROM pending;
INSERT INTO pending SELECT id FROM kv_store;
"""
"""Where one of the tables in `_WORDS` has lost rows, words may be missing of any document: all are derived again."""


class Saved(NamedTuple):
    """What was copied of a table, and whether rows had to be left out."""

    table: str
    rows: int
    whole: bool


def salvage(path: Path) -> list[Saved]:
    """Puts a whole database in the place of the damaged one at `path`, whose tables are all made; a line a table.

    Called by the holder of the update lock, with the file closed. Raises StorageError where the copy cannot be written.
    """
    from ..catalog import Catalog
    from ..sqlite.schema import create_schema

    new = path.with_name(path.name + REBUILT)
    for end in ("", "-wal", "-shm", SUFFIX):
        new.with_name(new.name + end).unlink(missing_ok=True)
    target = Database(new)
    try:
        with target.transaction() as connection:
            create_schema(connection)
        Catalog(target)
        saved = _copied(path, target)
    finally:
        target.close()
    sync_file(new)
    LogMark(path).forget()
    new.replace(path)
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    LogMark(new).forget()
    sync_folder(path.parent)
    return saved


def _copied(path: Path, target: Database) -> list[Saved]:
    tables = [
        (str(name), "WITHOUT ROWID" in sql.upper())
        for name, sql in target.reader().execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite#_%' ESCAPE '#'"
        )
    ]
    try:
        source = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, vfs=checked_vfs())
        there = {
            str(name) for (name,) in source.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        }
    except (*_UNREADABLE, apsw.CantOpenError):
        return [Saved(name, 0, False) for name, _ in tables]
    saved = []
    for name, by_key in tables:
        if name not in there:
            saved.append(Saved(name, 0, True))
            continue
        table = _Table(source, name, by_key, target)
        with target.transaction() as connection:
            connection.executemany(table.insert, table.rows())
        saved.append(Saved(name, table.count, table.whole))
    source.close()
    with target.transaction() as connection:
        if any(not one.whole for one in saved if one.table in _WORDS):
            connection.execute(_NO_WORDS)
        if any(not one.whole for one in saved if one.table in TABLES):
            connection.execute(CLEAR)
        connection.execute(_SETTLE)
    return saved


class _Table:
    """One table of the damaged file, as far as it can be read."""

    def __init__(self, source: apsw.Connection, name: str, by_key: bool, target: Database) -> None:
        def columns(connection: apsw.Connection) -> list[tuple[str, int]]:
            return [
                (str(row[1]), int(row[5] or 0)) for row in connection.execute(f"PRAGMA table_info({name})").fetchall()
            ]

        known = columns(target.reader())
        old = {column for column, _ in columns(source)}
        both = [column for column, _ in known if column in old]
        keys = [column for column, place in sorted(known, key=lambda pair: pair[1]) if place]
        self._source, self._name, self._by_key = source, name, by_key
        self._columns = ", ".join(both)
        self._up = ", ".join(keys)
        self._down = ", ".join(f"{key} DESC" for key in keys)
        self.insert = f"INSERT OR REPLACE INTO {name}({self._columns}) VALUES({', '.join('?' * len(both))})"
        self.count = 0
        self.whole = True

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Every row that can be read, some perhaps twice."""
        return self._by_keys() if self._by_key else self._by_numbers()

    def _by_keys(self) -> Iterator[tuple[Any, ...]]:
        for order in (self._up, self._down):
            try:
                for row in self._source.execute(f"SELECT {self._columns} FROM {self._name} ORDER BY {order}"):
                    self.count += 1
                    yield row
            except _UNREADABLE:
                self.whole = False
            else:
                return

    def _by_numbers(self) -> Iterator[tuple[Any, ...]]:
        low: int | None = 0  # no number of ours is below
        while low is not None:
            select = f"SELECT rowid, {self._columns} FROM {self._name} WHERE rowid >= ? ORDER BY rowid"
            try:
                for number, *row in self._source.execute(select, (low,)):
                    low = number + 1
                    self.count += 1
                    yield tuple(row)
                return
            except _UNREADABLE:
                self.whole = False
                low = self._readable_after(low)

    def _readable_after(self, number: int) -> int | None:
        """The first number after a damaged place from which a row can be read; None if there is none."""
        near, far = number, None
        for step in range(_STEPS):
            if self._reads(number + (1 << step)):
                far = number + (1 << step)
                break
            near = number + (1 << step)
        if far is None:
            return None
        while far - near > 1:
            middle = (near + far) // 2
            if self._reads(middle):
                far = middle
            else:
                near = middle
        return far

    def _reads(self, number: int) -> bool:
        select = f"SELECT {self._columns} FROM {self._name} WHERE rowid >= ? ORDER BY rowid LIMIT 1"
        try:
            self._source.execute(select, (min(number, 2**62),)).fetchall()
        except _UNREADABLE:
            return False
        return True
