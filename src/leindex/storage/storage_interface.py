"""The contract between leindex and the engines that keep its documents.

An engine keeps documents by id and finds *candidates*: documents that may match, more rather than fewer. What really
matches is decided in one place for all engines (`exact/verify.py`). Writing in batches exists once, here: an engine
overrides the hook that writes one batch atomically, and inherits splitting, retrying, the isolation of bad documents
and progress. An engine that offers only `index_document` works unchanged, one transaction for each document.

    class MyEngine(SearchInterface):
        def index_document(self, doc_id, document): ...   # and the reading methods below
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from .._native import plain_fields
from ..errors import DocumentError, StorageError, StoreBusyError
from ..models import BatchResult, Document, DocumentItem, Progress, ProgressCallback, WordBag
from ..records import field, record
from ..text import searchable
from .batching import BatchSize, split
from .candidates import CandidateSet as CandidateSet
from .formula import Anything, Formula, Lit

if TYPE_CHECKING:
    from .._native import Buffer

RETRY_DELAYS = (1.0, 2.0, 4.0)
"""Seconds before each replay of a batch that met a busy store."""

CONTENTS_AT_ONCE = 32
"""How many contents a plain search reads at a time: engines answer for many in hardly more time than for one."""

MAX_DOCUMENT_BYTES = 512 << 20
"""The largest content that is stored; a document above it is refused."""


@record(slots=True)
class PreparedBatch:
    """A batch on which the heavy work is done, ready to be committed.

    `accepted` counts the documents that can be written, `rejected` has those that cannot with their reasons, `size`
    is in bytes of content. `documents` are the accepted ones, or empty where the engine's own `payload` has all it
    needs, so that contents are not kept in memory longer than the work on them. Made by `prepare`, in any thread;
    written by `batch_write`.
    """

    accepted: int
    size: int
    rejected: list[tuple[str, str]] = field(default_factory=list)
    documents: Sequence[DocumentItem] = ()
    payload: Any = None
    numbers: Callable[[], dict[str, int]] = dict
    """Set once the batch is written by an engine that knows the numbers; others are asked for them. A function, since
    few ask and a dictionary would take a tenth of the time of a small batch's rows."""

    def __len__(self) -> int:
        return self.accepted + len(self.rejected)


def content_bytes(document: Mapping[str, Any]) -> bytes:
    """The content of a document as bytes. Raises DocumentError where there is none that can be stored."""
    content = document.get("content")
    if isinstance(content, str):
        try:
            return content.encode("utf-8")
        except UnicodeEncodeError as error:
            raise DocumentError(f"content is not encodable: {error.reason} at {error.start}") from None
    if isinstance(content, bytes):
        return content
    if content is None:
        raise DocumentError("content is missing")
    raise DocumentError(f"content has the type {type(content).__name__}, not str or bytes")


def check_document(doc_id: object, document: object) -> bytes:
    """The content of a document that may be stored. Raises DocumentError with the reason for any other."""
    if not isinstance(doc_id, str) or not doc_id:
        raise DocumentError(f"the id must be a string that is not empty, not {doc_id!r}")
    if not isinstance(document, dict):
        raise DocumentError(f"the document has the type {type(document).__name__}, not dict")
    if not doc_id.isascii():
        try:
            doc_id.encode("utf-8")
        except UnicodeEncodeError as error:
            raise DocumentError(f"the id is not encodable: {error.reason}") from None
    content = content_bytes(document)
    if len(content) > MAX_DOCUMENT_BYTES:
        raise DocumentError(f"too big: {len(content)} bytes, the limit is {MAX_DOCUMENT_BYTES}")
    return content


_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def other_fields(document: dict[str, Any]) -> str | None:
    """All fields but the content, as JSON text; None where there are none. Raises DocumentError."""
    try:
        text = plain_fields(document)
        if text is None:
            fields = {key: value for key, value in document.items() if key != "content"}
            if not all(isinstance(key, str) for key in fields):
                raise TypeError("its name is not a string")
            text = _json.encode(fields)
            text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise DocumentError(f"a field cannot be stored: {error}") from None
    return text or None


@record(frozen=True, slots=True)
class Postings:
    """Where one word occurs: document numbers (native uint32, ascending) and a payload byte for each."""

    numbers: bytes
    payloads: bytes


@record(frozen=True, slots=True)
class WordTotals:
    """Documents whose words are known, and the sum of their lengths in words."""

    documents: int
    length: int


