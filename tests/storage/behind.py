"""What tests do to an index behind its back: change its tables, or turn it into one of an older format."""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from leindex.storage.database import APPLICATION_ID
from leindex.storage.integrity.checked_pages import PAGE_SIZE, checked_vfs


def connect(path: str | os.PathLike[str]) -> apsw.Connection:
    """A connection that leaves valid checksums behind."""
    return apsw.Connection(str(path), vfs=checked_vfs())


def make_old(path: Path, version: int) -> apsw.Connection:
    """Turns a file into one of a format without checksums of pages; a connection to it is returned."""
    new = path.with_suffix(".old")
    old = apsw.Connection(str(new), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI)
    old.pragma("page_size", PAGE_SIZE)
    old.pragma("application_id", APPLICATION_ID)
    old.pragma("user_version", version)
    old.execute("ATTACH ? AS source", (f"file:{path}?vfs={checked_vfs()}",))
    made = (
        "SELECT name, type, sql FROM source.sqlite_schema "
        "WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite#_%' ESCAPE '#'"
    )
    for name, kind, sql in old.execute(made).fetchall():
        old.execute(sql)
        if kind == "table":
            old.execute(f"INSERT INTO {name} SELECT * FROM source.{name}")
    old.execute("DETACH source")
    old.close()
    os.replace(new, path)
    path.with_name(path.name + "-mark").unlink(missing_ok=True)
    return apsw.Connection(str(path))
