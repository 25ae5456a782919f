"""From found documents to the answer: one page of hits with their passages, facets, completeness, a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..models import FileRow, Hit, LineMatch, SearchResult
from ..symbols.heading import Text, signature
from ..text import searchable
from . import facets, rank
from .asked import Asked
from .by_type import Listed
from .conditions import Conditions
from .finding import Found
from .snippets import best_lines

LONGEST_LINE: Final = 500
"""Characters of a line that are shown."""


def answer(asked: Asked, found: Found, advice: tuple[str, ...]) -> SearchResult:
    """A page of passages."""
    shown = [_hit(asked, found, row, ranked) for row, ranked in _page(asked, found)]
    end = asked.offset + len(shown)
    truncated = found.more or (len(found.documents) if asked.view.views else found.files) > end
    return SearchResult(
        query=asked.question.text,
        hits=tuple(shown),
        completeness=asked.view.completeness(asked.seen, truncated=truncated, indexed_only=True),
        facets=_facets(asked, found) if truncated else {},
        cursor=asked.cursor(end) if truncated and shown else None,
        advice=advice,
    )


def listing(asked: Asked, listed: Listed) -> SearchResult:
    """A page of files or definitions."""
    hits = listed.hits
    end = min(asked.wanted, len(hits))
    hint = "" if asked.plan.query.within else "; type: decides where words are looked for"
    nothing = f"no {listed.what} fits{hint}"
    return SearchResult(
        query=asked.question.text,
        hits=tuple(map(listed.finish, hits[asked.offset : end])),
        completeness=asked.view.completeness(
            asked.seen, truncated=listed.cut or end < len(hits), indexed_only=listed.of_contents
        ),
        cursor=asked.cursor(end) if end < len(hits) else None,
        advice=() if hits else (nothing,),
    )


def _page(asked: Asked, found: Found) -> list[tuple[FileRow, rank.Hit]]:
    """One page of the found documents, best first; each file of a content at several paths is one.

    The first `found.head` documents are ordered by their passages, the others stay as the first step has them,
    so that the order is the same whichever page is asked for.
    """
    numbers = list(found.documents)
    ranking = asked.ranking

    def opened(some: Sequence[int], limit: int) -> list[rank.Hit]:
        asked.source.need_definitions(some)
        explain = asked.question.explain
        return ranking.rank_documents(
            ranking.scored(some), limit=limit, matches=found.lines_of, explain=explain, check=asked.check
        )

    head = len(numbers[: found.head])
    hits = {hit.number: hit for hit in opened(numbers[:head], min(head, asked.wanted))}
    one = 1 if asked.view.views else None  # one hit a content, which names its views and its other places
    files = [(row, number) for number in [*hits, *numbers[head:]] for row in found.rows[number][:one]]
    page = files[asked.offset : asked.wanted]
    others = [number for _, number in page if number not in hits]
    hits |= {hit.number: hit for hit in opened(others, len(others))}
    return [(row, hits[number]) for row, number in page]


def _hit(asked: Asked, found: Found, row: FileRow, ranked: rank.Hit) -> Hit:
    passage, definition = ranked.passage, ranked.passage.definition
    text = Text(searchable(found.documents[ranked.number].content))
    lines = best_lines(asked.ranking.query, text, passage, matches=found.lines_of(ranked.number))
    return Hit(
        path=row.name,
        language=row.language,
        start_line=passage.start_line,
        end_line=passage.end_line,
        score=round(ranked.score, 4),
        lines=tuple(shown_line(line.number, line.text, asked.conditions) for line in lines),
        heading=""
        if definition is None
        else signature(text, max(definition.line, passage.start_line), passage.end_line),
        signals=ranked.signals,
        views=asked.view.views_of(row.views),
        also=tuple(dict.fromkeys(other.name for other in found.rows[ranked.number] if other.name != row.name))
        if asked.view.views
        else (),
    )


def shown_line(number: int, text: bytes, conditions: Conditions) -> LineMatch:
    """A line as text, with what matches in it as ranges of characters."""
    ranges = tuple(
        (len(text[:start].decode("utf-8", "replace")), len(text[:end].decode("utf-8", "replace")))
        for start, end in conditions.spans(text)
    )
    shown = text.decode("utf-8", "replace")[:LONGEST_LINE]
    return LineMatch(number, shown, tuple((a, min(b, LONGEST_LINE)) for a, b in ranges if a < LONGEST_LINE))


def _facets(asked: Asked, found: Found) -> facets.Facets:
    """Of all candidates where not all were verified, else of what was found."""
    view = asked.view
    if found.more and found.candidates is not None:
        return facets.of_candidates(view.table, found.candidates, asked.conditions, view.scope_bytes)
    return facets.of_rows((row for rows in found.rows.values() for row in rows), view.scope_bytes)
