"""What is ours in the folder of an index: by name, so that nothing of the user's is ever deleted with it.

A folder can be given by hand (`--index DIR`), so it may hold anything. Engines and commands name what they make
there as listed here.
"""

from __future__ import annotations

import errno
import os
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from .locks import UPDATE_LOCK, WATCH_LOCK

_FILES: Final = (
    *("index.db", "index.db-wal", "index.db-shm", "index.db-journal", "index.db-mark"),
    *("index.db.new*", WATCH_LOCK, UPDATE_LOCK),
    *("index.duckdb", "index.duckdb.wal", "index.duckdb.new-*", "index.duckdb.tmp*"),
    *("sql-*.duckdb", "sql-*.duckdb.wal", "sql-*.tmp*"),
)
_FOLDERS: Final = {"tantivy": "meta.json", "index.duckdb.tmp": ""}
"""Folders that an engine makes, with a file that tells them from others of the same name."""


def _ours(entry: os.DirEntry[str]) -> bool:
    if entry.is_dir(follow_symlinks=False):
        mark = _FOLDERS.get(entry.name)
        return mark is not None and os.path.exists(os.path.join(entry.path, mark))
    return any(fnmatchcase(entry.name, pattern) for pattern in _FILES)


def remove_folder(folder: str | os.PathLike[str]) -> None:
    """Deletes a folder with all that is in it. Raises OSError.

    Threads of Tantivy's writer may end after it was closed, and make a last file while the others are deleted.
    """
    import shutil

    for pause in (0.01, 0.05, 0.2, 1.0):
        try:
            shutil.rmtree(folder)
            return
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
            time.sleep(pause)
    shutil.rmtree(folder)


def foreign_names(folder: Path) -> list[str]:
    """The names in a folder that no index made; none where there is no folder. Raises OSError."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if not _ours(entry))
    except FileNotFoundError:
        return []


def remove_own(folder: Path) -> bool:
    """Deletes an index, the lock last, and its folder if nothing else is in it; says whether the folder is gone.

    Called by the holder of the lock. Raises OSError.
    """
    with os.scandir(folder) as entries:
        ours = [entry for entry in entries if _ours(entry)]
    for entry in sorted(ours, key=lambda entry: entry.name == UPDATE_LOCK):
        if entry.is_dir(follow_symlinks=False):
            remove_folder(entry.path)
        else:
            os.unlink(entry.path)
    with os.scandir(folder) as entries:
        if next(entries, None) is not None:
            return False
    # Where the user put a link in place of the folder, the link goes on to an empty folder.
    if not folder.is_symlink():
        folder.rmdir()
    return True
