"""Real processes that are interrupted or killed, and real git: what landed stays, and nothing is done twice."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import leindex
from leindex.errors import StorageError
from leindex.index import Index
from leindex.indexing.pipeline import UpdateOptions

FILES = 3000


pytestmark = pytest.mark.usefixtures("own_home")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 3,000 files and 25 MB, with times of modification long ago."""
    folder = tmp_path_factory.mktemp("tree")
    pick = random.Random(1)
    words = [f"word{number}_{pick.randrange(10**6)}" for number in range(5000)]
    for number in range(FILES):
        path = folder / f"d{number % 60}" / f"f{number}.c"
        path.parent.mkdir(exist_ok=True)
        lines = (f"static int {pick.choice(words)}(struct {pick.choice(words)} *p);\n" for _ in range(160))
        path.write_text("".join(lines))
        os.utime(path, ns=(1_600_000_000_123_456_789,) * 2)
    return folder


def start(root: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "leindex", "index", "--json", *arguments, str(root)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finished(root: Path, *arguments: str) -> dict[str, int]:
    process = start(root, *arguments)
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()
    result: dict[str, int] = json.loads(out)
    return result


def committed(index: Index) -> int:
    return sum(1 for _ in index.catalog.files()) if index.exists else 0


def wait_for_batch(root: Path, process: subprocess.Popen[bytes]) -> None:
    """Until something was committed."""
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        try:
            with leindex.open(root, refresh="never") as index:
                if committed(index):
                    return
        except StorageError:
            pass  # it is being made this moment
        time.sleep(0.01)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_ctrl_c_stops_within_a_second_and_the_next_run_goes_on(root: Path, workers: str) -> None:
    options = ("--batch-size", "200", "--workers", workers)
    process = start(root, *options)
    wait_for_batch(root, process)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors.decode()
    # A second, and what a busy machine adds to it.
    assert time.monotonic() - asked < 4.0
    assert b"Traceback" not in errors and b"stopped after" in errors
    with leindex.open(root, refresh="never") as index:
        landed = committed(index)
        assert 0 < landed < FILES
        result = finished(root, *options, "--text-only")
        assert (result["unchanged"], result["read"]) == (landed, FILES - landed)


def test_ctrl_c_in_the_second_stage(root: Path) -> None:
    finished(root, "--text-only")
    process = start(root, "--workers", "2")
    with leindex.open(root, refresh="never") as index:
        while index.catalog.pending() == FILES and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        asked = time.monotonic()
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 130, errors.decode()
        assert time.monotonic() - asked < 4.0
        assert b"Traceback" not in errors and b"the rest follows later" in errors
        assert 0 < index.catalog.pending() < FILES
        assert finished(root)["read"] == 0
        assert index.catalog.pending() == 0


@pytest.mark.parametrize("seed", range(3))
def test_kill_at_a_random_moment(root: Path, seed: int) -> None:
    pick = random.Random(seed)
    for _ in range(3):
        process = start(root, "--batch-size", "200", "--text-only")
        time.sleep(pick.uniform(0.2, 1.2))
        process.kill()
        process.communicate()
    with leindex.open(root, refresh="never") as index:
        landed = committed(index)
        result = finished(root)
        assert result["read"] <= FILES - landed + 0.05 * landed
        assert result["files"] == FILES
        assert index.check() == []
        assert index.store.count() == FILES and index.catalog.pending() == 0
        for row in list(index.catalog.files())[:: FILES // 50]:
            assert index.read(row.name) == (root / row.name).read_bytes()


def test_workers_end_with_a_killed_parent(root: Path) -> None:
    finished(root, "--text-only")
    process = start(root, "--workers", "2")
    with leindex.open(root, refresh="never") as index:
        while index.catalog.pending() == FILES and process.poll() is None:
            time.sleep(0.02)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list the children of a process")
    ids = children.read_text().split()
    process.kill()
    process.communicate()
    assert ids
    end = time.monotonic() + 10
    while any(Path(f"/proc/{child}/cmdline").exists() and _runs(child) for child in ids):
        assert time.monotonic() < end, "a worker has outlived its parent"
        time.sleep(0.05)


def _runs(process: str) -> bool:
    try:
        return "leindex" in Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return False


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_checkout_and_back(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
        run = subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True)
        return run.stdout

    git("init", "-q")
    for number in range(600):
        path = root / f"d{number % 10}" / f"f{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"def function_{number}():\n    return {number}\n" * 3)
    git("add", "-A")
    git("commit", "-qm", "one")
    git("tag", "v1")
    for number in range(0, 600, 5):
        (root / f"d{number % 10}" / f"f{number}.py").write_text(f"def changed_{number}(): ...\n")
    (root / "d1" / "f1.py").rename(root / "d1" / "renamed.py")
    (root / "new.py").write_text("def new(): ...\n")
    git("rm", "-q", "--cached", "d1/f1.py")
    git("add", "-A")
    git("commit", "-qm", "two")
    git("tag", "v2")
    with leindex.open(root, refresh="never") as index:
        _away_and_back(index, git, changed=120 + 2)
        # The same with so few files that git's index is not asked, and with so many that it is.
        git("checkout", "-q", "-b", "wide")
        for number in range(600):
            path = root / f"d{number % 10}" / f"f{number}.py"
            if path.exists():
                path.write_text(f"def wide_{number}(): ...\n")
        git("commit", "-qam", "wide")
        git("tag", "-d", "v2")
        git("tag", "v2")
        git("checkout", "-q", "v1")
        _away_and_back(index, git, changed=601)


def _away_and_back(index: Index, git: object, changed: int) -> None:
    assert callable(git)
    git("checkout", "-q", "v1")
    # git does not trust, and so refreshes later, what it wrote in the second in which it wrote its index.
    time.sleep(0.05)
    index.update()
    time.sleep(0.05)
    index.update()
    git("checkout", "-q", "v2")
    index.update()
    git("checkout", "-q", "v1")
    result = index.update(UpdateOptions())
    assert result.documents == 0, "what was indexed before is not written again"
    assert result.read <= changed
    assert result.added + result.changed + result.removed <= 2 * changed
    assert index.update().documents == 0
