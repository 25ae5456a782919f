"""The naive engine: a dict. It is the oracle that the tests compare every other engine with."""

from __future__ import annotations

import copy
import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from ..models import Document, WordBag
from ..text import searchable
from .candidates import PlainCandidates
from .formula import Anything, Formula, accepts
from .storage_interface import Postings, SearchInterface, WordTotals, check_document, content_bytes, other_fields


class MemorySearch(SearchInterface):
    """Documents in a dict, found by scanning. Keeps nothing when it is closed."""

    name: ClassVar[str] = "memory"
    lacks: ClassVar[Mapping[str, str]] = {
        "close": "there is nothing to close",
        "reopen": "it keeps nothing when it is closed",
        "read_only_folder": "it has no folder",
        "reader_beside_writer": "its documents are in one object",
        "snapshot": "it has one state, that of now",
    }

    def __init__(self) -> None:
        self._documents: dict[str, tuple[int, Document]] = {}
        self._ids: dict[int, str] = {}
        self._words: dict[int, WordBag] = {}
        self._last = 0

    def index_document(self, doc_id: str, document: Document) -> bool:
        check_document(doc_id, document)
        fields = other_fields(document)
        self.delete_documents([doc_id])
        self._last += 1
        kept = {"content": document["content"], **(json.loads(fields) if fields else {})}
        self._documents[doc_id] = (self._last, kept)
        self._ids[self._last] = doc_id
        return True

    def delete_documents(self, doc_ids: Sequence[str]) -> int:
        removed = [entry[0] for doc_id in dict.fromkeys(doc_ids) if (entry := self._documents.pop(doc_id, None))]
        for number in removed:
            del self._ids[number]
            self._words.pop(number, None)
        return len(removed)

    def clear(self) -> None:
        self._documents.clear()
        self._ids.clear()
        self._words.clear()

    def count(self) -> int:
        return len(self._documents)

    def numbers(self, doc_ids: Sequence[str]) -> dict[str, int]:
        return {doc_id: self._documents[doc_id][0] for doc_id in doc_ids if doc_id in self._documents}

    def doc_ids(self, numbers: Sequence[int]) -> list[str | None]:
        return [self._ids.get(number) for number in numbers]

    def ids(self) -> Iterator[tuple[int, str]]:
        return iter(sorted(self._ids.items()))

    def get_document(self, doc_id: str) -> Document | None:
        entry = self._documents.get(doc_id)
        return None if entry is None else copy.deepcopy(entry[1])

    def contents(self, numbers: Sequence[int]) -> list[bytes | None]:
        names = (self._ids.get(number) for number in numbers)
        return [None if name is None else content_bytes(self._documents[name][1]) for name in names]

    def candidates(self, formula: Formula) -> PlainCandidates:
        found = [
            number
            for number, document in self._documents.values()
            if accepts(formula, searchable(content_bytes(document)))
        ]
        return PlainCandidates(found, everything=isinstance(formula, Anything))

    def write_words(self, bags: Sequence[WordBag]) -> None:
        for bag in bags:
            if bag.number in self._ids:
                self._words.setdefault(bag.number, bag)

    def word_postings(self, key: int) -> Postings:
        numbers, payloads = array("I"), bytearray()
        for number, bag in sorted(self._words.items()):
            keys = memoryview(bag.keys).cast("I").tolist()
            if key in keys:
                numbers.append(number)
                payloads.append(bag.payloads[keys.index(key)])
        return Postings(numbers.tobytes(), bytes(payloads))

    def word_lengths(self, numbers: Sequence[int]) -> list[int]:
        return [self._words[number].length if number in self._words else 0 for number in numbers]

    def word_totals(self) -> WordTotals:
        return WordTotals(len(self._words), sum(bag.length for bag in self._words.values()))

    def close(self) -> None:
        pass
