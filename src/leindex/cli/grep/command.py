"""`leindex grep`: every matching line, with ripgrep's flags, output, order and exit status, from the index."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

from ...errors import ConfigError, LeindexError
from ...exact.encoding.decode import keeps_ascii
from ...exact.engines import matcher_of
from ...exact.filter.path_filter import PathFilter
from ...exact.grep import GrepResult, list_files, list_types
from ...exact.order import Order
from ...exact.parts import NamedFile, Part, Reading
from ...exact.printing.output import Output
from ...exact.request import Binary, Mode
from ...exact.tree import grep_parts
from ...index import Index
from ...indexing.walk.ignore import Rule
from ...records import replace
from ...storage.catalog import key_of
from ...views.select import BINARY, Selector
from ..common import complain, ready, say_incomplete
from .flags import STDIN, GrepCommand, display_prefix, parse_grep
from .named import has_input, named_file, programs_of, standard_input
from .reports import Report, Reports, Tree
from .revision import revision_of


def run(arguments: Sequence[str]) -> int:
    """Runs the command. A path that cannot be searched is reported and the others are, as ripgrep does it."""
    command = parse_grep(arguments, terminal=sys.stdout.isatty(), piped=has_input())
    if command.special is not None:
        from .help import special

        return special(command.special)
    out = Output(sys.stdout.buffer, line_buffered=command.line_buffered)
    if command.request.mode is Mode.TYPES:
        return list_types(command.rules, out).status()
    if command.request.mode is not Mode.FILES and not command.request.can_match:
        return 1  # as in ripgrep nothing is looked at, the pattern included
    matcher = matcher_of(command.request)  # a pattern that is refused is refused before anything is indexed
    failed = False
    reports = Reports(command, PathFilter(command.rules))
    explicit = reports.explicit_rules()
    with ExitStack() as stack:
        parts: list[Part | NamedFile] = []
        trees: list[Tree] = []
        programs = None if command.request.mode is Mode.FILES else programs_of(command, matcher, reports)
        for path in command.paths or (None,):
            if path == STDIN:
                parts.append(standard_input(len(parts), reports))
                continue
            if command.where:
                tree = revision_of(command, path, reports, len(parts), stack)
                trees.append(tree)
                parts.append(tree.part)
                continue
            if path is not None and not os.path.isdir(path):
                parts += named_file(path, len(parts), reports, programs)
                continue
            try:
                tree = _tree(command, path, reports.paths, explicit, len(parts))
            except LeindexError as error:
                if len(command.paths) < 2:
                    raise
                complain(str(error))
                failed = True
                continue
            stack.enter_context(tree.index)
            stack.enter_context(tree.index.snapshot())
            trees.append(tree)
            parts.append(tree.part)
        result = _searched(command, parts, out, Reading(command.order, programs))
        for tree in trees:
            reports.look_at(tree)
        for failure in result.failures:
            reports.add(Report((-1, b""), failure))
        failed = reports.say(result.last) or failed
        _say(command, trees, result)
        if not command.paths and command.request.can_match and not any(_has_files(tree.part) for tree in trees):
            # ripgrep's word on it, and its exit status: most likely a filter took out more than was meant.
            if command.messages:
                complain("no files were searched; check the flags that choose files")
            failed = True
    return result.status(errors=failed, quiet=command.request.quiet)


def _searched(command: GrepCommand, parts: Sequence[Part | NamedFile], out: Output, reading: Reading) -> GrepResult:
    if command.request.mode is not Mode.FILES:
        return grep_parts(command.request, parts, out, reading=reading)
    last: list[tuple[int, bytes]] = []

    def paths() -> Iterator[bytes]:
        for number, path, shown in _listed(parts, command.order):
            last[:] = [(number, key_of(path))]
            yield shown

    result = list_files(command.request, paths(), out)
    settled = result.matched and command.request.quiet and command.order.is_plain
    return replace(result, last=last[0]) if settled else result


def _listed(parts: Sequence[Part | NamedFile], order: Order) -> Iterator[tuple[int, bytes, bytes]]:
    """The part, the path and the path as it is shown of each file."""
    listed = (found for number, part in enumerate(parts) for found in _of_part(number, part))
    if order.is_plain:
        yield from listed
        return

    def key(found: tuple[int, bytes, bytes]) -> Any:
        number, path, shown = found
        part = parts[number]
        return order.key(part.on_disk(path) if isinstance(part, Part) else shown, shown)

    yield from sorted(listed, key=key, reverse=order.reverse)


def _of_part(number: int, part: Part | NamedFile) -> Iterator[tuple[int, bytes, bytes]]:
    if isinstance(part, NamedFile):
        yield number, b"", part.shown
        return
    for entry in part.selector.listed():
        yield number, entry.path, part.shown(entry.path)


def _tree(command: GrepCommand, path: str | None, paths: PathFilter, explicit: Sequence[Rule], number: int) -> Tree:
    """The index that has a folder, compared with the tree as asked, and the part of it to search."""
    options = SimpleNamespace(index=command.index, refresh=command.refresh, strict=command.strict)
    index = ready(path or ".", options)
    index.freshen(symbols=False)
    if command.follow and index.catalog.state("passed_over", {}).get("symlink"):
        raise ConfigError(f"--follow: an index has no symbolic links, and {index.root} has some; leave the flag out")
    troubles = index.troubles
    if _covers_the_index(command, index):
        part = Part(index.view("").selector(), display_prefix(path))
    else:
        from .tree import part_of

        part, troubles = part_of(command, index, paths, path, explicit)
    selector = part.selector
    encoding = command.request.encoding
    as_text = encoding is not None and not keeps_ascii(encoding)  # what is binary may be text in this encoding
    if command.request.binary is not Binary.QUIT or command.request.mapped or as_text:
        selector = replace(selector, from_disk=selector.from_disk | {BINARY})
    part = replace(part, selector=_trying_again(selector, index.unread_files()))
    return Tree(index, part, troubles, number)


def _trying_again(selector: Selector, unread: Sequence[bytes]) -> Selector:
    """The files to search with those that could not be read when they were indexed, which are read from disk: that
    works, or tells why it does not."""
    scope = selector.scope + b"/" if selector.scope else b""
    again = [path for path in unread if path.startswith(scope) and (selector.accepts is None or selector.accepts(path))]
    if not again:
        return selector
    beside = selector.beside
    return replace(selector, beside=lambda: sorted({*again, *(beside() if beside else ())}, key=key_of))


def _covers_the_index(command: GrepCommand, index: Index) -> bool:
    """Whether the files to search are those of the index: it was made as ripgrep chooses them, and no flag changes
    that. The usual case, which is to start quickly."""
    stored = index.catalog.state("discover", {})
    other_rules = command.no_ignore_parts or command.ignore_files or command.ignore_case_of_rules
    changed = command.rules or command.hidden or other_rules
    bounded = command.max_filesize is not None or command.one_file_system
    return not (changed or bounded or index.location.scope or stored.get("hidden") or stored.get("no_ignore"))


def _has_files(part: Part) -> bool:
    return next(part.selector.listed(), None) is not None


def _say(command: GrepCommand, trees: Sequence[Tree], result: GrepResult) -> None:
    """On stderr, where the answer may not be what it seems."""
    if not command.messages:
        return
    for tree in trees:
        tree.part.seen.unread.clear()  # each was named
        with tree.index.at(command.where):
            found = tree.index.view().completeness(tree.part.seen)
        say_incomplete(found, nothing_found=not result.matched, named=True)
