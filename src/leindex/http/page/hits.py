"""What the search page shows: hits with coloured lines, facets as links, and errors with their place."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from ...errors import QueryError
from ...index import Index
from ...models import Hit, LineMatch
from ...questions import SearchQuestion
from ...service.answers import Answer, coverage
from ...service.control import Control
from ...service.places import clipped, display, relative
from ...symbols.definitions import unpack
from .highlight import marked, pieces

HITS: Final = 20
FACETS: Final = 8
LINE: Final = 240
"""Characters of a line that a hit shows."""


def results(index: Index, query: str, folder: str, cursor: str | None, control: Control) -> Answer:
    """The hits of a query below a folder, ready for the template. Raises QueryError, ConfigError."""
    scope = relative(folder, index.root)
    with index.snapshot():
        found = index.search(SearchQuestion(query, limit=HITS, cursor=cursor, scope=scope, check=control.check))
        control.check()
        kinds = [_kind(index, hit) for hit in found.hits]
        views = [view.name for view in index.views.stored()]
    return {
        "query": query,
        "folder": scope,
        "hits": [_hit(hit, kind) for hit, kind in zip(found.hits, kinds, strict=True)],
        "facets": _facets(query, scope, found.facets or _counted(found.hits, scope), Counter(filter(None, kinds)))
        + _picker(query, scope, views),
        "cursor": found.cursor,
        "more": search_url(query, scope, found.cursor) if found.cursor else "",
        "advice": found.advice,
        **coverage(found.completeness),
    }


def search_url(query: str, folder: str = "", cursor: str | None = None) -> str:
    """The address of a search."""
    fields = {"q": query, "in": folder, "cursor": cursor or ""}
    return "/?" + urlencode({name: value for name, value in fields.items() if value}, errors="surrogateescape")


def file_url(path: str, lines: tuple[int, int] | None = None, view: str = "") -> str:
    """The address of a file, or of lines in it, as it is in the tree or in a view."""
    anchor = "" if lines is None else f"#L{lines[0]}"
    fields = {"lines": f"{lines[0]}-{lines[1]}"} if lines is not None and lines[1] > lines[0] else {}
    if view:
        fields["at"] = view
    asked = "?" + urlencode(fields, errors="surrogateescape") if fields else ""
    return "/file/" + quote(os.fsencode(path)) + asked + anchor


def folder_url(path: str) -> str:
    """The address of a folder's listing."""
    return "/tree/" + quote(os.fsencode(path))


def crumbs(path: str) -> list[Answer]:
    """The folders of a path with their addresses."""
    parts = path.split("/")[:-1]
    return [
        {"name": display(part), "url": folder_url("/".join(parts[: place + 1]))} for place, part in enumerate(parts)
    ]


def query_error(error: QueryError, query: str) -> Answer:
    """A query's error with the place in the query that it is about."""
    text = error.text if error.text and query.endswith(error.text) else query
    column = min(error.column + len(query) - len(text), len(query))
    word = query[column:].split(" ", 1)[0] or " "
    return {
        "message": error.message,
        "advice": error.advice,
        "before": query[:column],
        "at": word,
        "after": query[column + len(word) :],
    }


# -- hits ----------------------------------------------------------------------------------------------------


def _kind(index: Index, hit: Hit) -> str:
    """The kind of the definition that a hit is, or nothing."""
    row = None if hit.views else index.listed.file(os.fsencode(hit.path))
    stored = index.catalog.symbols_of(row.number) if row is not None and row.number else None
    if stored is None:
        return ""
    inside = [
        symbol
        for symbol in unpack(stored[1])
        if symbol.end_line == hit.end_line and hit.start_line <= symbol.start_line
    ]
    return min(inside, key=lambda symbol: symbol.start_line).kind if inside else ""


def _hit(hit: Hit, kind: str) -> Answer:
    heading = hit.heading.strip()
    return {
        "url": file_url(hit.path, (hit.start_line, hit.end_line), view_of(hit)),
        "views": list(hit.views),
        "crumbs": crumbs(hit.path),
        "name": display(hit.path.rpartition("/")[2]),
        "language": hit.language,
        "kind": kind,
        "start_line": hit.start_line,
        "end_line": hit.end_line,
        "heading": marked(pieces(heading, hit.language)[0]) if kind and not _is_shown(heading, hit) else "",
        "blocks": list(_blocks(hit)),
    }


