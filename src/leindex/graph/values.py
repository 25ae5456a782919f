"""What a value is: by declared types, constructors, assignments and what functions return."""

from __future__ import annotations

import re
from typing import Final

from ..linkage import Role
from .evaluation import DEEPEST, Evaluation, Place
from .expression import CALL, ITEM, parts, steps
from .meaning import Meaning, unknown
from .rules import rules_of
from .rules.base import ENTERED, Binding, Rules
from .source import CALLABLES, TYPES, Source

_FIELD: Final = re.compile(rb"(?:private|public|protected|readonly)\b")


class Values(Evaluation):
    """The part of an evaluation that finds the types of values."""

    def bound(self, source: Source, scope: int, bound: list[Binding], offset: int, depth: int) -> list[Meaning]:
        """What a name may be by its bindings: by the last before the place, or all where it is at the top."""
        before = [one for one in bound if one.start < offset] or bound
        chosen = [one for one in before if one.type][-1:] or before[-1:]
        found: list[Meaning] = []
        for one in chosen:
            at = Place(source, scope, one.start)
            if one.type:
                found += self.typed(at, one.type, depth + 1)
            elif one.value:
                expression = steps(one.value)
                if one.pick >= 0 and expression[-1] == CALL:
                    expression = (*expression[:-1], f"{CALL}{one.pick}")
                value = self.evaluate(at, expression, depth + 1)
                if one.element:
                    value = self.stepped(value, ITEM, depth + 1)
                if one.pick == ENTERED:
                    value = [m for v in value for m in (self.element_of(v, depth + 1) if v.element else [v])]
                found += [self._as_value(v, proven=rules_of(source.language)) for v in value]
        return found or unknown("nothing tells its type")

    @staticmethod
    def _as_value(one: Meaning, proven: Rules | None = None) -> Meaning:
        if one.kind == "unknown" or (proven is not None and proven.typed):
            return one
        return one._replace(inferred=True, text=one.text or "by an assignment")

    def typed(self, place: Place, text: str, depth: int) -> list[Meaning]:
        """The values that the text of a type stands for."""
        if depth > DEEPEST:
            return unknown("too long a way to its type")
        rules = rules_of(place.source.language)
        assert rules is not None
        found: list[Meaning] = []
        for name, element in rules.types(text)[:6]:
            item = (place.source.path, element) if element else None
            if name == "[]":
                found.append(Meaning("external", text="a list", inferred=True, element=item))
                continue
            bare = steps(name)
            if bare[-1] in ("Self", "this", "static") and (owner := self.class_around(place)) is not None:
                found.append(Meaning("instance", *owner, text="by its declared type", inferred=not rules.typed))
                continue
            for one in self.evaluate(place, bare, depth + 1):
                if one.kind == "definition" and self.kind_of(one) in TYPES:
                    found += self._aliased(one, depth) or [
                        one._replace(
                            kind="instance", text="by its declared type", inferred=not rules.typed, element=item
                        )
                    ]
                elif one.kind == "external":
                    found.append(one._replace(inferred=True, element=item))
                else:
                    found.append(Meaning("unknown", text=f"the type {name[:60]} is not known", element=item))
        return found or unknown("its type says nothing")

    def _aliased(self, one: Meaning, depth: int) -> list[Meaning]:
        """What a type stands for that is another name of one."""
        source = self.program.get(one.path)
        if source is None or source.symbols[one.symbol].kind != "type":
            return []
        start, end = source.span_of(one.symbol)
        text = source.string(source.name_end(one.symbol), min(end, start + 400))
        match = re.match(r"\s*(?:=\s*)?([A-Za-z_][\w.:]*)\s*;?\s*$", text.split("\n")[0])
        if match is None or match[1] in ("struct", "interface", "func", "map"):
            return []
        return self.typed(Place(source, -1, start), match[1], depth + 1)

    def valued(self, one: Meaning, depth: int) -> list[Meaning]:
        """What is read under the name of a definition: a variable, a field or a property is its value."""
        if one.kind != "definition" or depth > DEEPEST:
            return [one]
        source = self.program.get(one.path)
        if source is None:
            return unknown("its file is gone")
        symbol = source.symbols[one.symbol]
        if symbol.kind in TYPES:
            return [one]
        rules = rules_of(source.language)
        assert rules is not None
        if symbol.kind in CALLABLES:
            head = source.string(source.span_of(one.symbol)[0], source.name_end(one.symbol))
            if rules.properties is None or not rules.properties.search(head[-400:]):
                return [one]
            return [m._replace(inferred=True) for m in self._returned(source, one.symbol, depth + 1)]
        if symbol.kind == "enumerator":
            owner = self.named_type(source, symbol.container) if symbol.container else None
            return [Meaning("instance", *owner)] if owner is not None else unknown("an enumerator")
        key = ("value", one.path, one.symbol)
        known = self._cache.get(key)
        if known is None:
            self._cache[key] = unknown("defined by itself")
            parent = source.parent(one.symbol)
            bound = self.bindings(source, parent).get(symbol.name, [])
            first, last = source.span_of(one.symbol)
            here = [b for b in bound if first <= b.start < last] or bound
            known = self._cache[key] = (
                self.bound(source, parent, here, 1 << 60, depth + 1)
                if here
                else self._attribute(source, parent, symbol.name, depth)
                or unknown(f"the type of {symbol.name} is not known")
            )
        return known  # type: ignore[return-value]

    def _attribute(self, source: Source, owner: int, name: str, depth: int) -> list[Meaning]:
        """What the methods of a type assign to an attribute."""
        rules = rules_of(source.language)
        key = ("attributes", source.path)
        known = self._cache.get(key)
        if known is None:
            made: dict[tuple[int, str], list[tuple[int, Binding]]] = {}
            self.bindings(source, -1)
            for scope, names in self._cache["bindings", source.path].items():  # type: ignore[attr-defined]
                in_head = scope >= 0 and source.symbols[scope].name == "constructor"
                for target, bound in names.items():
                    fields = [b for b in bound if in_head and _FIELD.match(source.text, b.start)]
                    if fields:  # TypeScript: constructor(private x: T)
                        made.setdefault((source.parent(scope), target), []).extend((scope, b) for b in fields)
                    first, dot, attribute = target.partition(".")
                    if (
                        dot
                        and rules is not None
                        and first in rules.self_names | rules.class_names
                        and "." not in attribute
                    ):
                        at = scope
                        while at >= 0 and source.symbols[at].kind not in TYPES:
                            at = source.parent(at)
                        made.setdefault((at, attribute), []).extend((scope, b) for b in bound)
            known = self._cache[key] = made
        found: list[Meaning] = []
        for scope, binding in known.get((owner, name), [])[:4]:  # type: ignore[attr-defined]
            found += self.bound(source, scope, [binding], 1 << 60, depth + 1)
        useful = [one for one in found if one.kind != "unknown"]
        return useful or found

    def attribute_of(self, one: Meaning, name: str, depth: int, seen: frozenset[tuple[str, int]]) -> list[Meaning]:
        """What methods assign to an attribute of a type or of its bases."""
        source = self.program.get(one.path)
        if source is None or (one.path, one.symbol) in seen or depth > DEEPEST:
            return []
        found = self._attribute(source, one.symbol, name, depth)
        for base in () if found else self.bases(one.path, one.symbol, depth):
            if base.kind == "definition":
                found = self.attribute_of(base, name, depth + 1, seen | {(one.path, one.symbol)})
                if found:
                    break
        return found

    def called(self, one: Meaning, depth: int, pick: int = -1) -> list[Meaning]:
        """What a call gives."""
        if one.kind == "definition":
            source = self.program.get(one.path)
            if source is None:
                return unknown("its file is gone")
            kind = source.symbols[one.symbol].kind
            if kind in TYPES:
                rules = rules_of(source.language)
                proven = rules is not None and rules.typed and not one.inferred
                return [one._replace(kind="instance", inferred=not proven, text="by its constructor")]
            if kind in CALLABLES:
                rules = rules_of(source.language)
                returned = self._returned(source, one.symbol, depth + 1, pick)
                return returned if rules is not None and rules.typed else [m._replace(inferred=True) for m in returned]
            found = []
            for value in self.valued(one, depth + 1):
                found += (
                    self.called(value, depth + 1, pick)
                    if value != one and depth < DEEPEST
                    else unknown("a value is called")
                )
            return found
        if one.kind == "external":
            return [one]
        return unknown("what a value returns is not known")

    def _returned(self, source: Source, index: int, depth: int, pick: int = -1) -> list[Meaning]:
        """What a function returns, by its declaration or by what it returns; of several values the one to pick."""
        key = ("returned", source.path, index, pick)
        known = self._cache.get(key)
        if known is not None:
            return known  # type: ignore[return-value]
        self._cache[key] = unknown("it calls itself")
        low, high = source.span_of(index)
        name = source.symbols[index].name
        declared = [(s, e) for s, e, _ in source.spans(Role.RETURNS, low=low, high=high) if source.owner_of(s) == index]
        found: list[Meaning] = []
        if declared:
            start, end = declared[0]
            text = source.string(start, end).lstrip(": ")
            if text.startswith("(") and text.endswith(")"):
                several = parts(text[1:-1])
                text = several[max(pick, 0)] if max(pick, 0) < len(several) else ""
                text = text.rpartition(" ")[2]
            found = self.typed(Place(source, index, start), text, depth)
        elif source.symbols[index].kind == "constructor":
            owner = self.class_around(Place(source, index, low))
            found = [Meaning("instance", *owner, text="by its constructor")] if owner else []
        else:
            for start, end, _ in list(source.spans(Role.RETURNED, low=low, high=high))[:8]:
                if source.owner_of(start) == index:
                    value = self.evaluate(Place(source, index, start), steps(source.string(start, end)), depth + 1)
                    found += [self._as_value(v) for one in value for v in self.valued(one, depth + 1)]
            useful = [one for one in found if one.kind != "unknown"]
            found = list(dict.fromkeys(useful or found))
        result = found or unknown(f"what {name} returns is not known")
        self._cache[key] = result
        return result

    def element_of(self, one: Meaning, depth: int) -> list[Meaning]:
        """What an item of a value is."""
        found: list[Meaning] = []
        for value in self.valued(one, depth + 1):
            if value.element is not None and (source := self.program.get(value.element[0])) is not None:
                found += self.typed(Place(source, -1, len(source.text)), value.element[1], depth + 1)
            elif value.kind == "external":
                found.append(Meaning("unknown", text="an item of a value from outside"))
        return found or unknown("the type of its items is not known")
