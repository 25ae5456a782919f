"""What `leindex grep` searches with `--rev` and `--branch`: files of commits, as a clean checkout would have them."""

from __future__ import annotations

import os
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Final

from ...errors import ConfigError
from ...exact.filter.path_filter import PathFilter
from ...exact.parts import Part
from ...exact.request import Binary
from ...indexing.walk.troubles import Troubles
from ...records import replace
from ...storage.catalog import key_of
from ...views.select import BINARY
from ..common import printable, ready
from .flags import GrepCommand, display_prefix
from .reports import Reports, Tree
from .tree import AskedFiles

SHOWN: Final = 3
"""Names of views that stand before a path; of more there is the number."""


def revision_of(command: GrepCommand, path: str | None, reports: Reports, number: int, stack: ExitStack) -> Tree:
    """The part of some views that a path means; the index is open until the stack is left.

    `reports` has the filter of paths. Raises ConfigError for flags that have no meaning for a commit, and QueryError
    for a revision that is none.
    """
    for flag, given in (("--follow", command.follow), ("--max-filesize", command.max_filesize is not None)):
        if given:
            raise ConfigError(f"{flag}: cannot be combined with --rev and --branch")
    folder = path or "."
    while not os.path.isdir(folder):  # what a commit has need not be on disk
        folder = os.path.dirname(folder) or "."
    index = ready(folder, SimpleNamespace(index=command.index, refresh=command.refresh, strict=command.strict))
    stack.enter_context(index)
    with index.at(command.where):
        index.freshen(symbols=False)
        stack.enter_context(index.snapshot())
        asked = os.path.realpath(os.fsencode(path or "."))
        root = os.fsencode(os.path.realpath(index.root))
        scope = os.path.relpath(asked, root)
        paths, explicit = reports.paths, reports.explicit_rules() if command.ignore_files else ()
        if scope.startswith(b".."):
            raise ConfigError(f"{path}: is not in {index.root}")
        scope = b"" if scope == b"." else scope
        view = index.view(os.fsdecode(scope))
        prefix, strip = display_prefix(path), len(scope) + 1 if scope else 0
        several = len(view.views) > 1
        if scope and view.catalog.file(scope) is not None:
            view, prefix, strip = view.within(""), os.fsencode(path or ""), len(scope)
            selector = view.selector(lambda name: name == scope)
        elif several or not (
            _asks_more(command, paths) or (scope and next(view.catalog.walk(scope=scope), None) is None)
        ):
            if several:
                _check(command)
            shown = prefix.removeprefix(b"./")
            rules = command.rules
            selector = view.selector((lambda name: paths.accepts(shown + name[strip:], shown)) if rules else None)
        else:
            files = AskedFiles(command, index, paths, prefix.removeprefix(b"./"), strip, tuple(explicit))
            # A folder or file that is named is searched, be it ignored itself.
            found = index.views.asked_files(view.views[0], files.asked, scope)
            if scope in found:
                prefix, strip = os.fsencode(path or ""), len(scope)
            known = {entry.path for entry in view.catalog.walk(scope=scope)}
            more = sorted((name for name in found if name not in known), key=key_of)
            selector = replace(
                view.within("" if scope in found else view.scope).selector(found.__contains__),
                beside=lambda: more,
                blob_of=lambda name: found[name],
            )
        if command.request.binary is not Binary.QUIT or command.request.mapped:
            selector = replace(selector, from_disk=selector.from_disk | {BINARY})

    def label(bits: int) -> bytes:
        names = view.views_of(bits)
        more = f",+{len(names) - SHOWN}" if len(names) > SHOWN else ""
        return os.fsencode(printable(",".join(names[:SHOWN]) + more + ":"))

    return Tree(index, Part(selector, prefix, strip, label if several else None), Troubles, number)


def _asks_more(command: GrepCommand, paths: PathFilter) -> bool:
    """Whether files are asked for that the view of a commit may not have: hidden or ignored ones."""
    rules = command.no_ignore_parts or command.ignore_files or command.ignore_case_of_rules
    return bool(command.hidden or rules or paths.selecting or paths.selects_types)


def _check(command: GrepCommand) -> None:
    """Refuses flags that ask for files beside those of views, where several are searched."""
    if command.hidden or command.no_ignore_parts or command.ignore_files or command.ignore_case_of_rules:
        raise ConfigError(
            "several views are searched for the files that they have; hidden and ignored ones are found in one "
            "revision at a time"
        )
