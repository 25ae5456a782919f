"""A power cut at any moment: nothing acknowledged is lost at FULL, and no batch is ever found in part.

The disk is that of `tests.storage.simulated_disk`: of what was not synced each write is kept, lost or torn at sectors,
in its order or in another.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator
from pathlib import Path

import apsw

from leindex.errors import StorageError
from leindex.storage.database import Database, Durability
from leindex.storage.integrity import log
from leindex.storage.integrity.log_mark import LogMark, Mark
from leindex.storage.sqlite import segments as sqlite_segments
from leindex.storage.sqlite_storage import SQLiteSearch
from tests.faults.oracle import Wrong
from tests.storage.simulated_disk import PowerDisk
from tests.storage.workload import check_search, perform, state_after, state_of

OPERATIONS = 40
OPENED_FOR = 10
"""After so many operations the database is closed and opened again."""
SECTORS = (512, 4096)


SMALL = ((sqlite_segments, "TAIL_DOCUMENTS", 40), (sqlite_segments, "FANOUT", 3), (log, "WAL_PAGES", 12))


@contextlib.contextmanager
def small_sizes() -> Iterator[None]:
    """Sealing, merging and writing back happen all the time, so that the power also goes in the middle of these."""
    before = [getattr(module, name) for module, name, _ in SMALL]
    try:
        for module, name, value in SMALL:
            setattr(module, name, value)
        yield
    finally:
        for (module, name, _), value in zip(SMALL, before, strict=True):
            setattr(module, name, value)


@contextlib.contextmanager
def _marks_on(disk: PowerDisk) -> Iterator[None]:
    """The mark beside a database, which the program writes itself, lies on the same disk."""
    write, fsync, synced = LogMark._write, os.fsync, list[int]()

    def noted(self: LogMark, mark: Mark, *, sync: bool = False) -> None:
        if disk.dead:
            raise StorageError("simulated: no power")
        synced.clear()
        write(self, mark, sync=sync)
        disk.write_beside(str(self.path), self.path.read_bytes(), sync=self._fd in synced)

    def counted(fd: int) -> None:
        synced.append(fd)
        fsync(fd)

    LogMark._write, os.fsync = noted, counted  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        LogMark._write, os.fsync = write, fsync  # type: ignore[method-assign]


def _run_until_the_cut(folder: Path, disk: PowerDisk, durability: Durability) -> int:
    """Works until the power goes; returns how many operations were acknowledged."""
    acknowledged = 0
    with contextlib.suppress(StorageError, apsw.IOError), _marks_on(disk):
        for first in range(1, OPERATIONS + 1, OPENED_FOR):
            opened = Database(folder / "index.db", vfs=disk.name, durability=durability)
            try:
                with contextlib.closing(SQLiteSearch(opened.path, database=opened)) as store:
                    for k in range(first, first + OPENED_FOR):
                        perform(store, k)
                        acknowledged = k
            finally:
                with contextlib.suppress(StorageError, apsw.IOError):
                    opened.close()
    return acknowledged


def operations_of(folder: Path, durability: Durability) -> int:
    """How many writes, truncations and syncs the whole work takes."""
    whole = PowerDisk()
    if _run_until_the_cut(folder, whole, durability) != OPERATIONS:
        raise Wrong("the work fails without a power cut")
    return whole.operations


def cut(folder: Path, durability: Durability, sector: int, moment: int, chance: random.Random) -> int:
    """Cuts the power at the `moment`-th operation of the disk and opens what a reboot finds; returns how many
    acknowledged operations were lost. Raises Wrong where that is more than was promised."""
    disk = PowerDisk(moment, sector)
    before, after = folder / "before", folder / "after"
    acknowledged = _run_until_the_cut(before, disk, durability)
    after.mkdir()
    disk.after_power_cut(after, chance)
    said = f"{durability}, sectors of {sector}, cut at {moment}"
    try:
        with SQLiteSearch(after / "index.db") as store:
            if problems := store.check():
                raise Wrong(f"{said}: {problems}")
            state = state_of(store)
            oldest = acknowledged if durability == "full" else 0
            possible = [k for k in range(oldest, acknowledged + 2) if state == state_after(k)]
            if not possible:
                raise Wrong(f"{said}: not the state after {oldest} to {acknowledged + 1} operations")
            check_search(store, state)
            perform(store, possible[-1] + 1)
            if state_of(store) != state_after(possible[-1] + 1):
                raise Wrong(f"{said}: it does not go on from operation {possible[-1]}")
    except StorageError as error:
        raise Wrong(f"{said}: {error}") from error
    return max(0, acknowledged - possible[-1])
