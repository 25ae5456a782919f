"""Which files a search has to look at, in path order, with their contents.

An engine answers with candidate documents; the catalogue says which files have these contents. Few candidates are
looked up one by one; many are met while walking the catalogue in path order, which costs little when the answer is
complete after a few files. Files over the size limit are in no index and are read from disk in their place. Where
much has to be read, other threads work ahead. The rows are fetched in the caller's thread, since SQLite takes the
GIL for each; decompression and matching are one native call each for a whole batch, and run beside it.
"""

from __future__ import annotations

import heapq
import mmap
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ..records import field, record
from ..storage.catalog import Catalog, FileEntry, key_of
from ..storage.formula import Formula
from ..storage.storage_interface import SearchInterface
from ..text import PROBE, UTF16_BOMS
from .table import FileTable

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from .._native import Buffer
    from ..storage.candidates import CandidateSet

FEW: Final = 400
"""Up to so many candidates are looked up one by one."""

FIRST_BATCH: Final = 8
BATCH: Final = 256
BATCH_BYTES: Final = 4 << 20
"""Contents are fetched in batches that double from the first to the largest size, in files, while they are not
larger than that in bytes: an answer that needs few files does not wait for many."""

AHEAD_FROM: Final = 40
"""After so many files that were read one batch after another, other threads work ahead."""

AHEAD: Final = 3
"""Batches that are worked on ahead."""

TOO_LARGE: Final = "too large"
BINARY: Final = "binary"
UNINDEXED: Final = "unindexed"
"""Why there is no document of a file that the search asks for and the index's own options do not."""

GIVEN_UP: Final = b"\0"
"""What stands for the content of a binary file: like that, it is given up before any line of it is searched."""

MATCHED: Final = b"a line of it matches"
"""What stands, as this very object, for the content of a file that matches where nobody asks for its lines."""

DECODED: Final = ("utf-16", "utf-8-bom")
COUNTED: Final = (TOO_LARGE, BINARY, UNINDEXED)


class Content(NamedTuple):
    """A file that was looked at; `content` is None for one that is known not to match, and may be `MATCHED` where only
    names were asked for. `views` has a bit for each view that has the file, where views are asked."""

    path: bytes
    size: int
    content: bytes | None
    views: int = 0


Test = Callable[[Sequence["Buffer"]], bytes]
"""A byte for each of some contents: 0 if it does not match, 1 if it does, 2 if its search has more to say."""


@record(slots=True)
class Selection:
    """What was looked at, counted in files while it happens."""

    candidates: int = 0
    verified: int = 0
    unread: list[bytes] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    scanned_everything: bool = False
    pending: int = 0
    """Documents whose definitions are not known yet, where definitions were asked for."""


