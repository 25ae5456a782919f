"""The documents of a ranked search: those that satisfy its query, or hold some of its words.

Where there are few candidates all are verified; where there are many, they are verified in the order in which the
ranking's first step likes them, until there are enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from ..models import FileRow
from ..records import field, record, replace
from ..storage.storage_interface import CandidateSet
from ..text import searchable
from . import rank
from .asked import Asked
from .source import RankedDocument

VERIFY_ALL: Final = 400
"""Up to so many candidates are all verified before ranking; above, in ranked order until there are enough."""

RANKED: Final = 600
"""How many documents the first step of ranking proposes where not all candidates are verified."""


@record(slots=True)
class Found:
    """Documents that answer, best first, with their files and the lines where the query matches.

    The first `head` of them are yet to be ordered by their passages. `find_lines` finds the lines, which only
    documents that are opened are asked for. `more` says that there are others.
    """

    head: int
    find_lines: Callable[[RankedDocument], list[int]] = lambda document: []
    candidates: CandidateSet | None = None
    documents: dict[int, RankedDocument] = field(default_factory=dict)
    rows: dict[int, list[FileRow]] = field(default_factory=dict)
    lines: dict[int, list[int]] = field(default_factory=dict)
    more: bool = False

    @property
    def files(self) -> int:
        """How many files the documents have."""
        return sum(map(len, self.rows.values()))

    def add(self, document: RankedDocument, rows: list[FileRow]) -> None:
        """Takes a document with the files of it that answer."""
        self.documents[document.number] = document
        self.rows[document.number] = rows

    def lines_of(self, number: int) -> list[int]:
        """The numbers, from 1, of the lines where the query matches a document."""
        if number not in self.lines:
            self.lines[number] = self.find_lines(self.documents[number])
        return self.lines[number]

    def order(self, best: Iterable[Sequence[rank.Scored]]) -> None:
        """Puts the documents in the order of the first step of ranking; those it does not know come last."""
        numbers = dict.fromkeys(scored.number for found in best for scored in found)
        numbers |= dict.fromkeys(sorted(self.documents))
        self.documents = {number: self.documents[number] for number in numbers}


def verified(asked: Asked) -> Found:
    """Documents that satisfy the query: candidates, each verified."""
    candidates = asked.view.store.candidates(asked.plan.formula)
    seen, conditions, ranking = asked.seen, asked.conditions, asked.ranking
    seen.scanned_everything = candidates.everything
    found = Found(asked.head, lambda document: _matched_lines(asked, document), candidates)
    few = not candidates.everything and candidates.count(VERIFY_ALL + 1) <= VERIFY_ALL
    numbers: Iterable[int] = candidates if few else _by_rank(asked, candidates)
    enough = VERIFY_ALL if few else max(asked.wanted, found.head)
    for document in _in_batches(asked, numbers):
        text = searchable(document.content)
        rows = [
            row
            for row in document.rows
            if conditions.matches(row, text, lambda d=document: d.definitions)  # type: ignore[misc]
        ]
        seen.verified += len(document.rows)
        if not rows:
            continue
        if len(found.documents) >= enough:
            found.more = True
            break
        found.add(document, rows)
    seen.notes = candidates.notes
    if few and found.documents:
        allowed = sorted(found.documents)
        found.order(ranking.best_documents(limit=n, allowed=allowed) for n in (rank.CANDIDATES, len(allowed)))
    return found


def ranked_only(asked: Asked) -> Found:
    """Documents that hold some of the words, best first: what a question in plain words asks for."""
    found = Found(asked.head)
    view, ranking = asked.view, asked.ranking
    allowed = view.table.documents_below(view.scope_bytes) if view.scope else None
    wanted = max(min(asked.wanted, asked.source.count()), found.head)
    best: dict[int, None] = {}
    for depth in (rank.CANDIDATES, wanted + 1):
        best.update((s.number, None) for s in ranking.best_documents(limit=depth, allowed=allowed) if s.score > 0)
    for document in asked.source.load(list(best), asked.check):
        asked.seen.candidates += 1
        if len(found.documents) >= wanted:
            found.more = True
            break
        found.add(document, asked.in_scope(list(document.rows)))
    return found


def _by_rank(asked: Asked, candidates: CandidateSet) -> Iterator[int]:
    """Candidates, those first that the first step of ranking likes, the others in path order."""
    conditions, ranking = asked.conditions, asked.ranking
    liked: dict[int, None] = {}
    for depth in (rank.CANDIDATES, RANKED) if ranking.query.words else ():
        proposed = [s.number for s in ranking.best_documents(limit=depth) if s.number not in liked]
        liked.update(dict.fromkeys(proposed))
        yield from candidates.among(proposed)
    table = asked.view.table
    for place in table.places(candidates, scope=asked.view.scope_bytes):
        number = table.numbers[place]
        if conditions.needs_rows and not conditions.row_may_match(table.row(place)):
            continue
        if number and number not in liked:
            liked[number] = None
            yield number


def _in_batches(asked: Asked, numbers: Iterable[int]) -> Iterator[RankedDocument]:
    """Loads the documents that are still in question after a look at their rows, a few at first."""
    size, batch = 16, []
    for number in numbers:
        batch.append(number)
        if len(batch) >= size:
            asked.check()
            yield from _loaded(asked, batch)
            size, batch = min(size * 2, 256), []
    asked.check()
    yield from _loaded(asked, batch)


def _loaded(asked: Asked, numbers: Sequence[int]) -> Iterator[RankedDocument]:
    source, conditions, seen = asked.source, asked.conditions, asked.seen
    rows = {
        number: kept
        for number, rows in source.rows(numbers).items()
        if (kept := [row for row in asked.in_scope(rows) if conditions.row_may_match(row)])
    }
    seen.candidates += sum(len(kept) for kept in rows.values())
    if conditions.needs_symbols:
        source.need_definitions(rows)
        for number, kept in list(rows.items()):
            symbols = source.definitions(number)
            rows[number] = [row for row in kept if conditions.may_match(row, symbols)]
            seen.verified += len(kept) - len(rows[number])
            if not rows[number]:
                del rows[number]
    wanted = [number for number in numbers if number in rows]
    for document in source.load(wanted):
        yield replace(document, path=rows[document.number][0].name, rows=rows[document.number])


def _matched_lines(asked: Asked, document: RankedDocument) -> list[int]:
    """The numbers, from 1, of the lines where the query matches, or where what it asks to be defined is."""
    found = asked.conditions.matching_lines(searchable(document.content))
    return found or sorted(symbol.line for symbol in asked.conditions.definitions(document.definitions))
