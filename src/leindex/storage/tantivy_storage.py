"""Documents in a Tantivy index: an inverted index over grams, compact and quick to search.

One Tantivy index in the folder `tantivy` of the index holds three kinds of entries, so that one commit covers
all that a batch changes:

- a *document*: its number, a digest of its id, its grams, the stored content and fields;
- the *names* of a batch: its first number, the ids of its documents in order, since reading the ids of many
  documents out of their own entries would unpack all their contents, and the number that comes next;
- the *words* of a document, written later: a term for each word, "hash payload" in hexadecimal, and their
  count.

When all is cleared an entry of the *state* keeps the next number. Tantivy's commits can carry a payload, which
is where such a counter belongs, but its Python binding does not offer that.

A gram is three bytes of folded text, written as a word of three characters (`native/grams/gram_words.c`). Cutting
grams out of the text is not left to Tantivy's own tokenizer: it would look the gram of each position up in the
table of a segment's terms, ten times as many as a document has different grams, and those look-ups were most of
a build. Grams of four bytes, as in the SQLite engine, rule out more, but took three times the space and four
times the time. Grams of bytes also serve documents that are not valid UTF-8, which a text field could not hold.
"""

from __future__ import annotations

import json
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Final, cast

import tantivy

from ..errors import StorageError, StoreCorruptError
from ..models import Document, DocumentItem, WordBag
from ..text import fold
from .candidates import PlainCandidates
from .folder.opened_file import Mode
from .folder_engine import FolderEngine
from .formula import And, Anything, Formula, Lit, Nothing, Or
from .storage_interface import Postings, PreparedBatch, WordTotals
from .stored_value import decode_document, encode_batch, encode_row
from .tantivy.entries import (
    Address,
    content_of,
    document_entries,
    entry_at,
    gram_word,
    key_of,
    names_at,
    names_entry,
    state_entry,
    words_entry,
)
from .tantivy.files import DOCUMENT, NAMES, WORDS, TantivyIndex

LOOKED_UP_AT_ONCE: Final = 10_000
CHUNKS_KEPT: Final = 32

GRAM: Final = 3
MOST_GRAMS: Final = 32
"""Grams of one literal that are looked up."""
MOST_STARTS: Final = 2000
"""A literal shorter than a gram with which more different grams start rules out too little to be looked up."""


