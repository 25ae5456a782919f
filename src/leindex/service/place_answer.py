"""What an editor asks of a place in a file, as JSON values: definitions, references, calls, what is said of a name.

A place in an answer is a path with a line from 1 and two columns, which count as the question says. Everything runs in
a reader's thread; `texts` are what the editor has open, by path, in place of what is indexed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from ..graph.ask import references_from
from ..graph.asked import Asked, Node
from ..graph.pointing import Mention, Spot, files_imported, mentions, name_of, pointed
from ..graph.source import Source
from ..index import Index
from ..questions import GraphQuestion
from ..records import field, record
from ..symbols.comment import comment_of
from ..symbols.find import SymbolHit, outline
from ..symbols.fuzzy import NameList
from ..symbols.heading import Text
from ..text import searchable
from ..views.view import View
from .answers import Answer
from .columns import Unit, column_of, offset_of
from .control import Control
from .graph_answer import node_json
from .symbol_answer import is_within, split_name

MOST: Final = 2_000
"""References of one name, and calls of one definition, that are answered."""


@record(frozen=True, slots=True)
class Editor:
    """What is asked from: how columns count, the texts that are open, and the request's reins."""

    control: Control
    unit: Unit = "utf-16"
    texts: Mapping[str, bytes] = field(default_factory=dict)


@record(frozen=True, slots=True)
class At:
    """A place in a file: the line from 1, the column as the editor counts."""

    path: str
    line: int
    column: int


def named(index: Index, editor: Editor, names: NameList, text: str, limit: int) -> list[Answer]:
    """Definitions by a few letters of their names, best first; `A.b` means b within A."""
    container, name = split_name(text)
    with _view(index, editor) as view:
        found = names.find(view, name, 1000 if container else limit, editor.control.check)
        kept = [hit for hit in found if is_within(hit, container)][:limit]
        texts = {path: _text(view, path) for path in dict.fromkeys(hit.path for hit in kept)}
        return [_listed(hit, texts[hit.path].part(hit.line, hit.line), editor.unit) for hit in kept]


def defined_in(index: Index, editor: Editor, path: str) -> list[Answer]:
    """The definitions of a file in the order of their beginning. Raises ConfigError for one that is not indexed."""
    with _view(index, editor) as view:
        text = _text(view, path)
        return [_listed(hit, text.part(hit.line, hit.line), editor.unit) for hit in outline(view, path)]


def definitions(index: Index, editor: Editor, at: At) -> Answer:
    """What the name at a place means: `origin` is where it stands, `targets` are definitions, `files` whole files."""
    with _asked(index, editor) as asked:
        spot = _spot(asked, editor, at)
        if spot is None:
            return {"origin": None, "targets": [], "files": [], "sure": True}
        return {
            "origin": _place(spot.source, spot.start, spot.end, editor.unit),
            "targets": [_node(asked, node, editor.unit) for node in spot.nodes],
            "files": list(spot.files),
            "sure": spot.sure,
        }


def references(index: Index, editor: Editor, at: At, *, declaration: bool) -> list[Answer]:
    """Where what the name at a place means is named, in order; with its definitions where `declaration` asks so."""
    with _asked(index, editor) as asked:
        spot = _spot(asked, editor, at)
        if spot is None or not spot.nodes:
            return []
        own = {name_of(asked, node) for node in spot.nodes}
        found = {_key(one): one for one in _first(mentions(asked, spot.nodes), MOST)}
        for one in own:
            found.pop(_key(one), None)
            if declaration:
                found[_key(one)] = one
        ordered = sorted(found.values(), key=lambda one: (one.source.path.replace("/", "\0"), one.start))
        return [_place(one.source, one.start, one.end, editor.unit) for one in ordered]


def hover(index: Index, editor: Editor, at: At) -> Answer | None:
    """The signature of what the name at a place means, the comment of its author, and where it is; None where the name
    means nothing that is indexed."""
    with _asked(index, editor) as asked:
        spot = _spot(asked, editor, at)
        if spot is None or not spot.nodes:
            return None
        node = spot.nodes[0]
        source = asked.source(node)
        symbol = source.symbols[node[1]]
        return {
            **_node(asked, node, editor.unit),
            "origin": _place(spot.source, spot.start, spot.end, editor.unit),
            "language": source.language,
            "comment": comment_of(Text(source.text), source.language, symbol.start_line, symbol.end_line),
            "others": len(spot.nodes) - 1,
            "sure": spot.sure,
        }


