"""Searching every indexed tree at once: a thin merge of what each index answers.

    result = search_all("repo:linux sched_clock")
    for hit in result.hits:
        print(hit.root, hit.path, hit.start_line)

Each hit carries its root; best first over all, since every index scores by the same rules. An index that cannot be
read does not hide the others, be it damaged, of another version, or of an engine that is not installed: the answer
names it and says that it is incomplete.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from heapq import nlargest
from typing import Unpack

from .config import Location
from .errors import LeindexError, QueryError
from .index import Index
from .models import Completeness, Hit, SearchResult
from .query.ast import RepoFilter
from .query.parse import parse
from .query.plan import plan
from .questions import SearchOptions, SearchQuestion
from .records import replace
from .tree.freshness import Refresh
from .tree.roots import known_indexes


def search_all(
    query: str | SearchQuestion, *, refresh: Refresh = "auto", strict: bool = False, **options: Unpack[SearchOptions]
) -> SearchResult:
    """The best passages of all known indexes. `repo:` chooses among them by name.

    The query and its options are those of `Index.search`, or a `SearchQuestion`. There is no cursor: a larger `limit`
    shows more. Raises QueryError for a query that is wrong, and in strict mode
    what hinders any index from answering.
    """
    question = replace(SearchQuestion.of(query, options), cursor=None)
    notes: list[str] = []
    locations = known_indexes(lambda folder, error: notes.append(str(error)))
    answers: list[tuple[Location, SearchResult]] = []
    for location in locations if question.plain else _chosen(question.text, locations):
        if not os.path.isdir(location.root):
            notes.append(f"{location.root} is gone; leindex remove {location.root} removes its index")
            continue
        try:
            with Index(location, refresh=refresh, strict=strict) as index:
                answers.append((location, index.search(question)))
        except QueryError:
            raise
        except LeindexError as error:
            if strict:
                raise
            notes.append(f"{location.root}: {error}")
    return _merged(question.text, answers, _limit(question), notes)


def _chosen(query: str, locations: Sequence[Location]) -> list[Location]:
    """The indexes that a positive `repo:` leaves in question; the others need not even be opened."""
    wanted = [
        condition.leaf.value.lower()
        for condition in plan(parse(query)).required
        if isinstance(condition.leaf, RepoFilter) and not condition.negated
    ]
    return [place for place in locations if all(value in place.root.name.lower() for value in wanted)]


def _limit(question: SearchQuestion) -> int:
    from .ranked.asked import effective_limit

    return effective_limit(question.limit, None if question.plain else parse(question.text).count)


def _merged(query: str, answers: Sequence[tuple[Location, SearchResult]], limit: int, notes: list[str]) -> SearchResult:
    hits: list[Hit] = [
        replace(hit, root=os.fsdecode(location.root)) for location, answer in answers for hit in answer.hits
    ]
    parts = [answer.completeness for _, answer in answers]
    skipped: Counter[str] = Counter()
    for part in parts:
        skipped.update(part.skipped)
    truncated = len(hits) > limit or any(part.truncated for part in parts)
    notes += [f"{place.root}: {note}" for place, answer in answers for note in answer.completeness.notes]
    return SearchResult(
        query=query,
        hits=tuple(nlargest(limit, hits, key=lambda hit: hit.score)),
        completeness=Completeness(
            complete=not truncated and not notes and all(part.complete for part in parts),
            eligible=sum(part.eligible for part in parts),
            candidates=sum(part.candidates for part in parts),
            verified=sum(part.verified for part in parts),
            skipped=dict(skipped),
            truncated=truncated,
            generation=sum(part.generation for part in parts),
            age_seconds=_oldest(parts),
            notes=tuple(notes),
        ),
        advice=() if hits or answers else ("no index fits; leindex list shows which there are",),
    )


def _oldest(parts: Sequence[Completeness]) -> float | None:
    """The age of the oldest answer; None if one comes from an index that was never compared."""
    ages = [part.age_seconds for part in parts]
    return None if None in ages else max((age for age in ages if age is not None), default=0.0)
