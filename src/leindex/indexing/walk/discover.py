"""The walk: every file of a tree that ripgrep would search with the same settings.

Symbolic links are never followed and nothing outside the root is ever opened (see native/files/below.c), so loops
are harmless; FIFOs, sockets and devices are counted, not touched. Files come in the order of their paths'
components, which is ripgrep's `--sort path` order: `foo/x` before `foo-bar/x` before `foo.c`. That order
costs nothing: each folder is sorted in C and walked depth first.

One difference from ripgrep: a folder named `.git` is never entered, not even with `hidden`.

    for found in discover(b"/home/me/project"):
        print(found.path, found.size)
"""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ..._native import Found, scan_folder
from ...errors import ConfigError
from ...globs.tokens import GlobError
from ...records import field, record
from .ignore import FOLDER, IGNORED, NO_RULE, WHITELISTED, RuleSet, Source, parse_rule
from .ignore_files import ALL_PARTS, RULE_FILES, Fault, Level, RuleChoice, level_above

__all__ = [
    "DiscoverOptions",
    "Discovery",
    "Found",
    "Globs",
    "PathDiscovery",
    "check_globs",
    "dangerous_root",
    "discover",
    "discover_paths",
    "is_hidden",
    "open_root",
    "scope_of",
]

GONE: Final = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP))
"""What a folder that is none any more answers when it is read."""

_FILE: Final = ord("f")
_LINK: Final = ord("l")
OUTSIDE_GLOBS: Final = 3
_DOT: Final = ord(".")


@record(frozen=True, slots=True)
class DiscoverOptions:
    """What belongs to the tree. The defaults are ripgrep's.

    `hidden` takes in entries whose name begins with a dot. `no_ignore` reads no ignore files at all.
    `globs` are as ripgrep's `-g`: they overrule ignore files, `!` at the beginning excludes, and one
    without it excludes all files that no glob matches. `max_size` is the size in bytes above which a file
    is listed but not indexed.
    """

    hidden: bool = False
    no_ignore: bool = False
    globs: tuple[str, ...] = ()
    max_size: int = 4 << 20

    @staticmethod
    def stored(values: Mapping[str, Any]) -> DiscoverOptions:
        """The options as an index keeps them: by name, in JSON."""
        return DiscoverOptions(**{**values, "globs": tuple(values.get("globs", ()))})


@record(slots=True)
class Discovery:
    """One walk; iterate it once. The counts are complete when the iteration is.

    `skipped` counts entries that were passed over, by reason: `ignored`, `hidden`, `glob` (by `globs`),
    `git` (a `.git` folder), `symlink`, `special` (FIFO, socket, device), `vanished` (a folder gone before
    it was read), `index` (the folder `own`, where the index itself is, relative to the root). A folder counts
    once, whatever it holds. `unreadable` has the folders that could not be read, and why; `folders` those that
    could, if it is given as a list. `faults` has the lines of ignore files that are wrong.
    """

    root: bytes
    options: DiscoverOptions
    own: bytes | None = None
    skipped: Counter[str] = field(default_factory=Counter)
    unreadable: list[tuple[bytes, str]] = field(default_factory=list)
    folders: list[bytes] | None = None
    faults: list[Fault] = field(default_factory=list)

    def level_above(self) -> Level:
        """The rules that the folders above the root impose on the walk."""
        without = ALL_PARTS if self.options.no_ignore else frozenset[str]()
        return level_above(self.root, RuleChoice(without, faults=self.faults))

    def __iter__(self) -> Iterator[Found]:
        globs = Globs.of(self.options.globs)
        root_fd = open_root(self.root)
        try:
            yield from self.below(root_fd, b"", self.level_above(), globs)
        finally:
            os.close(root_fd)

    def below(self, root_fd: int, folder: bytes, above: Level, globs: Globs | None) -> Iterator[Found]:
        """Walks one folder that belongs to the tree; `above` has the rules that the folders over it impose."""
        skipped = self.skipped
        stack = [self._entries(root_fd, folder, above, globs)]
        while stack:
            entries, level = stack[-1]
            for kind, name, found, verdict in entries:
                if verdict or name[0] == _DOT:
                    reason = self.passed_over(kind, name, verdict)
                    if reason is not None:
                        skipped[reason] += 1
                        continue
                if kind == _FILE:
                    yield found
                elif kind == FOLDER:
                    stack.append(self._entries(root_fd, found.path, level, globs))
                    break
                else:
                    skipped["symlink" if kind == _LINK else "special"] += 1
            else:
                stack.pop()

    def passed_over(self, kind: int, name: bytes, verdict: int) -> str | None:
        """Why an entry does not belong to the tree, given what the rules say of it; None if it does."""
        if verdict == IGNORED:
            return "ignored"
        if verdict == OUTSIDE_GLOBS:
            return "glob"
        if verdict == NO_RULE and not self.options.hidden and is_hidden(name):
            return "hidden"
        return "git" if kind == FOLDER and name == b".git" else None

    def _entries(
        self, root_fd: int, folder: bytes, above: Level, globs: Globs | None
    ) -> tuple[Iterator[tuple[int, bytes, Found, int]], Level]:
        if folder == self.own:
            self.skipped["index"] += 1
            return iter(()), above
        try:
            kinds, names, founds = scan_folder(root_fd, folder)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise  # nothing is wrong with the folder; without descriptors no walk says anything
            if error.errno in GONE:
                self.skipped["vanished"] += 1
            else:
                self.unreadable.append((folder, os.strerror(error.errno or 0)))
            return iter(()), above
        if self.folders is not None:
            self.folders.append(folder)
        level = above.enter(folder, names)
        verdicts = level.rules.verdicts(folder, kinds, names)
        if globs is not None:
            globs.overrule(verdicts, folder, kinds, names)
        return iter(zip(kinds, names, founds, verdicts, strict=True)), level


