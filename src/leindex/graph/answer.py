"""Answers about the graph as values: nodes, edges with a grade and a reason, and the counts that every answer has."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from ..models import Completeness
from ..records import field, record
from ..symbols.find import SymbolHit


class Grade(StrEnum):
    """How well it is known what a reference means."""

    EXACT = "exact"
    """A scope or an import proves it."""
    LIKELY = "likely"
    """The type of the receiver was inferred from annotations, constructors or assignments."""
    POSSIBLE = "possible"
    """The name alone."""
    EXTERNAL = "external"
    """What lies outside of the indexed files."""
    UNRESOLVED = "unresolved"
    """Nothing tells what it is."""


@record(frozen=True, slots=True)
class Edge:
    """A reference: in which definition it stands (None: outside of all), where, to what, and how well that is known.

    `kind` is call, new, base, decorator or value (a name that is handed on without being called); `name` is the
    text of what is referred to. The column counts characters from 0; `depth` is 1 for what refers directly.
    """

    path: str
    line: int
    column: int
    text: str
    kind: str
    name: str
    grade: Grade
    reason: str
    source: SymbolHit | None = None
    target: SymbolHit | None = None
    depth: int = 1


@record(slots=True)
class Counts:
    """Call sites that were looked at, by grade; `elsewhere` are those that mean another definition."""

    sites: int = 0
    files: int = 0
    grades: dict[str, int] = field(default_factory=dict)
    elsewhere: int = 0

    def add(self, grade: Grade) -> None:
        """Counts a site."""
        self.grades[grade.value] = self.grades.get(grade.value, 0) + 1

    def as_json(self) -> dict[str, Any]:
        """The counts, every grade among them."""
        return {
            "files": self.files,
            "sites": self.sites,
            **{grade.value: self.grades.get(grade.value, 0) for grade in Grade},
            "elsewhere": self.elsewhere,
        }


@record(frozen=True, slots=True)
class Group:
    """What was found for one definition, or for one file (`definition` None, `path` given)."""

    definition: SymbolHit | None
    path: str
    edges: tuple[Edge, ...] = ()
    nodes: tuple[SymbolHit, ...] = ()
    labels: tuple[str, ...] = ()
    """Beside `nodes`: what each is to the definition (supertype, subtype, overrides, ...) or why it is listed."""
    files: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class GraphAnswer:
    """The answer to a question about the graph: one group each for definitions that share a name."""

    kind: str
    name: str
    groups: tuple[Group, ...]
    counts: Mapping[str, int]
    completeness: Completeness
    notes: tuple[str, ...] = ()
