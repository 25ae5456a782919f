"""Copying and comparing stores: nothing is lost, whatever goes wrong, and every difference is seen."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import leindex
from leindex.cli.main import main
from leindex.config import DATABASE_NAME
from leindex.errors import CancelledError, ConfigError, StorageError, StoreBusyError, StoreCorruptError
from leindex.index import Index
from leindex.models import Progress, WordBag
from leindex.storage.catalog import Catalog
from leindex.storage.database import Database
from leindex.storage.registry import open_engine
from leindex.storage.storage_interface import SearchInterface
from leindex.storage.transfer import compare as comparing
from leindex.storage.transfer import migrate as module
from leindex.storage.transfer.compare import Comparison, Side, compare
from leindex.storage.transfer.migrate import LEFTOVER, Migrated, Migration, remove_leftover
from leindex.symbols.definitions import unpack

ENGINES = ("sqlite", "tantivy", "duckdb")


def write_tree(tree: Path, files: int = 40) -> None:
    chance = random.Random(5)
    tree.mkdir()
    for i in range(files):
        words = " ".join(chance.choices(["retry", "count", "timeout", "lock", "state"], k=30))
        (tree / f"f{i:02}.py").write_text(f"def name_{i}():\n    # {words}\n    return {i}\n")
    (tree / "latin.c").write_bytes(b"int caf\xe9(void) { return 1; }\n" * 30)
    (tree / "same.py").write_bytes((tree / "f00.py").read_bytes())
    (tree / "empty").touch()
    (tree / "gone.py").write_text("def gone(): pass\n")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_tree(tmp_path / "tree")
    return tmp_path / "tree"


@pytest.fixture
def folder(tree: Path, tmp_path: Path) -> Path:
    """The folder of an index of the tree, with a content that has lost its name."""
    folder = tmp_path / "index"
    with leindex.open(tree, index=folder) as index:
        index.update()
        (tree / "gone.py").unlink()
        index.update()
    return folder


@contextmanager
def opened(folder: Path, mode: str = "write") -> Iterator[tuple[SearchInterface, Catalog]]:
    database = Database(folder / DATABASE_NAME, mode="read" if mode == "read" else "write")
    try:
        catalog = Catalog(database)
        with open_engine(
            catalog.state("engine"), folder, "read" if mode == "read" else "write", database=database
        ) as s:
            yield s, catalog
    finally:
        database.close()


def moved(folder: Path, engine: str) -> Migrated:
    with opened(folder) as (store, catalog):
        return Migration(store, catalog, folder, engine, unpack).run()


def compared(a: Path, b: Path, *, full: bool = True) -> Comparison:
    with opened(a, "read") as left, opened(b, "read") as right:
        return compare(Side(*left), Side(*right), unpack, full=full)


def fresh(tree: Path, folder: Path, engine: str = "sqlite") -> Path:
    with leindex.open(tree, index=folder, engine=engine) as index:
        index.update()
    return folder


# -- copying -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [("tantivy", "duckdb", "sqlite"), ("duckdb", "tantivy", "sqlite")])
def test_nothing_is_lost_on_the_way(tree: Path, folder: Path, tmp_path: Path, way: tuple[str, ...]) -> None:
    other = fresh(tree, tmp_path / "other")
    generation = None
    for engine in way:
        done = moved(folder, engine)
        found = compared(folder, other)
        assert found.equal, found.differences
        assert (found.files, found.documents) == (43, 42) and found.terms == found.terms_total > 60
        assert done.documents == 43, "a content without a name goes along"
        assert generation is None or done.generation == generation + 1
        generation = done.generation
        with opened(folder, "read") as (store, catalog):
            assert (store.name, store.count(), catalog.state(LEFTOVER)) == (engine, 43, None)
            (number,) = (row[0] for row in catalog.rows("SELECT number FROM unnamed"))
            assert store.contents([number]) == [b"def gone(): pass\n"]


def test_the_order_of_documents_stays(folder: Path) -> None:
    with opened(folder, "read") as (store, _):
        before = [doc_id for _, doc_id in store.ids()]
    moved(folder, "duckdb")
    with opened(folder, "read") as (store, _):
        assert [doc_id for _, doc_id in store.ids()] == before


def test_fields_of_documents_that_no_file_names_are_kept(folder: Path) -> None:
    document = {"content": "text\n", "path": "x", "tags": [1, 2]}
    with opened(folder) as (store, _):
        store.index_document("apart", document)
    for engine in ("tantivy", "duckdb", "sqlite"):
        moved(folder, engine)
        with opened(folder, "read") as (store, _):
            assert store.get_document("apart") == document


def test_what_is_pending_stays_pending(tree: Path, tmp_path: Path) -> None:
    from leindex.indexing.pipeline import UpdateOptions

    with leindex.open(tree, index=tmp_path / "index") as index:
        index.update(UpdateOptions(text_only=True))
        row = index.catalog.file(b"f01.py")
        assert row is not None
        (tree / "f01.py").write_text("def changed(): pass\n")
        index.update(UpdateOptions(text_only=True))
        # From here on numbers have a gap, which the copy's have not.
        index.store.delete_documents([row.doc_id])
        index.catalog.forget_unnamed([row.number])
        pending = index.catalog.pending()
    assert pending
    moved(tmp_path / "index", "tantivy")
    with opened(tmp_path / "index", "read") as (store, catalog):
        numbers = [number for number, _ in catalog.without_symbols()]
        assert len(numbers) == pending and None not in store.doc_ids(numbers)
        assert catalog.pending() == pending and store.word_totals().documents == 0
    with leindex.open(tree, index=tmp_path / "index") as index:
        index.update(UpdateOptions())
        assert index.catalog.pending() == 0
    found = compared(tmp_path / "index", fresh(tree, tmp_path / "other"))
    assert found.equal, found.differences


def test_an_engine_cannot_be_its_own_target(folder: Path) -> None:
    with pytest.raises(ConfigError, match="already"):
        moved(folder, "sqlite")


class Stopped(BaseException):
    """What a process that dies looks like from inside."""


@pytest.mark.parametrize("target", ["tantivy", "duckdb"])
@pytest.mark.parametrize("step", ["_copy", "_renumber", "_switch"])
def test_a_failure_leaves_the_index_as_it_was(
    tree: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, target: str
) -> None:
    def fail(*arguments: object) -> None:
        raise StorageError("no space")

    monkeypatch.setattr(Migration if hasattr(Migration, step) else module, step, fail)
    with pytest.raises(StorageError, match="no space"):
        moved(folder, target)
    monkeypatch.undo()
    assert compared(folder, fresh(tree, tmp_path / "other")).equal
    assert not list(folder.glob("tantivy*")) and not list(folder.glob("index.duckdb*"))
    assert moved(folder, target).engine == target


@pytest.mark.parametrize("source", ENGINES)
@pytest.mark.parametrize("moment", ["before the switch", "after the switch"])
def test_a_crash_leaves_one_whole_index_and_what_it_left_goes(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, moment: str
) -> None:
    folder = fresh(tree, tmp_path / "index", source)
    target = "tantivy" if source == "sqlite" else "sqlite"
    switch, remove = Migration._switch, module.remove_leftover
    dead = False

    def dying(*arguments: object) -> int:
        nonlocal dead
        if moment == "after the switch":
            switch(*arguments)  # type: ignore[arg-type]
        dead = True
        raise Stopped

    monkeypatch.setattr(Migration, "_switch", dying)
    monkeypatch.setattr(module, "remove_leftover", lambda *a: None if dead else remove(*a))
    with pytest.raises(Stopped):
        moved(folder, target)
    monkeypatch.undo()
    left, kept = (target, source) if moment == "before the switch" else (source, target)
    with opened(folder) as (store, catalog):
        assert (store.name, catalog.state(LEFTOVER)) == (kept, left)
    other = fresh(tree, tmp_path / "other")
    assert compared(folder, other).equal
    with opened(folder) as (_, catalog):
        assert remove_leftover(catalog, folder) == left
        assert remove_leftover(catalog, folder) is None
        if left == "sqlite":
            assert catalog.rows("SELECT count(*) FROM kv_store") == [(0,)]
    assert compared(folder, other).equal


def test_a_change_meanwhile_stops_the_switch(tree: Path, folder: Path, tmp_path: Path) -> None:
    def change(progress: Progress) -> None:
        other = Database(folder / DATABASE_NAME, mode="write")
        Catalog(other).set_state({"something": progress.documents})
        other.close()

    with opened(folder) as (store, catalog), pytest.raises(StoreBusyError, match="changed"):
        Migration(store, catalog, folder, "tantivy", unpack, on_progress=change).run()
    assert compared(folder, fresh(tree, tmp_path / "other")).equal


def test_it_can_be_cancelled(folder: Path) -> None:
    with opened(folder) as (store, catalog):
        with pytest.raises(CancelledError, match="as it was"):
            Migration(store, catalog, folder, "duckdb", unpack, cancelled=lambda: True).run()
        assert catalog.state("engine") == "sqlite" and not list(folder.glob("index.duckdb*"))


def test_contents_that_are_gone_are_not_passed_over(folder: Path) -> None:
    with opened(folder) as (store, catalog):
        store.delete_documents([next(doc_id for _, doc_id in store.ids())])
        with pytest.raises(StoreCorruptError, match="leindex doctor"):
            Migration(store, catalog, folder, "tantivy", unpack).run()
        assert catalog.state("engine") == "sqlite"


# -- comparing -----------------------------------------------------------------------------------------------


def _change_language(index: Index) -> None:
    row = index.catalog.file(b"f01.py")
    assert row is not None
    index.catalog.put_files([row._replace(language="c")])


def _remove_file(index: Index) -> None:
    index.catalog.remove_files([b"f01.py"])


def _lose_document(index: Index) -> None:
    row = index.catalog.file(b"f01.py")
    assert row is not None
    index.store.delete_documents([row.doc_id])


def _change_content(index: Index) -> None:
    row = index.catalog.file(b"f01.py")
    assert row is not None
    _replace(index, row.doc_id, b"def other(): pass\n")


def _change_fields(index: Index) -> None:
    row = index.catalog.file(b"f01.py")
    assert row is not None
    content = index.store.contents([row.number])[0]
    index.store.index_document(row.doc_id, {"content": content, "more": 1})
    _follow(index, row.doc_id, row.number)


def _replace(index: Index, doc_id: str, content: bytes) -> None:
    number = index.store.numbers([doc_id])[doc_id]
    index.store.index_document(doc_id, {"content": content})
    _follow(index, doc_id, number)


def _follow(index: Index, doc_id: str, number: int) -> None:
    """The catalogue follows a document that was written again by hand."""
    new = index.store.numbers([doc_id])[doc_id]
    with index.catalog.database.transaction() as connection:
        for table in ("files", "symbols"):
            connection.execute(f"UPDATE {table} SET number = ? WHERE number = ?", (new, number))


def _change_symbols(index: Index) -> None:
    row, other = index.catalog.file(b"f01.py"), index.catalog.file(b"f02.py")
    assert row is not None and other is not None
    symbols = index.catalog.symbols_of(other.number)
    assert symbols is not None
    index.catalog.put_symbols([(row.number, *symbols)])


def _change_words(index: Index) -> None:
    row = index.catalog.file(b"f01.py")
    assert row is not None
    _change_fields(index)
    number = index.store.numbers([row.doc_id])[row.doc_id]
    index.store.write_words([WordBag(number, (7).to_bytes(4, "little"), b"\1", 24)])


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (_change_language, {"file language"}),
        (_remove_file, {"file"}),
        (_lose_document, {"document", "word"}),
        (_change_content, {"content", "length in words", "word"}),
        (_change_fields, {"fields", "length in words", "word"}),
        (_change_symbols, {"symbols"}),
        (_change_words, {"fields", "word", "length in words"}),
    ],
)
def test_every_difference_is_seen(tree: Path, folder: Path, tmp_path: Path, change: object, kinds: set[str]) -> None:
    other = fresh(tree, tmp_path / "other")
    assert compared(folder, other).equal
    with Index(leindex.config.Location(tree, other)) as index:
        index._open(write=True)
        change(index)  # type: ignore[operator]
    for a, b in ((folder, other), (other, folder)):
        found = compared(a, b)
        assert set(found.counts) == kinds, found.differences


def test_equal_pieces_are_not_a_difference_though_they_are_numbered_otherwise(tree: Path, tmp_path: Path) -> None:
    a = fresh(tree, tmp_path / "a")
    content = (tree / "f03.py").read_bytes()
    (tree / "f03.py").write_text("x\n")
    b = fresh(tree, tmp_path / "b", "duckdb")
    assert not compared(a, b).equal
    (tree / "f03.py").write_bytes(content)
    fresh(tree, b, "duckdb")
    found = compared(a, b)
    assert found.equal and any("no file names" in note for note in found.notes)


def test_a_sample_of_the_terms_stands_for_all(tree: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "TERMS_COMPARED", 32)
    total = compared(folder, folder).terms
    found = compared(folder, folder, full=False)
    assert 0 < found.terms <= 32 < total and total / 4 < found.terms_total < total * 4


@given(st.lists(st.lists(st.integers(0, 2**32 - 1), unique=True), max_size=20), st.integers(1, 30))
def test_a_sample_is_all_that_is_below_its_bound(documents: list[list[int]], limit: int) -> None:
    sample = comparing._Sample(limit)
    for hashes in documents:
        sample.add(array("I", sorted(hashes)).tobytes())
    every = {value for hashes in documents for value in hashes}
    assert sample.hashes == {value for value in every if value < sample.bound}
    assert len(sample.hashes) <= limit or sample.bound == 1


def test_an_open_index_follows_a_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEINDEX_HOME", str(tmp_path / "home"))
    root = tmp_path / "tree"
    root.mkdir()
    (root / "a.py").write_text("def needle(): ...\n")
    with leindex.open(root) as index:
        index.update()
        assert index.store.name == "sqlite"
        assert main(["migrate", "--to", "duckdb", str(root)]) == 0
        assert [file.path for file in index.grep("needle").files] == ["a.py"]
        assert index.store.name == "duckdb"
