"""What changed between the catalogue and the tree, for one stat a file.

A file counts as unchanged when size, modification time, inode and the time of the last status change (ctime) are
those of its row, as for git. The ctime is what tells of an edit that keeps the size and puts the modification time
back, which no program can do to it. It also changes with a new hard link, another mode or another name; such a file is
read, found to have the content that it had, and only its row is written.

The clock cannot be trusted for a file that was modified so shortly before it was read that a later change could carry
the same time; such a row is stored with `UNTRUSTED` as its ctime, and so is read again at the next update (git calls
such entries racily clean).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..records import field, record
from ..storage.catalog import Known, key_of
from .walk.discover import Found

UNTRUSTED: Final = -1
COARSE_NS: Final = 2_000_000_000
FINE_NS: Final = 20_000_000
"""Granularity of time stamps: whole seconds on some file systems (two on FAT), else at most a kernel tick or two."""


@record(slots=True)
class Changes:
    """What an update has to do; `to_read` is in path order."""

    to_read: list[Found] = field(default_factory=list)
    removed: list[bytes] = field(default_factory=list)
    unchanged: int = 0
    added: int = 0

    def __bool__(self) -> bool:
        return bool(self.to_read or self.removed)

    @property
    def changed(self) -> int:
        return len(self.to_read) - self.added


def compare(found: Iterable[Found], known: Iterable[Known], doubtful: range = range(0)) -> Changes:
    """Compares the walk with the catalogue's rows, both in path order, so that neither is in memory as a whole.

    Files whose size is in `doubtful` are to be read though they have not changed: the limit on sizes has.
    """
    changes = Changes()
    rows = iter(known)
    row = next(rows, None)
    for seen in found:
        path = seen[0]
        if row is not None and row[0] != path:
            place = key_of(path)
            while row is not None and key_of(row[0]) < place:
                changes.removed.append(row[0])
                row = next(rows, None)
        if row is None or row[0] != path:
            changes.added += 1
            changes.to_read.append(seen)
            continue
        if row == seen and seen[1] not in doubtful:
            changes.unchanged += 1
        else:
            changes.to_read.append(seen)
        row = next(rows, None)
    if row is not None:
        changes.removed.append(row[0])
        changes.removed += [row[0] for row in rows]
    return changes


def trusted_ctime(mtime_ns: int, ctime_ns: int, walked_ns: int) -> int:
    """The ctime to store for a file found by a walk that began at `walked_ns` (Unix time), or UNTRUSTED."""
    return ctime_ns if all(_is_past(time_ns, walked_ns) for time_ns in (mtime_ns, ctime_ns)) else UNTRUSTED


def _is_past(time_ns: int, walked_ns: int) -> bool:
    return time_ns < walked_ns - (FINE_NS if time_ns % 1_000_000_000 else COARSE_NS)
