"""Where an index lives, and the options of an index that outlive one command.

An index lies outside the tree it indexes: in `$LEINDEX_HOME`, or else `$XDG_DATA_HOME/leindex`, or else
`~/.local/share/leindex`, in a folder named after the root and a hash of its path. Folder and files are private.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from .errors import ConfigError
from .records import record

DATABASE_NAME: Final = "index.db"


def home() -> Path:
    """The folder that holds all indexes of this user."""
    if named := os.environ.get("LEINDEX_HOME"):
        return Path(named).expanduser().absolute()
    if data := os.environ.get("XDG_DATA_HOME"):
        return Path(data).expanduser().absolute() / "leindex"
    return Path.home() / ".local" / "share" / "leindex"


def root_of(path: str | os.PathLike[str]) -> Path:
    """The folder to index, absolute and with links resolved. Raises ConfigError where it is none."""
    given = Path(path)
    try:
        root = given.resolve(strict=True)
    except FileNotFoundError:
        raise ConfigError(f"{given}: there is no such folder") from None
    except (OSError, RuntimeError) as error:
        raise ConfigError(f"{given}: {error}") from error
    if not root.is_dir():
        raise ConfigError(f"{given}: is not a folder; give the folder that holds it")
    return root


def folder_for(root: Path) -> Path:
    """The folder of the index of a root."""
    digest = _sha256(os.fsencode(root))[:16]
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", root.name.encode("utf-8", "replace").decode("utf-8"))[:40] or "root"
    return home() / f"{name}-{digest}"


def _sha256(data: bytes) -> str:
    """Of Python's own code where there is such a module: `hashlib` starts OpenSSL, which takes 6 ms."""
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]
    except ImportError:
        from hashlib import sha256
    digest: str = sha256(data).hexdigest()
    return digest


@record(frozen=True, slots=True)
class Location:
    """A root, the folder of its index, and the part of the tree that was asked about, relative to the root."""

    root: Path
    folder: Path
    scope: str = ""

    @property
    def database(self) -> Path:
        """The file of the catalogue and, with the SQLite engine, of the documents."""
        return self.folder / DATABASE_NAME

    @property
    def exists(self) -> bool:
        """Whether an index was begun here; an empty file is none. Raises ConfigError where that cannot be seen."""
        try:
            return self.database.stat().st_size > 0
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise ConfigError(f"{self.database}: {error.strerror}") from error


def locate(path: str | os.PathLike[str] = ".", index: str | os.PathLike[str] | None = None) -> Location:
    """The index that serves `path`: the named one, else that of the path or of the nearest folder above it that
    has one, else where the path's own would be made. Raises ConfigError for a path that is no folder."""
    root = root_of(path)
    if index is not None:
        return Location(root, Path(index).expanduser().absolute())
    for folder in (root, *root.parents):
        location = Location(folder, folder_for(folder))
        if location.exists:
            scope = "" if folder == root else root.relative_to(folder).as_posix()
            return Location(folder, location.folder, scope)
    return Location(root, folder_for(root))
