"""Stopping: some commands at some moments, and the moments in which Ctrl-C was once lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import leindex
from leindex.errors import CancelledError, StoreBusyError
from leindex.storage.folder.locks import updating
from tests.faults.stopping import COMMANDS, INITIALIZE, own_environment, pace, stop
from tests.faults.trees import make_state

SEED = int(os.environ.get("LEINDEX_FAULT_SEED", "5"))
PAIRS = [(name, event) for name, command in COMMANDS.items() for event in command.events]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_state(tmp_path / "tree", "a")
    return tmp_path / "tree"


@pytest.mark.parametrize(("name", "event"), PAIRS)
def test_a_command_stops_at_any_moment(root: Path, tmp_path: Path, name: str, event: str) -> None:
    for package in ("mcp", "uvicorn", "watchfiles", "tantivy"):
        pytest.importorskip(package)
    stop(name, event, root, own_environment(tmp_path), random.Random(f"{SEED}{name}{event}"))


def test_ctrl_c_ends_a_server_whose_client_says_nothing(root: Path, tmp_path: Path) -> None:
    """It does not wait for the next line."""
    pytest.importorskip("mcp")
    environment = own_environment(tmp_path)
    slow = pace(environment)
    process = subprocess.Popen(
        [sys.executable, "-m", "leindex", "mcp", str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdin.write(INITIALIZE)
        process.stdin.flush()
        assert b'"id":1' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=2 + 2 * slow) == 130
        assert process.stderr.read() == b""
    finally:
        process.kill()
        process.communicate()


@pytest.mark.usefixtures("own_home")
def test_an_update_that_waits_for_another_can_be_stopped(root: Path) -> None:
    with leindex.open(root) as index:
        index.update()
        with updating(index.location.folder, 0):
            begun = time.monotonic()
            with pytest.raises(CancelledError, match="stopped while another process"):
                index.update(cancelled=lambda: time.monotonic() > begun + 0.05)
            with pytest.raises(StoreBusyError):
                index.update(wait_seconds=0.05)


@pytest.mark.usefixtures("own_home")
def test_a_watcher_stops_in_the_middle_of_an_update(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops at the next batch, and not when all of the tree is compared and written."""
    pytest.importorskip("watchfiles")
    from leindex.indexing import pipeline
    from leindex.storage.sqlite_storage import SQLiteSearch

    monkeypatch.setattr(pipeline, "SMALL_FILES", 0)
    monkeypatch.setattr(pipeline, "CHUNK_FILES", 3)
    stop_it, real, batches = threading.Event(), SQLiteSearch.batch_write, []

    def batch_write(self: SQLiteSearch, *arguments: object, **options: object) -> object:
        batches.append(1)
        stop_it.set()
        return real(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(SQLiteSearch, "batch_write", batch_write)
    with leindex.open(root) as index:
        index.watch(stop=stop_it)
    assert len(batches) == 1
