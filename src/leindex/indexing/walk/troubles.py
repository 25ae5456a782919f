"""What a walk could not read or understand, as an index keeps it between comparisons with the tree.

Files that could not be read are rows of the catalogue; what has none is kept here: folders that could not be read,
and lines of ignore files that are wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from ...records import record
from .ignore_files import Fault

KEPT: Final = 10_000
"""So many of each are kept: more would be a tree that somebody else's program has made."""

_FOLDERS: Final = "unreadable_folders"
_FAULTS: Final = "ignore_faults"


@record(frozen=True, slots=True)
class Troubles:
    """The folders that could not be read, relative to the root, and the lines of ignore files that are wrong."""

    folders: tuple[bytes, ...] = ()
    faults: tuple[Fault, ...] = ()

    @staticmethod
    def of(folders: Iterable[bytes], faults: Iterable[Fault]) -> Troubles:
        """As many of them as are kept."""
        return Troubles(tuple(folders)[:KEPT], tuple(faults)[:KEPT])

    @staticmethod
    def stored(state: Callable[[str, Any], Any]) -> Troubles:
        """Those that `state`, from a name and a default to a value in JSON, has."""
        faults = (
            Fault(_bytes(folder), _bytes(file), line, reason) for folder, file, line, reason in state(_FAULTS, ())
        )
        return Troubles(tuple(map(_bytes, state(_FOLDERS, ()))), tuple(faults))

    def as_state(self) -> dict[str, Any]:
        """The values to store, by name."""
        return {
            _FOLDERS: list(map(_text, self.folders)),
            _FAULTS: [[_text(fault.folder), _text(fault.file), fault.line, fault.reason] for fault in self.faults],
        }

    def after_looking(self, root: bytes, scopes: Iterable[bytes], found: Troubles) -> Troubles:
        """These, where a look at and below some paths of the tree has just found others there."""
        looked = tuple(scopes)

        def among(path: bytes) -> bool:
            return any(not scope or path == scope or path.startswith(scope + b"/") for scope in looked)

        def known_of(fault: Fault) -> bool:
            return (fault.folder + b"/").startswith(root + b"/") and among(fault.folder[len(root) + 1 :])

        folders = {path for path in self.folders if not among(path)} | set(filter(among, found.folders))
        faults = {fault for fault in self.faults if not known_of(fault)} | set(filter(known_of, found.faults))
        return Troubles.of(sorted(folders), sorted(faults))


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
