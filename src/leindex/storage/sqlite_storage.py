"""The default engine: documents, gram segments and words in one SQLite file.

>>> import tempfile
>>> with SQLiteSearch(tempfile.mkdtemp() + "/index.db") as store:
...     result = store.batch_write([("a.py", {"content": "def retry(): ..."})])
...     [doc_id for doc_id, _ in store.search_content("retry")]
['a.py']
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import apsw

from .._native import SegmentBuilder
from ..errors import DocumentError, StoreCorruptError
from ..models import Document, DocumentItem, WordBag
from ..text import searchable
from .database import FORMAT_VERSION, Database, Durability
from .formula import Formula
from .sqlite.candidates import SegmentCandidates
from .sqlite.schema import create_schema
from .sqlite.segments import (
    Covered,
    beyond_tail,
    compact_kind,
    damaged_blocks,
    merge_small,
    rebuild_grams,
    reserve_numbers,
    rows,
    seal_grams,
    seal_words,
    segments,
    word_in_segment,
    words_in_tail,
    write_segment,
)
from .storage_interface import Postings, PreparedBatch, SearchInterface, WordTotals
from .stored_value import DocumentRow, decode_document, decode_value, decode_values, encode_batch, encode_row

if TYPE_CHECKING:
    from .._native import Buffer

INSERT = "INSERT INTO kv_store(id, key, value_type, size, fields, value) VALUES(?, ?, ?, ?, ?, ?)"
ROWS_AT_ONCE = 11
"""Rows in one INSERT: 100 documents are the first and nine times so many. More gain nothing."""
INSERT_NEXT = "INSERT OR FAIL INTO kv_store(key, value_type, size, fields, value) VALUES(?, ?, ?, ?, ?)"
INSERT_MANY = INSERT_NEXT + ", (?, ?, ?, ?, ?)" * (ROWS_AT_ONCE - 1)
PARAMETERS_AT_ONCE = 500
CLOSE = 2
"""Documents whose numbers differ by no more are read in one query."""


class _Payload:
    """What `prepare` made: the rows, last of each id, and the blocks of their segment if they are worth
    one."""

    __slots__ = ("blocks", "rows")

    def __init__(self, rows: list[DocumentRow], blocks: list[tuple[int, bytes]] | None) -> None:
        self.rows = rows
        self.blocks = blocks


class SQLiteSearch(SearchInterface):
    """Documents in SQLite.

    `path` is the database file; it is made if it is missing, private to the user, unless `readonly`.
    `durability` is "full" (an acknowledged batch survives a power cut) or "normal" (it survives a crash of
    the process; the last batches before a power cut may be lost whole). `batch_size` is a count or "auto".
    `vfs` names an APSW VFS. Many readers and one writer at a time may share a file; a second writer waits.
    """

    name: ClassVar[str] = "sqlite"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        readonly: bool = False,
        durability: Durability = "full",
        batch_size: int | Literal["auto"] = 100,
        vfs: str | None = None,
        database: Database | None = None,
    ) -> None:
        mode: Literal["read", "create"] = "read" if readonly else "create"
        self.database = database or Database(path, mode=mode, durability=durability, vfs=vfs)
        self.batch_size = batch_size
        if not self.database.readonly:
            with self.database.transaction() as connection:
                if self.database.found_version < FORMAT_VERSION:
                    self._bring_up_to_date(connection)
                create_schema(connection)

    def _bring_up_to_date(self, connection: apsw.Connection) -> None:
        """Format 1 had grams without capitals: its gram segments are made again from the documents. Format 2 had small
        contents without a checksum, which stay as they are. Until format 3 the blocks stood in a table of another name:
        an older leindex that still has the file open shall fail rather than add blocks of its own layout."""
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'segment_blocks'").fetchone():
            connection.execute("ALTER TABLE segment_blocks RENAME TO blocks")
        if self.database.found_version < 2:
            import logging

            path = self.database.path
            logging.getLogger("leindex").warning("%s: is of an older format; bringing it up to date", path)
            rebuild_grams(connection)
        self.database.mark_current()

    # -- writing ---------------------------------------------------------------------------------------------

    def index_document(self, doc_id: str, document: Document) -> bool:
        row, _ = encode_row((doc_id, document))
        with self.database.transaction() as connection:
            try:
                self._write_rows(connection, [row], None)
            except (apsw.ConstraintError, apsw.TooBigError, apsw.MismatchError, apsw.RangeError) as error:
                raise DocumentError(str(error)) from error
        return True

    def prepare(self, documents: Sequence[DocumentItem]) -> PreparedBatch:
        batch = encode_batch(documents)
        blocks = None
        if beyond_tail(batch.size, len(batch.rows)):
            builder = SegmentBuilder()
            for content in batch.contents():
                builder.add(searchable(content))
            blocks = builder.finish()
        return PreparedBatch(batch.accepted, batch.size, batch.rejected, payload=_Payload(batch.rows, blocks))

    def _write_batch(self, batch: PreparedBatch) -> list[tuple[str, str]]:
        payload = cast(_Payload, batch.payload)
        with self.database.transaction() as connection:
            try:
                first = self._write_rows(connection, payload.rows, payload.blocks)
            except (apsw.ConstraintError, apsw.TooBigError, apsw.MismatchError, apsw.RangeError) as error:
                raise DocumentError(str(error)) from error
        batch.numbers = lambda: {row[0]: number for number, row in enumerate(payload.rows, first)}
        return []

    def _write_isolated(self, batch: PreparedBatch) -> list[tuple[str, str]]:
        rejected: list[tuple[str, str]] = []
        with self.database.transaction() as connection:
            for row in cast(_Payload, batch.payload).rows:
                try:
                    with connection:  # a savepoint: what is inside lands or vanishes on its own
                        self._write_rows(connection, [row], None)
                except (apsw.ConstraintError, apsw.TooBigError, apsw.MismatchError, apsw.RangeError) as error:
                    rejected.append((row[0], str(error)))
        return rejected

    def _write_rows(
        self, connection: apsw.Connection, rows: list[DocumentRow], blocks: list[tuple[int, bytes]] | None
    ) -> int:
        """Replaces and inserts rows, and keeps the text index with them; inside a transaction.

        Returns the number of the first row."""
        size = sum([row[2] for row in rows])
        if blocks is not None:
            seal_grams(connection)
        first, full = reserve_numbers(connection, len(rows), size if blocks is None else None)
        try:
            self._insert(connection, first, rows)
        except apsw.ConstraintError:
            # Most batches replace nothing, so that is only looked into once an id turns out to be there. What
            # was inserted until then goes as well, having the same ids.
            self._remove(connection, [row[0] for row in rows])
            self._insert(connection, first, rows)
        if blocks is not None:
            write_segment(connection, "gram", Covered(first, first + len(rows) - 1, size), blocks)
        elif full:
            seal_grams(connection)
        if blocks is not None or full:
            merge_small(connection, "gram")
        return first

    @staticmethod
    def _insert(connection: apsw.Connection, first: int, rows: list[DocumentRow]) -> None:
        """Inserts rows with the numbers from `first` on, which is above all that are there; leaves those before one
        whose id is there. Raises StoreCorruptError where a greater number is there.

        SQLite gives each row without a number the one after the greatest. Such rows, many to a statement, take two
        thirds of the time of one by one, and OR FAIL spares the journal that would undo half a statement: where
        ids are in no order that took nearly as long as all the rest.
        """
        connection.execute(INSERT, (first, *rows[0]))
        whole = len(rows) - (len(rows) - 1) % ROWS_AT_ONCE
        starts = range(1, whole, ROWS_AT_ONCE)
        connection.executemany(
            INSERT_MANY, [tuple(chain.from_iterable(rows[start : start + ROWS_AT_ONCE])) for start in starts]
        )
        connection.executemany(INSERT_NEXT, rows[whole:])
        if connection.last_insert_rowid() != first + len(rows) - 1:
            raise StoreCorruptError("the numbers of the documents are damaged; remove the index and index again")

    @staticmethod
    def _remove(connection: apsw.Connection, doc_ids: Sequence[str]) -> int:
        """Deletes the documents of these ids everywhere; postings of theirs go when segments merge."""
        found: list[int] = []
        doc_ids = list(dict.fromkeys(doc_ids))
        for start in range(0, len(doc_ids), PARAMETERS_AT_ONCE):
            part = doc_ids[start : start + PARAMETERS_AT_ONCE]
            marks = ",".join("?" * len(part))
            found += [n for (n,) in connection.execute(f"SELECT id FROM kv_store WHERE key IN ({marks})", part)]
        if not found:
            return 0
        for table, column in (("kv_store", "id"), ("word_tail", "number"), ("word_lengths", "number")):
            connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", ((number,) for number in found))
        return len(found)

    def delete_documents(self, doc_ids: Sequence[str]) -> int:
        with self.database.transaction() as connection:
            return self._remove(connection, doc_ids)

    def clear(self) -> None:
        with self.database.transaction() as connection:
            for table in ("kv_store", "segments", "blocks", "word_tail", "word_lengths"):
                connection.execute(f"DELETE FROM {table}")
            connection.execute("UPDATE store_state SET value = 0 WHERE name <> 'next_number'")

    # -- reading ---------------------------------------------------------------------------------------------

    def snapshot(self) -> AbstractContextManager[None]:
        return self.database.snapshot()

    def _rows(self, sql: str, bindings: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        connection = self.database.reader()
        with self.database.mapped():
            return connection.execute(sql, bindings).fetchall()

    def _looked_up(self, columns: str, column: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(values), PARAMETERS_AT_ONCE):
            part = values[start : start + PARAMETERS_AT_ONCE]
            marks = ",".join("?" * len(part))
            yield from self._rows(f"SELECT {columns} FROM kv_store WHERE {column} IN ({marks})", part)

    def count(self) -> int:
        return int(self._rows("SELECT count(*) FROM kv_store")[0][0])

    def numbers(self, doc_ids: Sequence[str]) -> dict[str, int]:
        return dict(cast("Iterator[tuple[str, int]]", self._looked_up("key, id", "key", doc_ids)))

    def doc_ids(self, numbers: Sequence[int]) -> list[str | None]:
        found = dict(cast("Iterator[tuple[int, str]]", self._looked_up("id, key", "id", numbers)))
        return [found.get(number) for number in numbers]

    def ids(self) -> Iterator[tuple[int, str]]:
        yield from cast("list[tuple[int, str]]", self._rows("SELECT id, key FROM kv_store ORDER BY id"))

    def get_document(self, doc_id: str) -> Document | None:
        rows = self._rows("SELECT value_type, value, size, fields FROM kv_store WHERE key = ?", (doc_id,))
        if not rows:
            return None
        value_type, value, size, fields = rows[0]
        return decode_document(value_type, decode_value(value_type, value, size), fields)

    def contents(self, numbers: Sequence[int]) -> list[bytes | None]:
        return [None if row is None else decode_value(*row[1:]) for row in self._stored(numbers)]

    def reading(self, numbers: Sequence[int]) -> Callable[[], list[Buffer | None]]:
        stored = self._stored(numbers)
        return lambda: _unpacked(stored)

    def _stored(self, numbers: Sequence[int]) -> list[tuple[int, str, bytes | str, int] | None]:
        """Number, type, value and size of each document; None for one that is gone."""
        connection, found = self.database.reader(), {}
        with self.database.mapped():
            for run in _runs(numbers):
                for row in rows(
                    connection, "SELECT id, value_type, value, size FROM kv_store WHERE id BETWEEN ? AND ?", run
                ):
                    found[row[0]] = row
        return [found.get(number) for number in numbers]

    def candidates(self, formula: Formula) -> SegmentCandidates:
        with self.database.mapped():
            return SegmentCandidates(self.database, formula)

    # -- words -----------------------------------------------------------------------------------------------

    def write_words(self, bags: Sequence[WordBag]) -> None:
        with self.database.transaction() as connection:
            for bag in bags:
                connection.execute(
                    "INSERT INTO word_lengths SELECT ?1, ?2 "
                    "WHERE EXISTS (SELECT 1 FROM kv_store WHERE id = ?1) ON CONFLICT DO NOTHING",
                    (bag.number, bag.length),
                )
                if connection.changes():
                    row = (bag.number, bag.keys, bag.payloads)
                    connection.execute("INSERT INTO word_tail VALUES(?, ?, ?)", row)
            seal_words(connection)
            merge_small(connection, "word")

    def word_postings(self, key: int) -> Postings:
        return self.postings_of_words([key])[0]

    def postings_of_words(self, keys: Sequence[int]) -> list[Postings]:
        with self.database.snapshot(), self.database.mapped():
            connection = self.database.reader()
            covering = segments(connection, "word")
            tail = words_in_tail(connection, keys)
            return [
                _joined([*(word_in_segment(connection, segment, key) for segment in covering), tail[key]])
                for key in keys
            ]

    def word_lengths(self, numbers: Sequence[int]) -> list[int]:
        connection = self.database.reader()
        with self.database.mapped():
            rows = (
                connection.execute("SELECT length FROM word_lengths WHERE number = ?", (number,)).fetchone()
                for number in numbers
            )
            return [0 if row is None else row[0] for row in rows]

    def word_totals(self) -> WordTotals:
        count, total = self._rows("SELECT count(*), coalesce(sum(length), 0) FROM word_lengths")[0]
        return WordTotals(count, total)

    # -- upkeep ----------------------------------------------------------------------------------------------

    def check(self) -> list[str]:
        problems = self.database.integrity_problems()
        if not problems:
            with self.database.mapped():
                problems += damaged_blocks(self.database.reader())
        return problems

    def compact(self) -> None:
        with self.database.transaction() as connection:
            compact_kind(connection, "gram")
            compact_kind(connection, "word")

    def stats(self) -> dict[str, Any]:
        grams, blocks = self._rows("SELECT count(*), coalesce(sum(block_bytes), 0) FROM segments WHERE kind = 'gram'")[
            0
        ]
        pages, free, page_size = (
            self._rows(f"PRAGMA {name}")[0][0] for name in ("page_count", "freelist_count", "page_size")
        )
        return {
            "engine": self.name,
            "documents": self.count(),
            "segments": grams,
            "segment_bytes": blocks,
            "database_bytes": pages * page_size,
            "free_bytes": free * page_size,
        }

    def close(self) -> None:
        self.database.close()


def _joined(parts: Sequence[tuple[bytes, bytes]]) -> Postings:
    """Posting lists of neighbouring documents as one, in order also where words were written in another order than
    their documents."""
    numbers, payloads = b"".join(numbers for numbers, _ in parts), b"".join(payloads for _, payloads in parts)
    filled = [memoryview(numbers).cast("I") for numbers, _ in parts if numbers]
    if any(after[0] <= before[-1] for before, after in pairwise(filled)):
        pairs = sorted(zip(memoryview(numbers).cast("I"), payloads, strict=True))
        return Postings(array("I", (n for n, _ in pairs)).tobytes(), bytes(w for _, w in pairs))
    return Postings(numbers, payloads)


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """The first and last of the numbers that lie close together: a row read in vain costs less than a query."""
    runs: list[tuple[int, int]] = []
    ordered = sorted(numbers)
    start = last = ordered[0] if ordered else 0
    for number in ordered:
        if number - last > CLOSE:
            runs.append((start, last))
            start = number
        last = number
    return [*runs, (start, last)] if ordered else []


def _unpacked(stored: Sequence[tuple[int, str, bytes | str, int] | None]) -> list[Buffer | None]:
    texts = iter(decode_values([row[1:] for row in stored if row is not None]))
    return [None if row is None else next(texts) for row in stored]
