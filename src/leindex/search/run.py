"""A ranked search from the query's text to its hits: the whole flow in `search`.

    parse -> plan -> candidates -> rows -> verify -> rank -> passages -> facets or advice

A hit of a query satisfies it exactly; ranking only orders. Where there are few candidates all are verified; where
there are many, they are verified in the order in which the ranking's first step likes them, until there are enough.
With `plain` the query is a question in words: then ranking alone decides.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ..errors import QueryError
from ..models import FileRow, Hit, LineMatch, SearchResult
from ..query.ast import Pattern, ResultType
from ..query.parse import parse, parse_plain
from ..query.plan import Plan, plan
from ..storage.storage_interface import CandidateSet
from ..text import searchable
from . import facets, rank
from .advice import advice_for
from .by_type import hits_of
from .conditions import Conditions, Languages
from .select import Selection
from .snippets import Line, Text, best_lines, heading
from .source import IndexSource, RankedDocument
from .words import Query

if TYPE_CHECKING:
    from ..index import Index

DEFAULT_LIMIT: Final = 20
VERIFY_ALL: Final = 400
"""Up to so many candidates are all verified before ranking; above, in ranked order until there are enough."""

RANKED: Final = 600
"""How many documents the first step of ranking proposes where not all candidates are verified."""

LONGEST_LINE: Final = 500
"""Characters of a line that are shown."""


@dataclass(slots=True)
class _Found:
    """What verification found: documents that satisfy the query, best first, with the lines where it matches.

    The first `head` of them are yet to be ordered by their passages. `find_lines` finds the lines, which only
    documents that are opened are asked for.
    """

    find_lines: Callable[[RankedDocument], list[int]] = lambda document: []
    candidates: CandidateSet | None = None
    documents: dict[int, RankedDocument] = field(default_factory=dict)
    rows: dict[int, list[FileRow]] = field(default_factory=dict)
    lines: dict[int, list[int]] = field(default_factory=dict)
    head: int = rank.CANDIDATES
    more: bool = False

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


def search(
    index: Index,
    text: str,
    *,
    limit: int | None,
    cursor: str | None,
    plain: bool,
    explain: bool,
    scope: str,
    languages: Languages,
    kinds: Sequence[str],
    check: Callable[[], None],
) -> SearchResult:
    """Answers a query; inside the index's snapshot. Raises QueryError for one that is wrong.

    `check` is called again and again while documents are looked at; what it raises ends the search.
    """
    made = plan(parse_plain(text) if plain else parse(text))
    limit = effective_limit(limit, made.query.count)
    state = [index.catalog.generation, _fingerprint(text, scope, plain=plain)]
    offset = _offset(cursor, state)
    conditions = Conditions(made, index.root.name, languages, kinds)
    seen = Selection()
    wanted = offset + limit
    words = _words(made, text, plain=plain)
    listed = None if plain else hits_of(index, made, conditions, words, scope, seen, check)
    if listed is not None:
        return _listed(
            index, text, *listed, offset, limit, state, scope, seen, paths=made.query.type is ResultType.FILE
        )
    source = IndexSource(index.store, index.catalog, index.table())
    ranking = rank.Ranking(words, source)
    advice: tuple[str, ...] = ()
    if plain:
        found = _ranked_only(index, source, ranking, wanted, scope, seen, check)
    else:
        found = _verified(index, source, made, conditions, ranking, wanted, scope, seen, check)
        if not found.documents:
            advice = advice_for(index, made, conditions, scope, check)
            if len(made.positive) > 1 and len(made.positive) == len(made.conjuncts):
                found = _ranked_only(index, source, ranking, wanted, scope, seen, check)
                if found.documents:
                    advice = (*advice, "no file holds all of these words: shown are files that hold some")
    answers = _page(source, ranking, found, offset, limit, check, explain=explain)
    shown = [_hit(row, answer, found, conditions, ranking.query) for row, answer in answers]
    files = sum(map(len, found.rows.values()))
    truncated = found.more or files > offset + len(shown)
    return SearchResult(
        query=text,
        hits=tuple(shown),
        completeness=index.completeness(seen, truncated=truncated, scope=scope, indexed_only=True),
        facets=_facets(index, found, conditions, scope) if truncated else {},
        cursor=_cursor(state, offset + len(shown)) if truncated and shown else None,
        advice=advice,
    )


def _listed(
    index: Index,
    text: str,
    hits: list[Hit],
    cut: bool,
    offset: int,
    limit: int,
    state: list[object],
    scope: str,
    seen: Selection,
    *,
    paths: bool,
) -> SearchResult:
    """A page of files or definitions."""
    end = min(offset + limit, len(hits))
    truncated = cut or end < len(hits)
    return SearchResult(
        query=text,
        hits=tuple(hits[offset:end]),
        completeness=index.completeness(seen, truncated=truncated, scope=scope, indexed_only=not paths),
        cursor=_cursor(state, end) if end < len(hits) else None,
        advice=()
        if hits
        else (f"no {'path' if paths else 'definition'} fits; type: decides where words are looked for",),
    )


def effective_limit(limit: int | None, count: int | str | None) -> int:
    """How many hits are wanted: the smaller of the caller's limit and the query's `count:`."""
    counted = 10**9 if count == "all" else count
    return min((n for n in (limit, counted) if isinstance(n, int) and n), default=DEFAULT_LIMIT)


def _words(made: Plan, text: str, *, plain: bool) -> str:
    """What ranking looks for: the positive words, or the whole question."""
    if plain:
        return text
    return " ".join(
        leaf.text for leaf in (term.node for term in made.positive) if not isinstance(leaf, Pattern)
    ) or " ".join(_definition_names(made))


def _definition_names(made: Plan) -> Iterator[str]:
    for condition in made.required:
        name = getattr(condition.leaf, "name", None)
        if name is not None and not condition.negated:
            yield name.value


# -- finding ------------------------------------------------------------------------------------------------------


def _verified(
    index: Index,
    source: IndexSource,
    made: Plan,
    conditions: Conditions,
    ranking: rank.Ranking,
    wanted: int,
    scope: str,
    seen: Selection,
    check: Callable[[], None],
) -> _Found:
    """Documents that satisfy the query."""
    candidates = index.store.candidates(made.formula)
    seen.scanned_everything = candidates.everything
    found = _Found(lambda document: _matched_lines(conditions, document), candidates, head=_head(ranking))
    few = not candidates.everything and candidates.count(VERIFY_ALL + 1) <= VERIFY_ALL
    numbers: Iterable[int] = candidates if few else _by_rank(index, conditions, ranking, candidates, scope)
    enough = VERIFY_ALL if few else max(wanted, found.head)
    for document in _in_batches(source, numbers, conditions, scope, seen, check):
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
        found.documents[document.number] = document
        found.rows[document.number] = rows
    seen.notes = candidates.notes
    if few and found.documents:
        allowed = sorted(found.documents)
        found.order(ranking.best_documents(limit=n, allowed=allowed) for n in (rank.CANDIDATES, len(allowed)))
    return found


def _head(ranking: rank.Ranking) -> int:
    """How many documents are ordered by their passages, the same for every page of an answer: also those that
    come on top of the first step's limit since they define the name that was asked for."""
    return rank.CANDIDATES + (rank.DEFINING if ranking.query.name is not None else 0)


