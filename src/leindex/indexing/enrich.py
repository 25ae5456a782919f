"""The second stage: symbols and words of documents whose text is searchable already.

It runs in batches after the text stage and goes on where it was stopped: a document without a row of symbols is
pending. The work is done by processes where there is much of it, since walking syntax trees holds the GIL; the
contents reach them from the store, which only this process opens.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeAlias

import zstandard

from ..errors import CancelledError
from ..models import Progress, ProgressCallback, WordBag
from ..storage.catalog import Catalog
from ..storage.storage_interface import SearchInterface
from ..terms import bag_of
from .symbols import Symbol, extract

BATCH_DOCUMENTS = 256
BATCH_BYTES = 4 << 20
PROCESSES_FROM_BYTES = 4 << 20
"""With less than this to do, starting processes costs more than they save."""

Task: TypeAlias = tuple[int, str, bytes]
"""Number, language and content of a document."""

Derived: TypeAlias = tuple[int, str, bytes, bytes, bytes, int]
"""Number, language, packed symbols; keys, payloads and length of the bag of words."""


def enrich(
    store: SearchInterface,
    catalog: Catalog,
    *,
    workers: int | None = None,
    on_progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> int:
    """Derives symbols and words of every pending document; returns how many there were.

    Each batch is durable once it is reported. Raises CancelledError at a batch boundary.
    """
    started = time.monotonic()
    pending = catalog.without_symbols()
    done = 0
    for derived in _derived(_batches(store, pending), workers, len(pending)):
        if cancelled():
            raise CancelledError(
                f"stopped after the symbols of {done} of {len(pending)} files; the rest follows later"
            )
        # Words first: the row of symbols is what says that a document is done.
        store.write_words([WordBag(n, keys, payloads, length) for n, _, _, keys, payloads, length in derived])
        catalog.put_symbols([(number, language, packed) for number, language, packed, *_ in derived])
        done += len(derived)
        if on_progress is not None:
            seconds = time.monotonic() - started
            on_progress(
                Progress(stage="symbols", documents=done, documents_total=len(pending), seconds=seconds)
            )
    return done


def derive(tasks: Sequence[Task]) -> list[Derived]:
    """The symbols and words of some documents: the work of a worker."""
    compressor = zstandard.ZstdCompressor(level=1)
    results: list[Derived] = []
    for number, language, content in tasks:
        symbols = extract(content, language) if language else []
        keys, payloads, length = bag_of(content, symbols)
        results.append((number, language, pack(symbols, compressor), keys, payloads, length))
    return results


def pack(symbols: Sequence[Symbol], compressor: zstandard.ZstdCompressor) -> bytes:
    """Symbols as they are stored; empty for none. `leindex.search.symbols` reads them."""
    return (
        compressor.compress(json.dumps(symbols, ensure_ascii=False).encode("utf-8", "replace"))
        if symbols
        else b""
    )


def _batches(store: SearchInterface, pending: Sequence[tuple[int, bytes, str]]) -> Iterator[list[Task]]:
    """The pending documents with their contents, cut by count and by bytes."""
    batch: list[Task] = []
    size = 0
    for start in range(0, len(pending), 64):
        part = pending[start : start + 64]
        for (number, _, language), content in zip(part, store.contents([p[0] for p in part]), strict=True):
            if content is None:
                continue
            batch.append((number, language, content))
            size += len(content)
            if len(batch) >= BATCH_DOCUMENTS or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _derived(batches: Iterator[list[Task]], workers: int | None, documents: int) -> Iterator[list[Derived]]:
    """Works on the batches, in order, in processes if there is enough to do."""
    first: list[list[Task]] = []
    size = 0
    for batch in batches:
        first.append(batch)
        size += sum(len(content) for _, _, content in batch)
        if size >= PROCESSES_FROM_BYTES:
            break
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if size < PROCESSES_FROM_BYTES or workers < 2:
        for batch in first:
            yield derive(batch)
        for batch in batches:
            yield derive(batch)
        return
    yield from _in_processes(_chained(first, batches), workers)


def _chained(first: list[list[Task]], rest: Iterator[list[Task]]) -> Iterator[list[Task]]:
    yield from first
    yield from rest


def _in_processes(batches: Iterator[list[Task]], workers: int) -> Iterator[list[Derived]]:
    """A worker that dies costs no result: what is left is done here."""
    # Forked children would carry open connections; spawned ones start clean.
    context = multiprocessing.get_context("spawn")
    waiting: deque[tuple[list[Task], Future[list[Derived]]]] = deque()
    pool = ProcessPoolExecutor(workers, mp_context=context)
    try:
        for batch in batches:
            try:
                waiting.append((batch, pool.submit(derive, batch)))
            except BrokenProcessPool:
                yield from _drain(waiting)
                yield derive(batch)
                continue
            if len(waiting) > workers + 1:
                yield _result(*waiting.popleft())
        yield from _drain(waiting)
    finally:
        for _, future in waiting:
            future.cancel()
        pool.shutdown(wait=True, cancel_futures=True)


def _drain(waiting: deque[tuple[list[Task], Future[list[Derived]]]]) -> Iterator[list[Derived]]:
    while waiting:
        yield _result(*waiting.popleft())


def _result(batch: list[Task], future: Future[list[Derived]]) -> list[Derived]:
    try:
        return future.result()
    except BrokenProcessPool:
        return derive(batch)
