"""Which files of a commit belong to its view: those that the walk would find in a clean checkout of it.

The rules are the walk's own (walk/ignore_files.py), read from the commit where a checkout would have them as files, and
from the disk where they are about it: the user's excludes, `info/exclude`, the folders above the repository. Links are
passed over as they are there. A submodule's files are listed where its commit is at hand.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from ...records import field, record, replace
from ..walk.beside import Asked
from ..walk.discover import OUTSIDE_GLOBS, DiscoverOptions, Discovery, Globs
from ..walk.ignore import FOLDER, Rule
from ..walk.ignore_files import ALL_PARTS, RULE_FILES, Level, RuleChoice, Walk, folders_above, read_small, start_level
from .repository import LINK, SUBMODULE, Repository, TreeEntry

FILE: Final = ord("f")
_SLASH: Final = ord("/")
LINK_KIND: Final = ord("l")


@record(slots=True)
class Listing:
    """The files of a view: paths relative to the root of the index, with mode and blob. `passed_over` counts what is
    not in it, by reason; `submodules` are those that the rules let in, with the commit of each."""

    files: dict[bytes, tuple[int, str]] = field(default_factory=dict)
    passed_over: Counter[str] = field(default_factory=Counter)
    submodules: dict[bytes, str] = field(default_factory=dict)


Read = Callable[[Sequence[str]], Mapping[str, bytes]]
"""The contents of some blobs, for the files of rules among them."""


def concerns_all(path: bytes) -> bool:
    """Whether a change of this file may change which others belong to the view."""
    return path.rpartition(b"/")[2] in RULE_FILES or path == b".gitmodules"


@record(frozen=True, slots=True)
class _Recorded(Walk):
    """The walk's rules, with those of files in a commit read from there. `top` is where a checkout has its top, with a
    `/` at the end, and `exclude` the file of `info/exclude`."""

    top: bytes = b""
    exclude: bytes = b""
    files: Mapping[bytes, bytes] = field(default_factory=dict)

    def is_repository(self, folder: bytes) -> bool:
        return folder + b"/" == self.top or Walk.is_repository(self, folder)

    def exclude_rules(self, folder: bytes) -> list[Rule]:
        return self.parsed(folder, self.exclude, read_small(self.exclude))

    def rules_in(self, folder: bytes, file: bytes, *, counts: bool = True) -> list[Rule]:
        if not file.startswith(self.top):
            return Walk.rules_in(self, folder, file, counts=counts)
        return self.parsed(folder, file, self.files.get(file[len(self.top) :]), counts=counts)


def list_files(
    repository: Repository,
    entries: Iterable[TreeEntry],
    options: DiscoverOptions,
    read: Read,
    asked: Asked | None = None,
    scope: bytes = b"",
) -> Listing:
    """The files of the view of a commit, from all of the commit's entries; or, with `asked`, those that a search asks
    for, in the folder `scope` below the root of the index, be they in the view or not."""
    folders = _Folders()
    blobs: dict[bytes, str] = {}
    for entry in entries:
        folders.add(entry)
        if entry.path.rpartition(b"/")[2] in RULE_FILES and entry.mode not in (LINK, SUBMODULE):
            blobs[entry.path] = entry.blob
    contents = read(sorted(set(blobs.values()))) if blobs and (asked is not None or not options.no_ignore) else {}
    rules = {path: contents[blob] for path, blob in blobs.items() if blob in contents}
    return _Lister(repository, options, folders, rules, asked).listing(scope)


class _Folders:
    """The entries of a commit by folder."""

    def __init__(self) -> None:
        self.entries: dict[bytes, dict[bytes, TreeEntry | None]] = {b"": {}}

    def add(self, entry: TreeEntry) -> None:
        folder, _, name = entry.path.rpartition(b"/")
        self._made(folder)[name] = entry

    def _made(self, folder: bytes) -> dict[bytes, TreeEntry | None]:
        known = self.entries.get(folder)
        if known is None:
            above, _, name = folder.rpartition(b"/")
            self._made(above)[name] = None
            known = self.entries[folder] = {}
        return known


class _Lister:
    """One pass over the folders of a commit."""

    def __init__(
        self,
        repository: Repository,
        options: DiscoverOptions,
        folders: _Folders,
        rules: dict[bytes, bytes],
        asked: Asked | None,
    ) -> None:
        self.repository, self.options, self.folders, self.rules = repository, options, folders, rules
        self.top = os.fsencode(repository.top)
        self.root = os.path.join(self.top, repository.prefix).rstrip(b"/")
        self.found = Listing()
        self.asked = asked
        # Only asked what it makes of a verdict; it walks nothing.
        self._judge = Discovery(self.root, options)

    def listing(self, scope: bytes) -> Listing:
        """The files below a folder of the index."""
        globs, prefix = Globs.of(self.options.globs), self.repository.prefix
        start, level = (prefix + scope).rstrip(b"/"), self._level_at_root()
        for place, byte in enumerate(scope):
            if byte == _SLASH:
                above = prefix + scope[:place]
                level = level.enter(scope[:place], list(self.folders.entries.get(above, ())))
        stack = [(start, level, 0)]
        while stack:
            folder, level, depth = stack.pop()
            if self.asked is not None and self.asked.depth is not None and depth >= self.asked.depth:
                continue
            names = list(self.folders.entries.get(folder, ()))
            if not names:
                continue
            entries = self.folders.entries[folder]
            kinds = bytes(_kind(entries[name]) for name in names)
            below = (folder + b"/" if folder else b"")[len(prefix) :].rstrip(b"/") if folder else b""
            if folder != prefix.rstrip(b"/"):
                level = level.enter(below, names)
            verdicts = level.rules.verdicts(below, kinds, names)
            if globs is not None:
                globs.overrule(verdicts, below, kinds, names)
            for kind, name, verdict in zip(kinds, names, verdicts, strict=True):
                path = below + b"/" + name if below else name
                reason = self._why_not(kind, path, name, verdict)
                if reason is not None:
                    self.found.passed_over[reason] += 1
                elif (entry := entries[name]) is None:
                    stack.append((folder + b"/" + name if folder else name, level, depth + 1))
                elif kind == LINK_KIND:
                    self.found.passed_over["symlink"] += 1
                elif kind == FOLDER:
                    self.found.submodules[path] = entry.blob
                else:
                    self.found.files[path] = (entry.mode, entry.blob)
        return self.found

    def _why_not(self, kind: int, path: bytes, name: bytes, verdict: int) -> str | None:
        """Why an entry is not listed; None if it is."""
        if self.asked is None or verdict == OUTSIDE_GLOBS:
            return self._judge.passed_over(kind, name, verdict)
        return None if self.asked.wants(kind, path, name, verdict) else "not asked for"

    def _level_at_root(self) -> Level:
        """The rules that count in the folder that is the root of the index."""
        if self.asked is not None:
            choice = RuleChoice(self.asked.without, self.asked.explicit, b"", self.asked.ignore_case)
        else:
            choice = RuleChoice(ALL_PARTS if self.options.no_ignore else frozenset())
        start = start_level(self.root, choice)
        if start.walk is None:
            return start
        exclude, top = (
            os.path.join(os.fsencode(self.repository.common_dir), b"info/exclude"),
            os.path.join(self.top, b""),
        )
        level = replace(
            start,
            walk=_Recorded(self.root, start.walk.global_rules, start.walk.choice, top, exclude, self.rules),
        )
        above = () if "parent" in choice.without else folders_above(self.root)
        for path, lead in (*above, (self.root, b"")):
            names = RULE_FILES
            if os.path.join(path, b"").startswith(top):
                names &= self.folders.entries.get(path[len(top) :], {}).keys() | {
                    b".git" if path + b"/" == top else b""
                }
            level = level.enter_at(path, lead, names)
        return level


def _kind(entry: TreeEntry | None) -> int:
    if entry is None or entry.mode == SUBMODULE:
        return FOLDER
    return LINK_KIND if entry.mode == LINK else FILE
