"""What the pages of a file and of a folder show."""

from __future__ import annotations

import os
from collections import Counter
from typing import Final

from ...index import Index
from ...questions import TREE, Where
from ...service.answers import Answer
from ...service.control import Control
from ...service.file_answer import content_of
from ...service.places import NoSuchFileError, clipped, display, file_row, relative
from ...symbols.definitions import unpack
from ...text import searchable
from .highlight import file_html
from .hits import crumbs, file_url, folder_url

LINES: Final = 20_000
"""Lines of a file that its page shows; the API gives the others."""
LONG: Final = 2_000
ENTRIES: Final = 2_000


def file(index: Index, path: str, control: Control, at: str = "") -> Answer:
    """A file, of the tree or of the view `at`, with its lines as HTML and its outline. Raises NoSuchFileError,
    ConfigError, QueryError."""
    with index.at(_where(at)), index.snapshot():
        row = file_row(index, path)
        content = content_of(index, row)
        stored = index.catalog.symbols_of(row.number)
        outline = unpack(stored[1]) if stored is not None else index.outline(row.name)
        generation = index.catalog.generation
    control.check()
    text = searchable(content).decode("utf-8", "replace").replace("\r\n", "\n")
    lines = text.split("\n")
    shown = "\n".join(clipped(line, [], LONG)[0] for line in lines[: LINES + 1])
    html = file_html(shown, row.language)[:LINES]
    return {
        "path": display(row.name),
        "name": display(row.name.rpartition("/")[2]),
        "crumbs": crumbs(row.name),
        "at": display(at),
        "raw_url": "/raw/" + file_url(row.name, view=at).removeprefix("/file/"),
        "language": row.language,
        "size": row.size,
        "lines": html,
        "total_lines": len(lines) - (not lines[-1]),
        "cut": len(lines) - 1 > LINES,
        "outline": [
            {
                "name": hit.name,
                "kind": hit.kind,
                "container": hit.container,
                "depth": min(hit.container.count(".") + 1, 4) if hit.container else 0,
                "start_line": hit.start_line,
                "end_line": hit.end_line,
                "line": hit.line,
            }
            for hit in outline
        ],
        "generation": generation,
    }


def raw(index: Index, path: str, at: str = "") -> bytes:
    """The bytes of a file, of the tree or of the view `at`. Raises NoSuchFileError, ConfigError, QueryError."""
    with index.at(_where(at)), index.snapshot():
        return content_of(index, file_row(index, path))


def _where(at: str) -> Where:
    return Where(branches=(at,)) if at else TREE


def folder(index: Index, path: str, control: Control) -> Answer:
    """The folders and files in a folder. Raises NoSuchFileError for one without any."""
    below = relative(path, index.root)
    start = len(below) + 1 if below else 0
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    files: list[Answer] = []
    with index.snapshot():
        for entry in index.listed.walk(scope=os.fsencode(below)):
            if not entry.number:
                continue
            name = os.fsdecode(entry.path)
            first, slash, _ = name[start:].partition("/")
            if slash:
                counts[first] += 1
                sizes[first] += entry.size
            elif len(files) < ENTRIES:
                files.append({"name": display(first), "url": file_url(name), "size": entry.size})
    control.check()
    if below and not counts and not files:
        raise NoSuchFileError(f"{display(below)}: no indexed file is in this folder")
    return {
        "path": display(below),
        "name": display(below.rpartition("/")[2]),
        "crumbs": crumbs(below),
        "folders": [
            {
                "name": display(name),
                "url": folder_url(f"{below}/{name}".lstrip("/")),
                "files": count,
                "size": sizes[name],
            }
            for name, count in sorted(counts.items())
        ],
        "files": files,
    }