class TantivySearch(FolderEngine):
    """Documents in Tantivy, in the folder `tantivy` of `folder`."""

    name: ClassVar[str] = "tantivy"
    place: ClassVar[str] = "tantivy"
    lacks: ClassVar[Mapping[str, str]] = {
        "read_only_folder": "Tantivy takes a lock even to read, and makes a file in the folder for it"
    }

    def _opened(self, folder: Path, mode: Mode) -> TantivyIndex:
        self.index = TantivyIndex(folder / self.place, mode)
        self._chunks: deque[tuple[int, list[str]]] = deque(maxlen=CHUNKS_KEPT)
        return self.index

    def _files(self) -> Iterable[Path]:
        return self.index.path.iterdir()

    # -- writing ---------------------------------------------------------------------------------------------

    def index_document(self, doc_id: str, document: Document) -> bool:
        row, content = encode_row((doc_id, document))
        entries = document_entries([row], [content])
        self.index.write(lambda writer: self._write_rows(writer, entries))
        return True

    def prepare(self, documents: Sequence[DocumentItem]) -> PreparedBatch:
        batch = encode_batch(documents)
        entries = document_entries(batch.rows, batch.contents())
        return PreparedBatch(batch.accepted, batch.size, batch.rejected, payload=entries)

    def _write_batch(self, batch: PreparedBatch) -> list[tuple[str, str]]:
        entries = cast("dict[str, Any]", batch.payload)
        numbers = self.index.write(lambda writer: self._write_rows(writer, entries))
        batch.numbers = lambda: numbers
        return []

    def _write_rows(self, writer: Any, entries: Mapping[str, Any]) -> dict[str, int]:
        self._remove(writer, list(entries))
        first = self.index.next_number
        numbers = {doc_id: number for number, doc_id in enumerate(entries, first)}
        for doc_id, entry in entries.items():
            writer.add_document(self._numbered(entry, numbers[doc_id]))
        self.index.next_number += len(entries)
        writer.add_document(names_entry(first, list(entries), self.index.next_number))
        return numbers

    def _numbered(self, entry: Any, number: int) -> Any:
        before = entry.get_first("number")
        if before is None:
            entry.add_unsigned("number", number)
        elif before != number:  # written before, in vain
            entry = tantivy.Document.from_dict({**entry.to_dict(), "number": number}, self.index.schema)
        return entry

    def _remove(self, writer: Any, doc_ids: Sequence[str]) -> int:
        # Only what is there: a delete of nothing costs Tantivy a look at every segment.
        found = self._numbers(self.index.latest(), doc_ids)
        for doc_id, number in found.items():
            writer.delete_documents_by_term("key", key_of(doc_id))
            writer.delete_documents_by_query(self._term("words_of", number))
        return len(found)

    def delete_documents(self, doc_ids: Sequence[str]) -> int:
        return self.index.write(lambda writer: self._remove(writer, doc_ids))

    def clear(self) -> None:
        def empty(writer: Any) -> None:
            writer.delete_all_documents()
            writer.add_document(state_entry(self.index.next_number))

        self.index.write(empty)

    # -- reading ---------------------------------------------------------------------------------------------

    def _term(self, field: str, value: object) -> Any:
        return tantivy.Query.term_query(self.index.schema, field, value, "basic")

    def _hits(self, searcher: Any, query: Any, field: str, limit: int) -> list[tuple[Any, Address]]:
        """Value of a fast field and address of what a query finds, ascending by that field."""
        with self.index.mapped():
            found = searcher.search(
                tantivy.Query.const_score_query(query, 1.0),
                limit=max(limit, 1),
                count=False,
                order_by_field=field,
                order=tantivy.Order.Asc,
            )
        return cast("list[tuple[Any, Address]]", found.hits)

    def _by_number(self, searcher: Any, numbers: Sequence[int], field: str = "number") -> dict[int, Address]:
        found: dict[int, Address] = {}
        wanted = [number for number in dict.fromkeys(numbers) if 0 < number < 1 << 63]
        for start in range(0, len(wanted), LOOKED_UP_AT_ONCE):
            part = wanted[start : start + LOOKED_UP_AT_ONCE]
            query = tantivy.Query.term_set_query(self.index.schema, field, part)
            found.update(self._hits(searcher, query, field, len(part)))
        return found

    def _chunk(self, searcher: Any, number: int) -> tuple[int, list[str]]:
        """The batch that a number is of: its first number and the ids of its documents."""
        for first, names in self._chunks:
            if first <= number < first + len(names):
                return first, names
        with self.index.mapped():
            query = tantivy.Query.range_query(self.index.schema, "first", tantivy.FieldType.Unsigned, None, number)
            hits = searcher.search(query, limit=1, count=False, order_by_field="first").hits
        if not hits:
            raise StoreCorruptError(f"{self.index.path}: is damaged; remove the index and index again")
        chunk = (int(hits[0][0]), names_at(searcher, hits[0][1]))
        self._chunks.appendleft(chunk)  # a batch never changes under its numbers
        return chunk

    def _named(self, searcher: Any, numbers: Sequence[int]) -> dict[int, str]:
        """The ids of documents that are there."""
        found: dict[int, str] = {}
        first, names = 0, cast("list[str]", [])
        for number in sorted(numbers):
            if not first <= number < first + len(names):
                first, names = self._chunk(searcher, number)
            found[number] = names[number - first]
        return found

    def _numbers(self, searcher: Any, doc_ids: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for start in range(0, len(doc_ids), LOOKED_UP_AT_ONCE):
            keys = [key_of(doc_id) for doc_id in dict.fromkeys(doc_ids[start : start + LOOKED_UP_AT_ONCE])]
            query = tantivy.Query.term_set_query(self.index.schema, "key", keys)
            numbers = [number for number, _ in self._hits(searcher, query, "number", len(keys))]
            found.update((doc_id, number) for number, doc_id in self._named(searcher, numbers).items())
        return found

    def count(self) -> int:
        with self.index.mapped():
            return int(self.index.searcher().search(self._term("kind", DOCUMENT), limit=1).count)

    def numbers(self, doc_ids: Sequence[str]) -> dict[str, int]:
        return self._numbers(self.index.searcher(), doc_ids)

    def doc_ids(self, numbers: Sequence[int]) -> list[str | None]:
        searcher = self.index.searcher()
        found = self._named(searcher, list(self._by_number(searcher, numbers)))
        return [found.get(number) for number in numbers]

    def ids(self) -> Iterator[tuple[int, str]]:
        searcher = self.index.searcher()
        there = self._hits(searcher, self._term("kind", DOCUMENT), "number", searcher.num_docs)
        batches = iter(self._hits(searcher, self._term("kind", NAMES), "first", searcher.num_docs))
        first, names = 0, cast("list[str]", [])
        for number, _ in there:
            while number >= first + len(names):
                first, address = next(batches)
                names = names_at(searcher, address)
            yield number, names[number - first]

    def get_document(self, doc_id: str) -> Document | None:
        searcher = self.index.searcher()
        hits = self._hits(searcher, self._term("key", key_of(doc_id)), "number", 1)
        if not hits:
            return None
        entry = entry_at(searcher, hits[0][1])
        stored = json.loads(entry.get_first("stored"))
        return decode_document(stored["kind"], content_of(entry, stored), stored["fields"])

    def contents(self, numbers: Sequence[int]) -> list[bytes | None]:
        searcher = self.index.searcher()
        found = self._by_number(searcher, numbers)
        contents: list[bytes | None] = []
        for number in numbers:
            address = found.get(number)
            if address is None:
                contents.append(None)
            else:
                entry = entry_at(searcher, address)
                contents.append(content_of(entry, json.loads(entry.get_first("stored"))))
        return contents

    # -- candidates ------------------------------------------------------------------------------------------

    def candidates(self, formula: Formula) -> PlainCandidates:
        searcher = self.index.searcher()
        with self.index.mapped():
            query = self._query(searcher, formula)
        numbers = [number for number, _ in self._hits(searcher, query, "number", searcher.num_docs)]
        return PlainCandidates(numbers, everything=isinstance(formula, Anything))

    def _query(self, searcher: Any, formula: Formula) -> Any:
        match formula:
            case Anything():
                return self._term("kind", DOCUMENT)
            case Nothing():
                return tantivy.Query.empty_query()
            case Lit(data, _):
                return self._literal_query(searcher, fold(data))
            case And(parts):
                return self._all([self._query(searcher, part) for part in parts])
            case Or(parts):
                return self._any([self._query(searcher, part) for part in parts])

    def _literal_query(self, searcher: Any, literal: bytes) -> Any:
        word = gram_word(literal)
        if len(word) >= GRAM:
            last = len(word) - GRAM
            # Grams side by side say all but where they are; those between add little where these are many.
            places = dict.fromkeys([*range(0, last + 1, GRAM), last, *range(last + 1)])
            grams = dict.fromkeys(word[place : place + GRAM] for place in places)
            return self._all([self._term("grams", gram) for gram in islice(grams, MOST_GRAMS)])
        found = searcher.terms_with_prefix("grams", word, limit=MOST_STARTS + 1)
        if len(found) > MOST_STARTS:
            return self._term("kind", DOCUMENT)
        return tantivy.Query.term_set_query(self.index.schema, "grams", [term for term, _ in found])

    @staticmethod
    def _all(queries: list[Any]) -> Any:
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, query) for query in queries])

    @staticmethod
    def _any(queries: list[Any]) -> Any:
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])

    # -- words -----------------------------------------------------------------------------------------------

    def write_words(self, bags: Sequence[WordBag]) -> None:
        def write(writer: Any) -> None:
            searcher = self.index.latest()
            numbers = [bag.number for bag in bags]
            there = self._by_number(searcher, numbers)
            known = set(self._by_number(searcher, numbers, "words_of"))
            for bag in bags:
                if bag.number in there and bag.number not in known:
                    known.add(bag.number)
                    writer.add_document(words_entry(bag))

        self.index.write(write)

    def word_postings(self, key: int) -> Postings:
        searcher = self.index.searcher()
        pairs: list[tuple[int, int]] = []
        with self.index.mapped():
            terms = searcher.terms_with_prefix("words", f"{key:08x}")
        for term, count in terms:
            hits = self._hits(searcher, self._term("words", term), "words_of", count)
            pairs += ((number, int(term[8:], 16)) for number, _ in hits)
        pairs.sort()
        return Postings(array("I", (n for n, _ in pairs)).tobytes(), bytes(weight for _, weight in pairs))

    def word_lengths(self, numbers: Sequence[int]) -> list[int]:
        searcher = self.index.searcher()
        found = self._by_number(searcher, numbers, "words_of")
        with self.index.mapped():
            lengths = searcher.fast_field_values("length", list(found.values()))
        known = dict(zip(found, lengths, strict=True))
        return [known.get(number, 0) for number in numbers]

    def word_totals(self) -> WordTotals:
        searcher = self.index.searcher()
        query = self._term("kind", WORDS)
        with self.index.mapped():
            count = searcher.search(query, limit=1).count
            total = searcher.aggregate(query, {"length": {"sum": {"field": "length"}}})["length"]["value"]
        return WordTotals(count, int(total or 0))

    # -- upkeep ----------------------------------------------------------------------------------------------

    def check(self) -> list[str]:
        searcher = self.index.searcher()
        problems: list[str] = []
        hits = self._hits(searcher, self._term("kind", DOCUMENT), "number", searcher.num_docs)
        for number, address in hits:
            try:
                with self.index.mapped():
                    entry = entry_at(searcher, address)
                    stored = json.loads(entry.get_first("stored"))
                    if len(content_of(entry, stored)) != stored["size"]:
                        problems.append(f"document {number} is damaged; index again")
            except StorageError as error:
                problems.append(f"document {number}: {error}")
        return problems

    def compact(self) -> None:
        # Tantivy merges on its own; a commit lets go of what is no longer read.
        self.index.write(lambda writer: None)
        self.index.write(lambda writer: writer.garbage_collect_files())

    def stats(self) -> dict[str, Any]:
        return {**super().stats(), "segments": self.index.searcher().num_segments}
