"""What `leindex grep` searches that was asked for by name: files, and standard input."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...exact.filter.path_filter import PathFilter, PathRules
from ...exact.matcher import Matcher
from ...exact.parts import NamedFile
from ...exact.request import Mode
from ..common import complain
from .flags import GrepCommand
from .reports import Report, Reports, denial

if TYPE_CHECKING:
    from ...exact.programs import Programs

STDIN_SHOWN = b"<stdin>"
"""What ripgrep calls standard input where paths are printed."""


def has_input() -> bool:
    """Whether standard input is searched where no path is given: a file, a pipe or a socket, as ripgrep decides it.

    A program that starts others often leaves a pipe open that nothing comes from; the folder is searched then only if
    it is named (`.`).
    """
    try:
        kind = os.fstat(0).st_mode
    except OSError:
        return False
    return stat.S_ISREG(kind) or stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)


def standard_input(number: int, reports: Reports) -> NamedFile:
    """What is piped in, or typed. It is read to its end before it is searched."""

    def read() -> bytes | None:
        try:
            with open(0, "rb", closefd=False) as stream:
                return stream.read()
        except OSError as error:
            reports.add(Report((number, b""), f"{os.fsdecode(STDIN_SHOWN)}: {denial(error)}"))
            return None

    return NamedFile(STDIN_SHOWN, read, mappable=False)


def named_file(path: str, number: int, reports: Reports, programs: Programs | None) -> Iterator[NamedFile]:
    """A file on disk, or what a program makes of it; nothing, and a report, where there is none."""
    try:
        os.stat(path)
    except OSError as error:
        operation = "" if os.path.lexists(path) else f"IO error for operation on {path}: "
        reports.add(Report((number, b""), f"{path}: {operation}{denial(error)}"))
        return

    shown = os.fsencode(path)
    if programs is not None and programs.applies(shown):
        yield NamedFile(shown, lambda: programs.output(shown), mappable=False)
        return

    def read() -> bytes | None:
        try:
            with open(path, "rb") as stream:
                return stream.read()
        except OSError as error:
            reports.add(Report((number, b""), f"{path}: {denial(error)}"))
            return None

    yield NamedFile(shown, read)


def programs_of(command: GrepCommand, matcher: Matcher, reports: Reports) -> Programs | None:
    """The programs that files are handed to, if any are asked for. What fails is told when the search is over."""
    flags, request = command.programs, command.request
    if not (flags.decompress or flags.preprocessor):
        return None
    from ...exact.programs import Programs

    def failed(shown: bytes, reason: str) -> None:
        reports.add(Report((-1, b""), f"{os.fsdecode(shown)}: {reason}"))

    if flags.preprocessor is not None and command.messages:
        complain("--pre: what the command makes of files is not indexed; it runs for each of them at every search")
    chosen = PathFilter(PathRules(globs=flags.globs)) if flags.globs else None
    lists = request.mode is Mode.FILES_WITH_MATCHES and not request.keeps_stats
    by_lines = (lists or request.mode is Mode.STANDARD) and not request.quiet and not matcher.crosses_lines
    return Programs(failed, flags.preprocessor, chosen, flags.decompress, by_lines)
