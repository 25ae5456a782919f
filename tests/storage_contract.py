"""The contract of storage engines as tests. A new engine subclasses `StorageContract` and runs all of them.

    class TestMyEngine(StorageContract):
        engine = MyEngine
        def open(self, folder, *, readonly=False): return MyEngine(folder, readonly=readonly)

What an engine cannot offer it declares in `lacks`, by the names given to `capability` below. Such a test is
then a strict expected failure with the declared reason: an engine that learns to do it has to say so.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leindex.errors import (
    CancelledError,
    ConfigError,
    DocumentError,
    StorageError,
    StoreBusyError,
    StoreFullError,
    StoreReadOnlyError,
)
from leindex.models import DocumentItem, Progress, WordBag
from leindex.query.formula import Anything, Formula, Lit, Nothing, accepts, both, either
from leindex.storage.storage_interface import PreparedBatch, SearchInterface
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
        (f"src/f{i}.py", {"content": f"def unique_{i}_x():\n    return {i}\n"})
        for i in range(start, start + count)
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


class StorageContract:
    """Every method of `SearchInterface`, for one engine."""

    engine: type[SearchInterface]

    def open(self, folder: Path, *, readonly: bool = False) -> SearchInterface:
        """Opens the store that is kept in `folder`, and makes it if it is missing and may be written."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _declared(self, request: pytest.FixtureRequest) -> None:
        name = getattr(request.function, "capability", None)
        if name in self.engine.lacks:
            request.applymarker(pytest.mark.xfail(strict=True, reason=f"{name}: {self.engine.lacks[name]}"))

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SearchInterface]:
        with self.open(tmp_path / "index") as store:
            yield store

    # -- writing ---------------------------------------------------------------------------------------------

    def test_batch_write_reports_exactly_the_agreed_keys(self, store: SearchInterface) -> None:
        result = store.batch_write(documents(150))
        assert set(result) == KEYS
        assert result == {"success": True, "written": 150, "failed": 0, "errors": [], "batches_processed": 2}
        assert store.count() == 150
        assert [doc_id for _, doc_id in store.ids()] == [doc_id for doc_id, _ in documents(150)]
        for doc_id, document in documents(150):
            assert store.get_document(doc_id) == document

    def test_an_empty_batch_is_no_batch(self, store: SearchInterface) -> None:
        assert store.batch_write([]) == {
            "success": True,
            "written": 0,
            "failed": 0,
            "errors": [],
            "batches_processed": 0,
        }

    def test_the_batch_size_is_configurable(self, store: SearchInterface) -> None:
        assert store.batch_write(documents(10), batch_size=3)["batches_processed"] == 4
        assert store.batch_write(documents(10), batch_size="auto")["written"] == 10
        for wrong in (0, -1, True, 2.5, "many"):
            with pytest.raises(ConfigError):
                store.batch_write(documents(1), batch_size=wrong)  # type: ignore[arg-type]

    def test_index_document_stores_and_replaces(self, store: SearchInterface) -> None:
        assert store.index_document("a", {"content": "first words"}) is True
        assert store.index_document("a", {"content": "second words"}) is True
        assert store.count() == 1
        assert store.get_document("a") == {"content": "second words"}
        assert found(store, "first") == []
        assert found(store, "second") == ["a"]

    @pytest.mark.parametrize("case", BAD_DOCUMENTS)
    def test_a_bad_document_is_left_out_and_reported(self, store: SearchInterface, case: str) -> None:
        doc_id, document = BAD_DOCUMENTS[case]
        result = store.batch_write([*documents(2), (doc_id, document), *documents(2, 2)])
        assert set(result) == KEYS
        assert (result["success"], result["written"], result["failed"]) == (False, 4, 1)
        assert len(result["errors"]) == 1 and result["errors"][0].startswith(f"{doc_id}: ")
        assert len(result["errors"][0]) > len(f"{doc_id}: ") + 3
        assert [doc_id for _, doc_id in store.ids()] == [doc_id for doc_id, _ in documents(4)]
        assert found(store, "unique_3_x") == ["src/f3.py"]
        with pytest.raises(DocumentError):
            store.index_document(doc_id, document)

    def test_a_bad_document_leaves_the_old_one(self, store: SearchInterface) -> None:
        store.batch_write([("a", {"content": "kept"})])
        result = store.batch_write([("a", {"content": 1}), ("b", {"content": "new"})])
        assert (result["written"], result["failed"]) == (1, 1)
        assert store.get_document("a") == {"content": "kept"}

    def test_only_bad_documents(self, store: SearchInterface) -> None:
        result = store.batch_write([("a", {}), ("b", {"content": 1})])
        assert (result["success"], result["written"], result["failed"]) == (False, 0, 2)
        assert store.count() == 0

    @pytest.mark.parametrize("batch_size", [1, 2, 100])
    def test_the_last_of_two_with_one_id_wins(self, store: SearchInterface, batch_size: int) -> None:
        items: list[DocumentItem] = [
            ("a", {"content": "one"}),
            ("b", {"content": "two"}),
            ("a", {"content": "three"}),
        ]
        result = store.batch_write(items, batch_size=batch_size)
        assert (result["success"], result["written"]) == (True, 3)
        assert store.count() == 2
        assert store.get_document("a") == {"content": "three"}
        assert found(store, "one") == []
        assert [doc_id for _, doc_id in store.ids()] == ["b", "a"]

    @pytest.mark.parametrize("case", GOOD_CONTENTS)
    def test_contents_come_back_as_they_were(self, store: SearchInterface, case: str) -> None:
        content = GOOD_CONTENTS[case]
        store.batch_write([("first", {"content": "x"}), ("a", {"content": content})])
        document = store.get_document("a")
        assert document == {"content": content}
        assert type(document["content"]) is type(content)
        data = content.encode() if isinstance(content, str) else content
        assert store.contents([store.numbers(["a"])["a"]]) == [data]
        assert store.index_document("a", {"content": content}) is True
        assert store.get_document("a") == {"content": content}

    def test_other_fields_are_kept(self, store: SearchInterface) -> None:
        document = {
            "content": "x",
            "path": "naïve/漢.py",
            "language": "python",
            "last_modified": 1700000000.25,
            "size": 2**60,
            "checksum": "00ff",
            "file_id": None,
            "unknown": {"nested": [1, 2.5, True, None, "\0 ' \" \\"]},
            "key": "k",
            "value": "v",
        }
        store.batch_write([("a", document)])
        assert store.get_document("a") == document
        store.index_document("a", {"content": "y", "only": 1})
        assert store.get_document("a") == {"content": "y", "only": 1}

    @pytest.mark.parametrize(
        "doc_id", ["a b", "é/漢", "x\ny", "a\0b", "'\"%_\\*", "x" * 5000, "AND OR NOT", "\U0001f600"]
    )
    def test_ids_are_opaque(self, store: SearchInterface, doc_id: str) -> None:
        store.batch_write([(doc_id, {"content": "target"}), (doc_id + "2", {"content": "other"})])
        assert store.get_document(doc_id) == {"content": "target"}
        assert found(store, "target") == [doc_id]
        assert store.delete_documents([doc_id]) == 1
        assert [doc_id for _, doc_id in store.ids()] == [doc_id + "2"]

    def test_progress_is_reported_for_each_batch(self, store: SearchInterface) -> None:
        seen: list[Progress] = []
        items = documents(25)
        store.batch_write(items, batch_size=10, on_progress=seen.append)
        assert [(p.batches, p.documents, p.documents_total) for p in seen] == [
            (1, 10, 25),
            (2, 20, 25),
            (3, 25, 25),
        ]
        assert seen[-1].bytes == sum(len(d["content"]) for _, d in items)
        assert seen[0].seconds <= seen[-1].seconds

    def test_cancelling_between_batches_keeps_what_landed(self, store: SearchInterface) -> None:
        def stop(progress: Progress) -> None:
            raise CancelledError("stop")

        with pytest.raises(CancelledError):
            store.batch_write(documents(25), batch_size=10, on_progress=stop)
        assert store.count() == 10

    def test_a_batch_may_be_prepared_in_another_thread(self, store: SearchInterface) -> None:
        prepared: list[PreparedBatch] = []
        items = [*documents(30), ("bad", {})]
        thread = threading.Thread(target=lambda: prepared.append(store.prepare(items)))
        thread.start()
        thread.join()
        result = store.batch_write(prepared[0])
        assert (result["written"], result["failed"], result["batches_processed"]) == (30, 1, 1)
        assert found(store, "unique_7_x") == ["src/f7.py"]

    # -- errors of the store ---------------------------------------------------------------------------------

    def failing(
        self, store: SearchInterface, monkeypatch: pytest.MonkeyPatch, failures: dict[int, StorageError]
    ) -> list[float]:
        """Makes the n-th attempts at writing a batch fail; returns the list that collects the waits."""
        attempts, waits, write = iter(range(1000)), [], store._write_batch

        def attempt(batch: PreparedBatch) -> list[tuple[str, str]]:
            error = failures.get(next(attempts))
            if error is not None:
                raise error
            return write(batch)

        monkeypatch.setattr(store, "_write_batch", attempt)
        monkeypatch.setattr(store, "sleep", waits.append)
        return waits

    def test_a_busy_store_is_tried_again(
        self, store: SearchInterface, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits = self.failing(store, monkeypatch, {n: StoreBusyError("busy") for n in (1, 2, 3)})
        result = store.batch_write(documents(30), batch_size=10)
        assert result["success"] and result["written"] == 30
        assert waits == [1.0, 2.0, 4.0]
        assert store.count() == 30

    def test_a_store_that_stays_busy_raises(
        self, store: SearchInterface, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits = self.failing(store, monkeypatch, {n: StoreBusyError("busy") for n in range(1, 9)})
        with pytest.raises(StoreBusyError) as caught:
            store.batch_write(documents(30), batch_size=10)
        assert waits == [1.0, 2.0, 4.0]
        assert caught.value.result == {
            "success": False,
            "written": 10,
            "failed": 0,
            "errors": [],
            "batches_processed": 1,
        }
        assert store.count() == 10

    def test_a_failing_store_raises_at_once(
        self, store: SearchInterface, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits = self.failing(store, monkeypatch, {2: StoreFullError("full")})
        with pytest.raises(StoreFullError) as caught:
            store.batch_write([*documents(25), ("bad", {})], batch_size=10)
        assert waits == []
        assert caught.value.result is not None and caught.value.result["written"] == 20
        assert store.count() == 20

    @capability("close")
    def test_a_closed_store_says_so(self, store: SearchInterface) -> None:
        store.batch_write(documents(1))
        store.close()
        store.close()
        for use in (
            store.count,
            lambda: store.index_document("a", {"content": "x"}),
            lambda: store.get_document("a"),
        ):
            with pytest.raises(StorageError):
                use()

    # -- deleting and numbers --------------------------------------------------------------------------------

    def test_delete_removes_everywhere(self, store: SearchInterface) -> None:
        store.batch_write(documents(5))
        numbers = store.numbers(["src/f1.py", "src/f3.py"])
        store.write_words([bag(n, {7: 1}) for n in numbers.values()])
        assert store.delete_documents(["src/f1.py", "nowhere", "src/f1.py"]) == 1
        assert store.delete_documents(["src/f1.py"]) == 0
        assert store.delete_documents([]) == 0
        assert store.count() == 4
        assert store.get_document("src/f1.py") is None
        gone = numbers["src/f1.py"]
        assert store.doc_ids([gone]) == [None] and store.contents([gone]) == [None]
        assert found(store, "unique_1_x") == []
        assert store.word_lengths([gone]) == [0]
        assert store.word_totals().documents == 1
        many = [doc_id for doc_id, _ in documents(5)] * 500
        assert store.delete_documents(many) == 4

    def test_clear_removes_all_and_the_store_goes_on(self, store: SearchInterface) -> None:
        store.batch_write(documents(300))
        last = max(number for number, _ in store.ids())
        store.write_words([bag(last, {7: 1})])
        store.clear()
        assert (store.count(), list(store.ids()), found(store, "unique")) == (0, [], [])
        assert store.word_totals().documents == 0 and postings(store, 7) == []
        store.batch_write(documents(3))
        assert found(store, "unique_2_x") == ["src/f2.py"]
        assert min(number for number, _ in store.ids()) > last

    def test_numbers_are_stable_and_never_reused(self, store: SearchInterface) -> None:
        store.batch_write(documents(3))
        before = store.numbers(["src/f0.py", "src/f1.py", "src/f2.py", "nowhere"])
        assert set(before) == {"src/f0.py", "src/f1.py", "src/f2.py"}
        assert all(type(number) is int and number > 0 for number in before.values())
        store.delete_documents(["src/f2.py"])
        store.batch_write([("src/f1.py", {"content": "new"}), ("later", {"content": "x"})])
        after = store.numbers(["src/f0.py", "src/f1.py", "later"])
        assert after["src/f0.py"] == before["src/f0.py"]
        assert min(after["src/f1.py"], after["later"]) > max(before.values())
        assert store.doc_ids([after["later"], before["src/f1.py"], after["src/f0.py"]]) == [
            "later",
            None,
            "src/f0.py",
        ]
        assert store.contents([before["src/f1.py"], after["later"]]) == [None, b"x"]

    def test_looking_up_many(self, store: SearchInterface) -> None:
        store.batch_write(documents(1500), batch_size=1500)
        numbers = store.numbers([doc_id for doc_id, _ in documents(2000)])
        assert len(numbers) == 1500
        order = sorted(numbers.values(), reverse=True)
        assert store.doc_ids(order) == [doc_id for doc_id, _ in reversed(documents(1500))]
        assert store.contents(order[:2]) == [d["content"].encode() for _, d in reversed(documents(2, 1498))]
        assert store.doc_ids([]) == [] and store.contents([]) == [] and store.numbers([]) == {}
        assert list(store.ids()) == sorted((number, doc_id) for doc_id, number in numbers.items())
        assert store.doc_ids([2**40]) == [None] and store.contents([2**40]) == [None]

    # -- searching -------------------------------------------------------------------------------------------

    def test_search_content(self, store: SearchInterface) -> None:
        store.batch_write(
            [
                ("a", {"content": "Retry the call\nnow"}),
                ("b", {"content": b"retry\xff"}),
                ("c", {"content": ""}),
            ]
        )
        assert found(store, "etry") == ["a", "b"]
        assert found(store, "Retry") == ["a"] and found(store, "RETRY") == []
        assert found(store, "call\nnow") == ["a"]
        assert found(store, b"y\xff") == ["b"]
        assert found(store, "y") == ["a", "b"] and found(store, "he") == ["a"] and found(store, "w") == ["a"]
        assert found(store, "") == ["a", "b", "c"]
        assert found(store, "retry", limit=0) == []
        assert found(store, "e", limit=1) == ["a"]
        assert found(store, "missing") == []
        assert store.search_content("Retry") == [("a", {"content": "Retry the call\nnow"})]

    def test_encodings_are_searched_as_text(self, store: SearchInterface) -> None:
        store.batch_write([(case, {"content": content}) for case, content in GOOD_CONTENTS.items()])
        assert found(store, "int main;") == ["UTF-8 BOM", "UTF-16LE", "UTF-16BE, odd"]
        assert found(store, "retry") == ["not UTF-8", "large"]
        assert found(store, b"\x80 ret") == ["not UTF-8"]
        assert found(store, "漢") == ["other scripts"]
        assert found(store, "xneedley") == ["one long line"]
        assert found(store, b"\xff") == ["not UTF-8", "all bytes"]

    def test_everything_and_nothing(self, store: SearchInterface) -> None:
        store.batch_write(documents(3))
        numbers = [number for number, _ in store.ids()]
        everything, nothing = store.candidates(Anything()), store.candidates(Nothing())
        assert everything.everything and list(everything) == numbers and everything.count() >= 3
        assert all(number in everything for number in numbers)
        assert not nothing.everything and list(nothing) == [] and nothing.count() == 0
        assert not any(number in nothing for number in numbers)

    def test_candidates_are_never_too_few(self, tmp_path: Path) -> None:
        folder = iter(tmp_path / str(i) for i in range(10_000))

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            st.lists(st.binary(max_size=12) | TEXTS, max_size=8), st.lists(FORMULAS, min_size=1, max_size=12)
        )
        def check(texts: list[bytes], formulas: list[Formula]) -> None:
            with self.open(next(folder)) as store:
                store.batch_write([(str(i), {"content": text}) for i, text in enumerate(texts)], batch_size=3)
                with store.snapshot():
                    for formula in formulas:
                        check_candidates(store, formula, texts)

        check()

    # -- words -----------------------------------------------------------------------------------------------

    def test_words(self, store: SearchInterface) -> None:
        store.batch_write(documents(4))
        a, b, c, d = (number for number, _ in store.ids())
        assert store.word_totals().documents == 0 and postings(store, 5) == []
        store.write_words([bag(a, {0: 9, 5: 1, 2**32 - 1: 255}, 30), bag(c, {5: 2}, 12), bag(10**9, {5: 3})])
        assert postings(store, 5) == [(a, 1), (c, 2)]
        assert postings(store, 0) == [(a, 9)] and postings(store, 2**32 - 1) == [(a, 255)]
        assert postings(store, 6) == []
        assert store.word_lengths([c, b, a, 10**9]) == [12, 0, 30, 0]
        assert (store.word_totals().documents, store.word_totals().length) == (2, 42)
        store.write_words([bag(b, {5: 4}, 8), bag(d, {}, 0)])
        assert postings(store, 5) == [(a, 1), (b, 4), (c, 2)]
        assert (store.word_totals().documents, store.word_totals().length) == (4, 50)

    def test_words_are_written_once_and_go_with_the_document(self, store: SearchInterface) -> None:
        store.batch_write(documents(2))
        a, b = (number for number, _ in store.ids())
        store.write_words([bag(a, {5: 1}, 10), bag(b, {5: 2}, 20)])
        store.write_words([bag(a, {5: 1}, 10)])
        assert postings(store, 5) == [(a, 1), (b, 2)]
        store.index_document("src/f0.py", {"content": "other"})
        assert store.word_totals().documents == 1 and store.word_lengths([a]) == [0]
        store.compact()
        assert postings(store, 5) == [(b, 2)]

    def test_words_of_many_documents(self, store: SearchInterface) -> None:
        store.batch_write(documents(2500), batch_size=2500)
        numbers = [number for number, _ in store.ids()]
        bags = [bag(n, {n % 7: n % 250 + 1, 1000 + n: 1}) for n in numbers]
        store.write_words(bags[1200:])
        store.write_words(bags[:1200])
        assert postings(store, 3) == [(n, n % 250 + 1) for n in numbers if n % 7 == 3]
        assert postings(store, 1000 + numbers[2000]) == [(numbers[2000], 1)]
        assert (store.word_totals().documents, store.word_totals().length) == (2500, 5000)

    # -- upkeep, reopening, several readers ------------------------------------------------------------------

    def test_upkeep_changes_no_answer(self, store: SearchInterface) -> None:
        store.batch_write(documents(400))
        store.delete_documents([doc_id for doc_id, _ in documents(150)])
        store.batch_write(documents(10, 200))
        before = [(doc_id, store.get_document(doc_id)) for _, doc_id in store.ids()]
        assert store.check() == []
        store.compact()
        assert store.check() == []
        assert [(doc_id, store.get_document(doc_id)) for _, doc_id in store.ids()] == before
        assert found(store, "unique_205_x") == ["src/f205.py"] and found(store, "unique_5_x") == []
        stats = store.stats()
        assert stats["engine"] == store.name and stats["documents"] == store.count() == 250

    @capability("reopen")
    def test_everything_is_there_after_reopening(self, tmp_path: Path) -> None:
        with self.open(tmp_path / "i") as store:
            store.batch_write([*documents(120), ("raw", {"content": b"\xff raw", "path": "p"})])
            store.delete_documents(["src/f3.py"])
            numbers = dict(store.ids())
            store.write_words([bag(n, {5: n % 200}, 3) for n in numbers])
            last = max(numbers)
            store.delete_documents([numbers[last]])
        with self.open(tmp_path / "i") as store:
            assert dict(store.ids()) == {n: d for n, d in numbers.items() if n != last}
            assert found(store, "unique_77_x") == ["src/f77.py"] and found(store, "unique_3_x") == []
            assert store.word_totals().documents == 119
            assert (min(numbers), min(numbers) % 200) in postings(store, 5)
            store.index_document("new", {"content": "x"})
            assert store.numbers(["new"])["new"] > last

    @capability("reopen")
    def test_reading_only(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="i"):
            self.open(tmp_path / "i", readonly=True)
        assert not (tmp_path / "i").exists()
        with self.open(tmp_path / "i") as store:
            store.batch_write([*documents(20), ("raw", {"content": b"\xff raw"})])
        with self.open(tmp_path / "i", readonly=True) as store:
            assert found(store, "unique_7_x") == ["src/f7.py"] and store.count() == 21
            for change in (
                lambda: store.index_document("a", {"content": "x"}),
                lambda: store.batch_write(documents(1)),
                lambda: store.delete_documents(["raw"]),
                store.clear,
                lambda: store.write_words([bag(1, {1: 1})]),
            ):
                with pytest.raises(StoreReadOnlyError):
                    change()
            assert store.count() == 21

    @capability("reader_beside_writer")
    def test_a_reader_sees_each_batch_whole_beside_a_writer(self, tmp_path: Path) -> None:
        with self.open(tmp_path / "i") as store:
            store.batch_write(documents(10))
            with self.open(tmp_path / "i", readonly=True) as reader:
                assert reader.count() == 10
                store.batch_write(documents(10, 10))
                assert reader.count() == 20 and found(reader, "unique_15_x") == ["src/f15.py"]

    @capability("snapshot")
    def test_a_snapshot_stays_as_it_was(self, store: SearchInterface) -> None:
        store.batch_write(documents(5))
        with store.snapshot():
            assert store.count() == 5
            store.batch_write(documents(5, 5))
            store.delete_documents(["src/f0.py"])
            assert store.count() == 5 and len(list(store.ids())) == 5
            assert found(store, "unique_0_x") == ["src/f0.py"] and found(store, "unique_7_x") == []
            with store.snapshot():
                assert store.get_document("src/f7.py") is None
            assert store.count() == 5
        assert store.count() == 9 and found(store, "unique_7_x") == ["src/f7.py"]


# -- formulas ------------------------------------------------------------------------------------------------

ALPHABET = b"abAB_k\xc3\xa9\xff "
TEXTS = st.lists(
    st.sampled_from([bytes([b]) for b in ALPHABET] + [b"\n", b"retry", b"Retry_count"]), max_size=20
).map(b"".join)
LITERALS = TEXTS.filter(lambda t: t.strip(b"\n") != b"").map(
    lambda t: Lit(max(fold(t).split(b"\n"), key=len)[:20])
) | st.binary(min_size=1, max_size=6).map(lambda t: fold(t).replace(b"\n", b"n")).map(Lit)
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
    wanted = {str(i) for i, text in enumerate(texts) if accepts(formula, fold(searchable(text)))}
    numbers = store.numbers([str(i) for i in range(len(texts))])
    candidates = store.candidates(formula)
    listed = list(candidates)
    assert listed == sorted(set(listed))
    names = {doc_id for doc_id in store.doc_ids(listed) if doc_id is not None}
    assert wanted <= names, formula
    assert {doc_id for doc_id, number in numbers.items() if number in candidates} >= wanted
    assert candidates.count() >= len(wanted)
    assert candidates.count(1) >= min(1, len(wanted))
