"""Documents in DuckDB: a column store that scans instead of looking up, and answers SQL.

There is no text index. A formula becomes a WHERE clause over the texts, which DuckDB evaluates in vectors on
every core; what a search costs grows with the size of the tree. In return a document is written once and
nothing else is, and any question that SQL can ask is answered over contents as over all else.

A document's content is in `value`, encoded as in the other engines, and its searchable text is in
`text` once more, for scanning: DuckDB packs long texts together so well that reading one of them unpacks
megabytes. A document whose searchable text is not valid UTF-8 has no text, and is a candidate always. Columns
are never compared through an index: DuckDB's indexes refuse a key that is deleted and inserted again in one
transaction, and a scan of a column of numbers or ids takes a millisecond.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, cast

import duckdb

from ..errors import StoreCorruptError
from ..models import Document, DocumentItem, WordBag
from ..text import searchable
from .candidates import CandidateSet, PlainCandidates
from .duckdb.file import DuckDBFile
from .duckdb.scan import ScannedCandidates
from .folder.opened_file import Mode
from .folder_engine import FolderEngine
from .formula import Anything, Formula, Nothing
from .storage_interface import Postings, PreparedBatch, WordTotals
from .stored_value import DocumentRow, decode_document, decode_value, encode_batch, encode_row

Row: TypeAlias = tuple[str, str, int, str | None, bytes, str | None]
"""doc_id, kind, size, fields, value, text."""


class DuckDBSearch(FolderEngine):
    """Documents in the file `index.duckdb` of `folder`."""

    name: ClassVar[str] = "duckdb"
    place: ClassVar[str] = "index.duckdb"
    lacks: ClassVar[Mapping[str, str]] = {
        "reader_beside_writer": "DuckDB lets one process write, or several read, but not both at once"
    }

    def _opened(self, folder: Path, mode: Mode) -> DuckDBFile:
        self.file = DuckDBFile(folder / self.place, mode)
        return self.file

    def _files(self) -> Iterable[Path]:
        return self.file.path.parent.glob(self.place + "*")

    # -- writing ---------------------------------------------------------------------------------------------

    def index_document(self, doc_id: str, document: Document) -> bool:
        row = _row(*encode_row((doc_id, document)))
        with self.file.transaction() as connection:
            self._write_rows(connection, [row])
        return True

    def prepare(self, documents: Sequence[DocumentItem]) -> PreparedBatch:
        batch = encode_batch(documents)
        rows = [_row(*row) for row in zip(batch.rows, batch.contents(), strict=True)]
        return PreparedBatch(batch.accepted, batch.size, batch.rejected, payload=rows)

    def _write_batch(self, batch: PreparedBatch) -> list[tuple[str, str]]:
        rows = cast("list[Row]", batch.payload)
        with self.file.transaction() as connection:
            first = self._write_rows(connection, rows)
        batch.numbers = lambda: {row[0]: number for number, row in enumerate(rows, first)}
        return []

    def _write_rows(self, connection: duckdb.DuckDBPyConnection, rows: list[Row]) -> int:
        self._remove(connection, [row[0] for row in rows])
        first = self.file.state(connection, "next")
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
                connection.execute(f"DELETE FROM {table} WHERE number IN (SELECT unnest(?::BIGINT[]))", [numbers])
        return len(numbers)

    def delete_documents(self, doc_ids: Sequence[str]) -> int:
        with self.file.transaction() as connection:
            return self._remove(connection, doc_ids)

    def clear(self) -> None:
        with self.file.transaction() as connection:
            for table in ("documents", "words", "word_lengths"):
                connection.execute(f"DELETE FROM {table}")

    # -- reading ---------------------------------------------------------------------------------------------

    def _of_numbers(self, columns: str, numbers: Sequence[int], table: str = "documents") -> list[tuple[Any, ...]]:
        """Columns of the rows with these numbers."""
        if len(numbers) == 1:
            return self.file.rows(f"SELECT {columns} FROM {table} WHERE number = ?", numbers)
        return self.file.rows(
            f"SELECT {columns} FROM {table} WHERE number IN (SELECT unnest(?::BIGINT[]))", [list(numbers)]
        )

    def count(self) -> int:
        return int(self.file.rows("SELECT count(*) FROM documents")[0][0])

    def numbers(self, doc_ids: Sequence[str]) -> dict[str, int]:
        sql = "SELECT doc_id, number FROM documents WHERE doc_id IN (SELECT unnest(?::VARCHAR[]))"
        return dict(cast("list[tuple[str, int]]", self.file.rows(sql, [list(doc_ids)])))

    def doc_ids(self, numbers: Sequence[int]) -> list[str | None]:
        found = dict(cast("list[tuple[int, str]]", self._of_numbers("number, doc_id", numbers)))
        return [found.get(number) for number in numbers]

    def ids(self) -> Iterator[tuple[int, str]]:
        yield from cast("list[tuple[int, str]]", self.file.rows("SELECT number, doc_id FROM documents ORDER BY number"))

    def get_document(self, doc_id: str) -> Document | None:
        rows = self.file.rows("SELECT kind, size, fields, value FROM documents WHERE doc_id = ?", [doc_id])
        if not rows:
            return None
        kind, size, fields, value = rows[0]
        return decode_document(kind, decode_value(kind, value, size), fields)

    def contents(self, numbers: Sequence[int]) -> list[bytes | None]:
        found = {
            number: decode_value(kind, value, size)
            for number, kind, size, value in self._of_numbers("number, kind, size, value", numbers)
        }
        return [found.get(number) for number in numbers]

    def candidates(self, formula: Formula) -> CandidateSet:
        if isinstance(formula, (Anything, Nothing)):
            numbers = [number for number, _ in self.ids()] if isinstance(formula, Anything) else []
            return PlainCandidates(numbers, everything=isinstance(formula, Anything))
        # A ranked search asks twice for the same.
        return self.file.once(formula, lambda: ScannedCandidates(self.file, formula))

    # -- words -----------------------------------------------------------------------------------------------

    def write_words(self, bags: Sequence[WordBag]) -> None:
        with self.file.transaction() as connection:
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
                [key << 8 | weight for key, weight in zip(_keys(bag), bag.payloads, strict=True)] for bag in chosen
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
        found = self.file.rows("SELECT number, payload FROM words WHERE key = ? ORDER BY number", [key])
        return Postings(array("I", (n for n, _ in found)).tobytes(), bytes(weight for _, weight in found))

    def word_lengths(self, numbers: Sequence[int]) -> list[int]:
        found = dict(cast("list[tuple[int, int]]", self._of_numbers("number, length", numbers, "word_lengths")))
        return [found.get(number, 0) for number in numbers]

    def word_totals(self) -> WordTotals:
        count, total = self.file.rows("SELECT count(*), coalesce(sum(length), 0)::BIGINT FROM word_lengths")[0]
        return WordTotals(count, total)

    # -- upkeep ----------------------------------------------------------------------------------------------

    def check(self) -> list[str]:
        try:
            # Reading all of it also verifies the checksum of every block.
            wrong = []
            for number, kind, size, value, _ in self.file.each(
                "SELECT number, kind, size, value, strlen(text) FROM documents ORDER BY number"
            ):
                try:
                    intact = len(decode_value(kind, value, size)) == size
                except StoreCorruptError:
                    intact = False
                if not intact:
                    wrong.append(number)
            twice = self.file.rows("SELECT doc_id FROM documents GROUP BY doc_id HAVING count(*) > 1")
        except StoreCorruptError as error:
            return [str(error)]
        problems = [f"document {number} is damaged; index again" for number in wrong]
        return problems + [f"document {doc_id} is there more than once; index again" for (doc_id,) in twice]

    def compact(self) -> None:
        with self.file.mapped():
            self.file.connection.execute("CHECKPOINT")


def _keys(bag: WordBag) -> Sequence[int]:
    return memoryview(bag.keys).cast("I")


def _row(row: DocumentRow, content: bytes) -> Row:
    """The row of a document, but for its number."""
    try:
        text: str | None = searchable(content).decode("utf-8")
    except UnicodeDecodeError:
        text = None
    return (*row, text)
