"""Files that hold parts in other languages: scripts and styles in markup, and the cells of notebooks.

Each part of a page is read in its own language with all around it made blank, so that every place is one of the file.
A cell of a notebook is read on its own, and its lines are the lines of the file in which they are written.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from ...definition import Call, Symbol
from .json_text import Cell, notebook
from .language import known_as

PAGES: Final = frozenset(("html", "svelte", "vue"))
"""Languages of markup with scripts and styles inside."""
NOTEBOOK: Final = "jupyter notebook"

_BLANK: Final = bytes(byte if byte in b"\n\r" else 32 for byte in range(256))
_ATTRIBUTES: Final = rb"((?:[^<>\"']|\"[^\"]{0,1000}\"|'[^']{0,1000}'){0,1000}+)>"
_OPENING: Final = re.compile(rb"<!--(?s:.)*?(?:-->|\Z)|<((?i:script|style))\b" + _ATTRIBUTES)
_CLOSING: Final = {name: re.compile(rb"</(?i:" + name + rb")\b") for name in (b"script", b"style")}
_LANG: Final = re.compile(rb"\b(lang|type)[ \t]*=[ \t]*[\"']?([\w./+-]+)")
_SCRIPTS: Final = frozenset(
    ("module", "text/javascript", "application/javascript", "text/ecmascript", "text/babel", "text/jsx")
)
_MAGIC: Final = (b"%", b"!", b"?")


class Part(NamedTuple):
    """A language, and a text of the file's length in which only the parts in this language are left."""

    language: str
    text: bytes


def parts(content: bytes, language: str) -> tuple[list[Part], bytes]:
    """The parts of a page, one for each language, and its markup with these blanked."""
    spans: dict[str, list[tuple[int, int]]] = {}
    markup = bytearray(content)
    at = 0
    while (match := _OPENING.search(content, at)) is not None:
        at = match.end()
        if match[1] is None:
            continue
        name = match[1].lower()
        closing = _CLOSING[name].search(content, at)
        end = closing.start() if closing else len(content)
        markup[at:end] = content[at:end].translate(_BLANK)
        inside = _language(name, match[2])
        if inside:
            spans.setdefault(inside, []).append((at, end))
        at = end
    blank = content.translate(_BLANK)
    found = []
    for inside, ranges in spans.items():
        text = bytearray(blank)
        for start, end in ranges:
            text[start:end] = content[start:end]
        found.append(Part(inside, bytes(text)))
    return found, bytes(markup)


def _language(element: bytes, attributes: bytes) -> str:
    """The language of an element by its attributes; "" where it is none that is read."""
    said = {key: value.decode("ascii", "replace").lower() for key, value in _LANG.findall(attributes)}
    usual = "css" if element == b"style" else "javascript"
    if b"lang" in said:
        return known_as(said[b"lang"]) or ""
    kind = said.get(b"type", "")
    if not kind or kind in _SCRIPTS or kind == "text/css":
        return usual
    return "typescript" if kind in ("text/typescript", "application/typescript") else ""


def cell_symbols(content: bytes, extract: Callable[[bytes, str], Sequence[Symbol]]) -> list[Symbol]:
    """The definitions in the cells of a notebook. What is outermost in a cell has `cell 3` as its container."""
    named, cells = notebook(content)
    language = known_as(named or "python") or ""
    starts = [0, *(match.end() for match in re.finditer(rb"\n", content))]
    symbols: list[Symbol] = []
    for cell in cells:
        inside = "markdown" if cell.kind == "markdown" else language if cell.kind == "code" else ""
        if inside:
            symbols += [_placed(symbol, cell, starts) for symbol in extract(_source(cell), inside)]
    return symbols


def cell_calls(content: bytes, calls: Callable[[bytes, str], Sequence[Call]]) -> list[Call]:
    """The call sites in the cells of a notebook."""
    named, cells = notebook(content)
    language = known_as(named or "python") or ""
    starts = [0, *(match.end() for match in re.finditer(rb"\n", content))]
    return [
        Call(call.name, *_place(call.line, call.column, cell, starts))
        for cell in cells
        if cell.kind == "code" and language
        for call in calls(_source(cell), language)
    ]


def _source(cell: Cell) -> bytes:
    """A cell's text; what speaks to the notebook and not to the language is blank."""
    code = cell.kind == "code"
    return b"\n".join(
        b"" if code and line.text.lstrip().startswith(_MAGIC) else line.text.rstrip(b"\n") for line in cell.lines
    )


def _place(line: int, column: int, cell: Cell, starts: list[int]) -> tuple[int, int]:
    """Line and column in the file of a place in a cell."""
    source = cell.lines[min(line, len(cell.lines)) - 1]
    row = bisect_right(starts, source.at)
    # What is escaped in front of the name is longer in the file.
    written = sum(2 if byte in b'"\\\t' else 1 for byte in source.text[:column])
    return row, source.at - starts[row - 1] + written


def _placed(symbol: Symbol, cell: Cell, starts: list[int]) -> Symbol:
    line, column = _place(symbol.line, symbol.column, cell, starts)
    first, _ = _place(symbol.start_line, 0, cell, starts)
    last, _ = _place(symbol.end_line, 0, cell, starts)
    container = f"cell {cell.number}" + ("." + symbol.container if symbol.container else "")
    return symbol._replace(container=container, start_line=first, end_line=last, line=line, column=column)
