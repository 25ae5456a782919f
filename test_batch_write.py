"""Batched writes end to end, in five tests: `python3 test_batch_write.py`, or collected by pytest.

What is counted are commits and syncs, which are the same on every machine; what takes how long is the
business of benchmarks/batch_write.py.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from leindex.errors import StorageError
from leindex.models import DocumentItem
from leindex.storage.database import Database, Durability
from leindex.storage.sqlite_storage import SQLiteSearch
from tests.storage.simulated_disk import CountingDisk


def documents(count: int) -> list[DocumentItem]:
    return [
        (f"src/file_{i}.py", {"content": f"def function_{i}():\n    return {i}\n", "language": "python"})
        for i in range(count)
    ]


@contextmanager
def new_store(disk: CountingDisk | None = None, durability: Durability = "full") -> Iterator[SQLiteSearch]:
    with tempfile.TemporaryDirectory(prefix="leindex-") as folder:
        path = Path(folder) / "index.db"
        database = Database(path, durability=durability, vfs=disk.name if disk else None)
        with SQLiteSearch(path, database=database) as store:
            yield store


def test_basic_batch_write() -> None:
    """150 documents are two batches, and all of them can be read and found."""
    with new_store() as store:
        result = store.batch_write(documents(150))
        assert result == {"success": True, "written": 150, "failed": 0, "errors": [], "batches_processed": 2}
        assert store.count() == 150
        assert store.get_document("src/file_149.py") == documents(150)[149][1]
        assert [doc_id for doc_id, _ in store.search_content("function_77")] == ["src/file_77.py"]


def test_synchronous_handling() -> None:
    """Durability is FULL unless asked otherwise, is set at connect, and no batch changes it."""
    with new_store() as store:
        full = store.database.writer.pragma("synchronous")
        store.batch_write(documents(10))
        assert full == store.database.writer.pragma("synchronous") == 2
        assert store.database.writer.pragma("journal_mode") == "wal"
    with new_store(durability="normal") as store:
        store.batch_write(documents(10))
        assert store.database.writer.pragma("synchronous") == 1


def test_rollback_on_error() -> None:
    """A batch whose transaction fails leaves nothing of itself; the store works on."""
    with new_store() as store:
        store.batch_write(documents(10))
        writer = store.database.writer
        writer.execute(
            "CREATE TEMP TRIGGER broken AFTER INSERT ON main.kv_store WHEN NEW.key = 'src/file_30.py' "
            "BEGIN INSERT INTO missing_table VALUES(1); END"
        )
        try:
            store.batch_write([*documents(10), *documents(40)[10:]])
        except StorageError as error:
            assert error.result is not None and error.result["written"] == 0
        else:
            raise AssertionError("the error was not raised")
        assert not writer.in_transaction
        assert store.count() == 10
        writer.execute("DROP TRIGGER broken")
        assert store.batch_write(documents(40))["written"] == 40
        assert store.count() == 40 and store.check() == []


def test_individual_against_batch() -> None:
    """100 documents cost one commit and one sync as a batch, a hundred of each one by one."""

    def cost(write: Callable[[SQLiteSearch], object]) -> tuple[int, int]:
        disk = CountingDisk(real=False)
        with new_store(disk) as store:
            store.batch_write([("first", {"content": "a new log is synced once for its header"})])
            commits = 0

            def committed(connection: apsw.Connection | None = None) -> bool:
                nonlocal commits
                commits += 1
                return False

            store.database.writer.set_commit_hook(committed)
            before = disk.syncs
            write(store)
            assert store.count() == 101
            return commits, disk.syncs - before

    assert cost(lambda store: store.batch_write(documents(100))) == (1, 1)
    assert cost(lambda store: [store.index_document(*item) for item in documents(100)]) == (100, 100)


def test_empty_batch() -> None:
    """No documents: success, and not a single batch."""
    with new_store() as store:
        assert store.batch_write([]) == {
            "success": True,
            "written": 0,
            "failed": 0,
            "errors": [],
            "batches_processed": 0,
        }
        assert store.count() == 0


TESTS = (
    test_basic_batch_write,
    test_synchronous_handling,
    test_rollback_on_error,
    test_individual_against_batch,
    test_empty_batch,
)


def main() -> int:
    passed = 0
    for test in TESTS:
        purpose = (test.__doc__ or "").strip()
        try:
            test()
        except (AssertionError, StorageError) as error:
            print(f"✗ {test.__name__}: {purpose}\n    {type(error).__name__}: {error}")
        else:
            print(f"✓ {test.__name__}: {purpose}")
            passed += 1
    if passed == len(TESTS):
        print("\n✓ All tests passed!")
    print(f"Passed: {passed}/{len(TESTS)}")
    return 0 if passed == len(TESTS) else 1


if __name__ == "__main__":
    sys.exit(main())
