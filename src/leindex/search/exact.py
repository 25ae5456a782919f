"""Exhaustive search: every matching line of one tree or several, in path order.

    request -> formula -> candidates -> contents -> search of each file -> printer

The formula comes from the pattern; a request that reports files without a match, or lines that do not match, looks
at all files. What is printed and counted is `grep.py`'s affair, what matches `verify.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ..models import LineMatch
from ..query.formula import Anything, Formula, Lit, either
from ..query.literals import formula_of_regex
from ..storage.catalog import key_of
from .format import Output
from .grep import GrepResult, grep
from .read_buffer import DECODED_BUFFER, Place, ReadBuffer
from .request import Binary, GrepRequest
from .select import Selection, Selector
from .stats import Stats
from .verify import MATCH, FileMatches, Searcher


@dataclass(slots=True)
class Part:
    """One tree or a folder of it, and how its paths are shown: `prefix`, then the path without its first `strip`
    bytes."""

    selector: Selector
    prefix: bytes = b""
    strip: int = 0
    seen: Selection = field(default_factory=Selection)


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that was asked for by its name: it is searched as it is on disk, indexed or not, as ripgrep does it."""

    shown: bytes
    content: bytes


def grep_parts(
    request: GrepRequest, parts: Sequence[Part | NamedFile], out: Output, *, check: Callable[[], None] | None = None
) -> GrepResult:
    """Searches the parts one after another and prints what ripgrep would for the same paths.

    Each part's `seen` says afterwards what was looked at. Raises QueryError for a pattern that is refused.
    """
    searcher = Searcher(request, check=check)
    unsearched = Stats()
    buffer = ReadBuffer(lambda: _large_files(parts), searcher.buffer_after)

    def files() -> Iterator[tuple[bytes, bytes | None]]:
        for number, part in enumerate(parts):
            for path, shown, content in _files(part, request, searcher, unsearched):
                buffer.place = (number, key_of(path))
                yield shown, content

    def named() -> bool:
        return isinstance(parts[buffer.place[0]], NamedFile)

    return grep(
        request,
        files(),
        out,
        check=check,
        unsearched=unsearched,
        buffer_size=buffer.size,
        named=named if any(isinstance(part, NamedFile) for part in parts) else None,
    )


def _large_files(parts: Sequence[Part | NamedFile]) -> Iterator[tuple[Place, bytes]]:
    for number, part in enumerate(parts):
        if isinstance(part, NamedFile):
            yield (number, b""), part.content
        else:
            for path, content in part.selector.large_files(DECODED_BUFFER):
                yield (number, key_of(path)), content


def formula_of(request: GrepRequest, searcher: Searcher) -> Formula:
    """What a file must hold to be of interest."""
    return Anything() if request.selects_without_match else formula_of_regex(searcher.matcher.tree)


def _files(
    part: Part | NamedFile, request: GrepRequest, searcher: Searcher, unsearched: Stats
) -> Iterator[tuple[bytes, bytes, bytes | None]]:
    """Path, the path as it is shown, and content of each file to print something of."""
    if isinstance(part, NamedFile):
        yield b"", part.shown, part.content
        return
    formula = formula_of(request, searcher)
    if request.reports_unmatched or request.keeps_stats:
        # A file with a NUL byte is never reported as one without a match, so these have to be looked at.
        found = part.selector.all_contents(either(formula, Lit(b"\0")), part.seen)
    else:
        # With `--binary` a file may be worth a line of output though none of its lines is.
        untested = request.selects_without_match or request.binary is Binary.CONVERT
        test = None if untested else searcher.which
        found = part.selector.contents(formula, part.seen, test=test)
    for path, size, content in found:
        if content is None and request.keeps_stats:
            unsearched.add(Stats(searches=1, bytes_searched=size))
        if content is not None or request.reports_unmatched:
            yield path, part.prefix + path[part.strip :], content


@dataclass(frozen=True, slots=True)
class FileLines:
    """A file with its matching lines."""

    path: str
    lines: tuple[LineMatch, ...]


def matching_files(
    request: GrepRequest, selector: Selector, seen: Selection, *, limit: int | None = None, lines: bool = True
) -> Iterator[FileLines]:
    """The files that match, in path order, at most `limit` of them; without their lines unless `lines`.

    Raises QueryError for a pattern that is refused.
    """
    searcher = Searcher(request)
    formula = formula_of(request, searcher)
    found = 0
    for path, _, content in selector.contents(formula, seen, test=searcher.which, names_only=not lines):
        if content is None:
            continue
        shown = tuple(_matching_lines(searcher.search(content))) if lines else ()
        yield FileLines(path.decode("utf-8", "surrogateescape"), shown)
        found += 1
        if found == limit:
            return


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
