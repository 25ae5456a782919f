"""From files to batches that are ready to commit: the work that runs in the workers.

A chunk of files is read, hashed, and turned into the documents that the store does not have yet and the rows of the
catalogue. Everything heavy here is native code that runs without the GIL (reading, hashing, compression, grams), so
threads are enough, and their results need no copying between processes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..kinds import kind_of_file
from ..models import DocumentItem, FileRow
from ..records import field, record
from ..storage.storage_interface import PreparedBatch, SearchInterface
from ..text import encoding_of
from .changes import UNTRUSTED, trusted_ctime
from .read import Content, Outcome, Reader, Skip, blob_id
from .syntax.language import language_of
from .walk.discover import Found

CHUNK_BYTES = 32 << 20
CHUNK_FILES = 8192
"""A chunk ends at either limit. Memory in flight is a few chunks, whatever the size of the tree."""


@record(slots=True)
class Chunk:
    """Files that travel together; `size` is the sum of their sizes as the walk saw them."""

    files: list[Found]
    size: int


@record(slots=True)
class ReadyChunk:
    """A chunk after the work: the documents to write and the rows that will point at them.

    A row's number is filled in once its document is stored; `numbers` has those that were stored before,
    `writes` are the ids of those that this chunk stores.
    """

    batch: PreparedBatch
    rows: list[FileRow]
    numbers: dict[str, int]
    writes: list[str]
    files: int
    size: int
    read: int = 0
    contents: Mapping[str, bytes] = field(default_factory=dict)


def chunks(files: Sequence[Found], *, max_size: int, chunk_bytes: int, chunk_files: int) -> Iterator[Chunk]:
    """Cuts files, in their order, into chunks."""
    part: list[Found] = []
    size = 0
    for seen in files:
        expected = min(seen.size, max_size)
        if part and (size + expected > chunk_bytes or len(part) >= chunk_files):
            yield Chunk(part, size)
            part, size = [], 0
        part.append(seen)
        size += expected
    if part:
        yield Chunk(part, size)


class Claims:
    """Which contents are stored or about to be: equal contents are written once, whichever worker comes first."""

    def __init__(self, store: SearchInterface, *, empty: bool) -> None:
        self._store = store
        self.empty = empty
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def stored(self, doc_ids: Sequence[str]) -> dict[str, int]:
        """The numbers of those that were stored before this update."""
        return {} if self.empty else self._store.numbers(doc_ids)

    def take(self, doc_ids: Iterable[str]) -> set[str]:
        """Takes those that nobody has taken; the caller writes them."""
        with self._lock:
            mine = set(doc_ids) - self._taken
            self._taken |= mine
        return mine

    def give_back(self, doc_ids: Iterable[str]) -> None:
        """Leaves to others what was taken and could not be prepared."""
        with self._lock:
            self._taken.difference_update(doc_ids)


class Numbering:
    """Gives the rows of the catalogue the numbers of their documents, as chunk after chunk is stored.

    Of two files with one content, the worker that comes first writes it, and that may be the one whose chunk is
    stored later: the other file's row then waits for that chunk.
    """

    def __init__(self, store: SearchInterface) -> None:
        self._store = store
        self._numbers: dict[str, int] = {}
        self._refused: dict[str, str] = {}
        self._waiting: dict[str, list[FileRow]] = {}

    def rows(self, ready: ReadyChunk, errors: Iterable[str]) -> list[FileRow]:
        """The rows that can be stored now that this chunk's documents are, `errors` apart; a refused document's
        file has the reason."""
        for error in errors:
            doc_id, _, reason = error.partition(": ")
            self._refused[doc_id] = reason
        self._numbers |= ready.batch.numbers() or self._store.numbers(ready.writes)
        rows: list[FileRow] = []
        for row in ready.rows:
            self._place(row, ready.numbers.get(row.doc_id, 0), rows)
        for doc_id in ready.writes:
            for row in self._waiting.pop(doc_id, ()):
                self._place(row, 0, rows)
        return rows

    def _place(self, row: FileRow, number: int, rows: list[FileRow]) -> None:
        if row.skipped:
            rows.append(row)
        elif number := number or self._numbers.get(row.doc_id, 0):
            rows.append(FileRow(row[0], number, *row[2:]))
        elif row.doc_id in self._refused:
            rows.append(row._replace(skipped=f"refused: {self._refused[row.doc_id]}"))
        else:
            self._waiting.setdefault(row.doc_id, []).append(row)


@record(frozen=True, slots=True)
class Preparation:
    """What the workers of an update share: where contents come from, and which of them somebody has stored.

    `blob_id_of` names a file that need not be read for that. `walked_ns` is when the walk began that found the files
    (Unix time): no status of theirs is older. With `keep` new contents stay in memory with their chunk.
    """

    reader: Reader
    store: SearchInterface
    claims: Claims
    blob_id_of: Callable[[Found], str | None]
    cancelled: Callable[[], bool]
    walked_ns: int
    keep: bool = False

    def prepare(self, chunk: Chunk) -> ReadyChunk:
        """Reads a chunk's files and prepares the batch that stores them."""
        known_ids = {seen.path: doc_id for seen in chunk.files if (doc_id := self.blob_id_of(seen))}
        numbers = self.claims.stored(list(known_ids.values())) if known_ids else {}
        unread = [seen.path for seen in chunk.files if known_ids.get(seen.path) not in numbers]
        outcomes = dict(zip(unread, self.reader.read(unread), strict=True)) if not self.cancelled() else {}
        ids = {path: blob_id(outcome.data) for path, outcome in outcomes.items() if isinstance(outcome, Content)}
        numbers |= self.claims.stored([doc_id for doc_id in ids.values() if doc_id not in numbers])
        mine = self.claims.take([doc_id for doc_id in ids.values() if doc_id not in numbers])
        try:
            rows, documents = self._rows(chunk, outcomes, known_ids | ids, numbers, mine)
            contents = {doc_id: document["content"] for doc_id, document in documents} if self.keep else {}
            batch = PreparedBatch(0, 0) if self.cancelled() else self.store.prepare(documents)
        except BaseException:
            # Who does this chunk instead would else find its contents taken, and nobody would write them.
            self.claims.give_back(mine)
            raise
        return ReadyChunk(batch, rows, numbers, list(mine), len(chunk.files), chunk.size, len(unread), contents)

    def _rows(
        self,
        chunk: Chunk,
        outcomes: Mapping[bytes, Outcome],
        ids: Mapping[bytes, str],
        numbers: Mapping[str, int],
        mine: set[str],
    ) -> tuple[list[FileRow], list[DocumentItem]]:
        """The rows of a chunk's files, and of their contents those that are `mine`, each once. `ids` are of contents
        that were read or that git knows, `numbers` of those that are stored."""
        rows: list[FileRow] = []
        documents: list[DocumentItem] = []
        left = set(mine)
        for seen in chunk.files:
            outcome = outcomes.get(seen.path)
            doc_id = ids.get(seen.path, "")
            if isinstance(outcome, Content):
                rows.append(_row(seen, outcome, doc_id, self.walked_ns))
                if doc_id in left:
                    left.discard(doc_id)
                    documents.append((doc_id, {"content": outcome.data}))
            elif outcome is None:
                if doc_id in numbers:  # git knows what the file holds, and that is stored: nothing is read
                    data = self.store.contents([numbers[doc_id]])[0] or b""
                    rows.append(_row(seen, Content(data, *seen[1:]), doc_id, self.walked_ns))
            elif outcome is not Skip.VANISHED:
                rows.append(_skipped_row(seen, outcome, self.walked_ns))
        return rows, documents


def _row(seen: Found, content: Content, doc_id: str, walked_ns: int) -> FileRow:
    return FileRow(
        path=seen.path,
        number=0,
        size=content.size,
        mtime_ns=content.mtime_ns,
        inode=content.inode,
        mode=seen.mode,
        doc_id=doc_id,
        language=language_of(seen.path, content.data) or "",
        encoding=encoding_of(content.data),
        kind=kind_of_file(os.fsdecode(seen.path), content.data),
        ctime_ns=trusted_ctime(content.mtime_ns, content.ctime_ns, walked_ns),
    )


def _skipped_row(seen: Found, reason: Skip, walked_ns: int) -> FileRow:
    # A file that was being written is looked at again next time, whatever its time stamp says then.
    ctime_ns = UNTRUSTED if reason is Skip.CHANGED else trusted_ctime(seen.mtime_ns, seen.ctime_ns, walked_ns)
    return FileRow(seen.path, 0, *seen[1:4], seen.mode, skipped=str(reason), ctime_ns=ctime_ns)
