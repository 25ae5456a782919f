"""What `leindex grep` says on stderr of what it could not read or understand, in ripgrep's words and order.

Lines of ignore files that are wrong are told; above the folder to search they are errors (exit status 2), as in
ripgrep, and below it they are not. Files and folders that cannot be read are errors wherever they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from ...exact.filter.path_filter import PathFilter
from ...exact.parts import Part
from ...index import Index
from ...indexing.walk.ignore import Rule, WrongLine, parse_rules
from ...indexing.walk.ignore_files import Fault
from ...indexing.walk.troubles import Troubles
from ...records import field, record
from ...storage.catalog import key_of
from ..common import complain
from .flags import GrepCommand

_ORDER: Final = (b".rgignore", b".leindexignore", b".ignore", b".gitignore", b"exclude")

Place = tuple[int, bytes]
"""The number of a part of the search, and the key of a path in it: the order of what is said."""


class Report(NamedTuple):
    """Something to say, where the search comes upon it; whether it is about ignore files and whether it is an error."""

    place: Place
    text: str
    of_rules: bool = False
    error: bool = True


@record(frozen=True, slots=True)
class Tree:
    """One tree of a grep: the part to search, what of it is troublesome, and where the part is in the whole search."""

    index: Index
    part: Part
    troubles: Callable[[], Troubles]
    number: int

    @property
    def scope(self) -> bytes:
        """The folder to search, relative to the root."""
        return os.fsencode(self.index.location.scope)

    def shown(self, path: bytes) -> str:
        """A folder of the tree, or an ignore file, as ripgrep shows it: with `./` where no folder was given."""
        below = path[self.part.strip :]
        return os.fsdecode((self.part.prefix or b"./") + below if below else self.part.prefix[:-1] or b"./")


@record(slots=True)
class Reports:
    """Gathers what there is to say in one grep, and says it."""

    command: GrepCommand
    paths: PathFilter
    _said: list[Report] = field(default_factory=list)
    _above: set[bytes] = field(default_factory=set)

    def add(self, report: Report) -> None:
        """Adds something that was found out by others."""
        self._said.append(report)

    def explicit_rules(self) -> list[Rule]:
        """The rules of `--ignore-file`. A file that cannot be read has none; that is no error."""
        rules: list[Rule] = []
        for path in () if "files" in self.command.no_ignore_parts else self.command.ignore_files:
            wrong: list[WrongLine] = []
            try:
                rules += parse_rules(Path(path).read_bytes(), wrong=wrong)
            except OSError as error:
                self.add(Report((-1, b""), f"{path}: {denial(error)}", of_rules=True, error=False))
            lines = [f"{path}: line {number}: {reason}" for number, reason in wrong]
            if lines:
                self.add(Report((-1, b""), "\n".join(lines), of_rules=True, error=False))
        return rules

    def look_at(self, tree: Tree) -> None:
        """Adds what there is to say of a tree, once it was searched."""
        troubles = tree.troubles()
        self._said += self._faults(tree, troubles.faults)
        self._said += self._folders(tree, troubles.folders)
        for path in tree.part.seen.unread:
            reason = _why_not(tree.index.root, path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            if reason is not None:
                shown = os.fsdecode(tree.part.shown(path))
                self.add(Report((tree.number, key_of(path)), f"{shown}: {reason}"))

    def _faults(self, tree: Tree, faults: Iterable[Fault]) -> Iterator[Report]:
        if "parent" in self.command.no_ignore_parts and not faults:
            return
        root = os.path.realpath(os.fsencode(tree.index.root))
        top = os.path.join(root, tree.scope) if tree.scope else root
        above: list[str] = []
        for folder, group in groupby(sorted(faults, key=_fault_key), lambda fault: fault.folder):
            if (folder + b"/").startswith(top + b"/"):
                path = folder[len(root) + 1 :]
                if self._enters(tree, path, deepest=True):
                    lines = [f"{_shown_file(tree, root, fault.file)}: {fault.told}" for fault in group]
                    place = (tree.number, key_of(path))
                    yield Report(place, "\n".join(lines), of_rules=True, error=False)
            elif top.startswith(os.path.join(folder, b"")) and folder not in self._above:
                # ripgrep keeps what it has read of these for the other folders that it is to search.
                self._above.add(folder)
                above += [f"{os.fsdecode(fault.file)}: {fault.told}" for fault in group]
        if above:
            yield Report((tree.number, b""), "\n".join(above))

    def _folders(self, tree: Tree, folders: Iterable[bytes]) -> Iterator[Report]:
        for path in folders:
            if not self._enters(tree, path):
                continue
            shown, flags = tree.shown(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY
            reason = _why_not(tree.index.root, path, flags)
            if reason is not None:
                text = f"{shown}: IO error for operation on {shown}: {reason}"
            elif os.path.isdir(os.path.join(os.fsencode(tree.index.root), path)):
                text = f"{shown}: could not be read when the tree was indexed; run: leindex index"
            else:
                continue
            yield Report((tree.number, key_of(path)), text)

    def _enters(self, tree: Tree, path: bytes, *, deepest: bool = False) -> bool:
        """Whether the search enters a folder, or with `deepest` comes to it at least."""
        scope = tree.scope
        if scope and path != scope and not path.startswith(scope + b"/"):
            return False
        below, depth = path[tree.part.strip :], self.paths.max_depth
        if depth is not None and (below.count(b"/") + 1 if below else 0) >= depth + deepest:
            return False
        return self.paths.enters(tree.part.prefix + below, tree.part.prefix)

    def say(self, last: Place | None) -> bool:
        """Says it all, or what comes before the place where the search was over; tells whether there was an error."""
        said = [report for report in self._said if last is None or report.place <= last]
        for report in sorted(said, key=lambda report: report.place):
            if self.command.ignore_messages if report.of_rules else self.command.messages:
                complain(report.text)
        return any(report.error for report in said)


def denial(error: OSError) -> str:
    """Why something cannot be read, as ripgrep says it."""
    return f"{error.strerror} (os error {error.errno})"


def _why_not(root: Path, path: bytes, flags: int) -> str | None:
    """Why a file or folder of a tree cannot be opened; None if it can, or is gone."""
    try:
        os.close(os.open(os.path.join(os.fsencode(root), path), flags | os.O_CLOEXEC))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return denial(error)
    return None


def _fault_key(fault: Fault) -> tuple[bytes, int, bytes, int]:
    name = fault.file.rpartition(b"/")[2]
    return key_of(fault.folder), _ORDER.index(name) if name in _ORDER else 0, fault.file, fault.line


def _shown_file(tree: Tree, root: bytes, file: bytes) -> str:
    prefix = os.path.join(root, b"")
    return tree.shown(file[len(prefix) :]) if file.startswith(prefix) else os.fsdecode(file)
