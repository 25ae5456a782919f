"""One grep over files that somebody else supplies: search, print, and decide the exit status."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from leindex.search.format import Output, printer_for, shown_path
from leindex.search.path_filter import PathRules, type_definitions
from leindex.search.request import Binary, GrepRequest
from leindex.search.stats import Stats
from leindex.search.verify import Searcher


@dataclass(frozen=True, slots=True)
class GrepResult:
    """What a grep came to: whether any file counts as a match, and how many were searched."""

    matched: bool
    files: int

    def status(self, *, errors: bool = False, quiet: bool = False) -> int:
        """The exit status: 0 for a match, 1 for none, 2 where something went wrong on the way. With `-q` a match counts
        more than that."""
        return 2 if errors and not (quiet and self.matched) else int(not self.matched)


def grep(
    request: GrepRequest,
    files: Iterable[tuple[bytes, bytes | None]],
    out: Output,
    *,
    prefix: bytes = b"",
    check: Callable[[], None] | None = None,
    unsearched: Stats | None = None,
    buffer_size: Callable[[], int] | None = None,
    named: Callable[[], bool] | None = None,
) -> GrepResult:
    """Search files in the given order and print what ripgrep would.

    files: path and content of each; a content of None stands for a file known not to match and to hold no NUL
        byte. The caller may leave out such files altogether unless `request.reports_unmatched`.
    prefix: put before each path, as in `DIR/` for a search in `DIR`.
    check, buffer_size: see `Searcher`.
    named: whether the file at hand was asked for by its name: then a NUL byte does not end its search.
    unsearched: the figures of files that were left out, for the totals (`--stats`, `--json`).
    Raises QueryError if the pattern is refused, before anything is printed.
    """
    started = time.perf_counter()
    searcher = Searcher(request, check=check, buffer_size=buffer_size)
    printer = printer_for(request, searcher, out)
    in_folder = in_person = (request, searcher)
    if named is not None and request.binary is Binary.QUIT:
        converting = replace(request, binary=Binary.CONVERT)
        in_person = (converting, Searcher(converting, check=check, buffer_size=buffer_size))
    matched, count = False, 0
    for path, content in files if request.can_match else ():
        count += 1
        shown = prefix + path
        if named is not None:
            printer.request, printer.searcher = in_person if named() else in_folder
        hit = printer.unmatched(shown) if content is None else printer.file(shown, content)
        matched = matched or hit
        if out.closed or (matched and request.first_file_settles):
            break
    if request.can_match:
        if unsearched is not None:
            printer.stats.add(unsearched)
        printer.finish(time.perf_counter() - started)
    out.flush()
    return GrepResult(matched, count)


def list_files(request: GrepRequest, paths: Iterable[bytes], out: Output, *, prefix: bytes = b"") -> GrepResult:
    """Print the paths (`--files`). With `quiet` only the status tells whether there is one."""
    count = 0
    for path in paths:
        count += 1
        if request.quiet:
            break
        out.write(shown_path(request, prefix + path) + (b"\0" if request.null else b"\n"))
        if out.closed:
            break
    out.flush()
    return GrepResult(count > 0, count)


def list_types(rules: PathRules, out: Output) -> GrepResult:
    """Print the file types and their globs (`--type-list`)."""
    known = type_definitions(rules.types)
    for name in sorted(known):
        out.write(f"{name}: {', '.join(sorted(known[name]))}\n".encode())
    out.flush()
    return GrepResult(bool(known), 0)
