"""All indexes of this user: which there are, and the one that belongs to a tree that was moved."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .config import DATABASE_NAME, Location, folder_for, home
from .errors import StorageError, StoreBusyError
from .storage.catalog import Catalog
from .storage.database import Database
from .storage.locks import updating


def known_indexes(
    on_problem: Callable[[Path, StorageError], None] = lambda folder, error: None,
) -> list[Location]:
    """Every index in the home of indexes, by root. `on_problem` is told of folders whose index cannot be read."""
    found: list[Location] = []
    base = home()
    for folder in sorted(base.iterdir()) if base.is_dir() else ():
        if (folder / DATABASE_NAME).is_file():
            try:
                root = _state(folder)[0]
            except StorageError as error:
                on_problem(folder, error)
                continue
            if root:
                found.append(Location(Path(root), folder))
    return sorted(found, key=lambda location: location.root)


def _state(folder: Path) -> tuple[str, int]:
    """The root of the index in this folder, and the inode that the root had."""
    database = Database(folder / DATABASE_NAME, mode="read")
    try:
        catalog = Catalog(database)
        return catalog.state("root", ""), catalog.state("root_inode", 0)
    finally:
        database.close()


def adopt_moved(location: Location) -> bool:
    """Takes over the index of the same folder under another name, if it was moved; says whether it did.

    That is an index whose root is gone and was this folder, as its inode tells. A mistake would do no harm: the next
    comparison finds every difference.
    """
    if location.exists or location.folder != folder_for(location.root):
        return False
    try:
        inode = location.root.stat().st_ino
    except OSError:
        return False
    for known in known_indexes():
        if known.root.exists() or _state(known.folder)[1] != inode:
            continue
        try:
            with updating(known.folder, 0):
                os.rename(known.folder, location.folder)
        except (OSError, StoreBusyError):
            continue
        return True
    return False
