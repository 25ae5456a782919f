"""Types of the C extension; the comments in native/*.c say how each works."""

from typing import Final, final

# --- files.c ---

NOT_A_FILE: Final = 1
TOO_LARGE: Final = 2
CHANGED: Final = 3

@final
class Found(tuple[bytes, int, int, int, int]):
    """One file: path relative to the root with '/', bytes, mtime in ns, inode, mode.

    `ctime_ns` is an attribute only, so that the tuple has five items.
    """

    @property
    def path(self) -> bytes: ...
    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...
    @property
    def inode(self) -> int: ...
    @property
    def mode(self) -> int: ...
    @property
    def ctime_ns(self) -> int: ...

def scan_folder(root_fd: int, folder: bytes, /) -> tuple[bytes, list[bytes], list[Found]]:
    """The kinds (f, d, l, o), names and status of a folder's entries, by name; raises `OSError`."""

def read_files(
    root_fd: int, paths: tuple[bytes, ...], limit: int, /
) -> list[tuple[bytes, int, int, int] | int]:
    """For each file (content, size, mtime_ns, inode), or -errno, or one of the constants above."""
