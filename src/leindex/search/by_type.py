"""What `type:file` and `type:symbol` ask for: paths and definitions as hits, not passages.

The query's tree is read as ever, but its words are looked for in each file's path, or in the name of each
definition; filters keep their meaning. All that fits is found and put in order before a page of it is shown.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..models import FileRow, Hit, LineMatch
from ..query.ast import ResultType
from ..query.plan import Plan
from ..text import searchable
from .conditions import Conditions
from .definitions import Symbol, unpack
from .select import Selection
from .snippets import Text
from .symbols import MOST_DOCUMENTS, SymbolHit, candidates, hit_of, order_of

if TYPE_CHECKING:
    from ..index import Index

NEARNESS = ("the same", "the same but for case", "begins with it", "holds it")
"""The first part of `order_of`, for people."""


def hits_of(
    index: Index, made: Plan, conditions: Conditions, words: str, scope: str, seen: Selection, check: Callable[[], None]
) -> tuple[list[Hit], bool] | None:
    """All hits of a query for files or definitions, best first, and whether the search was cut short; None
    for a query that asks for passages. `check` is called for each file; what it raises ends the search."""
    if made.query.type is ResultType.FILE:
        return _files(index, conditions, words, scope, seen, check), False
    if made.query.type is ResultType.SYMBOL:
        return _symbols(index, made, conditions, words, scope, seen, check)
    return None


def _files(
    index: Index, conditions: Conditions, words: str, scope: str, seen: Selection, check: Callable[[], None]
) -> list[Hit]:
    """Files whose path satisfies the query; those first that have words in their name, then short ones."""
    found: list[FileRow] = []
    for row in index.table().rows(os.fsencode(scope)):
        check()
        seen.candidates += 1
        symbols = partial(_stored, index, row.number)
        if conditions.row_may_match(row) and conditions.matches(row, row.path, symbols):
            found.append(row)
    seen.verified = seen.candidates
    wanted = words.lower().split()

    def named(row: FileRow) -> int:
        own = row.name.rpartition("/")[2].lower()
        return sum(word in own for word in wanted)

    def order(row: FileRow) -> tuple[int, int, bytes]:
        return -named(row), len(row.path) if wanted else 0, row.path.replace(b"/", b"\0")

    found.sort(key=order)
    return [
        Hit(row.name, row.language, 1, 1, 0.0, (), signals={"words in the name": named(row), "length": len(row.path)})
        for row in found
    ]


def _symbols(
    index: Index,
    made: Plan,
    conditions: Conditions,
    words: str,
    scope: str,
    seen: Selection,
    check: Callable[[], None],
) -> tuple[list[Hit], bool]:
    """Definitions whose name satisfies the query, exact names first."""
    seen.pending = index.catalog.pending()
    prefix = scope + "/" if scope else ""
    found: list[tuple[SymbolHit, LineMatch]] = []
    for number in candidates(index, words, made.formula):
        if seen.candidates >= MOST_DOCUMENTS:
            break
        check()
        rows = [row for row in index.catalog.files_of([number]) if row.name.startswith(prefix)]
        rows = [row for row in rows if conditions.row_may_match(row)]
        if rows:
            seen.candidates += 1
            found += _definitions(index, rows, conditions)
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
            signals={"name": NEARNESS[order_of(hit, words)[0]], "length": len(hit.name), "kind": hit.kind},
        )
        for hit, line in found
    ]
    return hits, seen.candidates >= MOST_DOCUMENTS


def _definitions(index: Index, rows: Sequence[FileRow], conditions: Conditions) -> list[tuple[SymbolHit, LineMatch]]:
    """The definitions of one content that fit, in each of its files."""
    number = rows[0].number
    fitting = [
        (row, symbol)
        for symbol in _stored(index, number)
        for row in rows
        if conditions.matches(row, symbol.name.encode("utf-8", "replace"), lambda s=symbol: [s])  # type: ignore[misc]
    ]
    content = index.store.contents([number])[0] if fitting else None
    if content is None:
        return []
    text = Text(searchable(content))
    return [(hit_of(row, symbol, text), _line(text, symbol)) for row, symbol in fitting]


def _line(text: Text, symbol: Symbol) -> LineMatch:
    raw = next((line.text for line in text.lines(symbol.line, symbol.line)), b"")
    return LineMatch(symbol.line, raw.decode("utf-8", "replace")[:500])


def _stored(index: Index, number: int) -> Sequence[Symbol]:
    stored = index.catalog.symbols_of(number) if number else None
    return unpack(stored[1]) if stored is not None else ()
