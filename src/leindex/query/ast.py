"""The search language as a tree: what `parse.py` makes of a query, and what `plan.py` reads.

Leaves are of two sorts. Content predicates (`Word`, `Phrase`, `Pattern`) ask about the text of a file;
filters ask about its path, language, root, view or definitions, so that a search can settle them before it
touches a content. Case is resolved here for each leaf: `fold` is true where letters match in either case.
Every node prints as query text that parses back to an equal node, given the query's `case:`.

    >>> str(Query(And((Word("retry", True), Not(LanguageFilter("go"))))))
    'retry -lang:go'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, Literal, TypeAlias

from ..records import record

OPERATORS: Final = frozenset({"AND", "OR", "NOT"})

_BARE_WORD: Final = re.compile(r"""(?![A-Za-z]+:(?!:|//|=))[^\s"()/>=-][^\s"()]*""")
_BARE_GLOB: Final = re.compile(r"[\w.+#@~%,*?^-][\w.+#@~%,*?/^-]*")
_BARE_CHANGE: Final = re.compile(r"[\w.+#@~%,^<>-][\w.+#@~%,/\\:=^<>-]*")
_BARE_VALUE: Final = re.compile(r"[\w.+#@~%,-][\w.+#@~%,/\\:=-]*")


class Case(Enum):
    """Whether capitals matter: `AUTO` is smart case, decided for each term."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"


class ResultType(Enum):
    """What a search returns; without one it is a ranked mix."""

    FILE = "file"
    SYMBOL = "symbol"
    CONTENT = "content"


class Within(Enum):
    """Which lines of a file are asked: those that came since the base, or those of the base that are gone."""

    DIFF = "diff"
    REMOVED = "diff-removed"


class Syntax(Enum):
    """How the value of a filter is read."""

    TEXT = "text"
    GLOB = "glob"
    REGEX = "regex"


def quoted(text: str) -> str:
    """The text between quotes, as the language escapes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def slashed(regex: str) -> str:
    """The regular expression between slashes, as the language escapes it."""
    return "/" + re.sub(r"(\\.)|/", lambda m: m[1] or r"\/", regex, flags=re.DOTALL) + "/"


def _value(text: str) -> str:
    return text if _BARE_VALUE.fullmatch(text) else quoted(text)


@record(frozen=True, slots=True)
class Word:
    """The text holds these characters, none of them white space."""

    text: str
    fold: bool

    def __str__(self) -> str:
        if _BARE_WORD.fullmatch(self.text) and self.text not in OPERATORS:
            return self.text
        return f"content:{quoted(self.text)}"


@record(frozen=True, slots=True)
class Phrase:
    """The text holds exactly these characters, white space included."""

    text: str
    fold: bool

    def __str__(self) -> str:
        return quoted(self.text)


@record(frozen=True, slots=True)
class Pattern:
    """The text holds a match of a regular expression in ripgrep's dialect."""

    regex: str
    fold: bool

    def __str__(self) -> str:
        return slashed(self.regex)


@record(frozen=True, slots=True)
class PathFilter:
    """The path below the root matches: a substring, a glob or a regular expression (see `paths.py`)."""

    value: str
    syntax: Syntax
    fold: bool

    def __str__(self) -> str:
        match self.syntax:
            case Syntax.REGEX:
                return f"file:{slashed(self.value)}"
            case Syntax.GLOB:
                return f"file:{self.value}"
            case Syntax.TEXT:
                return f"file:{_value(self.value)}"


@record(frozen=True, slots=True)
class LanguageFilter:
    """The file's language, as typed: a name or an extension, resolved where languages are known."""

    value: str

    def __str__(self) -> str:
        return f"lang:{_value(self.value)}"


@record(frozen=True, slots=True)
class RepoFilter:
    """The name of an indexed root, as typed."""

    value: str

    def __str__(self) -> str:
        return f"repo:{_value(self.value)}"


@record(frozen=True, slots=True)
class BranchFilter:
    """A view has the file: a branch or a tag by name, or, if `is_rev`, a revision as git reads it; globs too."""

    value: str
    is_rev: bool = False

    def __str__(self) -> str:
        shown = self.value if _BARE_GLOB.fullmatch(self.value) else _value(self.value)
        return f"{'rev' if self.is_rev else 'branch'}:{shown}"


@record(frozen=True, slots=True)
class ChangeFilter:
    """git knows of a change of the file: `kind` is changed, author or since, and says what the value is."""

    kind: str
    value: str

    def __str__(self) -> str:
        shown = self.value if _BARE_CHANGE.fullmatch(self.value) else _value(self.value)
        return f"{self.kind}:{shown}"


@record(frozen=True, slots=True)
class SymbolFilter:
    """The file defines something whose name matches: a substring or a regular expression, never a glob."""

    value: str
    syntax: Syntax
    fold: bool

    def __str__(self) -> str:
        return f"sym:{slashed(self.value) if self.syntax is Syntax.REGEX else _value(self.value)}"


@record(frozen=True, slots=True)
class KindFilter:
    """The kind of definition, as typed; beside a `sym:` it narrows that one (see `plan.py`)."""

    value: str

    def __str__(self) -> str:
        return f"kind:{_value(self.value)}"


@record(frozen=True, slots=True)
class Definition:
    """The file defines something with that name whose kind satisfies each of `kinds`; made by `plan.py`."""

    name: SymbolFilter | None
    kinds: tuple[Node, ...]

    def __str__(self) -> str:
        parts = (*(() if self.name is None else (self.name,)), *self.kinds)
        return " ".join(f"({p})" if isinstance(p, Or) else str(p) for p in parts)


@record(frozen=True, slots=True)
class Not:
    """The file does not satisfy `node`."""

    node: Node

    def __str__(self) -> str:
        return f"-({self.node})" if isinstance(self.node, And | Or | Definition) else f"-{self.node}"


@record(frozen=True, slots=True)
class And:
    """The file satisfies every node; at least two, none of them an `And`."""

    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return " ".join(f"({n})" if isinstance(n, Or) else str(n) for n in self.nodes)


@record(frozen=True, slots=True)
class Or:
    """The file satisfies at least one node; at least two, none of them an `Or`."""

    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(f"({n})" if isinstance(n, And) else str(n) for n in self.nodes)


Content: TypeAlias = Word | Phrase | Pattern
Filter: TypeAlias = PathFilter | LanguageFilter | RepoFilter | BranchFilter | ChangeFilter | SymbolFilter | KindFilter
Leaf: TypeAlias = Content | Filter | Definition
Node: TypeAlias = Leaf | Not | And | Or
Count: TypeAlias = int | Literal["all"]


def conjunction(nodes: list[Node]) -> Node:
    """All of at least one node, flattened."""
    flat = [leaf for n in nodes for leaf in (n.nodes if isinstance(n, And) else (n,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def disjunction(nodes: list[Node]) -> Node:
    """Any of at least one node, flattened."""
    flat = [leaf for n in nodes for leaf in (n.nodes if isinstance(n, Or) else (n,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def negation(node: Node) -> Node:
    """The opposite; two negations cancel."""
    return node.node if isinstance(node, Not) else Not(node)


def leaves(node: Node, negated: bool = False) -> Iterator[tuple[Leaf, bool]]:
    """Every leaf from left to right, with whether it stands under an odd number of negations."""
    match node:
        case Not(inner):
            yield from leaves(inner, not negated)
        case And(nodes) | Or(nodes):
            for inner in nodes:
                yield from leaves(inner, negated)
        case _:
            yield node, negated


@record(frozen=True, slots=True)
class Query:
    """A whole query. Without a `root` every file satisfies it; `count` is a number of hits or `"all"`; `within` says
    that changed lines alone are asked, and `base` is what they changed since ("" for the last commit)."""

    root: Node | None
    case: Case = Case.AUTO
    type: ResultType | None = None
    count: Count | None = None
    within: Within | None = None
    base: str = ""

    def __str__(self) -> str:
        parts = [] if self.root is None else [str(self.root)]
        if self.case is not Case.AUTO:
            parts.append(f"case:{self.case.value}")
        if self.type is not None:
            parts.append(f"type:{self.type.value}")
        if self.count is not None:
            parts.append(f"count:{self.count}")
        if self.within is not None:
            parts.append(f"in:{self.within.value}")
        if self.base:
            parts.append(f"base:{self.base if _BARE_CHANGE.fullmatch(self.base) else _value(self.base)}")
        return " ".join(parts)
