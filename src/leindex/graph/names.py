"""What a name is where it stands: scopes from the inside outwards, then imports, then what the file sees."""

from __future__ import annotations

from typing import Final

from .evaluation import DEEPEST, Evaluation, Place
from .meaning import Meaning, external, unknown
from .rules import rules_of
from .rules.base import Rules
from .source import CALLABLES, TYPES, Source

_VARIABLES: Final = frozenset(("variable", "constant"))


class Names(Evaluation):
    """The part of an evaluation that looks up names."""

    def lookup(self, place: Place, name: str, depth: int) -> list[Meaning]:
        """What a bare name is, from the innermost scope outwards."""
        source, scope = place.source, place.scope
        rules = rules_of(source.language)
        assert rules is not None
        innermost = True
        while scope >= 0:
            symbol = source.symbols[scope]
            if symbol.kind in TYPES:
                if rules.implicit_members or innermost:
                    found = self.members(source.path, scope, name, depth)
                    if found:
                        return [Meaning("definition", *one) for one in found]
            else:
                local = self._local(place, rules, scope, name, depth)
                if local is not None:
                    return local
                nested = source.members.get((source.qualified(scope), name))
                if nested:
                    return [Meaning("definition", source.path, index) for index in nested]
                if rules.implicit_members and symbol.container:
                    owner = self.class_around(Place(source, scope, 0))
                    found = self.members(*owner, name, depth) if owner is not None else []
                    if found:
                        return [Meaning("definition", *one) for one in found]
            scope, innermost = source.parent(scope), False
        return self.at_top(source, name, depth)

    def at_top(self, source: Source, name: str, depth: int, *, outside: bool = False) -> list[Meaning]:
        """What a name is at the top of a file; `outside` for one who imports it."""
        rules = rules_of(source.language)
        if rules is None or depth > DEEPEST:
            return unknown("too long a way")
        imports = self.imports(source)
        if outside and name in imports.exports:
            exported = imports.exports[name]
            if exported.module:
                return self._member_of_module(source, rules, exported.module, exported.member, depth + 1)
            if exported.member != name:
                return self.at_top(source, exported.member, depth + 1)
        own = source.top.get(name)
        if own and not (name in imports.named and all(source.symbols[i].kind in _VARIABLES for i in own)):
            here = [Meaning("definition", source.path, index) for index in own]
            if rules.declarations and all(self.is_declaration(source.path, index) for index in own):
                return self._seen(source, rules, name) or here  # a prototype is for what another file defines
            if name in imports.named:  # what is defined where an import fails, or the other way round
                return here + self._imported(source, rules, name, depth)
            return here
        if name in imports.named:
            return self._imported(source, rules, name, depth)
        bound = self.bindings(source, -1).get(name)
        if bound:
            return self.bound(source, -1, bound, 1 << 60, depth)
        for star in imports.stars:
            for path in rules.files(self.program, source, star.module):
                found = self._of_file(path, star.module, name, depth + 1)
                if found and found[0].kind not in ("unknown", "external"):
                    return found
        seen = self._seen(source, rules, name)
        if seen:
            return seen
        if name in rules.builtins:
            return external(name)
        if any(not rules.files(self.program, source, star.module) for star in imports.stars):
            return external(f"{name}, perhaps of a module outside")
        if rules.undefined_is_outside and not self.program.definitions(name):
            return external(name)
        return unknown(f"{name} is not defined where it is seen")

    def default_of(self, one: Meaning) -> list[Meaning]:
        """What a module is as a value: its default export, where the language has such."""
        source = self.program.get(one.path) if one.kind == "module" else None
        rules = rules_of(source.language) if source is not None else None
        if source is None or rules is None or not rules.default_exports:
            return [one]
        return self.at_top(source, "default", 1, outside=True)

    def _seen(self, source: Source, rules: Rules, name: str) -> list[Meaning]:
        """Definitions that a file sees without naming their file."""
        if not rules.neighbours_see:
            return []
        found: list[tuple[Source, int]] = []
        for other, index in self.program.definitions(name):
            symbol = other.symbols[index]
            if other.path == source.path or other.language not in rules.family:
                continue
            if (not symbol.container or symbol.container in other.modules) and rules.visible(
                self.program, source, name, other.path
            ):
                found.append((other, index))
        bodies = [one for one in found if not (rules.declarations and self.is_declaration(one[0].path, one[1]))]
        chosen, doubt = rules.chosen(self.program, source, bodies or found)
        if not bodies:
            doubt = ""  # whatever declares it, it is one definition outside
        if doubt and len({other.path for other, _ in chosen}) > 1:
            return unknown(doubt)
        return [Meaning("definition", other.path, index, doubt, bool(doubt)) for other, index in chosen]

    def _imported(self, source: Source, rules: Rules, name: str, depth: int) -> list[Meaning]:
        found: list[Meaning] = []
        for one in self.imports(source).named[name]:
            found += self._member_of_module(source, rules, one.module, one.member, depth + 1)
        inside = [one for one in found if one.kind not in ("unknown", "external")]
        return inside or found

    def _member_of_module(self, source: Source, rules: Rules, module: str, member: str, depth: int) -> list[Meaning]:
        if depth > DEEPEST:
            return unknown("too long a way through imports")
        paths = rules.files(self.program, source, module)
        if not paths:
            if rules.is_missing(self.program, source, module):
                return unknown(f"{module} is not among the files")
            return external(f"{module}.{member}" if member else module)
        found: list[Meaning] = []
        for path in paths:
            found += self._of_file(path, module, member, depth)
        return found

    def _of_file(self, path: str, module: str, member: str, depth: int) -> list[Meaning]:
        if not member:
            return [Meaning("module", path, text=module)]
        return self.member(Meaning("module", path, text=module), member, depth)

    def _local(self, place: Place, rules: Rules, scope: int, name: str, depth: int) -> list[Meaning] | None:
        """What a name is bound to in a function; None where it is not bound there."""
        source = place.source
        bound = self.bindings(source, scope).get(name)
        if bound:
            return self.bound(source, scope, bound, place.offset, depth)
        key = ("parameters", source.path, scope)
        names = self._cache.get(key)
        if names is None:
            names = self._cache[key] = rules.parameter_names(source.parameters(scope))
        if name in names:  # type: ignore[operator]
            return unknown(f"{name} is a parameter without a type")
        start, end = source.span_of(scope)
        start = max(start, source.name_end(scope)) if scope >= 0 else start
        text = self._cache.get(("text", source.path, scope))
        if text is None:
            text = self._cache["text", source.path, scope] = source.string(start, end)
        if name in text and (source.qualified(scope), name) not in source.members and rules.assigns(text, name):  # type: ignore[operator, arg-type]
            imported = self.imports(source).named.get(name, ())
            if any(start <= one.start < end for one in imported):
                return self._imported(source, rules, name, depth)
            return unknown(f"{name} is a local name whose type is not known")
        return None

    def class_around(self, place: Place) -> tuple[str, int] | None:
        """The type whose method a place is in."""
        source, at = place.source, place.scope
        while at >= 0:
            symbol = source.symbols[at]
            if symbol.kind in TYPES:
                return source.path, at
            if symbol.kind in CALLABLES and symbol.container:
                parent = source.parent(at)
                if parent < 0 or source.qualified(parent) != symbol.container:
                    owner = self.named_type(source, symbol.container)
                    if owner is not None:
                        return owner
            at = source.parent(at)
        return None

    def named_type(self, source: Source, container: str) -> tuple[str, int] | None:
        """The type that a definition outside of it names as its own."""
        name = container.replace("::", ".").rpartition(".")[2]
        for index in source.top.get(name, ()):
            if source.symbols[index].kind in TYPES:
                return source.path, index
        for one in self.lookup(Place(source, -1, 0), name, 1):
            if one.kind == "definition" and one.symbol >= 0:
                return one.path, one.symbol
        return None
