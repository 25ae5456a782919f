"""The files that a search asks for and an index passed over: hidden and ignored ones.

An index holds what its own options let in. A search may ask for more: with ripgrep's `--hidden` and `--no-ignore`,
with a glob (`-g`) that selects a hidden or ignored entry, with a type (`-t`) that selects a hidden file, or by
naming a folder that is itself hidden or ignored. The walk here looks for these alone. It reads the names in folders
and asks for the status of none, and looks closer only at entries that the index passed over.

The order of precedence is ripgrep's: a glob decides; else ignore rules, then types, may take an entry out; and a
hidden one that neither of them selects is out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from leindex._native import scan_folder

from .discover import DiscoverOptions, Discovery, Globs, discover, is_hidden
from .ignore import FOLDER, IGNORED, NO_RULE
from .ignore_files import Level, level_above

_FILE: Final = ord("f")
_DOT: Final = ord(".")


class Report(Enum):
    """Which of the files that the index has are reported too: none, those in or below a hidden entry, or all."""

    NONE = 0
    HIDDEN = 1
    ALL = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search asks for.

    `by_glob` says of a path relative to the root, and whether it is a folder's, whether a glob selects it, takes it
    out or says nothing (None); `by_type` says the same of a file's name. `depth` is the number of folders to go
    down at most. `hidden` and `no_ignore` are as in `DiscoverOptions`.
    """

    by_glob: Callable[[bytes, bool], bool | None]
    by_type: Callable[[bytes], bool | None]
    hidden: bool = False
    no_ignore: bool = False
    depth: int | None = None

    def wants(self, kind: int, path: bytes, name: bytes, verdict: int) -> bool:
        """Whether an entry is asked for, given what ignore rules say of it."""
        decision = self.by_glob(path, kind == FOLDER)
        if decision is not None:
            return decision
        if verdict == IGNORED:
            return False
        selected = None if kind == FOLDER else self.by_type(name)
        if selected is not None:
            return selected
        return verdict != NO_RULE or self.hidden or not is_hidden(name)


class Seen(NamedTuple):
    """A file that was asked for, and whether the index's own options let it in."""

    path: bytes
    indexed: bool


class _Folder(NamedTuple):
    """A folder to enter: the rules over it, whether the index has it, whether it lies in a hidden one."""

    path: bytes
    above: Level
    indexed: bool
    hidden: bool
    depth: int


class Beside:
    """One walk of the folder `scope` of a tree, whose index was made with `options`; iterate it once.

    `own` is the absolute path of the index's folder, which belongs to no search. Raises ConfigError for a root that
    cannot be read.
    """

    def __init__(
        self,
        root: bytes,
        options: DiscoverOptions,
        asked: Asked,
        *,
        scope: bytes = b"",
        own: bytes | None = None,
        report: Report = Report.NONE,
    ) -> None:
        self._index: Discovery = discover(root, options, own=own)
        self._globs = Globs.of(options.globs)
        self._asked = asked
        self._scope = scope
        self._report = report

    def __iter__(self) -> Iterator[Seen]:
        root_fd = os.open(self._index.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            stack = [self._entries(root_fd, self._start())]
            while stack:
                for step in stack[-1]:
                    if isinstance(step, Seen):
                        yield step
                    else:
                        stack.append(self._entries(root_fd, step))
                        break
                else:
                    stack.pop()
        finally:
            os.close(root_fd)

    @property
    def scope_indexed(self) -> bool:
        """Whether the folder to be walked belongs to what the index holds."""
        return self._start().indexed

    def _start(self) -> _Folder:
        """The folder to be walked. That it is hidden or ignored itself does not count: it was asked for by name."""
        reads_none = self._index.options.no_ignore and self._asked.no_ignore
        level, indexed, parent = level_above(self._index.root, no_ignore=reads_none), True, b""
        for name in self._scope.split(b"/") if self._scope else ():
            level = level.enter_unlisted(parent)
            verdict = level.rules.verdicts(parent, bytes((FOLDER,)), [name])
            indexed = indexed and bool(self._in_index(parent, FOLDER, name, verdict[0]))
            parent = parent + b"/" + name if parent else name
        return _Folder(self._scope, level, indexed, False, 0)

    def _in_index(self, folder: bytes, kind: int, name: bytes, verdict: int) -> bool | None:
        """Whether the index's options let an entry in; None for one that its globs take out of every search."""
        verdicts = bytearray((NO_RULE if self._index.options.no_ignore else verdict,))
        if self._globs is not None:
            self._globs.overrule(verdicts, folder, bytes((kind,)), [name])
        reason = self._index.passed_over(kind, name, verdicts[0])
        return None if reason == "glob" else reason is None

    def _entries(self, root_fd: int, at: _Folder) -> Iterator[Seen | _Folder]:
        asked, report = self._asked, self._report
        if at.path == self._index.own or (asked.depth is not None and at.depth >= asked.depth):
            return
        try:
            kinds, names, _ = scan_folder(root_fd, at.path, True)
        except OSError:
            return  # the comparison with the tree counts those
        level = at.above.enter(at.path, names)
        verdicts = level.rules.verdicts(at.path, kinds, names)
        prefix = at.path + b"/" if at.path else b""
        # A file that the index has is of no interest; nearly all are such, and pass by quickly.
        closer = not at.indexed or report is Report.ALL or (report is Report.HIDDEN and at.hidden)
        deeper = asked.depth is None or at.depth + 1 < asked.depth
        for kind, name, verdict in zip(kinds, names, verdicts, strict=True):
            folder = kind == FOLDER
            if not (deeper if folder else kind == _FILE and (closer or verdict or name[0] == _DOT)):
                continue
            path = prefix + name
            if not asked.wants(kind, path, name, NO_RULE if asked.no_ignore else verdict):
                continue
            indexed = self._in_index(at.path, kind, name, verdict)
            if indexed is None:
                continue
            indexed, hidden = indexed and at.indexed, at.hidden or is_hidden(name)
            if folder:
                yield _Folder(path, level, indexed, hidden, at.depth + 1)
            elif not indexed or report is Report.ALL or (hidden and report is Report.HIDDEN):
                yield Seen(path, indexed)
