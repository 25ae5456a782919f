"""How the files that a query may be about spread over folders and languages: where to narrow it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeAlias

from ..models import FileRow
from ..storage.catalog import key_of
from ..storage.storage_interface import CandidateSet
from ..views.table import FileTable
from .conditions import Conditions

CANDIDATES: Final = 500
"""Most candidates that are counted."""

SHOWN: Final = 10
"""Most folders, and most languages."""

Facets: TypeAlias = dict[str, dict[str, int]]


def of_candidates(table: FileTable, candidates: CandidateSet, conditions: Conditions, scope: bytes) -> Facets:
    """Of the first candidates in path order whose path and language fit."""
    places: Iterator[int] = islice(table.places(candidates, scope=scope), CANDIDATES)
    if conditions.needs_rows:
        places = (place for place in places if conditions.row_may_match(table.row(place)))
    return _counted(((table.keys[place], table.languages[place]) for place in places), scope)


def of_rows(rows: Iterable[FileRow], scope: bytes) -> Facets:
    """Of some files."""
    return _counted(((key_of(row.path), row.language) for row in rows), scope)


def _counted(files: Iterable[tuple[bytes, str]], scope: bytes) -> Facets:
    """Of stored paths and languages; folders are those directly below `scope`."""
    start = len(scope) + 1 if scope else 0
    counted = list(files)
    folders = Counter(b"".join(key[start:].partition(b"\0")[:2]) for key, _ in counted)
    languages = Counter(language or "other" for _, language in counted)
    return {
        "folder": {os.fsdecode(key.replace(b"\0", b"/")): count for key, count in folders.most_common(SHOWN)},
        "language": dict(languages.most_common(SHOWN)),
    }
