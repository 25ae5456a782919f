"""Watching: what changes is found soon, the index wakes nobody, and trouble with notices costs no change."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import leindex
from leindex.index import Index
from leindex.indexing import watch as watching
from leindex.models import UpdateResult
from leindex.storage.folder.locks import is_watched

pytest.importorskip("watchfiles")


pytestmark = pytest.mark.usefixtures("own_home")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "a.py").write_text("def first(): pass\n")
    return folder


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


class Watched:
    """A watcher in a thread of its own."""

    def __init__(self) -> None:
        self.updates: list[UpdateResult] = []
        self.notices: list[str] = []


@contextmanager
def watched(root: Path, index: Path | None = None, **options: float) -> Iterator[Watched]:
    stop, seen = threading.Event(), Watched()

    def run() -> None:
        with leindex.open(root, index=index) as own:
            own.watch(on_update=seen.updates.append, on_notice=seen.notices.append, stop=stop, **options)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        wait_for(lambda: bool(seen.updates))
        yield seen
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def paths(index: Index) -> list[str]:
    return list(index.paths())


def test_every_kind_of_change_is_found(root: Path) -> None:
    with watched(root), leindex.open(root, refresh="never") as index:
        assert is_watched(index.location.folder)
        assert index.age_seconds == 0
        (root / "b.py").write_text("needle\n")
        wait_for(lambda: paths(index) == ["a.py", "b.py"])
        (root / "b.py").write_text("other\n")
        wait_for(lambda: index.read("b.py") == b"other\n")
        (root / "b.py").rename(root / "c.py")
        wait_for(lambda: paths(index) == ["a.py", "c.py"])
        (root / "deep" / "er").mkdir(parents=True)
        (root / "deep" / "er" / "d.py").write_text("deep\n")
        wait_for(lambda: "deep/er/d.py" in paths(index))
        (root / "deep").rename(root / "moved")
        wait_for(lambda: paths(index) == ["a.py", "c.py", "moved/er/d.py"])
        (root / ".ignore").write_text("moved\n")
        wait_for(lambda: paths(index) == ["a.py", "c.py"])
        (root / ".ignore").unlink()
        wait_for(lambda: "moved/er/d.py" in paths(index))
        (root / "a.py").unlink()
        wait_for(lambda: paths(index) == ["c.py", "moved/er/d.py"])
    assert not is_watched(index.location.folder)


def test_an_index_inside_of_the_tree_wakes_nobody(root: Path) -> None:
    (root / ".ignore").write_text("/index\n")
    with watched(root, root / "index") as seen:
        (root / "b.py").write_text("needle\n")
        wait_for(lambda: len(seen.updates) == 2)
        generation = seen.updates[-1].generation
        time.sleep(0.4)
        assert len(seen.updates) == 2
        with leindex.open(root, index=root / "index", refresh="never") as index:
            assert index.catalog.generation == generation


def test_an_index_inside_of_the_tree_is_not_indexed(root: Path) -> None:
    with leindex.open(root, index=root / "index") as index:
        index.update()
        index.update()
        assert paths(index) == ["a.py"]
        index.update(paths=["index", "index/index.db"])
        assert paths(index) == ["a.py"]


def test_names_that_are_not_utf8(root: Path) -> None:
    name = os.path.join(os.fsencode(root), b"\xff\xfe.txt")
    with watched(root, reconcile_seconds=60), leindex.open(root, refresh="never") as index:
        for turn in range(3):
            with open(name, "wb") as file:
                file.write(b"%d\n" % turn)
            wait_for(lambda turn=turn: index.catalog.file(b"\xff\xfe.txt") is not None)  # type: ignore[misc]
            (root / f"{turn}.txt").write_text("after\n")
            wait_for(lambda turn=turn: f"{turn}.txt" in paths(index))  # type: ignore[misc]


def test_lost_notices_are_made_up_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching.Notices, "_relative", lambda self, raw: [])
    with watched(root, reconcile_seconds=0.2), leindex.open(root, refresh="never") as index:
        (root / "b.py").write_text("needle\n")
        wait_for(lambda: "b.py" in paths(index))


def test_no_notices_at_all(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: watching.Notices, folders: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(watching.Notices, "_open", none)
    monkeypatch.setattr(watching, "COMPARE_SECONDS", 0.05)
    with watched(root) as seen, leindex.open(root, refresh="never") as index:
        assert not is_watched(index.location.folder)
        (root / "b.py").write_text("needle\n")
        wait_for(lambda: "b.py" in paths(index))
        assert "comparing the tree instead" in seen.notices[0]


def test_links_are_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (root / "real").mkdir()
    (root / "real" / "b.py").write_text("before\n")
    (root / "a link").symlink_to("real")
    (root / "link outside").symlink_to(tmp_path / "outside")
    with watched(root) as seen, leindex.open(root, refresh="never") as index:
        (tmp_path / "outside" / "c.py").write_text("outside\n")
        (root / "real" / "b.py").write_text("needle\n")
        wait_for(lambda: index.read("real/b.py") == b"needle\n")
        (root / "a link" / "d.py").write_text("made through the link\n")
        wait_for(lambda: paths(index) == ["a.py", "real/b.py", "real/d.py"])
        assert [result.added + result.changed for result in seen.updates[1:]] == [1, 1]


def test_a_flood_of_changes(root: Path) -> None:
    with watched(root), leindex.open(root, refresh="never") as index:
        for number in range(3000):
            (root / f"{number:04}.txt").write_text(f"{number}\n")
        wait_for(lambda: len(paths(index)) == 3001)


def test_the_command(root: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "leindex", "watch", "--json", str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell starts in the background ignores SIGINT, and its children with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["added"] == 1
        (root / "b.py").write_text("needle\n")
        assert json.loads(process.stdout.readline())["added"] == 1
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")
    finally:
        process.kill()
        process.communicate()
