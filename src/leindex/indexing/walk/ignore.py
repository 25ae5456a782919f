"""Ignore rules: which entries of a folder they exclude or bring back, exactly as ripgrep 15.1.0 decides.

A file of rules (`.gitignore` and its kin) becomes `Rule`s; a `RuleSet` holds all the rules that count in a
folder, from every file that has a say there. Each rule has a rank, and of the rules that match an entry the
one with the highest rank decides: first by the kind of file (`Source`), then by how deep it lies, then by
the line.

A set is made for speed over many folders: rules that compare a name or an extension sit in dictionaries,
and the few that search (endings, expressions) are first tried once on all the names of a folder together. A
folder with a file of its own gets a copy of its parent's set with the new rules laid over it.

    >>> rules = RuleSet().extended(parse_rules(b"*.o\\n!keep.o\\n"), Source.GITIGNORE, b"")
    >>> list(rules.verdicts(b"", b"fff", [b"a.c", b"a.o", b"keep.o"]))
    [0, 1, 2]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Final, NamedTuple

from ...globs import Glob, Shape, parse
from ...globs.tokens import GlobError
from ...records import record

NO_RULE: Final = 0
IGNORED: Final = 1
WHITELISTED: Final = 2

FOLDER: Final = ord("d")

_WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)
_BOM: Final = "\ufeff"


class Source(IntEnum):
    """Where rules come from, a higher number overruling a lower one whatever their folders."""

    EXPLICIT = 0
    """A file that was named for one search."""
    GLOBAL = 1
    """The user's own excludes for git."""
    EXCLUDE = 2
    """`.git/info/exclude`."""
    GITIGNORE = 3
    IGNORE = 4
    """`.ignore`."""
    CUSTOM = 5
    """`.rgignore`, and `.leindexignore`, whose rules come after it in the same folder."""


@record(frozen=True, slots=True)
class Rule:
    """One line of a file of rules."""

    glob: Glob
    whitelist: bool
    only_folders: bool


def parse_rule(line: str, *, unclosed_class: bool = True, ignore_case: bool = False) -> Rule | None:
    """Reads one line; None for a comment or an empty one. With `ignore_case` capitals do not count.

    Raises `GlobError` for a glob that is not well formed.
    """
    if line.startswith("#"):
        return None
    line = _trimmed(line)
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
    return Rule(parse(line, unclosed_class=unclosed_class, ignore_case=ignore_case), whitelist, only_folders)


def _trimmed(line: str) -> str:
    return line if line.endswith("\\ ") else line.rstrip(_WHITE_SPACE)


class WrongLine(NamedTuple):
    """A line of a file of rules, by number from 1, and why it is none, in ripgrep's words."""

    number: int
    reason: str


def parse_rules(content: bytes, *, ignore_case: bool = False, wrong: list[WrongLine] | None = None) -> list[Rule]:
    """Reads a file of rules.

    Lines that are wrong are passed over and added to `wrong`; a line that is not UTF-8 and all that follow it are not
    read, which ripgrep has a word for only where another line is wrong.
    """
    rules: list[Rule] = []
    said = len(wrong) if wrong is not None else 0
    for number, raw in enumerate(content.split(b"\n")):
        try:
            line = raw.removesuffix(b"\r").decode()
        except UnicodeDecodeError:
            if wrong is not None and len(wrong) > said:
                wrong.append(WrongLine(number + 1, "stream did not contain valid UTF-8"))
            break
        line = line.lstrip(_BOM) if number == 0 else line
        try:
            rule = parse_rule(line, ignore_case=ignore_case)
        except GlobError as error:
            if wrong is not None:
                wrong.append(WrongLine(number + 1, f"error parsing glob '{_trimmed(line)}': {error}"))
            continue
        if rule is not None:
            rules.append(rule)
    return rules


@record(frozen=True, slots=True)
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


@record(frozen=True, slots=True)
class _Search:
    """A rule that looks at the name alone but cannot be looked up."""

    rank: int
    matches: Callable[[bytes], object]


