"""Random sequences of operations against the naive oracle, and what happens when stored blocks are
damaged."""

from __future__ import annotations

import random
import shutil
import tempfile
from array import array
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from leindex.errors import StoreCorruptError
from leindex.models import DocumentItem, WordBag
from leindex.storage import registry
from leindex.storage.formula import Anything, Formula, Lit, accepts, both
from leindex.storage.memory_storage import MemorySearch
from leindex.storage.sqlite import segments as sqlite_segments
from leindex.storage.sqlite_storage import SQLiteSearch
from leindex.storage.storage_interface import SearchInterface
from leindex.text import searchable
from tests.storage.storage_cases import FORMULAS, TEXTS, documents, found

IDS = st.sampled_from([f"d{i}" for i in range(12)])
ITEMS = st.tuples(
    IDS, st.fixed_dictionaries({"content": TEXTS | st.text(max_size=8)}, optional={"size": st.integers()})
)


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tails, segments and tiers so small that a few documents go through all of them."""
    monkeypatch.setattr(sqlite_segments, "TAIL_DOCUMENTS", 3)
    monkeypatch.setattr(sqlite_segments, "TAIL_BYTES", 60)
    monkeypatch.setattr(sqlite_segments, "FANOUT", 2)
    monkeypatch.setattr(sqlite_segments, "MERGE_BELOW", (100, 400))
    monkeypatch.setattr(sqlite_segments, "COMPACT_BYTES", 300)
    monkeypatch.setattr(sqlite_segments, "BLOCK_BYTES", 40)


class Sequences(RuleBasedStateMachine):
    """One engine and the oracle do the same; after each step they must agree."""

    engine: ClassVar[str]
    reopens: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.oracle = MemorySearch()
        self.store: SearchInterface

    @initialize()
    def start(self) -> None:
        self.store = self.opened()

    def opened(self) -> SearchInterface:
        return registry.open_engine(self.engine, self.folder / "i", durability="normal")

    @rule(items=st.lists(ITEMS, min_size=1, max_size=8), batch_size=st.sampled_from([1, 3, 100]))
    def write(self, items: list[DocumentItem], batch_size: int) -> None:
        assert self.store.batch_write(items, batch_size=batch_size) == self.oracle.batch_write(
            items, batch_size=batch_size
        )

    @rule(item=ITEMS)
    def index(self, item: DocumentItem) -> None:
        assert self.store.index_document(*item) is self.oracle.index_document(*item)

    @rule(doc_ids=st.lists(IDS, max_size=4))
    def delete(self, doc_ids: list[str]) -> None:
        assert self.store.delete_documents(doc_ids) == self.oracle.delete_documents(doc_ids)

    @rule(data=st.data())
    def words(self, data: st.DataObject) -> None:
        chosen = data.draw(st.lists(IDS, max_size=5, unique=True))
        keys = data.draw(st.lists(st.integers(0, 5), max_size=4, unique=True).map(sorted))
        for store in (self.store, self.oracle):
            numbers = store.numbers(chosen)
            store.write_words(
                [
                    WordBag(numbers[d], array("I", keys).tobytes(), bytes(key + 1 for key in keys), len(keys) * 2)
                    for d in chosen
                    if d in numbers
                ]
            )

    @rule()
    def compact(self) -> None:
        self.store.compact()

    @precondition(lambda self: self.oracle.count() > 8)
    @rule()
    def clear(self) -> None:
        self.store.clear()
        self.oracle.clear()

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = self.opened()

    @rule(formula=FORMULAS)
    def candidates(self, formula: Formula) -> None:
        wanted = {
            doc_id
            for number, doc_id in self.oracle.ids()
            if accepts(formula, searchable(self.oracle.contents([number])[0] or b""))
        }
        with self.store.snapshot():
            names = {doc_id for doc_id in self.store.doc_ids(list(self.store.candidates(formula))) if doc_id}
        assert wanted <= names

    @rule(text=TEXTS)
    def search(self, text: bytes) -> None:
        assert self.store.search_content(text, 100) == self.oracle.search_content(text, 100)

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "store"):
            return
        assert self.store.count() == self.oracle.count()
        names = [doc_id for _, doc_id in self.store.ids()]
        assert names == [doc_id for _, doc_id in self.oracle.ids()]
        assert [self.store.get_document(d) for d in names] == [self.oracle.get_document(d) for d in names]
        assert self.store.word_totals() == self.oracle.word_totals()
        for key in range(6):
            assert words_of(self.store, key) == words_of(self.oracle, key)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            assert self.store.check() == []
            self.store.close()
        # Tantivy may still tidy its folder up for a moment after it was closed.
        shutil.rmtree(self.folder, ignore_errors=True)


def words_of(store: SearchInterface, key: int) -> list[tuple[str, int]]:
    """The live documents that hold a word, with its weights, in the order of their numbers."""
    answer = store.word_postings(key)
    numbers = memoryview(answer.numbers).cast("I").tolist()
    assert numbers == sorted(set(numbers))
    names = store.doc_ids(numbers)
    return [(name, weight) for name, weight in zip(names, answer.payloads, strict=True) if name is not None]


def run_sequences(engine_name: str, examples: int) -> None:
    machine = type("Machine", (Sequences,), {"engine": engine_name})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("engine_name", ["tantivy", "duckdb"])
def test_random_sequences(engine_name: str) -> None:
    """Fewer than for SQLite: a commit of these engines costs a hundred times more."""
    run_sequences(engine_name, 8)


def test_random_sequences_sqlite(small_segments: None) -> None:
    run_sequences("sqlite", 40)


# -- damage --------------------------------------------------------------------------------------------------


def damage_blocks(store: SQLiteSearch, chance: random.Random, kind: str, share: float) -> int:
    """Flips a byte in some of the stored blocks; returns in how many."""
    damaged = 0
    with store.database.transaction() as connection:
        rows = connection.execute(
            "SELECT b.id, b.data FROM blocks b JOIN segments s ON s.id = b.id >> 32 WHERE kind = ?",
            (kind,),
        ).fetchall()
        for block, data in rows:
            if chance.random() < share:
                changed = bytearray(data)  # type: ignore[arg-type]
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
                connection.execute("UPDATE blocks SET data = ? WHERE id = ?", (bytes(changed), block))
                damaged += 1
    return damaged


@pytest.mark.parametrize("seed", range(6))
def test_damaged_blocks_lose_no_answer(tmp_path: Path, small_segments: None, seed: int) -> None:
    chance = random.Random(seed)
    with SQLiteSearch(tmp_path / "index.db") as store:
        store.batch_write(documents(60), batch_size=7)
        right = {f"unique_{i}_x": found(store, f"unique_{i}_x") for i in range(60)}
        assert all(len(ids) == 1 for ids in right.values())
        damaged = damage_blocks(store, chance, "gram", 0.3)
        assert damaged
        problems = store.check()
        assert len(problems) == damaged and all("damaged" in line and "doctor --repair" in line for line in problems)
        for text, ids in right.items():
            assert found(store, text) == ids
        candidates = store.candidates(both(Lit(b"unique"), Lit(b"return")))
        assert len(list(candidates)) == 60
        assert candidates.notes and "doctor" in candidates.notes[0]
        store.compact()
        assert store.check() == []
        repaired = store.candidates(Lit(b"unique_7_x"))
        assert "src/f7.py" in store.doc_ids(list(repaired)) and repaired.count() < 10 and repaired.notes == ()
        assert {text: found(store, text) for text in right} == right


def test_a_missing_block_is_damage(tmp_path: Path, small_segments: None) -> None:
    with SQLiteSearch(tmp_path / "index.db") as store:
        store.batch_write(documents(60), batch_size=60)
        with store.database.transaction() as connection:
            connection.execute("DELETE FROM blocks WHERE id % 3 = 0")
        assert store.check()
        store.compact()
        assert store.check() == []
        assert all(found(store, f"unique_{i}_x") == [f"src/f{i}.py"] for i in range(60))


def test_candidates_are_few(tmp_path: Path) -> None:
    """The index is worth its space: a rare word leaves the documents that hold it, and hardly more."""
    with SQLiteSearch(tmp_path / "index.db") as store:
        store.batch_write(documents(3000), batch_size=1500)
        assert list(store.candidates(Lit(b"unique_2987_x"))) == [store.numbers(["src/f2987.py"])["src/f2987.py"]]
        assert store.candidates(Anything()).count() == 3000


def test_candidates_mind_the_case_that_was_asked_for(tmp_path: Path) -> None:
    forms = ["todo", "TODO", "Todo", "a_todo", "A_TODO", "to", "TO"]
    with SQLiteSearch(tmp_path / "index.db") as store:
        for part in range(2):  # two segments, which compact() merges
            store.batch_write([(f"{part}/{form}", {"content": f"{form}\n" + "x" * 2000}) for form in forms * 600])
            store.batch_write([(f"{part}/{i}", {"content": f"{i:04}" * 500}) for i in range(1500)], batch_size=1500)

        def named(literal: Lit) -> list[str]:
            names = store.doc_ids(list(store.candidates(literal)))
            return [name[2:] for name in names if name and name.startswith("0/")]

        for _ in range(2):
            assert named(Lit(b"todo")) == ["todo", "a_todo"]
            assert named(Lit(b"TODO")) == ["TODO", "Todo", "A_TODO"]  # grams know that, not which, letters are capitals
            assert named(Lit(b"todo", any_case=True)) == forms[:5]
            assert named(Lit(b"TO")) == ["TODO", "Todo", "A_TODO", "TO"]
            assert named(Lit(b"_to")) == ["a_todo", "A_TODO"]
            store.compact()


def test_damaged_words_are_made_again(tmp_path: Path, small_segments: None) -> None:
    with SQLiteSearch(tmp_path / "index.db") as store:
        store.batch_write(documents(60))
        numbers = [number for number, _ in store.ids()]
        bags = [WordBag(n, array("I", [5, n + 10]).tobytes(), b"\1\2", 2) for n in numbers]
        for start in range(0, 60, 10):
            store.write_words(bags[start : start + 10])
        assert damage_blocks(store, random.Random(1), "word", 1.0)
        assert store.check()
        with pytest.raises(StoreCorruptError, match="words"):
            store.word_postings(5)
        store.compact()
        assert store.check() == [] and store.word_totals().documents == 0
        store.write_words(bags)
        assert words_of(store, 5) == [(f"src/f{i}.py", 1) for i in range(60)]
