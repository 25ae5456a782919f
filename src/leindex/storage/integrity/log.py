"""The log beside a database: kept to a bounded size, and never taken away while somebody was promised it.

SQLite would copy the log into the database by itself, at a size of its own, and delete it when the last connection
closes. Both are done here instead, because the mark (log_mark.py) has to be told before and after.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import apsw

from ..sqlite.errors import damaged
from .checked_pages import PAGE_SIZE
from .log_mark import LogMark, State

WAL_PAGES: Final = 4000
"""The log is copied when it holds this many pages (32 MB): bulk loads then write each page about once."""

PATIENCE_MS: Final = 3000
"""How long a commit waits for the oldest reader once the log has twice as many pages. Where that one ends in time, it
waits for the next oldest, and so on."""

LONGEST_SECONDS: Final = 30
"""How long a commit waits for all of them."""


class Log:
    """The log of one database.

    `durable`: whether a power cut may take nothing that was committed.
    """

    def __init__(self, database: Path, *, durable: bool) -> None:
        self._path = database
        self._wait: Callable[[int], bool] | None = None
        self._mark = LogMark(database, durable=durable)
        self._outlasted = -1  # as far as the log is copied while a reader goes on that was waited for in vain

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
        # A log that a long reader made grow is cut when it begins again; one batch is often more than WAL_PAGES.
        connection.pragma("journal_size_limit", 2 * WAL_PAGES * PAGE_SIZE)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.set_commit_hook(self._mark.begin)
        connection.set_wal_hook(self._committed)

    def _committed(self, connection: apsw.Connection, name: str, frames: int) -> int:
        """SQLite's hook after a commit."""
        self._mark.committed(frames)
        if frames >= WAL_PAGES:
            with contextlib.suppress(apsw.Error):  # the transaction is durable; the next one tries again
                there, copied = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                if frames >= 2 * WAL_PAGES and copied != self._outlasted:
                    there, copied = self._begin_again(connection, copied)
                if there == copied:
                    self._mark.copied()
        return apsw.SQLITE_OK

    def _begin_again(self, connection: apsw.Connection, copied: int) -> tuple[int, int]:
        """Waits until the log begins again, which it does where all is copied and nobody reads from it: readers that
        take turns would never let that happen. Returns its pages, and how many of them are copied.

        As long as readers end the wait goes on. One that does not is not waited for again: as far as the log is copied,
        which is where the oldest reader stands, tells it from others.
        """
        deadline = time.monotonic() + LONGEST_SECONDS
        connection.set_busy_timeout(PATIENCE_MS)
        try:
            while True:
                with contextlib.suppress(apsw.BusyError):
                    return connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
                before, (there, copied) = copied, connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                if copied == before or time.monotonic() > deadline:
                    self._outlasted = copied
                    return there, copied
        finally:
            connection.set_busy_handler(self._wait)

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
