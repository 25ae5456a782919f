"""The order of the files in the output: `--sort` and `--sortr`."""

from __future__ import annotations

import os
import sys
from typing import Any, Final

from ..errors import ConfigError
from ..records import record
from ..storage.catalog import key_of


@record(frozen=True, slots=True)
class Order:
    """By `path`, `modified`, `accessed` or `created`, and whether the other way round.

    Files whose time cannot be told come last (first, the other way round); those of the same time stay in the order of
    their paths, whichever way.
    """

    by: str = "path"
    reverse: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it is the order that a search takes anyway."""
        return self.by == "path" and not self.reverse

    def key(self, path: bytes, shown: bytes) -> Any:
        """What a file is sorted by: where it is on disk and how it is shown. Raises ConfigError where the system does
        not tell when files were created."""
        if self.by == "path":
            return key_of(shown)
        try:
            time = _TIMES[self.by](path)
        except OSError:
            return (1, 0)
        return (0, time)


def _modified(path: bytes) -> int:
    return os.stat(path).st_mtime_ns


def _accessed(path: bytes) -> int:
    return os.stat(path).st_atime_ns


def _created(path: bytes) -> int:
    if sys.platform == "linux":
        return _birth(path)
    found = os.stat(path)
    born = getattr(found, "st_birthtime_ns", None) or getattr(found, "st_birthtime", None)
    if born is None:
        raise ConfigError("sorting by creation time isn't supported on this system")
    return int(born)


_TIMES: Final = {"modified": _modified, "accessed": _accessed, "created": _created}

_AT_FDCWD: Final = -100
_STATX_BTIME: Final = 0x800
_STATX_SIZE: Final = 256
_BTIME_AT: Final = 80
"""Where `struct statx` has the time of birth: seconds in 64 bits and nanoseconds in 32 (statx(2))."""


def _birth(path: bytes) -> int:
    """When a file was created, in nanoseconds; the call that tells is not in Python's `os`. Raises OSError where the
    file system does not say."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "statx"):
        raise ConfigError("sorting by creation time isn't supported on this system")
    buffer = ctypes.create_string_buffer(_STATX_SIZE)
    if libc.statx(_AT_FDCWD, path, 0, _STATX_BTIME, buffer):
        raise OSError(ctypes.get_errno(), "statx")
    raw = buffer.raw
    if not int.from_bytes(raw[:4], sys.byteorder) & _STATX_BTIME:
        raise OSError("no time of birth")
    seconds = int.from_bytes(raw[_BTIME_AT : _BTIME_AT + 8], sys.byteorder, signed=True)
    return seconds * 1_000_000_000 + int.from_bytes(raw[_BTIME_AT + 8 : _BTIME_AT + 12], sys.byteorder)
