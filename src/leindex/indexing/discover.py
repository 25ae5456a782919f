"""The walk: every file of a tree that ripgrep would search with the same settings.

Symbolic links are never followed and nothing outside the root is ever opened (see native/files.c), so loops
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
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from leindex._native import Found, scan_folder
from leindex.errors import ConfigError

from .globs import GlobError
from .ignore import FOLDER, IGNORED, NO_RULE, WHITELISTED, RuleSet, Source, parse_rule
from .ignore_files import Level, level_above

__all__ = ["DiscoverOptions", "Discovery", "Found", "dangerous_root", "discover"]

_FILE: Final = ord("f")
_LINK: Final = ord("l")
_OUTSIDE_GLOBS: Final = 3
_DOT: Final = ord(".")


@dataclass(frozen=True, slots=True)
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


@dataclass(slots=True)
class Discovery:
    """One walk; iterate it once. The counts are complete when the iteration is.

    `skipped` counts entries that were passed over, by reason: `ignored`, `hidden`, `glob` (by `globs`),
    `git` (a `.git` folder), `symlink`, `special` (FIFO, socket, device), `vanished` (a folder gone before
    it was read). A folder counts once, whatever it holds. `unreadable` has the folders that could not be
    read, and why.
    """

    root: bytes
    options: DiscoverOptions
    skipped: Counter[str] = field(default_factory=Counter)
    unreadable: list[tuple[bytes, str]] = field(default_factory=list)

    def __iter__(self) -> Iterator[Found]:
        root_fd = _open_root(self.root)
        try:
            yield from self._walk(root_fd)
        finally:
            os.close(root_fd)

    def _walk(self, root_fd: int) -> Iterator[Found]:
        globs = _Globs.of(self.options.globs)
        level = level_above(self.root, no_ignore=self.options.no_ignore)
        show_hidden = self.options.hidden
        skipped = self.skipped
        stack = [self._entries(root_fd, b"", level, globs)]
        while stack:
            entries, level = stack[-1]
            for kind, name, found, verdict in entries:
                if verdict == IGNORED:
                    skipped["ignored"] += 1
                elif verdict == _OUTSIDE_GLOBS:
                    skipped["glob"] += 1
                elif verdict == NO_RULE and not show_hidden and name[0] == _DOT and name[-1] != _DOT:
                    # A name that ends with a dot is not hidden to ripgrep.
                    skipped["hidden"] += 1
                elif kind == _FILE:
                    yield found
                elif kind == FOLDER:
                    if name == b".git":
                        skipped["git"] += 1
                        continue
                    stack.append(self._entries(root_fd, found.path, level, globs))
                    break
                else:
                    skipped["symlink" if kind == _LINK else "special"] += 1
            else:
                stack.pop()

    def _entries(
        self, root_fd: int, folder: bytes, above: Level, globs: _Globs | None
    ) -> tuple[Iterator[tuple[int, bytes, Found, int]], Level]:
        try:
            kinds, names, founds = scan_folder(root_fd, folder)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                self.skipped["vanished"] += 1
            else:
                self.unreadable.append((folder, os.strerror(error.errno or 0)))
            return iter(()), above
        level = above.enter(folder, names)
        verdicts = level.rules.verdicts(folder, kinds, names)
        if globs is not None:
            globs.overrule(verdicts, folder, kinds, names)
        return iter(zip(kinds, names, founds, verdicts, strict=True)), level


@dataclass(frozen=True, slots=True)
class _Globs:
    """The globs of `-g`: rules whose meaning is turned round, and that overrule all others."""

    rules: RuleSet
    has_include: bool

    @staticmethod
    def of(globs: tuple[str, ...]) -> _Globs | None:
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
        return _Globs(
            RuleSet().extended(rules, Source.CUSTOM, b""), not all(rule.whitelist for rule in rules)
        )

    def overrule(self, verdicts: bytearray, folder: bytes, kinds: bytes, names: list[bytes]) -> None:
        for number, verdict in enumerate(self.rules.verdicts(folder, kinds, names)):
            if verdict == IGNORED:
                verdicts[number] = WHITELISTED
            elif verdict == WHITELISTED or (self.has_include and kinds[number] != FOLDER):
                verdicts[number] = _OUTSIDE_GLOBS


def _open_root(root: bytes) -> int:
    try:
        return os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{os.fsdecode(root)!r} cannot be read: {os.strerror(error.errno or 0)}") from None


def discover(root: bytes | str, options: DiscoverOptions | None = None) -> Discovery:
    """Starts a walk of the folder `root`, which may itself be reached through links.

    Raises `ConfigError` for a root that is not a readable folder and for a glob that is not well formed.
    """
    options = options or DiscoverOptions()
    real = os.path.realpath(os.fsencode(root))
    os.close(_open_root(real))
    _Globs.of(options.globs)
    return Discovery(real, options)


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
