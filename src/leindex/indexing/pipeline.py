"""From a tree to a store: the whole flow of an update in one function, `Update.run`.

    discover -> compare -> read and prepare (workers) -> batch_write -> catalogue -> symbols and words

Workers are threads, since their heavy steps are native code without the GIL; they prepare whole batches, and the one
writer, this thread, commits them in the order of the files. If a worker fails or none can be started, this thread
does the work itself, with the same result. Memory is bounded by the chunks in flight.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any, Literal

from ..errors import CancelledError, ConfigError, LeindexError
from ..models import Progress, ProgressCallback, UpdateResult
from ..records import as_dict, field, record
from ..storage.batching import cores
from ..storage.catalog import Catalog
from ..storage.storage_interface import SearchInterface
from ..storage.threaded import ahead
from .batch import CHUNK_BYTES, CHUNK_FILES, Chunk, Claims, Numbering, Preparation, ReadyChunk, chunks
from .changes import Changes, compare
from .enrich import enrich, enrich_at_once
from .gitindex import git_index, is_bare
from .read import Reader
from .walk.discover import DiscoverOptions, Found, check_globs, discover, discover_paths
from .walk.troubles import Troubles

UNNAMED_DAYS = 14.0
UNNAMED_KEPT = 20_000
"""Contents without a name are kept for switching branches: two weeks, and at most so many."""

COLLECT_AT_LEAST = 64
LOOK_UP_FROM = 256
"""Files to read from which the whole of git's index is worth reading, and the whole store worth counting."""

SMALL_FILES = 100
SMALL_BYTES = 1 << 20
"""An update of at most so much is one transaction."""

SMALL_TREE_BYTES = 2 << 20
"""Below this, starting threads costs more than they save."""


@record(frozen=True, slots=True)
class UpdateOptions:
    """How an update works; what belongs to the tree is said in `discover`.

    `workers` None means one for each core, 0 the sequential path. `batch_size` is the most documents in one
    transaction, or "auto" (by bytes). `symbol_seconds` limits the second stage; what it leaves is pending.
    Contents that no file has any more are kept for `keep_days`, and at most `keep_contents` of them.
    """

    discover: DiscoverOptions = field(default_factory=DiscoverOptions)
    workers: int | None = None
    batch_size: int | Literal["auto"] = "auto"
    text_only: bool = False
    symbol_seconds: float | None = None
    keep_days: float = UNNAMED_DAYS
    keep_contents: int = UNNAMED_KEPT


