"""Which files of ignore rules count in which folder, as in ripgrep 15.1.0.

`.ignore`, `.rgignore` and `.leindexignore` always count, from the file system's root down to the folder
itself. git's rules count only inside a repository (a folder that holds `.git`, whatever it is, or `.jj`):
the `.gitignore` files from the nearest such folder downwards, that folder's `.git/info/exclude`, and the
user's own excludes.

Facts about ripgrep that are kept on purpose: the user's excludes are relative to the root of the walk; the
`gitdir:` of a worktree, if relative, is too; an ignore file may be a symbolic link.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import Final

from .ignore import Rule, RuleSet, Source, parse_rules

RULE_FILES: Final = frozenset((b".gitignore", b".ignore", b".rgignore", b".leindexignore", b".git", b".jj"))
_REPOSITORY: Final = (b".git", b".jj")
_EXCLUDES_FILE: Final = re.compile(rb'^\s*excludesfile\s*=\s*"?\s*(\S+?)\s*"?\s*$', re.IGNORECASE | re.MULTILINE)


def read_small(path: bytes, dir_fd: int | None = None) -> bytes | None:
    """The content of a regular file, or None if there is none to be had; never waits on a FIFO."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=dir_fd)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        with open(fd, "rb", closefd=False) as file:
            return file.read()
    except OSError:
        return None
    finally:
        os.close(fd)


def git_config_files() -> list[bytes]:
    """The user's git configuration files, the one that overrules first."""
    return [os.path.join(_home(), b".gitconfig"), os.path.join(_xdg_config(), b"git/config")]


def _home() -> bytes:
    return os.path.expanduser(b"~")


def _xdg_config() -> bytes:
    return os.environb.get(b"XDG_CONFIG_HOME") or os.path.join(_home(), b".config")


def _global_excludes(root: bytes) -> list[Rule]:
    """The rules of `core.excludesFile`, or of git's default place for them."""
    path = os.path.join(_xdg_config(), b"git/ignore")
    for config in git_config_files():
        found = _EXCLUDES_FILE.search(read_small(config) or b"")
        if found:
            path = found[1].replace(b"~", _home())
            break
    return parse_rules(read_small(os.path.join(root, path)) or b"")


ALL_PARTS: Final = frozenset(("dot", "exclude", "global", "parent", "vcs"))
"""What ripgrep's `--no-ignore` leaves out, by the name of the flag for each part: `--no-ignore-PART`."""

REQUIRE_GIT: Final = "require-git"
"""Left out, git's rules count outside of repositories too, and where one begins makes no difference."""


@dataclass(frozen=True, slots=True)
class _Walk:
    """What stays the same during one walk; `without` are the parts of the rules that are not read."""

    root: bytes
    global_rules: list[Rule]
    without: frozenset[str]

    def exclude_rules(self, folder: bytes) -> list[Rule]:
        """The rules of `info/exclude` in the repository of this folder (an absolute path)."""
        if not self.without.isdisjoint(("vcs", "exclude")):
            return []
        git_dir = os.path.join(folder, b".git")
        if os.path.isfile(git_dir):
            line = _first_line(git_dir)
            if not line.startswith(b"gitdir: "):
                return []
            own = os.path.join(self.root, line.removeprefix(b"gitdir: "))
            common = _first_line(os.path.join(own, b"commondir"))
            if not common:
                return []
            git_dir = os.path.join(own, common) if common.startswith(b".") else os.path.join(self.root, common)
        return parse_rules(read_small(os.path.join(git_dir, b"info/exclude")) or b"")


def _first_line(path: bytes) -> bytes:
    return (read_small(path) or b"").partition(b"\n")[0].removesuffix(b"\r")


