"""The log beside a database: kept to a bounded size, and never taken away while somebody was promised it.

SQLite would copy the log into the database by itself, at a size of its own, and delete it when the last connection
closes. Both are done here instead, because the mark (log_mark.py) has to be told before and after.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import apsw

from ..sqlite.errors import damaged
from .checked_pages import PAGE_SIZE
from .log_mark import LogMark, State

WAL_PAGES: Final = 4000
"""The log is copied when it holds this many pages (32 MB): bulk loads then write each page about once."""

PATIENCE_MS: Final = 1000
"""How long a commit waits for readers once the log has twice as many pages, and again for each time as many."""


class Log:
    """The log of one database.

    `durable`: whether a power cut may take nothing that was committed.
    """

    def __init__(self, database: Path, *, durable: bool) -> None:
        self._path = database
        self._wait: Callable[[int], bool] | None = None
        self._mark = LogMark(database, durable=durable)
        self._times_too_long = 0

    def check(self, connection: apsw.Connection) -> None:
        """Raises StoreCorruptError for a state that is not the one that was acknowledged."""
        try:
            frames, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
        except apsw.ReadOnlyError:  # the folder is: SQLite does not say, the log's size does
            log = self._path.with_name(self._path.name + "-wal")
            frames = log.stat().st_size // PAGE_SIZE if log.exists() else 0
        if lost := self._mark.lost(max(0, frames)):
            raise damaged(self._path, lost)

    def keep(self, connection: apsw.Connection, wait: Callable[[int], bool]) -> None:
        """Takes over from SQLite what becomes of the log of a connection that writes. `wait` is its busy handler, given
        how many times it was called for the same lock."""
        self._wait = wait
        connection.pragma("journal_size_limit", WAL_PAGES * PAGE_SIZE)  # what a long reader made it grow to
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.set_commit_hook(self._mark.begin)
        connection.set_wal_hook(self._committed)

    def _committed(self, connection: apsw.Connection, name: str, frames: int) -> int:
        """SQLite's hook after a commit."""
        self._mark.committed(frames)
        times = frames // WAL_PAGES
        if times:
            with contextlib.suppress(apsw.Error):  # the transaction is durable; the next one tries again
                self._copy(connection, patient=1 < times > self._times_too_long)
        self._times_too_long = times
        return apsw.SQLITE_OK

    def _copy(self, connection: apsw.Connection, *, patient: bool) -> None:
        """Copies the log into the database. It begins again where all is copied and nobody reads from it, which readers
        that take turns would never let happen: to be patient is to wait a moment for those that read now."""
        if patient:
            connection.set_busy_timeout(PATIENCE_MS)
        try:
            mode = apsw.SQLITE_CHECKPOINT_RESTART if patient else apsw.SQLITE_CHECKPOINT_PASSIVE
            there, copied = connection.wal_checkpoint(mode=mode)
        finally:
            connection.set_busy_handler(self._wait)
        if there == copied:
            self._mark.copied()

    def write_back(self, connection: apsw.Connection) -> None:
        """Copies the log into the database and empties it; does nothing where somebody reads or writes just now."""
        mark = self._mark.read()
        if mark is None or mark.state is State.CLOSED:
            return
        self._mark.closing()
        connection.set_busy_handler(None)
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._mark.closed()
            finally:
                connection.execute("ROLLBACK")
        except apsw.BusyError:
            return  # the next one does
        finally:
            connection.set_busy_handler(self._wait)

    def let_go(self, connection: apsw.Connection) -> None:
        """Called before a connection that writes is closed: if it is the last, SQLite may delete a log that nobody is
        promised any more."""
        mark = self._mark.read()
        if mark is None or mark.state is not State.OPEN:
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)

    def forget(self) -> None:
        """Promises nothing any more."""
        self._mark.forget()

    def close(self) -> None:
        """Gives back what is open."""
        self._mark.close()
