"""From a tree to a store: the whole flow of an update in one function.

    discover -> compare -> read and prepare (workers) -> batch_write -> catalogue -> symbols and words

Workers are threads, since their heavy steps are native code without the GIL; they prepare whole batches, and the one
writer, this thread, commits them in the order of the files. If a worker fails or none can be started, this thread
does the work itself, with the same result. Memory is bounded by the chunks in flight.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from ..errors import CancelledError, LeindexError
from ..models import FileRow, Progress, ProgressCallback, UpdateResult
from ..storage.catalog import Catalog
from ..storage.storage_interface import SearchInterface
from .batch import CHUNK_BYTES, CHUNK_FILES, Chunk, Claims, ReadyChunk, chunks, prepare_chunk
from .changes import compare
from .enrich import enrich
from .discover import DiscoverOptions, Found, discover
from .gitindex import git_index
from .read import Reader

UNNAMED_DAYS = 14.0
UNNAMED_KEPT = 20_000
"""Contents without a name are kept for switching branches: two weeks, and at most so many."""

SMALL_TREE_BYTES = 2 << 20
"""Below this, starting threads costs more than they save."""


@dataclass(frozen=True, slots=True)
class UpdateOptions:
    """How an update works; what belongs to the tree is said in `discover`.

    `workers` None means one for each core, 0 the sequential path. `batch_size` is the most documents in one
    transaction, or "auto" (by bytes).
    """

    discover: DiscoverOptions = DiscoverOptions()
    workers: int | None = None
    batch_size: int | Literal["auto"] = "auto"
    text_only: bool = False


def update(
    root: Path,
    store: SearchInterface,
    catalog: Catalog,
    options: UpdateOptions,
    *,
    on_progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> UpdateResult:
    """Brings the store and the catalogue up to date with the tree.

    Each batch is durable once it is reported. Raises CancelledError at a batch boundary when `cancelled` says so,
    StorageError when the store fails; what was committed before stays, and the next update goes on from there.
    """
    started, started_unix = time.monotonic(), time.time()
    walk = discover(os.fsencode(root), options.discover)
    changes = compare(walk, catalog.known())
    walk_seconds = time.monotonic() - started

    done = _Tally(started, len(changes.to_read), sum(seen.size for seen in changes.to_read), on_progress)
    claims = Claims(store)
    for ready in _prepared(root, store, claims, changes.to_read, options, cancelled):
        if cancelled():
            raise CancelledError(
                f"stopped after {done.files} of {done.files_total} files; what was written stays"
            )
        result = store.batch_write(ready.batch)
        refused = dict(error.split(": ", 1) for error in result["errors"])
        catalog.put_files(_rows_with_numbers(ready, store, refused))
        done.add(ready, result["errors"])

    if changes.removed:
        catalog.remove_files(changes.removed)
    skipped_by_walk = {
        **walk.skipped,
        **({"unreadable folder": len(walk.unreadable)} if walk.unreadable else {}),
    }
    walked = {
        "discover": asdict(options.discover),
        "text_only": options.text_only,
        "walked_at": started_unix,
        "walk_seconds": walk_seconds,
        "passed_over": skipped_by_walk,
        "unreadable_folders": [path.decode("utf-8", "replace") for path, _ in walk.unreadable[:50]],
    }
    if changes.to_read or changes.removed or not catalog.generation:
        catalog.finish_update(time.monotonic() - started, walked, done.summary(len(changes.removed)))
    else:
        catalog.set_state(walked)
    if not options.text_only:
        enrich(store, catalog, workers=options.workers, on_progress=on_progress, cancelled=cancelled)
    totals = catalog.totals()
    return UpdateResult(
        files=totals.files,
        added=changes.added,
        changed=changes.changed,
        removed=len(changes.removed),
        unchanged=changes.unchanged,
        documents=done.documents,
        bytes=done.document_bytes,
        batches=done.batches,
        skipped=totals.skipped,
        failed=tuple(done.failed),
        generation=catalog.generation,
        seconds=time.monotonic() - started,
        read=done.read,
    )


def stored_options(catalog: Catalog) -> UpdateOptions:
    """The options that the last update worked with, so that what belongs to the tree stays the same."""
    stored = catalog.state("discover", {})
    if "globs" in stored:
        stored["globs"] = tuple(stored["globs"])
    return UpdateOptions(DiscoverOptions(**stored), text_only=bool(catalog.state("text_only", False)))


def collect_unnamed(
    store: SearchInterface, catalog: Catalog, *, days: float = UNNAMED_DAYS, keep: int = UNNAMED_KEPT
) -> int:
    """Deletes contents that no file has had for `days`, and the oldest above `keep` of them; returns how many."""
    numbers = catalog.unnamed_before(time.time() - days * 86_400, keep=keep)
    doc_ids = [doc_id for doc_id in store.doc_ids(numbers) if doc_id is not None]
    store.delete_documents(doc_ids)
    catalog.forget_unnamed(numbers)
    return len(doc_ids)


def _prepared(
    root: Path,
    store: SearchInterface,
    claims: Claims,
    to_read: list[Found],
    options: UpdateOptions,
    cancelled: Callable[[], bool],
) -> Iterator[ReadyChunk]:
    """Prepares the chunks, in order, with as many workers as are asked for."""
    max_size = options.discover.max_size
    limit = CHUNK_FILES if options.batch_size == "auto" else options.batch_size
    parts = chunks(to_read, max_size=max_size, chunk_bytes=CHUNK_BYTES, chunk_files=limit)
    reader = Reader(os.fsencode(root), max_size)
    git = git_index(os.fsencode(root)) if to_read and not claims.empty else None
    blob_id_of: Callable[[Found], str | None] = git.blob_id if git is not None else lambda found: None

    def work(chunk: Chunk) -> ReadyChunk:
        return prepare_chunk(chunk, reader, store, claims, blob_id_of, cancelled)

    workers = _worker_count(options.workers, to_read)
    try:
        if workers == 0:
            yield from map(work, parts)
            return
        with ThreadPoolExecutor(workers, thread_name_prefix="leindex-worker") as pool:
            waiting: deque[tuple[Chunk, Future[ReadyChunk] | None]] = deque()
            try:
                for chunk in parts:
                    waiting.append((chunk, _submitted(pool, work, chunk)))
                    # One chunk waits beyond those being worked on, so that no worker idles while one commits.
                    if len(waiting) > workers:
                        yield _finished(*waiting.popleft(), work)
                while waiting:
                    yield _finished(*waiting.popleft(), work)
            finally:
                for _, future in waiting:
                    if future is not None:
                        future.cancel()
    finally:
        reader.close()


def _submitted(
    pool: ThreadPoolExecutor, work: Callable[[Chunk], ReadyChunk], chunk: Chunk
) -> Future[ReadyChunk] | None:
    with suppress(RuntimeError):  # no thread can be started: the writer will do this chunk
        return pool.submit(work, chunk)
    return None


def _finished(
    chunk: Chunk, future: Future[ReadyChunk] | None, work: Callable[[Chunk], ReadyChunk]
) -> ReadyChunk:
    """The result of a worker; if it failed, the same work done here, where a second failure counts."""
    if future is not None:
        try:
            return future.result()
        except LeindexError:
            raise
        except (MemoryError, OSError, RuntimeError):
            pass  # the worker is the casualty, not the chunk
    return work(chunk)


def _worker_count(asked: int | None, to_read: list[Found]) -> int:
    if asked is not None:
        return asked
    if sum(seen.size for seen in to_read) < SMALL_TREE_BYTES:
        return 0
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _rows_with_numbers(ready: ReadyChunk, store: SearchInterface, refused: dict[str, str]) -> list[FileRow]:
    """The chunk's rows pointing at their documents; a refused document's file keeps the reason."""
    written = ready.batch.numbers
    missing = [
        row.doc_id
        for row in ready.rows
        if row.doc_id and not row.skipped and row.doc_id not in ready.numbers and row.doc_id not in written
    ]
    numbers = {**ready.numbers, **written, **(store.numbers(missing) if missing else {})}
    rows: list[FileRow] = []
    for row in ready.rows:
        if row.skipped:
            rows.append(row)
        elif number := numbers.get(row.doc_id):
            rows.append(replace(row, number=number))
        else:
            rows.append(replace(row, skipped=f"refused: {refused.get(row.doc_id, 'not stored')}"))
    return rows


class _Tally:
    """Counts what an update did and reports it."""

    def __init__(self, started: float, files: int, size: int, on_progress: ProgressCallback | None) -> None:
        self.started, self.files_total, self.bytes_total = started, files, size
        self.on_progress = on_progress
        self.files = self.bytes = self.documents = self.document_bytes = self.batches = self.read = 0
        self.failed: list[str] = []
        self.skipped: Counter[str] = Counter()

    def add(self, ready: ReadyChunk, errors: list[str]) -> None:
        self.files += ready.files
        self.bytes += ready.size
        self.documents += ready.batch.accepted
        self.document_bytes += ready.batch.size
        self.batches += 1
        self.read += ready.read
        self.failed += errors
        self.skipped.update(row.skipped for row in ready.rows if row.skipped)
        if self.on_progress is not None:
            self.on_progress(
                Progress(
                    stage="text",
                    documents=self.files,
                    documents_total=self.files_total,
                    bytes=self.bytes,
                    bytes_total=self.bytes_total,
                    batches=self.batches,
                    seconds=time.monotonic() - self.started,
                )
            )

    def summary(self, removed: int) -> dict[str, int]:
        return {
            "files": self.files,
            "documents": self.documents,
            "bytes": self.document_bytes,
            "batches": self.batches,
            "removed": removed,
        }
