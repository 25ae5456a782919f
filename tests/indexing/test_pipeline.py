"""The flow from tree to store: equal results on every path, nothing lost, nothing done twice."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import leindex
from leindex import _native
from leindex.errors import CancelledError
from leindex.index import Index
from leindex.indexing import batch, pipeline
from leindex.indexing.changes import FINE_NS
from leindex.indexing.pipeline import UpdateOptions
from leindex.indexing.walk.discover import DiscoverOptions
from leindex.models import DocumentItem
from leindex.storage import storage_interface, threaded
from leindex.storage.catalog import Catalog
from leindex.storage.sqlite_storage import SQLiteSearch
from leindex.storage.storage_interface import PreparedBatch
from tests.indexing import odd_tree

ReadFiles = Callable[[int, Sequence[bytes], int], list[Any]]


pytestmark = pytest.mark.usefixtures("own_home")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Some hundred files; many contents occur several times, close together and far apart."""
    folder = tmp_path / "tree"
    for number in range(300):
        path = folder / f"d{number % 7}" / f"f{number:03}.{('c', 'py', 'txt')[number % 3]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"int function_{number % 90}(void);\n" * (1 + number % 90 * 5))
    (folder / "binary").write_bytes(b"\0" * 100)
    return folder


@pytest.fixture
def index(root: Path) -> Iterator[Index]:
    with leindex.open(root, refresh="never") as made:
        yield made


def rows(index: Index) -> dict[bytes, tuple[str, str, str, str, str]]:
    return {row.path: (row.doc_id, row.language, row.encoding, row.kind, row.skipped) for row in index.catalog.files()}


def settle(root: Path) -> None:
    """Gives every file times that are trusted: that of modification is set, that of the last status change passes."""
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, ns=(1_600_000_000_123_456_789,) * 2)
    time.sleep(1.5e-9 * FINE_NS)


def sound(index: Index) -> None:
    """Every row points at its own content, and every content that a row names is there once."""
    assert index.check() == []
    numbers = set()
    for row in index.catalog.files():
        if not row.skipped:
            assert index.store.doc_ids([row.number]) == [row.doc_id]
            numbers.add(row.number)
    assert len(numbers) + len(index.catalog.unnamed_before(0, keep=0)) == index.store.count()
    assert index.catalog.pending() == 0


SETTINGS = [
    UpdateOptions(),
    UpdateOptions(workers=0),
    UpdateOptions(workers=1),
    UpdateOptions(workers=3, batch_size=4),
    UpdateOptions(workers=0, batch_size=1),
    UpdateOptions(workers=8, batch_size=1),
]


@pytest.mark.parametrize("options", SETTINGS, ids=str)
def test_every_way_of_working_makes_the_same_index(
    root: Path, index: Index, tmp_path: Path, options: UpdateOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "SMALL_FILES", 10)
    index.update()
    with leindex.open(root, index=tmp_path / "other", refresh="never") as other:
        result = other.update(options)
        assert (result.added, result.documents, result.skipped) == (301, 90, {"binary": 1})
        assert rows(other) == rows(index)
        sound(other)
        for query in ("function_7", "function_87 lang:c", "/function_1[0-3]/"):
            hits = [[(hit.path, hit.start_line) for hit in each.search(query).hits] for each in (index, other)]
            assert hits[0] == hits[1] and hits[0]


class _Exhausted(ThreadPoolExecutor):
    """A pool that at last cannot start any thread."""

    def submit(self, work: Any, /, *arguments: Any, **keywords: Any) -> Any:
        count = self.__dict__["count"] = self.__dict__.get("count", 0) + 1
        if count > 12:
            raise RuntimeError("can't start new thread")
        return super().submit(work, *arguments, **keywords)


