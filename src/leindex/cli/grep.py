"""`leindex grep`: every matching line, with ripgrep's flags, output, order and exit status, from the index."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from ..errors import ConfigError, LeindexError
from ..index import Index
from ..search.exact import Part, grep_parts
from ..search.format import Output
from ..search.grep import GrepResult, list_files, list_types
from ..search.path_filter import PathFilter
from ..search.request import Mode
from .common import ready
from .grep_flags import GrepCommand, display_prefix, parse_grep


def run(arguments: Sequence[str]) -> int:
    """Runs the command. A path that cannot be searched is reported and the others are, as ripgrep does it."""
    command = parse_grep(arguments, terminal=sys.stdout.isatty())
    if command.special is not None:
        from .grep_help import special

        return special(command.special)
    out = Output(sys.stdout.buffer, line_buffered=command.line_buffered)
    if command.request.mode is Mode.TYPES:
        return list_types(command.rules, out).status()
    failed = False
    paths = PathFilter(command.rules)
    with ExitStack() as stack:
        parts: list[Part] = []
        indexes: list[Index] = []
        for path in command.paths or (None,):
            try:
                index, part = _part(command, path, paths)
            except LeindexError as error:
                if len(command.paths) < 2:
                    raise
                print(f"leindex: {error}", file=sys.stderr)
                failed = True
                continue
            stack.enter_context(index)
            stack.enter_context(index.snapshot())
            parts.append(part)
            indexes.append(index)
        result = _searched(command, parts, out)
        _say(command, indexes, parts, result)
    return result.status(errors=failed)


def _searched(command: GrepCommand, parts: Sequence[Part], out: Output) -> GrepResult:
    if command.request.mode is Mode.FILES:
        files = (part.prefix + entry.path[part.strip :] for part in parts for entry in part.selector.listed())
        return list_files(command.request, files, out)
    return grep_parts(command.request, parts, out)


def _part(command: GrepCommand, path: str | None, paths: PathFilter) -> tuple[Index, Part]:
    """The index that has a path, compared with the tree as asked, and the part of it to search."""
    given = Path(path or ".")
    file = given.name if path is not None and not given.is_dir() and os.path.lexists(given) else None
    options = argparse.Namespace(index=command.index, refresh=command.refresh, strict=command.strict)
    index = ready(str(given.parent if file else given), options)
    index.freshen()
    _check_extent(command, index)
    scope = os.fsencode(index.location.scope)
    if file is not None:
        target = (scope + b"/" if scope else b"") + os.fsencode(file)
        part = Part(index.selector(target.__eq__, scope=index.location.scope), os.fsencode(given), len(target))
        return index, part
    prefix, strip = display_prefix(path), len(scope) + 1 if scope else 0
    root = b"" if path is None else prefix
    accepts = (lambda name: paths.accepts(prefix + name[strip:], root)) if command.rules else None
    hides = index.catalog.state("discover", {}).get("hidden") and not command.hidden
    if hides:
        inner = accepts

        def accepts(name: bytes) -> bool:
            return not _hidden(name[strip:]) and (inner is None or inner(name))

    return index, Part(index.selector(accepts, scope=index.location.scope), prefix, strip)


def _hidden(path: bytes) -> bool:
    return path.startswith(b".") or b"/." in path


def _check_extent(command: GrepCommand, index: Index) -> None:
    """Refuses to search for what the index was told to leave out: the answer would be silently incomplete."""
    stored = index.catalog.state("discover", {})
    for flag, name in (("--hidden", "hidden"), ("--no-ignore", "no_ignore")):
        if getattr(command, name) and not stored.get(name):
            raise ConfigError(
                f"the index of {index.root} was made without {flag}; run: leindex index {flag} {index.root}"
            )


def _say(command: GrepCommand, indexes: Sequence[Index], parts: Sequence[Part], result: GrepResult) -> None:
    """On stderr, where the answer may not be what it seems."""
    if not command.messages:
        return
    from .common import say_incomplete

    for index, part in zip(indexes, parts, strict=True):
        say_incomplete(index.completeness(part.seen), nothing_found=not result.matched)
