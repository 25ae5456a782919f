"""What `type:file` and `type:symbol` ask for: paths and definitions as hits, not passages.

The query's tree is read as ever, but its words are looked for in each file's path, or in the name of each
definition; filters keep their meaning. All that fits is found and put in order before a page of it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ..definition import Symbol
from ..models import FileRow, Hit, LineMatch
from ..query.ast import ResultType
from ..records import record
from ..symbols.definitions import unpack
from ..symbols.find import MOST_DOCUMENTS, SymbolHit, candidates, hit_of, order_of
from ..symbols.heading import Text
from ..text import searchable
from ..views.view import View
from .asked import Asked

NEARNESS = ("the same", "the same but for case", "begins with it", "holds it")
"""The first part of `order_of`, for people; it starts again for what names no code."""


@record(frozen=True, slots=True)
class Listed:
    """All hits for files or definitions, best first. `what` they are; `cut` says that the search was cut short,
    `of_contents` that files over the size limit have none. `finish` adds to a hit what only shown ones need."""

    hits: list[Hit]
    what: str
    cut: bool = False
    of_contents: bool = False
    finish: Callable[[Hit], Hit] = lambda hit: hit


def listed(asked: Asked) -> Listed | None:
    """The hits of a query for files or definitions; None for a query that asks for passages."""
    if asked.plan.query.type is ResultType.FILE:
        return Listed(_files(asked), "path")
    if asked.plan.query.type is ResultType.SYMBOL:
        return _symbols(asked)
    return None


def _files(asked: Asked) -> list[Hit]:
    """Files whose path satisfies the query; those first that have words in their name, then short ones."""
    view, conditions, seen = asked.view, asked.conditions, asked.seen
    found: list[FileRow] = []
    for row in view.table.rows(view.scope_bytes):
        asked.check()
        seen.candidates += 1
        symbols = partial(_stored, view, row.number)
        if conditions.row_may_match(row) and conditions.matches(row, row.path, symbols):
            found.append(row)
    seen.verified = seen.candidates
    wanted = asked.words.lower().split()

    def named(row: FileRow) -> int:
        own = row.name.rpartition("/")[2].lower()
        return sum(word in own for word in wanted)

    def order(row: FileRow) -> tuple[int, int, bytes]:
        return -named(row), len(row.path) if wanted else 0, row.path.replace(b"/", b"\0")

    if view.views:
        found = _one_a_path(found)
    found.sort(key=order)
    return [
        Hit(
            row.name,
            row.language,
            1,
            1,
            0.0,
            (),
            signals={"words in the name": named(row), "length": len(row.path)},
            views=view.views_of(row.views),
        )
        for row in found
    ]


def _one_a_path(rows: Sequence[FileRow]) -> list[FileRow]:
    """A row for each path, with the views that have a file there, whatever its content."""
    found: dict[bytes, FileRow] = {}
    for row in rows:
        known = found.get(row.path)
        found[row.path] = row if known is None else known._replace(views=known.views | row.views)
    return list(found.values())


def _symbols(asked: Asked) -> Listed:
    """Definitions whose name satisfies the query, exact names first."""
    view, words, seen = asked.view, asked.words, asked.seen
    seen.pending = view.catalog.pending()
    found: list[tuple[SymbolHit, LineMatch]] = []
    for number in candidates(view, words, asked.plan.formula):
        if seen.candidates >= MOST_DOCUMENTS:
            break
        asked.check()
        rows = [row for row in view.files_of([number]) if asked.conditions.row_may_match(row)]
        if rows:
            seen.candidates += 1
            found += _definitions(asked, rows)
    seen.verified = seen.candidates
    found.sort(key=lambda pair: order_of(pair[0], words))
    hits = [
        Hit(
            hit.path,
            hit.language,
            hit.start_line,
            hit.end_line,
            0.0,
            (line,),
            heading=hit.signature,
            signals={
                "name": NEARNESS[order_of(hit, words)[0] % len(NEARNESS)],
                "length": len(hit.name),
                "kind": hit.kind,
            },
            views=hit.views,
        )
        for hit, line in found
    ]
    return Listed(hits, "definition", cut=seen.candidates >= MOST_DOCUMENTS, of_contents=True)


def _definitions(asked: Asked, rows: Sequence[FileRow]) -> list[tuple[SymbolHit, LineMatch]]:
    """The definitions of one content that fit, in each of its files."""
    number, conditions = rows[0].number, asked.conditions
    fitting = [
        (row, symbol)
        for symbol in _stored(asked.view, number)
        for row in rows
        if conditions.matches(row, symbol.name.encode("utf-8", "replace"), lambda s=symbol: [s])  # type: ignore[misc]
    ]
    content = asked.view.content(number) if fitting else None
    if content is None:
        return []
    text = Text(searchable(content))
    named = asked.view.views_of
    return [(hit_of(row, symbol, text, named(row.views)), _line(text, symbol)) for row, symbol in fitting]


def _line(text: Text, symbol: Symbol) -> LineMatch:
    raw = next((line.text for line in text.lines(symbol.line, symbol.line)), b"")
    return LineMatch(symbol.line, raw.decode("utf-8", "replace")[:500])


def _stored(view: View, number: int) -> Sequence[Symbol]:
    stored = view.catalog.symbols_of(number) if number else None
    return unpack(stored[1]) if stored is not None else ()