@record(frozen=True, slots=True)
class Selector:
    """The files of one tree for one search.

    `table` gives the files in path order and `pool` the threads that read ahead; both are asked for only where a
    search needs them. `accepts` is the condition on paths, asked before any content is read; `scope` is the folder
    to stay in, relative to the root; `disk` is the root where files without a document can be read, if there is one.
    All reads belong to the snapshot that the caller holds, but for the threads', whose documents can only
    have vanished since.
    """

    store: SearchInterface
    catalog: Catalog
    table: Callable[[], FileTable]
    pool: Callable[[], ThreadPoolExecutor]
    scope: bytes = b""
    accepts: Callable[[bytes], bool] | None = None
    disk: Path | None = None
    blob: Callable[[str], bytes | None] | None = None
    """What reads a content that is no document from git's store, for the files of commits."""
    from_disk: frozenset[str] = frozenset((TOO_LARGE, UNINDEXED))
    """Reasons for skipping a file that do not keep it from being searched: it is read from disk."""
    beside: Callable[[], Sequence[bytes]] | None = None
    """The paths of the files that are searched beside those of the index, in path order."""
    blob_of: Callable[[bytes], str] = lambda path: ""
    """The content of each of these where it is not on disk, by the id of its blob."""

    def entries(self, formula: Formula, seen: Selection) -> Iterator[FileEntry]:
        """The candidate files, in path order."""
        return self._entries(self.store.candidates(formula), seen)

    def _entries(self, candidates: CandidateSet, seen: Selection) -> Iterator[FileEntry]:
        seen.scanned_everything = candidates.everything
        found: Iterator[FileEntry]
        if BINARY not in self.from_disk and not candidates.everything and candidates.count(FEW + 1) <= FEW:
            prefix = self.scope + b"/" if self.scope else b""
            few = self.catalog.paths_of(candidates)
            found = heapq.merge(few, self.catalog.too_large(), key=_entry_key)
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
        yield from self._with_beside(found if accepts is None else (entry for entry in found if accepts(entry.path)))
        seen.notes = candidates.notes

    def listed(self) -> Iterator[FileEntry]:
        """Every file of the tree, searchable or not, in path order."""
        accepts = self.accepts
        found = self.catalog.walk(scope=self.scope)
        yield from self._with_beside(found if accepts is None else (entry for entry in found if accepts(entry.path)))

    def large_files(self, size: int) -> Iterator[tuple[bytes, bytes]]:
        """The files to search that have so many bytes or more, in path order, each with its content."""
        for entry in self.listed():
            searched = entry.number or entry.skipped in self.from_disk
            if searched and (entry.size >= size or entry.skipped == UNINDEXED):
                for content in self._reading([entry], Selection())():
                    if content is not None and len(content) >= size:
                        yield entry.path, bytes(content)

    def _with_beside(self, found: Iterator[FileEntry]) -> Iterator[FileEntry]:
        if self.beside is None:
            return found
        beside = (FileEntry(path, 0, 0, UNINDEXED, blob=self.blob_of(path)) for path in self.beside())
        merged = heapq.merge(beside, found, key=_entry_key)
        # A file that was let in when it was indexed and is not now would be there twice.
        return (next(same) for _, same in groupby(merged, key=_entry_key))

    def contents(
        self,
        formula: Formula,
        seen: Selection,
        *,
        test: Test | None = None,
        names_only: bool = False,
        formula_decides: bool = False,
    ) -> Iterator[Content]:
        """Each candidate that passes the test, in path order; without a test every one that is still there.

        With `names_only` the contents of those that match for certain are not handed out; with `formula_decides` too,
        which says that a document matches if it satisfies the formula, nor are they read.
        """
        candidates = self.store.candidates(formula)
        look = _Look(test, names_only, candidates if names_only and formula_decides else None)
        batches = _batches(self._entries(candidates, seen))
        looked_at = 0
        for batch in batches:
            yield from look.passing(batch, self._reading(batch, seen, look)())
            looked_at += len(batch)
            _count(seen, batch)
            if looked_at >= AHEAD_FROM and test is not None:
                yield from self._work_ahead(batches, seen, look)

    def contents_of(
        self, entries: Iterator[FileEntry], seen: Selection, *, test: Test | None = None
    ) -> Iterator[Content]:
        """The same of files in an order of the caller's."""
        look = _Look(test)
        for batch in _batches(entries):
            yield from look.passing(batch, self._reading(batch, seen)())
            _count(seen, batch)

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
            contents = dict(zip(read, self._reading(read, seen)(), strict=True))
            for entry in batch:
                seen.candidates += entry in contents
                seen.verified += entry in contents
                given_up = entry.skipped == BINARY and BINARY not in self.from_disk
                content = GIVEN_UP if given_up else contents.get(entry)
                if entry.number or content is not None:
                    yield Content(entry.path, entry.size, None if content is None else bytes(content), entry.views)
        seen.notes = candidates.notes

    def _work_ahead(self, batches: Iterator[list[FileEntry]], seen: Selection, look: _Look) -> Iterator[Content]:
        from ..storage.threaded import submitted

        pool = self.pool()
        waiting: deque[tuple[list[FileEntry], Future[list[Content]]]] = deque()

        def passing(batch: list[FileEntry], read: Callable[[], list[Buffer | None]]) -> list[Content]:
            return look.passing(batch, read())

        ahead = 1  # and one more for each answer: who needs few files more shall not wait until many are fetched
        try:
            for batch in batches:
                waiting.append((batch, submitted(pool, passing, batch, self._reading(batch, seen, look))))
                while waiting and (len(waiting) > ahead or waiting[0][1].done()):
                    done, future = waiting.popleft()
                    yield from future.result()
                    _count(seen, done)
                    ahead = min(ahead + 1, AHEAD)
            while waiting:
                done, future = waiting.popleft()
                yield from future.result()
                _count(seen, done)
        finally:
            for _, future in waiting:
                future.cancel()

    def _reading(
        self, batch: list[FileEntry], seen: Selection, look: _Look | None = None
    ) -> Callable[[], list[Buffer | None]]:
        """The contents of a batch, begun here; what is returned is called in any thread. Those that need no look are
        not read."""
        known = set() if look is None else look.proven(batch)
        reading = self.store.reading([entry.number for entry in batch if entry.number and entry.number not in known])

        def finish() -> list[Buffer | None]:
            stored = iter(reading())
            return [
                (MATCHED if entry.number in known else next(stored)) if entry.number else self._unstored(entry, seen)
                for entry in batch
            ]

        return finish

    def _unstored(self, entry: FileEntry, seen: Selection) -> bytes | None:
        """The content of a file that is no document."""
        if not entry.blob or self.blob is None:
            return self._from_disk(entry.path, seen)
        content = self.blob(entry.blob)
        if content is None:
            seen.unread.append(entry.path)
        elif BINARY not in self.from_disk and _quits_at_once(content[:PROBE]):
            return GIVEN_UP
        return content

    def _from_disk(self, path: bytes, seen: Selection) -> bytes | None:
        """A file that has no document, None if it is gone; mapped, so that a binary one is not read on."""
        if self.disk is None:
            seen.unread.append(path)
            return None
        try:
            fd = os.open(os.path.join(os.fsencode(self.disk), path), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if not os.fstat(fd).st_size:
                    return b""
                with mmap.mmap(fd, 0, access=mmap.ACCESS_READ) as mapped:
                    if BINARY not in self.from_disk and _quits_at_once(mapped[:PROBE]):
                        return GIVEN_UP
                    return mapped[:]
            finally:
                os.close(fd)
        except (OSError, ValueError):
            seen.unread.append(path)
            return None


class _Look:
    """How the contents of a search are looked at: by a test, for names only or not, and which need no look."""

    def __init__(self, test: Test | None, names_only: bool = False, proving: CandidateSet | None = None) -> None:
        self._test, self._names_only, self._proving = test, names_only, proving
        self._low, self._high, self._bits = 1, 0, b""  # what was proven around the document asked about last

    def proven(self, batch: list[FileEntry]) -> set[int]:
        """The documents of a batch that are known to match before they are read."""
        return set() if self._proving is None else {entry.number for entry in batch if self._is_proven(entry.number)}

    def _is_proven(self, number: int) -> bool:
        if not number or self._proving is None:
            return False
        if not self._low <= number <= self._high:
            self._low, self._high, self._bits = self._proving.proven(number)
        place = number - self._low
        return place >> 3 < len(self._bits) and bool(self._bits[place >> 3] >> (place & 7) & 1)

    def passing(self, batch: list[FileEntry], contents: Sequence[Buffer | None]) -> list[Content]:
        """Those of a batch that pass the test; nobody else holds on to the rest."""
        asked = [(n, content) for n, content in enumerate(contents) if content is not None and content is not MATCHED]
        told = b"\2" * len(asked) if self._test is None else self._test([content for _, content in asked])
        kept = {
            n: MATCHED if tell == 1 and self._names_only else bytes(content)
            for (n, content), tell in zip(asked, told, strict=True)
            if tell
        }
        if self._proving is not None:
            kept |= {n: MATCHED for n, content in enumerate(contents) if content is MATCHED}
        return [Content(batch[n].path, batch[n].size, kept[n], batch[n].views) for n in sorted(kept)]


def _quits_at_once(head: bytes) -> bool:
    """Whether ripgrep finds a NUL byte in a file before it searches any of its lines: it reads three bytes first."""
    return b"\0" in head and b"\n" not in head[:3] and not head.startswith(UTF16_BOMS)


def _entry_key(entry: FileEntry) -> bytes:
    return key_of(entry.path)


def _batches(entries: Iterator[FileEntry]) -> Iterator[list[FileEntry]]:
    files, room = FIRST_BATCH, BATCH_BYTES
    batch: list[FileEntry] = []
    for entry in entries:
        batch.append(entry)
        room -= entry.size
        if len(batch) == files or room < 0:
            yield batch
            batch, files, room = [], min(files * 2, BATCH), BATCH_BYTES
    if batch:
        yield batch


def _count(seen: Selection, batch: list[FileEntry]) -> None:
    seen.candidates += len(batch)
    seen.verified += len(batch)
