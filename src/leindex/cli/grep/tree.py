"""Which files of a tree `leindex grep` covers: those of the index, less what the flags take out, and those that the
flags bring in and the index passed over."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property

from ...exact.filter.path_filter import PathFilter
from ...exact.parts import Part
from ...index import Index
from ...indexing.walk.beside import Asked, Beside, Report, Seen
from ...indexing.walk.discover import DiscoverOptions, is_hidden
from ...indexing.walk.ignore import Rule, RuleSet, Source
from ...indexing.walk.troubles import Troubles
from ...records import record, replace
from .flags import GrepCommand, display_prefix


def part_of(
    command: GrepCommand, index: Index, paths: PathFilter, path: str | None, explicit: Sequence[Rule]
) -> tuple[Part, Callable[[], Troubles]]:
    """The part of an index that a grep searches, for a folder as it was typed, or None for the one it runs in.

    `explicit` are rules for this search alone. The second is what of the part is troublesome, once it was searched.
    """
    scope = index.location.scope
    prefix, strip = display_prefix(path), len(os.fsencode(scope)) + 1 if scope else 0
    files = AskedFiles(
        command, index, paths, b"" if path is None else prefix.removeprefix(b"./"), strip, tuple(explicit)
    )
    selector = index.view(scope).selector(files.condition())
    return Part(replace(selector, beside=files.beside()), prefix, strip), files.troubles


@record(frozen=True)
class AskedFiles:
    """The flags of one grep and the options of one index. `prefix` stands before the paths in the folder that was
    asked for, in place of the first `strip` bytes of the paths in the index."""

    command: GrepCommand
    index: Index
    paths: PathFilter
    prefix: bytes
    strip: int
    explicit: tuple[Rule, ...] = ()

    def troubles(self) -> Troubles:
        """What of the files could not be read or understood: by the walk of this search, if it takes one, or else by
        the index's own."""
        if self.beside() is None and self.asked.report(self._options) is Report.NONE:
            return self.index.troubles()
        _ = self._seen
        return Troubles.of(self._walk.unreadable, self._walk.faults)

    def condition(self) -> Callable[[bytes], bool] | None:
        """Which of the files in the index are searched; None for all of them."""
        report, has_rules = self.asked.report(self._options), bool(self.command.rules)
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
        asked, options = self.asked, self._options
        more = (
            asked.hidden
            or asked.report(options) is Report.ALL
            or asked.ignore_case
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
    def asked(self) -> Asked:
        command, prefix, strip, by_glob = self.command, self.prefix, self.strip, self.paths.by_glob
        return Asked(
            by_glob=lambda path, is_folder: by_glob(self._ruled(prefix + path[strip:]), is_folder),
            by_type=self.paths.by_type,
            hidden=command.hidden,
            without=command.no_ignore_parts - {"files"},
            explicit=self._explicit_rules(),
            ignore_case=command.ignore_case_of_rules,
            depth=command.rules.max_depth,
            max_size=command.max_filesize,
            one_device=command.one_file_system,
            # Where the grep runs below the folder to search, globs see only some of its paths as relative ones.
            only_here=bool(command.rules) and self._here != prefix and self._here.startswith(prefix) and prefix != b"",
        )

    def _explicit_rules(self) -> RuleSet:
        scope = os.fsencode(self.index.location.scope)
        base = scope + b"/" if scope else b""
        return RuleSet().extended(self.explicit, Source.EXPLICIT, base, lead=self._ruled(self.prefix))

    @cached_property
    def _walk(self) -> Beside:
        location = self.index.location
        scope, own = os.fsencode(location.scope), os.fsencode(location.folder)
        return Beside(os.fsencode(location.root), self._options, self.asked, scope=scope, own=own)

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