@record(slots=True)
class PathDiscovery:
    """What belongs to the tree at and below some paths, without walking the rest; iterate it once.

    `scopes` are the paths (relative to the root) that the iteration answers for, none within another: what a
    catalogue has at or below them and the iteration does not give is no longer there. They are the paths
    asked for, but for a file of ignore rules, whose change concerns the whole folder that it lies in.
    """

    walk: Discovery
    scopes: tuple[bytes, ...]

    def __iter__(self) -> Iterator[Found]:
        globs = Globs.of(self.walk.options.globs)
        root_fd = open_root(self.walk.root)
        try:
            # The levels of the folders met so far; None for one that does not belong to the tree.
            levels: dict[bytes, Level | None] = {}
            above = self.walk.level_above()
            for path in self.scopes:
                if not path:
                    yield from self.walk.below(root_fd, b"", above, globs)
                    continue
                folder, _, name = path.rpartition(b"/")
                level = self._entered(root_fd, folder, above, globs, levels)
                if level is None:
                    continue
                found = self._visible(root_fd, folder, name, level, globs)
                if found is None:
                    continue
                if stat.S_ISDIR(found.mode):
                    yield from self.walk.below(root_fd, path, level, globs)
                else:
                    yield found
        finally:
            os.close(root_fd)

    def _entered(
        self,
        root_fd: int,
        folder: bytes,
        above: Level,
        globs: Globs | None,
        levels: dict[bytes, Level | None],
    ) -> Level | None:
        """The rules that count in a folder, or None if it does not belong to the tree."""
        if b"" not in levels:
            levels[b""] = above.enter_unlisted(b"")
        if folder in levels:
            return levels[folder]
        level, parent, end = levels[b""], b"", 0
        while level is not None and end < len(folder):
            start, end = end and end + 1, (folder + b"/").index(b"/", end + 1)
            path = folder[:end]
            if path not in levels:
                found = self._visible(root_fd, parent, folder[start:end], level, globs)
                inside = found is not None and stat.S_ISDIR(found.mode) and path != self.walk.own
                levels[path] = level.enter_unlisted(path) if inside else None
            level, parent = levels[path], path
        return level

    def _visible(self, root_fd: int, folder: bytes, name: bytes, level: Level, globs: Globs | None) -> Found | None:
        """The file or folder of this name, if there is one and the rules let it in. Links are not followed."""
        path = folder + b"/" + name if folder else name
        try:
            status = os.stat(path, dir_fd=root_fd, follow_symlinks=False)
        except OSError:
            return None
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            return None
        kind = FOLDER if stat.S_ISDIR(status.st_mode) else _FILE
        verdicts = level.rules.verdicts(folder, bytes((kind,)), [name])
        if globs is not None:
            globs.overrule(verdicts, folder, bytes((kind,)), [name])
        if self.walk.passed_over(kind, name, verdicts[0]) is not None:
            return None
        fields = (path, status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns, status.st_mode)
        return Found(fields)  # type: ignore[arg-type]  # the sixth is an attribute only


@record(frozen=True, slots=True)
class Globs:
    """The globs of `-g`: rules whose meaning is turned round, and that overrule all others."""

    rules: RuleSet
    has_include: bool

    @staticmethod
    def of(globs: tuple[str, ...]) -> Globs | None:
        rules = []
        for glob in globs:
            try:
                glob.encode()
                rule = parse_rule(glob, unclosed_class=False)
            except (GlobError, UnicodeEncodeError) as error:
                raise ConfigError(f"the glob {glob!r} is not well formed: {error}") from None
            if rule is not None:
                rules.append(rule)
        if not rules:
            return None
        return Globs(RuleSet().extended(rules, Source.CUSTOM, b""), not all(rule.whitelist for rule in rules))

    def overrule(self, verdicts: bytearray, folder: bytes, kinds: bytes, names: list[bytes]) -> None:
        for number, verdict in enumerate(self.rules.verdicts(folder, kinds, names)):
            if verdict == IGNORED:
                verdicts[number] = WHITELISTED
            elif verdict == WHITELISTED or (self.has_include and kinds[number] != FOLDER):
                verdicts[number] = OUTSIDE_GLOBS


