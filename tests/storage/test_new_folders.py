"""A folder that was just made is still there after a power cut; tests/faults cuts the power of what is in it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

import pytest

from leindex.storage.folder.own_files import remove_folder
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


def test_a_folder_in_which_a_thread_makes_a_last_file_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "tantivy"
    folder.mkdir()
    for number in range(300):
        (folder / str(number)).write_bytes(b"")
    end = time.monotonic() + 0.1

    def work() -> None:
        while time.monotonic() < end:
            with contextlib.suppress(FileNotFoundError):
                (folder / f"last{time.monotonic()}").write_bytes(b"")

    thread = threading.Thread(target=work)
    thread.start()
    remove_folder(folder)
    thread.join()
    assert not folder.exists()