class _Table:
    """Rules by the kind of test, for files or for folders; in a dictionary, the highest rank of each text."""

    def __init__(self) -> None:
        self.names: dict[bytes, int] = {}
        self.extensions: dict[bytes, int] = {}
        # Each with a text that occurs in the names of a folder, each between two `/`, if one of them matches.
        self.searches: list[tuple[bytes, _Search]] = []
        self.paths: dict[bytes, dict[bytes, int]] = {}
        self.path_tests: list[_PathTest] = []

    def copy(self) -> _Table:
        other = _Table()
        other.names = self.names.copy()
        other.extensions = self.extensions.copy()
        other.searches = self.searches.copy()
        other.paths = self.paths.copy()
        other.path_tests = self.path_tests.copy()
        return other

    def add(self, rank: int, glob: Glob, base: bytes, lead: bytes) -> None:
        text = glob.text
        match glob.shape:
            case Shape.NAME:
                self.names[text] = max(rank, self.names.get(text, 0))
            case Shape.EXTENSION:
                self.extensions[text] = max(rank, self.extensions.get(text, 0))
            case Shape.NAME_ENDS:
                self.searches.append((text + b"/", _Search(rank, lambda name: name.endswith(text))))
            case Shape.NAME_BEGINS:
                self.searches.append((b"/" + text, _Search(rank, lambda name: name.startswith(text))))
            case Shape.NAME_MATCHES:
                self.searches.append((text, _Search(rank, glob.name_matcher())))
            case Shape.PATH_MATCHES:
                self.path_tests.append(_PathTest(rank, glob, glob.path_matcher(), base, lead))
            case Shape.PATH:
                below = text[len(lead) :]
                if text.startswith(lead) and not below.startswith(b"/"):
                    folder, _, name = (base + below).rpartition(b"/")
                    names = self.paths[folder] = self.paths.get(folder, {}).copy()
                    names[name] = max(rank, names.get(name, 0))

    def in_folder(self, folder: bytes, names: list[bytes]) -> Callable[[bytes], int] | None:
        """A function from a name in this folder to the highest rank that matches it, 0 for none.

        None if nothing matches any of the names, which is found out without looking at them one by one.
        """
        together = b"/" + b"/".join(names) + b"/"
        prefix = folder + b"/" if folder else b""
        exact = self.names
        if folder in self.paths:
            exact = exact.copy()
            for name, rank in self.paths[folder].items():
                exact[name] = max(rank, exact.get(name, 0))
        extensions = self.extensions
        searches = [search for needle, search in self.searches if needle in together]
        path_tests = [test for test in self.path_tests if test.may_match_in(prefix)]
        if (
            not (searches or path_tests)
            and exact.keys().isdisjoint(names)
            # Without a dot the slice is the last byte, which no extension is.
            and extensions.keys().isdisjoint([name[name.rfind(b".") :] for name in names])
        ):
            return None

        def highest_rank(name: bytes) -> int:
            best = max(exact.get(name, 0), extensions.get(name[name.rfind(b".") :], 0))
            for search in searches:
                if search.rank > best and search.matches(name):
                    best = search.rank
            for test in path_tests:
                if test.rank > best and test.matches_path(prefix + name):
                    best = test.rank
            return best

        return highest_rank


class RuleSet:
    """All the rules that count in a folder; never changed once made. `empty` is true where there is none."""

    def __init__(self) -> None:
        self._files = _Table()
        self._folders = _Table()
        self.empty = True

    def extended(
        self, rules: Iterable[Rule], source: Source, base: bytes, *, lead: bytes = b"", depth: int = 0
    ) -> RuleSet:
        """This set with the rules of one more file laid over it.

        `base` is the file's folder relative to the root of the walk, with a `/` at its end, or empty; for a
        folder above that root, `base` is empty and `lead` is the root's path relative to the folder, with a
        `/` at its end. `depth` says which of two files of the same source is the nearer: the one with the
        greater depth.
        """
        rules = list(rules)
        if not rules:
            return self
        other = RuleSet()
        other._files, other._folders, other.empty = self._files.copy(), self._folders.copy(), False
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
        folder_rank = None if self.empty else self._folders.in_folder(folder, names)
        if folder_rank is None:
            # Every rule counts for folders and only some for files, so files have no match either.
            return verdicts
        file_rank = self._files.in_folder(folder, names)
        for number, name in enumerate(names):
            rank_of = folder_rank if kinds[number] == FOLDER else file_rank
            rank = rank_of(name) if rank_of else 0
            if rank:
                verdicts[number] = WHITELISTED if rank & 1 else IGNORED
        return verdicts
