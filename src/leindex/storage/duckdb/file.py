"""One DuckDB file: created whole, opened safely, written by one connection, read by others, errors mapped.

DuckDB lets one process write, or several read, but not both at once; a second one gets a clear error.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb

from ...errors import (
    StorageError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
    StoreReadOnlyError,
    StoreVersionError,
)
from ..folder.opened_file import Mode, OpenedFile
from ..folder.private_folder import exists, make_folder, not_created, sync_folder

Made = TypeVar("Made")

FORMAT_VERSION: Final = 1

ROW_GROUP: Final = 8192
"""Documents that DuckDB keeps together: one thread scans them, and a commit writes the last group anew. By its own
default a tree would be one or two groups, scanned by one thread and written again by every commit."""

SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    # Nothing is fetched from anywhere, and no more memory is taken than a build may need.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "1GB",
    "preserve_insertion_order": "false",
}

SCHEMA: Final = """
CREATE TABLE documents(
    number BIGINT NOT NULL, doc_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, size BIGINT NOT NULL,
    fields VARCHAR, value BLOB NOT NULL USING COMPRESSION uncompressed, text VARCHAR);
CREATE TABLE words(key UINTEGER NOT NULL, number BIGINT NOT NULL, payload UTINYINT NOT NULL);
CREATE TABLE word_lengths(number BIGINT NOT NULL, length BIGINT NOT NULL);
CREATE TABLE store_state(name VARCHAR NOT NULL, value BIGINT NOT NULL);
"""


class DuckDBFile(OpenedFile):
    """A DuckDB file of ours.

    `mode` is "read" (never changes anything), "write" (must exist) or "create". Raises StorageError
    subclasses that name the file.
    """

    def __init__(self, path: Path, mode: Mode) -> None:
        super().__init__(path, mode)
        self._local = threading.local()
        self._connection: duckdb.DuckDBPyConnection | None = None
        with self.mapped():
            if not exists(self.path):
                if mode != "create":
                    raise StorageError(f"{self.path}: there is no index")
                self._create()
            self._connection = duckdb.connect(":memory:", config=SETTINGS)
            try:
                self._attach(self._connection, self.path, self.readonly)
                self._check_format()
            except BaseException:
                self.close()
                raise

    @staticmethod
    def _attach(connection: duckdb.DuckDBPyConnection, path: Path, readonly: bool) -> None:
        name = str(path).replace("'", "''")
        # The size of a row group is not kept in the file: it has to be said whenever it is opened.
        options = "READ_ONLY" if readonly else f"ROW_GROUP_SIZE {ROW_GROUP}"
        connection.execute(f"ATTACH '{name}' AS store ({options})")
        connection.execute("USE store")

    def _create(self) -> None:
        """Makes the file under another name and gives it its own when it is complete.

        A process that dies in between leaves no half file; of two that create it at once, one wins.
        """
        make_folder(self.path.parent)
        for stale in self.path.parent.glob(f"{self.path.name}.new-*"):
            if not Path("/proc", stale.name.rsplit("-", 2)[1]).exists():
                stale.unlink(missing_ok=True)
        new = self.path.with_name(f"{self.path.name}.new-{os.getpid()}-{threading.get_ident()}")
        try:
            with duckdb.connect(":memory:", config=SETTINGS) as connection:
                self._attach(connection, new, readonly=False)
                connection.execute(SCHEMA)
                connection.execute("INSERT INTO store_state VALUES ('format', ?), ('next', 1)", [FORMAT_VERSION])
                connection.execute("USE memory")
                connection.execute("DETACH store")
            new.chmod(0o600)
            with suppress(FileExistsError):
                os.link(new, self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            raise not_created(self.path, error) from error
        finally:
            new.unlink(missing_ok=True)

    def _check_format(self) -> None:
        try:
            version = self.state(self.cursor(), "format")
        except (duckdb.CatalogException, duckdb.BinderException, IndexError) as error:
            raise StoreCorruptError(
                f"{self.path}: is a DuckDB database, but not a leindex index; it is left as it is"
            ) from error
        self._check_version(version, FORMAT_VERSION)

    @staticmethod
    def state(cursor: duckdb.DuckDBPyConnection, name: str) -> int:
        """A number of `store_state`: "format", or "next", the next document's."""
        return int(cursor.execute("SELECT value FROM store_state WHERE name = ?", [name]).fetchall()[0][0])

    @contextmanager
    def mapped(self) -> Iterator[None]:
        """Maps DuckDB's errors to ours; some differ only in their texts."""
        try:
            yield
        except duckdb.Error as error:
            text = str(error).splitlines()[0]
            if "Could not set lock" in text or isinstance(error, duckdb.ConnectionException):
                raise StoreBusyError(
                    f"{self.path}: another process has the index open; DuckDB lets one process write, or "
                    f"several read, but not both: wait for that process or end it, then try again ({text})"
                ) from error
            if "No space left" in text or "Out of disk" in text:
                raise StoreFullError(f"{self.path}: no space is left; free some and run the command again") from error
            if "Permission denied" in text or "read-only" in text.lower():
                raise StoreReadOnlyError(f"{self.path}: cannot be opened or written: {text}") from error
            if "not a valid DuckDB database" in text:
                raise StoreCorruptError(f"{self.path}: is not a leindex index; it is left as it is") from error
            if "version number" in text:
                raise StoreVersionError(
                    f"{self.path}: was written by another version of DuckDB ({text}); "
                    "install that one, or remove the index and index again"
                ) from error
            if isinstance(error, (duckdb.FatalException, duckdb.InternalException)) or "orrupt" in text:
                raise StoreCorruptError(
                    f"{self.path}: is damaged ({text}); remove the index and index again"
                ) from error
            raise StorageError(f"{self.path}: {text}") from error

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The one connection that writes; `cursor()` of it reads in another thread."""
        self._check_usable()
        assert self._connection is not None
        return self._connection

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """This thread's own connection for reading."""
        connection = self.connection
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = connection.cursor()
            cursor.execute("USE store")
            self._local.cursor, self._local.pinned = cursor, False
        return cursor

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One write transaction: committed at the end, rolled back whole by any exception."""
        self._check_writable()
        connection = self.connection
        with self.mapped():
            connection.begin()
            try:
                yield connection
                connection.commit()
            except BaseException:
                with suppress(duckdb.Error):  # a failed commit has rolled back; what matters is its own error
                    connection.rollback()
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """This thread's reads see one state of the database until the end."""
        cursor = self.cursor()
        if self._local.pinned:
            yield
            return
        with self.mapped():
            cursor.begin()
        self._local.pinned, self._local.kept = True, {}
        try:
            yield
        finally:
            self._local.pinned, self._local.kept = False, {}
            with self.mapped():
                cursor.rollback()

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` returns; within a snapshot of this thread it is made once for a key."""
        if not getattr(self._local, "pinned", False):
            return make()
        kept: dict[Hashable, Any] = self._local.kept
        if key not in kept:
            kept[key] = make()
        made: Made = kept[key]
        return made

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query, read by this thread."""
        cursor = self.cursor()
        with self.mapped():
            return cursor.execute(sql, list(values)).fetchall()

    def each(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a query one by one, read by this thread, which must read nothing else meanwhile."""
        cursor = self.cursor()
        with self.mapped():
            cursor.execute(sql)
            while part := cursor.fetchmany(1000):
                yield from part

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        connection, self._connection, self._closed = self._connection, None, True
        self._local = threading.local()
        if connection is not None and os.getpid() == self._pid:
            with self.mapped():
                connection.close()
