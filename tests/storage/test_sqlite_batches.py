"""Batches of the SQLite engine: what they replace, what a disk that fills up leaves of them, what they reuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from leindex.errors import StoreCorruptError, StoreFullError
from leindex.storage.database import Database
from leindex.storage.integrity.checked_pages import PAGE_SIZE
from leindex.storage.sqlite_storage import SQLiteSearch
from tests.storage.simulated_disk import FullDisk
from tests.storage.storage_cases import documents, found


@pytest.mark.parametrize("count", [2, 3, 12, 13, 100, 1100])
def test_a_batch_that_replaces_some(tmp_path: Path, count: int) -> None:
    """Rows that were inserted before an id turned out to be there are not inserted twice, and none is lost."""
    items = documents(count)
    old = [items[count // 2], items[-1]]
    with SQLiteSearch(tmp_path / "index.db", batch_size=5000) as store:
        store.batch_write([(doc_id, {"content": "a word of old"}) for doc_id, _ in old])
        before = max(store.numbers([doc_id for doc_id, _ in old]).values())
        assert store.batch_write(items)["written"] == count
        assert [doc_id for _, doc_id in store.ids()] == [doc_id for doc_id, _ in items]
        assert all(number > before for number, _ in store.ids())
        assert store.get_document(old[0][0]) == old[0][1]
        assert found(store, "of old") == [] and found(store, "unique_1_x") == ["src/f1.py"]
        assert store.check() == []


@pytest.mark.parametrize("damaged", [200, 2**63 - 1])
def test_a_number_that_was_never_given(tmp_path: Path, damaged: int) -> None:
    """Where a number in the file is greater than the next, no batch gets other numbers than the reserved ones."""
    with SQLiteSearch(tmp_path / "index.db") as store:
        store.batch_write(documents(3))
        with store.database.transaction() as connection:
            connection.execute("UPDATE kv_store SET id = ? WHERE id = 2", (damaged,))
        before = list(store.ids())
        for count in (2, 13, 100):
            with pytest.raises(StoreCorruptError, match="index again"):
                store.batch_write(documents(count, 3))
        assert list(store.ids()) == before


def test_the_disk_fills_up_anywhere_in_a_batch(tmp_path: Path) -> None:
    """However many pages the disk still takes: the batch is all there or nothing of it, for readers as well."""
    disk = FullDisk()
    path = tmp_path / "index.db"
    with SQLiteSearch(path, database=Database(path, vfs=disk.name)) as store:
        store.batch_write(documents(100))
        size = path.with_name("index.db-wal").stat().st_size
        failures = 0
        while store.count() == 100:
            disk.limit = size + failures * (PAGE_SIZE + 24)
            try:
                assert store.batch_write(documents(100, 100))["written"] == 100
            except StoreFullError as error:
                assert error.result is not None and error.result["written"] == 0
                failures += 1
                with SQLiteSearch(path, readonly=True) as reader:
                    assert reader.count() == 100 and reader.check() == []
        assert failures > 5, "the batch was too small for the disk to fill up within it"
        assert store.count() == 200 and store.check() == []


def test_statements_stay_prepared(tmp_path: Path) -> None:
    """What a small batch runs is prepared once: preparing took longer than running most of it."""
    with SQLiteSearch(tmp_path / "index.db") as store:
        for start in (0, 100):
            store.batch_write(documents(100, start))
        prepared = store.database.writer.cache_stats()["misses"]
        for start in (200, 300, 400):
            store.batch_write(documents(100, start))
        assert store.database.writer.cache_stats()["misses"] == prepared
