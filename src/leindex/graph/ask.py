"""The questions about the graph: `ask` finds the one that is asked, callers and callees are here."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import QueryError
from ..questions import GraphQuestion
from ..views.view import View
from .answer import Edge, GraphAnswer, Group
from .asked import Asked, Node
from .files import cycles, deps
from .reach import impact, path
from .related import hierarchy, unused
from .resolve import Resolution
from .source import REFERENCES, Use

KINDS = {
    "callers": lambda asked: callers(asked),
    "callees": lambda asked: callees(asked),
    "impact": impact,
    "hierarchy": hierarchy,
    "path": path,
    "deps": deps,
    "unused": unused,
    "cycles": cycles,
}
"""Each question with what answers it."""


def ask(view: View, question: GraphQuestion) -> GraphAnswer:
    """The answer to a question about the graph. Raises QueryError for a name that means no definition."""
    answer = KINDS.get(question.kind)
    if answer is None:
        raise QueryError(f"there is no question {question.kind!r}", advice=f"there are {', '.join(KINDS)}")
    asked = Asked(view, question)
    return asked.answer(answer(asked))


def callers(asked: Asked) -> list[Group]:
    """Who refers to each definition of a name."""
    nodes = asked.nodes(asked.question.name)
    edges: dict[Node, list[Edge]] = {node: [] for node in nodes}
    for node, source, use, resolved in asked.references_to(nodes, possible=asked.question.possible):
        if len(edges[node]) >= asked.question.limit:
            asked.truncated = True
            continue
        edges[node].append(asked.edge(source, use, resolved, to=None))
    return [
        Group(
            asked.hit(node),
            node[0],
            tuple(sorted(edges[node], key=lambda e: (e.path.replace("/", "\0"), e.line, e.column))),
        )
        for node in nodes
    ]


def callees(asked: Asked) -> list[Group]:
    """What each definition of a name refers to, in order."""
    groups = []
    for node in asked.nodes(asked.question.name):
        source = asked.source(node)
        edges: list[Edge] = []
        for use, resolved in references_from(asked, node):
            if resolved.grade.value == "possible" and not asked.question.possible:
                continue
            if len(edges) >= asked.question.limit:
                asked.truncated = True
                break
            edges += [asked.edge(source, use, resolved, to=target) for target in resolved.targets] or [
                asked.edge(source, use, resolved, to=None)
            ]
        groups.append(Group(asked.hit(node), node[0], tuple(edges)))
    return groups


def references_from(asked: Asked, node: Node) -> Iterator[tuple[Use, Resolution]]:
    """The references in a definition, in order, with what each means; they are counted."""
    source = asked.source(node)
    asked.looked_at(source)
    low, high = source.span_of(node[1])
    for use in source.uses(low, high):
        if asked.over():
            return
        if not _belongs(asked, source.path, node[1], use.start):
            continue
        resolved = asked.resolver.resolve(source, use)
        if REFERENCES[use.role] == "value" and not resolved.targets:
            continue
        asked.counts.sites += 1
        if not resolved.targets and resolved.grade.value == "unresolved":
            maybe = asked.resolver.possible(source, use)
            if maybe.targets:
                resolved = maybe._replace(reason=f"{maybe.reason}; {resolved.reason}")
        asked.counts.add(resolved.grade)
        yield use, resolved


def _belongs(asked: Asked, path: str, index: int, offset: int) -> bool:
    source = asked.program.get(path)
    assert source is not None
    at = source.owner_of(offset)
    while at >= 0 and at != index:
        at = source.parent(at)
    return at == index
