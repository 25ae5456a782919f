"""Answers about the graph as JSON values, for every transport."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import ConfigError
from ..graph.answer import Edge, GraphAnswer, Group
from ..index import Index
from ..questions import GraphQuestion
from ..symbols.find import SymbolHit
from .answers import Answer, coverage
from .control import Control
from .places import display, relative

COUNTED = ("callers", "callees", "impact", "path")
"""The questions that look at references one by one."""


def asked(index: Index, arguments: Answer, control: Control) -> GraphAnswer:
    """The answer to `trace`. Raises ConfigError where a definition is missing."""
    direction = arguments["direction"]
    named = direction in ("unused", "cycles") or (direction == "impact" and arguments["base"])
    for needed in () if named else ("name", "to") if direction == "path" else ("name",):
        if not arguments[needed]:
            raise ConfigError(f"{direction} needs {needed}")
    return index.graph(
        GraphQuestion(
            direction,
            name=arguments["name"],
            to=arguments["to"],
            file=arguments["file"],
            language=arguments["language"],
            depth=arguments["depth"],
            possible=arguments["possible"],
            limit=arguments["limit"],
            base=arguments["base"],
            scope=relative(arguments["path"], index.root),
            check=control.check,
        )
    )


def trace(index: Index, arguments: Answer, control: Control) -> Answer:
    """`trace` as JSON: one group for each definition of the name."""
    answer = asked(index, arguments, control)
    return {
        "direction": answer.kind,
        "name": answer.name,
        "groups": [group_json(group) for group in answer.groups],
        "counts": dict(answer.counts),
        **coverage(answer.completeness),
    }


def counted(answer: GraphAnswer) -> str:
    """How many references were looked at, and how many of each grade there were; empty where none are looked at."""
    if answer.kind not in COUNTED:
        return ""
    counts = answer.counts
    grades = ("exact", "likely", "possible", "external", "unresolved")
    said = ", ".join(f"{counts[grade]} {grade}" for grade in grades if counts[grade])
    elsewhere = f", {counts['elsewhere']} of another definition" if counts["elsewhere"] else ""
    return f"looked at {counts['sites']} references in {counts['files']} files: {said or 'none'}{elsewhere}"


def heading(group: Group) -> str:
    """What a group is about, on a line."""
    hit = group.definition
    return display(group.path) if hit is None else f"{display(hit.path)}:{hit.line}  {hit.kind} {_qualified(hit)}"


def rows(group: Group) -> Iterator[Answer]:
    """What was found for a group in few words: a place, what stands there, and how sure it is or what it is."""
    for edge in group.edges:
        row: Answer = {"at": f"{display(edge.path)}:{edge.line}", "grade": edge.grade.value}
        if edge.source is not None:
            row["in"] = _qualified(edge.source)
        if edge.target is not None:
            row["to"] = f"{display(edge.target.path)}:{edge.target.line} {_qualified(edge.target)}"
        row |= {"text": edge.text, "reason": edge.reason}
        yield row | ({"depth": edge.depth} if edge.depth > 1 else {})
    labels = group.labels or ("",) * (len(group.nodes) + len(group.files))
    places = [f"{display(hit.path)}:{hit.line} {hit.kind} {_qualified(hit)}" for hit in group.nodes]
    for place, label in zip([*places, *map(display, group.files)], labels, strict=False):
        yield {"at": place, **({"label": label} if label else {})}


def _qualified(hit: SymbolHit) -> str:
    return f"{hit.container}.{hit.name}" if hit.container else hit.name


def as_json(answer: GraphAnswer) -> dict[str, Any]:
    """The whole answer."""
    return {
        "kind": answer.kind,
        "name": answer.name,
        "groups": [group_json(group) for group in answer.groups],
        "counts": dict(answer.counts),
        **answer.completeness.as_json(),
    }


def group_json(group: Group) -> dict[str, Any]:
    """What was found for one definition or file."""
    value: dict[str, Any] = {"path": display(group.path), "edges": [edge_json(edge) for edge in group.edges]}
    if group.definition is not None:
        value["definition"] = node_json(group.definition)
    if group.nodes:
        labels = group.labels or ("",) * len(group.nodes)
        value["nodes"] = [{**node_json(hit), "label": label} for hit, label in zip(group.nodes, labels, strict=True)]
    if group.files:
        labels = group.labels or ("",) * len(group.files)
        value["files"] = [
            {"path": display(file), "label": label} for file, label in zip(group.files, labels, strict=True)
        ]
    return value


def node_json(hit: SymbolHit) -> dict[str, Any]:
    """A definition."""
    return {
        "path": display(hit.path),
        "name": hit.name,
        "kind": hit.kind,
        "container": hit.container,
        "line": hit.line,
        "start_line": hit.start_line,
        "end_line": hit.end_line,
        "signature": hit.signature,
    }


def edge_json(edge: Edge) -> dict[str, Any]:
    """A reference."""
    return {
        "path": display(edge.path),
        "line": edge.line,
        "column": edge.column,
        "text": edge.text,
        "kind": edge.kind,
        "name": edge.name,
        "grade": edge.grade.value,
        "reason": edge.reason,
        "depth": edge.depth,
        "from": None if edge.source is None else node_json(edge.source),
        "to": None if edge.target is None else node_json(edge.target),
    }
