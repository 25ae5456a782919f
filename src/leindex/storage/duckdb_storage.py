"""Documents in DuckDB: a column store that scans instead of looking up, and answers SQL.

There is no text index. A formula becomes a WHERE clause over the texts, which DuckDB evaluates in vectors on every
core; what a search costs grows with the size of the tree. In return a document is written once and nothing else
is, and any question that SQL can ask is answered over contents as over all else.

Texts are kept as VARCHAR where they are valid UTF-8, and are then the document's content unless `raw` says otherwise;
a document whose searchable text is not valid UTF-8 has no text, its bytes in `raw`, and is a candidate always.
Columns are never compared through an index: DuckDB's indexes refuse a key that is deleted and inserted again in one
transaction, and a scan of a column of numbers or ids takes a millisecond.

DuckDB lets one process write, or several read, but not both at once; a second one gets a clear error.
"""

from __future__ import annotations

import os
import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeAlias, cast

import duckdb

from ..errors import (
    DocumentError,
    StorageError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
    StoreReadOnlyError,
    StoreVersionError,
)
from ..models import Document, DocumentItem, WordBag
from ..query.formula import And, Anything, Formula, Lit, Nothing, Or
from ..text import searchable
from .literal_text import whole_characters
from .private_folder import exists, make_folder, not_created, sync_folder
from .storage_interface import (
    PlainCandidates,
    Postings,
    PreparedBatch,
    SearchInterface,
    WordTotals,
    check_document,
    other_fields,
)
from .stored_value import decode_document

FILE: Final = "index.duckdb"
FORMAT_VERSION: Final = 1

SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    # Nothing is fetched from anywhere, and no more memory is taken than a build may need.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "2GB",
    "preserve_insertion_order": "false",
}

SCHEMA: Final = """
CREATE TABLE documents(
    number BIGINT NOT NULL, doc_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, size BIGINT NOT NULL,
    fields VARCHAR, text VARCHAR, raw BLOB);
CREATE TABLE words(key UINTEGER NOT NULL, number BIGINT NOT NULL, payload UTINYINT NOT NULL);
CREATE TABLE word_lengths(number BIGINT NOT NULL, length BIGINT NOT NULL);
CREATE TABLE store_state(name VARCHAR NOT NULL, value BIGINT NOT NULL);
"""

Row: TypeAlias = tuple[str, str, int, str | None, str | None, bytes | None]
"""doc_id, kind, size, fields, text, raw."""