@record(frozen=True, slots=True)
class Update:
    """One update of an index: the tree at `root`, and the store and the catalogue, open for writing.

    `cancelled` is asked at each batch boundary.
    """

    root: Path
    store: SearchInterface
    catalog: Catalog
    options: UpdateOptions
    on_progress: ProgressCallback | None = None
    cancelled: Callable[[], bool] = lambda: False

    def run(self, paths: Iterable[bytes] | None = None, comparison: Comparison | None = None) -> UpdateResult:
        """Brings the store and the catalogue up to date with the tree, or with some paths of it, relative to the root.

        `comparison` is what `compared` just found, so that it need not be found again.

        Each batch is durable once it is reported. Raises CancelledError at a batch boundary when `cancelled` says so,
        StorageError when the store fails; what was committed before stays, and the next update goes on from there.
        """
        started = time.monotonic()
        store, catalog, options = self.store, self.catalog, self.options
        if not catalog.generation:
            paths = None  # nothing is known of the rest of the tree
        if paths is None:
            _keep_options(self.root, catalog, options)
        seen = comparison or compared(self.root, catalog, options, paths, cancelled=self.cancelled)
        changes = seen.changes
        done = _Tally(started, len(changes.to_read), sum(found.size for found in changes.to_read), self.on_progress)
        claims = Claims(store, empty=len(changes.to_read) > LOOK_UP_FROM and store.count() == 0)
        numbering = Numbering(store)
        small = len(changes.to_read) <= SMALL_FILES and done.bytes_total <= SMALL_BYTES

        # One commit for a small update, its second stage included, one a batch for others. Either way documents and
        # their files land together where the engine shares the catalogue's database, and documents first elsewhere.
        if changes and not small:
            catalog.set_state({"unfinished": True})
        with catalog.database.transaction() if small and changes else nullcontext():
            for ready in self._prepared(seen, claims, keep=small):
                if self.cancelled():
                    raise CancelledError(
                        f"stopped after {done.files} of {done.files_total} files; what was written stays"
                    )
                with catalog.database.transaction():
                    result = store.batch_write(ready.batch)
                    rows = numbering.rows(ready, result["errors"])
                    catalog.put_files(rows, replacing=changes.changed > 0)
                    if small and not options.text_only:
                        enrich_at_once(store, catalog, rows, ready.contents)
                done.add(ready, result["errors"])
                if not small:
                    done.report()
            if changes.removed:
                catalog.remove_files(changes.removed)
            if changes or not catalog.generation or catalog.state("unfinished"):
                catalog.finish_update(time.monotonic() - started, seen.state, done.summary(len(changes.removed)))
            elif seen.state:
                catalog.set_state(seen.state)
        if small and changes:
            done.report()
        if not options.text_only:
            enrich(
                store,
                catalog,
                workers=options.workers,
                seconds=options.symbol_seconds,
                on_progress=self.on_progress,
                cancelled=self.cancelled,
            )
        if changes:
            # In step with what was written, so that no update ever has a mountain to clear away.
            collect_unnamed(store, catalog, options, limit=COLLECT_AT_LEAST + 2 * done.documents)
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

    def _prepared(self, seen: Comparison, claims: Claims, *, keep: bool) -> Iterator[ReadyChunk]:
        """Prepares the chunks, in order, with as many workers as are asked for; `keep` keeps new contents with them."""
        options, to_read = self.options, seen.changes.to_read
        max_size = options.discover.max_size
        limit = CHUNK_FILES if options.batch_size == "auto" else options.batch_size
        parts = chunks(to_read, max_size=max_size, chunk_bytes=CHUNK_BYTES, chunk_files=limit)
        reader = Reader(os.fsencode(self.root), max_size)
        # Reading git's whole index pays when many files are to be named.
        git = git_index(os.fsencode(self.root)) if len(to_read) > LOOK_UP_FROM and not claims.empty else None
        blob_id_of: Callable[[Found], str | None] = git.blob_id if git is not None else lambda found: None
        walked_ns = int(seen.walked_at * 1e9)
        work = Preparation(reader, self.store, claims, blob_id_of, self.cancelled, walked_ns, keep).prepare
        workers = _worker_count(options.workers, to_read)
        try:
            if workers == 0:
                yield from map(work, parts)
                return
            with closing(ahead(work, parts, workers)) as prepared:
                for chunk, future in prepared:
                    yield _finished(chunk, future, work)
        finally:
            reader.close()


@record(frozen=True, slots=True)
class Comparison:
    """The tree as it differs from the catalogue; `state` is what an update notes about it. `version` is the
    catalogue's, which tells whether the comparison still holds."""

    changes: Changes
    version: object
    walked_at: float
    state: Mapping[str, Any]


def compared(
    root: Path,
    catalog: Catalog,
    options: UpdateOptions,
    paths: Iterable[bytes] | None = None,
    *,
    cancelled: Callable[[], bool] = lambda: False,
) -> Comparison:
    """Compares the tree, or some paths of it, with the catalogue; writes nothing. Raises CancelledError."""
    started, walked_at, version = time.monotonic(), time.time(), catalog.version
    own = os.fsencode(catalog.database.path.absolute().parent)
    state: dict[str, Any] = {}
    if paths is not None:
        looked = discover_paths(os.fsencode(root), paths, options.discover, own=own)
        changes = compare(looked, catalog.known(looked.scopes))
        found = Troubles.of([path for path, _ in looked.walk.unreadable], looked.walk.faults)
        before = Troubles.stored(catalog.state)
        after = before.after_looking(looked.walk.root, looked.scopes, found)
        if after != before:
            state = after.as_state()
    else:
        walk = discover(os.fsencode(root), options.discover, own=own)
        found_there = (
            () if is_bare(os.fsencode(root)) else _stoppable(walk, cancelled)
        )  # of its own files none is source
        limits = _size_limits(catalog, options)
        doubtful = range(limits[0] + 1, limits[1] + 1)
        changes = compare(found_there, catalog.known(), doubtful)
        passed_over = dict(walk.skipped)
        if walk.unreadable:
            passed_over["unreadable folder"] = len(walk.unreadable)
        state = {
            "unfinished": False,
            "size_limits": [options.discover.max_size, options.discover.max_size],
            "walked_at": walked_at,
            "walk_seconds": time.monotonic() - started,
            "passed_over": passed_over,
            **Troubles.of([path for path, _ in walk.unreadable], walk.faults).as_state(),
        }
    return Comparison(changes, version, walked_at, state)


