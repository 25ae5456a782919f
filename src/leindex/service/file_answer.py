"""`read_file` and `list_files`: what is in a file, and which files there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import ConfigError
from ..index import Index
from ..models import FileRow
from ..questions import FilesQuestion
from ..text import searchable
from ..views.select import Selection
from .answers import Answer, coverage, lines_of
from .control import Control
from .places import clipped, display, file_row, pack_cursor, relative, unpack_cursor
from .symbol_answer import outline, symbol_range

LONGEST_READ_LINE = 2_000
"""Characters of a line of a file that is read; minified code has lines of megabytes."""


def content_of(index: Index, row: FileRow) -> bytes:
    """The bytes of a file. Raises ConfigError for one that is not indexed, with the reason."""
    content = index.store.contents([row.number])[0] if row.number else None
    if content is None:
        raise ConfigError(f"{display(row.path)}: its content is not in the index ({row.skipped or 'it is gone'})")
    return content


def read(index: Index, arguments: Answer, control: Control) -> Answer:
    """`read_file`: some lines of a file, or its outline. Raises ConfigError for a file or a range that is
    not there."""
    with index.snapshot():
        row = file_row(index, arguments["path"])
        about: Answer = {"path": display(row.path), "language": row.language, "size": row.size}
        generation = index.catalog.generation
        if arguments["outline"]:
            return {
                **about,
                "symbols": outline(index, row.name),
                "complete": True,
                "generation": generation,
                "notes": [],
            }
        lines = lines_of(searchable(content_of(index, row)))
        start, end = _range(index, row, arguments, len(lines))
        notes = []
        shown = []
        for number in range(start, end + 1):
            text = lines[number - 1]
            if len(text) > LONGEST_READ_LINE:
                notes.append(f"line {number} has {len(text)} characters; it is cut")
                text = clipped(text, [], LONGEST_READ_LINE)[0]
            shown.append({"number": number, "text": text})
        return {
            **about,
            "total_lines": len(lines),
            "lines": shown,
            "complete": not notes,
            "generation": generation,
            "notes": notes,
        }


def _range(index: Index, row: FileRow, arguments: Answer, total: int) -> tuple[int, int]:
    """The lines that are asked for, both included, as far as they exist."""
    if arguments["symbol"]:
        start, end = symbol_range(index, row.name, arguments["symbol"])
        return start, min(end, total)
    start = arguments["start_line"] or 1
    end = min(arguments["end_line"] or total, total)
    if arguments["end_line"] and arguments["end_line"] < start:
        raise ConfigError(f"end_line {arguments['end_line']} comes before start_line {start}")
    if start > max(total, 1):
        raise ConfigError(f"{display(row.path)} has {total} lines; start_line {start} is after its end")
    return start, end


def files(index: Index, arguments: Answer, control: Control) -> Answer:
    """`list_files`: a tree, or the paths that match a glob or a few letters. Raises QueryError,
    ConfigError."""
    if arguments["glob"] and arguments["fuzzy"]:
        raise ConfigError("give glob or fuzzy, not both")
    folder = relative(arguments["path"], index.root)
    with index.snapshot():
        if arguments["fuzzy"]:
            listed = _fuzzy(index, folder, arguments)
        elif arguments["glob"]:
            listed = _listed(index, folder, _globbed(arguments["glob"]), arguments, control)
        elif arguments["cursor"]:
            listed = _listed(index, folder, lambda path: True, arguments, control)
        else:
            listed = tree(index, folder, arguments["depth"], arguments["limit"], control)
        truncated = listed["shown"] < listed["total"]
        covered = coverage(index.view(folder).completeness(Selection(), truncated=truncated))
    return {"path": folder, **listed, **covered}


def _globbed(glob: str) -> Callable[[bytes], bool]:
    from ..exact.filter.path_filter import PathFilter, PathRules

    return PathFilter(PathRules(globs=(glob,))).accepts


def _fuzzy(index: Index, folder: str, arguments: Answer) -> Answer:
    found, total = index.find_files(FilesQuestion(arguments["fuzzy"], arguments["limit"]))
    below = [path for path in found if not folder or path.startswith(folder + "/")]
    return {
        "kind": "fuzzy",
        "entries": [{"path": display(path)} for path in below],
        "shown": len(below),
        "total": len(below) if folder else total,
        "cursor": None,
    }


def _listed(index: Index, folder: str, accepts: Callable[[bytes], bool], arguments: Answer, control: Control) -> Answer:
    after = b""
    if arguments["cursor"] is not None:
        after = unpack_cursor(arguments["cursor"], str)[0].encode("utf-8", "surrogateescape")
    start = after.replace(b"/", b"\0")
    entries: list[bytes] = []
    total, limit = 0, arguments["limit"]
    for path, number, *_ in index.listed.walk(scope=os.fsencode(folder)):
        if not number or not accepts(path) or path.replace(b"/", b"\0") <= start:
            continue
        total += 1
        if total % 1024 == 0:
            control.check()
        if len(entries) < limit:
            entries.append(path)
    return {
        "kind": "list",
        "entries": [{"path": display(path)} for path in entries],
        "shown": len(entries),
        "total": total,
        "cursor": pack_cursor(os.fsdecode(entries[-1])) if total > len(entries) else None,
    }


def tree(index: Index, folder: str, depth: int, limit: int, control: Control) -> Answer:
    """The folders and files below a folder down to a depth; folders at the last level with the files they
    hold. Where that is more than `limit` entries, as many levels as fit, but at least one."""
    rows = [path for path, number, *_ in index.listed.walk(scope=os.fsencode(folder)) if number]
    if not rows and folder:
        raise ConfigError(f"{display(folder)}: no indexed file is below this folder; list_files without path shows all")
    control.check()
    entries: list[Any] = []
    for levels in range(depth, 0, -1):
        entries = list(_level(rows, os.fsencode(folder), levels))
        if len(entries) <= limit:
            break
    return {
        "kind": "tree",
        "entries": entries[:limit],
        "shown": min(len(entries), limit),
        "total": len(entries),
        "cursor": None,
        "levels": levels,
    }


def _level(paths: Iterable[bytes], folder: bytes, levels: int) -> Iterable[Answer]:
    start = len(folder) + 1 if folder else 0
    counts: dict[bytes, int] = {}
    for path in paths:
        parts = path[start:].split(b"/", levels)
        name = b"/".join(parts) if len(parts) <= levels else b"/".join(parts[:levels]) + b"/"
        counts[name] = counts.get(name, 0) + 1
    for name, count in counts.items():
        entry: Answer = {"path": display(path_below(folder, name))}
        if name.endswith(b"/"):
            entry["files"] = count
        yield entry


def path_below(folder: bytes, name: bytes) -> bytes:
    """A path of a folder and a name in it."""
    return folder + b"/" + name if folder else name
