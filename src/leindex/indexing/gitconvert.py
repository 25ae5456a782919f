"""Whether git may convert a file's content on its way into a blob (line ends, keywords, filters, encodings).

Where it may, the blob's id says nothing about the file's bytes. The answer errs towards "may": every
attribute that could set a conversion counts, even if a later line takes it back, and what is not understood
counts too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container
from typing import Final

from ..globs import Glob
from ..globs.tokens import GlobError
from .walk.ignore import parse_rule
from .walk.ignore_files import git_config_files, read_small

_SECTION: Final = re.compile(r'\s*\[\s*([\w.-]+)(?:\s+"(?:[^"\\]|\\.)*")?\s*\]\s*(.*)')
_SETTING: Final = re.compile(r"\s*([A-Za-z][\w-]*)\s*(?:=\s*(.*?))?\s*$")
_SYSTEM_FOLDERS: Final = (b"/etc", b"/usr/local/etc", b"/opt/homebrew/etc")
_CONVERTING: Final = re.compile(r"(?:text|crlf|eol|ident|filter|working-tree-encoding)(?:=|$)")
_NOT_AS_RG: Final = re.compile(r'[{}"]|\[:')


class GitConfig(dict[str, str]):
    """Settings as `section.key` in lower case, subsections left out; several values joined by a newline."""

    @staticmethod
    def of_repository(git_dir: bytes, common_dir: bytes) -> GitConfig:
        """All that applies to a repository, from the system's files to its own."""
        files = [os.path.join(folder, b"gitconfig") for folder in _SYSTEM_FOLDERS] + git_config_files()
        if b"GIT_CONFIG_GLOBAL" in os.environb:
            files.append(os.environb[b"GIT_CONFIG_GLOBAL"])
        config = GitConfig()
        for path in [*files, os.path.join(common_dir, b"config"), os.path.join(git_dir, b"config.worktree")]:
            config._read(path, 0)
        return config

    def _read(self, path: bytes, depth: int) -> None:
        content = read_small(path)
        if content is None or depth > 10:
            return
        section = ""
        for line in content.decode("utf-8", "replace").replace("\\\n", "").splitlines():
            if header := _SECTION.match(line):
                section, line = header[1].lower(), header[2]
            setting = _SETTING.match(line)
            if not setting or line.lstrip().startswith(("#", ";")):
                continue
            key = f"{section}.{setting[1].lower()}"
            value = re.split(r"\s[#;]", setting[2] if setting[2] is not None else "true")[0].strip().strip('"')
            self[key] = f"{self[key]}\n{value}" if key in self else value
            if key in ("include.path", "includeif.path"):
                included = os.path.expanduser(os.fsencode(value))
                self._read(os.path.join(os.path.dirname(path), included), depth + 1)

    def may_be_on(self, key: str) -> bool:
        """Whether any file sets this switch to something other than off."""
        return any(value.lower() not in ("false", "no", "off", "0", "") for value in self.get(key, "").split("\n"))


class Conversions:
    """What git's configuration and attributes may convert in one work tree; files are read lazily."""

    def __init__(self, top: bytes, common_dir: bytes, config: GitConfig) -> None:
        self._top = top
        self._ignore_case = config.may_be_on("core.ignorecase")
        self._everything = config.may_be_on("core.autocrlf")
        self._macros: set[str] = set()
        self._folders: dict[bytes, tuple[tuple[int, Glob | None], ...]] = {}
        files = [os.path.join(folder, b"gitattributes") for folder in _SYSTEM_FOLDERS]
        files += [os.path.join(os.path.dirname(path), b"attributes") for path in git_config_files()[1:]]
        files += [os.path.expanduser(os.fsencode(p)) for p in config.get("core.attributesfile", "").split("\n") if p]
        files.append(os.path.join(common_dir, b"info/attributes"))
        self._above = tuple((0, glob) for path in files for glob in self._converting(read_small(path)))

    def may_convert(self, path: bytes, tracked: Container[bytes]) -> bool:
        """Whether the file at this path (relative to the work tree's top) may be converted."""
        if self._everything:
            return True
        rules = self._rules(path.rpartition(b"/")[0], tracked)
        return any(glob is None or glob.fullmatch(path[cut:]) for cut, glob in rules)

    def _rules(self, folder: bytes, tracked: Container[bytes]) -> tuple[tuple[int, Glob | None], ...]:
        """The globs that convert in this folder, each with the length to cut off a path; None matches all."""
        rules = self._folders.get(folder)
        if rules is None:
            above = self._rules(folder.rpartition(b"/")[0], tracked) if folder else self._above
            prefix = folder + b"/" if folder else b""
            name = prefix + b".gitattributes"
            content = read_small(os.path.join(self._top, name))
            if content is None and name in tracked:
                # git then takes the attributes from the blob, which is not at hand.
                own: list[Glob | None] = [None]
            else:
                own = self._converting(content)
            rules = self._folders[folder] = above + tuple((len(prefix), glob) for glob in own)
        return rules

    def _converting(self, content: bytes | None) -> list[Glob | None]:
        globs: list[Glob | None] = []
        for line in (content or b"").decode("utf-8", "replace").splitlines():
            pattern, *attributes = line.split() or ["#"]
            if pattern.startswith("#"):
                continue
            if not any(_CONVERTING.match(name) or name in self._macros for name in attributes):
                continue
            if pattern.startswith("[attr]"):
                self._macros.add(pattern.removeprefix("[attr]"))
            else:
                globs.append(self._glob(pattern))
        return globs

    def _glob(self, pattern: str) -> Glob | None:
        if self._ignore_case or _NOT_AS_RG.search(pattern) or not pattern.isascii():
            return None
        try:
            rule = parse_rule(pattern)
        except GlobError:
            return None
        return rule.glob if rule and not rule.whitelist else None
