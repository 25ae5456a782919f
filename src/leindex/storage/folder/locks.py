"""Advisory locks in the folder of an index: who is updating it, and whether somebody keeps it current.

The database guards its own consistency. These locks are for what spans several transactions: two updates at a time
would do everything twice, and one could collect a content that the other is about to name. They are `flock`s, which
end with their process however that ends; where the file system has none, everybody gets every lock.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ...errors import CancelledError, StoreBusyError, StoreReadOnlyError

UPDATE_LOCK: Final = "update.lock"
WATCH_LOCK: Final = "watch.lock"
POLL_SECONDS: Final = 0.01

_NOT_AVAILABLE: Final = frozenset((errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL))


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreReadOnlyError(f"{path}: cannot be made: {error.strerror}") from error


def _taken(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NOT_AVAILABLE:
            raise
    return True


@contextmanager
def updating(folder: Path, wait_seconds: float, cancelled: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Held by the one process that updates the index in this folder.

    Raises StoreBusyError when another still does after `wait_seconds`, StoreReadOnlyError where the folder cannot
    be written, CancelledError when `cancelled` says so meanwhile.
    """
    fd = _opened(folder / UPDATE_LOCK)
    try:
        deadline = time.monotonic() + wait_seconds
        while not _taken(fd, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                raise StoreBusyError(f"{folder}: another process is updating this index; try again later")
            if cancelled():
                raise CancelledError("stopped while another process was updating this index; nothing was written")
            time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(fd)


class WatchMark:
    """Says to other processes that this one keeps the index current; several may say so at a time."""

    def __init__(self, folder: Path) -> None:
        self._fd = _opened(folder / WATCH_LOCK)
        self._set = False

    def set(self, current: bool) -> None:
        """Whether the index is current from now on, but for what is being indexed this moment."""
        if current != self._set:
            # A reader that looks holds it for an instant.
            fcntl.flock(self._fd, fcntl.LOCK_SH if current else fcntl.LOCK_UN)
            self._set = current

    def close(self) -> None:
        os.close(self._fd)


def is_watched(folder: Path) -> bool:
    """Whether some process keeps this index current."""
    try:
        fd = os.open(folder / WATCH_LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _taken(fd, fcntl.LOCK_EX)
    finally:
        os.close(fd)
