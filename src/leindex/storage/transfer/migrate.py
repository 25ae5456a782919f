"""Copies the documents of an index from one engine to another, without reading the tree again.

The old store stays the index's until one transaction in the catalogue switches to the new one: it gives every
file and every list of symbols the document's new number, names the new engine, and raises the generation, so
that nothing that was remembered by number outlives it. A crash before leaves the index as it was, a crash
after leaves it switched; in either case a store is left over whose engine the catalogue's state
`store_to_remove` names, and `remove_leftover` takes it away.

Words are not copied but made again from contents and symbols, which gives the same bags (`leindex.terms`) and
asks nothing of an engine that could not give words back by document.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import Final, TypeAlias

import apsw

from ...errors import CancelledError, ConfigError, StorageError, StoreBusyError, StoreCorruptError
from ...models import Document, DocumentItem, Progress, ProgressCallback, WordBag
from ...records import record
from ...terms import Bag, Named, bag_of
from ..batching import cores
from ..catalog import Catalog
from ..folder.own_files import remove_folder
from ..registry import engine_class, open_engine
from ..storage_interface import PreparedBatch, SearchInterface, content_bytes
from ..threaded import ahead

CHUNK_BYTES: Final = 16 << 20
CHUNK_DOCUMENTS: Final = 4096
READ_AT_ONCE: Final = 256
LEFTOVER: Final = "store_to_remove"

Unpack: TypeAlias = Callable[[bytes], Sequence[Named]]
"""Definitions from the form in which the catalogue has them."""


@record(frozen=True, slots=True)
class Migrated:
    """What a migration did; `bytes` are of contents, `seconds` of wall time."""

    engine: str
    documents: int
    bytes: int
    generation: int
    seconds: float


@record(frozen=True, slots=True)
class Migration:
    """Copies the documents of `source` to `engine` and makes that the engine of the index in `folder`.

    `source` and `catalog` are open for writing, and the caller holds the lock of updates; `source` is closed
    and its documents are removed at the end. `cancelled` is asked at each batch boundary.
    """

    source: SearchInterface
    catalog: Catalog
    folder: Path
    engine: str
    unpack: Unpack
    on_progress: ProgressCallback | None = None
    cancelled: Callable[[], bool] = lambda: False

    def run(self) -> Migrated:
        """The whole flow.

        Raises ConfigError where `engine` is the index's already, EngineMissingError where it is not installed,
        StoreBusyError when the index was changed meanwhile, CancelledError at a batch boundary, and StorageError when
        a store fails; the index then is what it was.
        """
        source, catalog, folder, engine = self.source, self.catalog, self.folder, self.engine
        started = time.monotonic()
        if engine == source.name:
            raise ConfigError(f"the index is kept by {engine} already")
        engine_class(engine)
        remove_leftover(catalog, folder)
        seen = _data_version(catalog)
        catalog.set_state({LEFTOVER: engine})
        try:
            target = open_engine(engine, folder, "create", database=catalog.database)
            shared = not _entries(engine, catalog)
            try:
                numbers, size = self._copy(target, started)
            finally:
                if not shared:  # it would close the catalogue as well
                    target.close()
            copied = {"documents": len(numbers), "bytes": size}
            generation = self._switch(numbers, seen, copied, time.monotonic() - started)
        except BaseException:
            # What stopped the copy is what matters; what cannot be removed now is removed the next time.
            with suppress(StorageError):
                remove_leftover(catalog, folder)
            raise
        if _entries(source.name, catalog):
            source.close()
        remove_leftover(catalog, folder)
        return Migrated(engine, len(numbers), size, generation, time.monotonic() - started)

    def _copy(self, target: SearchInterface, started: float) -> tuple[dict[int, int], int]:
        """Writes all documents and their words into the target; returns the new number of each, and their
        bytes."""
        total = self.source.count()
        numbers: dict[int, int] = {}
        size = 0
        for chunk, (batch, bags) in self._prepared(target):
            if self.cancelled():
                raise CancelledError(f"stopped after {len(numbers)} of {total} documents; the index is as it was")
            result = target.batch_write(batch)
            if result["failed"]:
                raise StorageError(f"{target.name} refuses a document: {result['errors'][0]}")
            doc_ids = [doc_id for doc_id, _ in chunk.documents]
            known = batch.numbers()
            written = known if len(known) == len(doc_ids) else target.numbers(doc_ids)
            new = [written[doc_id] for doc_id in doc_ids]
            target.write_words([WordBag(n, *bag) for n, bag in zip(new, bags, strict=True) if bag is not None])
            numbers.update(zip(chunk.numbers, new, strict=True))
            size += chunk.size
            if self.on_progress is not None:
                seconds = time.monotonic() - started
                self.on_progress(Progress("copy", len(numbers), total, seconds=seconds))
        return numbers, size

    def _prepared(self, target: SearchInterface) -> Iterator[tuple[_Chunk, _Prepared]]:
        """The chunks in order; threads do the heavy work on some of them while one is written."""

        def work(chunk: _Chunk) -> _Prepared:
            bags = [
                None if packed is None else bag_of(content_bytes(document), self.unpack(packed))
                for (_, document), packed in zip(chunk.documents, chunk.symbols, strict=True)
            ]
            return target.prepare(chunk.documents), bags

        with closing(ahead(work, _chunks(self.source, self.catalog), cores())) as prepared:
            for chunk, future in prepared:
                yield chunk, future.result()

    def _switch(self, numbers: dict[int, int], seen: int, copied: dict[str, int], seconds: float) -> int:
        """The one transaction that changes the engine; returns the new generation."""
        catalog = self.catalog
        generation = catalog.generation + 1
        with catalog.database.transaction() as connection:
            if connection.pragma("data_version") != seen:
                raise StoreBusyError("the index was changed while it was copied; it is as it was: try again")
            _renumber(connection, numbers)
            states = {"engine": self.engine, LEFTOVER: self.source.name, "generation": generation}
            connection.executemany(
                "INSERT OR REPLACE INTO index_state VALUES(?, ?)",
                ((name, json.dumps(value)) for name, value in states.items()),
            )
            summary = json.dumps({"migrated_to": self.engine, **copied})
            connection.execute(
                "INSERT OR REPLACE INTO updates VALUES(?, ?, ?, ?)", (generation, time.time(), seconds, summary)
            )
        return generation


def remove_leftover(catalog: Catalog, folder: Path) -> str | None:
    """Removes the store that a migration left beside the index's own; returns its engine, None where there is
    none.

    The catalogue is open for writing. Raises StorageError where it cannot be removed.
    """
    engine = catalog.state(LEFTOVER)
    if not engine:
        return None
    entries = _entries(engine, catalog)
    if not entries:
        open_engine(engine, folder, "create", database=catalog.database).clear()
        _vacuum(catalog)
    for entry in entries:
        for place in folder.glob(entry + "*"):
            try:
                if place.is_dir():
                    remove_folder(place)
                else:
                    place.unlink()
            except OSError as error:
                raise StorageError(f"{place}: cannot be removed: {error.strerror}") from error
    catalog.set_state({LEFTOVER: None})
    return str(engine)


def _entries(engine: str, catalog: Catalog) -> list[str]:
    """What an engine keeps in the folder of an index: what it makes in an empty one. None where it keeps its
    documents in the file of the catalogue."""
    with tempfile.TemporaryDirectory(prefix="leindex-") as folder:
        store = open_engine(engine, folder, "create", database=catalog.database)
        entries = sorted(os.listdir(folder))
        if entries:
            store.close()
        return entries


def _vacuum(catalog: Catalog) -> None:
    """Gives back what the documents took in the catalogue's file."""
    database = catalog.database
    with database.mapped():
        connection = database.writer
        connection.pragma("temp_store", "file")  # the copy that VACUUM makes need not fit into memory
        connection.execute("VACUUM")
        connection.pragma("temp_store", "memory")
    database.write_back()


