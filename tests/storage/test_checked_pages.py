"""Every page that is read agrees with its checksum, or is an error: in the database, and in the log beside it."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import apsw
import pytest

from leindex.errors import StorageError, StoreCorruptError
from leindex.storage.database import Database
from leindex.storage.integrity.checked_pages import PAGE_SIZE
from leindex.storage.integrity.log_mark import LogMark, Mark, State
from leindex.storage.sqlite_storage import SQLiteSearch
from tests.storage.behind import connect
from tests.storage.storage_cases import documents, found

FRAME = PAGE_SIZE + 24


def filled(path: Path, count: int = 400) -> Path:
    with SQLiteSearch(path) as store:
        store.batch_write(documents(count))
    return path


def all_of(path: Path) -> tuple[int, list[tuple[int, str]], list[str]]:
    """What a reader is told of the whole file."""
    with SQLiteSearch(path, readonly=True) as store:
        return store.count(), list(store.ids()), found(store, "unique_7_x")


def copied(path: Path, folder: Path) -> Path:
    """The files of a database as a crash would leave them."""
    folder.mkdir()
    for end in ("", "-wal", "-mark"):
        if (source := path.with_name(path.name + end)).exists():
            shutil.copy(source, folder / source.name)
    return folder / path.name


def noticed(path: Path) -> bool:
    """Whether a reader finds damage, at the latest when it looks for it."""
    try:
        with SQLiteSearch(path, readonly=True) as store:
            return store.check() != []
    except StoreCorruptError:
        return True


def flipped(path: Path, place: int, bit: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1 << bit]))


def test_a_flipped_bit_anywhere_is_right_or_an_error(tmp_path: Path) -> None:
    path = filled(tmp_path / "index.db")
    good = all_of(path)
    chance = random.Random(13)
    size = path.stat().st_size
    places = [*range(100), *(page + at for page in range(0, size, PAGE_SIZE) for at in (0, 3, PAGE_SIZE - 1))]
    places += [chance.randrange(size) for _ in range(200)]
    errors = 0
    for place in places:
        bit = chance.randrange(8)
        flipped(path, place, bit)
        try:
            assert all_of(path) == good, (place, bit)
        except StorageError as error:
            errors += 1
            assert "index.db" in str(error)
        flipped(path, place, bit)
    assert all_of(path) == good and errors > 150


@pytest.mark.parametrize("kind", ["zeros", "swapped", "cut", "cut within"])
def test_pages_of_zeros_in_another_place_or_missing(tmp_path: Path, kind: str) -> None:
    path = filled(tmp_path / "index.db")
    whole = path.read_bytes()
    pages = len(whole) // PAGE_SIZE
    failed = 0
    for page in range(1, pages):
        data, at = bytearray(whole), page * PAGE_SIZE
        if kind == "zeros":
            data[at : at + PAGE_SIZE] = bytes(PAGE_SIZE)
        elif kind == "swapped":
            data[at : at + PAGE_SIZE] = whole[at - PAGE_SIZE : at]
        else:
            del data[at + (PAGE_SIZE - 100 if kind == "cut within" else 0) :]
        path.write_bytes(data)
        failed += noticed(path)
    assert failed >= pages - 2  # a page that is free is not read


@pytest.mark.parametrize("left", [3 * PAGE_SIZE, 3 * PAGE_SIZE + 100])
def test_a_file_that_is_cut_while_it_is_open(tmp_path: Path, left: int) -> None:
    """SQLite knows how long the file was, and takes bytes behind its end for zeros."""
    path = filled(tmp_path / "index.db", 1)
    connection = connect(path)
    connection.execute("CREATE TABLE t(x BLOB)")
    connection.execute("INSERT INTO t VALUES(randomblob(300_000))")
    connection.close()
    reader = connect(path)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM kv_store").get == 1
    os.truncate(path, path.stat().st_size - 30 * PAGE_SIZE + left)
    with pytest.raises(apsw.IOError) as raised:
        reader.execute("SELECT x FROM t").fetchall()
    assert raised.value.extendedresult == apsw.SQLITE_IOERR_DATA  # damage, not a disk that failed
    reader.close()


def test_a_page_in_the_log_is_checked_when_it_is_read(tmp_path: Path) -> None:
    path = filled(tmp_path / "index.db", 1)
    with SQLiteSearch(path) as store:
        store.batch_write(documents(400))
        log = path.with_name("index.db-wal")
        size, caught = log.stat().st_size, 0
        for frame in range(32, size - FRAME, FRAME):
            for place in (frame + 24 + 4000, frame + 2):
                flipped(log, place)
                caught += noticed(path)
                flipped(log, place)
        assert caught > 10
        assert store.check() == []


def test_a_checkpoint_gives_no_damaged_page_a_checksum(tmp_path: Path) -> None:
    path = filled(tmp_path / "index.db", 1)
    database = Database(path)
    with SQLiteSearch(path, database=database) as store:
        store.batch_write(documents(400))
        log = path.with_name("index.db-wal")
        last = 32 + (log.stat().st_size - 32) // FRAME * FRAME - FRAME
        flipped(log, last + 24 + 4000)
        with pytest.raises(apsw.IOError, match="disk I/O error"):
            database.writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        flipped(log, last + 24 + 4000)
        database.writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    assert all_of(path)[0] == 400


def test_a_transaction_larger_than_the_cache(tmp_path: Path) -> None:
    """Pages go to the log before their checksums are final, and are read from there again."""
    database = Database(tmp_path / "index.db")
    database.writer.pragma("cache_size", 10)
    with database.transaction() as connection:
        connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x BLOB)")
        for number in range(3000):
            connection.execute("INSERT INTO t VALUES(?, randomblob(400))", (number * 7919 % 3001,))
        connection.execute("UPDATE t SET x = randomblob(500) WHERE id % 3 = 0")
        connection.execute("DELETE FROM t WHERE id % 5 = 0")
    assert database.integrity_problems() == []
    database.close()
    reader = Database(tmp_path / "index.db", mode="read")
    assert reader.integrity_problems() == []
    reader.close()


def crashed(tmp_path: Path) -> Path:
    """A database of which the last transactions are in the log only, and its writer is gone."""
    path = filled(tmp_path / "index.db", 1)
    with SQLiteSearch(path) as store:
        store.batch_write(documents(100))
        store.batch_write([("last", {"content": "the last one\n"})])
        return copied(path, tmp_path / "after")


def test_a_log_that_a_crash_left(tmp_path: Path) -> None:
    assert all_of(crashed(tmp_path))[0] == 101


@pytest.mark.parametrize("kind", ["missing", "empty", "cut", "flipped", "header", "foreign"])
def test_a_log_that_was_lost_or_changed_is_noticed(tmp_path: Path, kind: str) -> None:
    path = crashed(tmp_path)
    log = path.with_name("index.db-wal")
    match kind:
        case "missing":
            log.unlink()
        case "empty":
            log.write_bytes(b"")
        case "cut":
            log.write_bytes(log.read_bytes()[: -FRAME // 2])
        case "flipped":
            flipped(log, 32 + 24 + 5000)
        case "header":
            flipped(log, 17)
        case _:
            other = filled(tmp_path / "other.db", 1)
            with SQLiteSearch(other) as store:
                store.batch_write(documents(50))
                shutil.copy(other.with_name("other.db-wal"), log)
    for readonly in (True, False):
        with pytest.raises(StoreCorruptError, match=r"index\.db: is damaged \(its log .*run: leindex doctor"):
            SQLiteSearch(path, readonly=readonly)


def test_a_foreign_log_beside_a_closed_database(tmp_path: Path) -> None:
    path, other = filled(tmp_path / "index.db"), filled(tmp_path / "other.db", 1)
    with SQLiteSearch(other) as store:
        store.batch_write(documents(50))
        shutil.copy(other.with_name("other.db-wal"), path.with_name("index.db-wal"))
    with pytest.raises(StoreCorruptError, match="is damaged"):
        SQLiteSearch(path, readonly=True)


def test_a_mark_that_is_missing_or_damaged_promises_nothing(tmp_path: Path) -> None:
    path = crashed(tmp_path)
    mark = path.with_name("index.db-mark")
    flipped(mark, 9)
    assert LogMark(path).read() is None
    assert all_of(path)[0] == 101
    mark.unlink()
    with SQLiteSearch(path) as store:
        store.batch_write(documents(3))
        assert (found_mark := LogMark(path).read()) is not None and found_mark.state is State.OPEN
    mark = LogMark(path).read()
    assert mark is not None and mark.state is State.CLOSED


def test_a_closed_log_that_a_power_cut_brings_back(tmp_path: Path) -> None:
    path = filled(tmp_path / "index.db", 1)
    log = path.with_name("index.db-wal")
    with SQLiteSearch(path) as store:
        store.batch_write(documents(100))
        data = log.read_bytes()
        store.batch_write(documents(120))
        last = log.read_bytes()
    assert not log.exists() or not log.stat().st_size
    log.write_bytes(last)
    assert all_of(path)[0] == 120
    log.write_bytes(data)
    assert noticed(path)


def test_two_writers_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    first, second = SQLiteSearch(path), SQLiteSearch(path)
    second.batch_write(documents(3))
    second.close()  # copies the log, though the first has it open
    mark = LogMark(path).read()
    assert mark is not None and mark.state is State.CLOSED
    first.batch_write(documents(5))
    left = copied(path, tmp_path / "after")
    first.close()
    assert all_of(left)[0] == all_of(path)[0] == 5


def test_without_durability_no_frames_are_promised(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with SQLiteSearch(path, durability="normal") as store:
        store.batch_write(documents(5))
        assert LogMark(path).read() == Mark(State.OPENING)
        left = copied(path, tmp_path / "after")
    left.with_name("index.db-wal").write_bytes(b"")
    with SQLiteSearch(left) as store:
        assert store.count() in (0, 5)


def test_a_file_that_claims_to_have_no_checksums(tmp_path: Path) -> None:
    path = filled(tmp_path / "index.db")
    flipped(path, 20, 3)
    with pytest.raises(StoreCorruptError, match="its header says that pages have no checksums"):
        SQLiteSearch(path, readonly=True)


def test_others_may_read_and_write_with_the_same_checks(tmp_path: Path) -> None:
    path = filled(tmp_path / "index.db")
    connection = connect(path)
    connection.execute("DELETE FROM kv_store WHERE key = 'src/f7.py'")
    connection.close()
    assert all_of(path)[0] == 399
