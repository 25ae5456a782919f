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
from enum import Enum
from typing import Final, NamedTuple

from ..._native import scan_folder
from ...records import field, record
from .discover import GONE, DiscoverOptions, Discovery, Globs, discover, is_hidden, open_root
from .ignore import FOLDER, IGNORED, NO_RULE, RuleSet
from .ignore_files import ALL_PARTS, Fault, Level, RuleChoice, level_above

_FILE: Final = ord("f")
_DOT: Final = ord(".")


class Report(Enum):
    """Which of the files that the index has are reported too: none, those in or below a hidden entry, or all."""

    NONE = 0
    HIDDEN = 1
    ALL = 2


@record(frozen=True, slots=True)
class Asked:
    """What a search asks for.

    `by_glob` says of a path relative to the root, and whether it is a folder's, whether a glob selects it, takes it
    out or says nothing (None); `by_type` says the same of a file's name. `hidden` is as in `DiscoverOptions`;
    `without` are the parts of the ignore rules that do not count (see `RuleChoice`), `explicit` more such rules;
    with `ignore_case` capitals do not count in those of ignore files.
    `depth` is the number of folders to go down at most, `max_size` that of bytes in a file; `one_device` stays on
    the file system that the walk begins on. `only_here` says that nothing but a walk can tell which files are wanted.
    """

    by_glob: Callable[[bytes, bool], bool | None]
    by_type: Callable[[bytes], bool | None]
    hidden: bool = False
    without: frozenset[str] = frozenset()
    explicit: RuleSet = field(default_factory=RuleSet)
    ignore_case: bool = False
    depth: int | None = None
    max_size: int | None = None
    one_device: bool = False
    only_here: bool = False

    def report(self, options: DiscoverOptions) -> Report:
        """Which files of an index made with these options may not be asked for."""
        reads_none = self.without >= ALL_PARTS
        bounded = self.max_size is not None or self.one_device
        other_rules = (
            not self.explicit.empty or self.ignore_case or (not reads_none and (self.without or options.no_ignore))
        )
        if bounded or other_rules or self.only_here:
            return Report.ALL
        # Without its rules a hidden file that they bring back is hidden.
        more_hidden = options.hidden or (reads_none and not options.no_ignore)
        return Report.HIDDEN if more_hidden and not self.hidden else Report.NONE

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
    """A folder to enter: the rules over it, for the search and for the index if those differ, whether the index has
    it, and whether it lies in a hidden one."""

    path: bytes
    above: tuple[Level, ...]
    indexed: bool
    hidden: bool
    depth: int


class Beside:
    """One walk of the folder `scope` of a tree, whose index was made with `options`; iterate it once.

    `own` is the absolute path of the index's folder, which belongs to no search. Raises ConfigError for a root that
    cannot be read. After the iteration `faults` has the lines of ignore files that are wrong, and `unreadable` the
    folders that could not be read.
    """

    def __init__(
        self, root: bytes, options: DiscoverOptions, asked: Asked, *, scope: bytes = b"", own: bytes | None = None
    ) -> None:
        self._index: Discovery = discover(root, options, own=own)
        self._globs = Globs.of(options.globs)
        self._asked = asked
        self._scope = scope
        self._report = asked.report(options)
        self.faults: list[Fault] = []
        self.unreadable: list[bytes] = []
        self._start = self._found_start()

    @property
    def scope_indexed(self) -> bool:
        """Whether the folder to be walked belongs to what the index holds."""
        return self._start.indexed

    def __iter__(self) -> Iterator[Seen]:
        root_fd = open_root(self._index.root)
        try:
            stack = [self._entries(root_fd, self._start)]
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

    def _found_start(self) -> _Folder:
        """The folder to be walked. That it is hidden or ignored itself does not count: it was asked for by name."""
        options, asked, root = self._index.options, self._asked, self._index.root
        without = ALL_PARTS if options.no_ignore else frozenset[str]()
        choice = RuleChoice(asked.without, asked.explicit, self._scope, asked.ignore_case, self.faults)
        level = level_above(root, choice)
        levels: tuple[Level, ...] = (level,)
        if asked.without != without or not asked.explicit.empty or asked.ignore_case:
            levels = (level, level_above(root, RuleChoice(without)))
        indexed, parent = True, b""
        for name in self._scope.split(b"/") if self._scope else ():
            levels = tuple(level.enter_unlisted(parent) for level in levels)
            verdict = levels[-1].rules.verdicts(parent, bytes((FOLDER,)), [name])
            indexed = indexed and bool(self._in_index(parent, FOLDER, name, verdict[0]))
            parent = parent + b"/" + name if parent else name
        if "parent" in asked.without and self._scope:
            levels = (level, levels[-1])
        return _Folder(self._scope, levels, indexed, False, 0)

    def _in_index(self, folder: bytes, kind: int, name: bytes, verdict: int) -> bool | None:
        """Whether the index's options let an entry in; None for one that its globs take out of every search."""
        verdicts = bytearray((verdict,))
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
        except OSError as error:
            if error.errno not in GONE:
                self.unreadable.append(at.path)
            return
        levels = tuple(level.enter(at.path, names) for level in at.above)
        verdicts = levels[0].rules.verdicts(at.path, kinds, names)
        known = verdicts if len(levels) == 1 else levels[1].rules.verdicts(at.path, kinds, names)
        prefix = at.path + b"/" if at.path else b""
        # A file that the index has is of no interest; nearly all are such, and pass by quickly.
        closer = not at.indexed or report is Report.ALL or (report is Report.HIDDEN and at.hidden)
        deeper = asked.depth is None or at.depth + 1 < asked.depth
        for kind, name, verdict, index_verdict in zip(kinds, names, verdicts, known, strict=True):
            folder = kind == FOLDER
            if not (deeper if folder else kind == _FILE and (closer or index_verdict or name[0] == _DOT)):
                continue
            path = prefix + name
            if not asked.wants(kind, path, name, verdict) or not self._within_bounds(root_fd, path, folder):
                continue
            indexed = self._in_index(at.path, kind, name, index_verdict)
            if indexed is None:
                continue
            indexed, hidden = indexed and at.indexed, at.hidden or is_hidden(name)
            if folder:
                yield _Folder(path, levels, indexed, hidden, at.depth + 1)
            elif not indexed or report is Report.ALL or (hidden and report is Report.HIDDEN):
                yield Seen(path, indexed)

    def _within_bounds(self, root_fd: int, path: bytes, folder: bool) -> bool:
        """Whether a file is not too large, and a folder on the same file system, where that was asked for."""
        largest, one_device = self._asked.max_size, self._asked.one_device
        if not (one_device if folder else largest is not None):
            return True
        try:
            status = os.stat(path, dir_fd=root_fd, follow_symlinks=False)
        except OSError:
            return False
        if folder:
            return status.st_dev == os.stat(self._scope or b".", dir_fd=root_fd).st_dev
        return largest is None or status.st_size <= largest