# -- copying -------------------------------------------------------------------------------------------------


@record(slots=True)
class _Chunk:
    """Documents on their way, with their numbers in the old store and their packed symbols where these are
    known."""

    numbers: list[int]
    documents: list[DocumentItem]
    symbols: list[bytes | None]
    size: int


_Prepared: TypeAlias = tuple[PreparedBatch, list[Bag | None]]


def _chunks(source: SearchInterface, catalog: Catalog) -> Iterator[_Chunk]:
    """All documents in the order of their numbers, which ranking falls back on among equals."""
    named = {number for _, number, *_ in catalog.walk() if number}
    named.update(number for (number,) in catalog.rows("SELECT number FROM view_files WHERE number > 0"))
    chunk = _Chunk([], [], [], 0)
    ids = source.ids()
    while part := list(islice(ids, READ_AT_ONCE)):
        for (number, doc_id), document in zip(part, _documents(source, part, named), strict=True):
            stored = catalog.symbols_of(number)
            chunk.numbers.append(number)
            chunk.documents.append((doc_id, document))
            chunk.symbols.append(None if stored is None else stored[1])
            chunk.size += len(document["content"])
            if chunk.size >= CHUNK_BYTES or len(chunk.numbers) >= CHUNK_DOCUMENTS:
                yield chunk
                chunk = _Chunk([], [], [], 0)
    if chunk.numbers:
        yield chunk


