"""A folder that was just made is still there after a power cut; tests/faults cuts the power of what is in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leindex.storage.sqlite_storage import SQLiteSearch


def test_new_folders_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder whose name was not synced may be gone after a power cut with everything in it."""
    synced: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    SQLiteSearch(tmp_path / "a" / "b" / "index.db").close()
    folder = tmp_path / "a" / "b"
    assert set(synced) == {str(folder / "index.db-mark"), str(folder), str(folder.parent), str(tmp_path)}
