"""What a reference means: scopes first, then imports, then the types of receivers, each with its grade and reason.

    resolver = Resolver(program)
    for use in source.uses():
        resolver.resolve(source, use)

Nothing is executed and nothing guessed: where a step of an expression is not known, the reference is unresolved, or
`possible` by its name where that is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from ..linkage import Role
from .answer import Grade
from .evaluation import DEEPEST, Place
from .expression import CALL, ITEM, TEXT, UNKNOWN, steps
from .meaning import Meaning, external, unknown
from .members import Members
from .names import Names
from .rules import rules_of
from .rules.base import Rules
from .source import CALLABLES, TYPES, Source, Use
from .values import Values

MOST_ALIKE: Final = 20
"""Definitions of one name that a reference may mean by its name alone."""

MOST_MEANINGS: Final = 6
"""Things that an expression may be and that its next step is followed of."""


class Resolution(NamedTuple):
    """What a reference means: definitions as path and place in the file's symbols."""

    grade: Grade
    targets: tuple[tuple[str, int], ...]
    reason: str


class Resolver(Names, Values, Members):
    """Resolves references of one program."""

    def resolve(self, source: Source, use: Use) -> Resolution:
        """What one reference means."""
        rules = rules_of(source.language)
        if rules is None:
            return Resolution(Grade.UNRESOLVED, (), f"no rules for {source.language}")
        expression = steps(source.string(use.start, use.end))
        scope = source.owner_of(use.start)
        if use.role in (Role.DECORATOR, Role.BASE) and scope >= 0:
            scope = source.parent(scope)
        found = self.evaluate(Place(source, scope, use.start), expression)
        return self._graded(source, expression, found)

    def _graded(self, source: Source, expression: tuple[str, ...], found: list[Meaning]) -> Resolution:
        found = [value for one in found for value in self.default_of(one)]
        targets = [one for one in found if one.kind == "definition"]
        if targets:
            inferred = all(one.inferred for one in targets)
            named = tuple(dict.fromkeys((one.path, one.symbol) for one in targets))
            named = self._declared(named)
            if inferred:
                return Resolution(Grade.LIKELY, named, targets[0].text or "the type of the receiver is inferred")
            if any(one.kind in ("external", "unknown") for one in found):
                return Resolution(Grade.LIKELY, named, f"one of the things that {expression[0]} may be")
            if len(expression) == 1:
                where = "in scope" if all(path == source.path for path, _ in named) else "imported or visible"
                return Resolution(Grade.EXACT, named, where)
            return Resolution(Grade.EXACT, named, f"{expression[0]} is in scope")
        for one in found:
            if one.kind in ("external", "module"):
                return Resolution(Grade.EXTERNAL, (), one.text or one.path)
        why = next((one.text for one in found if one.text), "the receiver's type is not known")
        return Resolution(Grade.UNRESOLVED, (), why)

    def _declared(self, named: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
        """Of a definition and its declarations the definition."""
        if len(named) < 2:
            return named
        bodies = tuple(one for one in named if not self.is_declaration(*one))
        return bodies or named

    def declares_elsewhere(self, source: Source, index: int) -> bool:
        """Whether a definition may be declared in other files, as in C."""
        rules = rules_of(source.language)
        return rules is not None and rules.declarations and source.symbols[index].kind in CALLABLES

    def default_importers(self, nodes: Sequence[tuple[str, int]]) -> set[str]:
        """The files that may import one of these definitions under a name of their own."""
        found: set[str] = set()
        for path, index in nodes:
            source = self.program.get(path)
            rules = rules_of(source.language) if source is not None else None
            if source is None or rules is None or not rules.default_exports or index < 0:
                continue
            if self._is_default(source, index):
                stem = path.rpartition("/")[2].split(".")[0]
                words = {stem} if stem != "index" else {stem, path.rpartition("/")[0].rpartition("/")[2]}
                found |= {row.name for word in words for row in self.program.rows_with(word)}
        return found

    def _is_default(self, source: Source, index: int) -> bool:
        exported = self.imports(source).exports.get("default")
        name = source.symbols[index].name
        return exported is not None and not exported.module and exported.member == name

    def default_names(self, source: Source, nodes: Sequence[tuple[str, int]]) -> list[str]:
        """The names under which a file imports these definitions by default."""
        rules = rules_of(source.language)
        if rules is None or not rules.default_exports:
            return []
        found = []
        for name, bound in self.imports(source).named.items():
            if any(one.member == "default" for one in bound):
                meant = {(one.path, one.symbol) for one in self._imported(source, rules, name, 0)}
                if meant & set(nodes):
                    found.append(name)
        return found

    def possible(self, source: Source, use: Use) -> Resolution:
        """What has the same name and might be meant. Only for what nothing else resolves."""
        rules = rules_of(source.language)
        found: list[tuple[str, int]] = []
        expression = steps(source.string(use.start, use.end))
        member = len(expression) > 1
        for other, index in self.program.definitions(use.name):
            symbol = other.symbols[index]
            if rules is None or other.language not in rules.family or symbol.kind not in CALLABLES | TYPES:
                continue
            if member == bool(symbol.container and symbol.container not in other.modules):
                found.append((other.path, index))
        if not found or len(found) > MOST_ALIKE:
            return Resolution(Grade.UNRESOLVED, (), f"{len(found)} definitions have this name")
        only = (
            "the only definition of this name" if len(found) == 1 else f"one of {len(found)} definitions of this name"
        )
        return Resolution(Grade.POSSIBLE, tuple(found), only)

    def evaluate(self, place: Place, expression: tuple[str, ...], depth: int = 0) -> list[Meaning]:
        """What an expression may be."""
        if not expression or depth > DEEPEST:
            return unknown("too long a way to its type")
        rules = rules_of(place.source.language)
        if rules is None:
            return unknown("no rules for this language")
        first, rest = expression[0], expression[1:]
        if first == UNKNOWN:
            return unknown("an expression")
        if first == TEXT:
            found = external("a literal")
        else:
            found, rest = self._beginning(place, rules, first, rest, depth)
        for step in rest:
            found = self.stepped(found, step, depth)
        return found

    def _beginning(
        self, place: Place, rules: Rules, first: str, rest: tuple[str, ...], depth: int
    ) -> tuple[list[Meaning], tuple[str, ...]]:
        """What an expression begins with, and the steps that are left."""
        source = place.source
        if first in rules.super_names and not rest and first in rules.builtins:
            return external(first), ()
        if first in rules.self_names | rules.super_names | rules.class_names:
            owner = self.class_around(place)
            if owner is not None:
                if first in rules.super_names:
                    return [Meaning("super", *owner)], rest[1:] if rest[:1] == (CALL,) and len(rest) > 1 else rest
                return [Meaning("definition" if first in rules.class_names else "instance", *owner)], rest
        # A dotted module: the longest one that is imported.
        imports = self.imports(source)
        for count in range(len(rest), 0, -1):
            dotted = ".".join((first, *rest[:count]))
            if dotted in imports.named and all(s not in (CALL, ITEM) for s in rest[:count]):
                return self._imported(source, rules, dotted, depth), rest[count:]
        return self.lookup(place, first, depth), rest

    def stepped(self, found: list[Meaning], step: str, depth: int) -> list[Meaning]:
        results: list[Meaning] = []
        for one in found[:MOST_MEANINGS]:
            if one.kind in ("unknown", "external"):
                results.append(one)
            elif step.startswith(CALL):
                results += self.called(one, depth, int(step[2:]) if step != CALL else -1)
            elif step == ITEM:
                results += self.element_of(one, depth)
            else:
                results += self.member(one, step, depth)
        if len(found) > MOST_MEANINGS:
            results += unknown("the receiver may be too many things")
        return list(dict.fromkeys(results)) or unknown("nothing is known of the receiver")