def _by_rank(
    index: Index, conditions: Conditions, ranking: rank.Ranking, candidates: CandidateSet, scope: str
) -> Iterator[int]:
    """Candidates, those first that the first step of ranking likes, the others in path order."""
    liked: dict[int, None] = {}
    for depth in (rank.CANDIDATES, RANKED) if ranking.query.words else ():
        proposed = [s.number for s in ranking.best_documents(limit=depth) if s.number not in liked]
        liked.update(dict.fromkeys(proposed))
        yield from candidates.among(proposed)
    table = index.table()
    for place in table.places(candidates, scope=os.fsencode(scope)):
        number = table.numbers[place]
        if conditions.needs_rows and not conditions.row_may_match(table.row(place)):
            continue
        if number and number not in liked:
            liked[number] = None
            yield number


def _in_batches(
    source: IndexSource,
    numbers: Iterable[int],
    conditions: Conditions,
    scope: str,
    seen: Selection,
    check: Callable[[], None],
) -> Iterator[RankedDocument]:
    """Loads the documents that are still in question after a look at their rows, a few at first."""
    size, batch = 16, []
    for number in numbers:
        batch.append(number)
        if len(batch) >= size:
            check()
            yield from _loaded(source, batch, conditions, scope, seen)
            size, batch = min(size * 2, 256), []
    check()
    yield from _loaded(source, batch, conditions, scope, seen)


