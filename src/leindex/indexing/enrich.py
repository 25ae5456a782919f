"""The second stage: symbols and words of documents whose text is searchable already.

It runs in batches after the text stage and goes on where it was stopped: the catalogue lists what is pending. The
work is done by processes where there is much of it, since walking syntax trees holds the GIL; the contents reach
them from the store, which only this process opens.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain
from typing import TypeAlias

import zstandard

from ..errors import CancelledError
from ..models import FileRow, Progress, ProgressCallback, WordBag
from ..storage.catalog import Catalog
from ..storage.storage_interface import SearchInterface
from ..terms import bag_of
from .symbols import Symbol, extract
from .workers import in_processes

BATCH_DOCUMENTS = 256
BATCH_BYTES = 1 << 20
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
    seconds: float | None = None,
    on_progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> int:
    """Derives symbols and words of every pending document; returns how many it did.

    `seconds` is when to begin no further batch; what is left stays pending. Each batch is durable once it is
    reported. Raises CancelledError at a batch boundary.
    """
    started = time.monotonic()
    pending = catalog.without_symbols()
    done = 0
    batches = _batches(store, catalog, pending)
    with closing(_derived(_until(batches, started, seconds), workers)) as results:
        for derived in _together(results, store.words_together):
            if cancelled():
                raise CancelledError(
                    f"stopped after the symbols of {done} of {len(pending)} files; the rest follows later"
                )
            _write(store, catalog, derived)
            done += len(derived)
            if on_progress is not None:
                on_progress(
                    Progress(
                        stage="symbols",
                        documents=done,
                        documents_total=len(pending),
                        seconds=time.monotonic() - started,
                    )
                )
    return done


def enrich_at_once(
    store: SearchInterface, catalog: Catalog, rows: Sequence[FileRow], contents: Mapping[str, bytes]
) -> None:
    """The second stage of a few documents whose contents are at hand, inside the caller's transaction."""
    languages: dict[int, tuple[str, bytes]] = {}
    for row in rows:
        if row.number and row.doc_id in contents:
            languages.setdefault(row.number, (row.language, contents[row.doc_id]))
    if languages:
        _write(store, catalog, derive([(number, *entry) for number, entry in languages.items()]))


def _write(store: SearchInterface, catalog: Catalog, derived: Sequence[Derived]) -> None:
    # Words first: the row of symbols is what says that a document is done.
    with catalog.database.transaction():
        store.write_words([WordBag(n, keys, weights, length) for n, _, _, keys, weights, length in derived])
        catalog.put_symbols([(number, language, packed) for number, language, packed, *_ in derived])


def _until(batches: Iterator[list[Task]], started: float, seconds: float | None) -> Iterator[list[Task]]:
    for batch in batches:
        yield batch
        if seconds is not None and time.monotonic() - started >= seconds:
            return


def _together(results: Iterator[list[Derived]], words: int) -> Iterator[list[Derived]]:
    """Joins results until they have so many words, each counted once a document."""
    joined: list[Derived] = []
    count = 0
    for derived in results:
        joined += derived
        count += sum(len(payloads) for _, _, _, _, payloads, _ in derived)
        if count >= words:
            yield joined
            joined, count = [], 0
    if joined:
        yield joined


def derive(tasks: Sequence[Task]) -> list[Derived]:
    """The symbols and words of some documents: the work of a worker."""
    compressor = zstandard.ZstdCompressor(level=1, write_checksum=True)
    results: list[Derived] = []
    for number, language, content in tasks:
        symbols = extract(content, language) if language else []
        keys, payloads, length = bag_of(content, symbols)
        results.append((number, language, pack(symbols, compressor), keys, payloads, length))
    return results


def pack(symbols: Sequence[Symbol], compressor: zstandard.ZstdCompressor) -> bytes:
    """Symbols as they are stored; empty for none. `leindex.search.symbols` reads them."""
    return compressor.compress(json.dumps(symbols, ensure_ascii=False).encode("utf-8", "replace")) if symbols else b""


def _batches(store: SearchInterface, catalog: Catalog, pending: Sequence[tuple[int, str]]) -> Iterator[list[Task]]:
    """The pending documents with their contents, cut by count and by bytes."""
    batch: list[Task] = []
    size = 0
    for start in range(0, len(pending), 64):
        part = pending[start : start + 64]
        contents = store.contents([number for number, _ in part])
        gone = [number for (number, _), content in zip(part, contents, strict=True) if content is None]
        if gone:
            catalog.drop_pending(gone)
        for (number, language), content in zip(part, contents, strict=True):
            if content is None:
                continue
            batch.append((number, language, content))
            size += len(content)
            if len(batch) >= BATCH_DOCUMENTS or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _derived(batches: Iterator[list[Task]], workers: int | None) -> Generator[list[Derived], None, None]:
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
        yield from map(derive, chain(first, batches))
        return
    with closing(in_processes(__name__, "derive", chain(first, batches), workers=workers)) as results:
        yield from results
