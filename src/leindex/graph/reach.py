"""What reaches what: `impact` against the direction of calls, `path` along it."""

from __future__ import annotations

from typing import Final

from ..kinds import TEST, kind_of_file
from .answer import Edge, Grade, Group
from .asked import Asked, Node

MOST_NODES: Final = 3000
"""Definitions that are looked at for one question."""


def impact(asked: Asked) -> list[Group]:
    """What may break when a definition changes: what refers to it, and to that, by depth; tests first."""
    groups = []
    question = asked.question
    for node in asked.changed(question.base) if question.base else asked.nodes(question.name):
        seen: set[Node] = {node}
        edges: list[Edge] = []
        level: list[Node] = [node]
        for depth in range(1, question.depth + 1):
            reached: list[Node] = []
            for name_group in _by_name(asked, level):
                for target, source, use, resolved in asked.references_to(name_group, possible=question.possible):
                    holder = (source.path, asked.holder(source, use))
                    if holder in seen:
                        continue
                    seen.add(holder)
                    if len(edges) >= question.limit or len(seen) > MOST_NODES:
                        asked.truncated = True
                        break
                    edges.append(asked.edge(source, use, resolved, to=target, depth=depth))
                    if holder[1] >= 0:
                        reached += [holder, *_overridden(asked, holder)]
                if asked.truncated:
                    break
            level = reached
            if not level or asked.truncated:
                break
        edges.sort(key=lambda e: (kind_of_file(e.path) != TEST, e.depth, e.path.replace("/", "\0"), e.line))
        groups.append(Group(asked.hit(node), node[0], tuple(edges)))
    return groups


def _by_name(asked: Asked, nodes: list[Node]) -> list[list[Node]]:
    """Definitions together that share a name, since one look finds the references to all of them."""
    found: dict[str, list[Node]] = {}
    for node in dict.fromkeys(nodes):
        found.setdefault(asked.source(node).symbols[node[1]].name, []).append(node)
    return list(found.values())


def _overridden(asked: Asked, node: Node) -> list[Node]:
    """The type of a constructor: who makes an object of it reaches what the constructor does."""
    return [other for other in asked.equals(node) if other != node]


def path(asked: Asked) -> list[Group]:
    """How one definition reaches another: the shortest chain of references, by breadth."""
    question = asked.question
    goals = {same for node in asked.nodes(question.to) for same in asked.equals(node)}
    groups = []
    for start in asked.nodes(question.name):
        came: dict[Node, tuple[Node, Edge]] = {}
        level, seen = [start], {start}
        end = start if start in goals else None
        for depth in range(1, max(question.depth, 1) + 1):
            following: list[Node] = []
            for node in level:
                if end is not None or asked.over() or len(seen) > MOST_NODES:
                    break
                source = asked.source(node)
                asked.looked_at(source)
                low, high = source.span_of(node[1])
                for use in source.uses(low, high):
                    resolved = asked.resolver.resolve(source, use)
                    asked.counts.sites += 1
                    asked.counts.add(resolved.grade)
                    for target in resolved.targets if resolved.grade in (Grade.EXACT, Grade.LIKELY) else ():
                        if target in seen:
                            continue
                        seen.add(target)
                        came[target] = (node, asked.edge(source, use, resolved, to=target, depth=depth))
                        following.append(target)
                        following += [one for one in asked.equals(target) if one not in seen]
                        for one in asked.equals(target):
                            came.setdefault(one, came[target])
                            seen.add(one)
                        if target in goals:
                            end = target
            level = following
            if end is not None or not level:
                break
        if len(seen) > MOST_NODES:
            asked.truncated = True
        chain: list[Edge] = []
        while end is not None and end != start:
            end, edge = came[end]
            chain.insert(0, edge)
        groups.append(Group(asked.hit(start), start[0], tuple(chain)))
    return groups