def _loaded(
    source: IndexSource, numbers: Sequence[int], conditions: Conditions, scope: str, seen: Selection
) -> Iterator[RankedDocument]:
    prefix = scope + "/" if scope else ""
    rows = {
        number: kept
        for number, rows in source.rows(numbers).items()
        if (kept := [r for r in rows if r.name.startswith(prefix) and conditions.row_may_match(r)])
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


def _ranked_only(
    index: Index,
    source: IndexSource,
    ranking: rank.Ranking,
    wanted: int,
    scope: str,
    seen: Selection,
    check: Callable[[], None],
) -> _Found:
    """Documents that hold some of the words, best first: what a question in plain words asks for."""
    found = _Found(head=_head(ranking))
    prefix = scope + "/" if scope else ""
    allowed = index.table().documents_below(os.fsencode(scope)) if scope else None
    wanted = max(min(wanted, source.count()), found.head)
    best: dict[int, None] = {}
    for depth in (rank.CANDIDATES, wanted + 1):
        best.update((s.number, None) for s in ranking.best_documents(limit=depth, allowed=allowed) if s.score > 0)
    for document in source.load(list(best), check):
        seen.candidates += 1
        if len(found.documents) >= wanted:
            found.more = True
            break
        found.documents[document.number] = document
        found.rows[document.number] = [row for row in document.rows if row.name.startswith(prefix)]
    return found


def _matched_lines(conditions: Conditions, document: RankedDocument) -> list[int]:
    """The numbers, from 1, of the lines where the query matches, or where what it asks to be defined is."""
    found = conditions.matching_lines(searchable(document.content))
    return found or sorted(symbol.line for symbol in conditions.definitions(document.definitions))


# -- answering ----------------------------------------------------------------------------------------------------


def _page(
    source: IndexSource,
    ranking: rank.Ranking,
    found: _Found,
    offset: int,
    limit: int,
    check: Callable[[], None],
    *,
    explain: bool,
) -> list[tuple[FileRow, rank.Hit]]:
    """One page of the found documents, best first; each file of a content at several paths is one.

    The first `found.head` documents are ordered by their passages, the others stay as the first step has them,
    so that the order is the same whichever page is asked for.
    """
    numbers = list(found.documents)

    def opened(some: Sequence[int], limit: int) -> list[rank.Hit]:
        source.need_definitions(some)
        return ranking.rank_documents(
            ranking.scored(some), limit=limit, matches=found.lines_of, explain=explain, check=check
        )

    head = len(numbers[: found.head])
    hits = {hit.number: hit for hit in opened(numbers[:head], min(head, offset + limit))}
    files = [(row, number) for number in [*hits, *numbers[head:]] for row in found.rows[number]]
    page = files[offset : offset + limit]
    others = [number for _, number in page if number not in hits]
    hits |= {hit.number: hit for hit in opened(others, len(others))}
    return [(row, hits[number]) for row, number in page]


def _hit(row: FileRow, answer: rank.Hit, found: _Found, conditions: Conditions, words: Query) -> Hit:
    passage = answer.passage
    text = Text(searchable(found.documents[answer.number].content))
    matched = found.lines_of(answer.number)
    return Hit(
        path=row.name,
        language=row.language,
        start_line=passage.start_line,
        end_line=passage.end_line,
        score=round(answer.score, 4),
        lines=tuple(_shown(line, conditions) for line in best_lines(words, text, passage, matches=matched)),
        heading="" if passage.definition is None else heading(text, passage),
        signals=answer.signals,
    )


def _shown(line: Line, conditions: Conditions) -> LineMatch:
    """A line as text, with what matches in it as ranges of characters."""
    ranges = tuple(
        (len(line.text[:start].decode("utf-8", "replace")), len(line.text[:end].decode("utf-8", "replace")))
        for start, end in conditions.spans(line.text)
    )
    shown = line.text.decode("utf-8", "replace")[:LONGEST_LINE]
    return LineMatch(line.number, shown, tuple((a, min(b, LONGEST_LINE)) for a, b in ranges if a < LONGEST_LINE))


def _facets(index: Index, found: _Found, conditions: Conditions, scope: str) -> dict[str, dict[str, int]]:
    """Of all candidates where not all were verified, else of what was found."""
    if found.more and found.candidates is not None:
        return facets.of_candidates(index.table(), found.candidates, conditions, os.fsencode(scope))
    return facets.of_rows((row for rows in found.rows.values() for row in rows), os.fsencode(scope))


# -- cursors ------------------------------------------------------------------------------------------------------


def _fingerprint(text: str, scope: str, *, plain: bool) -> str:
    """What tells one question from another in a cursor."""
    return hashlib.sha256(json.dumps([text, scope, plain]).encode()).hexdigest()[:12]


def _cursor(state: list[object], offset: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([*state, offset]).encode()).decode()


def _offset(cursor: str | None, state: list[object]) -> int:
    """Where to go on. Raises QueryError for a cursor that is none, or is of another query or state of the index."""
    if cursor is None:
        return 0
    try:
        generation, fingerprint, offset = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError, binascii.Error, UnicodeError):
        raise QueryError("the cursor is not one that a search returned") from None
    if fingerprint != state[1]:
        raise QueryError("the cursor is of another query; search again without it")
    if generation != state[0] or not isinstance(offset, int) or offset < 0:
        raise QueryError("the index has changed since the cursor was made; search again without it")
    return offset
