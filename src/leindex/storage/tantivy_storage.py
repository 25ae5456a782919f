"""Documents in a Tantivy index: an inverted index over character trigrams, compact and quick to search.

One Tantivy index in the folder `tantivy` of the index holds three kinds of entries, so that one commit covers all
that a batch changes:

- a *document*: its number, a digest of its id, the trigrams of its folded text, the stored content and fields;
- the *words* of a document, written later: a term for each word, "hash payload" in hexadecimal, and their count;
- the *state*: the next document's number. Tantivy's commits can carry a payload, which is where such a counter
  belongs, but its Python binding does not offer that; an entry that each commit replaces is as atomic.

Tantivy holds text in UTF-8 only. A document whose searchable text is not valid UTF-8 has no trigrams but a mark, and
is a candidate for everything. Newlines are added at the end of each text, so that every one and two characters are
the beginning of some trigram.

Tantivy allows one writer. It is taken at the first write and kept until `close`; readers are never blocked.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, cast

import tantivy

from ..errors import (
    DocumentError,
    StorageError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
    StoreReadOnlyError,
    StoreVersionError,
)
from ..models import Document, DocumentItem, WordBag
from ..query.formula import And, Anything, Formula, Lit, Nothing, Or
from ..text import fold, searchable
from .literal_text import whole_characters
from .private_folder import exists, make_file, make_folder, not_created, sync_folder
from .storage_interface import (
    PlainCandidates,
    Postings,
    PreparedBatch,
    SearchInterface,
    WordTotals,
)
from .stored_value import decode_document, decode_value, encode_row

FOLDER: Final = "tantivy"
FORMAT_FILE: Final = "leindex.json"
FORMAT_VERSION: Final = 1
HEAP_BYTES: Final = 128 << 20
LOOKED_UP_AT_ONCE: Final = 10_000

DOCUMENT, WORDS, STATE = "d", "w", "s"

_Address = Any


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("kind", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("number", indexed=True, fast=True)
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("doc_id", fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("grams", tokenizer_name="trigrams", index_option="basic")
    builder.add_text_field("mark", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("stored", stored=True)
    builder.add_bytes_field("content", stored=True)
    builder.add_unsigned_field("words_of", indexed=True, fast=True)
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="basic")
    builder.add_unsigned_field("length", fast=True)
    builder.add_unsigned_field("next", fast=True)
    return builder.build()


def _key(doc_id: str) -> str:
    # A term has a greatest length and an id has none.
    return hashlib.blake2b(doc_id.encode("utf-8"), digest_size=20).hexdigest()


class TantivySearch(SearchInterface):
    """Documents in Tantivy, in the folder `tantivy` of `folder`.

    `mode` is "read" (never changes anything), "write" (must exist) or "create". A commit is always synced, so
    `durability` makes no difference. Raises StorageError subclasses that name the folder.
    """

    name: ClassVar[str] = "tantivy"
    lacks: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        mode: Literal["read", "write", "create"] = "create",
        durability: Literal["full", "normal"] = "full",
        batch_size: int | Literal["auto"] = 100,
    ) -> None:
        self.path = Path(folder) / FOLDER
        self.readonly = mode == "read"
        self.durability = durability
        self.batch_size = batch_size
        self._pid = os.getpid()
        self._closed = False
        self._local = threading.local()
        self._lock = threading.Lock()
        self._writer: Any = None
        self._next = 1
        self._schema = _schema()
        with self._mapped():
            self._index: Any = self._open(create=mode == "create")
            self._index.config_reader("manual", 0)
            for name, tokenizer in (
                ("trigrams", tantivy.Tokenizer.ngram(3, 3, False)),
                ("whitespace", tantivy.Tokenizer.whitespace()),
            ):
                self._index.register_tokenizer(name, tantivy.TextAnalyzerBuilder(tokenizer).build())
        self._seen: tuple[int, int] | None = None

    # -- opening and closing ---------------------------------------------------------------------------------

    def _open(self, *, create: bool) -> Any:
        file = self.path / FORMAT_FILE
        if not exists(file):
            if exists(self.path / "meta.json"):
                raise StoreCorruptError(f"{self.path}: is not a leindex index; it is left as it is")
            if not create:
                raise StorageError(f"{self.path}: there is no index")
            self._stamp(file)
        self._check_format(file)
        if create:
            return tantivy.Index(self._schema, path=str(self.path), reuse=True)
        if not exists(self.path / "meta.json"):
            raise StorageError(f"{self.path}: there is no index")
        return tantivy.Index.open(str(self.path))

    def _stamp(self, file: Path) -> None:
        make_folder(self.path)
        new = file.with_name(f"{file.name}.{os.getpid()}")
        make_file(new)
        try:
            with new.open("w") as stream:
                json.dump({"format": FORMAT_VERSION}, stream)
                stream.flush()
                os.fsync(stream.fileno())
            new.replace(file)
            sync_folder(self.path)
        except OSError as error:
            raise not_created(file, error) from error

    def _check_format(self, file: Path) -> None:
        try:
            version = json.loads(file.read_text())["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreCorruptError(f"{file}: cannot be read; remove the index and index again") from error
        if version != FORMAT_VERSION:
            raise StoreVersionError(
                f"{self.path}: has the format version {version}, this leindex knows {FORMAT_VERSION}; "
                "use the leindex that wrote it, or remove the index and index again"
            )

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        """Maps Tantivy's errors, which differ only in their texts, to ours."""
        try:
            yield
        except (ValueError, OSError) as error:
            text = str(error)
            if "LockBusy" in text:
                raise StoreBusyError(
                    f"{self.path}: another process is writing this index; Tantivy allows one writer until it "
                    "closes the index: wait for that process or end it, then try again"
                ) from error
            if "No space left" in text or "StorageFull" in text:
                raise StoreFullError(
                    f"{self.path}: no space is left; free some and run the command again"
                ) from error
            if "Permission denied" in text or "PermissionDenied" in text or "Read-only file" in text:
                raise StoreReadOnlyError(f"{self.path}: cannot be written: {text}") from error
            if "schema does not match" in text or "ncompatible" in text:
                raise StoreVersionError(
                    f"{self.path}: was written by another version ({text}); remove the index and index again"
                ) from error
            if "orrupt" in text or "deserializ" in text:
                raise StoreCorruptError(
                    f"{self.path}: is damaged ({text}); remove the index and index again"
                ) from error
            raise StorageError(f"{self.path}: {text}") from error

    def _check_usable(self) -> None:
        if self._closed:
            raise StorageError(f"{self.path}: is closed")
        if os.getpid() != self._pid:
            raise StorageError(f"{self.path}: was opened before a fork; open it again in the child")

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        writer, self._writer = self._writer, None
        if writer is not None and os.getpid() == self._pid:
            with self._mapped():
                writer.wait_merging_threads()
        self._index = None

    # -- writing ---------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """One commit, or nothing. The number in `_next` is committed with it."""
        self._check_usable()
        if self.readonly:
            raise StoreReadOnlyError(f"{self.path}: is open for reading only")
        with self._mapped():
            if self._writer is None:
                self._writer = self._index.writer(heap_size=HEAP_BYTES, num_threads=1)
                self._next = self._stored_next()
            before = self._next
            try:
                yield self._writer
                state = tantivy.Document()
                state.add_text("kind", STATE)
                state.add_unsigned("next", self._next)
                self._writer.delete_documents_by_term("kind", STATE)
                self._writer.add_document(state)
                self._writer.commit()
            except BaseException:
                self._next = before
                try:
                    self._writer.rollback()
                except (ValueError, OSError):
                    self._writer = None  # it died with what failed; the next write takes a new one
                raise

    def _stored_next(self) -> int:
        searcher = self._fresh()
        hits = searcher.search(self._term("kind", STATE), limit=1, count=False, order_by_field="next").hits
        return int(hits[0][0]) if hits else 1

    def index_document(self, doc_id: str, document: Document) -> bool:
        row = _prepared((doc_id, document))
        with self._transaction() as writer:
            self._write_rows(writer, {doc_id: row[0]})
        return True

    def prepare(self, documents: Sequence[DocumentItem]) -> PreparedBatch:
        rows: dict[str, Any] = {}
        rejected: list[tuple[str, str]] = []
        accepted = size = 0
        for item in documents:
            try:
                row, length = _prepared(item)
            except DocumentError as error:
                rejected.append((str(item[0]), str(error)))
                continue
            rows.pop(item[0], None)
            rows[item[0]] = row
            accepted += 1
            size += length
        return PreparedBatch(accepted, size, rejected, payload=rows)

    def _write_batch(self, batch: PreparedBatch) -> list[tuple[str, str]]:
        rows = cast("dict[str, Any]", batch.payload)
        with self._transaction() as writer:
            numbers = self._write_rows(writer, rows)
        batch.numbers.update(numbers)
        return []

    def _write_rows(self, writer: Any, rows: Mapping[str, Any]) -> dict[str, int]:
        self._remove(writer, list(rows))
        numbers = {doc_id: number for number, doc_id in enumerate(rows, self._next)}
        for doc_id, row in rows.items():
            row.add_unsigned("number", numbers[doc_id])
            writer.add_document(row)
        self._next += len(rows)
        return numbers

    def _remove(self, writer: Any, doc_ids: Sequence[str]) -> int:
        # Only what is there: a delete of nothing costs Tantivy a look at every segment.
        found = self._numbers(self._fresh(), doc_ids)
        for doc_id, number in found.items():
            writer.delete_documents_by_term("key", _key(doc_id))
            writer.delete_documents_by_query(self._term("words_of", number))
        return len(found)

    def delete_documents(self, doc_ids: Sequence[str]) -> int:
        with self._transaction() as writer:
            return self._remove(writer, doc_ids)

    def clear(self) -> None:
        with self._transaction() as writer:
            writer.delete_all_documents()

    # -- reading ---------------------------------------------------------------------------------------------

    def _fresh(self) -> Any:
        """A searcher over the last commit, whoever made it."""
        self._check_usable()
        with self._mapped():
            status = (self.path / "meta.json").stat()
            seen = (status.st_ino, status.st_mtime_ns)
            with self._lock:
                if seen != self._seen:
                    self._index.reload()
                    self._seen = seen
            return self._index.searcher()

    def _searcher(self) -> Any:
        self._check_usable()
        return getattr(self._local, "pinned", None) or self._fresh()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        if getattr(self._local, "pinned", None) is not None:
            yield
            return
        self._local.pinned = self._fresh()
        try:
            yield
        finally:
            self._local.pinned = None

    def _term(self, field: str, value: object) -> Any:
        return tantivy.Query.term_query(self._schema, field, value, "basic")

    def _hits(self, searcher: Any, query: Any, field: str, limit: int) -> list[tuple[Any, _Address]]:
        """Value of a fast field and address of what a query finds, ascending by that field."""
        with self._mapped():
            found = searcher.search(
                tantivy.Query.const_score_query(query, 1.0),
                limit=max(limit, 1),
                count=False,
                order_by_field=field,
                order=tantivy.Order.Asc,
            )
        return cast("list[tuple[Any, _Address]]", found.hits)

    def _by_number(
        self, searcher: Any, numbers: Sequence[int], field: str = "number"
    ) -> dict[int, _Address]:
        found: dict[int, _Address] = {}
        wanted = [number for number in dict.fromkeys(numbers) if 0 < number < 1 << 63]
        for start in range(0, len(wanted), LOOKED_UP_AT_ONCE):
            part = wanted[start : start + LOOKED_UP_AT_ONCE]
            query = tantivy.Query.term_set_query(self._schema, field, part)
            found.update(self._hits(searcher, query, field, len(part)))
        return found

    def _named(self, searcher: Any, query: Any, limit: int) -> list[tuple[int, str]]:
        """Number and id of what a query finds."""
        hits = self._hits(searcher, query, "doc_id", limit)
        with self._mapped():
            numbers = searcher.fast_field_values("number", [address for _, address in hits])
        return [
            (number, doc_id if doc_id is not None else _stored(searcher, address)["doc_id"])
            for number, (doc_id, address) in zip(numbers, hits, strict=True)
        ]

    def _numbers(self, searcher: Any, doc_ids: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for start in range(0, len(doc_ids), LOOKED_UP_AT_ONCE):
            keys = [_key(doc_id) for doc_id in dict.fromkeys(doc_ids[start : start + LOOKED_UP_AT_ONCE])]
            query = tantivy.Query.term_set_query(self._schema, "key", keys)
            found.update((doc_id, n) for n, doc_id in self._named(searcher, query, len(keys)))
        return found

    def count(self) -> int:
        with self._mapped():
            return int(self._searcher().search(self._term("kind", DOCUMENT), limit=1).count)

    def numbers(self, doc_ids: Sequence[str]) -> dict[str, int]:
        return self._numbers(self._searcher(), doc_ids)

    def doc_ids(self, numbers: Sequence[int]) -> list[str | None]:
        searcher = self._searcher()
        found: dict[int, str] = {}
        wanted = [number for number in dict.fromkeys(numbers) if 0 < number < 1 << 63]
        for start in range(0, len(wanted), LOOKED_UP_AT_ONCE):
            part = wanted[start : start + LOOKED_UP_AT_ONCE]
            query = tantivy.Query.term_set_query(self._schema, "number", part)
            found.update(self._named(searcher, query, len(part)))
        return [found.get(number) for number in numbers]

    def ids(self) -> Iterator[tuple[int, str]]:
        searcher = self._searcher()
        yield from sorted(self._named(searcher, self._term("kind", DOCUMENT), searcher.num_docs))

    def get_document(self, doc_id: str) -> Document | None:
        searcher = self._searcher()
        hits = self._hits(searcher, self._term("key", _key(doc_id)), "number", 1)
        if not hits:
            return None
        entry = _entry(searcher, hits[0][1])
        stored = json.loads(entry.get_first("stored"))
        return decode_document(stored["kind"], _content(entry, stored), stored["fields"])

    def contents(self, numbers: Sequence[int]) -> list[bytes | None]:
        searcher = self._searcher()
        found = self._by_number(searcher, numbers)
        contents: list[bytes | None] = []
        for number in numbers:
            address = found.get(number)
            if address is None:
                contents.append(None)
            else:
                entry = _entry(searcher, address)
                contents.append(_content(entry, json.loads(entry.get_first("stored"))))
        return contents

    # -- candidates ------------------------------------------------------------------------------------------

    def candidates(self, formula: Formula) -> PlainCandidates:
        searcher = self._searcher()
        with self._mapped():
            query = self._query(searcher, formula)
        if not isinstance(formula, (Anything, Nothing)):
            query = self._any([query, self._term("mark", "not text")])
        numbers = [number for number, _ in self._hits(searcher, query, "number", searcher.num_docs)]
        return PlainCandidates(numbers, everything=isinstance(formula, Anything))

    def _query(self, searcher: Any, formula: Formula) -> Any:
        match formula:
            case Anything():
                return self._term("kind", DOCUMENT)
            case Nothing():
                return tantivy.Query.empty_query()
            case Lit(data):
                return self._literal_query(searcher, data)
            case And(parts):
                return self._all([self._query(searcher, part) for part in parts])
            case Or(parts):
                return self._any([self._query(searcher, part) for part in parts])

    def _literal_query(self, searcher: Any, literal: bytes) -> Any:
        text = whole_characters(literal)
        if text is None:
            return tantivy.Query.empty_query()  # only documents that are not text can hold it
        if not text:
            return self._term("kind", DOCUMENT)
        if len(text) < 3:
            terms = [term for term, _ in searcher.terms_with_prefix("grams", text)]
            return tantivy.Query.term_set_query(self._schema, "grams", terms)
        grams = dict.fromkeys(text[start : start + 3] for start in range(len(text) - 2))
        return self._all([self._term("grams", gram) for gram in grams])

    @staticmethod
    def _all(queries: list[Any]) -> Any:
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, query) for query in queries])

    @staticmethod
    def _any(queries: list[Any]) -> Any:
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])

    # -- words -----------------------------------------------------------------------------------------------

    def write_words(self, bags: Sequence[WordBag]) -> None:
        with self._transaction() as writer:
            searcher = self._fresh()
            numbers = [bag.number for bag in bags]
            there = self._by_number(searcher, numbers)
            known = set(self._by_number(searcher, numbers, "words_of"))
            for bag in bags:
                if bag.number not in there or bag.number in known:
                    continue
                known.add(bag.number)
                entry = tantivy.Document()
                entry.add_text("kind", WORDS)
                entry.add_unsigned("words_of", bag.number)
                entry.add_unsigned("length", bag.length)
                keys = memoryview(bag.keys).cast("I")
                terms = (f"{key:08x}{weight:02x}" for key, weight in zip(keys, bag.payloads, strict=True))
                entry.add_text("words", " ".join(terms))
                writer.add_document(entry)

    def word_postings(self, key: int) -> Postings:
        searcher = self._searcher()
        pairs: list[tuple[int, int]] = []
        with self._mapped():
            terms = searcher.terms_with_prefix("words", f"{key:08x}")
        for term, _ in terms:
            hits = self._hits(searcher, self._term("words", term), "words_of", searcher.num_docs)
            pairs += ((number, int(term[8:], 16)) for number, _ in hits)
        pairs.sort()
        return Postings(array("I", (n for n, _ in pairs)).tobytes(), bytes(weight for _, weight in pairs))

    def word_lengths(self, numbers: Sequence[int]) -> list[int]:
        searcher = self._searcher()
        found = self._by_number(searcher, numbers, "words_of")
        with self._mapped():
            lengths = searcher.fast_field_values("length", list(found.values()))
        known = dict(zip(found, lengths, strict=True))
        return [known.get(number, 0) for number in numbers]

    def word_totals(self) -> WordTotals:
        searcher = self._searcher()
        query = self._term("kind", WORDS)
        with self._mapped():
            count = searcher.search(query, limit=1).count
            total = searcher.aggregate(query, {"length": {"sum": {"field": "length"}}})["length"]["value"]
        return WordTotals(count, int(total or 0))

    # -- upkeep ----------------------------------------------------------------------------------------------

    def check(self) -> list[str]:
        searcher = self._searcher()
        problems: list[str] = []
        hits = self._hits(searcher, self._term("kind", DOCUMENT), "number", searcher.num_docs)
        for number, address in hits:
            try:
                with self._mapped():
                    entry = _entry(searcher, address)
                    stored = json.loads(entry.get_first("stored"))
                    if len(_content(entry, stored)) != stored["size"]:
                        problems.append(f"document {number} is damaged; index again")
            except StorageError as error:
                problems.append(f"document {number}: {error}")
        return problems

    def compact(self) -> None:
        with self._transaction():
            pass  # Tantivy merges on its own; a commit lets go of what is no longer read
        with self._mapped():
            self._writer.garbage_collect_files()

    def stats(self) -> dict[str, Any]:
        searcher = self._searcher()
        files = [path for path in self.path.iterdir() if path.is_file()]
        return {
            "engine": self.name,
            "documents": self.count(),
            "segments": searcher.num_segments,
            "database_bytes": sum(path.stat().st_size for path in files),
        }


def _prepared(item: DocumentItem) -> tuple[Any, int]:
    """The entry of a document, but for its number, and the size of its content."""
    (doc_id, kind, size, fields, value), content = encode_row(item)
    entry = tantivy.Document()
    entry.add_text("kind", DOCUMENT)
    entry.add_text("key", _key(doc_id))
    if len(doc_id) < 8000:  # a longer one would be left out of the column; `stored` has it
        entry.add_text("doc_id", doc_id)
    try:
        text = fold(searchable(content)).decode("utf-8")
    except UnicodeDecodeError:
        entry.add_text("mark", "not text")
    else:
        entry.add_text("grams", text + "\n\n")
    stored = {"doc_id": doc_id, "kind": kind, "size": size, "fields": fields}
    entry.add_bytes("stored", json.dumps(stored, ensure_ascii=False).encode("utf-8"))
    entry.add_bytes("content", value)
    return entry, size


def _entry(searcher: Any, address: _Address) -> Any:
    return searcher.doc(address)


def _stored(searcher: Any, address: _Address) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(_entry(searcher, address).get_first("stored")))


def _content(entry: Any, stored: dict[str, Any]) -> bytes:
    return decode_value(stored["kind"], bytes(entry.get_first("content")), stored["size"])
