"""`grep`: the matching lines of a tree, file by file in path order, with a cursor to go on after a file or a
line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from ..exact.filter.path_filter import PathFilter, PathRules
from ..exact.request import Boundary, Case, GrepRequest, Mode
from ..exact.verify import MATCH, FileMatches, Searcher
from ..index import Index
from ..records import field, record
from ..views.select import Selection
from .answers import Answer, coverage
from .control import Control
from .places import clipped, display, pack_cursor, relative, unpack_cursor

_CASES: Final = {"sensitive": Case.SENSITIVE, "ignore": Case.IGNORE, "smart": Case.SMART}
_MODES: Final = {"lines": Mode.JSON, "files": Mode.FILES_WITH_MATCHES, "count": Mode.COUNT}
BREAK: Final = 2


@record(slots=True)
class GrepRun:
    """One grep as it goes: iterate `files`, then read `answer`."""

    index: Index
    arguments: Answer
    control: Control
    matches: int = 0
    cursor: str | None = None
    seen: Selection = field(default_factory=Selection)
    _notes: list[str] = field(default_factory=list)

    def files(self) -> Iterator[Answer]:
        """Each file with something to report, until the limit: `path`, `matches`, and `lines` unless the
        mode is files or count. Used inside the index's snapshot. Raises QueryError for a pattern that is
        refused."""
        from ..regex.literals import formula_of_regex

        arguments, limit = self.arguments, self.arguments["limit"]
        request = request_of(arguments)
        searcher = Searcher(request, check=self.control.check)
        after_path, after_line = self._start()
        selector = self.index.view(self._scope).selector(_accepts(arguments["globs"], after_path, whole=after_line < 0))
        last: tuple[bytes, int] | None = None
        named = self.index.view(self._scope).views_of
        for path, _, content, views in selector.contents(
            formula_of_regex(searcher.matcher.tree), self.seen, test=searcher.told
        ):
            self.control.check()
            if content is None:
                continue
            if self.matches >= limit and last is not None:
                self.cursor = self._cursor(*last)
                return
            if request.mode is not Mode.JSON:
                self.matches += 1
                last = (path, -1)
                count = searcher.count(content) if request.mode is Mode.COUNT else 1
                yield {"path": display(path), "matches": count, **_shown_views(named(views))}
                continue
            skip_to = after_line if path == after_path else 0
            lines, cut_at = _lines(searcher.search(content), limit - self.matches, skip_to)
            found = sum("ranges" in line for line in lines)
            if not found:
                continue
            self.matches += found
            last = (path, -1)
            yield {"path": display(path), "matches": found, "lines": lines, **_shown_views(named(views))}
            if cut_at:
                self.cursor = self._cursor(path, cut_at)
                return

    @property
    def _scope(self) -> str:
        return relative(self.arguments["path"], self.index.root)

    def _start(self) -> tuple[bytes, int]:
        """Path and line to go on after; a line of -1 means the whole file is done."""
        if self.arguments["cursor"] is None:
            return b"", -1
        generation, path, line = unpack_cursor(self.arguments["cursor"], int, str, int)
        if generation != self.index.catalog.generation:
            self._notes.append("the index has changed since the cursor was made; earlier files may have changed")
        return path.encode("utf-8", "surrogateescape"), line

    def _cursor(self, path: bytes, line: int) -> str:
        return pack_cursor(self.index.catalog.generation, path.decode("utf-8", "surrogateescape"), line)

    def answer(self) -> Answer:
        """The fields of the reply besides the files."""
        covered = self.index.view(self._scope).completeness(self.seen, truncated=self.cursor is not None)
        return {
            "pattern": self.arguments["pattern"],
            "matches": self.matches,
            "cursor": self.cursor,
            **_with_notes(coverage(covered), self._notes),
        }


def _shown_views(names: tuple[str, ...]) -> Answer:
    return {"views": list(names)} if names else {}


def _with_notes(answer: Answer, notes: list[str]) -> Answer:
    return {**answer, "notes": [*answer["notes"], *notes]}


def grep(index: Index, arguments: Answer, control: Control) -> Answer:
    """`grep` as one answer, with `files`."""
    with index.snapshot():
        run = GrepRun(index, arguments, control)
        files = list(run.files())
        return {"files": files, **run.answer()}


def request_of(arguments: Answer) -> GrepRequest:
    """The search that the arguments describe."""
    return GrepRequest(
        patterns=(arguments["pattern"],),
        fixed_strings=arguments["fixed_strings"],
        case=_CASES[arguments["case"]],
        boundary=Boundary.WORD if arguments["word"] else Boundary.NONE,
        multiline=arguments["multiline"],
        before=arguments["context"],
        after=arguments["context"],
        mode=_MODES[arguments["mode"]],
        line_number=True,
    )


def _accepts(globs: tuple[str, ...], after: bytes, *, whole: bool) -> Callable[[bytes], bool] | None:
    """The condition on paths: the globs, and what comes after the cursor in the order of path components."""
    rules = PathFilter(PathRules(globs=globs)).accepts if globs else None
    if not after:
        return rules
    start = after.replace(b"/", b"\0")

    def accepts(path: bytes) -> bool:
        key = path.replace(b"/", b"\0")
        return (key > start if whole else key >= start) and (rules is None or rules(path))

    return accepts


def _lines(found: FileMatches, most: int, after_line: int) -> tuple[list[Answer], int]:
    """The lines of a file, at most `most` matching ones after line `after_line`; and, where there are more,
    the number of the last line that was taken."""
    lines: list[Answer] = []
    taken = last = 0
    for line in found.lines():
        if line.kind == BREAK:
            continue
        count = found.line_count(line)
        if line.number + count - 1 <= after_line:
            continue
        if line.kind == MATCH:
            if taken >= most:
                return lines, last
            taken += 1
            last = line.number + count - 1
        elif taken >= most:
            continue
        lines.append(_line(found.text, line, matched=line.kind == MATCH))
    return lines, 0


def _line(text: bytes, line: Any, *, matched: bool) -> Answer:
    raw = text[line.start : line.end].rstrip(b"\r\n")
    shown = raw.decode("utf-8", "replace")
    if not matched:
        return {"number": line.number, "text": clipped(shown, [])[0]}
    ranges = [[len(raw[:a].decode("utf-8", "replace")), len(raw[:b].decode("utf-8", "replace"))] for a, b in line.spans]
    shown, ranges = clipped(shown, ranges)
    return {"number": line.number, "text": shown, "ranges": ranges}
