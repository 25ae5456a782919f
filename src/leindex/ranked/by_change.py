"""What `in:diff` and `in:diff-removed` ask for: hunks of the files that differ from a base, in path order.

The words of the query are looked for in the lines that came, or in those that are gone, and nowhere else: a file
satisfies the query if these lines of it do. Each hunk with a line that matches is a hit with all of its matching lines;
a query without words finds every hunk of the files that its filters let through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..definition import Symbol
from ..models import FileChange, FileRow, Hit, LineMatch
from ..query.ast import Within
from ..records import replace
from ..symbols.definitions import unpack
from ..symbols.heading import Text, signature
from ..text import searchable
from .answering import shown_line
from .asked import Asked
from .by_type import Listed

LINES_SHOWN = 20
"""Lines of a hunk that are shown where the query has no words."""


class Side(NamedTuple):
    """One side of a hunk: the number of its first line, and its lines."""

    start: int
    lines: tuple[bytes, ...]


def changed(asked: Asked) -> Listed:
    """The hunks that satisfy a query. Raises QueryError for a base that is none."""
    query = asked.plan.query
    base = asked.question.base or query.base or "HEAD"
    changes = asked.view.changes_for(f"in:{query.within.value if query.within else ''}")
    prefix = f"{asked.view.scope}/" if asked.view.scope else ""
    hits: list[Hit] = []
    for change in changes.diff(base):
        asked.check()
        sides = list(_sides(change, removed=query.within is Within.REMOVED))
        row = _row(asked, change)
        if not sides or not row.name.startswith(prefix):
            continue
        asked.seen.candidates += 1
        asked.seen.verified += 1
        hits += _hits(asked, row, sides)
    return Listed(hits, "hunk", finish=lambda hit: _with_heading(asked, hit))


def _row(asked: Asked, change: FileChange) -> FileRow:
    """The row of a file; one with what its name tells where it is in no index, or is no more."""
    path = change.path or change.old_path
    known = asked.view.catalog.file(path)
    return known or FileRow(path, 0, 0, 0, 0, 0, language=asked.view.knowledge.language_of(path))


def _sides(change: FileChange, *, removed: bool) -> Iterator[Side]:
    for hunk in change.hunks:
        side = Side(hunk.old_start, hunk.old) if removed else Side(hunk.new_start, hunk.new)
        if side.lines:
            yield side


def _hits(asked: Asked, row: FileRow, sides: Sequence[Side]) -> Iterator[Hit]:
    """The hits of one file."""
    conditions = asked.conditions
    # An empty line keeps what stands in two hunks from being taken for neighbours.
    texts = [b"\n".join(side.lines) + b"\n\n" for side in sides]
    if not conditions.matches(row, b"".join(texts), lambda: _touched(asked, row, sides)):
        return
    for side, text in zip(sides, texts, strict=True):
        numbers = conditions.matching_lines(text)
        if not asked.plan.positive:
            numbers = list(range(1, min(len(side.lines), LINES_SHOWN) + 1))
        if not numbers:
            continue
        yield Hit(
            path=row.name,
            language=row.language,
            start_line=side.start,
            end_line=side.start + len(side.lines) - 1,
            score=0.0,
            lines=tuple(_line(asked, side, number) for number in numbers if number <= len(side.lines)),
        )


def _line(asked: Asked, side: Side, number: int) -> LineMatch:
    return shown_line(side.start + number - 1, side.lines[number - 1].rstrip(b"\r"), asked.conditions)


def _touched(asked: Asked, row: FileRow, sides: Sequence[Side]) -> list[Symbol]:
    """The definitions in which a changed line lies; of lines that are gone none is known."""
    if asked.plan.query.within is Within.REMOVED:
        return []
    spans = [(side.start, side.start + len(side.lines) - 1) for side in sides]
    return [
        symbol
        for symbol in _definitions(asked, row.number)
        if any(symbol.start_line <= last and first <= symbol.end_line for first, last in spans)
    ]


def _definitions(asked: Asked, number: int) -> Sequence[Symbol]:
    stored = asked.view.catalog.symbols_of(number) if number else None
    return unpack(stored[1]) if stored is not None else ()


def _with_heading(asked: Asked, hit: Hit) -> Hit:
    """A hit with the head of the innermost definition that its first line lies in."""
    if asked.plan.query.within is Within.REMOVED:
        return hit
    row = asked.view.catalog.file(hit.path.encode("utf-8", "surrogateescape"))
    around = [
        symbol
        for symbol in _definitions(asked, row.number if row is not None else 0)
        if symbol.start_line <= hit.start_line <= symbol.end_line
    ]
    content = asked.view.content(row.number) if row is not None and around else None
    if content is None:
        return hit
    inner = max(around, key=lambda symbol: symbol.start_line)
    return replace(hit, heading=signature(Text(searchable(content)), inner.line, inner.end_line))
