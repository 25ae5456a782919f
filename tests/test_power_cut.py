"""A power cut at any moment: nothing acknowledged is lost at FULL, and no batch is ever found in part."""

from __future__ import annotations

import contextlib
import os
import random
from pathlib import Path

import pytest
from simulated_disk import PowerDisk
from workload import check_search, perform, state_after, state_of

from leindex.errors import StorageError
from leindex.storage import sqlite_segments
from leindex.storage.database import Database, Durability
from leindex.storage.sqlite_storage import SQLiteSearch

ROUNDS = int(os.environ.get("LEINDEX_CRASH_ROUNDS", "40"))


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealing and merging happen all the time, so that the power also goes in the middle of these."""
    monkeypatch.setattr(sqlite_segments, "TAIL_DOCUMENTS", 40)
    monkeypatch.setattr(sqlite_segments, "FANOUT", 3)


def run_until_the_cut(folder: Path, disk: PowerDisk, durability: Durability, operations: int) -> int:
    """Works until the power goes; returns how many operations were acknowledged."""
    acknowledged = 0
    with contextlib.suppress(StorageError):
        database = Database(folder / "index.db", vfs=disk.name, durability=durability)
        try:
            with contextlib.closing(SQLiteSearch(database.path, database=database)) as store:
                database.writer.pragma("wal_autocheckpoint", 12)
                for k in range(1, operations + 1):
                    perform(store, k)
                    acknowledged = k
        finally:
            with contextlib.suppress(StorageError):
                database.close()
    return acknowledged


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_power_cut(tmp_path: Path, durability: Durability) -> None:
    whole = PowerDisk()
    assert run_until_the_cut(tmp_path / "whole", whole, durability, 40) == 40
    lost = 0
    for number in range(ROUNDS):
        chance = random.Random(number)
        disk = PowerDisk(chance.randrange(1, whole.operations))
        before, after = tmp_path / f"before{number}", tmp_path / f"after{number}"
        acknowledged = run_until_the_cut(before, disk, durability, 40)
        assert disk.dead
        after.mkdir()
        disk.after_power_cut(after, chance)
        with SQLiteSearch(after / "index.db") as store:
            assert store.check() == []
            state = state_of(store)
            oldest = acknowledged if durability == "full" else 0
            possible = [k for k in range(oldest, acknowledged + 2) if state == state_after(k)]
            assert possible, f"round {number}: not the state after {oldest} to {acknowledged + 1} operations"
            lost += possible[-1] < acknowledged
            check_search(store, state)
            perform(store, possible[-1] + 1)
            assert state_of(store) == state_after(possible[-1] + 1)
    if durability == "normal":
        assert lost, "the simulation must be able to lose what was not synced, or it proves nothing"


def test_new_folders_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder whose name was not synced may be gone after a power cut with everything in it."""
    synced: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    SQLiteSearch(tmp_path / "a" / "b" / "index.db").close()
    assert set(synced) == {str(tmp_path / "a" / "b"), str(tmp_path / "a"), str(tmp_path)}