class DuckDBSearch(SearchInterface):
    """Documents in the file `index.duckdb` of `folder`.

    `mode` is "read" (never changes anything), "write" (must exist) or "create". A commit is always synced, so
    `durability` makes no difference. Raises StorageError subclasses that name the file.
    """

    name: ClassVar[str] = "duckdb"
    lacks: ClassVar[Mapping[str, str]] = {
        "reader_beside_writer": "DuckDB lets one process write, or several read, but not both at once"
    }

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        mode: Literal["read", "write", "create"] = "create",
        durability: Literal["full", "normal"] = "full",
        batch_size: int | Literal["auto"] = 100,
    ) -> None:
        self.path = Path(folder) / FILE
        self.readonly = mode == "read"
        self.durability = durability
        self.batch_size = batch_size
        self._pid = os.getpid()
        self._local = threading.local()
        self._connection: duckdb.DuckDBPyConnection | None = None
        with self._mapped():
            if not exists(self.path):
                if mode != "create":
                    raise StorageError(f"{self.path}: there is no index")
                self._create()
            self._connection = duckdb.connect(str(self.path), read_only=self.readonly, config=SETTINGS)
            try:
                self._check_format()
            except BaseException:
                self.close()
                raise

    # -- opening and closing ---------------------------------------------------------------------------------

    def _create(self) -> None:
        """Makes the file under another name and gives it its own when it is complete.

        A process that dies in between leaves no half file; of two that create it at once, one wins.
        """
        make_folder(self.path.parent)
        new = self.path.with_name(f"{FILE}.new-{os.getpid()}-{threading.get_ident()}")
        try:
            with duckdb.connect(str(new), config=SETTINGS) as connection:
                connection.execute(SCHEMA)
                connection.execute("INSERT INTO store_state VALUES ('format', ?), ('next', 1)", [FORMAT_VERSION])
                connection.execute("CHECKPOINT")
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
            version = self._state(self._cursor(), "format")
        except (duckdb.CatalogException, duckdb.BinderException, IndexError) as error:
            raise StoreCorruptError(
                f"{self.path}: is a DuckDB database, but not a leindex index; it is left as it is"
            ) from error
        if version != FORMAT_VERSION:
            raise StoreVersionError(
                f"{self.path}: has the format version {version}, this leindex knows {FORMAT_VERSION}; "
                "use the leindex that wrote it, or remove the index and index again"
            )

    @staticmethod
    def _state(cursor: duckdb.DuckDBPyConnection, name: str) -> int:
        return int(cursor.execute("SELECT value FROM store_state WHERE name = ?", [name]).fetchall()[0][0])

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        """Maps DuckDB's errors to ours; some differ only in their texts."""
        try:
            yield
        except duckdb.Error as error:
            text = str(error).splitlines()[0]
            if "Could not set lock" in text or isinstance(error, duckdb.ConnectionException):
                raise StoreBusyError(
                    f"{self.path}: another process has the index open; DuckDB lets one process write, or several "
                    f"read, but not both: wait for that process or end it, then try again ({text})"
                ) from error
            if "No space left" in text or "Out of disk" in text:
                raise StoreFullError(
                    f"{self.path}: no space is left; free some and run the command again"
                ) from error
            if "Permission denied" in text or "read-only" in text.lower():
                raise StoreReadOnlyError(f"{self.path}: cannot be opened or written: {text}") from error
            if "not a valid DuckDB database" in text:
                raise StoreCorruptError(
                    f"{self.path}: is not a leindex index; it is left as it is"
                ) from error
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
        if self._connection is None:
            raise StorageError(f"{self.path}: is closed")
        if os.getpid() != self._pid:
            raise StorageError(f"{self.path}: was opened before a fork; open it again in the child")
        return self._connection

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """This thread's own connection for reading."""
        connection = self.connection
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = connection.cursor()
            self._local.pinned = False
        return cursor

    def close(self) -> None:
        connection, self._connection = self._connection, None
        self._local = threading.local()
        if connection is not None and os.getpid() == self._pid:
            with self._mapped():
                connection.close()

    # -- writing ---------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self.connection
        if self.readonly:
            raise StoreReadOnlyError(f"{self.path}: is open for reading only")
        with self._mapped():
            connection.begin()
            try:
                yield connection
                connection.commit()
            except BaseException:
                with suppress(duckdb.Error):  # a failed commit has rolled back; what matters is its own error
                    connection.rollback()
                raise

    def index_document(self, doc_id: str, document: Document) -> bool:
        row, _ = _row((doc_id, document))
        with self._transaction() as connection:
            self._write_rows(connection, [row])
        return True

    def prepare(self, documents: Sequence[DocumentItem]) -> PreparedBatch:
        rows: dict[str, Row] = {}
        rejected: list[tuple[str, str]] = []
        accepted = size = 0
        for item in documents:
            try:
                row, length = _row(item)
            except DocumentError as error:
                rejected.append((str(item[0]), str(error)))
                continue
            rows.pop(row[0], None)
            rows[row[0]] = row
            accepted += 1
            size += length
        return PreparedBatch(accepted, size, rejected, payload=list(rows.values()))

    def _write_batch(self, batch: PreparedBatch) -> list[tuple[str, str]]:
        rows = cast("list[Row]", batch.payload)
        with self._transaction() as connection:
            first = self._write_rows(connection, rows)
        batch.numbers.update((row[0], number) for number, row in enumerate(rows, first))
        return []

    def _write_rows(self, connection: duckdb.DuckDBPyConnection, rows: list[Row]) -> int:
        self._remove(connection, [row[0] for row in rows])
        first = self._state(connection, "next")
        connection.execute("UPDATE store_state SET value = ? WHERE name = 'next'", [first + len(rows)])
        appender = connection.appender("documents")
        appender.append_rows((number, *row) for number, row in enumerate(rows, first))
        appender.flush()
        return first

    @staticmethod
    def _remove(connection: duckdb.DuckDBPyConnection, doc_ids: Sequence[str]) -> int:
        found = connection.execute(
            "SELECT number FROM documents WHERE doc_id IN (SELECT unnest(?::VARCHAR[]))", [list(doc_ids)]
        ).fetchall()
        numbers = [number for (number,) in found]
        if numbers:
            for table in ("documents", "words", "word_lengths"):
                connection.execute(
                    f"DELETE FROM {table} WHERE number IN (SELECT unnest(?::BIGINT[]))", [numbers]
                )
        return len(numbers)

    def delete_documents(self, doc_ids: Sequence[str]) -> int:
        with self._transaction() as connection:
            return self._remove(connection, doc_ids)

    def clear(self) -> None:
        with self._transaction() as connection:
            for table in ("documents", "words", "word_lengths"):
                connection.execute(f"DELETE FROM {table}")

    # -- reading ---------------------------------------------------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        cursor = self._cursor()
        if self._local.pinned:
            yield
            return
        with self._mapped():
            cursor.begin()
        self._local.pinned = True
        try:
            yield
        finally:
            self._local.pinned = False
            with self._mapped():
                cursor.rollback()

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        cursor = self._cursor()
        with self._mapped():
            return cursor.execute(sql, list(values)).fetchall()

    def _of_numbers(self, columns: str, numbers: Sequence[int], table: str = "documents") -> list[tuple[Any, ...]]:
        """Columns of the rows with these numbers."""
        if len(numbers) == 1:
            return self._rows(f"SELECT {columns} FROM {table} WHERE number = ?", numbers)
        return self._rows(
            f"SELECT {columns} FROM {table} WHERE number IN (SELECT unnest(?::BIGINT[]))", [list(numbers)]
        )

    def count(self) -> int:
        return int(self._rows("SELECT count(*) FROM documents")[0][0])

    def numbers(self, doc_ids: Sequence[str]) -> dict[str, int]:
        sql = "SELECT doc_id, number FROM documents WHERE doc_id IN (SELECT unnest(?::VARCHAR[]))"
        return dict(cast("list[tuple[str, int]]", self._rows(sql, [list(doc_ids)])))

    def doc_ids(self, numbers: Sequence[int]) -> list[str | None]:
        found = dict(cast("list[tuple[int, str]]", self._of_numbers("number, doc_id", numbers)))
        return [found.get(number) for number in numbers]

    def ids(self) -> Iterator[tuple[int, str]]:
        yield from cast(
            "list[tuple[int, str]]", self._rows("SELECT number, doc_id FROM documents ORDER BY number")
        )

    def get_document(self, doc_id: str) -> Document | None:
        rows = self._rows("SELECT kind, fields, text, raw FROM documents WHERE doc_id = ?", [doc_id])
        if not rows:
            return None
        kind, fields, text, raw = rows[0]
        return decode_document(kind, text.encode("utf-8") if raw is None else raw, fields)

    def contents(self, numbers: Sequence[int]) -> list[bytes | None]:
        # Where `raw` is set it is the content, and the text need not be read.
        columns = "number, CASE WHEN raw IS NULL THEN text END, raw"
        found = {
            number: text.encode("utf-8") if raw is None else raw
            for number, text, raw in self._of_numbers(columns, numbers)
        }
        return [found.get(number) for number in numbers]

    def candidates(self, formula: Formula) -> PlainCandidates:
        values: list[str] = []
        where = "text IS NULL OR " + _condition(formula, values)
        if isinstance(formula, Nothing):
            return PlainCandidates(())
        if isinstance(formula, Anything):
            where = "true"
        found = self._rows(f"SELECT number FROM documents WHERE {where}", values)
        return PlainCandidates([number for (number,) in found], everything=isinstance(formula, Anything))

    # -- words -----------------------------------------------------------------------------------------------

    def write_words(self, bags: Sequence[WordBag]) -> None:
        with self._transaction() as connection:
            numbers = [bag.number for bag in bags]
            welcome = connection.execute(
                "SELECT number FROM documents WHERE number IN (SELECT unnest(?::BIGINT[])) "
                "AND number NOT IN (SELECT number FROM word_lengths)",
                [numbers],
            ).fetchall()
            left = {number for (number,) in welcome}
            chosen: list[WordBag] = []
            for bag in bags:
                if bag.number in left:
                    left.discard(bag.number)
                    chosen.append(bag)
            if not chosen:
                return
            new = [bag.number for bag in chosen]
            # A word and its payload travel as one number, which halves what the binding has to convert.
            packed = [
                [key << 8 | weight for key, weight in zip(_keys(bag), bag.payloads, strict=True)]
                for bag in chosen
            ]
            connection.execute(
                "INSERT INTO words SELECT pair >> 8, number, pair & 255 FROM "
                "(SELECT number, unnest(pairs) AS pair FROM "
                "(SELECT unnest(?::BIGINT[]) AS number, unnest(?::BIGINT[][]) AS pairs))",
                [new, packed],
            )
            connection.execute(
                "INSERT INTO word_lengths SELECT unnest(?::BIGINT[]), unnest(?::BIGINT[])",
                [new, [bag.length for bag in chosen]],
            )

    def word_postings(self, key: int) -> Postings:
        found = self._rows("SELECT number, payload FROM words WHERE key = ? ORDER BY number", [key])
        return Postings(array("I", (n for n, _ in found)).tobytes(), bytes(weight for _, weight in found))

    def word_lengths(self, numbers: Sequence[int]) -> list[int]:
        found = dict(cast("list[tuple[int, int]]", self._of_numbers("number, length", numbers, "word_lengths")))
        return [found.get(number, 0) for number in numbers]

    def word_totals(self) -> WordTotals:
        count, total = self._rows("SELECT count(*), coalesce(sum(length), 0)::BIGINT FROM word_lengths")[0]
        return WordTotals(count, total)

    # -- upkeep ----------------------------------------------------------------------------------------------

    def check(self) -> list[str]:
        try:
            # Reading all of it also verifies the checksum of every block.
            wrong = self._rows(
                "SELECT number FROM documents WHERE size <> "
                "CASE WHEN raw IS NULL THEN strlen(text) ELSE octet_length(raw) END ORDER BY number"
            )
            twice = self._rows("SELECT doc_id FROM documents GROUP BY doc_id HAVING count(*) > 1")
        except StoreCorruptError as error:
            return [str(error)]
        problems = [f"document {number} is damaged; index again" for (number,) in wrong]
        return problems + [f"document {doc_id} is there more than once; index again" for (doc_id,) in twice]

    def compact(self) -> None:
        connection = self.connection
        with self._mapped():
            connection.execute("CHECKPOINT")

    def stats(self) -> dict[str, Any]:
        files = [path for path in self.path.parent.glob(FILE + "*") if path.is_file()]
        return {
            "engine": self.name,
            "documents": self.count(),
            "database_bytes": sum(path.stat().st_size for path in files),
        }


