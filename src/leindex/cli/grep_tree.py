"""Which files of a tree `leindex grep` covers: those of the index, less what the flags take out, and those that the
flags bring in and the index passed over."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..index import Index
from ..indexing.beside import Asked, Beside, Report, Seen
from ..indexing.discover import DiscoverOptions, is_hidden
from ..indexing.pipeline import stored_options
from ..search.exact import Part
from ..search.path_filter import PathFilter
from .grep_flags import GrepCommand, display_prefix


def part_of(command: GrepCommand, index: Index, paths: PathFilter, path: str | None) -> Part:
    """The part of an index that a grep searches, for a folder as it was typed, or None for the one it runs in."""
    scope = index.location.scope
    prefix, strip = display_prefix(path), len(os.fsencode(scope)) + 1 if scope else 0
    files = _Files(command, index, paths, b"" if path is None else _relative(prefix), strip)
    selector = index.selector(files.condition(), scope=scope)
    return Part(replace(selector, beside=files.beside()), prefix, strip)


def _relative(prefix: bytes) -> bytes:
    """A folder as rules see it: they are relative to the folder that the grep runs in."""
    here = os.path.join(os.getcwdb(), b"")
    return prefix.removeprefix(here) if prefix.startswith(here) else prefix.removeprefix(b"./")


@dataclass(frozen=True)
class _Files:
    """The flags of one grep and the options of one index. `prefix` stands before the paths in the folder that was
    asked for, as rules see them, in place of the first `strip` bytes of the paths in the index."""

    command: GrepCommand
    index: Index
    paths: PathFilter
    prefix: bytes
    strip: int

    def condition(self) -> Callable[[bytes], bool] | None:
        """Which of the files in the index are searched; None for all of them."""
        if not self._hides and not self.command.rules:
            return None
        has_rules, hides = bool(self.command.rules), self._hides
        strip, prefix, accepts = self.strip, self.prefix, self.paths.accepts

        def accepted(name: bytes) -> bool:
            shown = name[strip:]
            if hides and (shown.startswith(b".") or b"/." in shown) and any(map(is_hidden, shown.split(b"/"))):
                return name in self._hidden_wanted
            return not has_rules or accepts(prefix + shown, prefix)

        return accepted

    def beside(self) -> Callable[[], Sequence[bytes]] | None:
        """The files to search that are not in the index; None where there cannot be any."""
        command, options = self.command, self._options
        more = (
            command.hidden
            or (command.no_ignore and not options.no_ignore)
            or self.paths.selecting
            or (self.paths.selects_types and not options.hidden)
            or not self._walk(Report.NONE).scope_indexed
        )
        return (lambda: self._unindexed) if more else None

    @cached_property
    def _options(self) -> DiscoverOptions:
        return stored_options(self.index.catalog).discover

    @property
    def _hides(self) -> bool:
        """Whether the index has hidden files that are searched only where a rule selects them."""
        return self._options.hidden and not self.command.hidden

    @cached_property
    def _seen(self) -> list[Seen]:
        return list(self._walk(Report.HIDDEN if self._hides else Report.NONE))

    @cached_property
    def _hidden_wanted(self) -> frozenset[bytes]:
        return frozenset(path for path, indexed in self._seen if indexed)

    @cached_property
    def _unindexed(self) -> list[bytes]:
        return [path for path, indexed in self._seen if not indexed]

    def _walk(self, report: Report) -> Beside:
        prefix, strip, by_glob = self.prefix, self.strip, self.paths.by_glob
        asked = Asked(
            by_glob=lambda path, is_folder: by_glob(prefix + path[strip:], is_folder),
            by_type=self.paths.by_type,
            hidden=self.command.hidden,
            no_ignore=self.command.no_ignore,
            depth=self.command.rules.max_depth,
        )
        location = self.index.location
        return Beside(
            os.fsencode(self.index.root),
            self._options,
            asked,
            scope=os.fsencode(location.scope),
            own=os.fsencode(location.folder),
            report=report,
        )
