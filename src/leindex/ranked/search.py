"""A ranked search from the query's text to its hits: the whole flow in `search`.

    parse -> plan -> candidates -> rows -> verify -> rank -> passages -> facets or advice

A hit of a query satisfies it exactly; ranking only orders. With `plain` the query is a question in words: then
ranking alone decides.
"""

from __future__ import annotations

from ..models import SearchResult
from ..questions import SearchQuestion
from ..views.view import View
from .advice import advice_for
from .answering import answer, listing
from .asked import Asked
from .by_change import changed
from .by_type import listed
from .finding import ranked_only, verified


def search(view: View, question: SearchQuestion) -> SearchResult:
    """Answers a query. Raises QueryError for one that is wrong, and what the question's check raises."""
    asked = Asked(view, question)
    if question.plain:
        return answer(asked, ranked_only(asked), ())
    if asked.plan.query.within is not None:
        return listing(asked, changed(asked))
    if (entries := listed(asked)) is not None:
        return listing(asked, entries)
    found = verified(asked)
    advice: tuple[str, ...] = ()
    if not found.documents:
        advice = advice_for(asked)
        if len(asked.plan.positive) > 1 and len(asked.plan.positive) == len(asked.plan.conjuncts):
            found = ranked_only(asked)
            if found.documents:
                advice = (*advice, "no file holds all of these words: shown are files that hold some")
    return answer(asked, found, advice)
