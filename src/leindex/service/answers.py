"""What the operations answer, as JSON values: one home for MCP, the HTTP API and the page.

Each function takes an Index that only reads, checked arguments (`service/operations.py`) and the request's
Control, and runs in a reader's thread. Searching with filters, ranking and matching is the Index's; this
shapes the results.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from ..index import Index
from ..models import Completeness, Hit
from ..questions import SearchQuestion
from ..text import searchable
from .control import Control
from .places import clipped, display, relative

Answer: TypeAlias = dict[str, Any]

BEST_LINES = 5
"""Lines of a hit that the search itself chooses."""


def coverage(completeness: Completeness) -> Answer:
    """How far an answer can be relied on: the same few fields in every answer."""
    notes = list(completeness.notes)
    unread = sum(completeness.skipped.get(reason, 0) for reason in ("unreadable", "unreadable folder", "changed"))
    if unread:
        notes.append(f"{unread} files or folders could not be read")
    return {
        "complete": completeness.complete,
        "truncated": completeness.truncated,
        "eligible": completeness.eligible,
        "generation": completeness.generation,
        "age_seconds": None if completeness.age_seconds is None else round(completeness.age_seconds, 1),
        "notes": notes,
    }


def search(index: Index, arguments: Answer, control: Control) -> Answer:
    """`search_code`: hits with their lines, facets, advice, and a cursor if there are more. Raises
    QueryError."""
    result = index.search(
        SearchQuestion(
            arguments["query"],
            limit=arguments["limit"],
            cursor=arguments["cursor"],
            plain=arguments["plain"],
            scope=relative(arguments["path"], index.root),
            check=control.check,
        )
    )
    wanted = arguments["snippet_lines"]
    hits = [_hit(index, hit, wanted) for hit in result.hits]
    return {
        "query": result.query,
        "hits": hits,
        "facets": {name: dict(values) for name, values in result.facets.items()},
        "cursor": result.cursor,
        "advice": list(result.advice),
        **coverage(result.completeness),
    }


def _hit(index: Index, hit: Hit, wanted: int) -> Answer:
    lines = [
        {"number": line.number, "text": line.text, "ranges": [list(pair) for pair in line.ranges]}
        for line in hit.lines[:wanted]
    ]
    if wanted > BEST_LINES:
        lines = passage(index, hit, wanted, {line["number"]: line["ranges"] for line in lines})
    return {
        "path": display(hit.path),
        "language": hit.language,
        "start_line": hit.start_line,
        "end_line": hit.end_line,
        "heading": hit.heading,
        "score": hit.score,
        "lines": lines,
        **({"views": list(hit.views), "also": [display(path) for path in hit.also]} if hit.views else {}),
    }


def passage(index: Index, hit: Hit, wanted: int, ranges: dict[Any, Any]) -> list[Answer]:
    """The lines of a hit's passage from its start."""
    text = lines_of(searchable(index.read(hit.path, hit.views[0] if hit.views else "")))
    last = min(hit.end_line, hit.start_line + wanted - 1, len(text))
    return [
        dict(
            zip(
                ("number", "text", "ranges"),
                (number, *clipped(text[number - 1], ranges.get(number, []))),
                strict=True,
            )
        )
        for number in range(hit.start_line, last + 1)
    ]


def lines_of(text: bytes) -> list[str]:
    """The lines of a text, without their ends. A newline at the very end begins no further line."""
    lines = text.decode("utf-8", "replace").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]
