"""Files of an index that are missing or another's, and a tree and processes that do not hold still."""

from __future__ import annotations

import errno
import random
import shutil
import threading
from pathlib import Path

import apsw
import pytest

from leindex.storage.integrity import log as log_module
from leindex.storage.integrity.checked_pages import PAGE_SIZE
from leindex.storage.integrity.log import Log
from leindex.storage.sqlite_storage import SQLiteSearch
from tests.exact.commands import needs_ripgrep
from tests.faults.crowd import crowd
from tests.faults.injection import failure
from tests.faults.oracle import answers, grouped, judge
from tests.faults.scenes import Stage
from tests.faults.trees import expected


@needs_ripgrep
def test_without_shared_memory(stage: Stage) -> None:
    folder = stage.copy_of("b torn")
    (folder / "index.db-shm").unlink(missing_ok=True)
    b = stage.states["b"]
    judge(answers(stage.bench, stage.root, folder), b, b, atomic=True, written=0, text=False)


@needs_ripgrep
def test_without_its_log(stage: Stage) -> None:
    """What was acknowledged is gone with the log, and that is said."""
    folder = stage.copy_of("b torn")
    (folder / "index.db-wal").unlink()
    (folder / "index.db-shm").unlink(missing_ok=True)
    asked = answers(stage.bench, stage.root, folder)
    assert asked.errors or asked.notices or asked.greps == stage.states["b"].greps


@needs_ripgrep
def test_with_the_log_of_another_index(stage: Stage) -> None:
    for name in ("a", "b", "b tantivy"):
        folder = stage.copy_of(name)
        shutil.copy(stage.bases / "b torn" / "index.db-wal", folder / "index.db-wal")
        state = stage.states[name[0]]
        assert judge(answers(stage.bench, stage.root, folder), state, state, atomic=True, written=0, text=False)


@needs_ripgrep
def test_the_index_of_another_tree(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text("needle_a\n")
    done = stage.bench.run("grep", "needle_a", str(tmp_path), index=stage.copy_of("b"))
    assert done.clean_error and not done.out, done


@needs_ripgrep
def test_a_tree_that_changes_while_it_is_indexed(stage: Stage, tmp_path: Path) -> None:
    root, index = tmp_path / "tree", tmp_path / "index"
    for number in range(60):
        (root / f"d{number % 5}").mkdir(parents=True, exist_ok=True)
        (root / f"d{number % 5}" / f"f{number}.py").write_text(f"value = {number}5\nalpha\n")
    stop = threading.Event()

    def change() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            place = root / f"d{turn % 5}"
            for path in sorted(place.glob("*.py"))[:3]:
                path.rename(path.with_name(f"moved{turn}_{path.name[-20:]}"))
            (place / f"new{turn}.py").write_text(f"needle_a = {turn}\n")
            (place / f"new{turn - 15}.py").unlink(missing_ok=True)
            shutil.rmtree(root / "whole", ignore_errors=True)
            shutil.copytree(place, root / "whole")

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(5):
            done = stage.bench.run("index", str(root), index=index)
            assert done.status == 0, done.err
    finally:
        stop.set()
        thread.join()
    assert stage.bench.run("index", str(root), index=index).status == 0
    wanted = expected(root)
    asked = answers(stage.bench, root, index)
    assert not asked.errors and asked.files == wanted.files
    assert asked.greps == {pattern: grouped(out, root) for pattern, out in wanted.greps.items()}


@needs_ripgrep
@pytest.mark.parametrize("at", [4, 12, 30])
def test_a_quota_that_is_used_up_is_told_as_a_full_disk(stage: Stage, tmp_path: Path, at: int) -> None:
    (tmp_path / "tree").mkdir()
    for number in range(200):
        (tmp_path / "tree" / f"{number}.py").write_text(f"needle_{number} = {number}\n" * 40)
    fault = failure(errno.EDQUOT, at, lasting=True)
    done = stage.bench.run("index", str(tmp_path / "tree"), index=tmp_path / "index", fault=fault)
    assert done.clean_error and ("quota" in done.err), done


def test_eight_processes(tmp_path: Path) -> None:
    crowd(tmp_path, 6.0)


def test_a_log_shrinks_once_a_reader_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that holds a snapshot keeps the log from being written back, and no longer than that; one commit waits
    for it, and no other."""
    monkeypatch.setattr(log_module, "WAL_PAGES", 50)
    monkeypatch.setattr(log_module, "PATIENCE_MS", 200)
    waits: list[int] = []
    begin_again = Log._begin_again

    def counted(self: Log, connection: apsw.Connection, copied: int) -> tuple[int, int]:
        waits.append(copied)
        return begin_again(self, connection, copied)

    monkeypatch.setattr(Log, "_begin_again", counted)
    bound, log, chance = 50 * PAGE_SIZE, tmp_path / "index.db-wal", random.Random(1)

    def write(store: SQLiteSearch, name: str) -> None:
        store.batch_write([(f"{name}{n}", {"content": chance.randbytes(3000).hex()}) for n in range(20)])

    with SQLiteSearch(tmp_path / "index.db") as store:
        write(store, "first")
        with SQLiteSearch(tmp_path / "index.db", readonly=True) as reader, reader.snapshot():
            assert reader.count() == 20
            for turn in range(40):
                write(store, f"held {turn} ")
            assert reader.count() == 20 and log.stat().st_size > 3 * bound
            assert len(waits) == 1, waits
        for turn in range(10):
            write(store, f"after {turn} ")
        assert log.stat().st_size <= 2 * bound
