"""`leindex grep`: every matching line, with ripgrep's flags, output, order and exit status, from the index."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path

from ..errors import ConfigError, LeindexError
from ..index import Index
from ..search.exact import NamedFile, Part, grep_parts
from ..search.format import Output
from ..search.grep import GrepResult, list_files, list_types
from ..search.matcher import Matcher
from ..search.path_filter import PathFilter
from ..search.request import Binary, Mode
from ..search.select import BINARY
from .common import ready, say_incomplete
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
    if command.request.mode is not Mode.FILES and not command.request.can_match:
        return 1  # as in ripgrep nothing is looked at, the pattern included
    Matcher.of(command.request)  # a pattern that is refused is refused before anything is indexed
    failed = False
    paths = PathFilter(command.rules)
    with ExitStack() as stack:
        parts: list[Part | NamedFile] = []
        trees: list[tuple[Index, Part]] = []
        for path in command.paths or (None,):
            try:
                if path is not None and not os.path.isdir(path):
                    parts.append(_named_file(path))
                    continue
                tree = _tree(command, path, paths)
            except LeindexError as error:
                if len(command.paths) < 2 and (path is None or os.path.isdir(path)):
                    raise
                print(f"leindex: {error}", file=sys.stderr)
                failed = True
                continue
            stack.enter_context(tree[0])
            stack.enter_context(tree[0].snapshot())
            trees.append(tree)
            parts.append(tree[1])
        result = _searched(command, parts, out)
        _say(command, trees, result)
        if not command.paths and command.request.can_match and not any(_has_files(part) for _, part in trees):
            # ripgrep's word on it, and its exit status: most likely a filter took out more than was meant.
            print("leindex: no files were searched; check the flags that choose files", file=sys.stderr)
            failed = True
    return result.status(errors=failed, quiet=command.request.quiet)


def _searched(command: GrepCommand, parts: Sequence[Part | NamedFile], out: Output) -> GrepResult:
    if command.request.mode is not Mode.FILES:
        return grep_parts(command.request, parts, out)
    return list_files(command.request, chain.from_iterable(map(_listed, parts)), out)


def _listed(part: Part | NamedFile) -> Iterator[bytes]:
    if isinstance(part, NamedFile):
        yield part.shown
        return
    for entry in part.selector.listed():
        yield part.prefix + entry.path[part.strip :]


def _named_file(path: str) -> NamedFile:
    """A file from disk. Raises ConfigError, in ripgrep's words, where it cannot be read."""
    try:
        return NamedFile(os.fsencode(path), Path(path).read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror} (os error {error.errno})") from error


def _tree(command: GrepCommand, path: str | None, paths: PathFilter) -> tuple[Index, Part]:
    """The index that has a folder, compared with the tree as asked, and the part of it to search."""
    options = argparse.Namespace(index=command.index, refresh=command.refresh, strict=command.strict)
    index = ready(path or ".", options)
    index.freshen()
    if command.follow and index.catalog.state("passed_over", {}).get("symlink"):
        raise ConfigError(f"--follow: an index has no symbolic links, and {index.root} has some; leave the flag out")
    if _covers_the_index(command, index):
        part = Part(index.selector(), display_prefix(path))
    else:
        from .grep_tree import part_of

        part = part_of(command, index, paths, path)
    if command.request.binary is not Binary.QUIT:
        reasons = part.selector.from_disk | {BINARY}
        part = replace(part, selector=replace(part.selector, from_disk=reasons))
    return index, part


def _covers_the_index(command: GrepCommand, index: Index) -> bool:
    """Whether the files to search are those of the index: it was made as ripgrep chooses them, and no flag changes
    that. The usual case, which is to start quickly."""
    stored = index.catalog.state("discover", {})
    changed = command.rules or command.hidden or command.no_ignore_parts or command.ignore_files
    bounded = command.max_filesize is not None or command.one_file_system
    return not (changed or bounded or index.location.scope or stored.get("hidden") or stored.get("no_ignore"))


def _has_files(part: Part) -> bool:
    return next(part.selector.listed(), None) is not None


def _say(command: GrepCommand, trees: Sequence[tuple[Index, Part]], result: GrepResult) -> None:
    """On stderr, where the answer may not be what it seems."""
    if not command.messages:
        return
    for index, part in trees:
        say_incomplete(index.completeness(part.seen, scope=index.location.scope), nothing_found=not result.matched)
