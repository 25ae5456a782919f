"""The graph as a whole: each reference whose meaning is among the files, and how that is written for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from ..questions import GraphQuestion
from ..symbols.find import SymbolHit
from ..views.view import View
from .answer import Edge, Grade
from .asked import Asked

FORMATS: Final = ("json", "dot", "mermaid")

_DASHED: Final = frozenset((Grade.LIKELY, Grade.POSSIBLE))


class Export:
    """The edges of a view, found while this is iterated, once: by file and place.

    The question says of which folder, language and file, and whether edges that only the name speaks for are wanted.
    `counts` are those of every answer, valid at the end. An edge from outside of all definitions has no source.
    """

    def __init__(self, view: View, question: GraphQuestion) -> None:
        self._asked = Asked(view, question)
        self._asked.ends = float("inf")  # whoever wants all of it waits for all of it
        self._view = view

    @property
    def counts(self) -> dict[str, Any]:
        """References that were looked at, by grade."""
        return self._asked.counts.as_json()

    @property
    def notes(self) -> list[str]:
        """What is missing."""
        answer = self._asked.answer(())
        return list(answer.completeness.notes)

    def __iter__(self) -> Iterator[Edge]:
        asked = self._asked
        scope = asked.question.scope or self._view.scope
        for path, language in sorted(asked.program.paths.items(), key=lambda pair: pair[0].replace("/", "\0")):
            if scope and not path.startswith(scope.rstrip("/") + "/"):
                continue
            if asked.languages is not None and language not in asked.languages:
                continue
            asked.question.check()
            source = asked.program.get(path)
            if source is None:
                continue
            asked.looked_at(source)
            for use in source.uses():
                resolved = asked.resolver.resolve(source, use)
                if resolved.grade is Grade.UNRESOLVED and asked.question.possible:
                    resolved = asked.resolver.possible(source, use)
                asked.counts.sites += 1
                asked.counts.add(resolved.grade)
                for target in resolved.targets:
                    if target[1] >= 0:
                        yield asked.edge(source, use, resolved, to=target)


def written(export: Export, form: str) -> Iterator[str]:
    """The lines of a graph in one of `FORMATS`."""
    return {"json": _as_json, "dot": _as_dot, "mermaid": _as_mermaid}[form](export)


def _as_json(export: Export) -> Iterator[str]:
    """JSON Lines: each definition before the first edge that it takes part in; at the end what was looked at."""
    known: set[str] = set()
    for edge in export:
        for hit in (edge.source, edge.target):
            if hit is not None and id_of(hit) not in known:
                known.add(id_of(hit))
                yield _line(type="definition", id=id_of(hit), path=_text(hit.path), line=hit.line, **_named(hit))
        yield _line(
            type="edge",
            source=None if edge.source is None else id_of(edge.source),
            target=None if edge.target is None else id_of(edge.target),
            path=_text(edge.path),
            line=edge.line,
            column=edge.column,
            kind=edge.kind,
            grade=edge.grade.value,
            reason=edge.reason,
        )
    yield _line(type="end", counts=export.counts, notes=export.notes)


def _as_dot(export: Export) -> Iterator[str]:
    """For Graphviz: an arrow for each pair of definitions, dashed where no reference between them is exact."""
    yield "digraph leindex {"
    yield "  rankdir=LR; node [shape=box];"
    for hit, name in _nodes(pairs := _pairs(export)):
        yield f"  {_quoted(id_of(hit))} [label={_quoted(name)}];"
    for (source, target), exact in pairs.items():
        yield f"  {_quoted(id_of(source))} -> {_quoted(id_of(target))}{'' if exact else ' [style=dashed]'};"
    yield "}"


def _as_mermaid(export: Export) -> Iterator[str]:
    """The same for Mermaid."""
    yield "flowchart LR"
    numbers: dict[str, int] = {}
    for hit, name in _nodes(pairs := _pairs(export)):
        numbers[id_of(hit)] = len(numbers)
        yield f'  n{numbers[id_of(hit)]}["{_entities(name)}"]'
    for (source, target), exact in pairs.items():
        yield f"  n{numbers[id_of(source)]} {'-->' if exact else '-.->'} n{numbers[id_of(target)]}"


def _pairs(export: Export) -> dict[tuple[SymbolHit, SymbolHit], bool]:
    """Each pair of definitions that an edge joins, and whether one of its edges is exact."""
    pairs: dict[tuple[SymbolHit, SymbolHit], bool] = {}
    known: dict[str, SymbolHit] = {}
    for edge in export:
        if edge.source is not None and edge.target is not None:
            source, target = (known.setdefault(id_of(hit), hit) for hit in (edge.source, edge.target))
            pairs[source, target] = pairs.get((source, target), False) or edge.grade not in _DASHED
    return pairs


def _nodes(pairs: dict[tuple[SymbolHit, SymbolHit], bool]) -> Iterator[tuple[SymbolHit, str]]:
    """Each definition once, with what it is shown as."""
    for hit in dict.fromkeys(hit for pair in pairs for hit in pair):
        yield hit, f"{hit.container}.{hit.name}" if hit.container else hit.name


def id_of(hit: SymbolHit) -> str:
    """What tells a definition from all others: its file, its line and its name."""
    return f"{_text(hit.path)}:{hit.line}:{hit.name}"


def _named(hit: SymbolHit) -> dict[str, str]:
    return {"name": hit.name, "kind": hit.kind, "container": hit.container}


def _line(**fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _text(path: str) -> str:
    """A path that can be written as UTF-8."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _entities(text: str) -> str:
    """A label that Mermaid takes as text: what means something there as its number."""
    return "".join(c if c.isalnum() or c in "_. ~-" else f"#{ord(c)};" for c in text)
