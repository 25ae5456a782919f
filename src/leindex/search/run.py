"""A ranked search from the query's text to its hits: the whole flow in `search`.

    parse -> plan -> candidates -> rows -> verify -> rank -> passages -> facets or advice

A hit of a query satisfies it exactly; ranking only orders. Where there are few candidates all are verified; where
there are many, they are verified in the order in which the ranking's first step likes them, until there are enough.
With `plain` the query is a question in words: then ranking alone decides.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from ..errors import QueryError
from ..models import FileRow, Hit, LineMatch, SearchResult
from ..query.ast import Pattern
from ..query.parse import parse, parse_plain
from ..query.plan import Plan, plan
from ..text import searchable
from . import rank
from .advice import advice_for
from .conditions import Conditions, Languages
from ..storage.storage_interface import CandidateSet
from .select import Selection
from .snippets import Line, best_lines, heading
from .source import IndexSource, RankedDocument
from .words import Query

if TYPE_CHECKING:
    from ..index import Index

DEFAULT_LIMIT: Final = 20
VERIFY_ALL: Final = 400
"""Up to so many candidates are all verified before ranking; above, in ranked order until there are enough."""

RANKED: Final = 600
"""How many documents the first step of ranking proposes where not all candidates are verified."""

FACET_ROWS: Final = 500
"""Most candidates that facets count."""

LONGEST_LINE: Final = 500
"""Characters of a line that are shown."""


@dataclass(slots=True)
class _Found:
    """What verification found: documents that satisfy the query, with the lines where it matches."""

    documents: dict[int, RankedDocument] = field(default_factory=dict)
    rows: dict[int, list[FileRow]] = field(default_factory=dict)
    lines: dict[int, list[int]] = field(default_factory=dict)
    more: bool = False
    exact: bool = True


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
) -> SearchResult:
    """Answers a query; inside the index's snapshot. Raises QueryError for one that is wrong."""
    made = plan(parse_plain(text) if plain else parse(text))
    count = made.query.count
    limit = limit or (10**9 if count == "all" else count) or DEFAULT_LIMIT
    generation = index.catalog.generation
    offset = _offset(cursor, generation)
    conditions = Conditions(made, index.root.name, languages)
    source = IndexSource(index.store, index.catalog, index.table())
    seen = Selection()
    wanted = offset + limit + 1
    ranking = rank.Ranking(_words(made, text, plain=plain), source)
    advice: tuple[str, ...] = ()
    if plain:
        found = _ranked_only(source, ranking, max(wanted, rank.CANDIDATES), scope, seen)
    else:
        found = _verified(index, source, made, conditions, ranking, wanted, scope, seen)
        if not found.documents:
            advice = advice_for(index, made, conditions, scope)
            if len(made.positive) > 1 and len(made.positive) == len(made.conjuncts):
                found = _ranked_only(source, ranking, max(wanted, rank.CANDIDATES), scope, seen)
                if found.documents:
                    advice = (*advice, "no file holds all of these words: shown are files that hold some")
    answers = _ranked(ranking, found, max(wanted, rank.CANDIDATES), explain=explain)
    shown = [
        _hit(row, answer, found, conditions, ranking.query) for row, answer in answers[offset : offset + limit]
    ]
    files = sum(map(len, found.rows.values()))
    truncated = found.more or files > offset + len(shown)
    return SearchResult(
        query=text,
        hits=tuple(shown),
        completeness=index.completeness(seen, truncated=truncated),
        facets=_facets(index, found, made, conditions, scope) if truncated else {},
        cursor=_cursor(generation, offset + len(shown)) if truncated and shown else None,
        advice=advice,
    )


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
) -> _Found:
    """Documents that satisfy the query."""
    candidates = index.store.candidates(made.formula)
    seen.scanned_everything = candidates.everything
    found = _Found()
    if not candidates.everything and candidates.count(VERIFY_ALL + 1) <= VERIFY_ALL:
        numbers: Iterable[int] = candidates
        enough = 10**9
    else:
        numbers = _by_rank(index, ranking, candidates, scope)
        enough = max(wanted, rank.CANDIDATES)
    for document in _in_batches(source, numbers, conditions, scope, seen):
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
        found.lines[document.number] = _matched_lines(conditions, document, text)
    seen.notes = candidates.notes
    return found


def _by_rank(
    index: Index, ranking: rank.Ranking, candidates: CandidateSet, scope: str
) -> Iterator[int]:
    """Candidates, those first that the first step of ranking likes, the others in path order."""
    liked: dict[int, None] = {}
    for scored in ranking.best_documents(limit=RANKED) if ranking.query.words else ():
        if scored.number in candidates:
            liked[scored.number] = None
            yield scored.number
    for _, number, *_ in index.catalog.walk(scope=scope.encode("utf-8", "surrogateescape")):
        if number and number not in liked and number in candidates:
            liked[number] = None
            yield number


