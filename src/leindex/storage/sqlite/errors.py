"""SQLite's errors as ours."""

from __future__ import annotations

from pathlib import Path

import apsw

from ...errors import (
    StorageError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
    StoreReadOnlyError,
)


class Mapped:
    """Raises our error for one of SQLite's. Stateless, and a class because generators as context managers took a
    noticeable part of a small transaction."""

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, apsw.Error | UnicodeDecodeError):
            raise self.ours(error) from error

    def ours(self, error: apsw.Error | UnicodeDecodeError) -> StorageError:
        """What an error of SQLite is called here; text that is none is damage."""
        match error:
            case apsw.BusyError() | apsw.LockedError() | apsw.ProtocolError():
                return StoreBusyError(f"{self.path}: another process is writing; try again later")
            case apsw.FullError():
                return StoreFullError(f"{self.path}: no space is left (or quota); free some and run the command again")
            case apsw.ReadOnlyError() | apsw.PermissionsError() | apsw.AuthError():
                return StoreReadOnlyError(f"{self.path}: cannot be written: {error}")
            case apsw.NotADBError():
                return StoreCorruptError(f"{self.path}: is not a leindex index; it is left as it is")
            case apsw.CorruptError() | apsw.FormatError() | UnicodeDecodeError():
                return damaged(self.path, str(error))
            case apsw.CantOpenError():
                return StorageError(f"{self.path}: cannot be opened; check the permissions of the folder")
            case apsw.IOError() if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_DATA:
                return damaged(self.path, "a page does not agree with its checksum")
            case apsw.IOError():
                return StorageError(f"{self.path}: the disk failed: {error}")
            case _:
                return StorageError(f"{self.path}: {error}")


def damaged(path: Path, what: str) -> StoreCorruptError:
    """The error for damage in this file."""
    return StoreCorruptError(f"{path}: is damaged ({what}); run: leindex doctor --repair")
