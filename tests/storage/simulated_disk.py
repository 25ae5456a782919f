"""Disks that tests and benchmarks need and no machine offers on demand, as APSW VFSes over the real one.

    CountingDisk  counts syncs, and can make each take a given time
    FullDisk      has a limit to how far a file may grow
    PowerDisk     loses power: of what was not synced, each write is kept, lost, or torn at sectors, in any order

A VFS is named in `Database(..., vfs=disk.name)`. The file of shared memory (-shm) does not pass through here,
which is right: it means nothing after a reboot.
"""

from __future__ import annotations

import itertools
import random
import time
from pathlib import Path

import apsw

_names = itertools.count(1)


def wait(seconds: float) -> None:
    """Waits for exactly so long: sleeping alone takes up to a tenth of a millisecond more."""
    end = time.perf_counter() + seconds
    time.sleep(max(0.0, seconds - 0.0003))
    while time.perf_counter() < end:
        pass


class CountingDisk(apsw.VFS):
    """Counts syncs; each takes `wait` seconds and is left to the real disk as well unless `real` is false."""

    def __init__(self, *, wait: float = 0.0, real: bool = True) -> None:
        self.name = f"counting-{next(_names)}"
        self.wait, self.real, self.syncs = wait, real, 0
        super().__init__(self.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _CountingFile(self, name, flags)


class _CountingFile(apsw.VFSFile):
    def __init__(self, disk: CountingDisk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self.disk = disk

    def xSync(self, flags: int) -> None:
        self.disk.syncs += 1
        if self.disk.wait:
            wait(self.disk.wait)
        if self.disk.real:
            super().xSync(flags)


class FullDisk(apsw.VFS):
    """Refuses to let any file grow beyond `limit` bytes; None is no limit."""

    def __init__(self) -> None:
        self.name = f"full-{next(_names)}"
        self.limit: int | None = None
        super().__init__(self.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _FullFile(self, name, flags)


class _FullFile(apsw.VFSFile):
    def __init__(self, disk: FullDisk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self.disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:
        limit = self.disk.limit
        if limit is not None and offset + len(data) > max(limit, self.xFileSize()):
            raise apsw.FullError("simulated: no space left")
        super().xWrite(data, offset)


class _Stored:
    """What the medium surely holds of a file, and what was written since its last sync."""

    def __init__(self, content: bytes, linked: bool) -> None:
        self.durable = bytearray(content)
        self.pending: list[tuple[int, bytes | None]] = []  # (offset, data), or (size, None) for a truncation
        self.linked = linked  # whether its name is on the medium

    def sync(self) -> None:
        for offset, data in self.pending:
            _apply(self.durable, offset, data)
        self.pending.clear()


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        return
    if len(content) < offset + len(data):
        content.extend(bytes(offset + len(data) - len(content)))
    content[offset : offset + len(data)] = data


class PowerDisk(apsw.VFS):
    """Loses power at the operation `cut_at` (writes, truncations and syncs count), and fails ever after."""

    def __init__(self, cut_at: int | None = None, sector: int = 512) -> None:
        self.name = f"power-{next(_names)}"
        self.cut_at, self.operations, self.sector = cut_at, 0, sector
        self.files: dict[str, _Stored] = {}
        self.deleted: dict[str, _Stored] = {}  # may come back, since no sync of the folder made it final
        super().__init__(self.name, "")

    @property
    def dead(self) -> bool:
        return self.cut_at is not None and self.operations >= self.cut_at

    def operate(self) -> None:
        self.operations += 1
        if self.dead:
            raise apsw.IOError("simulated: no power")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is not None and path not in self.files:
            there = Path(path).exists()
            self.files[path] = _Stored(Path(path).read_bytes() if there else b"", there)
        return _PowerFile(self, path, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self.operate()
        super().xDelete(filename, syncdir)
        stored = self.files.pop(filename, None)
        if stored is not None and stored.linked:
            self.deleted[filename] = stored
        if syncdir:
            self.sync_folder()

    def sync_folder(self) -> None:
        self.deleted.clear()
        for stored in self.files.values():
            stored.linked = True

    def write_beside(self, path: str, data: bytes, *, sync: bool) -> None:
        """Notes that the program itself wrote the beginning of a file whose name is on the medium."""
        self.operate()
        self.files.setdefault(path, _Stored(b"", True)).pending.append((0, data))
        if sync:
            self.operate()
            self.files[path].sync()

    def after_power_cut(self, folder: Path, chance: random.Random) -> None:
        """Writes into `folder` what a reboot would find: one of the many possible outcomes."""
        for path, stored in (*self.deleted.items(), *self.files.items()):
            linked = stored.linked and path not in self.deleted
            if not linked and chance.random() < 0.5:
                continue
            content = bytearray(stored.durable)
            if chance.random() < 0.5:  # a disk writes what it was given in the order that suits it
                chance.shuffle(stored.pending)
            for offset, data in stored.pending:
                fate = chance.choice(("kept", "lost", "torn"))
                if fate == "kept" or (fate == "torn" and data is None):
                    _apply(content, offset, data)
                elif fate == "torn" and data is not None:
                    for start in range(0, len(data), self.sector):
                        if chance.random() < 0.5:
                            _apply(content, offset + start, data[start : start + self.sector])
            (folder / Path(path).name).write_bytes(content)


class _PowerFile(apsw.VFSFile):
    def __init__(
        self, disk: PowerDisk, path: str | None, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        super().__init__("", name, flags)
        self.disk, self.path = disk, path

    def _record(self, offset: int, data: bytes | None) -> None:
        self.disk.operate()
        if self.path is not None:
            self.disk.files[self.path].pending.append((offset, data))

    def xWrite(self, data: bytes, offset: int) -> None:
        self._record(offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._record(newsize, None)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self.disk.operate()
        if self.path is None:
            return
        self.disk.files[self.path].sync()
        if self.path.endswith("-wal"):  # SQLite's own VFS then syncs the folder as well
            self.disk.sync_folder()
