"""A folder held in memory, as ranking reads it: the statistics of an engine without an engine."""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leindex.indexing.language import language_of
from leindex.indexing.symbols import Symbol, extract
from leindex.search.paths import PathTerms
from leindex.terms import bag_of

SIZE_LIMIT = 2_000_000


@dataclass(frozen=True)
class InMemoryDocument:
    number: int
    path: str
    content: bytes
    definitions: Sequence[Symbol]


class InMemorySource:
    """The text files below a folder. Left out: what is hidden, links, what holds a NUL, what is too large."""

    def __init__(self, root: Path) -> None:
        self.documents: list[InMemoryDocument] = []
        postings: dict[int, tuple[array[int], bytearray]] = {}
        for path in _files(root):
            content = (root / path).read_bytes()
            if b"\0" in content or len(content) > SIZE_LIMIT:
                continue
            language = language_of(os.fsencode(path), content[:8192])
            definitions = extract(content, language) if language else []
            number = len(self.documents)
            self.documents.append(InMemoryDocument(number, path, content, definitions))
            bag = bag_of(content, definitions)
            for term, payload in zip(memoryview(bag.hashes).cast("I"), bag.payloads, strict=True):
                numbers, payloads = postings.setdefault(term, (array("I"), bytearray()))
                numbers.append(number)
                payloads.append(payload)
        self._postings = {term: (n.tobytes(), bytes(p)) for term, (n, p) in postings.items()}
        self.paths = [document.path for document in self.documents]
        self._path_terms = PathTerms(range(len(self.paths)), self.paths)

    def count(self) -> int:
        return len(self.documents)

    def number_limit(self) -> int:
        return len(self.documents)

    def postings(self, term: int) -> tuple[bytes, bytes]:
        return self._postings.get(term, (b"", b""))

    def path_terms(self) -> PathTerms:
        return self._path_terms

    def load(self, numbers: Sequence[int]) -> list[InMemoryDocument]:
        return [self.documents[number] for number in numbers]


def _files(root: Path) -> list[str]:
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [os.path.join(folder, name) for name in names if not name.startswith(".")]
    return sorted(
        os.path.relpath(path, root).replace(os.sep, "/") for path in found if not os.path.islink(path)
    )
