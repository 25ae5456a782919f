"""What is shown of a hit: a heading, and the lines of its passage that say why it was found."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple

from leindex import _native
from leindex.search.passages import Passage
from leindex.search.words import Query

HEADING_LIMIT: Final = 200
"""Characters of the longest heading."""
HEADING_LINES: Final = 4
"""Most lines that a signature is read over."""


class Line(NamedTuple):
    """A line of a file: its number from 1, and its bytes without the line end."""

    number: int
    text: bytes


def heading(text: bytes, passage: Passage) -> str:
    """The signature line of the passage's definition, or the first line of the passage that says something.

    `text` is the searchable text of the file. A parameter list that goes on over lines is joined, up to a
    limit.
    """
    lines = _lines(text, passage.start_line, passage.end_line + HEADING_LINES)
    if passage.definition is None:
        said = (line.text.strip() for line in lines if len(line.text.strip()) > 2)
        return next(said, b"").decode("utf-8", "replace")[:HEADING_LIMIT]
    joined = b""
    for line in lines[max(passage.definition.line - passage.start_line, 0) :][:HEADING_LINES]:
        joined += (b" " if joined and not joined.endswith(b"(") else b"") + line.text.strip()
        if joined.count(b"(") <= joined.count(b")"):
            break
    return joined.decode("utf-8", "replace")[:HEADING_LIMIT].rstrip(" {").rstrip()


def best_lines(
    query: Query, text: bytes, passage: Passage, *, limit: int = 5, matches: Sequence[int] = ()
) -> list[Line]:
    """At most `limit` lines of a passage, in order: first those among `matches` (line numbers from 1, where
    an exact search matched), then those with the most words of the query, of equal ones the earliest."""
    lines = _lines(text, passage.start_line, passage.end_line)
    if not lines:
        return []
    terms = [term.hash for word in query.words for term in word.terms]
    groups = [group for group, word in enumerate(query.words) for _ in word.terms]
    part = b"\n".join(line.text for line in lines)
    raw, _ = _native.scan(part, array("I", terms).tobytes(), array("I", range(len(lines))).tobytes())
    counts, width, matched = memoryview(raw).cast("H"), len(terms), set(matches)
    scored = []
    for i, line in enumerate(lines):
        row = counts[i * width : (i + 1) * width]
        held = {group for group, count in zip(groups, row, strict=True) if count}
        score = sum(query.words[group].weight for group in held)
        if score or line.number in matched:
            scored.append((line.number not in matched, -score, line.number, line))
    chosen = sorted(scored)[:limit]
    return sorted(line for *_, line in chosen) if chosen else [line for line in lines if line.text.strip()][:limit]


def _lines(text: bytes, first: int, last: int) -> list[Line]:
    """Lines `first` to `last`, from 1, both included, as far as they exist."""
    start = 0
    for _ in range(first - 1):
        start = text.find(b"\n", start) + 1
        if start == 0:
            return []
    lines = []
    for number in range(first, last + 1):
        if start >= len(text):
            break
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        lines.append(Line(number, text[start:end].rstrip(b"\r")))
        start = end + 1
    return lines