def _in_batches(
    source: IndexSource, numbers: Iterable[int], conditions: Conditions, scope: str, seen: Selection
) -> Iterator[RankedDocument]:
    """Loads the documents that are still in question after a look at their rows, a few at first."""
    size, batch = 16, []
    for number in numbers:
        batch.append(number)
        if len(batch) >= size:
            yield from _loaded(source, batch, conditions, scope, seen)
            size, batch = min(size * 2, 256), []
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
    wanted = [number for number in numbers if number in rows]
    for document in source.load(wanted):
        yield RankedDocument(
            document.number,
            rows[document.number][0].name,
            document.content,
            rows[document.number],
            document.catalog,
        )


def _ranked_only(
    source: IndexSource, ranking: rank.Ranking, wanted: int, scope: str, seen: Selection
) -> _Found:
    """Documents that hold some of the words, best first: what a question in plain words asks for."""
    found = _Found(exact=False)
    prefix = scope + "/" if scope else ""
    best = ranking.best_documents(limit=wanted + 1) if not scope else ranking.best_documents(limit=20 * wanted)
    for document in source.load([scored.number for scored in best]):
        seen.candidates += 1
        rows = [row for row in document.rows if row.name.startswith(prefix)]
        if not rows:
            continue
        if len(found.documents) >= wanted:
            found.more = True
            break
        found.documents[document.number] = document
        found.rows[document.number] = rows
    return found


def _matched_lines(conditions: Conditions, document: RankedDocument, text: bytes) -> list[int]:
    """The numbers, from 1, of the lines where the query matches, or where what it asks to be defined is."""
    numbers: dict[int, None] = {}
    number, at = 1, 0
    for start, _ in conditions.spans(text):
        number += text.count(b"\n", at, start)
        at = start
        numbers[number] = None
    return list(numbers) or [symbol.line for symbol in conditions.definitions(document.definitions)]


# -- answering ----------------------------------------------------------------------------------------------------


def _ranked(
    ranking: rank.Ranking, found: _Found, wanted: int, *, explain: bool
) -> list[tuple[FileRow, rank.Hit]]:
    """The best `wanted` of the found documents, best first; each file of a content at several paths is one."""
    numbers = list(found.documents)
    scored = {s.number: s.score for s in ranking.best_documents(limit=len(numbers), allowed=numbers)} if numbers else {}
    order = sorted(numbers, key=lambda number: -scored.get(number, 0.0))[:wanted]
    answers = ranking.rank_documents(
        [rank.Scored(number, scored.get(number, 0.0)) for number in order],
        limit=wanted,
        matches=found.lines,
        explain=explain,
    )
    return [(row, answer) for answer in answers for row in found.rows[answer.number]]


def _hit(row: FileRow, answer: rank.Hit, found: _Found, conditions: Conditions, words: Query) -> Hit:
    passage = answer.passage
    text = searchable(found.documents[answer.number].content)
    matched = found.lines.get(answer.number, ())
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


def _facets(
    index: Index, found: _Found, made: Plan, conditions: Conditions, scope: str
) -> dict[str, dict[str, int]]:
    """How the files in question spread over folders and languages; the first candidates where not all were verified."""
    rows: Iterable[FileRow] = (row for rows in found.rows.values() for row in rows)
    if found.more and found.exact:
        candidates = index.store.candidates(made.formula)
        files = index.table().candidates(candidates, scope=scope.encode("utf-8", "surrogateescape"))
        rows = filter(conditions.row_may_match, islice(map(index.table().row, files), FACET_ROWS))
    start = len(scope) + 1 if scope else 0
    folders: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    for row in rows:
        folder, slash, _ = row.name[start:].partition("/")
        folders[folder + slash] += 1
        languages[row.language or "other"] += 1
    return {"folder": dict(folders.most_common(10)), "language": dict(languages.most_common(10))}


# -- cursors ------------------------------------------------------------------------------------------------------


def _cursor(generation: int, offset: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([generation, offset]).encode()).decode()


def _offset(cursor: str | None, generation: int) -> int:
    """Where to go on. Raises QueryError for a cursor that is none, or is of another state of the index."""
    if cursor is None:
        return 0
    try:
        at, offset = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError, binascii.Error, UnicodeError):
        raise QueryError("the cursor is not one that a search returned") from None
    if at != generation or not isinstance(offset, int) or offset < 0:
        raise QueryError("the index has changed since the cursor was made; search again without it")
    return offset
