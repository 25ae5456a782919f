"""What `.name` of something is: of a module, of a type with what it inherits, of a value."""

from __future__ import annotations

from ..linkage import Role
from .evaluation import DEEPEST, Evaluation, Place
from .expression import steps
from .meaning import Meaning, external, unknown
from .rules import rules_of
from .source import TYPES


class Members(Evaluation):
    """The part of an evaluation that finds members."""

    def member(self, one: Meaning, name: str, depth: int) -> list[Meaning]:
        """What `.name` of something is."""
        if depth > DEEPEST:
            return unknown("too long a way")
        if one.kind == "module":
            return self._module_member(one, name, depth)
        if one.kind == "external":
            return [one]
        if one.kind == "unknown":
            return [one]
        if one.kind == "definition" and self.kind_of(one) not in TYPES:
            found: list[Meaning] = []
            for value in self.valued(one, depth + 1):
                if value == one:
                    source = self.program.get(one.path)
                    nested = source.members.get((source.qualified(one.symbol), name), []) if source is not None else []
                    found += [Meaning("definition", one.path, index) for index in nested] or unknown(
                        f"{name} of a function"
                    )
                else:
                    found += self.member(value, name, depth + 1)
            return found
        members = (
            self._inherited(one.path, one.symbol, name, depth, frozenset())
            if one.kind == "super"
            else self.members(one.path, one.symbol, name, depth)
        )
        if members:
            return [Meaning("definition", *found, text=one.text, inferred=one.inferred) for found in members]
        source = self.program.get(one.path)
        assert source is not None
        for base in self.bases(one.path, one.symbol, depth):  # Go: an embedded type is a field of its name
            if base.kind == "definition" and self.name_of(base) == name:
                return [base._replace(kind="instance", inferred=one.inferred)]
        attribute = self.attribute_of(one, name, depth + 1, frozenset())
        if attribute:
            return attribute
        if self.open_bases(one.path, one.symbol, depth):
            return external(f"{name}, perhaps of a base outside")
        return unknown(f"{source.symbols[one.symbol].name} has no member {name} that is seen")

    def _module_member(self, one: Meaning, name: str, depth: int) -> list[Meaning]:
        path = one.path
        if path.endswith("/"):
            return self._folder_member(one, name, depth)
        source = self.program.get(path)
        if source is None:
            return unknown("its file is gone")
        rules = rules_of(source.language)
        assert rules is not None
        found = self.at_top(source, name, depth + 1, outside=True)
        if found[0].kind == "unknown" and rules.default_exports and name != "default" and depth < DEEPEST:
            whole = self.default_of(one)
            if whole[0].kind not in ("unknown", "module"):
                return [value for part in whole for value in self.member(part, name, depth + 1)]
        if found[0].kind in ("unknown", "external"):
            below = rules.submodule(self.program, path, name)
            if below is not None and below != path:
                return [Meaning("module", below, text=name)]
        return found

    def _folder_member(self, one: Meaning, name: str, depth: int) -> list[Meaning]:
        """A member of a package whose files lie in one folder."""
        folder = one.path[:-1]
        found = [
            Meaning("definition", source.path, index)
            for source, index in self.program.definitions(name)
            if source.path.rpartition("/")[0] == folder
            and (not source.symbols[index].container or source.symbols[index].container in source.modules)
        ]
        if found:
            return found
        for path in self.program.folders.get(folder, ())[:1]:
            source_rules = rules_of(self.program.paths[path])
            below = source_rules.submodule(self.program, one.path, name) if source_rules is not None else None
            if below is not None:
                return [Meaning("module", below, text=name)]
        below_path = f"{folder}/{name}"
        for path in (f"{below_path}/__init__.py", f"{below_path}.py"):
            if path in self.program.paths:
                return [Meaning("module", path, text=name)]
        return unknown(f"{name} is not in {folder}")

    def members(self, path: str, index: int, name: str, depth: int) -> list[tuple[str, int]]:
        """The definitions of a member of a type: its own, else those that it inherits."""
        return self._members(path, index, name, depth, frozenset())

    def _members(
        self, path: str, index: int, name: str, depth: int, seen: frozenset[tuple[str, int]]
    ) -> list[tuple[str, int]]:
        source = self.program.get(path)
        if source is None or (path, index) in seen or len(seen) > 40:
            return []
        rules = rules_of(source.language)
        assert rules is not None
        qualified = source.qualified(index)
        own = source.members.get((qualified.replace("::", "."), name), [])
        found = [(path, one) for one in own if one != index]
        if not found and rules.spread:
            last = source.symbols[index].name
            folder = path.rpartition("/")[0]
            for other, place in self.program.definitions(name):
                container = other.symbols[place].container.replace("::", ".")
                near = rules.spread == "program" or other.path.rpartition("/")[0] == folder
                if near and container.rpartition(".")[2] == last and other.language in rules.family:
                    found.append((other.path, place))
        return found or self._inherited(path, index, name, depth, seen | {(path, index)})

    def _inherited(
        self, path: str, index: int, name: str, depth: int, seen: frozenset[tuple[str, int]]
    ) -> list[tuple[str, int]]:
        for base in self.bases(path, index, depth):
            if base.kind == "definition":
                found = self._members(base.path, base.symbol, name, depth + 1, seen | {(path, index)})
                if found:
                    return found
        return []

    def bases(self, path: str, index: int, depth: int = 0) -> list[Meaning]:
        """What a type is derived from, one after the other."""
        key = ("bases", path, index)
        known = self._cache.get(key)
        if known is None:
            self._cache[key] = []
            source = self.program.get(path)
            made: list[Meaning] = []
            if source is not None and depth <= DEEPEST:
                low, high = source.span_of(index)
                for start, end, _ in source.spans(Role.BASE, low=low, high=high):
                    if source.owner_of(start) == index:
                        at = Place(source, source.parent(index), start)
                        found = self.evaluate(at, steps(source.string(start, end)), depth + 1)
                        made += [value for one in found for value in self.valued(one, depth + 1)]
            known = self._cache[key] = made
        return known  # type: ignore[return-value]

    def open_bases(self, path: str, index: int, depth: int, seen: frozenset[tuple[str, int]] = frozenset()) -> bool:
        """Whether a type inherits from something outside or unknown, so that its members are not all known."""
        if (path, index) in seen:
            return False
        seen |= {(path, index)}
        return any(
            base.kind in ("external", "unknown")
            or (base.kind == "definition" and self.open_bases(base.path, base.symbol, depth + 1, seen))
            for base in self.bases(path, index, depth)
        )
