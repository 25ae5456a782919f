"""Files and what they import: `deps` of one file, `cycles` among all of them."""

from __future__ import annotations

import os

from ..errors import QueryError
from .answer import Group
from .asked import Asked
from .program import Program
from .resolve import Resolver
from .rules import rules_of
from .source import Source


def imported(program: Program, resolver: Resolver, source: Source) -> tuple[list[str], list[str], list[str]]:
    """The files that a file imports, what is outside, and what should be inside and is not found."""
    rules = rules_of(source.language)
    if rules is None:
        return [], [], []
    imports = resolver.imports(source)
    inside: dict[str, None] = {}
    outside: dict[str, None] = {}
    missing: dict[str, None] = {}
    every = [one for bound in imports.named.values() for one in bound] + imports.stars + list(imports.exports.values())
    for one in sorted(every, key=lambda one: one.start):
        if not one.module:
            continue
        paths = rules.files(program, source, one.module)
        for path in paths:
            below = rules.submodule(program, path, one.member) if one.member else None
            path = below or path
            for file in program.folders.get(path[:-1], ()) if path.endswith("/") else (path,):
                if program.paths.get(file, "") in rules.family and file != source.path:
                    inside[file] = None
        if not paths:
            (missing if rules.is_missing(program, source, one.module) else outside)[one.module] = None
    return list(inside), list(outside), list(missing)


def deps(asked: Asked) -> list[Group]:
    """What a file imports, and which files import it."""
    program, name = asked.program, asked.question.name
    paths = [path for path in program.paths if path == name or path.endswith("/" + name)]
    if not paths:
        raise QueryError(f"{name} is not among the indexed files", text=name)
    groups = []
    for path in paths[:20]:
        source = program.get(path)
        if source is None:
            continue
        asked.looked_at(source)
        inside, outside, missing = imported(program, asked.resolver, source)
        stem = os.path.splitext(path.rpartition("/")[2])[0]
        folder = path.rpartition("/")[0].rpartition("/")[2]
        words = (
            {stem, folder} - {""} if stem in ("__init__", "index", "mod", "lib") or source.language == "go" else {stem}
        )
        importers: dict[str, None] = {}
        for word in words:
            for row in program.rows_with(word):
                other = program.get(row.name) if row.name != path else None
                if other is None or asked.over():
                    continue
                asked.looked_at(other)
                if path in imported(program, asked.resolver, other)[0]:
                    importers[row.name] = None
        labels = ["imports"] * len(inside) + ["outside"] * len(outside) + ["not found"] * len(missing)
        files = [*inside, *outside, *missing, *importers]
        groups.append(Group(None, path, labels=(*labels, *["imported by"] * len(importers)), files=tuple(files)))
    return groups


def cycles(asked: Asked) -> list[Group]:
    """Groups of files that import each other, the smallest first."""
    program = asked.program
    scope = asked.question.scope or asked.view.scope
    prefix = scope.rstrip("/") + "/" if scope else ""
    graph: dict[str, list[str]] = {}
    for path, language in program.paths.items():
        if not path.startswith(prefix) or rules_of(language) is None or asked.over():
            continue
        source = program.get(path)
        if source is None or (asked.languages is not None and language not in asked.languages):
            continue
        asked.looked_at(source)
        graph[path] = imported(program, asked.resolver, source)[0]
    found = [group for group in components(graph) if len(group) > 1]
    found.sort(key=lambda group: (len(group), group))
    if len(found) > asked.question.limit:
        asked.truncated = True
    return [Group(None, group[0], files=tuple(group)) for group in found[: asked.question.limit]]


def components(graph: dict[str, list[str]]) -> list[list[str]]:
    """The strongly connected components, by Tarjan's algorithm (SIAM J. Comput. 1972), without recursion."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in graph:
        if root in order:
            continue
        work = [(root, iter(graph[root]))]
        order[root] = low[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in graph:
                    continue
                if target not in order:
                    order[target] = low[target] = len(order)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(graph[target])))
                    break
                if target in on_stack:
                    low[node] = min(low[node], order[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    group: list[str] = []
                    while not group or group[-1] != node:
                        group.append(stack.pop())
                        on_stack.discard(group[-1])
                    found.append(sorted(group))
    return found
