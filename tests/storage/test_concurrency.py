"""Several processes, several threads, folders and files that cannot be used, and files that are not ours."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest

from leindex.errors import (
    ConfigError,
    StorageError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
    StoreReadOnlyError,
    StoreVersionError,
)
from leindex.storage import registry
from leindex.storage.database import FORMAT_VERSION, Database
from leindex.storage.formula import Lit
from leindex.storage.integrity.checked_pages import PAGE_SIZE
from leindex.storage.sqlite_storage import SQLiteSearch
from tests.storage.behind import connect, make_old
from tests.storage.simulated_disk import FullDisk
from tests.storage.storage_cases import documents, found, refused_after_fork
from tests.support.another_user import as_nobody

HERE = Path(__file__).parent
WRITERS, READERS, COUNT = "ab", 4, 10_000


def child(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(HERE / "concurrent_child.py"), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_writers_and_four_readers(tmp_path: Path) -> None:
    registry.open_engine("sqlite", tmp_path).close()
    writers = [child("write", str(tmp_path), name, str(COUNT)) for name in WRITERS]
    readers = [child("read", str(tmp_path), WRITERS) for _ in range(READERS)]
    for process in (*writers, *readers):
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in writers:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in (*writers, *readers):  # a reader reads until communicate() closes its stdin
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, ""), err
        assert out == "done\n" or int(out.split()[1]) > 0
    with registry.open_engine("sqlite", tmp_path, "read") as store:
        assert store.count() == COUNT * len(WRITERS)
        assert {doc_id for _, doc_id in store.ids()} == {f"{name}{i}" for name in WRITERS for i in range(COUNT)}
        for i in range(0, COUNT, 997):
            assert found(store, f"b_{i}_x") == [f"b{i}"]
        assert store.check() == []


def test_many_processes_may_create_the_same_store(tmp_path: Path) -> None:
    processes = [child("write", str(tmp_path / "new"), f"p{n}-", "200") for n in range(4)]
    for process in processes:
        out, err = process.communicate("go\n", timeout=60)
        assert (process.returncode, err, out) == (0, "", "ready\ndone\n")
    with registry.open_engine("sqlite", tmp_path / "new", "read") as store:
        assert store.count() == 800


def test_threads_read_while_one_writes(tmp_path: Path) -> None:
    with SQLiteSearch(tmp_path / "index.db") as store:
        store.batch_write(documents(100))
        stop, problems = threading.Event(), []

        def read() -> None:
            while not stop.is_set():
                with store.snapshot():
                    if store.count() % 100 or found(store, "unique_7_x") != ["src/f7.py"]:
                        problems.append(store.count())

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        store.batch_write(documents(1500, 100))
        stop.set()
        for thread in threads:
            thread.join()
        assert problems == [] and store.count() == 1600


def test_a_writer_that_waits_in_vain(tmp_path: Path) -> None:
    waits: list[float] = []
    with SQLiteSearch(tmp_path / "index.db") as first:
        database = Database(tmp_path / "index.db", busy_seconds=0.02)
        with SQLiteSearch(tmp_path / "index.db", database=database) as second:
            second.sleep = waits.append
            with first.database.transaction():
                with pytest.raises(StoreBusyError, match=r"index\.db: another process is writing"):
                    second.batch_write(documents(3))
                assert waits == [1.0, 2.0, 4.0]
            assert second.batch_write(documents(3))["written"] == 3


def test_a_store_does_not_cross_a_fork(tmp_path: Path) -> None:
    with SQLiteSearch(tmp_path / "index.db") as store:
        store.batch_write(documents(3))
        assert refused_after_fork(store)
        assert store.count() == 3


# -- files ---------------------------------------------------------------------------------------------------


def test_files_are_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with SQLiteSearch(tmp_path / "data" / "index" / "index.db") as store:
            store.batch_write(documents(3))
            folder = tmp_path / "data" / "index"
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            names = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    finally:
        os.umask(old)
    assert names == {f"index.db{end}": 0o600 for end in ("", "-wal", "-shm", "-mark")}


def test_reading_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with SQLiteSearch(path) as store:
        store.batch_write(documents(300))
    before = path.read_bytes(), path.stat().st_mtime_ns
    with SQLiteSearch(path, readonly=True) as store:
        assert found(store, "unique_7_x") == ["src/f7.py"] and store.check() == []
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_opening_to_write_changes_nothing_yet(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with SQLiteSearch(path) as store:
        store.batch_write(documents(300))
    before = path.read_bytes()
    with SQLiteSearch(path) as store:
        assert store.count() == 300
    assert path.read_bytes() == before


@pytest.mark.parametrize("wal", [False, True])
def test_a_read_only_folder(tmp_path: Path, wal: bool) -> None:
    folder = tmp_path / "locked"
    store = SQLiteSearch(folder / "index.db")
    store.batch_write(documents(50))
    if not wal:
        store.close()
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)
    folder.chmod(0o555)

    def use() -> None:
        with SQLiteSearch(folder / "index.db", readonly=True) as reader:
            assert found(reader, "unique_7_x") == ["src/f7.py"] and reader.count() == 50
            with pytest.raises(StoreReadOnlyError, match=r"index\.db"):
                reader.batch_write(documents(1))
        with pytest.raises(StoreReadOnlyError, match=r"index\.db"):
            SQLiteSearch(folder / "index.db")
        with pytest.raises(StoreReadOnlyError, match=r"locked/new: cannot be created"):
            SQLiteSearch(folder / "new" / "index.db")

    try:
        as_nobody(folder, use)
    finally:
        folder.chmod(0o755)
        store.close()


def test_a_folder_that_may_not_be_entered(tmp_path: Path) -> None:
    folder = tmp_path / "secret"
    SQLiteSearch(folder / "index.db").close()
    folder.chmod(0)

    def use() -> None:
        for readonly in (True, False):
            with pytest.raises(StorageError, match=r"index\.db"):
                SQLiteSearch(folder / "index.db", readonly=readonly)

    try:
        as_nobody(folder, use)
    finally:
        folder.chmod(0o700)


def test_a_full_disk(tmp_path: Path) -> None:
    disk = FullDisk()
    path = tmp_path / "index.db"
    database = Database(path, vfs=disk.name)
    with SQLiteSearch(path, database=database) as store:
        store.batch_write(documents(100))
        disk.limit = 0
        with pytest.raises(StoreFullError, match=r"index\.db: no space is left") as caught:
            store.batch_write(documents(1000, 100))
        assert caught.value.result is not None and caught.value.result["written"] % 100 == 0
        count = 100 + caught.value.result["written"]
        assert store.count() == count and found(store, "unique_7_x") == ["src/f7.py"]
        with SQLiteSearch(path, readonly=True) as reader:
            assert reader.count() == count and reader.check() == []
        disk.limit = None
        assert store.batch_write(documents(1000, 100))["success"]
        assert store.count() == 1100 and store.check() == []


def test_a_disk_that_fills_up_at_any_page_leaves_whole_batches(tmp_path: Path) -> None:
    outcomes = []
    for pages in range(24):
        disk = FullDisk()
        path = tmp_path / f"{pages}.db"
        with SQLiteSearch(path, database=Database(path, vfs=disk.name)) as store:
            store.batch_write(documents(20), batch_size=20)
            disk.limit = path.with_name(path.name + "-wal").stat().st_size + pages * PAGE_SIZE
            try:
                written = store.batch_write(documents(60, 20), batch_size=20)["written"]
            except StoreFullError as error:
                assert error.result is not None
                written = error.result["written"]
            outcomes.append(written)
            assert [doc_id for _, doc_id in store.ids()] == [doc_id for doc_id, _ in documents(20 + written)]
            assert store.check() == []
    assert outcomes == sorted(outcomes) and set(outcomes) == {0, 20, 40, 60}


def test_a_full_disk_at_the_start(tmp_path: Path) -> None:
    disk = FullDisk()
    disk.limit = 0
    with pytest.raises(StoreFullError, match=r"index\.db: no space is left"):
        Database(tmp_path / "index.db", vfs=disk.name)
    disk.limit = None
    with SQLiteSearch(tmp_path / "index.db") as store:
        assert store.batch_write(documents(3))["success"]


# -- files that are not ours ---------------------------------------------------------------------------------


def refused(path: Path, error: type[StorageError], match: str = r"index\.db") -> None:
    """Opening says what is wrong, names the file, and leaves it as it was."""
    before = path.read_bytes()
    for readonly in (True, False):
        with pytest.raises(error, match=match):
            SQLiteSearch(path, readonly=readonly)
        assert path.read_bytes() == before


@pytest.mark.parametrize("version", [FORMAT_VERSION + 1, -1])
def test_another_format_version(tmp_path: Path, version: int) -> None:
    path = tmp_path / "index.db"
    SQLiteSearch(path).close()
    with connect(path) as connection:
        connection.pragma("user_version", version)
    connection.close()
    refused(
        path,
        StoreVersionError,
        rf"index\.db: has the .*format version {version}, this leindex .*{FORMAT_VERSION}",
    )


def test_an_older_format_is_brought_up_to_date(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "index.db"
    with SQLiteSearch(path) as store:
        store.batch_write(documents(2500), batch_size=2500)
        before = list(store.ids())
    connection = make_old(path, 1)
    connection.execute("UPDATE blocks SET data = x'00'")  # blocks of another layout
    connection.execute("ALTER TABLE blocks RENAME TO segment_blocks")
    connection.pragma("journal_mode", "wal")
    connection.execute("SELECT count(*) FROM segment_blocks").fetchall()
    with pytest.raises(StoreVersionError, match=r"old format version 1, .* needs 5; .* run: leindex index"):
        SQLiteSearch(path, readonly=True)
    with pytest.raises(StoreBusyError):  # who still has it open would write old blocks into it
        Database(path, busy_seconds=0.1)
    connection.close()
    with SQLiteSearch(path) as store:
        assert "is of an older format" in caplog.text
        assert list(store.ids()) == before
        assert store.check() == []
        assert store.candidates(Lit(b"unique_7_x")).count() == 1
    caplog.clear()
    with SQLiteSearch(path, readonly=True) as store:
        assert store.count() == 2500
    assert not caplog.text


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    path.write_bytes(b"#!/bin/sh\necho not a database\n" * 500)
    refused(path, StoreCorruptError, "is not a leindex index; it is left as it is")


def test_a_database_that_is_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE t(x)")
    connection.close()
    refused(path, StoreCorruptError, "not a leindex index; it is left as it is")


def test_an_empty_file_holds_no_index(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    path.touch()
    with pytest.raises(StoreCorruptError, match=r"index\.db: holds no index"):
        SQLiteSearch(path, readonly=True)
    assert path.read_bytes() == b""
    with SQLiteSearch(path) as store:
        assert store.batch_write(documents(3))["success"]


@pytest.mark.parametrize("keep", [50, 100, 5000, 8192, 20_000])
def test_a_truncated_file(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "index.db"
    with SQLiteSearch(path) as store:
        store.batch_write(documents(500))
    path.write_bytes(path.read_bytes()[:keep])
    before = path.read_bytes()
    with pytest.raises(StoreCorruptError, match=r"index\.db"), SQLiteSearch(path) as store:
        store.count()
        found(store, "unique")
        list(store.ids())
    assert path.read_bytes() == before


def test_damaged_pages_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with SQLiteSearch(path) as store:
        store.batch_write(documents(500))
    data = bytearray(path.read_bytes())
    for start in range(8192, len(data), 8192):
        data[start : start + 12] = b"\xee" * 12
    path.write_bytes(data)
    with pytest.raises(StoreCorruptError, match=r"index\.db: is damaged"), SQLiteSearch(path) as store:
        list(store.ids())


@pytest.mark.parametrize("change", ["value = substr(value, 1, 20)", "size = size + 1", "size = -1", "size = 1 << 60"])
def test_damaged_documents_are_reported(tmp_path: Path, change: str) -> None:
    path = tmp_path / "index.db"
    with SQLiteSearch(path) as store:
        store.batch_write([(f"f{n}", {"content": f"some text {n}\n" * 100}) for n in range(20)])
    connection = connect(path)
    connection.execute(f"UPDATE kv_store SET {change} WHERE id = 7")
    connection.close()
    with SQLiteSearch(path) as store:
        assert len(store.reading(range(8, 21))()) == 13
        with pytest.raises(StoreCorruptError, match="a stored document is damaged"):
            store.reading(range(1, 21))()


def test_a_missing_index(tmp_path: Path) -> None:
    for mode in ("read", "write"):
        with pytest.raises(StorageError, match=r"index\.db: there is no index"):
            registry.open_engine("sqlite", tmp_path / "none", mode)
    assert not (tmp_path / "none").exists()


def test_options_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="durability"):
        Database(tmp_path / "index.db", durability="some")  # type: ignore[arg-type]
    assert not (tmp_path / "index.db").exists()