@dataclass(frozen=True, slots=True)
class Level:
    """The rules that count in a folder: `rules` all of them, `plain` those that need no git."""

    walk: _Walk | None
    rules: RuleSet
    plain: RuleSet
    in_git: bool
    depth: int

    def enter(self, folder: bytes, names: list[bytes]) -> Level:
        """The level of a folder, given its path relative to the root and its entries' names."""
        if self.walk is None or RULE_FILES.isdisjoint(names):
            return self
        path = os.path.join(self.walk.root, folder)
        return self._with_folder(path, folder + b"/" if folder else b"", b"", RULE_FILES.intersection(names))

    def enter_unlisted(self, folder: bytes) -> Level:
        """The same for a folder whose entries are not at hand."""
        if self.walk is None:
            return self
        path = os.path.join(self.walk.root, folder)
        return self._with_folder(path, folder + b"/" if folder else b"", b"", RULE_FILES)

    def _with_folder(self, path: bytes, base: bytes, lead: bytes, present: frozenset[bytes]) -> Level:
        assert self.walk is not None
        depth = self.depth + 1

        def read(*names: bytes) -> list[Rule]:
            contents = [read_small(os.path.join(path, name)) for name in names if name in present]
            return [rule for content in contents if content for rule in parse_rules(content)]

        def extend(rules: RuleSet, more: list[Rule], source: Source) -> RuleSet:
            return rules.extended(more, source, base, lead=lead, depth=depth)

        without = self.walk.without
        custom, plain_rules = (
            ([], []) if "dot" in without else (read(b".rgignore", b".leindexignore"), read(b".ignore"))
        )
        plain = extend(extend(self.plain, custom, Source.CUSTOM), plain_rules, Source.IGNORE)
        has_git = REQUIRE_GIT not in without and not present.isdisjoint(_REPOSITORY) and _is_repository(path)
        if has_git:
            rules = plain.extended(self.walk.global_rules, Source.GLOBAL, b"")
        else:
            rules = extend(extend(self.rules, custom, Source.CUSTOM), plain_rules, Source.IGNORE)
        if has_git or (REQUIRE_GIT in without and b".git" in present):
            rules = extend(rules, self.walk.exclude_rules(path), Source.EXCLUDE)
        in_git = self.in_git or has_git
        if in_git and "vcs" not in without:
            rules = extend(rules, read(b".gitignore"), Source.GITIGNORE)
        return Level(self.walk, rules, plain, in_git, depth)


def _is_repository(path: bytes) -> bool:
    return any(os.path.exists(os.path.join(path, name)) for name in _REPOSITORY)


def level_above(
    root: bytes,
    *,
    no_ignore: bool = False,
    without: frozenset[str] = frozenset(),
    explicit: RuleSet | None = None,
    scope: bytes = b"",
) -> Level:
    """The rules that the folders above the root of a walk (an absolute path without links) impose on it.

    `without` names parts to leave out, as in `ALL_PARTS`; `no_ignore` leaves out all. `explicit` are rules that any
    other overrules, of no file in the tree. `scope` is the folder below the root that a walk begins in: where the
    rules of the folders above do not count, it does that one of them is a repository.
    """
    explicit = explicit or RuleSet()
    if no_ignore or without >= ALL_PARTS:
        return Level(None, explicit, explicit, False, 0)
    global_rules = _global_excludes(root) if without.isdisjoint(("vcs", "global")) else []
    parts = [part for part in root.split(b"/") if part]
    in_git = REQUIRE_GIT in without
    if "parent" in without:
        above = [*parts, *(part for part in scope.split(b"/") if part)]
        in_git = in_git or any(_is_repository(b"/" + b"/".join(above[:count])) for count in range(len(above)))
    rules = explicit.extended(global_rules, Source.GLOBAL, b"") if in_git else explicit
    level = Level(_Walk(root, global_rules, without), rules, explicit, in_git, 0)
    if "parent" in without:
        return level
    for count in range(len(parts)):
        path = b"/" + b"/".join(parts[:count])
        lead = b"/".join(parts[count:]) + b"/"
        level = level._with_folder(path, b"", lead, RULE_FILES)
    return level
