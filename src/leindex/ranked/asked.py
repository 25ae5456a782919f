"""One ranked search under way: the question, the view, and what grows while it is answered."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from ..errors import QueryError
from ..models import FileRow
from ..query.ast import Pattern
from ..query.parse import parse, parse_plain
from ..query.plan import Plan, plan, views_asked
from ..questions import SearchQuestion
from ..views.select import Selection
from ..views.view import View
from . import rank
from .conditions import Conditions
from .source import IndexSource

DEFAULT_LIMIT: Final = 20
FURTHEST: Final = 10**9  # of where a cursor may go on; no index holds so many files


class Asked:
    """A question of a view, read: the plan and its conditions, the page that is wanted, the words to rank by.

    `seen` counts what is looked at. Raises QueryError for a query that is wrong, or a cursor of another one.
    """

    def __init__(self, view: View, question: SearchQuestion) -> None:
        self.question = question
        self.plan = plan(parse_plain(question.text) if question.plain else parse(question.text))
        view = view if question.scope is None else view.within(question.scope)
        where = views_asked(self.plan.tree)
        self.view = view.at(where) if where else view
        self.conditions = Conditions(self.plan, self.view)
        self.limit = effective_limit(question.limit, self.plan.query.count)
        self.offset = self._start(question.cursor)
        self.words = question.text if question.plain else _words(self.plan)
        self.seen = Selection()
        self.check = question.check

    @property
    def wanted(self) -> int:
        """Files up to the end of the page."""
        return self.offset + self.limit

    @cached_property
    def source(self) -> IndexSource:
        """What ranking reads."""
        return IndexSource(self.view)

    @cached_property
    def ranking(self) -> rank.Ranking:
        """The scorer, with the posting lists of the words."""
        return rank.Ranking(self.words, self.source)

    @property
    def head(self) -> int:
        """How many documents are ordered by their passages, the same for every page of an answer: also those that
        come on top of the first step's limit since they define the name that was asked for."""
        return rank.CANDIDATES + (rank.DEFINING if self.ranking.query.name is not None else 0)

    def in_scope(self, rows: list[FileRow]) -> list[FileRow]:
        """Those of some files that lie in the folder that is asked for."""
        prefix = self.view.scope + "/" if self.view.scope else ""
        return [row for row in rows if row.name.startswith(prefix)]

    # -- cursors --------------------------------------------------------------------------------------------------

    def cursor(self, offset: int) -> str:
        """What goes on after so many files."""
        state = [self.view.generation, self._fingerprint, offset]
        return base64.urlsafe_b64encode(json.dumps(state).encode()).decode()

    @property
    def _fingerprint(self) -> str:
        """What tells one question from another in a cursor."""
        views = [view.id for view in self.view.views]
        about = [self.question.base] if self.question.base else []
        asked = [self.question.text, self.view.scope, self.question.plain, *([views] if views else []), *about]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]

    def _start(self, cursor: str | None) -> int:
        """Where to go on. Raises QueryError for a cursor that is none, or is of another query or generation."""
        if cursor is None:
            return 0
        try:
            generation, fingerprint, offset = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        except (ValueError, TypeError, binascii.Error, UnicodeError, RecursionError):
            raise QueryError("the cursor is not one that a search returned") from None
        if fingerprint != self._fingerprint:
            raise QueryError("the cursor is of another query; search again without it")
        if generation != self.view.generation or type(offset) is not int or not 0 <= offset <= FURTHEST:
            raise QueryError("the index has changed since the cursor was made; search again without it")
        return offset


def effective_limit(limit: int | None, count: int | str | None) -> int:
    """How many hits are wanted: the smaller of the caller's limit and the query's `count:`."""
    counted = 10**9 if count == "all" else count
    return min((n for n in (limit, counted) if isinstance(n, int) and n), default=DEFAULT_LIMIT)


def _words(made: Plan) -> str:
    """What ranking looks for: the positive words, or the names of definitions where there are none."""
    leaves = (term.node for term in made.positive)
    return " ".join(leaf.text for leaf in leaves if not isinstance(leaf, Pattern)) or " ".join(_names(made))


def _names(made: Plan) -> Iterator[str]:
    for condition in made.required:
        name = getattr(condition.leaf, "name", None)
        if name is not None and not condition.negated:
            yield name.value
