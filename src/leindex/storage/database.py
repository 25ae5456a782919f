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
    StoreFullError,
    StoreReadOnlyError,
    StoreVersionError,
)
from .private_folder import exists, make_file

Durability = Literal["full", "normal"]

APPLICATION_ID: Final = 0x6C656958
FORMAT_VERSION: Final = 4
OLDEST_VERSION: Final = 1
"""What a writer can still bring up to date, see `Database.found_version`."""

SAFE_SQLITE: Final = 3_051_003
PAGE_SIZE: Final = 8192
BUSY_SECONDS: Final = 30.0
"""How long a writer waits for another before it gives up (and `batch_write` replays its batch)."""

WAL_PAGES: Final = 4000
"""Checkpoint when the WAL holds this many pages (32 MB): bulk loads then write each page about once."""


class _Mapped:
    """Raises our error for one of SQLite's. Stateless, and a class because generators as context managers took a
    noticeable part of a small transaction."""

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, apsw.Error | UnicodeDecodeError):
            raise self.ours(error) from error

    def ours(self, error: apsw.Error | UnicodeDecodeError) -> StorageError:
        """What an error of SQLite is called here; text that is none is damage."""
        match error:
            case apsw.BusyError() | apsw.LockedError() | apsw.ProtocolError():
                return StoreBusyError(f"{self.path}: another process is writing; try again later")
            case apsw.FullError():
                return StoreFullError(f"{self.path}: no space is left; free some and run the command again")
            case apsw.ReadOnlyError() | apsw.PermissionsError() | apsw.AuthError():
                return StoreReadOnlyError(f"{self.path}: cannot be written: {error}")
            case apsw.NotADBError():
                return StoreCorruptError(f"{self.path}: is not a leindex index; it is left as it is")
            case apsw.CorruptError() | apsw.FormatError() | UnicodeDecodeError():
                return StoreCorruptError(f"{self.path}: is damaged ({error}); remove the index and index again")
            case apsw.CantOpenError():
                return StorageError(f"{self.path}: cannot be opened; check the permissions of the folder")
            case apsw.IOError():
                return StorageError(f"{self.path}: the disk failed: {error}")
            case _:
                return StorageError(f"{self.path}: {error}")


class Database:
    """A SQLite file of ours.

    `mode` is "read" (never changes the content), "write" (must exist) or "create". `vfs` names an APSW VFS,
    which is how tests simulate power cuts and slow disks. Raises StorageError subclasses that name the file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        mode: Literal["read", "write", "create"] = "create",
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
        self.path = Path(path)
        self._mapped = _Mapped(self.path)
        self.readonly = mode == "read"
        self.durability = durability
        self.busy_seconds = busy_seconds
        self._vfs = vfs
        self._older = older
        self._pid = os.getpid()
        self._local = threading.local()
        self._readers: list[apsw.Connection] = []
        self._lock = threading.Lock()
        self._closed = False
        self._writer: apsw.Connection | None = None
        self._immutable = False
        self.created = False
        self.found_version = FORMAT_VERSION
        """The version that the file had when it was opened; an older one is for the storage to bring up to date."""
        if self.readonly:
            with self.mapped():
                self._check_header(self.reader())
        else:
            self._writer = self._open_writer(create=mode == "create")

    # -- connections -----------------------------------------------------------------------------------------

    def _open_writer(self, *, create: bool) -> apsw.Connection:
        if create:
            make_file(self.path)
        elif not exists(self.path):
            raise StorageError(f"{self.path}: there is no index")
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
        with self.mapped():
            connection = apsw.Connection(str(self.path), flags=flags, vfs=self._vfs)
            try:
                connection.set_busy_handler(self._wait_for_other)
                if connection.readonly("main"):
                    raise StoreReadOnlyError(f"{self.path}: cannot be written; check the file's permissions")
                self._check_header(connection)
                if connection.pragma("journal_mode") != "wal":
                    connection.pragma("journal_mode", "wal")
                connection.pragma("synchronous", self.durability)
                connection.pragma("cache_size", -32_000)
                connection.pragma("wal_autocheckpoint", WAL_PAGES)
                connection.pragma("temp_store", "memory")
            except BaseException:
                connection.close()
                raise
        return connection

    def _check_header(self, connection: apsw.Connection) -> None:
        """Refuses files that are not ours or are of another version; claims an empty one."""
        application = connection.pragma("application_id")
        version = connection.pragma("user_version")
        empty = not connection.execute("SELECT count(*) FROM sqlite_schema").get
        if application == 0 and version == 0 and empty:
            if self.readonly:
                raise StoreEmptyError(f"{self.path}: holds no index; run: leindex index")
            connection.pragma("page_size", PAGE_SIZE)
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
        self.found_version = version or FORMAT_VERSION

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

    @property
    def writer(self) -> apsw.Connection:
        """The one connection that writes."""
        self._check_usable()
        if self._writer is None:
            raise StoreReadOnlyError(f"{self.path}: is open for reading only")
        return self._writer

    def _check_usable(self) -> None:
        if self._closed:
            raise StorageError(f"{self.path}: is closed")
        if os.getpid() != self._pid:
            raise StorageError(f"{self.path}: was opened before a fork; open it again in the child")

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
            with self.mapped():
                connection.execute("ROLLBACK")

    def mapped(self) -> AbstractContextManager[None]:
        """Maps SQLite's errors to ours; every call of SQLite is made inside."""
        return self._mapped

    # -- upkeep ----------------------------------------------------------------------------------------------

    def integrity_problems(self) -> list[str]:
        """SQLite's own check of the whole file; a line for each problem."""
        with self.mapped():
            rows = [str(row[0]) for row in self.reader().execute("PRAGMA integrity_check(20)")]
        return [] if rows == ["ok"] else rows

    def close(self) -> None:
        """Closes all connections; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        if os.getpid() != self._pid:
            return  # a child must not touch its parent's connections
        with self._lock:
            readers, self._readers = self._readers, []
        writer, self._writer = self._writer, None
        with self.mapped():
            for reader in readers:
                reader.close()
            if writer is not None:
                with contextlib.suppress(apsw.Error):  # only advice for the planner; what matters is committed
                    writer.pragma("optimize")
                writer.close()