def open_root(root: bytes) -> int:
    """A descriptor of the folder that a walk begins with. Raises ConfigError where it cannot be read."""
    try:
        return os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{os.fsdecode(root)!r} cannot be read: {os.strerror(error.errno or 0)}") from None


def discover(root: bytes | str, options: DiscoverOptions | None = None, *, own: bytes | str | None = None) -> Discovery:
    """Starts a walk of the folder `root`, which may itself be reached through links.

    `own` is the absolute path of the index's folder, which is no part of the tree should it lie there.

    Raises `ConfigError` for a root that is not a readable folder and for a glob that is not well formed.
    """
    options = options or DiscoverOptions()
    real = os.path.realpath(os.fsencode(root))
    os.close(open_root(real))
    Globs.of(options.globs)
    return Discovery(real, options, _below(real, own))


def is_hidden(name: bytes) -> bool:
    """Whether an entry of this name is hidden; to ripgrep one that ends with a dot is not."""
    return name[0] == _DOT and name[-1] != _DOT


def check_globs(globs: tuple[str, ...]) -> None:
    """Raises ConfigError for a malformed glob, as the walk would."""
    Globs.of(globs)


def _below(root: bytes, own: bytes | str | None) -> bytes | None:
    """The index's folder relative to the root, if it lies there."""
    path = b"" if own is None else os.path.realpath(os.fsencode(own))
    prefix = os.path.join(root, b"")
    return path[len(prefix) :] if path.startswith(prefix) else None


def scope_of(path: bytes) -> bytes | None:
    """The path that has to be looked at when something changed at `path`; None if that is no change of the tree.

    A file of ignore rules concerns the folder that it lies in. What happens inside a repository's own folder is
    nothing to us, but for its ignore rules.
    """
    parts = path.split(b"/")
    if b".git" in parts:
        place = parts.index(b".git")
        return b"/".join(parts[:place]) if parts[place + 1 :] in ([], [b"info", b"exclude"]) else None
    return b"/".join(parts[:-1]) if parts[-1] in RULE_FILES else path


def discover_paths(
    root: bytes | str,
    paths: Iterable[bytes],
    options: DiscoverOptions | None = None,
    *,
    own: bytes | str | None = None,
) -> PathDiscovery:
    """Starts a look at some paths below `root`, each relative to it: files or folders, there or gone.

    What a full walk would find there is found, in path order. Raises `ConfigError` as `discover` does, and
    for a path that leads out of the root.
    """
    walk = discover(root, options, own=own)
    asked: set[bytes] = set()
    for path in paths:
        parts = [part for part in path.split(b"/") if part not in (b"", b".")]
        if path.startswith(b"/") or b".." in parts or b"\0" in path:
            raise ConfigError(f"{os.fsdecode(path)!r} is not a path below {os.fsdecode(root)!r}")
        scope = scope_of(b"/".join(parts))
        if scope is not None:
            asked.add(scope)
    scopes: list[bytes] = []
    for path in sorted(asked, key=lambda path: path.replace(b"/", b"\0")):
        if not scopes or not (scopes[-1] == b"" or path.startswith(scopes[-1] + b"/")):
            scopes.append(path)
    return PathDiscovery(walk, tuple(scopes))


def dangerous_root(path: bytes | str) -> str | None:
    """Why a folder should not be indexed without being asked, or None if nothing speaks against it."""
    real = os.path.realpath(os.fsencode(path))
    if real == b"/":
        return "it is the root of the file system"
    if real in _SYSTEM_FOLDERS:
        return "it is a folder of the system"
    homes = {os.path.realpath(os.path.expanduser(b"~"))}
    if real in homes or (os.path.dirname(real) in _HOMES_FOLDERS):
        return "it is a home folder"
    if real in _HOMES_FOLDERS or any(home.startswith(real + b"/") for home in homes):
        return "it holds home folders"
    return None


_HOMES_FOLDERS: Final = frozenset((b"/home", b"/Users"))
_SYSTEM_FOLDERS: Final = frozenset(
    b"/" + name
    for name in b"bin boot dev etc lib lib64 media mnt opt proc root run sbin sys tmp usr var"
    b" private/tmp private/var System Library Applications Volumes".split()
)