def _documents(source: SearchInterface, part: Sequence[tuple[int, str]], named: set[int]) -> list[Document]:
    """Some documents. Those of files are bytes and nothing else (see indexing/batch.py), which engines give
    in
    bulk; others are read one by one, with their fields."""
    documents: list[Document] = []
    for (number, doc_id), content in zip(part, source.contents([number for number, _ in part]), strict=True):
        whole = None if number in named else source.get_document(doc_id)
        if content is None:
            raise StoreCorruptError(f"document {doc_id} is gone; run: leindex doctor --repair")
        documents.append(whole or {"content": content})
    return documents


# -- switching -----------------------------------------------------------------------------------------------


def _data_version(catalog: Catalog) -> int:
    """A number that changes when another connection, of whatever process, commits to the catalogue's file."""
    with catalog.database.mapped():
        return int(catalog.database.writer.pragma("data_version"))


def _renumber(connection: apsw.Connection, numbers: dict[int, int]) -> None:
    """Gives all that refers to documents by number the new numbers. Inside a transaction."""
    connection.execute("CREATE TEMP TABLE renumbered(old INTEGER PRIMARY KEY, new INTEGER NOT NULL)")
    connection.executemany("INSERT INTO renumbered VALUES(?, ?)", numbers.items())
    lost = connection.execute(
        "SELECT count(*) FROM files WHERE number > 0 AND number NOT IN (SELECT old FROM renumbered)"
    ).get
    if lost:
        raise StoreCorruptError(f"the contents of {lost} files are gone; run: leindex doctor --repair")
    connection.execute("UPDATE files SET number = (SELECT new FROM renumbered WHERE old = number) WHERE number > 0")
    _renumber_views(connection)
    for table in ("symbols", "unnamed", "pending"):
        connection.execute(f"DELETE FROM {table} WHERE number NOT IN (SELECT old FROM renumbered)")
        # By way of negative numbers: a new number may be the old one of a row whose turn has not come.
        connection.execute(f"UPDATE {table} SET number = -(SELECT new FROM renumbered WHERE old = number)")
        connection.execute(f"UPDATE {table} SET number = -number")
    connection.execute("DROP TABLE renumbered")


def _renumber_views(connection: apsw.Connection) -> None:
    """The same for the files of views, whose key the number is a part of: their rows are written anew."""
    lost = connection.execute(
        "SELECT count(*) FROM view_files WHERE number > 0 AND number NOT IN (SELECT old FROM renumbered)"
    ).get
    if lost:
        raise StoreCorruptError(
            f"the contents of {lost} files of views are gone; remove the views and index them again"
        )
    connection.execute(
        "CREATE TEMP TABLE moved AS SELECT part, path, coalesce(new, number) AS number, views, size, facts "
        "FROM view_files LEFT JOIN renumbered ON old = number"
    )
    connection.execute("DELETE FROM view_files")
    connection.execute("INSERT INTO view_files SELECT part, path, number, views, size, facts FROM moved")
    connection.execute("DROP TABLE moved")
