"""One SQLite file: opened safely, written by one connection, read by others, errors mapped.

Everything that is particular to SQLite as a library is here: which versions are safe, which pragmas are set,
how a file is recognised, how waiting for another writer works, and which of SQLite's errors is which of ours.

APSW brings its own SQLite. The versions from 3.7.0 to 3.51.2 can corrupt a database when a WAL reset meets a
checkpoint, so older ones than 3.51.3 are refused.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

import apsw

from ..errors import (
    ConfigError,
    StorageError,
    StoreBusyError,
    StoreCorruptError,
    StoreEmptyError,
    StoreReadOnlyError,
    StoreVersionError,
)
from .folder.opened_file import Mode, OpenedFile
from .folder.private_folder import exists, make_file, not_created, sync_file, sync_folder
from .integrity.checked_pages import PAGE_SIZE, RESERVED, checked_vfs
from .integrity.log import Log
from .sqlite.errors import Mapped, damaged

Durability = Literal["full", "normal"]

APPLICATION_ID: Final = 0x6C656958
FORMAT_VERSION: Final = 5
CHECKED_VERSION: Final = 5
"""From this version on every page carries a checksum."""

OLDEST_VERSION: Final = 1
"""What a writer can still bring up to date, see `Database.found_version`."""

SAFE_SQLITE: Final = 3_051_003
BUSY_SECONDS: Final = 30.0
"""How long a writer waits for another before it gives up (and `batch_write` replays its batch)."""

REBUILT: Final = ".new"
"""What is added to the name of a file that is to take the place of another."""

_WRITING: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI


class Database(OpenedFile):
    """A SQLite file of ours.

    `mode` is "read" (never changes the content), "write" (must exist) or "create". `vfs` names an APSW VFS,
    which is how tests simulate power cuts and slow disks. Raises StorageError subclasses that name the file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        mode: Mode = "create",
        durability: Durability = "full",
        vfs: str | None = None,
        busy_seconds: float = BUSY_SECONDS,
        older: bool = False,
    ) -> None:
        if apsw.SQLITE_VERSION_NUMBER < SAFE_SQLITE:
            raise StorageError(
                f"SQLite {apsw.sqlitelibversion()} can corrupt databases; install apsw 3.51.3.0 or newer"
            )
        if durability not in ("full", "normal"):
            raise ConfigError(f'durability must be "full" or "normal", not {durability!r}')
        super().__init__(Path(path), mode)
        self._mapped = Mapped(self.path)
        self.durability = durability
        self.busy_seconds = busy_seconds
        self._vfs = checked_vfs(vfs)
        self._log = Log(self.path, durable=durability == "full")
        self._older = older
        self._local = threading.local()
        self._readers: list[apsw.Connection] = []
        self._lock = threading.Lock()
        self._writer: apsw.Connection | None = None
        self.created = False
        self.found_version = FORMAT_VERSION
        """The version that the file had when it was opened; an older one is for the storage to bring up to date."""
        if self.readonly:
            try:
                with self.mapped():
                    self._check_header(self.reader())
                    self._log.check(self.reader())
            except BaseException:
                self.close()  # or the file would stay open for as long as the error is kept
                raise
        else:
            self._writer = self._open_writer(create=mode == "create")

    # -- connections -----------------------------------------------------------------------------------------

    def _open_writer(self, *, create: bool) -> apsw.Connection:
        if create:
            make_file(self.path)
        elif not exists(self.path):
            raise StorageError(f"{self.path}: there is no index")
        with self.mapped():
            connection = apsw.Connection(str(self.path), flags=_WRITING, vfs=self._vfs)
            try:
                connection.set_busy_handler(self._wait_for_other)
                if connection.readonly("main"):
                    raise StoreReadOnlyError(f"{self.path}: cannot be written; check the file's permissions")
                self._check_header(connection)
                if not self._has_checksums(connection):
                    connection = self._given_checksums(connection)
                if connection.pragma("journal_mode") != "wal":
                    connection.pragma("journal_mode", "wal")
                self._log.check(connection)
                connection.pragma("synchronous", self.durability)
                connection.pragma("cache_size", -32_000)
                connection.pragma("temp_store", "memory")
                self._log.keep(connection, self._wait_for_other)
            except BaseException:
                connection.close()
                raise
        return connection

    def _check_header(self, connection: apsw.Connection) -> None:
        """Refuses files that are not ours or are of another version; claims an empty one."""
        # One look: between two, another process may have claimed an empty file.
        connection.execute("BEGIN")
        try:
            application = connection.pragma("application_id")
            version = connection.pragma("user_version")
            empty = not connection.execute("SELECT count(*) FROM sqlite_schema").get
        finally:
            if connection.in_transaction:  # a damaged page ended it already
                connection.execute("ROLLBACK")
        if application == 0 and version == 0 and empty:
            if self.readonly:
                raise StoreEmptyError(f"{self.path}: holds no index; run: leindex index")
            connection.pragma("page_size", PAGE_SIZE)
            connection.reserve_bytes("main", RESERVED)
            # In one transaction with the schema the stamp could not be set before the first table; it is
            # idempotent.
            with self._exclusive(connection):
                connection.pragma("application_id", APPLICATION_ID)
                connection.pragma("user_version", FORMAT_VERSION)
            self.created = True
        elif application != APPLICATION_ID:
            raise StoreCorruptError(f"{self.path}: is an SQLite database, but not a leindex index; it is left as it is")
        elif version > FORMAT_VERSION:
            raise StoreVersionError(
                f"{self.path}: has the format version {version}, this leindex knows {FORMAT_VERSION}; "
                f"use a leindex that knows version {version}, or index again into another folder"
            )
        elif version < FORMAT_VERSION and (version < OLDEST_VERSION or (self.readonly and not self._older)):
            advice = "remove the index and" if version < OLDEST_VERSION else "to bring it up to date,"
            raise StoreVersionError(
                f"{self.path}: has the old format version {version}, this leindex needs {FORMAT_VERSION}; "
                f"{advice} run: leindex index"
            )
        elif version >= CHECKED_VERSION and not self._has_checksums(connection):
            raise damaged(self.path, "its header says that pages have no checksums")
        self.found_version = version or FORMAT_VERSION

    @staticmethod
    def _has_checksums(connection: apsw.Connection) -> bool:
        return connection.reserve_bytes("main") == RESERVED

    def _given_checksums(self, old: apsw.Connection) -> apsw.Connection:
        """A copy of an old file in its place, every page with a checksum. Nobody else may have it open."""
        new = self.path.with_name(self.path.name + REBUILT)
        new.unlink(missing_ok=True)
        make_file(new)
        # Out of the log, and with a lock that stays: who waits for it goes on with the old file, which nobody writes.
        old.pragma("locking_mode", "exclusive")
        if old.pragma("journal_mode", "delete") != "delete":
            raise StoreBusyError(f"{self.path}: is open elsewhere and of an older format; end the other first")
        old.execute("BEGIN EXCLUSIVE; COMMIT")
        old.reserve_bytes("main", RESERVED)
        old.execute("VACUUM INTO ?", (f"file:{quote(str(new.absolute()))}?vfs={quote(self._vfs)}",))
        self._log.forget()
        try:
            sync_file(new)
            new.replace(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            raise not_created(self.path, error) from error
        old.close()
        connection = apsw.Connection(str(self.path), flags=_WRITING, vfs=self._vfs)
        connection.set_busy_handler(self._wait_for_other)
        return connection

    def write_back(self) -> None:
        """Copies the log into the database and empties it; does nothing where somebody reads or writes just now."""
        with self.mapped():
            self._log.write_back(self.writer)

    def mark_current(self) -> None:
        """Notes that what the file holds is of the current format, once it is; inside a transaction or not."""
        if self.found_version < FORMAT_VERSION:
            self.writer.pragma("user_version", FORMAT_VERSION)

    def reader(self) -> apsw.Connection:
        """This thread's own read connection."""
        self._check_usable()
        connection: apsw.Connection | None = getattr(self._local, "reader", None)
        if connection is None:
            with self.mapped():
                connection = self._open_reader()
            self._local.reader = connection
            with self._lock:
                self._readers.append(connection)
        return connection

    def _open_reader(self) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        if not exists(self.path):
            raise StorageError(f"{self.path}: there is no index")
        self._undo_cut_short()
        try:
            connection = apsw.Connection(str(self.path), flags=flags, vfs=self._vfs)
            connection.set_busy_timeout(int(self.busy_seconds * 1000))
            connection.pragma("application_id")
        except (apsw.CantOpenError, apsw.ReadOnlyError):
            # WAL mode needs its -shm file. Where it cannot be made and no WAL waits, nobody can be writing.
            wal = self.path.with_name(self.path.name + "-wal")
            if wal.exists() and wal.stat().st_size:
                raise
            name = f"file:{quote(str(self.path.absolute()))}?immutable=1"
            connection = apsw.Connection(name, flags=flags, vfs=self._vfs)
            connection.pragma("application_id")
        connection.pragma("cache_size", -64_000)
        connection.pragma("query_only", True)
        return connection

    def _undo_cut_short(self) -> None:
        """Undoes a change that a crash cut short before the file had a log; who only reads could not."""
        journal = self.path.with_name(self.path.name + "-journal")
        if not journal.exists() or not journal.stat().st_size:
            return
        connection = apsw.Connection(str(self.path), flags=_WRITING, vfs=self._vfs)
        try:
            connection.set_busy_timeout(int(self.busy_seconds * 1000))
            connection.pragma("application_id")
        finally:
            connection.close()

    @property
    def writer(self) -> apsw.Connection:
        """The one connection that writes."""
        self._check_usable()
        if self._writer is None:
            raise StoreReadOnlyError(f"{self.path}: is open for reading only")
        return self._writer

    def _wait_for_other(self, attempt: int) -> bool:
        """SQLite's busy handler: milliseconds with jitter, so that many writers do not move in step."""
        import random

        now = time.monotonic()
        if attempt == 0:
            self._local.deadline = now + self.busy_seconds
        if now >= self._local.deadline:
            return False
        time.sleep(random.uniform(0.5, 1.5) * min(0.001 * (attempt + 1), 0.02))
        return True

    # -- transactions ----------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """One write transaction: committed at the end, rolled back whole by any exception.

        One that begins inside another is a part of it: all or nothing, durable when the outer one is.
        """
        with self.mapped():
            connection = self.writer
            with self._exclusive(connection):
                yield connection

    @contextmanager
    def _exclusive(self, connection: apsw.Connection) -> Iterator[None]:
        # IMMEDIATE: a transaction that read first and then wrote would meet BUSY_SNAPSHOT, which no waiting
        # cures.
        begin, commit, undo = ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
        if connection.in_transaction:
            begin, commit = "SAVEPOINT part", "RELEASE part"
            undo = "ROLLBACK TO part; RELEASE part"
        connection.execute(begin)
        try:
            yield
            connection.execute(commit)
        except BaseException:
            # FULL and IOERR may have rolled back already; a second ROLLBACK would hide the cause.
            if connection.in_transaction:
                connection.execute(undo)
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """This thread's reads see one state of the database until the end."""
        connection = self.reader()
        if connection.in_transaction:
            yield
            return
        with self.mapped():
            connection.execute("BEGIN")
        try:
            yield
        finally:
            if connection.in_transaction:  # a damaged page ended it already
                with self.mapped():
                    connection.execute("ROLLBACK")

    def mapped(self) -> AbstractContextManager[None]:
        """Maps SQLite's errors to ours; every call of SQLite is made inside."""
        return self._mapped

    # -- upkeep ----------------------------------------------------------------------------------------------

    def integrity_problems(self) -> list[str]:
        """SQLite's own check of the whole file; a line for each problem, with the table that a damaged page is of."""
        try:
            return self._checked("20")
        except StoreCorruptError as error:
            return [f"table {name} is damaged" for name in self.damaged_tables()] or [str(error)]

    def damaged_tables(self) -> list[str]:
        """The tables that cannot be read whole, with their indexes. Raises StoreCorruptError where not even the list
        of tables can be read."""
        with self.mapped():
            names = [
                str(name) for (name,) in self.reader().execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            ]
        damaged_ones = []
        for name in names:
            try:
                whole = not self._checked(f"'{name}'")
            except StoreCorruptError:
                whole = False
            if not whole:
                damaged_ones.append(name)
        return damaged_ones

    def _checked(self, what: str) -> list[str]:
        with self.mapped():
            rows = [str(row[0]) for row in self.reader().execute(f"PRAGMA integrity_check({what})")]
        return [] if rows == ["ok"] else rows

    def close(self) -> None:
        """Closes all connections; a second call does nothing."""
        if self._closed:
            return
        ours = os.getpid() == self._pid
        if ours and self._writer is not None:
            with contextlib.suppress(apsw.Error):  # only advice for the planner; what matters is committed
                self._writer.pragma("optimize")
            with contextlib.suppress(StorageError):  # the next one does
                self.write_back()
            self._log.let_go(self._writer)
        self._closed = True
        if not ours:
            return  # a child must not touch its parent's connections
        with self._lock:
            readers, self._readers = self._readers, []
        writer, self._writer = self._writer, None
        with self.mapped():
            for reader in readers:
                reader.close()
            if writer is not None:
                writer.close()
        self._log.close()