def callers(index: Index, editor: Editor, at: At) -> list[Answer]:
    """The definitions that refer to the one at a place, each with the places where it does."""
    with _asked(index, editor) as asked:
        spot = _spot(asked, editor, at)
        calls: dict[Node, list[Answer]] = {}
        for _, source, use, _ in asked.references_to(spot.nodes if spot else (), possible=False):
            start = use.end - len(use.name.encode("utf-8", "replace"))
            calls.setdefault((source.path, asked.holder(source, use)), []).append(
                _place(source, start, use.end, editor.unit)
            )
        return [{"node": _node(asked, node, editor.unit), "places": places} for node, places in calls.items()]


def callees(index: Index, editor: Editor, at: At) -> list[Answer]:
    """The definitions that the one at a place refers to, each with the places where it does."""
    with _asked(index, editor) as asked:
        spot = _spot(asked, editor, at)
        calls: dict[Node, list[Answer]] = {}
        for node in spot.nodes if spot else ():
            source = asked.source(node)
            for use, resolved in references_from(asked, node):
                start = use.end - len(use.name.encode("utf-8", "replace"))
                for target in resolved.targets if resolved.grade.value != "possible" else ():
                    calls.setdefault(target, []).append(_place(source, start, use.end, editor.unit))
        return [{"node": _node(asked, node, editor.unit), "places": places} for node, places in calls.items()]


def links(index: Index, editor: Editor, path: str) -> list[Answer]:
    """The modules that a file imports from indexed files: where each is written, and the file."""
    with _asked(index, editor) as asked:
        return [
            {"origin": _place(one.source, one.start, one.end, editor.unit), "path": target}
            for one, target in files_imported(asked, path)
        ]


# -- how it is asked ------------------------------------------------------------------------------------------------


@contextmanager
def _view(index: Index, editor: Editor) -> Iterator[View]:
    with index.edited(editor.texts), index.fresh_view() as view:
        yield view


@contextmanager
def _asked(index: Index, editor: Editor) -> Iterator[Asked]:
    with _view(index, editor) as view:
        yield Asked(view, GraphQuestion("callers", check=editor.control.check))


def _spot(asked: Asked, editor: Editor, at: At) -> Spot | None:
    source = asked.program.get(at.path)
    if source is None or not 1 <= at.line <= len(source.starts):
        return None
    start = source.starts[at.line - 1]
    return pointed(asked, at.path, start + offset_of(_bytes_of(source, at.line), at.column, editor.unit))


def _first(found: Iterable[Mention], most: int) -> Iterator[Mention]:
    for _, one in zip(range(most), found, strict=False):
        yield one


# -- places as JSON -------------------------------------------------------------------------------------------------


def _key(one: Mention) -> tuple[str, int]:
    return one.source.path, one.end


def _bytes_of(source: Source, line: int) -> bytes:
    end = source.starts[line] if line < len(source.starts) else len(source.text)
    return source.text[source.starts[line - 1] : end].rstrip(b"\r\n")


def _place(source: Source, start: int, end: int, unit: Unit) -> Answer:
    line = source.line_of(start)
    first, text = source.starts[line - 1], _bytes_of(source, line)
    return {
        "path": source.path,
        "line": line,
        "start": column_of(text, start - first, unit),
        "end": column_of(text, end - first, unit),
    }


def _node(asked: Asked, node: Node, unit: Unit) -> Answer:
    """A definition, or with -1 a file itself, with the place of its name."""
    hit, source = asked.hit(node), asked.source(node)
    if hit is None:
        name = node[0].rpartition("/")[2]
        fields: dict[str, Any] = {"path": node[0], "name": name, "kind": "file", "container": "", "signature": name}
        return {
            **fields,
            "start_line": 1,
            "end_line": max(len(source.starts), 1),
            "place": {"path": node[0], "line": 1, "start": 0, "end": 0},
        }
    where = name_of(asked, node)
    return {**node_json(hit), "path": hit.path, "place": _place(source, where.start, where.end, unit)}


def _text(view: View, path: str) -> Text:
    edited = view.edits.get(path)
    return Text(searchable(view.read(path)) if edited is None else edited)


def _listed(hit: SymbolHit, line: bytes, unit: Unit) -> Answer:
    """A definition whose name is looked for in its line."""
    name = os.fsencode(hit.name)
    start = max(line.find(name), 0)
    end = start + len(name) if line[start : start + len(name)] == name else start
    columns = {"start": column_of(line, start, unit), "end": column_of(line, end, unit)}
    return {**node_json(hit), "path": hit.path, "place": {"path": hit.path, "line": hit.line, **columns}}
