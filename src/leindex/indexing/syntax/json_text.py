"""The strings of a JSON text with their places: the keys of any, and the cells of a Jupyter notebook.

One pass over the tokens, so time is linear, and what is no valid JSON gives what precedes the mistake.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from ...definition import Symbol

NAME_LIMIT: Final = 200
"""Bytes of the longest key that is a symbol."""
OWNERS_LIMIT: Final = 5 * NAME_LIMIT
"""Characters of a qualified name from which on keys further in are left out of it."""

_TOKEN: Final = re.compile(rb'"(?:[^"\\\n]|\\.)*+"?|//[^\n]*|/\*(?s:.)*?(?:\*/|\Z)|[{}\[\],:]')


class Line(NamedTuple):
    """A line of a cell: its text, and the byte of the file where the text begins."""

    text: bytes
    at: int


class Cell(NamedTuple):
    """A cell of a notebook: its number from 1, its type, and its lines."""

    number: int
    kind: str
    lines: list[Line]


class _Value:
    """An object or a list that is open: its key's row among the symbols, and its qualified name."""

    __slots__ = ("is_object", "key", "qualified", "row")

    def __init__(self, is_object: bool, key: bytes, qualified: str, row: int) -> None:
        self.is_object, self.key, self.qualified, self.row = is_object, key, qualified, row


def json_keys(content: bytes) -> list[Symbol]:
    """Each key with the range of its value; the keys around it are its container."""
    starts = [0, *(match.end() for match in re.finditer(rb"\n", content))]
    symbols: list[Symbol] = []
    around = [_Value(False, b"", "", -1)]
    string: tuple[int, int] | None = None
    row, qualified = -1, ""  # of the key whose value comes next
    for match in _TOKEN.finditer(content):
        token, at = match[0], match.start()
        line = bisect_right(starts, at)
        if token in (b"{", b"["):
            around.append(_Value(token == b"{", b"", qualified or around[-1].qualified, row))
            row, qualified = -1, ""
        elif token in (b"}", b"]"):
            if len(around) > 1:
                closed = around.pop().row
                if closed >= 0:
                    symbols[closed] = symbols[closed]._replace(end_line=line)
            row, qualified = -1, ""
        elif token == b":":
            if string is not None and around[-1].is_object and 0 < string[1] - string[0] <= NAME_LIMIT:
                name = content[string[0] : string[1]].decode("utf-8", "replace")
                container = around[-1].qualified
                qualified = f"{container}.{name}" if container else name
                qualified = qualified if len(qualified) < OWNERS_LIMIT else container
                row = len(symbols)
                where = bisect_right(starts, string[0])
                symbols.append(Symbol(name, "key", container, where, where, where, string[0] - starts[where - 1], ""))
        elif token == b",":
            row, qualified = -1, ""
        string = (at + 1, match.end() - 1) if token[:1] == b'"' and token[-1:] == b'"' and len(token) > 2 else None
    return symbols


def notebook(content: bytes) -> tuple[str, list[Cell]]:
    """The language that a notebook's kernel names ("" if none), and its cells in their order."""
    language = ""
    cells: list[Cell] = []
    kind, lines = "", list[Line]()
    for path, at, raw in _strings(content):
        if (path[:1] == (b"metadata",) and path[-1] == b"language") or path == (b"metadata", b"language_info", b"name"):
            language = language or _decoded(raw).decode("utf-8", "replace").lower()
        elif path == (b"cells", b"cell_type"):
            kind = raw.decode("utf-8", "replace")
        elif path == (b"cells", b"source"):
            lines += _lines(raw, at)
        elif path == (b"cells",):  # the end of one
            cells.append(Cell(len(cells) + 1, kind, lines))
            kind, lines = "", []
    return language, cells


def _lines(raw: bytes, at: int) -> Iterator[Line]:
    """The lines of a source that is one string, or of one string of a list."""
    pieces = raw.split(b"\\n")
    for place, piece in enumerate(pieces):
        if place + 1 < len(pieces) or piece:
            yield Line(_decoded(piece), at)
        at += len(piece) + 2


def _decoded(raw: bytes) -> bytes:
    """What a string's bytes mean, as UTF-8."""
    if b"\\" not in raw:
        return raw
    try:
        return str(json.loads(b'"' + raw + b'"')).encode("utf-8", "replace")
    except ValueError:  # an escape that is none
        return raw


def _strings(content: bytes) -> Iterator[tuple[tuple[bytes, ...], int, bytes]]:
    """Each string that is a value, with the keys around it; and an empty one at the end of each cell."""
    around: list[tuple[bool, bytes]] = []
    string: tuple[int, bytes] | None = None
    key = b""
    for match in _TOKEN.finditer(content):
        token = match[0]
        if token in (b"{", b"["):
            around.append((token == b"{", key))
            key = b""
        elif token == b":":
            key = string[1] if string is not None else b""
        elif token[:1] != b'"':
            if string is not None and len(around) < 8:
                path = tuple(name for _, name in around if name)
                yield (*path, key) if key and around[-1][0] else path, *string
            if token in (b"}", b"]") and around:
                is_object, _ = around.pop()
                if is_object and len(around) == 2 and around[1] == (False, b"cells"):
                    yield (b"cells",), match.start(), b""
            key = b""
        string = (match.start() + 1, token[1:-1]) if token[:1] == b'"' and token[-1:] == b'"' else None
