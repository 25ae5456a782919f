"""Compares two indexes document by document: what their engines and catalogues say, not how they keep it.

Compared are the lists of files, each file's document and what is known of it, every document's content and
fields, its symbols, and its words. Words cannot be listed by document, so they are compared by term, in both
directions. All terms of a large tree would take long; then those with the smallest hashes stand for all,
which is an even sample of distinct terms that both sides choose alike (bottom-k sampling; Cohen, 1997). What
no file names is not compared: no answer ever shows it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from ...models import FileRow, Progress, ProgressCallback
from ...records import field, record
from ...terms import bag_of
from ..catalog import Catalog, key_of
from ..storage_interface import SearchInterface
from .migrate import Unpack

TERMS_COMPARED: Final = 2000
HASHES: Final = 1 << 32
FIELDS_COMPARED: Final = 200
DOCUMENTS_AT_ONCE: Final = 256
KEPT: Final = 1000
"""The most differences that are kept with their details; all are counted."""


@record(frozen=True, slots=True)
class Side:
    """One of the two indexes, open for reading."""

    store: SearchInterface
    catalog: Catalog


@record(frozen=True, slots=True)
class Difference:
    """Something that differs: what kind of thing, which one, and how each side has it."""

    kind: str
    name: str
    a: str
    b: str


@record(slots=True)
class Comparison:
    """What was compared, and what differs. `terms_total` is an estimate where not all terms were compared."""

    files: int = 0
    documents: int = 0
    bytes: int = 0
    symbols: int = 0
    terms: int = 0
    terms_total: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return not self.counts

    def add(self, kind: str, name: str, a: object, b: object) -> None:
        """Counts a difference, and keeps it if there are not too many."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if len(self.differences) < KEPT:
            self.differences.append(Difference(kind, name, str(a), str(b)))


