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
from typing import Final

from ..query.formula import Formula
from ..storage.catalog import Catalog
from ..storage.storage_interface import SearchInterface

FEW: Final = 400
"""Up to so many candidates are looked up one by one."""

FIRST_BATCH: Final = 8
BATCH: Final = 256
"""Contents are fetched in batches that double from the first to the largest size: an answer that needs few files
does not wait for many."""

Entry = tuple[bytes, int, str]
"""Path, number of the document (0 if there is none), reason the file was skipped."""

Test = Callable[[Sequence[bytes]], Sequence[int]]
"""Of some contents, the positions of those that match."""


@dataclass(slots=True)
class Selection:
    """What was looked at, counted in files while it happens."""

    candidates: int = 0
    verified: int = 0
    bytes_verified: int = 0
    unread: list[bytes] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    scanned_everything: bool = False


@dataclass(frozen=True, slots=True)
class Selector:
    """The files of one tree for one search.

    `accepts` is the condition on paths, asked before any content is read; `scope` is the folder to stay in, relative
    to the root. All reads belong to the snapshot that the caller holds, but for the helper thread's, whose documents
    can only have vanished since.
    """

    root: Path
    store: SearchInterface
    catalog: Catalog
    scope: bytes = b""
    accepts: Callable[[bytes], bool] | None = None

    def entries(self, formula: Formula, seen: Selection) -> Iterator[Entry]:
        """The candidate files, in path order."""
        candidates = self.store.candidates(formula)
        seen.scanned_everything = candidates.everything
        prefix = self.scope + b"/" if self.scope else b""
        found: Iterator[Entry]
        if not candidates.everything and candidates.count(FEW + 1) <= FEW:
            few = self.catalog.paths_of(candidates)
            found = heapq.merge(
                few, self.catalog.too_large(), key=lambda entry: entry[0].replace(b"/", b"\0")
            )
            found = (entry for entry in found if entry[0].startswith(prefix)) if prefix else found
        else:
            found = (
                entry
                for entry in self.catalog.walk(scope=self.scope)
                if (entry[1] in candidates if entry[1] else entry[2] == "too large")
            )
        for entry in found:
            if self.accepts is None or self.accepts(entry[0]):
                seen.candidates += 1
                yield entry
        seen.notes = candidates.notes

    def contents(
        self, formula: Formula, seen: Selection, *, test: Test | None = None, threads: int = 1
    ) -> Iterator[tuple[bytes, bytes | None]]:
        """Path and content of each candidate, in path order; with `test`, None for a content that fails it."""
        entries = self.entries(formula, seen)
        if threads < 2 or test is None:
            yield from self._one_by_one(entries, seen, test)
            return
        with ThreadPoolExecutor(threads, thread_name_prefix="leindex-scan") as pool:
            waiting: deque[tuple[list[Entry], Future[list[bytes | None]]]] = deque()
            try:
                for batch in _batches(entries):
                    waiting.append((batch, pool.submit(self._tested, batch, seen, test)))
                    if len(waiting) > threads + 1:
                        yield from _paired(*waiting.popleft(), seen)
                while waiting:
                    yield from _paired(*waiting.popleft(), seen)
            finally:
                for _, future in waiting:
                    future.cancel()

    def _one_by_one(
        self, entries: Iterator[Entry], seen: Selection, test: Test | None
    ) -> Iterator[tuple[bytes, bytes | None]]:
        for batch in _batches(entries):
            contents = self._fetched(batch, seen) if test is None else self._tested(batch, seen, test)
            for (path, _, _), content in zip(batch, contents, strict=True):
                seen.verified += 1
                if content is not None or test is not None:
                    yield path, content

    def _tested(self, batch: list[Entry], seen: Selection, test: Test) -> list[bytes | None]:
        contents = self._fetched(batch, seen)
        here = [place for place, content in enumerate(contents) if content is not None]
        passed = test([content for content in contents if content is not None])
        result: list[bytes | None] = [None] * len(batch)
        for place in passed:
            result[here[place]] = contents[here[place]]
        return result

    def _fetched(self, batch: list[Entry], seen: Selection) -> list[bytes | None]:
        stored = iter(self.store.contents([number for _, number, _ in batch if number]))
        contents = [next(stored) if number else self._from_disk(path, seen) for path, number, _ in batch]
        seen.bytes_verified += sum(len(content) for content in contents if content is not None)
        return contents

    def _from_disk(self, path: bytes, seen: Selection) -> bytes | None:
        """A file that is too large for the index; mapped, so that only what is looked at is read."""
        try:
            fd = os.open(
                os.path.join(os.fsencode(self.root), path), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            )
            try:
                with mmap.mmap(fd, 0, access=mmap.ACCESS_READ) as mapped:
                    content = mapped[:]
            finally:
                os.close(fd)
        except (OSError, ValueError):
            seen.unread.append(path)
            return None
        return None if b"\0" in content[: 1 << 16] else content


def _batches(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    size = FIRST_BATCH
    while batch := list(islice(entries, size)):
        yield batch
        size = min(size * 2, BATCH)


def _paired(
    batch: list[Entry], future: Future[list[bytes | None]], seen: Selection
) -> Iterator[tuple[bytes, bytes | None]]:
    for (path, _, _), content in zip(batch, future.result(), strict=True):
        seen.verified += 1
        yield path, content
