"""Folders and files that only their owner can read, made so that a power cut cannot take their names away."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from ...errors import StorageError, StoreFullError, StoreReadOnlyError


def exists(path: Path) -> bool:
    """Whether there is something at this path. Raises StorageError where that may not be looked at."""
    try:
        return path.exists()
    except OSError as error:
        raise StorageError(f"{path}: cannot be opened: {error.strerror}") from error


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it that are missing, private to the user, and syncs their names.

    Raises StoreReadOnlyError where that is not permitted, StoreFullError without space.
    """
    folder = folder.absolute()
    try:
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        for parent in reversed(missing):
            parent.mkdir(mode=0o700, exist_ok=True)
            sync_folder(parent.parent)
    except OSError as error:
        raise not_created(folder, error) from error


def make_file(path: Path) -> None:
    """Makes an empty file, if it is missing, in a folder that is made as well."""
    if exists(path):
        return
    make_folder(path.parent)
    try:
        # Private from the first moment: libraries would create it with the umask's permissions.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        sync_folder(path.parent)
    except OSError as error:
        raise not_created(path, error) from error


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable: a file's own sync does not promise that."""
    sync_file(folder)


def sync_file(path: Path) -> None:
    """Makes what was written to a file durable. Not for a database that is open: closing it here would end the locks
    that this process has on it."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def not_created(path: Path, error: OSError) -> StorageError:
    """What to raise for an operating system error met while making something."""
    kind = StoreFullError if error.errno in (errno.ENOSPC, errno.EDQUOT) else StoreReadOnlyError
    return kind(f"{path}: cannot be created: {error.strerror}")