@pytest.mark.parametrize("every", [1, 3])
def test_failing_workers_change_nothing(
    root: Path, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    """They fail after they have taken contents to write: who does their chunks again writes these."""
    index.update()
    real, turn = SQLiteSearch.prepare, itertools.count()

    def prepare(self: SQLiteSearch, documents: Sequence[DocumentItem]) -> PreparedBatch:
        if threading.current_thread().name.startswith("leindex-worker") and (count := next(turn)) % every == 0:
            raise (MemoryError, OSError)[count % 2](5, "a worker has died")
        return real(self, documents)

    monkeypatch.setattr(SQLiteSearch, "prepare", prepare)
    monkeypatch.setattr(threaded, "ThreadPoolExecutor", _Exhausted)
    with leindex.open(root, index=tmp_path / "other", refresh="never") as other:
        result = other.update(UpdateOptions(workers=3, batch_size=10))
        assert result.batches == 31 and not result.failed
        assert rows(other) == rows(index)
        sound(other)
    assert next(turn) > 3


def test_a_content_that_a_later_chunk_writes(root: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker that is first to take a content may be working on the later chunk."""
    take = batch.Claims.take
    turn, taken = itertools.count(), threading.Event()

    def late(self: batch.Claims, doc_ids: Any) -> set[str]:
        if next(turn) == 0:
            assert taken.wait(10)
            return take(self, doc_ids)
        mine = take(self, doc_ids)
        taken.set()
        return mine

    monkeypatch.setattr(batch.Claims, "take", late)
    index.update(UpdateOptions(workers=2, batch_size=150))
    assert len(rows(index)) == 301
    assert {row[4] for row in rows(index).values()} == {"", "binary"}
    sound(index)


def test_renames_copies_and_switches_write_no_content(root: Path, index: Index) -> None:
    index.update()
    settle(root)
    assert index.update().documents == 0
    (root / "d0").rename(root / "moved")
    shutil.copytree(root / "d1", root / "copy")
    result = index.update()
    assert (result.documents, result.removed) == (0, 43)
    assert result.added == 43 + 43
    shutil.rmtree(root / "copy")
    shutil.rmtree(root / "d1")
    index.update()
    (root / "d1").mkdir()
    (root / "d1" / "again.c").write_text("int function_1(void);\n" * 6)
    assert index.update().documents == 0
    sound(index)


def test_a_changed_file_is_read_again_and_no_other(root: Path, index: Index) -> None:
    settle(root)
    first = index.update()
    assert (first.read, first.unchanged) == (301, 0)
    (root / "d0" / "f000.c").write_text("changed\n")
    (root / "d0" / "f007.py").unlink()
    result = index.update()
    assert (result.read, result.changed, result.removed, result.unchanged) == (1, 1, 1, 299)
    assert result.generation == first.generation + 1
    # It was read so soon after it was written that its time proves nothing.
    assert index.update().read == 1
    settle(root)
    index.update()
    last = index.update()
    assert (last.read, last.unchanged) == (0, 300)


def test_what_belongs_to_the_tree_is_kept_and_can_change(root: Path, index: Index) -> None:
    (root / ".hidden.py").write_text("hidden = 1\n")
    settle(root)
    index.update(UpdateOptions(DiscoverOptions(hidden=True, globs=("!*.txt",))))
    assert ".hidden.py" in set(index.paths()) and not any(path.endswith(".txt") for path in index.paths())
    (root / "new.txt").write_text("new\n")
    assert index.update().added == 0, "the options of the last update hold"
    assert index.update(paths=["new.txt"]).added == 0
    small = UpdateOptions(DiscoverOptions(max_size=1000))
    result = index.update(small)
    assert result.removed == 1 and result.skipped["too large"] > 200
    assert not index.catalog.file(b"d5/f089.txt") or index.catalog.file(b"d5/f089.txt").skipped  # type: ignore[union-attr]
    result = index.update(UpdateOptions())
    assert result.skipped == {"binary": 1}
    assert index.update().read <= 1
    sound(index)


def test_cancelling_keeps_what_landed_and_the_next_run_goes_on(root: Path, index: Index) -> None:
    settle(root)
    options = UpdateOptions(workers=2, batch_size=20, text_only=True)
    landed: list[int] = []
    with pytest.raises(CancelledError, match=r"of 301 files"):
        index.update(options, on_progress=lambda p: landed.append(p.documents), cancelled=lambda: len(landed) >= 3)
    assert landed == [20, 40, 60]
    stored = len(rows(index))
    assert 40 < stored <= 60  # a file waits where a later chunk has the content that both hold
    result = index.update(options)
    assert (result.unchanged, result.read) == (stored, 301 - stored)
    index.update(UpdateOptions())
    sound(index)


def test_an_interrupted_first_run_keeps_its_options(root: Path, index: Index) -> None:
    (root / ".hidden.py").write_text("hidden = 1\n")
    options = UpdateOptions(DiscoverOptions(hidden=True, max_size=1000), workers=0, batch_size=20)
    landed: list[int] = []
    with pytest.raises(CancelledError):
        index.update(options, on_progress=lambda p: landed.append(p.documents), cancelled=lambda: len(landed) >= 12)
    index.close()
    assert pipeline.stored_options(index.catalog).discover == options.discover
    with pytest.raises(CancelledError):
        index.update(UpdateOptions(batch_size=20), cancelled=lambda: True)
    result = index.update(UpdateOptions())
    assert result.skipped == {"binary": 1}
    sound(index)


def test_what_an_unfinished_update_wrote_is_a_new_generation(
    root: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables that an open Index keeps are made anew by generation."""
    index.update()
    settle(root)
    generation = index.update().generation
    for path in root.rglob("f*.c"):
        path.write_text("changed\n")
    settle(root)
    monkeypatch.setattr(pipeline, "SMALL_FILES", 10)
    with monkeypatch.context() as patch:
        patch.setattr(Catalog, "finish_update", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            index.update()
    result = index.update()
    assert (result.read, result.generation) == (0, generation + 1)
    assert index.update().generation == generation + 1


def test_refused_documents_do_not_hold_up_the_others(root: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "huge.c").write_text("int huge;\n" * 5000)
    monkeypatch.setattr(storage_interface, "MAX_DOCUMENT_BYTES", 20_000)
    result = index.update()
    assert len(result.failed) == 1 and "too big" in result.failed[0]
    row = index.catalog.file(b"huge.c")
    assert row is not None and row.skipped.startswith("refused: too big")
    assert result.documents == 90


def test_a_file_that_changes_while_it_is_read(root: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(root)
    read: ReadFiles = _native.read_files

    def restless(root_fd: int, paths: Sequence[bytes], limit: int) -> list[Any]:
        results = read(root_fd, tuple(paths), limit)
        return [
            _native.CHANGED if path == b"d0/f000.c" else result for path, result in zip(paths, results, strict=True)
        ]

    monkeypatch.setattr(_native, "read_files", restless)
    assert index.update().skipped == {"binary": 1, "changed": 1}
    monkeypatch.undo()
    result = index.update()
    assert (result.read, result.skipped) == (1, {"binary": 1})


def test_a_file_that_vanishes_before_it_is_read(root: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    read: ReadFiles = _native.read_files

    def slow(root_fd: int, paths: Sequence[bytes], limit: int) -> list[Any]:
        (root / "d0" / "f000.c").unlink(missing_ok=True)
        return read(root_fd, tuple(paths), limit)

    monkeypatch.setattr(_native, "read_files", slow)
    result = index.update()
    assert result.files == 299 and index.catalog.file(b"d0/f000.c") is None


def test_contents_without_a_name_go_by_age_and_quota(root: Path, index: Index) -> None:
    index.update()
    options = UpdateOptions(keep_contents=10)
    for turn in range(30):
        (root / "d0" / "f000.c").write_text(f"turn {turn}\n")
        index.update(options, paths=["d0/f000.c"])
    assert index.store.count() == 90 + 1 + 10
    assert len(index.catalog.unnamed_before(0, keep=0)) == 10
    index.update(replace(options, keep_days=0.0))
    (root / "d0" / "f000.c").write_text("last\n")
    index.update()
    assert len(index.catalog.unnamed_before(0, keep=0)) <= 1
    index.compact()
    sound(index)
    assert index.read("d0/f000.c") == b"last\n"


@pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed")
@pytest.mark.parametrize("options", [DiscoverOptions(), DiscoverOptions(hidden=True, no_ignore=True)], ids=str)
def test_the_odd_tree_is_indexed_as_ripgrep_searches_it(tmp_path: Path, options: DiscoverOptions) -> None:
    root = tmp_path / "odd"
    root.mkdir()
    odd_tree.build(root)
    try:
        flags = ["--hidden"] * options.hidden + ["--no-ignore"] * options.no_ignore
        listed = subprocess.run(
            ["rg", "--files", "-0", *flags], cwd=root, capture_output=True, check=False
        ).stdout.split(b"\0")[:-1]
        searched = subprocess.run(
            ["rg", "-l0", *flags, "needle"], cwd=root, capture_output=True, check=False
        ).stdout.split(b"\0")[:-1]
        with leindex.open(root, refresh="never") as index:
            result = index.update(UpdateOptions(options))
            assert not result.failed
            assert {row.path for row in index.catalog.files()} == set(listed)
            holds = {
                row.path
                for row in index.catalog.files()
                if row.number and b"needle" in leindex.text.searchable(index.read(row.name))
            }
            large = {entry.path for entry in index.catalog.too_large()}
            assert holds | large == set(searched)
            assert large == {b"size/one more"}
            result = index.update()
            assert (result.added, result.removed, result.documents) == (0, 0, 0)
            sound(index)
    finally:
        odd_tree.unlock(root)
