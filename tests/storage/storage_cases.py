"""What the contract of storage engines is tested with: documents, contents, words, formulas, and how to
ask."""

from __future__ import annotations

import multiprocessing
import os
from array import array
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st

from leindex.errors import StorageError
from leindex.models import DocumentItem, WordBag
from leindex.storage.formula import Anything, Formula, Lit, Nothing, accepts, both, either
from leindex.storage.storage_interface import SearchInterface
from leindex.text import fold, searchable

Test = TypeVar("Test", bound=Callable[..., None])

KEYS = {"success", "written", "failed", "errors", "batches_processed"}


def capability(name: str) -> Callable[[Test], Test]:
    """Marks a test that an engine may fail if it declares so in `lacks`."""

    def mark(test: Test) -> Test:
        test.capability = name  # type: ignore[attr-defined]
        return test

    return mark


def documents(count: int, start: int = 0) -> list[DocumentItem]:
    """Small documents of which each has a word of its own."""
    return [
        (f"src/f{i}.py", {"content": f"def unique_{i}_x():\n    return {i}\n"}) for i in range(start, start + count)
    ]


def found(store: SearchInterface, text: str | bytes, limit: int = 1000) -> list[str]:
    return [doc_id for doc_id, _ in store.search_content(text, limit)]


def bag(number: int, weights: dict[int, int], length: int | None = None) -> WordBag:
    keys = sorted(weights)
    return WordBag(
        number,
        array("I", keys).tobytes(),
        bytes(weights[k] for k in keys),
        len(keys) if length is None else length,
    )


def postings(store: SearchInterface, key: int) -> list[tuple[int, int]]:
    answer = store.word_postings(key)
    assert store.postings_of_words([key ^ 1, key]) == [store.word_postings(key ^ 1), answer]
    return list(zip(memoryview(answer.numbers).cast("I").tolist(), answer.payloads, strict=True))


BAD_DOCUMENTS: dict[str, tuple[Any, Any]] = {
    "no content": ("bad", {}),
    "content is None": ("bad", {"content": None}),
    "content is a number": ("bad", {"content": 42}),
    "content is a list": ("bad", {"content": [b"x"]}),
    "lone surrogate": ("bad", {"content": "a\ud800b"}),
    "empty id": ("", {"content": "x"}),
    "id is a number": (7, {"content": "x"}),
    "id is None": (None, {"content": "x"}),
    "id is not encodable": ("bad\udc80", {"content": "x"}),
    "document is None": ("bad", None),
    "document is a list": ("bad", [("content", "x")]),
    "a field is a set": ("bad", {"content": "x", "tags": {1}}),
    "a field is bytes": ("bad", {"content": "x", "path": b"x"}),
    "a field is not a number": ("bad", {"content": "x", "size": float("nan")}),
    "a field is not encodable": ("bad", {"content": "x", "path": "x\udcff"}),
    "a field's name is a number": ("bad", {"content": "x", 1: 2}),
}

GOOD_CONTENTS: dict[str, str | bytes] = {
    "empty text": "",
    "empty bytes": b"",
    "text": "hello\n",
    "no newline at the end": "a\nb",
    "other scripts": "naïve Ω 漢字 \U0001f600 \u212a\n",
    "NUL in text": "a\0b",
    "CRLF": "a\r\nb\r\n",
    "bytes": b"hello\n",
    "not UTF-8": b"caf\xe9 \xff\xfe\x80 retry\n",
    "all bytes": bytes(range(256)) * 3,
    "UTF-8 BOM": b"\xef\xbb\xbfint main;\n",
    "UTF-16LE": "\ufeffint main;\n".encode("utf-16-le"),
    "UTF-16BE, odd": "\ufeffint main;\n".encode("utf-16-be") + b"x",
    "large": "static int retry_count;\n" * 60_000,
    "one long line": b"x" * 300_000 + b"needle" + b"y" * 300_000,
}


# -- formulas ------------------------------------------------------------------------------------------------

ALPHABET = b"abAB_k\xc3\xa9\xff "
# Letters that change length or join others when a library folds their case.
CASES = [letter.encode() for letter in "\u0130\u212a\u017f\u00df\u1e9e\u03a3\u03c2\u00c9\u01c5\U00010400"]
TEXTS = st.lists(
    st.sampled_from([bytes([b]) for b in ALPHABET] + [b"\n", b"retry", b"Retry_count"] + CASES), max_size=20
).map(b"".join)
PARTS = TEXTS.filter(lambda t: t.strip(b"\n") != b"").map(lambda t: max(t.split(b"\n"), key=len)[:20]) | st.binary(
    min_size=1, max_size=6
).map(lambda t: t.replace(b"\n", b"n"))
LITERALS = PARTS.map(Lit) | PARTS.map(lambda t: Lit(fold(t), any_case=True))
FORMULAS: st.SearchStrategy[Formula] = st.recursive(
    LITERALS | st.just(Anything()) | st.just(Nothing()),
    lambda part: (
        st.lists(part, min_size=1, max_size=3).map(lambda p: both(*p))
        | st.lists(part, min_size=1, max_size=3).map(lambda p: either(*p))
    ),
    max_leaves=6,
)


def check_candidates(store: SearchInterface, formula: Formula, texts: list[bytes]) -> None:
    """Every document whose text satisfies the formula is a candidate, in each of the ways to ask."""
    wanted = {str(i) for i, text in enumerate(texts) if accepts(formula, searchable(text))}
    numbers = store.numbers([str(i) for i in range(len(texts))])
    candidates = store.candidates(formula)
    listed = list(candidates)
    assert listed == sorted(set(listed))
    names = {doc_id for doc_id in store.doc_ids(listed) if doc_id is not None}
    assert wanted <= names, formula
    assert {doc_id for doc_id, number in numbers.items() if number in candidates} >= wanted
    assert candidates.count() >= len(wanted)
    assert candidates.count(1) >= min(1, len(wanted))


def refused_after_fork(store: SearchInterface) -> bool:
    """Whether a forked process is told that it cannot use the store."""

    def use() -> None:
        try:
            store.count()
        except StorageError as error:
            os._exit(0 if "fork" in str(error) else 1)
        os._exit(2)

    process = multiprocessing.get_context("fork").Process(target=use)
    process.start()
    process.join()
    return process.exitcode == 0
