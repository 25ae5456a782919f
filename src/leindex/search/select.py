"""Which files a search has to look at, in path order, with their contents.

An engine answers with candidate documents; the catalogue says which files have these contents. Few candidates are
looked up one by one; many are met while walking the catalogue in path order, which costs little when the answer is
complete after a few files. Files over the size limit are in no index and are read from disk in their place. Where
much has to be read, a second thread fetches and tests ahead: fetching, decompression and matching are native code.
"""

from __future__ import annotations

import heapq
import mmap
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from ..query.formula import Formula
from ..storage.catalog import Catalog, FileEntry, key_of
from ..storage.storage_interface import SearchInterface
from .table import FileTable

FEW: Final = 400
"""Up to so many candidates are looked up one by one."""

FIRST_BATCH: Final = 8
BATCH: Final = 256
"""Contents are fetched in batches that double from the first to the largest size: an answer that needs few files
does not wait for many."""

AHEAD_FROM: Final = 120
"""After so many files that were read one batch after another, other threads read ahead."""

AHEAD: Final = 3
"""Batches that are read ahead."""

TOO_LARGE: Final = "too large"
BINARY: Final = "binary"
DECODED: Final = ("utf-16", "utf-8-bom")
COUNTED: Final = (TOO_LARGE, BINARY)


class Content(NamedTuple):
    """A file that was looked at; `content` is None for one that is known not to match, or is gone. `size` is None
    for a binary one, which ripgrep gives up at its first NUL byte."""

    path: bytes
    size: int | None
    content: bytes | None


Test = Callable[[Sequence[bytes]], Sequence[int]]
"""Of some contents, the positions of those that match."""


@dataclass(slots=True)
class Selection:
    """What was looked at, counted in files while it happens."""

    candidates: int = 0
    verified: int = 0
    unread: list[bytes] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    scanned_everything: bool = False


@dataclass(frozen=True, slots=True)
class Selector:
    """The files of one tree for one search.

    `table` gives the files in path order and `pool` the threads that read ahead; both are asked for only where a
    search needs them. `accepts` is the condition on paths, asked before any content is read; `scope` is the folder
    to stay in, relative to the root. All reads belong to the snapshot that the caller holds, but for the threads',
    whose documents can only have vanished since.
    """

    root: Path
    store: SearchInterface
    catalog: Catalog
    table: Callable[[], FileTable]
    pool: Callable[[], ThreadPoolExecutor]
    scope: bytes = b""
    accepts: Callable[[bytes], bool] | None = None
    from_disk: frozenset[str] = frozenset((TOO_LARGE,))
    """Reasons for skipping a file that do not keep it from being searched: it is read from disk."""

    def entries(self, formula: Formula, seen: Selection) -> Iterator[FileEntry]:
        """The candidate files, in path order."""
        candidates = self.store.candidates(formula)
        seen.scanned_everything = candidates.everything
        found: Iterator[FileEntry]
        if BINARY not in self.from_disk and not candidates.everything and candidates.count(FEW + 1) <= FEW:
            prefix = self.scope + b"/" if self.scope else b""
            few = self.catalog.paths_of(candidates)
            found = heapq.merge(few, self.catalog.too_large(), key=lambda entry: key_of(entry.path))
            found = (entry for entry in found if entry.path.startswith(prefix)) if prefix else found
        elif BINARY in self.from_disk:
            found = (
                entry
                for entry in self.catalog.walk(scope=self.scope)
                if (entry.number in candidates if entry.number else entry.skipped in self.from_disk)
            )
        else:
            found = self.table().candidates(candidates, scope=self.scope)
        accepts = self.accepts
        yield from found if accepts is None else (entry for entry in found if accepts(entry.path))
        seen.notes = candidates.notes

    def listed(self) -> Iterator[FileEntry]:
        """Every file of the tree, searchable or not, in path order."""
        for entry in self.catalog.walk(scope=self.scope):
            if self.accepts is None or self.accepts(entry.path):
                yield entry

    def contents(self, formula: Formula, seen: Selection, *, test: Test | None = None) -> Iterator[Content]:
        """Each candidate that passes the test, in path order; without a test every one that is still there."""
        batches = _batches(self.entries(formula, seen))
        looked_at = 0
        for batch in batches:
            yield from self._tested(batch, seen, test)
            looked_at += len(batch)
            _count(seen, batch)
            if looked_at >= AHEAD_FROM and test is not None:
                yield from self._read_ahead(batches, seen, test)

    def all_contents(self, formula: Formula, seen: Selection) -> Iterator[Content]:
        """The same for every file; the content is None for those that are no candidates."""
        candidates = self.store.candidates(formula)
        for batch in _batches(entry for entry in self.listed() if entry.number or entry.skipped in COUNTED):
            # Where the text is not the file's bytes, its length is known only after a look.
            read = [
                entry
                for entry in batch
                if (
                    entry.number in candidates or entry.encoding.startswith(DECODED)
                    if entry.number
                    else entry.skipped in self.from_disk
                )
            ]
            contents = dict(zip((entry.path for entry in read), self._fetched(read, seen), strict=True))
            for entry in batch:
                seen.candidates += entry.path in contents
                seen.verified += entry.path in contents
                size = None if entry.skipped == BINARY and BINARY not in self.from_disk else entry.size
                yield Content(entry.path, size, contents.get(entry.path))
        seen.notes = candidates.notes

    def _read_ahead(self, batches: Iterator[list[FileEntry]], seen: Selection, test: Test) -> Iterator[Content]:
        pool = self.pool()
        waiting: deque[tuple[list[FileEntry], Future[list[Content]]]] = deque()
        try:
            for batch in batches:
                waiting.append((batch, pool.submit(self._tested, batch, seen, test)))
                if len(waiting) > AHEAD:
                    done, future = waiting.popleft()
                    yield from future.result()
                    _count(seen, done)
            while waiting:
                done, future = waiting.popleft()
                yield from future.result()
                _count(seen, done)
        finally:
            for _, future in waiting:
                future.cancel()

    def _tested(self, batch: list[FileEntry], seen: Selection, test: Test | None) -> list[Content]:
        """Those of a batch that pass; made in the thread that read them, so that no other sees the rest."""
        contents = self._fetched(batch, seen)
        here = [place for place, content in enumerate(contents) if content is not None]
        if test is not None:
            texts = [content for content in contents if content is not None]
            here = [here[place] for place in test(texts)]
        return [Content(batch[place].path, batch[place].size, contents[place]) for place in here]

    def _fetched(self, batch: list[FileEntry], seen: Selection) -> list[bytes | None]:
        stored = iter(self.store.contents([number for _, number, *_ in batch if number]))
        return [next(stored) if number else self._from_disk(path, seen) for path, number, *_ in batch]

    def _from_disk(self, path: bytes, seen: Selection) -> bytes | None:
        """A file that is too large for the index; mapped, so that only what is looked at is read."""
        try:
            fd = os.open(os.path.join(os.fsencode(self.root), path), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                with mmap.mmap(fd, 0, access=mmap.ACCESS_READ) as mapped:
                    content = mapped[:]
            finally:
                os.close(fd)
        except (OSError, ValueError):
            seen.unread.append(path)
            return None
        return None if BINARY not in self.from_disk and b"\0" in content[: 1 << 16] else content


def _batches(entries: Iterator[FileEntry]) -> Iterator[list[FileEntry]]:
    size = FIRST_BATCH
    while batch := list(islice(entries, size)):
        yield batch
        size = min(size * 2, BATCH)


def _count(seen: Selection, batch: list[FileEntry]) -> None:
    seen.candidates += len(batch)
    seen.verified += len(batch)
