"""Paths as callers write them, and as they are shown.

Paths of files are bytes. A caller's path is only ever looked up in the catalogue, never joined to the root
and opened, so no spelling of it can lead out of the tree; what is refused here is refused for the sake of a
clear message.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..errors import ConfigError, QueryError
from ..index import Index
from ..models import FileRow
from ..questions import Where


class NoSuchFileError(ConfigError):
    """A file that is not in the index."""


LONGEST_LINE: Final = 500
"""Characters of a line that are shown."""


def display(path: str | bytes) -> str:
    """A path as text that can be printed; bytes that are not UTF-8 become U+FFFD."""
    raw = path if isinstance(path, bytes) else path.encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "replace")


def relative(text: str, root: Path) -> str:
    """A caller's path as one relative to the root, without `./`, `//` and a `/` at the end; "" is the root
    itself. Raises ConfigError for one that leads out of the root."""
    if "\0" in text:
        raise ConfigError("a path holds no NUL")
    if text.startswith("/"):
        base = os.fsdecode(root)
        if text != base and not text.startswith(base.rstrip("/") + "/"):
            raise ConfigError(f"{display(text)}: is outside of {display(base)}; paths are relative to it")
        text = text[len(base) :]
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ConfigError(f"{display(text)}: a path with .. in it; paths are relative to {display(str(root))}")
    return "/".join(parts)


def where_of(arguments: Mapping[str, Any]) -> Where:
    """Which views the arguments of an operation ask for; the tree where they do not say."""
    return Where(tuple(arguments.get("branch", ())), tuple(arguments.get("rev", ())))


def file_row(index: Index, text: str) -> FileRow:
    """The catalogue's row of the file that a caller names. Raises NoSuchFileError, with a suggestion, for
    none."""
    path = relative(text, index.root)
    row = index.listed.file(os.fsencode(path)) if path else None
    if row is not None:
        return row
    raise NoSuchFileError(f"{display(path) or '.'}: is not an indexed file{_similar(index, path)}")


def _similar(index: Index, path: str) -> str:
    name = os.fsencode(path.rpartition("/")[2])
    if not name:
        return "; list_files shows what there is"
    near = [found for found, number, *_ in index.listed.walk() if number and found.endswith(b"/" + name)]
    if not near:
        return "; list_files with fuzzy finds files by a few letters"
    return "; did you mean " + ", ".join(display(found) for found in near[:3]) + "?"


def clipped(text: str, ranges: list[list[int]], limit: int = LONGEST_LINE) -> tuple[str, list[list[int]]]:
    """A line of at most `limit` characters, the first matched range within, and the ranges in it."""
    if len(text) <= limit:
        return text, ranges
    first = ranges[0][0] if ranges else 0
    start = 0 if first < limit - 40 else first - 40
    part = text[start : start + limit]
    shift = start - 1 if start else 0
    moved = [[max(a - shift, 0), min(b - shift, limit)] for a, b in ranges if b > start and a < start + limit]
    return ("…" if start else "") + part + ("…" if start + limit < len(text) else ""), moved


def pack_cursor(*values: Any) -> str:
    """A cursor from a few JSON values."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def unpack_cursor(cursor: str, *types: type) -> list[Any]:
    """The values of a cursor. Raises QueryError for one that `pack_cursor` did not make from values of these
    types."""
    try:
        values = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        values = None
    if (
        not isinstance(values, list)
        or len(values) != len(types)
        or not all(type(value) is kind for value, kind in zip(values, types, strict=True))
    ):
        raise QueryError("the cursor is not one that an earlier reply gave; ask again without it")
    return values
