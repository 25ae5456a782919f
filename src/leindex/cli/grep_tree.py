"""Which files of a tree `leindex grep` covers: those of the index, less what the flags take out, and those that the
flags bring in and the index passed over."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ..index import Index
from ..indexing.beside import Asked, Beside, Report, Seen
from ..indexing.discover import DiscoverOptions, is_hidden
from ..indexing.ignore import Rule, RuleSet, Source, parse_rules
from ..search.exact import Part
from ..search.path_filter import PathFilter
from .grep_flags import GrepCommand, display_prefix


def part_of(command: GrepCommand, index: Index, paths: PathFilter, path: str | None) -> Part:
    """The part of an index that a grep searches, for a folder as it was typed, or None for the one it runs in."""
    scope = index.location.scope
    prefix, strip = display_prefix(path), len(os.fsencode(scope)) + 1 if scope else 0
    files = _Files(command, index, paths, b"" if path is None else prefix.removeprefix(b"./"), strip)
    selector = index.selector(files.condition(), scope=scope)
    return Part(replace(selector, beside=files.beside()), prefix, strip)


@dataclass(frozen=True)
class _Files:
    """The flags of one grep and the options of one index. `prefix` stands before the paths in the folder that was
    asked for, in place of the first `strip` bytes of the paths in the index."""

    command: GrepCommand
    index: Index
    paths: PathFilter
    prefix: bytes
    strip: int

    def condition(self) -> Callable[[bytes], bool] | None:
        """Which of the files in the index are searched; None for all of them."""
        report, has_rules = self._asked.report(self._options), bool(self.command.rules)
        if report is Report.NONE and not has_rules:
            return None
        strip, prefix, accepts = self.strip, self._ruled(self.prefix), self.paths.accepts

        def accepted(name: bytes) -> bool:
            shown = name[strip:]
            if report is Report.ALL or (report is Report.HIDDEN and _is_below_hidden(shown)):
                return name in self._wanted
            return not has_rules or accepts(prefix + shown, prefix)

        return accepted

    def beside(self) -> Callable[[], Sequence[bytes]] | None:
        """The files to search that are not in the index; None where there cannot be any."""
        asked, options = self._asked, self._options
        more = (
            asked.hidden
            or asked.report(options) is Report.ALL
            or (asked.without and not options.no_ignore)
            or self.paths.selecting
            or (self.paths.selects_types and not options.hidden)
            or not self._walk.scope_indexed
        )
        return (lambda: self._unindexed) if more else None

    @cached_property
    def _here(self) -> bytes:
        return os.path.join(os.getcwdb(), b"")

    def _ruled(self, path: bytes) -> bytes:
        """A path as globs see it: they are relative to the folder that the grep runs in, if they can be."""
        if not path.startswith(b"/"):
            return path
        return b"" if path == self._here[:-1] else path.removeprefix(self._here)

    @cached_property
    def _options(self) -> DiscoverOptions:
        return DiscoverOptions.stored(self.index.catalog.state("discover", {}))

    @cached_property
    def _asked(self) -> Asked:
        command, prefix, strip, by_glob = self.command, self.prefix, self.strip, self.paths.by_glob
        return Asked(
            by_glob=lambda path, is_folder: by_glob(self._ruled(prefix + path[strip:]), is_folder),
            by_type=self.paths.by_type,
            hidden=command.hidden,
            without=command.no_ignore_parts - {"files"},
            explicit=self._explicit_rules(),
            depth=command.rules.max_depth,
            max_size=command.max_filesize,
            one_device=command.one_file_system,
            # Where the grep runs below the folder to search, globs see only some of its paths as relative ones.
            only_here=bool(command.rules) and self._here != prefix and self._here.startswith(prefix) and prefix != b"",
        )

    def _explicit_rules(self) -> RuleSet:
        """The rules of `--ignore-file`; a file that cannot be read has none, and is reported."""
        rules: list[Rule] = []
        for path in () if "files" in self.command.no_ignore_parts else self.command.ignore_files:
            try:
                rules += parse_rules(Path(path).read_bytes())
            except OSError as error:
                print(f"leindex: {path}: {error.strerror} (os error {error.errno})", file=sys.stderr)
        scope = os.fsencode(self.index.location.scope)
        return RuleSet().extended(rules, Source.EXPLICIT, scope + b"/" if scope else b"", lead=self._ruled(self.prefix))

    @cached_property
    def _walk(self) -> Beside:
        location = self.index.location
        scope, own = os.fsencode(location.scope), os.fsencode(location.folder)
        return Beside(os.fsencode(location.root), self._options, self._asked, scope=scope, own=own)

    @cached_property
    def _seen(self) -> list[Seen]:
        return list(self._walk)

    @cached_property
    def _wanted(self) -> frozenset[bytes]:
        return frozenset(path for path, indexed in self._seen if indexed)

    @cached_property
    def _unindexed(self) -> list[bytes]:
        return [path for path, indexed in self._seen if not indexed]


def _is_below_hidden(path: bytes) -> bool:
    return (path.startswith(b".") or b"/." in path) and any(map(is_hidden, path.split(b"/")))
