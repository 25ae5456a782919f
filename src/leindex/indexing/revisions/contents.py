"""From blobs to documents and rows: what of a commit the store has not yet is read, and only that."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Final

from ...errors import CancelledError
from ...kinds import kind_of_file
from ...models import FileRow, Progress, ProgressCallback
from ...records import field, record
from ...storage.batching import cores
from ...storage.catalog import Catalog
from ...storage.revisions.tables import Facts, SkippedBlob, ViewRow, ViewTables
from ...storage.storage_interface import PreparedBatch, SearchInterface
from ...storage.threaded import ahead
from ...text import encoding_of
from ..batch import CHUNK_BYTES, CHUNK_FILES
from ..enrich import enrich_at_once
from ..read import Skip, is_binary
from ..syntax.language import language_of
from .repository import Blob

AT_ONCE: Final = 64
AT_ONCE_BYTES: Final = 1 << 20
"""So much is written in one transaction with the rows, its definitions included."""

Files = Mapping[bytes, tuple[int, str]]
"""Mode and blob by path."""


@record(slots=True)
class Written:
    """What was read and written for a view; `unread` has the reasons for blobs that could not be read."""

    documents: int = 0
    bytes: int = 0
    unread: dict[str, str] = field(default_factory=dict)


@record(frozen=True, slots=True)
class Blobs:
    """Where blobs come from: their sizes, and their contents in order."""

    sizes: Callable[[Sequence[str]], Mapping[str, int]]
    read: Callable[[Sequence[str]], Iterator[Blob]]


@record(slots=True)
class Contents:
    """Turns the files of commits into rows. `max_size` is that of the index, in bytes.

    `known` says what is known of a document at a path, from other views or the tree.
    """

    store: SearchInterface
    catalog: Catalog
    blobs: Blobs
    max_size: int
    known: Callable[[bytes, int], ViewRow | None]
    cancelled: Callable[[], bool] = lambda: False
    on_progress: ProgressCallback | None = None
    done: Written = field(default_factory=Written)
    _numbers: dict[str, int] = field(default_factory=dict)

    def rows(self, files: Files) -> list[ViewRow]:
        """The rows of some files, whose contents are documents from now on.

        Each batch of documents is durable, and noted as unnamed until their rows are there. Raises CancelledError at a
        batch boundary and StorageError when the store fails.
        """
        tables = ViewTables(self.catalog)
        blobs = sorted({blob for _, blob in files.values()})
        numbers = self.store.numbers(blobs)
        skipped = {
            blob: seen
            for blob, seen in tables.skipped(b for b in blobs if b not in numbers).items()
            if self._holds(seen)
        }
        missing = [blob for blob in blobs if blob not in numbers and blob not in skipped]
        paths: dict[str, list[bytes]] = {}
        for path, (_, blob) in files.items():
            paths.setdefault(blob, []).append(path)
        found: dict[tuple[bytes, str], ViewRow] = {}
        if missing:
            self._take(missing, paths, found)
            # As they were written: a reader does not see them before the transaction ends that this may be part of.
            numbers |= self._numbers
            skipped |= tables.skipped(blob for blob in missing if blob not in numbers)
        rows: list[ViewRow] = []
        unknown: dict[int, list[tuple[bytes, int]]] = {}
        for path, (mode, blob) in files.items():
            if blob in skipped:
                number, size, reason = skipped[blob]
                rows.append(ViewRow(path, number, size, Facts(mode, skipped=reason)))
                continue
            number = numbers[blob]
            row = found.get((path, blob)) or self.known(path, number)
            if row is None:
                unknown.setdefault(number, []).append((path, mode))
            else:
                rows.append(ViewRow(path, number, row.size, row.facts._replace(mode=mode)))
        rows += self._looked_at(unknown)
        return rows

    def _holds(self, seen: tuple[int, int, str]) -> bool:
        """Whether what was noted of a skipped blob still holds."""
        _, size, reason = seen
        return reason == Skip.BINARY or (reason == Skip.TOO_LARGE and size > self.max_size)

    def _looked_at(self, unknown: Mapping[int, Sequence[tuple[bytes, int]]]) -> Iterator[ViewRow]:
        """The rows of documents that are stored, and were at no such path yet."""
        numbers = sorted(unknown)
        for start in range(0, len(numbers), 64):
            part = numbers[start : start + 64]
            for number, content in zip(part, self.store.contents(part), strict=True):
                data = content or b""
                for path, mode in unknown[number]:
                    yield ViewRow(path, number, len(data), facts_of(path, data, mode))

    def _take(
        self, missing: Sequence[str], paths: Mapping[str, Sequence[bytes]], found: dict[tuple[bytes, str], ViewRow]
    ) -> None:
        """Reads blobs and writes them: those that are text as documents, of the others that they are none."""
        sizes = self.blobs.sizes(missing)
        large = [blob for blob in missing if sizes.get(blob, 0) > self.max_size]
        wanted = [blob for blob in missing if sizes.get(blob, 0) <= self.max_size]
        tables = ViewTables(self.catalog)
        if large:
            tables.skip([SkippedBlob(blob, sizes[blob], Skip.TOO_LARGE) for blob in large])
        few = len(wanted) <= AT_ONCE and sum(sizes.get(blob, 0) for blob in wanted) <= AT_ONCE_BYTES
        total = sum(sizes.get(blob, 0) for blob in wanted)
        seen = 0
        for chunk, batch in self._prepared(self._chunks(wanted), threads=not few):
            if self.cancelled():
                raise CancelledError("stopped while a view was read; what was written stays")
            with self.catalog.database.transaction():
                self._write(chunk, batch, paths, found, at_once=few)
            seen += chunk.seen
            if self.on_progress is not None:
                self.on_progress(Progress("views", seen, len(wanted), self.done.bytes, total))

    def _write(
        self,
        chunk: _Chunk,
        batch: PreparedBatch,
        paths: Mapping[str, Sequence[bytes]],
        found: dict[tuple[bytes, str], ViewRow],
        *,
        at_once: bool,
    ) -> None:
        result = self.store.batch_write(batch)
        tables = ViewTables(self.catalog)
        refused = dict(error.partition(": ")[::2] for error in result["errors"])
        refusals = [SkippedBlob(b, len(chunk.contents[b]), f"refused: {reason}") for b, reason in refused.items()]
        if refusals or chunk.skipped:
            tables.skip([*chunk.skipped, *refusals])
        kept = [blob for blob in chunk.contents if blob not in refused]
        numbers = batch.numbers() or self.store.numbers(kept)
        self._numbers |= {blob: numbers[blob] for blob in kept}
        tables.note_unnamed(numbers[blob] for blob in kept)
        files: list[FileRow] = []
        for blob in kept:
            data = chunk.contents[blob]
            self.done.documents += 1
            self.done.bytes += len(data)
            for path in paths[blob]:
                facts = facts_of(path, data, 0)
                found[path, blob] = ViewRow(path, numbers[blob], len(data), facts)
                if at_once:
                    files.append(FileRow(path, numbers[blob], len(data), 0, 0, 0, blob, facts.language))
        if at_once:
            enrich_at_once(self.store, self.catalog, files, chunk.contents)
        for skip in chunk.skipped:
            if skip.reason.startswith(Skip.UNREADABLE):
                self.done.unread[skip.blob] = skip.reason

    def _chunks(self, blobs: Sequence[str]) -> Iterator[_Chunk]:
        chunk = _Chunk()
        size = 0
        for blob in self.blobs.read(blobs):
            chunk.seen += 1
            if blob.data is None:
                chunk.skipped.append(SkippedBlob(blob.blob, 0, Skip.UNREADABLE))
                self.done.unread[blob.blob] = blob.reason
            elif is_binary(blob.data):
                chunk.skipped.append(SkippedBlob(blob.blob, len(blob.data), Skip.BINARY))
            else:
                chunk.contents[blob.blob] = blob.data
                size += len(blob.data)
            if size >= CHUNK_BYTES or chunk.seen >= CHUNK_FILES:
                yield chunk
                chunk, size = _Chunk(), 0
        if chunk.seen:
            yield chunk

    def _prepared(self, chunks: Iterable[_Chunk], *, threads: bool) -> Iterator[tuple[_Chunk, PreparedBatch]]:
        """The chunks in order with the batches that store them; threads do the heavy work."""

        def work(chunk: _Chunk) -> PreparedBatch:
            return self.store.prepare([(blob, {"content": data}) for blob, data in chunk.contents.items()])

        if not threads:
            for chunk in chunks:
                yield chunk, work(chunk)
            return
        with closing(ahead(work, chunks, cores())) as prepared:
            for chunk, future in prepared:
                yield chunk, future.result()


@record(slots=True)
class _Chunk:
    """Blobs that travel together: texts by id, and those that are none."""

    contents: dict[str, bytes] = field(default_factory=dict)
    skipped: list[SkippedBlob] = field(default_factory=list)
    seen: int = 0


def facts_of(path: bytes, data: bytes, mode: int) -> Facts:
    """What is known of a content at a path."""
    kind = kind_of_file(os.fsdecode(path), data)
    return Facts(mode, language_of(path, data) or "", encoding_of(data), kind)
