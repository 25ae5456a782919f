"""Types and what they inherit, and definitions that nothing refers to."""

from __future__ import annotations

import re
from typing import Final

from ..kinds import TEST, kind_of_file
from ..linkage import Role
from ..symbols.find import SymbolHit
from .answer import Group
from .asked import Asked, Node
from .source import CALLABLES, TYPES, Source

MOST_TYPES: Final = 500
ENTRY: Final = re.compile(
    r"main|init|setup|teardown|setUp|tearDown|test.*|Test.*|Benchmark.*|Example.*|__\w+__|_start|module_(?:init|exit)"
)


def hierarchy(asked: Asked) -> list[Group]:
    """Super- and subtypes of a type, near ones first; of a method what it overrides and what overrides it."""
    groups = []
    for node in asked.nodes(asked.question.name):
        source = asked.source(node)
        asked.looked_at(source)
        symbol = source.symbols[node[1]]
        owner = source.parent(node[1]) if symbol.kind in CALLABLES else node[1]
        named = symbol.name if symbol.kind in CALLABLES else ""
        found: list[tuple[Node, str]] = []
        if owner >= 0 and source.symbols[owner].kind in TYPES:
            found = [(one, "supertype") for one in _above(asked, (node[0], owner))]
            found += [(one, "subtype") for one in _below(asked, (node[0], owner))]
        if named:
            labels = {"supertype": "overrides", "subtype": "overridden by"}
            found = [
                ((one[0], index), labels[label])
                for one, label in found
                for index in asked.source(one).members.get((asked.source(one).qualified(one[1]), named), ())
            ]
        outside = [
            base.text
            for base in (asked.resolver.bases(node[0], owner) if owner >= 0 else [])
            if base.kind in ("external", "unknown")
        ]
        if outside and not named:
            asked.notes.append(f"bases of {symbol.name} that are not among the files: {', '.join(outside)}")
        hits = [(hit, label) for one, label in found if (hit := asked.hit(one)) is not None]
        groups.append(Group(asked.hit(node), node[0], (), tuple(h for h, _ in hits), tuple(label for _, label in hits)))
    return groups


def _above(asked: Asked, node: Node) -> list[Node]:
    found: list[Node] = []
    level = [node]
    while level and len(found) < MOST_TYPES:
        above = [
            (base.path, base.symbol)
            for one in level
            for base in asked.resolver.bases(*one)
            if base.kind == "definition"
        ]
        level = [one for one in dict.fromkeys(above) if one not in found and one != node]
        found += level
    return found


def _below(asked: Asked, node: Node) -> list[Node]:
    found: list[Node] = []
    level = [node]
    while level and len(found) < MOST_TYPES and not asked.over():
        below = []
        for one in level:
            for _, source, use, _ in asked.references_to([one], possible=False):
                if use.role is Role.BASE:
                    below.append((source.path, source.owner_of(use.start)))
        level = [one for one in dict.fromkeys(below) if one not in found and one != node and one[1] >= 0]
        found += level
    return found


def unused(asked: Asked) -> list[Group]:
    """Functions and types whose name occurs nowhere but where they are defined, with what gives reason to doubt."""
    question, hits, labels = asked.question, list[SymbolHit](), list[str]()
    scope = question.scope or asked.view.scope
    prefix = scope.rstrip("/") + "/" if scope else ""
    for path in asked.program.paths:
        if not path.startswith(prefix) or (question.file and not path.endswith(question.file)):
            continue
        if kind_of_file(path) == TEST:
            continue
        if asked.over():
            break
        source = asked.program.get(path)
        if source is None or (asked.languages is not None and source.language not in asked.languages):
            continue
        asked.looked_at(source)
        for index, symbol in enumerate(source.symbols):
            if symbol.kind not in CALLABLES | TYPES or symbol.kind == "constructor":
                continue
            asked.counts.sites += 1
            if not _named_elsewhere(asked, source, symbol.name):
                hit = asked.hit((path, index))
                if hit is None:
                    continue
                if len(hits) >= question.limit:
                    asked.truncated = True
                    break
                hits.append(hit)
                labels.append(_doubt(source, index))
        if asked.truncated:
            break
    asked.notes.append("a name that is put together at run time is not seen")
    return [Group(None, scope, (), tuple(hits), tuple(labels))]


def _named_elsewhere(asked: Asked, source: Source, name: str) -> bool:
    """Whether a name is a word of another file, or of this one outside of its definitions."""
    known = asked.program.cache.setdefault(("named", name), {})
    if not known:
        others = {row.name for row in asked.program.rows_with(name)}
        known["files"] = others  # type: ignore[index]
    if known["files"] - {source.path}:  # type: ignore[index]
        return True
    word = re.compile(rb"(?<![\w$])" + re.escape(name.encode("utf-8", "replace")) + rb"(?![\w$])")
    places = {source.name_end(i) - len(name.encode()) for i, s in enumerate(source.symbols) if s.name == name}
    return any(match.start() not in places for match in word.finditer(source.text))


def _doubt(source: Source, index: int) -> str:
    """Why a definition may be used all the same, or ""."""
    symbol = source.symbols[index]
    if ENTRY.fullmatch(symbol.name):
        return "may be an entry point"
    start, _ = source.span_of(index)
    head = source.string(start, source.name_end(index))
    if "@" in head or re.search(r"\[\w+[\](]|#\[", head):
        return "is decorated: something may have been told of it"
    if symbol.visibility == "public" or (symbol.kind in CALLABLES and "EXPORT_SYMBOL" in head):
        return "may be used from outside: it is public"
    return ""
