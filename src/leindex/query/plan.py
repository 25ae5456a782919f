"""From a parsed query to what a search does with it: whom to ask, what to test, in which order.

A plan holds the formula for the engine (candidates: more rather than fewer), the content predicates to
verify, and the filters that every hit must satisfy, so that they can be settled from the catalogue before any
content is read. The boolean tree is evaluated here, by a pure function, from what the caller knows about each
leaf.

    >>> from leindex.query.parse import parse
    >>> made = plan(parse("Retry (delay OR jitter) lang:go -file:test"))
    >>> str(made.formula), [str(c.leaf) for c in made.required]
    ('Retry (~delay|~jitter)', ['lang:go', 'file:test'])
"""

from __future__ import annotations

from collections.abc import Callable

from ..questions import Where
from ..records import record
from ..regex.hir import Hir
from ..regex.literals import formula_of_regex
from ..regex.parse import parse, without_newline
from ..regex.scanner import Flags
from ..storage.formula import Anything, Formula, both, either
from ..storage.tidy import tidy
from .ast import (
    And,
    BranchFilter,
    Content,
    Definition,
    KindFilter,
    Leaf,
    Node,
    Not,
    Or,
    Pattern,
    Phrase,
    Query,
    SymbolFilter,
    Syntax,
    Word,
    conjunction,
    leaves,
    negation,
)

__all__ = ["Condition", "Plan", "Term", "formula_of_regex", "judge", "plan", "regex_of", "views_asked"]


@record(frozen=True, slots=True)
class Term:
    """A content predicate: the expression to verify, and what a text must hold for it.

    `negated` says that the query asks for files without it, so it is no good for ranking, snippets or advice.
    """

    node: Content
    hir: Hir
    formula: Formula
    negated: bool


@record(frozen=True, slots=True)
class Condition:
    """A filter that every hit must satisfy, or, if `negated`, must not."""

    leaf: Leaf
    negated: bool


@record(frozen=True, slots=True)
class Plan:
    """A query, ready to be carried out.

    `tree` is the query's tree with `sym:` and `kind:` joined into definitions; `conjuncts` are the parts that
    a hit must satisfy one and all, each of which can be asked alone to find out which of them emptied a
    result.
    """

    query: Query
    tree: Node | None
    formula: Formula
    terms: tuple[Term, ...]
    conjuncts: tuple[Node, ...]
    required: tuple[Condition, ...]

    @property
    def positive(self) -> tuple[Term, ...]:
        """The terms that a hit may show, in the order of the query."""
        return tuple(term for term in self.terms if not term.negated)

    def judge(self, truth: Callable[[Leaf], bool | None]) -> bool | None:
        """Whether a file is a hit as far as the leaves are known: `None` if that depends on unknown ones.

        `truth` is asked from left to right, and only about leaves that still matter; it may answer None.
        """
        return True if self.tree is None else judge(self.tree, truth)

    def matches(self, truth: Callable[[Leaf], bool]) -> bool:
        """Whether a file is a hit, given every leaf that matters."""
        return bool(self.judge(truth))


def plan(query: Query) -> Plan:
    """The plan of a query. Raises QueryError if it holds a regular expression that is refused."""
    tree = None if query.root is None else _with_definitions(query.root)
    terms: dict[Content, Term] = {}
    for leaf, negated in () if tree is None else leaves(tree):
        if isinstance(leaf, Word | Phrase | Pattern) and (leaf not in terms or terms[leaf].negated):
            hir = regex_of(leaf)
            terms[leaf] = Term(leaf, hir, formula_of_regex(hir), negated)
    conjuncts = () if tree is None else tree.nodes if isinstance(tree, And) else (tree,)
    required = tuple(c for part in conjuncts if (c := _condition(part)) is not None)
    formula = Anything() if tree is None else _formula(tree, terms)
    return Plan(query, tree, formula, tuple(terms.values()), conjuncts, required)