def _keys(bag: WordBag) -> Sequence[int]:
    return memoryview(bag.keys).cast("I")


def _row(item: DocumentItem) -> tuple[Row, int]:
    """The row of a document, but for its number, and the size of its content."""
    doc_id, document = item
    content = check_document(doc_id, document)
    fields = other_fields(document)
    seen = searchable(content)
    try:
        text: str | None = seen.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    raw = None if text is not None and seen == content else content
    kind = "text" if isinstance(document["content"], str) else "bytes"
    return (doc_id, kind, len(content), fields, text, raw), len(content)


def _condition(formula: Formula, values: list[str]) -> str:
    """A formula as SQL over `text`; its literals are appended to `values`.

    The formula is about text with ASCII capitals folded, DuckDB's lower() folds all letters. Both sides go through
    it, and since it maps each character by itself, a text that holds the literal still does afterwards.
    """
    match formula:
        case Anything():
            return "true"
        case Nothing():
            return "false"
        case Lit(data):
            text = whole_characters(data)
            if not text:
                return "false" if text is None else "true"
            values.append(text)
            return "contains(lower(text), lower(?))"
        case And(parts):
            return "(" + " AND ".join(_condition(part, values) for part in parts) + ")"
        case Or(parts):
            return "(" + " OR ".join(_condition(part, values) for part in parts) + ")"
