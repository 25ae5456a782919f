"""`find_symbol` and the outline of a file: definitions by name, with their signatures, code and uses."""

from __future__ import annotations

from typing import Any, Final

from ..errors import ConfigError
from ..index import Index
from ..models import FileRow
from ..search.select import Selection
from ..search.source import Symbol
from ..text import searchable
from .adapter import Definition, definitions, symbols_of
from .answers import Answer, coverage, lines_of
from .control import Control
from .grep_answer import GrepRun
from .places import clipped, display

SOURCES: Final = 3
"""Definitions whose code is added where it is asked for."""
SOURCE_LINES: Final = 200
REFERENCES: Final = 50


def symbols(index: Index, arguments: Answer, control: Control) -> Answer:
    """`find_symbol`: exact names first, then names that begin with it, then the others, each in path order."""
    with index.snapshot():
        container, _, name = arguments["name"].strip().rpartition(".")
        found = sorted(
            (
                one
                for one in definitions(index, name, arguments["kind"], _languages(arguments["language"]), control.check)
                if not container or one.symbol.container.endswith(container)
            ),
            key=lambda one: _order(one, name),
        )
        limit = arguments["limit"]
        listed = [_shown(index, one.row, one.symbol) for one in found[:limit]]
        if arguments["source"]:
            for entry, one in zip(listed[:SOURCES], found, strict=False):
                entry["source"] = _source(index, one)
        answer: Answer = {"name": arguments["name"], "symbols": listed, "total": len(found)}
        if arguments["references"]:
            answer["references"] = references(index, name, found, control)
        covered = coverage(index.completeness(Selection(), truncated=len(found) > limit))
        if pending := index.catalog.pending():
            covered["complete"] = False
            covered["notes"].append(f"the symbols of {pending} files are not extracted yet")
        return {**answer, **covered}


def outline(index: Index, row: FileRow) -> list[Answer]:
    """The definitions of a file in order."""
    return [_entry(symbol) for symbol in symbols_of(index, row)]


def symbol_range(index: Index, row: FileRow, name: str) -> tuple[int, int]:
    """First and last line of a definition in a file. Raises ConfigError, with what there is, where there is none."""
    defined = symbols_of(index, row)
    container, _, last = name.rpartition(".")
    for symbol in defined:
        if symbol.name == last and symbol.container.endswith(container):
            return symbol.start_line, symbol.end_line
    names = ", ".join(dict.fromkeys(symbol.name for symbol in defined[:30]))
    raise ConfigError(f"{display(row.path)} does not define {name}; it defines {names or 'nothing that is indexed'}")


def references(index: Index, name: str, found: list[Definition], control: Control) -> list[Answer]:
    """Lines that use the name as a whole word and do not define it."""
    places = {(display(one.row.path), one.symbol.line) for one in found if one.symbol.name == name}
    run = GrepRun(
        index,
        {
            "pattern": name,
            "fixed_strings": True,
            "word": True,
            "case": "sensitive",
            "multiline": False,
            "context": 0,
            "globs": (),
            "path": "",
            "mode": "lines",
            "limit": REFERENCES + len(places),
            "cursor": None,
        },
        control,
    )
    return [
        {"path": file["path"], "line": line["number"], "text": line["text"].strip()}
        for file in run.files()
        for line in file["lines"]
        if (file["path"], line["number"]) not in places
    ][:REFERENCES]


def _languages(value: str | None) -> frozenset[str] | None:
    from ..indexing.language import family, resolve_language

    return frozenset(family(resolve_language(value))) if value else None


def _order(one: Definition, name: str) -> tuple[Any, ...]:
    symbol = one.symbol
    exact = symbol.name == name
    same = symbol.name.lower() == name.lower()
    starts = symbol.name.lower().startswith(name.lower())
    return (not exact, not same, not starts, one.row.path.replace(b"/", b"\0"), symbol.line)


def _entry(symbol: Symbol) -> Answer:
    return {
        "name": symbol.name,
        "kind": symbol.kind,
        "container": symbol.container,
        "line": symbol.line,
        "start_line": symbol.start_line,
        "end_line": symbol.end_line,
    }


def _shown(index: Index, row: FileRow, symbol: Symbol) -> Answer:
    from ..indexing.symbols import Symbol as Extracted
    from ..indexing.symbols import signature

    content = index.store.contents([row.number])[0] or b""
    extracted = Extracted(
        symbol.name, symbol.kind, symbol.container, symbol.start_line, symbol.end_line, symbol.line, symbol.column,
        symbol.visibility,
    )  # fmt: skip
    return {
        **_entry(symbol),
        "path": display(row.path),
        "language": row.language,
        "signature": signature(content, extracted),
    }


def _source(index: Index, one: Definition) -> str:
    content = index.store.contents([one.row.number])[0] or b""
    lines = lines_of(searchable(content))[one.symbol.start_line - 1 : one.symbol.end_line]
    cut = [clipped(line, [])[0] for line in lines[:SOURCE_LINES]]
    return "\n".join(cut if len(lines) <= SOURCE_LINES else [*cut, f"… {len(lines) - SOURCE_LINES} more lines"])
