"""Between the service's JSON and the protocol's types: paths and URIs, lines and ranges, kinds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

from lsprotocol import types

from ..service.answers import Answer
from ..service.place_answer import At

_KINDS: Final = {
    "class": types.SymbolKind.Class,
    "constant": types.SymbolKind.Constant,
    "constructor": types.SymbolKind.Constructor,
    "enum": types.SymbolKind.Enum,
    "enumerator": types.SymbolKind.EnumMember,
    "event": types.SymbolKind.Event,
    "field": types.SymbolKind.Field,
    "file": types.SymbolKind.File,
    "function": types.SymbolKind.Function,
    "heading": types.SymbolKind.String,
    "index": types.SymbolKind.Key,
    "interface": types.SymbolKind.Interface,
    "key": types.SymbolKind.Key,
    "macro": types.SymbolKind.Constant,
    "method": types.SymbolKind.Method,
    "module": types.SymbolKind.Module,
    "namespace": types.SymbolKind.Namespace,
    "object": types.SymbolKind.Object,
    "property": types.SymbolKind.Property,
    "resource": types.SymbolKind.Object,
    "selector": types.SymbolKind.Key,
    "struct": types.SymbolKind.Struct,
    "table": types.SymbolKind.Struct,
    "target": types.SymbolKind.Function,
    "test": types.SymbolKind.Method,
    "trait": types.SymbolKind.Interface,
    "trigger": types.SymbolKind.Event,
    "type": types.SymbolKind.Class,
    "union": types.SymbolKind.Struct,
    "variable": types.SymbolKind.Variable,
    "view": types.SymbolKind.Struct,
}
"""What each kind of definition is called in the protocol."""


# -- files ----------------------------------------------------------------------------------------------------------


def file_of(uri: str) -> str | None:
    """The file that a URI names; None for one that names none."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file" or not parts.path.startswith("/"):
        return None
    path = os.fsdecode(unquote_to_bytes(parts.path))
    return None if "\0" in path else path


def path_of(uri: str, root: Path) -> str | None:
    """The path below the root of the file that a URI names; None for one that is elsewhere."""
    file = file_of(uri)
    if file is None:
        return None
    base = os.fspath(root).rstrip("/") + "/"
    for spelling in (os.path.normpath(file), os.path.realpath(file)):  # the editor may have come through a link
        if spelling.startswith(base):
            return spelling.removeprefix(base)
    return None


def uri_of(path: str, root: Path) -> str:
    """The URI of a file below the root."""
    return "file://" + quote_from_bytes(os.fsencode(root / path))


# -- places ---------------------------------------------------------------------------------------------------------


def at(path: str, position: types.Position) -> At:
    """A position as the service counts lines."""
    return At(path, position.line + 1, position.character)


def range_of(place: Answer) -> types.Range:
    """The range of a place within its line."""
    line = place["line"] - 1
    return types.Range(types.Position(line, place["start"]), types.Position(line, place["end"]))


def location(place: Answer, root: Path) -> types.Location:
    """A place as a location."""
    return types.Location(uri_of(place["path"], root), range_of(place))


def first_line(path: str, root: Path) -> types.Location:
    """The beginning of a file."""
    return types.Location(uri_of(path, root), types.Range(types.Position(0, 0), types.Position(0, 0)))


def _whole(node: Answer) -> types.Range:
    """All lines of a definition, with the name in any case, as clients demand."""
    name = range_of(node["place"])
    first = min(node["start_line"] - 1, name.start.line)
    return types.Range(types.Position(first, 0), types.Position(max(node["end_line"], name.end.line + 1), 0))


# -- definitions ----------------------------------------------------------------------------------------------------


def workspace_symbol(node: Answer, root: Path) -> types.WorkspaceSymbol:
    """A definition in a list of those of all files."""
    return types.WorkspaceSymbol(
        location=location(node["place"], root),
        name=node["name"],
        kind=_KINDS[node["kind"]],
        container_name=node["container"] or None,
    )


def tree_of(nodes: Sequence[Answer]) -> list[types.DocumentSymbol]:
    """The definitions of a file, each within the one whose lines are around it."""
    top: list[types.DocumentSymbol] = []
    around: list[tuple[int, list[types.DocumentSymbol]]] = []
    for node in nodes:
        children: list[types.DocumentSymbol] = []
        made = types.DocumentSymbol(
            name=node["name"] or "?",
            kind=_KINDS[node["kind"]],
            range=_whole(node),
            selection_range=range_of(node["place"]),
            detail=node["signature"] or None,
            children=children,
        )
        while around and around[-1][0] < node["end_line"]:
            around.pop()
        (around[-1][1] if around else top).append(made)
        around.append((node["end_line"], children))
    return top


def flat(nodes: Sequence[Answer], root: Path) -> list[types.SymbolInformation]:
    """The same for a client that knows no tree."""
    return [
        types.SymbolInformation(
            location=location(node["place"], root),
            name=node["name"] or "?",
            kind=_KINDS[node["kind"]],
            container_name=node["container"] or None,
        )
        for node in nodes
    ]


def call_item(node: Answer, root: Path) -> types.CallHierarchyItem:
    """A definition in a call hierarchy; it carries where its name stands."""
    place = node["place"]
    return types.CallHierarchyItem(
        name=node["name"],
        kind=_KINDS[node["kind"]],
        uri=uri_of(node["path"], root),
        range=_whole(node),
        selection_range=range_of(place),
        detail=node["path"],
        data={"path": node["path"], "line": place["line"], "column": place["start"]},
    )


def called_at(item: types.CallHierarchyItem, root: Path) -> At | None:
    """The place that an item carries, or where it says it is."""
    data: Any = item.data
    if isinstance(data, dict) and [type(data.get(key)) for key in ("path", "line", "column")] == [str, int, int]:
        return At(data["path"], data["line"], data["column"])
    path = path_of(item.uri, root)
    return None if path is None else at(path, item.selection_range.start)


def hover_text(said: Answer, *, markdown: bool) -> types.MarkupContent:
    """What is shown of a definition: its signature, its comment, where it is."""
    where = f"{said['path']}:{said['place']['line']}"
    if said["others"]:
        where += f", and {said['others']} more of this name"
    signature, comment = said["signature"] or said["name"], said["comment"]
    if not markdown:
        return types.MarkupContent(types.MarkupKind.PlainText, "\n\n".join(filter(None, (signature, comment, where))))
    fence = "```" if "```" not in signature else "````"
    code = f"{fence}{said['language']}\n{signature}\n{fence}"
    return types.MarkupContent(types.MarkupKind.Markdown, "\n\n".join(filter(None, (code, comment, where))))
