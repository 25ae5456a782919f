"""Finding files by a few letters of their path, as editors' "go to file" does.

The letters must stand in the path in this order; they count most at the start of the file's name, at the
start of a word and next to each other. Words between blanks are looked for each on its own, so `test rank`
and `rank test` find the same. Of equal paths the file that changed last comes first.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple

from .. import _native
from ..errors import QueryError
from ..questions import FilesQuestion
from ..views.view import View

QUERY_LIMIT: Final = 64
"""Bytes of the longest query."""


class Found(NamedTuple):
    """A path that was found, with its score; the scores of one query can be compared."""

    path: str
    score: int


class PathList:
    """The paths of a tree, laid out for searching; made once for a generation."""

    def __init__(self, paths: Sequence[str], modified_ns: Sequence[int] = ()) -> None:
        """`paths` are relative to the root, with `/`; `modified_ns` holds each file's time of change, or
        nothing."""
        self._paths = paths
        self._blob = "\0".join(paths).encode("utf-8", "surrogateescape")
        self._low = self._blob.lower()
        ranks = {when: place for place, when in enumerate(sorted(set(modified_ns)), 1)}
        self._recency = array("I", [ranks[when] for when in modified_ns]).tobytes()

    @classmethod
    def of(cls, view: View) -> PathList:
        """The paths of a view's scope."""
        rows = list(view.catalog.modified_files(scope=view.scope_bytes))
        return cls([os.fsdecode(path) for path, _ in rows], [max(when, 0) for _, when in rows])

    def find(self, query: str, limit: int = 20) -> tuple[list[Found], int]:
        """The best `limit` paths, best first, and how many there are altogether.

        Raises `QueryError` for an empty or overlong query.
        """
        raw = query.strip().encode("utf-8", "surrogateescape")
        if not raw:
            raise QueryError("nothing to look for", text=query)
        if len(raw) > QUERY_LIMIT:
            raise QueryError(f"a file query has at most {QUERY_LIMIT} bytes", text=query, column=QUERY_LIMIT)
        found, total = _native.fuzzy(raw, self._blob, self._low, self._recency, max(limit, 1))
        return [Found(self._paths[place], score) for place, score in found], total


def find_files(view: View, question: FilesQuestion) -> tuple[list[str], int]:
    """The paths that fit best, best first, and how many fit at all. Raises QueryError for an empty query."""
    found, total = view.resources.made(view, PathList.of).find(question.text, question.limit)
    return [item.path for item in found], total
