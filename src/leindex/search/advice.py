"""Why a search found nothing: which part of the query emptied the result."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Final

from ..query.ast import Query, RepoFilter
from ..query.plan import Plan, plan
from ..text import searchable
from .conditions import Conditions
from .definitions import unpack

if TYPE_CHECKING:
    from ..index import Index

LOOKED_AT: Final = 200
"""Candidates that are verified for one part of a query before it counts as undecided."""


def advice_for(
    index: Index, made: Plan, conditions: Conditions, scope: str, check: Callable[[], None]
) -> tuple[str, ...]:
    """A line for each part of the query that no file satisfies by itself, or for which that is not known; if
    there is none, that it is their combination. `check` is called for each file; what it raises ends the work."""
    if not made.conjuncts:
        return ()
    verdicts = [(part, _alone(index, Query(part), conditions, scope, check)) for part in made.conjuncts]
    no_file = "no indexed file" if index.table().count(os.fsencode(scope))[1] else "no file"
    lines = [
        f"{part} does not fit this index, that of {index.root.name}"
        if isinstance(part, RepoFilter)
        else f"{no_file} satisfies: {part}"
        for part, found in verdicts
        if found is False
    ]
    lines += [f"not known after looking at {LOOKED_AT} files: {part}" for part, found in verdicts if found is None]
    if not lines and len(verdicts) > 1:
        lines.append("each part of the query is found somewhere, but not all in one file")
    return tuple(lines)


def _alone(index: Index, query: Query, conditions: Conditions, scope: str, check: Callable[[], None]) -> bool | None:
    """Whether some file satisfies a part of the query; None if that is not known after looking at many."""
    part = plan(query)
    test = Conditions(part, index.root.name, conditions.languages, conditions.kinds)
    numbers = list(islice(index.store.candidates(part.formula), LOOKED_AT + 1))
    prefix = scope + "/" if scope else ""
    for number in numbers[:LOOKED_AT]:
        check()
        rows = [row for row in index.catalog.files_of([number]) if row.name.startswith(prefix)]
        rows = [row for row in rows if test.row_may_match(row)]
        content = index.store.contents([number])[0] if rows else None
        if content is None:
            continue
        stored = index.catalog.symbols_of(number) if test.needs_symbols else None
        symbols = unpack(stored[1]) if stored is not None else []
        if any(test.matches(row, searchable(content), lambda s=symbols: s) for row in rows):  # type: ignore[misc]
            return True
    return None if len(numbers) > LOOKED_AT else False
