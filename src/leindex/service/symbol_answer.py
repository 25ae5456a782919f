"""`find_symbol` and the outline of a file: definitions by name, with their signatures, code and uses."""

from __future__ import annotations

from typing import Final

from ..errors import ConfigError
from ..index import Index
from ..questions import SymbolQuestion
from ..records import as_dict
from ..symbols.find import SymbolHit
from ..text import searchable
from .answers import Answer, coverage, lines_of
from .control import Control
from .grep_answer import GrepRun
from .places import clipped, display

SOURCES: Final = 3
"""Definitions whose code is added where it is asked for."""
SOURCE_LINES: Final = 200
REFERENCES: Final = 50


def symbols(index: Index, arguments: Answer, control: Control) -> Answer:
    """`find_symbol`: exact names first, then names that begin with it, then the others."""
    container, name = split_name(arguments["name"])
    limit = arguments["limit"]
    with index.snapshot():
        # Of a qualified name all definitions of the last part are looked at, since its container decides.
        result = index.symbols(
            SymbolQuestion(name, arguments["kind"], arguments["language"], 1000 if container else limit)
        )
        found = [hit for hit in result.definitions if is_within(hit, container)]
        listed = [entry(hit) for hit in found[:limit]]
        if arguments["source"]:
            for one, hit in zip(listed[:SOURCES], found, strict=False):
                one["source"] = _source(index, hit)
        answer: Answer = {"name": arguments["name"], "symbols": listed}
        if arguments["references"]:
            answer["references"] = references(index, name, found, control)
        return {**answer, **coverage(result.completeness)}


def split_name(text: str) -> tuple[str, str]:
    """Container and name of `container.name` or `container::name`; a `/regex/` is all name."""
    text = text.strip()
    if text.startswith("/"):
        return "", text
    container, _, name = text.replace("::", ".").rpartition(".")
    return container, name


def is_within(hit: SymbolHit, container: str) -> bool:
    """Whether a definition belongs to the container, of which the last parts may be given."""
    qualified = hit.container.replace("::", ".")
    return not container or qualified == container or qualified.endswith("." + container)


def entry(hit: SymbolHit) -> Answer:
    """A definition as JSON."""
    fields = as_dict(hit)
    fields["path"] = display(hit.path)
    del fields["visibility"]
    if not hit.views:
        del fields["views"]
    return fields


def outline(index: Index, path: str) -> list[Answer]:
    """The definitions of a file in order, without what is the same for all of them."""
    listed = [entry(hit) for hit in index.outline(path)]
    for one in listed:
        del one["path"], one["language"]
    return listed


def symbol_range(index: Index, path: str, text: str) -> tuple[int, int]:
    """First and last line of a definition in a file. Raises ConfigError, with what there is, where there is
    none."""
    container, name = split_name(text)
    defined = index.outline(path)
    for hit in defined:
        if hit.name == name and is_within(hit, container):
            return hit.start_line, hit.end_line
    names = ", ".join(dict.fromkeys(hit.name for hit in defined[:30]))
    raise ConfigError(f"{display(path)} does not define {text}; it defines {names or 'nothing that is known'}")


def references(index: Index, name: str, found: list[SymbolHit], control: Control) -> list[Answer]:
    """Lines that use the name as a whole word and do not define it."""
    places = {(display(hit.path), hit.line) for hit in found if hit.name == name}
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


def _source(index: Index, hit: SymbolHit) -> str:
    lines = lines_of(searchable(index.read(hit.path, hit.views[0] if hit.views else "")))[
        hit.start_line - 1 : hit.end_line
    ]
    cut = [clipped(line, [])[0] for line in lines[:SOURCE_LINES]]
    return "\n".join(cut if len(lines) <= SOURCE_LINES else [*cut, f"… {len(lines) - SOURCE_LINES} more lines"])
