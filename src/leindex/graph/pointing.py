"""What stands at a place of a file, as an editor asks: what the name there means, and where else that is meant.

    spot = pointed(asked, "src/main.py", 120)
    spot.nodes                       # the definitions
    list(mentions(asked, spot.nodes))

A place need not be a reference that indexing noted: the expression that ends with the name is read from the text and
evaluated where it stands. In a language without rules a name means the definitions that have it, and is named where it
is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ..linkage import Role
from .asked import Asked, Node
from .evaluation import Place
from .expression import steps
from .meaning import Meaning
from .resolve import MOST_ALIKE
from .rules import rules_of
from .source import Source

_NAME: Final = re.compile(rb"[A-Za-z_$\x80-\xff][\w$\x80-\xff]*")
_JOINED: Final = re.compile(rb"(?:\.|\?\.|->|::|\\)\s*\Z")
_LETTER: Final = frozenset(b"$_" + bytes(range(128, 256)) + bytes(c for c in range(128) if chr(c).isalnum()))
_CLOSED: Final = {ord(")"): ord("("), ord("]"): ord("[")}
LONGEST: Final = 2000
"""Bytes before a name in which its expression begins."""

_NAMING: Final = (Role.IMPORT, Role.PARAM, Role.RETURNS, Role.ASSIGN, Role.EXPORT, Role.RETURNED, Role.LOOP)
"""The roles whose text names definitions without being an edge."""


class Spot(NamedTuple):
    """A name in a file, from byte `start` to `end`, and what it means: definitions, and whole files where it is a
    module. `sure` is false where only the name speaks for them."""

    source: Source
    start: int
    end: int
    nodes: tuple[Node, ...] = ()
    files: tuple[str, ...] = ()
    sure: bool = True


class Mention(NamedTuple):
    """A place where a definition is named."""

    source: Source
    start: int
    end: int


def pointed(asked: Asked, path: str, offset: int) -> Spot | None:
    """The name at a byte of a file, or just before it; None where there is none, or no such file."""
    source = asked.program.get(path)
    if source is None:
        return None
    imported = _imported_file(asked, source, offset)
    span = _name_at(source.text, offset)
    if span is None:
        return imported
    found = _defined(source, *span) or _meant(asked, source, *span)
    return imported if imported is not None and not found.nodes and not found.files else found


def mentions(asked: Asked, nodes: Sequence[Node]) -> Iterator[Mention]:
    """Every noted place that names one of some definitions of one name, each once: references, and the imports, types
    and assignments beside them. A reference for which only its name speaks is one where no other has that name."""
    seen: set[tuple[str, int]] = set()
    for one in _references(asked, nodes):
        if (one.source.path, one.end) not in seen:
            seen.add((one.source.path, one.end))
            yield one
    ruled = [node for node in nodes if rules_of(asked.source(node).language) is not None]
    names = list(dict.fromkeys(name for node in ruled for name in asked.names_of(node)))
    same = {one for node in ruled for one in asked.equals(node)}
    for source in _sources(asked, names):
        for start, end in _named(source, names):
            if (source.path, end) not in seen and same & set(_meant(asked, source, start, end).nodes):
                seen.add((source.path, end))
                yield Mention(source, start, end)


def name_of(asked: Asked, node: Node) -> Mention:
    """The name of a definition where it is defined."""
    source = asked.source(node)
    end = source.name_end(node[1])
    return Mention(source, end - len(source.symbols[node[1]].name.encode("utf-8", "replace")), end)


def files_imported(asked: Asked, path: str) -> Iterator[tuple[Mention, str]]:
    """The modules that a file imports from other indexed files: where each is written, and the file."""
    source = asked.program.get(path)
    rules = rules_of(source.language) if source is not None else None
    if source is None or rules is None:
        return
    for start, end, _ in source.spans(Role.IMPORT):
        for module, target in _modules(asked, source, start, end).items():
            at = source.text.find(module.encode("utf-8", "replace"), start, end)
            if at >= 0:
                yield Mention(source, at, at + len(module.encode("utf-8", "replace"))), target


# -- what stands there ----------------------------------------------------------------------------------------------


def _name_at(text: bytes, offset: int) -> tuple[int, int] | None:
    start = offset
    while start and text[start - 1] in _LETTER:
        start -= 1
    found = _NAME.match(text, start)
    return (start, found.end()) if found and start <= offset <= found.end() else None


def _defined(source: Source, start: int, end: int) -> Spot | None:
    """The definition whose name stands there."""
    line = source.line_of(start)
    for index, symbol in enumerate(source.symbols):
        if symbol.line == line and source.name_end(index) == end and source.string(start, end) == symbol.name:
            return Spot(source, start, end, ((source.path, index),))
    return None


def _meant(asked: Asked, source: Source, start: int, end: int) -> Spot:
    rules = rules_of(source.language)
    name = source.string(start, end)
    if rules is None:
        alike = [
            (other.path, index) for other, index in asked.program.definitions(name) if other.language == source.language
        ]
        own = [node for node in alike if node[0] == source.path]
        return Spot(source, start, end, tuple(own or alike[:MOST_ALIKE]), sure=False)
    use = next((use for use in source.uses_named([name]) if use.end == end), None)
    if use is not None:
        resolved = asked.resolver.resolve(source, use)
        if not resolved.targets and resolved.grade.value == "unresolved" and use.role is not Role.VALUE:
            return Spot(source, start, end, asked.resolver.possible(source, use).targets, sure=False)
        if resolved.targets:
            return Spot(source, start, end, resolved.targets)
    began = _expression_start(source.text, start)
    place = Place(source, source.owner_of(began), began)
    other = _bound_as(asked, source, name, start)
    found = asked.resolver.evaluate(place, (other,) if other else steps(source.string(began, end)))
    values = [value for one in found for value in asked.resolver.default_of(one)]
    nodes = [(one.path, one.symbol) for one in values if one.kind == "definition" and one.symbol >= 0]
    return Spot(source, start, end, tuple(dict.fromkeys(nodes)), tuple(_files(asked, values)))


def _expression_start(text: bytes, at: int) -> int:
    """Where the expression begins that goes on with the name at `at`: `a.b(c).name` with `a`."""
    least = max(at - LONGEST, 0)
    while (joined := _JOINED.search(text, max(at - 8, least), at)) is not None:
        before = joined.start()
        while before > least and text[before - 1] in _CLOSED:
            before = _opened(text, before - 1, least)
        start = before
        while start > least and text[start - 1] in _LETTER:
            start -= 1
        if start == joined.start():
            return at
        at = start
    return at


def _opened(text: bytes, at: int, least: int) -> int:
    """The partner of the closing bracket at `at`, or `least`."""
    closing, opening, depth = text[at], _CLOSED[text[at]], 0
    while at > least:
        depth += (text[at] == closing) - (text[at] == opening)
        if not depth:
            return at
        at -= 1
    return least


def _files(asked: Asked, found: Sequence[Meaning]) -> Iterator[str]:
    for one in found:
        if one.kind == "module":
            inside = f"{one.path}__init__.py"
            yield from [p for p in (one.path, inside) if p in asked.program.paths]


def _bound_as(asked: Asked, source: Source, name: str, offset: int) -> str:
    """The name under which an import around a byte makes another name known: `a` of `import name as a`; else ""."""
    for start, end, _ in source.spans(Role.IMPORT):
        if start <= offset < end:
            for bound in asked.resolver.imports(source).named.values():
                for one in bound:
                    if one.member == name and start <= one.start < end:
                        return one.name
    return ""


# -- imports --------------------------------------------------------------------------------------------------------


def _imported_file(asked: Asked, source: Source, offset: int) -> Spot | None:
    """The file whose module is written around a byte of an import."""
    for mention, target in files_imported(asked, source.path):
        if mention.start <= offset <= mention.end:
            return Spot(source, mention.start, mention.end, (), (target,))
    return None


def _modules(asked: Asked, source: Source, start: int, end: int) -> dict[str, str]:
    """The modules of one import statement that are indexed files."""
    rules = rules_of(source.language)
    assert rules is not None
    imports = asked.resolver.imports(source)
    bound = [one for every in imports.named.values() for one in every] + imports.stars
    found: dict[str, str] = {}
    for one in bound:
        if start <= one.start < end and one.module and one.module not in found:
            paths = [path for path in rules.files(asked.program, source, one.module) if path in asked.program.paths]
            if paths:
                found[one.module] = paths[0]
    return found


# -- where it is named ----------------------------------------------------------------------------------------------


def _references(asked: Asked, nodes: Sequence[Node]) -> Iterator[Mention]:
    for _, source, use, resolved in asked.references_to(nodes, possible=True):
        if resolved.grade.value != "possible" or len(resolved.targets) == 1:
            yield Mention(source, use.end - len(use.name.encode("utf-8", "replace")), use.end)
    plain = [node for node in nodes if rules_of(asked.source(node).language) is None]
    names = {asked.source(node).symbols[node[1]].name for node in plain}
    languages = {asked.source(node).language for node in plain}
    for source in _sources(asked, sorted(names)):
        if source.language not in languages:
            continue
        for called, line, column in asked.view.knowledge.calls(source.text, source.language):
            if called in names:
                start = source.starts[line - 1] + column
                yield Mention(source, start, start + len(called.encode("utf-8", "replace")))


def _sources(asked: Asked, names: Sequence[str]) -> Iterator[Source]:
    rows = {row.name: row for name in names for row in asked.program.rows_with(name)}
    for path in sorted(rows):
        if asked.over():
            return
        source = asked.program.get(path)
        if source is not None:
            yield source


def _named(source: Source, names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where one of some names stands as a word in places that name definitions, outside of strings, unless the type
    that a function returns is written as one."""
    if not names:
        return
    either = b"|".join(re.escape(name.encode("utf-8", "replace")) for name in names)
    word = re.compile(rb"(?<![\w$\x80-\xff])(?:" + either + rb")(?![\w$\x80-\xff])")
    if word.search(source.text) is None:
        return
    for start, end, role in source.spans(*_NAMING):
        for found in word.finditer(source.text, start, end):
            before = source.text[start : found.start()]
            if role is Role.RETURNS or not any(before.count(quote) % 2 for quote in (b'"', b"'", b"`")):
                yield found.span()
