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
from collections.abc import Iterator
from typing import Final, NamedTuple

from ...records import field, record
from .ignore import Rule, RuleSet, Source, WrongLine, parse_rules

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


def _global_excludes(root: bytes, ignore_case: bool) -> list[Rule]:
    """The rules of `core.excludesFile`, or of git's default place for them."""
    path = os.path.join(_xdg_config(), b"git/ignore")
    for config in git_config_files():
        found = _EXCLUDES_FILE.search(read_small(config) or b"")
        if found:
            path = found[1].replace(b"~", _home())
            break
    return parse_rules(read_small(os.path.join(root, path)) or b"", ignore_case=ignore_case)


_MAY_BE_WRONG: Final = re.compile(rb"[\[{}\\]")
"""What a glob that is not well formed holds at least."""

ALL_PARTS: Final = frozenset(("dot", "exclude", "global", "parent", "vcs"))
"""What ripgrep's `--no-ignore` leaves out, by the name of the flag for each part: `--no-ignore-PART`."""

REQUIRE_GIT: Final = "require-git"
"""Left out, git's rules count outside of repositories too, and where one begins makes no difference."""


class Fault(NamedTuple):
    """A line of a file of ignore rules that is wrong: the folder that the file counts from and the file, both as
    absolute paths, the line's number from 1, and what is wrong with it."""

    folder: bytes
    file: bytes
    line: int
    reason: str

    @property
    def told(self) -> str:
        """What is wrong, without the file."""
        return f"line {self.line}: {self.reason}"


@record(frozen=True, slots=True)
class RuleChoice:
    """Which ignore rules count in a walk.

    `without` names parts to leave out, as in `ALL_PARTS`. `explicit` are rules that any other overrules, of no file in
    the tree. `scope` is the folder below the root that the walk begins in: where the rules of the folders above do not
    count, it does that one of them is a repository. With `ignore_case` capitals do not count in rules, but for the
    explicit ones. `faults` is where lines that are wrong are noted.
    """

    without: frozenset[str] = frozenset()
    explicit: RuleSet = field(default_factory=RuleSet)
    scope: bytes = b""
    ignore_case: bool = False
    faults: list[Fault] | None = None


@record(frozen=True, slots=True)
class Walk:
    """What stays the same during one walk: where rules are read from, and which of them."""

    root: bytes
    global_rules: list[Rule]
    choice: RuleChoice

    @property
    def without(self) -> frozenset[str]:
        """The parts of the rules that are not read."""
        return self.choice.without

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
        return self.rules_in(folder, os.path.join(git_dir, b"info/exclude"))

    def is_repository(self, folder: bytes) -> bool:
        """Whether a folder (an absolute path) is the top of a repository."""
        return is_repository(folder)

    def rules_in(self, folder: bytes, file: bytes, *, counts: bool = True) -> list[Rule]:
        """The rules of a file, which count from this folder on; both are absolute paths.

        Of a file that does not count only what is wrong in it is wanted: nothing is where no line can be.
        """
        return self.parsed(folder, file, read_small(file), counts=counts)

    def parsed(self, folder: bytes, file: bytes, content: bytes | None, *, counts: bool = True) -> list[Rule]:
        """The rules of a file, given its content."""
        if not content or (not counts and not _MAY_BE_WRONG.search(content)):
            return []
        wrong: list[WrongLine] = []
        rules = parse_rules(content, ignore_case=self.choice.ignore_case, wrong=wrong)
        if wrong and self.choice.faults is not None:
            folder = folder.rstrip(b"/") or b"/"
            self.choice.faults.extend(Fault(folder, file, number, reason) for number, reason in wrong)
        return rules


def _first_line(path: bytes) -> bytes:
    return (read_small(path) or b"").partition(b"\n")[0].removesuffix(b"\r")


@record(frozen=True, slots=True)
class Level:
    """The rules that count in a folder: `rules` all of them, `plain` those that need no git."""

    walk: Walk | None
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

    def enter_at(self, path: bytes, lead: bytes, names: frozenset[bytes]) -> Level:
        """The level of the root or a folder above it, at an absolute path; `lead` leads from there to the root."""
        return self if self.walk is None else self._with_folder(path, b"", lead, RULE_FILES & names)

    def _with_folder(self, path: bytes, base: bytes, lead: bytes, present: frozenset[bytes]) -> Level:
        walk, depth = self.walk, self.depth + 1
        assert walk is not None

        def read(*names: bytes, counts: bool = True) -> list[Rule]:
            files = [os.path.join(path, name) for name in names if name in present]
            return [rule for file in files for rule in walk.rules_in(path, file, counts=counts)]

        def extend(rules: RuleSet, more: list[Rule], source: Source) -> RuleSet:
            return rules.extended(more, source, base, lead=lead, depth=depth)

        without = walk.without
        custom, plain_rules = (
            ([], []) if "dot" in without else (read(b".rgignore", b".leindexignore"), read(b".ignore"))
        )
        plain = extend(extend(self.plain, custom, Source.CUSTOM), plain_rules, Source.IGNORE)
        has_git = REQUIRE_GIT not in without and not present.isdisjoint(_REPOSITORY) and walk.is_repository(path)
        if has_git:
            rules = plain.extended(walk.global_rules, Source.GLOBAL, b"")
        else:
            rules = extend(extend(self.rules, custom, Source.CUSTOM), plain_rules, Source.IGNORE)
        in_git = self.in_git or has_git
        # Read in any case, for what is wrong in it, and in ripgrep's order.
        git_rules = [] if "vcs" in without else read(b".gitignore", counts=in_git)
        if has_git or (REQUIRE_GIT in without and b".git" in present):
            rules = extend(rules, walk.exclude_rules(path), Source.EXCLUDE)
        if in_git:
            rules = extend(rules, git_rules, Source.GITIGNORE)
        return Level(walk, rules, plain, in_git, depth)


def is_repository(path: bytes) -> bool:
    return any(os.path.exists(os.path.join(path, name)) for name in _REPOSITORY)


def level_above(root: bytes, choice: RuleChoice | None = None) -> Level:
    """The rules that the folders above the root of a walk (an absolute path without links) impose on it."""
    level = start_level(root, choice or RuleChoice())
    if level.walk is None or "parent" in level.walk.without:
        return level
    for path, lead in folders_above(root):
        level = level.enter_at(path, lead, RULE_FILES)
    return level


def folders_above(root: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each folder above a root (an absolute path), from the file system's down, with the path from there to the root,
    a `/` at its end."""
    parts = [part for part in root.split(b"/") if part]
    for count in range(len(parts)):
        yield b"/" + b"/".join(parts[:count]), b"/".join(parts[count:]) + b"/"


def start_level(root: bytes, choice: RuleChoice) -> Level:
    """The rules that count at the file system's root, before any folder's own."""
    explicit, without = choice.explicit, choice.without
    if without >= ALL_PARTS:
        return Level(None, explicit, explicit, False, 0)
    global_rules: list[Rule] = []
    if without.isdisjoint(("vcs", "global")):
        global_rules = _global_excludes(root, choice.ignore_case)
    parts = [part for part in root.split(b"/") if part]
    in_git = REQUIRE_GIT in without
    if "parent" in without:
        above = [*parts, *(part for part in choice.scope.split(b"/") if part)]
        in_git = in_git or any(is_repository(b"/" + b"/".join(above[:count])) for count in range(len(above)))
    rules = explicit.extended(global_rules, Source.GLOBAL, b"") if in_git else explicit
    return Level(Walk(root, global_rules, choice), rules, explicit, in_git, 0)