def view_of(hit: Hit) -> str:
    """The view that a hit is shown of: the first of those that have it, or none for the tree."""
    return hit.views[0] if hit.views else ""


def _is_shown(heading: str, hit: Hit) -> bool:
    """Whether the lines of a hit begin with its heading already."""
    first = hit.lines[0].text.strip() if hit.lines else ""
    return not heading or (len(first) > 3 and heading.startswith(first.rstrip(" {:,")))


def _blocks(hit: Hit) -> Iterable[list[Answer]]:
    """The lines of a hit, in blocks of neighbours; each block is coloured as one text."""
    run: list[LineMatch] = []
    for line in hit.lines:
        if run and line.number != run[-1].number + 1:
            yield _coloured(hit, run)
            run = []
        run.append(line)
    if run:
        yield _coloured(hit, run)


def _coloured(hit: Hit, run: list[LineMatch]) -> list[Answer]:
    cut = [clipped(line.text, [list(pair) for pair in line.ranges], LINE) for line in run]
    coloured = pieces("\n".join(text for text, _ in cut), hit.language)
    return [
        {
            "number": line.number,
            "url": file_url(hit.path, (line.number, line.number), view_of(hit)),
            "html": marked(parts, ranges),
        }
        for line, parts, (_, ranges) in zip(run, coloured, cut, strict=False)
    ]


# -- facets --------------------------------------------------------------------------------------------------


def _counted(hits: Iterable[Hit], folder: str) -> dict[str, Counter[str]]:
    """How the hits spread, where the search did not say because these are all there are."""
    start = len(folder) + 1 if folder else 0
    folders: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    for path, language in {(hit.path, hit.language) for hit in hits}:
        name, slash, _ = path[start:].partition("/")
        folders[name + slash] += 1
        languages[language or "other"] += 1
    return {"folder": folders, "language": languages}


def _facets(query: str, folder: str, counts: Mapping[str, Mapping[str, int]], kinds: Mapping[str, int]) -> list[Answer]:
    """The groups of facets, each value with the address of the narrowed, or widened, search."""
    groups: list[Answer] = []
    folders = [
        _entry(name, count, search_url(query, f"{folder}/{name}".strip("/")))
        for name, count in _ordered(counts.get("folder", {}))
        if name.endswith("/")
    ]
    if folder:
        above = folder.rpartition("/")[0]
        folders.insert(0, _entry(f"{display(folder)}/", None, search_url(query, above), active=True))
    if folders:
        groups.append({"title": "Folder", "entries": folders})
    for title, filter_name, values in (
        ("Language", "lang", counts.get("language", {})),
        ("Kind", "kind", kinds),
    ):
        entries = [
            _term_entry(query, folder, f"{filter_name}:{_quoted(value)}", value, count)
            for value, count in _ordered(values)
            if value != "other"
        ]
        if len(entries) > 1 or any(entry["active"] for entry in entries):
            groups.append({"title": title, "entries": entries})
    return groups


def _picker(query: str, folder: str, views: Iterable[str]) -> list[Answer]:
    """The views as one more group, each with the address of the same search in it; none where there are none."""
    entries = [_term_entry(query, folder, f"branch:{_quoted(name)}", name, None) for name in views]
    return [{"title": "View", "entries": entries}] if entries else []


def _ordered(values: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(values.items(), key=lambda item: (-item[1], item[0]))[:FACETS]


def _entry(label: str, count: int | None, url: str, *, active: bool = False) -> Answer:
    return {"label": display(label), "count": count, "url": url, "active": active}


def _term_entry(query: str, folder: str, term: str, label: str, count: int | None) -> Answer:
    words: list[Any] = query.split(" ")
    active = term in words
    narrowed = " ".join(word for word in words if word != term) if active else f"{query.rstrip()} {term}"
    return _entry(label, count, search_url(narrowed, folder), active=active)


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
