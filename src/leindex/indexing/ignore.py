"""Ignore rules: which entries of a folder they exclude or bring back, exactly as ripgrep 15.1.0 decides.

A file of rules (`.gitignore` and its kin) becomes `Rule`s; a `RuleSet` holds all the rules that count in a folder,
from every file that has a say there. Each rule has a rank, and of the rules that match an entry the one with the
highest rank decides: first by the kind of file (`Source`), then by how deep it lies, then by the line.

A set is made for speed over many folders: rules that compare a name or an extension sit in dictionaries, and the
few that search (endings, expressions) are first tried once on all the names of a folder together. A folder with a
file of its own gets a copy of its parent's set with the new rules laid over it.

    >>> rules = RuleSet().extended(parse_rules(b"*.o\\n!keep.o\\n"), Source.GITIGNORE, b"")
    >>> list(rules.verdicts(b"", b"fff", [b"a.c", b"a.o", b"keep.o"]))
    [0, 1, 2]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from .globs import Glob, GlobClassError, GlobError, Shape, parse

NO_RULE: Final = 0
IGNORED: Final = 1
WHITELISTED: Final = 2

FOLDER: Final = ord("d")

_WHITE_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
_BOM: Final = "\ufeff"


class Source(IntEnum):
    """Where rules come from, a higher number overruling a lower one whatever their folders."""

    GLOBAL = 0
    """The user's own excludes for git."""
    EXCLUDE = 1
    """`.git/info/exclude`."""
    GITIGNORE = 2
    IGNORE = 3
    """`.ignore`."""
    CUSTOM = 4
    """`.rgignore`, and `.leindexignore`, whose rules come after it in the same folder."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a file of rules."""

    glob: Glob
    whitelist: bool
    only_folders: bool


def parse_rule(line: str, *, unclosed_class: bool = True) -> Rule | None:
    """Reads one line; None for a comment or an empty one.

    Raises `GlobError` for a glob that is not well formed and `GlobClassError` as `globs.parse` does.
    """
    if line.startswith("#"):
        return None
    if not line.endswith("\\ "):
        line = line.rstrip(_WHITE_SPACE)
    if not line:
        return None
    whitelist = anchored = False
    if line.startswith(("\\!", "\\#")):
        line = line[1:]
    else:
        if line.startswith("!"):
            whitelist, line = True, line[1:]
        if line.startswith("/"):
            anchored, line = True, line[1:]
    only_folders = line.endswith("/")
    if only_folders:
        line = line[:-1].removesuffix("\\")
    if not anchored and "/" not in line and line != "**":
        line = "**/" + line
    if line.endswith("/**"):
        line += "/*"
    return Rule(parse(line, unclosed_class=unclosed_class), whitelist, only_folders)


def parse_rules(content: bytes) -> list[Rule]:
    """Reads a file of rules. Lines that are wrong are passed over; what follows a line that is not UTF-8 is not read."""
    rules = []
    for number, raw in enumerate(content.split(b"\n")):
        try:
            line = raw.removesuffix(b"\r").decode()
        except UnicodeDecodeError:
            break
        try:
            rule = parse_rule(line.lstrip(_BOM) if number == 0 else line)
        except GlobError:
            continue
        except GlobClassError:
            return []
        if rule is not None:
            rules.append(rule)
    return rules


@dataclass(frozen=True, slots=True)
class _PathTest:
    """A rule that needs the whole path. `cut` characters are cut off it first, or `lead` is put before it."""

    rank: int
    glob: Glob
    matches: Callable[[bytes], object]
    base: bytes
    lead: bytes

    def may_match_in(self, folder: bytes) -> bool:
        """Whether entries of this folder (with a `/` at its end, or empty) can match at all."""
        relative = self.lead + folder[len(self.base) :]
        if self.glob.slashes is not None and relative.count(b"/") != self.glob.slashes:
            return False
        text = self.glob.text
        return text.startswith(relative) or relative.startswith(text)

    def matches_path(self, path: bytes) -> bool:
        return bool(self.matches(self.lead + path[len(self.base) :]))


