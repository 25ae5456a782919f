"""The VFS under which each page of a database carries a checksum (native/pages/checked_vfs.c says how)."""

from __future__ import annotations

from typing import Final

import apsw

from ... import _native

PAGE_SIZE: Final = 8192
RESERVED: Final = 8
"""Bytes at the end of each page that SQLite leaves to the checksum."""

_loaded: list[bool] = []


def checked_vfs(base: str | None = None) -> str:
    """The name of the VFS that checks pages and leaves the rest to `base` (None for the system's own)."""
    if not _loaded:
        loader = apsw.Connection(":memory:")
        loader.enable_load_extension(True)
        loader.load_extension(_native.__file__, "leindex_pages_init")
        loader.close()
        _loaded.append(True)
    name = f"leindex-{base}" if base else "leindex"
    _native.check_pages(name, base or "")
    return name