def views_asked(node: Node | None) -> Where:
    """The views that `branch:` and `rev:` are about. Where they only say which not to look at, all are meant."""
    asked = [] if node is None else [pair for pair in leaves(node) if isinstance(pair[0], BranchFilter)]
    if asked and all(negated for _, negated in asked):
        return Where(revs=("*",))
    named = [leaf for leaf, _ in asked if isinstance(leaf, BranchFilter)]
    return Where(
        tuple(dict.fromkeys(leaf.value for leaf in named if not leaf.is_rev)),
        tuple(dict.fromkeys(leaf.value for leaf in named if leaf.is_rev)),
    )


def regex_of(node: Content) -> Hir:
    """The expression that a content predicate looks for. Raises QueryError if it is refused.

    A pattern is matched line by line, like ripgrep's; a phrase may hold newlines.
    """
    if isinstance(node, Pattern):
        return without_newline(parse(node.regex, Flags(ignore_case=node.fold)))
    return parse(node.text, Flags(ignore_case=node.fold), fixed=True)


def judge(node: Node, truth: Callable[[Leaf], bool | None]) -> bool | None:
    """Kleene's three-valued reading of a tree: a part that is not known decides nothing."""
    match node:
        case Not(inner):
            verdict = judge(inner, truth)
            return None if verdict is None else not verdict
        case And(nodes) | Or(nodes):
            decisive = isinstance(node, Or)
            unknown = False
            for part in nodes:
                verdict = judge(part, truth)
                if verdict is decisive:
                    return decisive
                unknown = unknown or verdict is None
            return None if unknown else not decisive
    return truth(node)


def _condition(part: Node) -> Condition | None:
    """The part as a filter, if it is one."""
    inner = part.node if isinstance(part, Not) else part
    if isinstance(inner, Not | And | Or | Word | Phrase | Pattern):
        return None
    return Condition(inner, negated=isinstance(part, Not))


def _formula(node: Node, terms: dict[Content, Term]) -> Formula:
    match node:
        case And(nodes):
            return tidy(both(*(_formula(part, terms) for part in nodes)))
        case Or(nodes):
            return tidy(either(*(_formula(part, terms) for part in nodes)))
        case Word() | Phrase() | Pattern():
            return terms[node].formula
        case Definition(name) if name is not None:
            return name_formula(name)
    return Anything()


def name_formula(node: SymbolFilter) -> Formula:
    """What a text must hold to define such a name: the name. Raises QueryError for an expression that is refused."""
    fixed = node.syntax is not Syntax.REGEX
    return formula_of_regex(parse(node.value, Flags(ignore_case=node.fold), fixed=fixed))


def _with_definitions(node: Node) -> Node:
    """The tree with what one conjunction says of definitions joined, so that it holds of one and the same
    definition.

    `sym:open kind:function` asks for a function called open, not for a file with a function and something
    called open. Several `sym:` are several definitions, each of those kinds; without `sym:`, a name of any
    sort will do.
    """
    if _is_about_kind(node):
        return Definition(None, (node,))
    match node:
        case SymbolFilter():
            return Definition(node, ())
        case Not(inner):
            return negation(_with_definitions(inner))
        case Or(nodes):
            return Or(tuple(map(_with_definitions, nodes)))
        case And(nodes):
            kinds = tuple(part for part in nodes if _is_about_kind(part))
            others = [part for part in nodes if not _is_about_kind(part)]
            named = [part for part in others if isinstance(part, SymbolFilter)]
            joined: list[Node] = [
                Definition(part, kinds) if isinstance(part, SymbolFilter) else _with_definitions(part)
                for part in others
            ]
            if kinds and not named:
                joined.append(Definition(None, kinds))
            return conjunction(joined)
    return node


def _is_about_kind(node: Node) -> bool:
    return all(isinstance(leaf, KindFilter) for leaf, _ in leaves(node))