def compare(
    a: Side,
    b: Side,
    unpack: Unpack,
    *,
    full: bool = False,
    on_progress: ProgressCallback | None = None,
) -> Comparison:
    """Compares two indexes; used inside snapshots of both.

    `full` compares every term and the fields of every document, not samples of them.
    """
    found = Comparison()
    pairs = _compare_files(a.catalog, b.catalog, found)
    contents = _Contents(a, b, unpack, _Sample(None if full else TERMS_COMPARED), found)
    step = 1 if full else max(1, len(pairs) // FIELDS_COMPARED)
    started = time.monotonic()
    for start in range(0, len(pairs), DOCUMENTS_AT_ONCE):
        part = pairs[start : start + DOCUMENTS_AT_ONCE]
        contents.documents(part)
        contents.fields([pair for place, pair in enumerate(part, start) if place % step == 0])
        if on_progress is not None:
            done, seconds = start + len(part), time.monotonic() - started
            on_progress(Progress("compare", done, len(pairs), seconds=seconds))
    contents.terms(pairs)
    for name, side in (("A", a), ("B", b)):
        files = {row.number for row in side.catalog.walk() if row.number}
        views = {number for (number,) in side.catalog.rows("SELECT number FROM view_files WHERE number > 0")}
        unnamed = side.store.count() - len(files | views)
        if unnamed:
            found.notes.append(f"{name} keeps {unnamed} documents that no file names; they were not compared")
        if pending := side.catalog.pending():
            found.notes.append(f"{name} does not have the symbols and words of {pending} documents yet")
    return found


# -- files ---------------------------------------------------------------------------------------------------

_Pair = tuple[str, int, int]
"""A document of both sides: its id, and its number here and there."""


def _compare_files(a: Catalog, b: Catalog, found: Comparison) -> list[_Pair]:
    """Compares the lists; returns the documents that both sides name."""
    pairs: dict[str, _Pair] = {}
    for left, right in _side_by_side(a.files(), b.files()):
        if left is None or right is None:
            there = left or right
            assert there is not None
            found.add("file", there.name, *("missing" if row is None else "there" for row in (left, right)))
            continue
        found.files += 1
        for name in ("doc_id", "size", "language", "encoding", "kind", "skipped"):
            if (mine := getattr(left, name)) != (theirs := getattr(right, name)):
                found.add(f"file {name}", left.name, mine, theirs)
        if left.number and right.number and left.doc_id == right.doc_id:
            pairs.setdefault(left.doc_id, (left.doc_id, left.number, right.number))
    return sorted(pairs.values(), key=lambda pair: pair[1])


def _side_by_side(a: Iterator[FileRow], b: Iterator[FileRow]) -> Iterator[tuple[FileRow | None, FileRow | None]]:
    """Two lists in path order as one."""
    left, right = next(a, None), next(b, None)
    while left is not None or right is not None:
        mine, theirs = (None if row is None else key_of(row.path) for row in (left, right))
        take_left = mine is not None and (theirs is None or mine <= theirs)
        take_right = theirs is not None and (mine is None or theirs <= mine)
        yield left if take_left else None, right if take_right else None
        left = next(a, None) if take_left else left
        right = next(b, None) if take_right else right


# -- documents -----------------------------------------------------------------------------------------------


@record(frozen=True, slots=True)
class _Contents:
    """The documents of both sides beside each other; what differs goes to `found`."""

    a: Side
    b: Side
    unpack: Unpack
    sample: _Sample
    found: Comparison

    def documents(self, pairs: Sequence[_Pair]) -> None:
        """Compares contents and symbols, and takes words of these contents into the sample."""
        mine = _Part(self.a, [left for _, left, _ in pairs])
        theirs = _Part(self.b, [right for _, _, right in pairs])
        for place, pair in enumerate(pairs):
            contents = mine.contents[place], theirs.contents[place]
            if contents[0] is None or contents[1] is None:
                self.found.add(
                    "document", pair[0], *("missing" if content is None else "there" for content in contents)
                )
                continue
            self.found.documents += 1
            self.found.bytes += len(contents[0])
            if contents[0] != contents[1]:
                self.found.add("content", pair[0], f"{len(contents[0])} bytes", f"{len(contents[1])} bytes")
            if mine.lengths[place] != theirs.lengths[place]:
                self.found.add("length in words", pair[0], mine.lengths[place], theirs.lengths[place])
            symbols = self.symbols(pair)
            for content, packed in zip(contents, symbols, strict=False):
                if packed is not None and content is not None:
                    self.sample.add(bag_of(content, self.unpack(packed)).hashes)

    def fields(self, pairs: Sequence[_Pair]) -> None:
        """Compares what documents have beside their content, and whether that is text or bytes."""
        for doc_id, _, _ in pairs:
            fields = [
                None if document is None else {**document, "content": type(document["content"]).__name__}
                for document in (self.a.store.get_document(doc_id), self.b.store.get_document(doc_id))
            ]
            if None not in fields and fields[0] != fields[1]:
                self.found.add("fields", doc_id, *fields)

    def symbols(self, pair: _Pair) -> list[bytes | None]:
        """Compares the symbols of a document; returns those of each side from which other terms may come."""
        doc_id, left, right = pair
        mine, theirs = self.a.catalog.symbols_of(left), self.b.catalog.symbols_of(right)
        if mine == theirs:
            self.found.symbols += len(self.unpack(mine[1])) if mine is not None else 0
            return [None if mine is None else mine[1]]
        if mine is None or theirs is None:
            self.found.add("symbols", doc_id, *("not known" if s is None else "known" for s in (mine, theirs)))
        else:
            # The same list may be compressed in another way.
            unpacked = list(self.unpack(mine[1])), list(self.unpack(theirs[1]))
            self.found.symbols += len(unpacked[0])
            if mine[0] != theirs[0]:
                self.found.add("language of symbols", doc_id, mine[0], theirs[0])
            if unpacked[0] != unpacked[1]:
                only = [next((s for s in these if s not in those), None) for these, those in (unpacked, unpacked[::-1])]
                self.found.add("symbols", doc_id, *only)
        return [None if s is None else s[1] for s in (mine, theirs)]

    def terms(self, pairs: Sequence[_Pair]) -> None:
        """Compares where each term of the sample occurs, and with which payload."""
        places = {left: name for name, left, _ in pairs}, {right: name for name, _, right in pairs}
        for term in sorted(self.sample.hashes):
            mine, theirs = (
                _occurrences(store, term, names)
                for store, names in zip((self.a.store, self.b.store), places, strict=True)
            )
            self.found.terms += 1
            if mine != theirs:
                differing = islice((i for i in mine.keys() | theirs.keys() if mine.get(i) != theirs.get(i)), 1)
                doc_id = next(differing)
                self.found.add("word", f"{term:08x} in {doc_id}", mine.get(doc_id), theirs.get(doc_id))
        self.found.terms_total = round(len(self.sample.hashes) * HASHES / self.sample.bound) if self.sample.bound else 0


class _Part:
    """What a side says of some documents."""

    def __init__(self, side: Side, numbers: Sequence[int]) -> None:
        self.contents = side.store.contents(numbers)
        self.lengths = side.store.word_lengths(numbers)


# -- words ---------------------------------------------------------------------------------------------------


class _Sample:
    """The distinct hashes below a bound that sinks as they become too many."""

    def __init__(self, limit: int | None) -> None:
        self.limit, self.bound = limit, HASHES
        self.hashes: set[int] = set()

    def add(self, hashes: bytes) -> None:
        """Takes the hashes of one document: ascending, 32 bits each."""
        for value in memoryview(hashes).cast("I"):
            if value >= self.bound:
                break
            self.hashes.add(value)
        while self.limit is not None and len(self.hashes) > self.limit:
            self.bound //= 2
            self.hashes = {value for value in self.hashes if value < self.bound}


def _occurrences(store: SearchInterface, term: int, names: dict[int, str]) -> dict[str, int]:
    """The payload of a term in each document that has it."""
    postings = store.word_postings(term)
    numbers = memoryview(postings.numbers).cast("I")
    return {
        names[number]: payload for number, payload in zip(numbers, postings.payloads, strict=True) if number in names
    }
