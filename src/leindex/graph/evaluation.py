"""What evaluating an expression shares: the program, what is known of it already, and the steps that call each other.

Names (names.py), values (values.py) and members (members.py) are found by one another: a name's import leads to a
member of a module, a member to the type of a value, and that to a name again. `Resolver` in resolve.py is all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final, NamedTuple

from ..linkage import Role
from .meaning import Meaning
from .program import Program
from .rules import rules_of
from .rules.base import Binding, Imports
from .source import Source

DEEPEST: Final = 14
"""Steps from one definition to the next that are followed for one expression."""


class Place(NamedTuple):
    """From where a name is looked up: a byte of a file, and the definition around it."""

    source: Source
    scope: int
    offset: int


class Evaluation(ABC):
    """Finds what expressions of one program may be. `depth` counts the steps that led to a question."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._cache = program.cache

    def imports(self, source: Source) -> Imports:
        """The imports of a file."""
        key = ("imports", source.path)
        known = self._cache.get(key)
        if known is None:
            rules = rules_of(source.language)
            known = self._cache[key] = rules.imports(source) if rules is not None else Imports()
        return known  # type: ignore[return-value]

    def bindings(self, source: Source, scope: int) -> dict[str, list[Binding]]:
        """The names that are bound directly in a definition, with what tells their types."""
        key = ("bindings", source.path)
        known = self._cache.get(key)
        if known is None:
            made: dict[int, dict[str, list[Binding]]] = {}
            rules = rules_of(source.language)
            for start, end, role in source.spans(Role.ASSIGN, Role.PARAM, Role.LOOP):
                if rules is None:
                    break
                text = source.string(start, min(end, start + 1000))
                owner = source.owner_of(start)
                for one in rules.bindings(text, role, start):
                    made.setdefault(owner, {}).setdefault(one.name, []).append(one)
            known = self._cache[key] = made
        return known.get(scope, {})  # type: ignore[attr-defined, no-any-return]

    def is_declaration(self, path: str, index: int) -> bool:
        """Whether a function is only declared there, without a body."""
        source = self.program.get(path)
        if source is None:
            return True
        start, end = source.span_of(index)
        return (
            source.symbols[index].kind in ("function", "method")
            and b"{" not in source.text[start:end]
            and (source.text[start:end].rstrip().endswith(b";"))
        )

    def name_of(self, one: Meaning) -> str:
        source = self.program.get(one.path)
        return source.symbols[one.symbol].name if source is not None and one.symbol >= 0 else ""

    def kind_of(self, one: Meaning) -> str:
        source = self.program.get(one.path)
        return source.symbols[one.symbol].kind if source is not None and one.symbol >= 0 else ""

    @abstractmethod
    def evaluate(self, place: Place, expression: tuple[str, ...], depth: int = 0) -> list[Meaning]:
        """What an expression may be."""

    @abstractmethod
    def stepped(self, found: list[Meaning], step: str, depth: int) -> list[Meaning]:
        """What the next step of an expression makes of what it was so far."""

    @abstractmethod
    def at_top(self, source: Source, name: str, depth: int, *, outside: bool = False) -> list[Meaning]:
        """What a name is at the top of a file; `outside` for one who imports it."""

    @abstractmethod
    def default_of(self, one: Meaning) -> list[Meaning]:
        """What a module is as a value: its default export, where the language has such."""

    @abstractmethod
    def class_around(self, place: Place) -> tuple[str, int] | None:
        """The type whose method a place is in."""

    @abstractmethod
    def named_type(self, source: Source, container: str) -> tuple[str, int] | None:
        """The type that a definition outside of it names as its own."""

    @abstractmethod
    def bound(self, source: Source, scope: int, bound: list[Binding], offset: int, depth: int) -> list[Meaning]:
        """What a name may be by its bindings: by the last before the place, or all where it is at the top."""

    @abstractmethod
    def valued(self, one: Meaning, depth: int) -> list[Meaning]:
        """What is read under the name of a definition: a variable, a field or a property is its value."""

    @abstractmethod
    def attribute_of(self, one: Meaning, name: str, depth: int, seen: frozenset[tuple[str, int]]) -> list[Meaning]:
        """What methods assign to an attribute of a type or of its bases."""

    @abstractmethod
    def member(self, one: Meaning, name: str, depth: int) -> list[Meaning]:
        """What `.name` of something is."""

    @abstractmethod
    def members(self, path: str, index: int, name: str, depth: int) -> list[tuple[str, int]]:
        """The definitions of a member of a type: its own, else those that it inherits."""

    @abstractmethod
    def bases(self, path: str, index: int, depth: int = 0) -> list[Meaning]:
        """What a type is derived from, one after the other."""
