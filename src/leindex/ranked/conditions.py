"""Which files satisfy a query, decided leaf by leaf: first from their rows, then from their contents.

The plan's tree is read with what is known so far (`Plan.judge`): path and language come from the catalogue's row and
cost nothing; definitions come from the stored symbols; content predicates are matched last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .. import _native
from ..definition import Symbol
from ..models import FileRow
from ..query.ast import (
    BranchFilter,
    ChangeFilter,
    Definition,
    LanguageFilter,
    Leaf,
    PathFilter,
    Pattern,
    Phrase,
    RepoFilter,
    Syntax,
    leaves,
)
from ..query.paths import kind_holds, name_predicate, path_predicate
from ..query.plan import Plan
from ..questions import Where
from ..regex.hir import Hir
from ..regex.program import compile as compile_program
from ..symbols.definitions import Definitions
from ..symbols.find import check_kind
from ..views.view import View


def compiled(hir: Hir) -> _native.Regex:
    """The matcher of an expression."""
    return _native.Regex(compile_program(hir))


class Conditions:
    """The tests of one plan. Raises QueryError for a filter value that means nothing."""

    def __init__(self, plan: Plan, view: View) -> None:
        self.plan = plan
        self.matchers = {term.node: compiled(term.hir) for term in plan.terms}
        self._tests: dict[Leaf, Callable[[FileRow], bool]] = {}
        self._names: dict[Definition, Callable[[Symbol], bool]] = {}
        for leaf in _leaves(plan):
            if isinstance(leaf, PathFilter):
                self._tests[leaf] = _path_test(leaf)
            elif isinstance(leaf, LanguageFilter):
                self._tests[leaf] = _language_test(view.knowledge.languages(leaf.value))
            elif isinstance(leaf, RepoFilter):
                fits = leaf.value.lower() in view.name.lower()
                self._tests[leaf] = lambda row, fits=fits: fits  # type: ignore[misc]
            elif isinstance(leaf, BranchFilter):
                self._tests[leaf] = _view_test(leaf, view)
            elif isinstance(leaf, ChangeFilter):
                touched = view.changes_for(f"{leaf.kind}:").touched(leaf)
                self._tests[leaf] = lambda row, touched=touched: row.path in touched  # type: ignore[misc]
            elif isinstance(leaf, Definition):
                for kind in (kind for part in leaf.kinds for kind, _ in leaves(part)):
                    check_kind(kind.value, view.knowledge.kinds)  # type: ignore[union-attr]
                self._names[leaf] = _definition_test(leaf)

        # What every hit must satisfy settles most files, and if there is no other test, all of them.
        self._required = [
            (test, part.negated) for part in plan.required if (test := self._tests.get(part.leaf)) is not None
        ]

        self._settled = self._tests.keys() <= {part.leaf for part in plan.required}

    @property
    def needs_rows(self) -> bool:
        """Whether a file's path or language decides anything."""
        return bool(self._tests)

    @property
    def needs_symbols(self) -> bool:
        """Whether the stored symbols decide anything."""
        return bool(self._names)

    def row_may_match(self, row: FileRow) -> bool:
        """Whether a file is still in question, given its row."""
        if any(test(row) is negated for test, negated in self._required):
            return False
        if self._settled:
            return True
        return self.plan.judge(lambda leaf: test(row) if (test := self._tests.get(leaf)) else None) is not False

    def may_match(self, row: FileRow, symbols: Sequence[Symbol]) -> bool:
        """Whether a file is still in question, given its row and its definitions."""

        def truth(leaf: Leaf) -> bool | None:
            if isinstance(leaf, Definition):
                return self._defined(leaf, symbols)
            return test(row) if (test := self._tests.get(leaf)) else None

        return self.plan.judge(truth) is not False

    def _defined(self, leaf: Definition, symbols: Sequence[Symbol]) -> bool:
        if isinstance(symbols, Definitions) and leaf.name is not None and leaf.name.syntax is Syntax.TEXT:
            symbols = symbols.may_hold(leaf.name.value)
        return any(map(self._names[leaf], symbols))

    def matches(self, row: FileRow, text: bytes, symbols: Callable[[], Sequence[Symbol]]) -> bool:
        """Whether a file satisfies the query. `symbols` is asked only where they matter."""

        def truth(leaf: Leaf) -> bool:
            if (test := self._tests.get(leaf)) is not None:
                return test(row)
            if isinstance(leaf, Definition):
                return self._defined(leaf, symbols())
            if isinstance(leaf, Pattern):
                return bool(self.matchers[leaf].matching_lines(text, 1, False, False))
            return self.matchers[leaf].is_match(text)  # type: ignore[index]

        return self.plan.matches(truth)

    def definitions(self, symbols: Sequence[Symbol]) -> list[Symbol]:
        """The definitions that the query's `sym:` and `kind:` ask for."""
        return [symbol for symbol in symbols if any(test(symbol) for test in self._names.values())]

    def matching_lines(self, text: bytes) -> list[int]:
        """The numbers, from 1, of the lines where a positive term matches, or begins to; ascending."""
        found: set[int] = set()
        for term in self.plan.positive:
            matcher = self.matchers[term.node]
            if isinstance(term.node, Phrase) and "\n" in term.node.text:
                found.update(_native.count_newlines(text, 0, start) + 1 for start, _ in matcher.find_all(text))
            else:
                found.update(memoryview(matcher.matching_lines(text, -1, False, False)).cast("Q")[::5])
        return sorted(found)

    def spans(self, text: bytes) -> list[tuple[int, int]]:
        """Where the positive terms match, as byte ranges in order; a range within another is left out."""
        found = sorted(
            span for term in self.plan.positive for span in self.matchers[term.node].find_all(text) if span[0] < span[1]
        )
        kept: list[tuple[int, int]] = []
        for start, end in found:
            if not kept or start >= kept[-1][1]:
                kept.append((start, end))
        return kept


def _leaves(plan: Plan) -> list[Leaf]:
    return [] if plan.tree is None else [leaf for leaf, _ in leaves(plan.tree)]


def _path_test(leaf: PathFilter) -> Callable[[FileRow], bool]:
    holds = path_predicate(leaf)
    return lambda row: holds(row.name)


def _language_test(languages: frozenset[str]) -> Callable[[FileRow], bool]:
    return lambda row: row.language in languages


def _view_test(leaf: BranchFilter, view: View) -> Callable[[FileRow], bool]:
    where = Where(revs=(leaf.value,)) if leaf.is_rev else Where(branches=(leaf.value,))
    bits = sum(1 << found.id for found in view.at(where).views)
    return lambda row: bool(row.views & bits)


def _definition_test(leaf: Definition) -> Callable[[Symbol], bool]:
    named = None if leaf.name is None else name_predicate(leaf.name)
    return lambda symbol: (named is None or named(symbol.name)) and kind_holds(leaf, symbol.kind)
