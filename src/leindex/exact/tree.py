"""Exhaustive search: every matching line of one tree or several, in path order.

    request -> formula -> candidates -> contents -> search of each file -> printer

The formula comes from the pattern; a request that reports files without a match, or lines that do not match, looks
at all files. What is printed and counted is `grep.py`'s affair, what matches `verify.py`'s.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from ..models import Completeness, LineMatch
from ..questions import GrepQuestion, unchecked
from ..records import record, replace
from ..views.select import Selection
from ..views.view import View
from .grep import Files, GrepResult, grep
from .parts import PLAIN, Covered, NamedFile, Part, Reading, formula_of
from .printing.output import Output
from .read_buffer import ReadBuffer
from .request import Boundary, Case, GrepRequest
from .verify import MATCH, FileMatches, Searcher


def grep_parts(
    request: GrepRequest,
    parts: Sequence[Part | NamedFile],
    out: Output,
    *,
    reading: Reading = PLAIN,
    check: Callable[[], None] | None = None,
) -> GrepResult:
    """Searches the parts one after another and prints what ripgrep would for the same paths.

    Each part's `seen` says afterwards what was looked at. Raises QueryError for a pattern that is refused.
    """
    searcher = Searcher(request, check=check)
    covered = Covered(request, searcher, parts, reading)
    buffer = ReadBuffer(covered.large_files, searcher.buffer_after)

    def files() -> Iterator[tuple[bytes, bytes | None]]:
        for place, shown, content in covered.each():
            buffer.place = place
            yield shown, content

    each = Files(files(), covered.unsearched, buffer.size, covered.asked, covered.broken)
    result = grep(request, each, out, check=check)
    settled = result.matched and request.first_file_settles and reading.order.is_plain
    return replace(result, last=buffer.place) if settled else result


@record(frozen=True, slots=True)
class FileLines:
    """A file with its matching lines, and the names of the views that have it, where views are asked."""

    path: str
    lines: tuple[LineMatch, ...]
    views: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class GrepAnswer:
    """The files that match a pattern, with their matching lines."""

    pattern: str
    files: tuple[FileLines, ...]
    completeness: Completeness


def matching_files(view: View, question: GrepQuestion) -> GrepAnswer:
    """The files that match, in path order. Raises QueryError for a pattern that is refused, and what the question's
    check raises."""
    view = view if question.scope is None else view.within(question.scope)
    request = GrepRequest(
        (question.pattern,),
        fixed_strings=question.fixed,
        case=Case.IGNORE if question.ignore_case else Case.SMART if question.smart_case else Case.SENSITIVE,
        boundary=Boundary.WORD if question.word else Boundary.NONE,
        max_count=question.max_lines,
        line_number=True,
        only_matching=True,
    )
    searcher, seen = Searcher(request, check=question.check), Selection()

    def accepts(path: bytes) -> bool:
        question.check()
        return question.paths is None or question.paths(os.fsdecode(path))

    asks = question.paths is not None or question.check is not unchecked
    found: list[FileLines] = []
    for path, _, content, views in view.selector(accepts if asks else None).contents(
        formula_of(request, searcher),
        seen,
        test=searcher.told,
        names_only=not question.lines,
        formula_decides=searcher.is_literal,
    ):
        if content is None:
            continue
        shown = tuple(_matching_lines(searcher.search(content))) if question.lines else ()
        found.append(FileLines(os.fsdecode(path), shown, view.views_of(views)))
        if len(found) == question.max_files:
            break
    covered = view.completeness(seen, truncated=len(found) == question.max_files)
    return GrepAnswer(question.pattern, tuple(found), covered)


def _matching_lines(found: FileMatches) -> Iterator[LineMatch]:
    text = found.text
    for line in found.lines():
        if line.kind == MATCH:
            raw = text[line.start : line.end].rstrip(b"\r\n")
            ranges = tuple(
                (len(raw[:low].decode("utf-8", "replace")), len(raw[:high].decode("utf-8", "replace")))
                for low, high in line.spans
            )
            yield LineMatch(line.number, raw.decode("utf-8", "replace"), ranges)
