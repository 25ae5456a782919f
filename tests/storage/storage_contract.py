"""The contract of storage engines as tests. A new engine subclasses `StorageContract` and runs all of them.

    class TestMyEngine(StorageContract):
        engine = MyEngine
        def open(self, folder, *, readonly=False): return MyEngine(folder, readonly=readonly)

What an engine cannot offer it declares in `lacks`, by the names given to `capability` below. Such a test is
then a strict expected failure with the declared reason: an engine that learns to do it has to say so.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leindex.errors import StorageError, StoreReadOnlyError
from leindex.storage.formula import Anything, Formula, Nothing
from leindex.storage.storage_interface import SearchInterface
from tests.storage.storage_cases import (
    FORMULAS,
    GOOD_CONTENTS,
    TEXTS,
    bag,
    capability,
    check_candidates,
    documents,
    found,
    postings,
)
from tests.storage.storage_contract_writing import WritingContract
from tests.support.another_user import as_nobody


class StorageContract(WritingContract):
    """Every method of `SearchInterface`, for one engine."""

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

    def test_reading_goes_on_in_another_thread(self, store: SearchInterface) -> None:
        texts = [f"line {n}\n" * (n % 7 * 40) for n in range(60)]
        store.batch_write([(f"f{n}", {"content": text}) for n, text in enumerate(texts)], batch_size=60)
        numbers = store.numbers([f"f{n}" for n in range(60)])
        order = [numbers[f"f{n * 7 % 60}"] for n in range(60)]
        wanted = [2**40, *order, order[3]]
        with ThreadPoolExecutor(1) as threads:
            read = threads.submit(store.reading(wanted)).result()
            assert threads.submit(store.reading([])).result() == []
        contents = [None if content is None else bytes(content) for content in read]
        assert contents == store.contents(wanted) == [None, *(texts[n * 7 % 60].encode() for n in [*range(60), 3])]

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
        @given(st.lists(st.binary(max_size=12) | TEXTS, max_size=8), st.lists(FORMULAS, min_size=1, max_size=12))
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

    @capability("read_only_folder")
    def test_a_read_only_folder(self, tmp_path: Path) -> None:
        folder = tmp_path / "locked"
        with self.open(folder) as store:
            store.batch_write(documents(20))
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)

        def use() -> None:
            with self.open(folder, readonly=True) as reader:
                assert found(reader, "unique_7_x") == ["src/f7.py"] and reader.count() == 20
            with pytest.raises(StoreReadOnlyError, match="locked"), self.open(folder) as writer:
                writer.batch_write(documents(1))

        try:
            as_nobody(folder, use)
        finally:
            for path in (folder, *folder.rglob("*")):
                path.chmod(0o700)

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
