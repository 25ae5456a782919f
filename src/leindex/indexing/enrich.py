"""The second stage: symbols, references and words of documents whose text is searchable already.

It runs in batches after the text stage and goes on where it was stopped: the catalogue lists what is pending. The
work is done by processes where there is much of it, since walking syntax trees holds the GIL; the contents reach
them from the store, which only this process opens.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain
from typing import TypeAlias

import zstandard

from .. import linkage
from ..definition import Symbol
from ..errors import CancelledError
from ..models import FileRow, Progress, ProgressCallback, WordBag
from ..storage.batching import cores
from ..storage.catalog import Catalog
from ..storage.linkage_table import LinkageTable
from ..storage.storage_interface import SearchInterface
from ..terms import bag_of
from .syntax.grammars import has_grammar
from .syntax.symbols import SIZE_LIMIT, TIME_LIMIT_S, Found, is_read_whole, read, read_in_time
from .workers import in_processes

BATCH_DOCUMENTS = 256
BATCH_BYTES = 1 << 20
PROCESSES_FROM_BYTES = 4 << 20
"""With less than this to do, starting processes costs more than they save."""

PARSED_SECONDS_A_BYTE = 1.2e-6
READ_SECONDS_A_BYTE = 0.15e-6
"""What a dense file takes in a language that is parsed, and in one that is only read."""

AT_ONCE_SECONDS = 0.1
"""Work that is expected to take longer is not done inside the transaction that writes the text."""

LEAST_SECONDS = 0.05
"""What is expected to take no longer fits any budget."""

GIVEN_UP_SECONDS = 0.25
"""CPU time that a batch may take in any budget, loading a grammar included; what is not done by then is given up."""

Task: TypeAlias = tuple[int, str, bytes]
"""Number, language and content of a document."""

Derived: TypeAlias = tuple[int, str, bytes, bytes | None, WordBag]
"""Number, language, packed symbols, packed references (None where they could not be read), the bag of words."""


def enrich(
    store: SearchInterface,
    catalog: Catalog,
    *,
    workers: int | None = None,
    seconds: float | None = None,
    on_progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> int:
    """Derives symbols, references and words of every pending document; returns how many it did.

    `seconds` is a budget: nothing is begun after it or that is expected to exceed it, and what takes longer is given
    up; all of this stays pending. Each batch is durable once it is reported. Raises CancelledError at a batch boundary.
    """
    started = time.monotonic()
    LinkageTable(catalog.database).prepare()
    pending = catalog.without_symbols()
    done = 0
    if seconds is None:
        work = _derived(_batches(store, catalog, pending), workers)
    else:
        work = _derived_within(_batches(store, catalog, pending, seconds), started + seconds)
    with closing(work) as results:
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
    """The second stage of a few documents whose contents are at hand, inside the caller's transaction; what would hold
    that up stays pending."""
    languages: dict[int, tuple[str, bytes]] = {}
    for row in rows:
        if row.number and row.doc_id in contents:
            languages.setdefault(row.number, (row.language, contents[row.doc_id]))
    LinkageTable(catalog.database).prepare()
    if languages and sum(_cost(*entry) for entry in languages.values()) <= AT_ONCE_SECONDS:
        _write(store, catalog, derive_in_time([(n, *entry) for n, entry in languages.items()], GIVEN_UP_SECONDS))


def _cost(language: str, content: bytes) -> float:
    """How many seconds a document is expected to take at most."""
    parsed = len(content) <= SIZE_LIMIT and language != "c" and (has_grammar(language) or is_read_whole(language))
    return len(content) * (PARSED_SECONDS_A_BYTE if parsed else READ_SECONDS_A_BYTE)


def _write(store: SearchInterface, catalog: Catalog, derived: Sequence[Derived]) -> None:
    # Words first: the row of symbols is what says that a document is done.
    with catalog.database.transaction():
        store.write_words([bag for *_, bag in derived])
        catalog.put_symbols([(number, language, packed) for number, language, packed, *_ in derived])
        LinkageTable(catalog.database).put([(number, language, places) for number, language, _, places, _ in derived])


def _together(results: Iterator[list[Derived]], words: int) -> Iterator[list[Derived]]:
    """Joins results until they have so many words, each counted once a document."""
    joined: list[Derived] = []
    count = 0
    for derived in results:
        joined += derived
        count += sum(len(bag.payloads) for *_, bag in derived)
        if count >= words:
            yield joined
            joined, count = [], 0
    if joined:
        yield joined


def derive(tasks: Sequence[Task]) -> list[Derived]:
    """The symbols, references and words of some documents: the work of a worker."""
    packer = _compressor()
    return [_derive(task, read(task[2], task[1]), packer) for task in tasks]


def derive_in_time(tasks: Iterable[Task], seconds: float) -> list[Derived]:
    """The same for those of the documents that are done within `seconds` of CPU time."""
    packer, deadline = _compressor(), time.thread_time() + seconds
    results: list[Derived] = []
    for task in tasks:
        left = deadline - time.thread_time()
        found = read_in_time(task[2], task[1], min(left, TIME_LIMIT_S)) if left > 0 else None
        if found is not None:
            results.append(_derive(task, found, packer))
    return results


def _derive(task: Task, found: Found, compressor: zstandard.ZstdCompressor) -> Derived:
    number, language, content = task
    places = None if found.places is None else linkage.pack(found.places, compressor)
    return number, language, pack(found.symbols, compressor), places, WordBag(number, *bag_of(content, found.symbols))


def _compressor() -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(level=1, write_checksum=True)


def pack(symbols: Sequence[Symbol], compressor: zstandard.ZstdCompressor) -> bytes:
    """Symbols as they are stored; empty for none. `leindex.symbols.find` reads them."""
    return compressor.compress(json.dumps(symbols, ensure_ascii=False).encode("utf-8", "replace")) if symbols else b""


def _batches(
    store: SearchInterface, catalog: Catalog, pending: Sequence[tuple[int, str]], seconds: float | None = None
) -> Iterator[list[Task]]:
    """The pending documents with their contents, cut by count and by bytes; with a budget without those that are
    expected to exceed it, and cut by time, an empty batch where that ended without any."""
    batch: list[Task] = []
    size = 0
    cost = 0.0
    most = None if seconds is None else max(seconds, LEAST_SECONDS)
    for start in range(0, len(pending), 64):
        part = pending[start : start + 64]
        contents = store.contents([number for number, _ in part])
        gone = [number for (number, _), content in zip(part, contents, strict=True) if content is None]
        if gone:
            catalog.drop_pending(gone)
        for (number, language), content in zip(part, contents, strict=True):
            if content is None:
                continue
            expected = _cost(language, content)
            if most is not None and expected > most:
                continue
            batch.append((number, language, content))
            size += len(content)
            cost += expected
            if len(batch) >= BATCH_DOCUMENTS or size >= BATCH_BYTES or (most is not None and cost >= most / 2):
                yield batch
                batch, size, cost = [], 0, 0.0
        if most is not None and not batch:
            yield batch  # a look at the clock
    if batch:
        yield batch


def _derived_within(batches: Iterator[list[Task]], deadline: float) -> Generator[list[Derived], None, None]:
    """Works on the batches here, until the deadline, but on one in any case."""
    for batch in batches:
        yield derive_in_time(batch, max(deadline - time.monotonic(), GIVEN_UP_SECONDS))
        if time.monotonic() >= deadline:
            return


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
        workers = cores()
    if size < PROCESSES_FROM_BYTES or workers < 2:
        yield from map(derive, chain(first, batches))
        return
    with closing(in_processes(__name__, "derive", chain(first, batches), workers=workers)) as results:
        yield from results
