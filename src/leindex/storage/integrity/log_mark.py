"""What the log beside a database must hold, so that a lost or foreign one is noticed.

SQLite keeps committed transactions in a log, `index.db-wal`, until they are copied into the database. After a crash
it believes whatever log it finds: it ends the log at the first frame that is damaged, takes a missing one for an
empty one, and takes that of another database for its own. An answer would then come from an older state, or from a
mixture, with no word about it. A few bytes beside the database, `index.db-mark`, tell what was acknowledged:

    CLOSED    everything is in the database; a log must be empty, missing, or the one with these salts, since a power
              cut may bring back what was emptied or deleted last
    OPENING   a transaction is about to be committed to a log that is not known yet
    OPEN      the log has these salts (SQLite's name of a log) and at least so many frames
    CLOSING   the log is being copied for good; it may be gone

`OPENING` and `CLOSING` are synced before what they announce, and so is that an `OPEN` log was copied and may begin
again; the others need not be: an older `OPEN` promises less. One that is missing or damaged itself promises nothing, as
with a database that was copied alone.
"""

from __future__ import annotations

import os
import struct
import zlib
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple

from ..folder.private_folder import make_file, not_created

SUFFIX: Final = "-mark"
_FORM: Final = struct.Struct("<4sIIII")
_CHECK: Final = struct.Struct("<I")
_MAGIC: Final = b"lxm1"
_SALTS_AT: Final = 16
"""Where a log has its salts: two numbers of four bytes, most significant byte first (sqlite.org/fileformat2.html)."""

RESTARTS: Final = 1000
"""A log that begins again has its first salt raised by one; a power cut may take so many notes of that with it."""


class State(IntEnum):
    """What is known of the log."""

    CLOSED = 1
    OPENING = 2
    OPEN = 3
    CLOSING = 4


class Mark(NamedTuple):
    """A state; the salts of the log that it speaks of, and how many frames of that were acknowledged."""

    state: State
    salts: tuple[int, int] = (0, 0)
    frames: int = 0


class LogMark:
    """The mark of one database. Only who commits writes it, while SQLite's lock for writing is held."""

    def __init__(self, database: Path, *, durable: bool = True) -> None:
        """`durable`: whether a power cut may take nothing that was committed; if it may, no frames are promised."""
        self.path = database.with_name(database.name + SUFFIX)
        self._log = database.with_name(database.name + "-wal")
        self._durable = durable
        self._fd = -1
        self._log_fd = -1

    def read(self) -> Mark | None:
        """The mark; None where there is none that is whole."""
        try:
            data = os.pread(self._fd, 64, 0) if self._fd >= 0 else self.path.read_bytes()
        except OSError:
            return None
        if len(data) != _FORM.size + _CHECK.size or _CHECK.unpack_from(data, _FORM.size)[0] != zlib.crc32(
            data[: _FORM.size]
        ):
            return None
        magic, state, first, second, frames = _FORM.unpack_from(data)
        if magic != _MAGIC or state not in set(State):
            return None
        return Mark(State(state), (first, second), frames)

    def _write(self, mark: Mark, *, sync: bool = False) -> None:
        """Raises StoreFullError and StoreReadOnlyError."""
        data = _FORM.pack(_MAGIC, mark.state, *mark.salts, mark.frames)
        try:
            if self._fd < 0:
                make_file(self.path)
                self._fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            os.pwrite(self._fd, data + _CHECK.pack(zlib.crc32(data)), 0)
            if sync:
                os.fsync(self._fd)
        except OSError as error:
            raise not_created(self.path, error) from error

    def begin(self) -> bool:
        """Called before a commit, as SQLite's hook: false lets it go on."""
        mark = self.read()
        if mark is None or mark.state not in (State.OPEN, State.OPENING):
            self._write(Mark(State.OPENING), sync=True)
        return False

    def committed(self, frames: int) -> None:
        """Called after a commit: the log has so many frames now."""
        if self._durable and (salts := self._salts()) is not None:
            self._write(Mark(State.OPEN, salts, frames))

    def _salts(self) -> tuple[int, int] | None:
        try:
            if self._log_fd < 0:
                self._log_fd = os.open(self._log, os.O_RDONLY | os.O_CLOEXEC)
            data = os.pread(self._log_fd, 8, _SALTS_AT)
        except OSError:
            return None
        return (int.from_bytes(data[:4], "big"), int.from_bytes(data[4:], "big")) if len(data) == 8 else None

    def copied(self) -> None:
        """Called when all of the log is in the database: it may begin again, and a crash may cut that short."""
        mark = self.read()
        if mark is not None and mark.state is State.OPEN:
            self._write(mark._replace(frames=0), sync=True)

    def closing(self) -> None:
        """Called before the log is copied for good."""
        mark, salts = self.read(), self._salts() or (0, 0)
        frames = mark.frames if mark is not None and mark.state is State.OPEN and mark.salts == salts else 0
        self._write(Mark(State.CLOSING, salts, frames), sync=True)

    def closed(self) -> None:
        """Called once it is, while nobody can commit: unless somebody has since."""
        mark = self.read()
        if mark is not None and mark.state is State.CLOSING:
            self._write(mark._replace(state=State.CLOSED))

    def lost(self, frames: int) -> str:
        """What is wrong with the log, of which SQLite uses so many frames; "" if nothing is.

        Called when SQLite has read the log, by a connection that is still open, so that the log stays.
        """
        mark = self.read()
        if mark is None or mark.state in (State.OPENING, State.CLOSING):
            return ""
        salts = self._salts()
        if mark.state is State.CLOSED:
            if not frames or (salts == mark.salts and frames >= mark.frames):
                return ""
            # One who begins now marks that first, and may have, between the two looks.
            return "its log is of another index or older than it" if self.read() == mark else ""
        if salts is None:
            return "" if self.read() != mark else "its log is missing"
        if salts == mark.salts:
            return "its log ends before what was acknowledged" if frames < mark.frames else ""
        if 0 < (salts[0] - mark.salts[0]) % 2**32 <= RESTARTS or self.read() != mark:
            return ""
        return "its log is missing, damaged or of another index"

    def forget(self) -> None:
        """Promises nothing any more."""
        self.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Gives back what is open."""
        for fd in (self._fd, self._log_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = self._log_fd = -1
