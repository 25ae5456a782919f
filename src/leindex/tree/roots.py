"""All indexes of this user: which there are, and the one that belongs to a tree that was moved."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..config import DATABASE_NAME, Location, folder_for, home
from ..errors import ConfigError, StorageError, StoreBusyError, StoreCorruptError, StoreEmptyError
from ..storage.catalog import Catalog
from ..storage.database import APPLICATION_ID, Database
from ..storage.folder.locks import updating
from ..storage.folder.own_files import foreign_names


def known_indexes(
    on_problem: Callable[[Path, StorageError], None] = lambda folder, error: None,
) -> list[Location]:
    """Every index in the home of indexes, by root. `on_problem` is told of folders whose index cannot be read."""
    found: list[Location] = []
    base = home()
    try:
        folders = sorted(base.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ConfigError(f"{base}: {error.strerror}") from error
    for folder in folders:
        if os.path.isfile(folder / DATABASE_NAME):
            try:
                root = _state(folder)[0]
            except StorageError as error:
                on_problem(folder, error)
                continue
            if root:
                found.append(Location(Path(root), folder))
    return sorted(found, key=lambda location: location.root)


def location_in(folder: Path) -> Location:
    """The index in a folder, whichever tree it is of. Raises StorageError where it cannot be read."""
    nameless = Location(folder, folder)
    root = _state(folder)[0] if nameless.exists else ""
    return Location(Path(root), folder) if root else nameless


def _state(folder: Path) -> tuple[str, int]:
    """The root of the index in this folder, and the inode that the root had."""
    database = Database(folder / DATABASE_NAME, mode="read", older=True)
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


def check_root(location: Location, catalog: Catalog) -> None:
    """Refuses the index of another tree, where its folder was given by hand.

    A root that was renamed is the same tree still, as its inode tells. Raises ConfigError that names both.
    """
    if location.folder == folder_for(location.root):
        return
    _refuse_other(location, catalog.state("root", ""), catalog.state("root_inode", 0))


def check_is_index_of(location: Location) -> None:
    """Raises ConfigError unless the folder, given by hand, holds an index of the root; a damaged one counts."""
    try:
        stored, inode = _state(location.folder)
    except StoreEmptyError:
        return
    except StoreCorruptError:
        with open(location.database, "rb") as file:
            header = file.read(72)
        if header[68:72] != APPLICATION_ID.to_bytes(4, "big"):
            raise
        return
    _refuse_other(location, stored, inode)


def _refuse_other(location: Location, stored: str, inode: int) -> None:
    root = os.fsdecode(location.root)
    if not stored or stored == root:
        return
    if not os.path.lexists(stored):
        try:
            if location.root.stat().st_ino == inode:
                return
        except OSError:
            pass
    raise ConfigError(f"{location.folder} holds the index of {stored}, not of {root}")


def check_new_folder(location: Location) -> None:
    """Raises ConfigError for a folder given by hand in which an index would be mixed with other files."""
    folder, root = location.folder, location.root
    if folder == folder_for(root):
        return
    if folder.resolve() in (root, *root.parents):
        raise ConfigError(f"--index {folder} is the tree itself or a folder above it; give a folder of its own")
    try:
        others = foreign_names(folder)
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}") from error
    if others:
        raise ConfigError(f"{folder} holds no index but other files ({others[0]}); give an empty folder or a new one")
