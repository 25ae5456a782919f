"""Why a search found nothing: which part of the query emptied the result."""

from __future__ import annotations

from itertools import islice
from typing import Final

from ..query.ast import Query, RepoFilter
from ..query.plan import plan
from ..symbols.definitions import unpack
from ..text import searchable
from .asked import Asked
from .conditions import Conditions

LOOKED_AT: Final = 200
"""Candidates that are verified for one part of a query before it counts as undecided."""


def advice_for(asked: Asked) -> tuple[str, ...]:
    """A line for each part of the query that no file satisfies by itself, or for which that is not known; if
    there is none, that it is their combination."""
    conjuncts = asked.plan.conjuncts
    if not conjuncts:
        return ()
    verdicts = [(part, _alone(asked, Query(part))) for part in conjuncts]
    no_file = "no indexed file" if asked.view.table.count(asked.view.scope_bytes)[1] else "no file"
    lines = [
        f"{part} does not fit this index, that of {asked.view.name}"
        if isinstance(part, RepoFilter)
        else f"{no_file} satisfies: {part}"
        for part, found in verdicts
        if found is False
    ]
    lines += [f"not known after looking at {LOOKED_AT} files: {part}" for part, found in verdicts if found is None]
    if not lines and len(verdicts) > 1:
        lines.append("each part of the query is found somewhere, but not all in one file")
    return tuple(lines)


def _alone(asked: Asked, query: Query) -> bool | None:
    """Whether some file satisfies a part of the query; None if that is not known after looking at many."""
    part, view = plan(query), asked.view
    test = Conditions(part, view)
    numbers = list(islice(view.store.candidates(part.formula), LOOKED_AT + 1))
    for number in numbers[:LOOKED_AT]:
        asked.check()
        rows = [row for row in view.files_of([number]) if test.row_may_match(row)]
        content = view.content(number) if rows else None
        if content is None:
            continue
        stored = view.catalog.symbols_of(number) if test.needs_symbols else None
        symbols = unpack(stored[1]) if stored is not None else []
        if any(test.matches(row, searchable(content), lambda s=symbols: s) for row in rows):  # type: ignore[misc]
            return True
    return None if len(numbers) > LOOKED_AT else False
