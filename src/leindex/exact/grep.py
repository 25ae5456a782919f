"""One grep over files that somebody else supplies: search, print, and decide the exit status."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

from ..errors import PatternLimitError
from ..records import record, replace
from .filter.path_filter import PathRules, type_definitions
from .printing.output import Output, shown_path
from .printing.printer import printer_for
from .request import GrepRequest
from .stats import Stats
from .verify import Searcher


@record(frozen=True, slots=True)
class GrepResult:
    """What a grep came to: whether any file counts as a match, and how many were searched.

    `failures` are the files in which the pattern took too long, each with that.
    `last` is where the last of them was, if the search was over with it: the part's number and the key of the path.
    """

    matched: bool
    files: int
    last: tuple[int, bytes] | None = None
    failures: tuple[str, ...] = ()

    def status(self, *, errors: bool = False, quiet: bool = False) -> int:
        """The exit status: 0 for a match, 1 for none, 2 where something went wrong on the way. With `-q` a match counts
        more than that."""
        return 2 if errors and not (quiet and self.matched) else int(not self.matched)


@record(frozen=True, slots=True)
class Files:
    """The files of one grep, in the order of output.

    each: path and content; a content of None stands for a file known not to match and to hold no NUL byte. Such
        files may be left out altogether unless `request.reports_unmatched`.
    unsearched: the figures of files that were left out, for the totals (`--stats`, `--json`).
    buffer_size: see `Searcher`.
    asked: the request as it is for the file at hand, where that depends on the file: a NUL byte does not end the search
        of one that was asked for by its name, and only what is read from disk itself can be mapped.
    broken: whether the file at hand is printed and not counted.
    """

    each: Iterable[tuple[bytes, bytes | None]]
    unsearched: Stats | None = None
    buffer_size: Callable[[], int] | None = None
    asked: Callable[[], GrepRequest] | None = None
    broken: Callable[[], bool] | None = None


def grep(
    request: GrepRequest,
    files: Files | Iterable[tuple[bytes, bytes | None]],
    out: Output,
    *,
    prefix: bytes = b"",
    check: Callable[[], None] | None = None,
) -> GrepResult:
    """Search files in the given order and print what ripgrep would.

    prefix: put before each path, as in `DIR/` for a search in `DIR`.
    check: see `Searcher`.
    Raises QueryError if the pattern is refused, before anything is printed.
    """
    started = time.perf_counter()
    files = files if isinstance(files, Files) else Files(files)
    asked, unsearched = files.asked, files.unsearched
    searcher = Searcher(request, check=check, buffer_size=files.buffer_size)
    printer = printer_for(request, searcher, out)
    searchers = {request: searcher}
    matched, count = False, 0
    failures: list[str] = []
    for path, content in files.each if request.can_match else ():
        count += 1
        shown = prefix + path
        if asked is not None:
            now = asked()
            if now is not printer.request:
                if now not in searchers:
                    searchers[now] = Searcher(now, check=check, buffer_size=files.buffer_size)
                printer.request, printer.searcher = now, searchers[now]
        figures = printer.stats if files.broken is None else replace(printer.stats)
        try:
            hit = printer.unmatched(shown) if content is None else printer.file(shown, content)
        except PatternLimitError as error:
            failures.append(f"{os.fsdecode(shown)}: {error}")
            continue
        if files.broken is not None and files.broken():
            hit, printer.stats = False, figures
        matched = matched or hit
        if out.closed or (matched and request.first_file_settles):
            break
    if request.can_match:
        if unsearched is not None:
            printer.stats.add(unsearched)
        printer.finish(time.perf_counter() - started)
    out.flush()
    return GrepResult(matched, count, failures=tuple(failures))


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
