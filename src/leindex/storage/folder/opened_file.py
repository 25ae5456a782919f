"""What is open for this process, be it a file or a folder of files: by whom it may be used, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TypeAlias

from ...errors import StorageError, StoreReadOnlyError, StoreVersionError

Mode: TypeAlias = Literal["read", "write", "create"]
"""How a store is opened: "read" never changes anything, "write" must exist, "create" makes what is missing."""


class OpenedFile:
    """Something at `path` that is open; a child that is forked has to open it again."""

    def __init__(self, path: Path, mode: Mode) -> None:
        self.path = path
        self.readonly = mode == "read"
        self._pid = os.getpid()
        self._closed = False

    def _check_usable(self) -> None:
        if self._closed:
            raise StorageError(f"{self.path}: is closed")
        if os.getpid() != self._pid:
            raise StorageError(f"{self.path}: was opened before a fork; open it again in the child")

    def _check_writable(self) -> None:
        self._check_usable()
        if self.readonly:
            raise StoreReadOnlyError(f"{self.path}: is open for reading only")

    def _check_version(self, found: object, known: int) -> None:
        """Raises StoreVersionError unless the format found is the one that is known."""
        if found != known:
            raise StoreVersionError(
                f"{self.path}: has the format version {found}, this leindex knows {known}; "
                "use the leindex that wrote it, or remove the index and index again"
            )