def _size_limits(catalog: Catalog, options: UpdateOptions) -> tuple[int, int]:
    """The least and the largest limit on sizes that files were judged by since an update was last finished."""
    now = options.discover.max_size
    low, high = catalog.state("size_limits", (now, now))
    return min(low, now), max(high, now)


def _keep_options(root: Path, catalog: Catalog, options: UpdateOptions) -> None:
    """Stores what later updates go by, before anything is written: an interrupted update goes on as it began.

    Raises ConfigError for what later updates could not go by either: it would spoil all of them.
    """
    check_globs(options.discover.globs)
    try:
        inode = root.stat().st_ino
    except OSError as error:
        raise ConfigError(f"{root} cannot be read: {error.strerror}") from None
    wanted = {
        "root": os.fsdecode(root),
        "root_inode": inode,
        "discover": {**as_dict(options.discover), "globs": list(options.discover.globs)},
        "text_only": options.text_only,
        "keep": [options.keep_days, options.keep_contents],
        "size_limits": list(_size_limits(catalog, options)),
    }
    changed = {name: value for name, value in wanted.items() if catalog.state(name) != value}
    if changed:
        catalog.set_state(changed)


def folders(root: Path, catalog: Catalog, paths: Iterable[bytes] | None = None) -> list[bytes]:
    """The folders of the tree, or those at and below some paths, relative to the root."""
    options, own = stored_options(catalog).discover, os.fsencode(catalog.database.path.absolute().parent)
    looked = discover_paths(os.fsencode(root), [b""] if paths is None else paths, options, own=own)
    found: list[bytes] = []
    looked.walk.folders = found
    deque(looked, maxlen=0)
    return found


def _stoppable(found: Iterable[Found], cancelled: Callable[[], bool]) -> Iterator[Found]:
    for place, seen in enumerate(found):
        if place % 256 == 0 and cancelled():
            raise CancelledError("stopped while comparing the index with the tree; nothing was written")
        yield seen


def stored_options(catalog: Catalog) -> UpdateOptions:
    """The options that the last update worked with, so that what belongs to the tree stays the same."""
    days, contents = catalog.state("keep", (UNNAMED_DAYS, UNNAMED_KEPT))
    return UpdateOptions(
        DiscoverOptions.stored(catalog.state("discover", {})),
        text_only=bool(catalog.state("text_only", False)),
        keep_days=days,
        keep_contents=contents,
    )


def collect_unnamed(
    store: SearchInterface, catalog: Catalog, options: UpdateOptions, *, limit: int | None = None
) -> int:
    """Deletes contents that no file has had for long, and the oldest above the quota; returns how many."""
    moment = time.time() - options.keep_days * 86_400
    numbers = catalog.unnamed_before(moment, keep=options.keep_contents, limit=limit)
    if numbers:
        with catalog.database.transaction():
            doc_ids = [doc_id for doc_id in store.doc_ids(numbers) if doc_id is not None]
            store.delete_documents(doc_ids)
            catalog.forget_unnamed(numbers)
    return len(numbers)


def _finished(chunk: Chunk, future: Future[ReadyChunk], work: Callable[[Chunk], ReadyChunk]) -> ReadyChunk:
    """The result of a worker; if it failed, the same work done here, where a second failure counts."""
    try:
        return future.result()
    except LeindexError:
        raise
    except (MemoryError, OSError, RuntimeError):
        return work(chunk)  # the worker is the casualty, not the chunk


def _worker_count(asked: int | None, to_read: list[Found]) -> int:
    if asked is not None:
        return asked
    if sum(seen.size for seen in to_read) < SMALL_TREE_BYTES:
        return 0
    return cores()


class _Tally:
    """Counts what an update did and reports it."""

    def __init__(self, started: float, files: int, size: int, on_progress: ProgressCallback | None) -> None:
        self.started, self.files_total, self.bytes_total = started, files, size
        self.on_progress = on_progress
        self.files = self.bytes = self.documents = self.document_bytes = self.batches = self.read = 0
        self.failed: list[str] = []

    def add(self, ready: ReadyChunk, errors: list[str]) -> None:
        """Counts a chunk."""
        self.files += ready.files
        self.bytes += ready.size
        self.documents += ready.batch.accepted
        self.document_bytes += ready.batch.size
        self.batches += 1
        self.read += ready.read
        self.failed += errors

    def report(self) -> None:
        """Says how far the update is; what is counted is durable by then."""
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