class SearchInterface(ABC):
    """Documents with a text index. Used by one thread at a time, but for `prepare` and what `reading` returns.

    Every stored document has a *number*, a positive int that stays its own until it is replaced or deleted and is
    never given again. All methods raise StorageError (or a subclass) when the store itself fails.
    """

    name: ClassVar[str]
    lacks: ClassVar[Mapping[str, str]] = {}
    """Capabilities of the contract suite that this engine cannot offer, each with its reason."""

    words_together: ClassVar[int] = 0
    """Words, counted once a document, that are worth waiting for before `write_words` is called with them: more where
    a transaction costs much whatever is in it."""

    batch_size: int | Literal["auto"] = 100
    sleep: Callable[[float], None] = staticmethod(time.sleep)

    # -- writing ---------------------------------------------------------------------------------------------

    @abstractmethod
    def index_document(self, doc_id: str, document: Document) -> bool:
        """Stores one document in one durable transaction and returns True.

        Atomic; idempotent: a document of the same id is replaced everywhere. Raises DocumentError for one that cannot
        be stored.
        """

    def batch_write(
        self,
        documents: Sequence[DocumentItem] | PreparedBatch,
        *,
        batch_size: int | Literal["auto"] | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> BatchResult:
        """Stores many documents, each batch of them in one durable transaction.

        A batch is all there or not there. Bad documents are left out and reported in `errors` as `"doc_id: reason"`;
        the others land. Of two documents with one id the last wins and both count as written. A store that is busy
        is tried again after 1, 2 and 4 seconds; any other failure of the store raises at once. What is raised carries
        the result so far in its `result`. Idempotent. A PreparedBatch is one batch.
        """
        started = time.monotonic()
        result: BatchResult = {
            "success": True,
            "written": 0,
            "failed": 0,
            "errors": [],
            "batches_processed": 0,
        }
        total = len(documents)
        if isinstance(documents, PreparedBatch):
            batches: Iterator[PreparedBatch] = iter((documents,))
            size = None
        else:
            size = BatchSize(self.batch_size if batch_size is None else batch_size)
            batches = (self.prepare(part) for part in split(documents, size))
        written_bytes = 0
        for batch in batches:
            begun = time.monotonic()
            try:
                rejected = self._write_with_retries(batch) if batch.accepted else []
            except StorageError as error:
                result["success"] = False
                error.result = dict(result)
                raise
            rejected = [*batch.rejected, *rejected]
            result["written"] += len(batch) - len(rejected)
            result["failed"] += len(rejected)
            result["errors"] += [f"{doc_id}: {reason}" for doc_id, reason in rejected]
            result["batches_processed"] += 1
            written_bytes += batch.size
            now = time.monotonic()
            if size is not None:
                size.measured(batch.size, now - begun)
            if on_progress is not None:
                on_progress(
                    Progress(
                        stage="write",
                        documents=result["written"] + result["failed"],
                        documents_total=total,
                        bytes=written_bytes,
                        batches=result["batches_processed"],
                        seconds=now - started,
                    )
                )
        result["success"] = result["failed"] == 0
        return result

    def prepare(self, documents: Sequence[DocumentItem]) -> PreparedBatch:
        """Does the work on a batch that needs no store; safe in any thread.

        The default checks the documents. Never raises for a bad document: it is put among the rejected.
        """
        good: list[DocumentItem] = []
        rejected: list[tuple[str, str]] = []
        size = 0
        for doc_id, document in documents:
            try:
                size += len(check_document(doc_id, document))
                other_fields(document)
            except DocumentError as error:
                rejected.append((str(doc_id), str(error)))
            else:
                good.append((doc_id, document))
        return PreparedBatch(len(good), size, rejected, good)

    def _write_with_retries(self, batch: PreparedBatch) -> list[tuple[str, str]]:
        for delay in (*RETRY_DELAYS, None):
            try:
                return self._write_batch(batch)
            except DocumentError:
                return self._write_isolated(batch)
            except StoreBusyError:
                if delay is None:
                    raise
            self.sleep(delay)
        raise AssertionError("unreachable")

    def _write_batch(self, batch: PreparedBatch) -> list[tuple[str, str]]:
        """The hook: writes one batch in one durable transaction, or nothing of it.

        Returns the documents that could not be stored with their reasons. Raises DocumentError to have the batch
        written again by `_write_isolated`, StoreBusyError to have it replayed, another StorageError to stop.
        """
        return self._write_isolated(batch)

    def _write_isolated(self, batch: PreparedBatch) -> list[tuple[str, str]]:
        """Writes what can be written of a batch that holds a bad document; returns the bad ones with reasons."""
        rejected: list[tuple[str, str]] = []
        for doc_id, document in batch.documents:
            try:
                if not self.index_document(doc_id, document):
                    rejected.append((doc_id, "refused by the engine"))
            except DocumentError as error:
                rejected.append((doc_id, str(error)))
        return rejected

    @abstractmethod
    def delete_documents(self, doc_ids: Sequence[str]) -> int:
        """Deletes documents in one durable transaction; returns how many there were. Unknown ids are no error."""

    @abstractmethod
    def clear(self) -> None:
        """Deletes every document in one durable transaction."""

    # -- reading ---------------------------------------------------------------------------------------------

    def snapshot(self) -> AbstractContextManager[None]:
        """While this is held, this thread's reads all see the store as it was at the first of them."""
        return nullcontext()

    @abstractmethod
    def count(self) -> int:
        """How many documents there are."""

    @abstractmethod
    def numbers(self, doc_ids: Sequence[str]) -> dict[str, int]:
        """The numbers of those of the documents that are there."""

    @abstractmethod
    def doc_ids(self, numbers: Sequence[int]) -> list[str | None]:
        """The ids of the documents with these numbers, in this order; None for one that is gone."""

    @abstractmethod
    def ids(self) -> Iterator[tuple[int, str]]:
        """Every document's number and id, ascending by number."""

    @abstractmethod
    def get_document(self, doc_id: str) -> Document | None:
        """The document as it was written, or None."""

    @abstractmethod
    def contents(self, numbers: Sequence[int]) -> list[bytes | None]:
        """The contents of these documents as bytes, in this order; None for one that is gone."""

    def reading(self, numbers: Sequence[int]) -> Callable[[], Sequence[Buffer | None]]:
        """The same as any buffers. What needs this thread is done now, the rest when what is returned is called."""
        return lambda: self.contents(numbers)

    @abstractmethod
    def candidates(self, formula: Formula) -> CandidateSet:
        """The documents whose searchable text may satisfy the formula; never one too few.

        The set looks things up as it is used, and is right within the snapshot in which it was made.
        """

    def search_content(self, text: str | bytes, limit: int = 20) -> list[DocumentItem]:
        """The first documents, in order of writing, whose searchable text holds `text`, capitals respected.

        A plain literal search for those who use an engine directly. An empty text is in every document.
        """
        needle = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        longest = max(needle.split(b"\n"), key=len)
        found: list[DocumentItem] = []
        with self.snapshot():
            numbers = iter(self.candidates(Lit(longest) if longest else Anything()))
            while len(found) < limit and (part := list(islice(numbers, CONTENTS_AT_ONCE))):
                contents = zip(part, self.contents(part), strict=True)
                matches = [n for n, content in contents if content is not None and needle in searchable(content)]
                for doc_id in self.doc_ids(matches[: limit - len(found)]):
                    document = None if doc_id is None else self.get_document(doc_id)
                    if doc_id is not None and document is not None:
                        found.append((doc_id, document))
        return found

    # -- words, for ranking ----------------------------------------------------------------------------------

    @abstractmethod
    def write_words(self, bags: Sequence[WordBag]) -> None:
        """Stores the words of documents in one durable transaction.

        Bags of documents that are gone, or whose words are known already, are dropped: a document's content
        and therefore its words never change under its number. Hence idempotent.
        """

    @abstractmethod
    def word_postings(self, key: int) -> Postings:
        """Where the word with this hash occurs. May hold documents that are gone, until `compact`."""

    def postings_of_words(self, keys: Sequence[int]) -> list[Postings]:
        """The same for several words, in this order; an engine may find them faster together."""
        return [self.word_postings(key) for key in keys]

    @abstractmethod
    def word_lengths(self, numbers: Sequence[int]) -> list[int]:
        """The lengths, in words, of these documents; 0 where the words are not known yet."""

    @abstractmethod
    def word_totals(self) -> WordTotals:
        """The totals that ranking needs."""

    # -- upkeep ----------------------------------------------------------------------------------------------

    def check(self) -> list[str]:
        """Looks for damage; returns a line for each problem found, none when all is well."""
        return []

    def compact(self) -> None:  # noqa: B027 - an engine may have nothing to do here
        """Gives back what deleted documents still take, and merges what is worth merging."""

    def stats(self) -> dict[str, Any]:
        """Figures about the store for `status`, by name."""
        return {"engine": self.name, "documents": self.count()}

    @abstractmethod
    def close(self) -> None:
        """Closes the store; closing twice is no error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
