"""Answers about the graph as JSON values, for every transport."""

from __future__ import annotations

from typing import Any

from ..graph.answer import Edge, GraphAnswer, Group
from ..symbols.find import SymbolHit
from .places import display


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
