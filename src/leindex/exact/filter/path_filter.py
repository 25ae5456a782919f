"""Which files a grep is about: `-g` globs and `-t`/`-T` types, as ripgrep applies them.

Globs are read like lines of a .gitignore file with the opposite sense: the last that matches decides, and as
soon as one of them selects, files that none selects are out. A glob with `!` that matches a folder takes out
all below it. A glob that decides about a file leaves nothing for the types to decide.

    >>> PathFilter(PathRules(globs=("*.c", "!gen/"))).accepts(b"gen/x.c")
    False
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby
from typing import NamedTuple

from ...errors import ConfigError
from ...records import record
from .file_types import FILE_TYPES
from .globs import compile_glob, glob_source


class TypeRule(NamedTuple):
    """One `-t` (`select`), `-T` (`negate`), `--type-add` (`add`) or `--type-clear` (`clear`)."""

    action: str
    value: str


@record(frozen=True, slots=True)
class PathRules:
    """The rules as they were given. `ignore_case` is for `globs`; `iglobs` ignore case always.

    `max_depth` counts from the folder that was asked for: files directly in it have the depth 1.
    """

    globs: tuple[str, ...] = ()
    iglobs: tuple[str, ...] = ()
    ignore_case: bool = False
    types: tuple[TypeRule, ...] = ()
    max_depth: int | None = None

    def __bool__(self) -> bool:
        return bool(
            self.globs
            or self.iglobs
            or self.max_depth is not None
            or any(rule.action in ("select", "negate") for rule in self.types)
        )


class _Glob(NamedTuple):
    matches: Callable[[bytes], bool]
    selects: bool
    folders_only: bool


class PathFilter:
    """Decides about paths. Raises ConfigError for a malformed glob, an unknown or a badly defined type.

    `selecting` tells whether a glob selects anything, `selects_types` whether a type does; `max_depth` is that of the
    rules.
    """

    def __init__(self, rules: PathRules) -> None:
        parsed = [_parse(glob, rules.ignore_case) for glob in rules.globs]
        parsed += [_parse(glob, True) for glob in rules.iglobs]
        self._globs = [glob for glob in reversed(parsed) if glob is not None]
        self.max_depth = rules.max_depth
        self.selecting = any(glob.selects for glob in self._globs)
        self._types = _selections(rules.types)
        self.selects_types = any(selects for _, selects in self._types)
        self._folders: dict[bytes, bool] = {}

    def accepts(self, path: bytes, root: bytes = b"") -> bool:
        """Whether the file at a path (as it is printed) is searched.

        `root` is the part of the path that was asked for and is not subject to the rules.
        """
        if self.max_depth is not None and path.count(b"/", len(root)) >= self.max_depth:
            return False
        path = path.removeprefix(b"./")
        if self._globs:
            if not self._folder_accepted(path.rpartition(b"/")[0], root.removeprefix(b"./").rstrip(b"/")):
                return False
            decision = self.by_glob(path, is_folder=False)
            if decision is not None:
                return decision
        return self.by_type(path.rpartition(b"/")[2]) is not False

    def enters(self, folder: bytes, root: bytes = b"") -> bool:
        """Whether the globs let a search into a folder, given as the paths of `accepts` are."""
        return self._folder_accepted(folder.removeprefix(b"./"), root.removeprefix(b"./").rstrip(b"/"))

    def by_glob(self, path: bytes, is_folder: bool) -> bool | None:
        """Whether a glob selects a path or takes it out; None where the globs say nothing about it."""
        for glob in self._globs:
            if (is_folder or not glob.folders_only) and glob.matches(path):
                return glob.selects
        return False if self.selecting and not is_folder else None

    def by_type(self, name: bytes) -> bool | None:
        """Whether a type selects a file of this name or takes it out; None where the types say nothing about it."""
        for pattern, selects in self._types:
            if pattern.match(name):
                return selects
        return False if self.selects_types else None

    def _folder_accepted(self, folder: bytes, root: bytes) -> bool:
        if len(folder) <= len(root):
            return True
        known = self._folders.get(folder)
        if known is None:
            known = (
                self._folder_accepted(folder.rpartition(b"/")[0], root)
                and self.by_glob(folder, is_folder=True) is not False
            )
            self._folders[folder] = known
        return known


def _parse(glob: str, ignore_case: bool) -> _Glob | None:
    """One glob, read like a line of a .gitignore file; None for an empty line or a comment."""
    if glob.startswith("#"):
        return None
    line = glob if glob.endswith("\\ ") else glob.rstrip()
    if not line:
        return None
    typed = line
    selects = anchored = False
    if line.startswith(("\\!", "\\#")):
        selects, line = True, line[1:]
    else:
        selects = not line.startswith("!")
        line = line.removeprefix("!")
        anchored = line.startswith("/")
        line = line.removeprefix("/")
    folders_only = line.endswith("/")
    if folders_only:
        line = line[:-1].removesuffix("\\")
    if not anchored and "/" not in line and line != "**":
        line = "**/" + line
    if line.endswith("/**"):
        line += "/*"
    return _Glob(compile_glob(line, ignore_case=ignore_case, typed=typed), selects, folders_only)


def type_definitions(rules: tuple[TypeRule, ...] = ()) -> dict[str, list[str]]:
    """The types by name, with the changes that the rules make to them."""
    known = {name: list(globs) for name, globs in FILE_TYPES.items()}
    for action, value in rules:
        if action == "clear":
            known.pop(value, None)
        elif action == "add":
            _define(known, value)
    return known


def _define(known: dict[str, list[str]], definition: str) -> None:
    invalid = ConfigError("invalid definition (format is type:glob, e.g., html:*.html)")
    parts = definition.split(":")
    name = parts[0]
    if not all(parts) or name == "all" or not name.isalnum():
        raise invalid
    if len(parts) == 2:
        known.setdefault(name, []).append(parts[1])
        return
    included = parts[2].split(",") if len(parts) == 3 and parts[1] == "include" else []
    if not included or any(other not in known for other in included):
        raise invalid
    known.setdefault(name, []).extend(glob for other in included for glob in tuple(known[other]))


def _selections(rules: tuple[TypeRule, ...]) -> list[tuple[re.Pattern[bytes], bool]]:
    """One expression for each run of types of the same sense, the last first."""
    known = type_definitions(rules)
    chosen: list[tuple[str, bool]] = []
    for action, value in rules:
        if action not in ("select", "negate"):
            continue
        for name in known if value == "all" else (value,):
            if name not in known:
                raise ConfigError(f"unrecognized file type: {name}")
            chosen.append((name, action == "select"))
    runs = []
    for selects, run in groupby(chosen, key=lambda choice: choice[1]):
        sources = dict.fromkeys(glob_source(glob) for name, _ in run for glob in known[name])
        runs.append((re.compile(b"|".join(sources), re.DOTALL), selects))
    return runs[::-1]
