"""From a found file to its content, or to the reason why it has none for the index.

    with Reader(root, max_size=4 << 20) as reader:
        for path, outcome in zip(paths, reader.read(paths)):
            if isinstance(outcome, Content):
                store(blob_id(outcome.data), outcome.data)

Files are opened below the root without following links (see native/files/below.c). A file whose status changed
while it was being read is read once more, and given up if it changed again: what is stored is always one
state of a file.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Sequence
from enum import StrEnum
from types import TracebackType
from typing import Final, NamedTuple, TypeAlias

from .. import _native
from ..errors import ConfigError, LeindexError
from ..text import UTF16_BOMS, searchable

__all__ = ["Content", "Outcome", "Reader", "Skip", "blob_id", "is_binary"]

_FIRST_BUFFER: Final = 1 << 16
_GONE: Final = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO))
_OUR_TROUBLE: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EBADF))


class Skip(StrEnum):
    """Why a file is not indexed."""

    BINARY = "binary"
    TOO_LARGE = "too large"
    UNREADABLE = "unreadable"
    VANISHED = "vanished"
    """Gone, or no longer a regular file, since it was listed."""
    CHANGED = "changed"
    """It changed while it was being read, twice."""


class Content(NamedTuple):
    """A whole file as it was at one moment, with the status (bytes, nanoseconds) of that moment."""

    data: bytes
    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int


Outcome: TypeAlias = Content | Skip


class Reader:
    """Reads files of one tree. `max_size` is in bytes; a larger file is `Skip.TOO_LARGE` and not read."""

    def __init__(self, root: bytes | str, max_size: int) -> None:
        try:
            self._root_fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise ConfigError(f"{os.fsdecode(root)!r} cannot be read: {reason}") from None
        self._max_size = max_size

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the root; closing twice does no harm."""
        if self._root_fd >= 0:
            os.close(self._root_fd)
            self._root_fd = -1

    def read(self, paths: Sequence[bytes]) -> list[Outcome]:
        """The outcome for each path (relative to the root), in order; all contents are in memory at once.

        Raises `LeindexError` if the process itself is out of descriptors or memory.
        """
        raw = _native.read_files(self._root_fd, tuple(paths), self._max_size)
        return [
            self._again(path) if result == _native.CHANGED else _outcome(result)
            for path, result in zip(paths, raw, strict=True)
        ]

    def _again(self, path: bytes) -> Outcome:
        return _outcome(_native.read_files(self._root_fd, (path,), self._max_size)[0])


def _outcome(result: tuple[bytes, int, int, int, int] | int) -> Outcome:
    if not isinstance(result, int):
        return Skip.BINARY if is_binary(result[0]) else Content._make(result)
    if result == _native.TOO_LARGE:
        return Skip.TOO_LARGE
    if result == _native.CHANGED:
        return Skip.CHANGED
    if result == _native.NOT_A_FILE or -result in _GONE:
        return Skip.VANISHED
    if -result in _OUR_TROUBLE:
        raise LeindexError(f"files cannot be read: {os.strerror(-result)}")
    return Skip.UNREADABLE


def is_binary(content: bytes) -> bool:
    """ripgrep's rule: a NUL byte in the first buffer of searchable text.

    That buffer is 64 KiB, and where it holds no line end it grows to three times its size until it does. UTF-16 with
    a byte order mark is decoded 8 KiB at a time. A file with a line end in its first three bytes, which ripgrep reads
    by themselves to look for such a mark, is text. What a NUL further on means for a search is decided there.
    """
    if b"\0" not in content:
        return False
    if content.startswith(UTF16_BOMS):
        return b"\0" in searchable(content[:8192])
    if b"\n" in content[:3]:
        return b"\0" in content[:3]
    start, end = 0, _FIRST_BUFFER
    while start < len(content):
        if content.find(b"\0", start, end) >= 0:
            return True
        if content.find(b"\n", start, end) >= 0:
            return False
        start, end = end, end * 3
    return False


def blob_id(content: bytes) -> str:
    """git's name for this content: SHA-1, in hexadecimal, over a header with its length and the content."""
    digest = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()