class _Table:
    """Rules by the kind of test, for files or for folders; in a dictionary, the highest rank of each text."""

    def __init__(self) -> None:
        self.names: dict[bytes, int] = {}
        self.extensions: dict[bytes, int] = {}
        self.endings: dict[bytes, int] = {}
        self.beginnings: dict[bytes, int] = {}
        self.expressions: list[tuple[int, bytes, Callable[[bytes], object]]] = []
        self.paths: dict[bytes, dict[bytes, int]] = {}
        self.path_tests: list[_PathTest] = []

    def copy(self) -> _Table:
        other = _Table()
        other.names = self.names.copy()
        other.extensions = self.extensions.copy()
        other.endings = self.endings.copy()
        other.beginnings = self.beginnings.copy()
        other.expressions = self.expressions.copy()
        other.paths = self.paths.copy()
        other.path_tests = self.path_tests.copy()
        return other

    def add(self, rank: int, glob: Glob, base: bytes, lead: bytes) -> None:
        shape, text = glob.shape, glob.text
        if shape is Shape.NAME_MATCHES:
            self.expressions.append((rank, text, glob.name_matcher()))
        elif shape is Shape.PATH_MATCHES:
            self.path_tests.append(_PathTest(rank, glob, glob.path_matcher(), base, lead))
        elif shape is Shape.PATH:
            below = text[len(lead) :]
            if text.startswith(lead) and not below.startswith(b"/"):
                folder, _, name = (base + below).rpartition(b"/")
                names = self.paths[folder] = self.paths.get(folder, {}).copy()
                names[name] = max(rank, names.get(name, 0))
        else:
            texts = {
                Shape.NAME: self.names,
                Shape.EXTENSION: self.extensions,
                Shape.NAME_ENDS: self.endings,
                Shape.NAME_BEGINS: self.beginnings,
            }[shape]
            texts[text] = max(rank, texts.get(text, 0))

    def in_folder(self, folder: bytes, names: list[bytes]) -> Callable[[bytes], int]:
        """A function from a name in this folder to the highest rank that matches it, 0 for none."""
        together = b"/" + b"/".join(names) + b"/"
        prefix = folder + b"/" if folder else b""
        exact = self.names
        if folder in self.paths:
            exact = exact.copy()
            for name, rank in self.paths[folder].items():
                exact[name] = max(rank, exact.get(name, 0))
        extensions = self.extensions
        endings = [(rank, text) for text, rank in self.endings.items() if text + b"/" in together]
        beginnings = [(rank, text) for text, rank in self.beginnings.items() if b"/" + text in together]
        expressions = [test for test in self.expressions if test[1] in together]
        path_tests = [test for test in self.path_tests if test.may_match_in(prefix)]

        def quick(name: bytes) -> int:
            rank = exact.get(name, 0)
            dot = name.rfind(b".")
            if dot >= 0:
                rank = max(rank, extensions.get(name[dot:], 0))
            return rank

        if not (endings or beginnings or expressions or path_tests):
            return quick

        def thorough(name: bytes) -> int:
            best = quick(name)
            for rank, text in endings:
                if rank > best and name.endswith(text):
                    best = rank
            for rank, text in beginnings:
                if rank > best and name.startswith(text):
                    best = rank
            for rank, text, matches in expressions:
                if rank > best and text in name and matches(name):
                    best = rank
            for test in path_tests:
                if test.rank > best and test.matches_path(prefix + name):
                    best = test.rank
            return best

        return thorough


class RuleSet:
    """All the rules that count in a folder; never changed once made."""

    def __init__(self) -> None:
        self._files = _Table()
        self._folders = _Table()
        self._empty = True

    def extended(self, rules: Iterable[Rule], source: Source, base: bytes, *, lead: bytes = b"", depth: int = 0) -> RuleSet:
        """This set with the rules of one more file laid over it.

        `base` is the file's folder relative to the root of the walk, with a `/` at its end, or empty; for a folder
        above that root, `base` is empty and `lead` is the root's path relative to the folder, with a `/` at its
        end. `depth` says which of two files of the same source is the nearer: the one with the greater depth.
        """
        rules = list(rules)
        if not rules:
            return self
        other = RuleSet()
        other._files, other._folders, other._empty = self._files.copy(), self._folders.copy(), False
        for number, rule in enumerate(rules):
            # Odd ranks whitelist, so that a match carries its verdict; 0 is left for no match.
            rank = (((source << 24) + depth << 24) + number + 1) * 2 + rule.whitelist
            other._folders.add(rank, rule.glob, base, lead)
            if not rule.only_folders:
                other._files.add(rank, rule.glob, base, lead)
        return other

    def verdicts(self, folder: bytes, kinds: bytes, names: list[bytes]) -> bytearray:
        """For each entry of a folder, `NO_RULE`, `IGNORED` or `WHITELISTED`.

        `folder` is relative to the root of the walk, without a `/` at its end; `kinds` and `names` are as
        `_native.scan_folder` returns them.
        """
        verdicts = bytearray(len(names))
        if self._empty:
            return verdicts
        file_rank = self._files.in_folder(folder, names)
        folder_rank = self._folders.in_folder(folder, names) if FOLDER in kinds else file_rank
        for number, name in enumerate(names):
            rank = folder_rank(name) if kinds[number] == FOLDER else file_rank(name)
            if rank:
                verdicts[number] = WHITELISTED if rank & 1 else IGNORED
        return verdicts
