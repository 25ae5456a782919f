"""The engines by name: the only place that knows which there are, what they need and how each is opened.

A new engine is one entry here and one class (see docs/engines.md). Classes are imported when they are used,
so that an engine whose package is not installed costs nothing and breaks nothing.

    >>> [info.name for info in engines()]
    ['sqlite', 'tantivy', 'duckdb']
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from ..errors import ConfigError, EngineMissingError
from ..records import record

if TYPE_CHECKING:
    from .database import Database, Durability
    from .folder.opened_file import Mode
    from .storage_interface import SearchInterface

DEFAULT_ENGINE: Final = "sqlite"
INDEX_FILE: Final = "index.db"
"""The SQLite file in the folder of an index; the catalogue is in it whatever the engine."""


@record(frozen=True, slots=True)
class EngineInfo:
    """An engine, for people: `version` is that of its package, empty where that is not installed."""

    name: str
    package: str
    version: str
    installed: bool
    install: str
    purpose: str


@record(frozen=True, slots=True)
class _Entry:
    module: str
    class_name: str
    package: str
    extra: str
    purpose: str


_ENTRIES: Final = {
    "sqlite": _Entry("sqlite_storage", "SQLiteSearch", "apsw", "", "the default: one file"),
    "tantivy": _Entry(
        "tantivy_storage",
        "TantivySearch",
        "tantivy",
        "tantivy",
        "an inverted index, compact, for trees that are read far more often than they change",
    ),
    "duckdb": _Entry(
        "duckdb_storage",
        "DuckDBSearch",
        "duckdb",
        "duckdb",
        "a column store that answers SQL over contents; scans instead of looking up",
    ),
}


def _entry(name: str) -> _Entry:
    entry = _ENTRIES.get(name)
    if entry is None:
        raise ConfigError(f"there is no engine {name!r}; choose one of {', '.join(_ENTRIES)}")
    return entry


def engine_info(name: str) -> EngineInfo:
    """What is known about one engine. Raises ConfigError for a name that is none."""
    from importlib import metadata, util  # a tenth of the time that a first search takes

    from ..install_hint import install_hint

    entry = _entry(name)
    try:
        version = metadata.version(entry.package)
    except metadata.PackageNotFoundError:
        version = ""
    installed = bool(version) and util.find_spec(entry.package) is not None
    return EngineInfo(name, entry.package, version, installed, install_hint(entry.extra), entry.purpose)


def engines() -> list[EngineInfo]:
    """All engines, the default first."""
    return [engine_info(name) for name in _ENTRIES]


def engine_class(name: str) -> type[SearchInterface]:
    """The class of an engine.

    Raises ConfigError for a name that is none, EngineMissingError with the pip command where the engine's
    package is not installed.
    """
    entry = _entry(name)
    try:
        module = importlib.import_module(f".{entry.module}", __package__)
    except ModuleNotFoundError as error:
        if error.name != entry.package:
            raise
        from ..install_hint import install_hint

        hint = install_hint(entry.extra)
        raise EngineMissingError(f"the engine {name} needs a package that is missing: {hint}") from None
    found: type[SearchInterface] = getattr(module, entry.class_name)
    return found


def missing_files(name: str, folder: Path) -> Path | None:
    """Where an engine keeps documents beside the index's own file, if there is nothing."""
    from .folder_engine import FolderEngine

    found = engine_class(name)
    place = folder / found.place if issubclass(found, FolderEngine) else None
    return None if place is None or place.exists() else place


def open_engine(
    name: str,
    folder: str | os.PathLike[str],
    mode: Mode = "create",
    *,
    durability: Durability = "full",
    batch_size: int | Literal["auto"] = 100,
    database: Database | None = None,
) -> SearchInterface:
    """Opens the store that an engine keeps in the folder of an index.

    `mode` is "read" (never changes anything), "write" (must exist) or "create". `database` is the index's
    SQLite file where it is open already; the SQLite engine then shares it, and whoever opened it closes it by
    closing the store. Raises ConfigError, EngineMissingError, and StorageError subclasses that name the file.
    """
    make: Callable[..., Any] = engine_class(name)
    path = Path(folder)
    if name == DEFAULT_ENGINE:
        from .database import Database

        file = path / INDEX_FILE
        shared = database or Database(file, mode=mode, durability=durability)
        store = make(file, readonly=shared.readonly, batch_size=batch_size, database=shared)
    else:
        store = make(path, mode=mode, durability=durability, batch_size=batch_size)
    opened: SearchInterface = store
    return opened
