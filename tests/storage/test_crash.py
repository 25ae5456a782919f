"""SIGKILL at random moments: every acknowledged batch is whole, none is found in part, and it goes on from
there.

`LEINDEX_CRASH_ROUNDS` sets the number of rounds (200 if unset).
"""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leindex.storage import registry
from leindex.storage.sqlite_storage import SQLiteSearch
from tests.storage.workload import State, check_search, state_after, state_of

ROUNDS = int(os.environ.get("LEINDEX_CRASH_ROUNDS", "200"))
ROUNDS_PER_STORE = 12
ROOT = Path(__file__).resolve().parents[2]


class Victim:
    """The program that is killed; see crash_child.py."""

    def __init__(self, engine: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.storage.crash_child", engine],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )

    def kill_after(self, seconds: float, folder: Path, first: int) -> int:
        """Lets it work from operation `first` for so long; returns the last operation that was
        acknowledged."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{folder} {first}\n".encode())
        self.process.stdin.flush()
        done, pid, kill_at, killed, text = first - 1, 0, float("inf"), False, b""
        while True:
            wait = None if kill_at == float("inf") else max(0.0, kill_at - time.monotonic())
            if select.select([self.process.stdout], [], [], wait)[0]:
                data = os.read(self.process.stdout.fileno(), 65536)
                assert data, "the program ended on its own"
                *lines, text = (text + data).split(b"\n")
                for line in lines:
                    word, _, number = line.partition(b" ")
                    if word == b"pid":
                        pid, kill_at = int(number), time.monotonic() + seconds
                    elif word == b"done":
                        done = int(number)
                    else:
                        assert killed, "the store failed before it was killed; its error is on stderr"
                        return done
            elif not killed:
                os.kill(pid, signal.SIGKILL)
                killed, kill_at = True, float("inf")

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def survive(engine: str, tmp_path: Path, rounds: int, longest: float) -> None:
    """Kills a process again and again; `longest` is the longest that one lives, in seconds."""
    victim = Victim(engine)
    chance = random.Random(7)
    acknowledged = 0
    try:
        for number in range(rounds):
            if number % ROUNDS_PER_STORE == 0:
                folder, finished = tmp_path / f"store{number}", 0
                state: State = {}
            # Many short lives, so that opening and recovering are hit as well.
            seconds = chance.choice((0.002, 0.02, 1.0)) * longest * chance.random()
            done = victim.kill_after(seconds, folder, finished + 1)
            acknowledged += done - finished
            if not folder.exists():
                assert done == 0
                continue
            finished, state = recovered(engine, folder, number, finished, done, state)
    finally:
        victim.close()
    assert acknowledged > rounds // 4, "too little was acknowledged for the test to mean anything"


def recovered(engine: str, folder: Path, number: int, before: int, done: int, state: State) -> tuple[int, State]:
    """Opens what a killed process left; returns which operation it had finished, and the state."""
    state = state_after(done, state, before)
    with registry.open_engine(engine, folder) as store:
        assert store.check() == [], f"round {number}"
        found = state_of(store)
        if found != state:
            state, done = state_after(done + 1, state, done), done + 1
            assert found == state, f"round {number}: neither after operation {done - 1} nor {done}"
        if number % 4 == 0:
            check_search(store, state)
    return done, state


def test_sqlite_survives_kill(tmp_path: Path) -> None:
    survive("sqlite", tmp_path, ROUNDS, 0.2)


@pytest.mark.parametrize("point", range(4))
def test_a_failing_batch_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: int) -> None:
    """An exception anywhere in a transaction rolls back all of it; the store goes on."""
    names = ("_remove", "reserve_numbers", "seal_grams", "merge_small")

    def fail(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    with SQLiteSearch(tmp_path / "index.db") as store:
        store.batch_write([("a", {"content": "old text"})])
        before = state_of(store)
        batch = [("a", {"content": "new"}), *((f"d{i}", {"content": "x" * 3000}) for i in range(1100))]
        with monkeypatch.context() as patch:
            target = SQLiteSearch if point == 0 else "leindex.storage.sqlite_storage"
            if isinstance(target, str):
                patch.setattr(f"{target}.{names[point]}", fail)
            else:
                patch.setattr(target, names[point], fail)
            with pytest.raises(KeyboardInterrupt):
                store.batch_write(batch, batch_size=5000)
        assert state_of(store) == before
        assert store.batch_write(batch, batch_size=5000)["success"]
        assert store.count() == 1101 and store.check() == []


@pytest.mark.parametrize("engine", ["tantivy", "duckdb"])
def test_other_engines_survive_kill(tmp_path: Path, engine: str) -> None:
    """Fewer rounds with longer lives: opening and committing take these engines longer."""
    pytest.importorskip(engine)
    survive(engine, tmp_path, max(16, ROUNDS // 10), 1.0)
