"""What the engines have in common that keep files of their own in the folder of an index, beside the catalogue."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from .folder.opened_file import Mode
from .storage_interface import SearchInterface


class Kept(Protocol):
    """The files of such an engine, open."""

    def snapshot(self) -> AbstractContextManager[None]:
        """This thread's reads see one state until the end."""

    def close(self) -> None:
        """Closes them; a second call does nothing."""


class FolderEngine(SearchInterface):
    """Documents in files of an engine's own, in `folder`.

    `mode` is "read" (never changes anything), "write" (must exist) or "create". A commit is always synced, so
    `durability` makes no difference. Raises StorageError subclasses that name the files.
    """

    words_together: ClassVar[int] = 1_000_000
    place: ClassVar[str]
    """The file or folder in the folder of an index that holds all of it."""

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        mode: Mode = "create",
        durability: Literal["full", "normal"] = "full",
        batch_size: int | Literal["auto"] = 100,
    ) -> None:
        self._kept = self._opened(Path(folder), mode)
        self.durability = durability
        self.batch_size = batch_size

    @abstractmethod
    def _opened(self, folder: Path, mode: Mode) -> Kept:
        """Opens the engine's files."""

    @abstractmethod
    def _files(self) -> Iterable[Path]:
        """All that the engine keeps on disk."""

    def snapshot(self) -> AbstractContextManager[None]:
        return self._kept.snapshot()

    def stats(self) -> dict[str, Any]:
        size = sum(path.stat().st_size for path in self._files() if path.is_file())
        return {"engine": self.name, "documents": self.count(), "database_bytes": size}

    def close(self) -> None:
        self._kept.close()
