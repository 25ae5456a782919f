"""`Index`: one tree and its index. The one facade that every transport uses.

    import leindex

    with leindex.open("~/src/project") as index:
        index.update()
        for hit in index.search("retry backoff").hits:
            print(hit.path, hit.start_line)

One Index is used by one thread at a time. How an index is opened and kept current is in tree/indexed_tree.py; here are
the questions that it answers, each asked of a `View` (views/view.py) by the package that answers it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, Unpack

from .config import locate
from .errors import QueryError
from .models import SearchResult
from .questions import TREE, HistoryQuestion, Where, unchecked
from .records import replace
from .storage.database import Durability
from .tree.freshness import Refresh
from .tree.indexed_tree import IndexedTree

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from .compare.definitions import Comparison
    from .exact.tree import GrepAnswer
    from .graph.answer import GraphAnswer
    from .graph.export import Export
    from .history.changed import ChangedCommits
    from .history.presence import Presence
    from .questions import (
        FilesQuestion,
        GraphOptions,
        GraphQuestion,
        GrepOptions,
        GrepQuestion,
        HistoryOptions,
        ReferenceQuestion,
        SearchOptions,
        SearchQuestion,
        SymbolQuestion,
    )
    from .storage.catalog import Catalog
    from .symbols.find import SymbolHit, SymbolResult
    from .views.table import FileTable
    from .views.view import View

Made = TypeVar("Made")

TABLES: Final = 8
"""Views whose files an open index keeps at hand."""

_VIEWS_ASKED: Final = re.compile(r"\b(?:b|branch|rev):")

SCAN_THREADS = 2
"""Threads that fetch, decompress and test contents where a search has to look at many."""

FREED_ONCE: Final = 31 << 20
"""Bytes of a block that is taken and freed, untouched, before many contents are read. Until glibc has seen such a block
freed it gives those of the contents back to the system each time and has their pages cleared anew, which took a quarter
of the time (mallopt(3), M_MMAP_THRESHOLD: it adapts, up to 32 MB)."""


class Index(IndexedTree):
    """The index of one tree.

    Made by `leindex.open`. `refresh` says whether searches compare the index with the tree first: "always", "auto"
    (when the last comparison was quick enough), or "never"; `strict` makes a search that was not compared fail with
    StaleIndexError instead.
    """

    _tables: dict[object, FileTable] | None = None
    _threads: ThreadPoolExecutor | None = None
    _made: dict[tuple[object, object, str], tuple[int, Any]] | None = None
    _where: Where = TREE
    _edits: Mapping[str, bytes] = MappingProxyType({})

    def close(self) -> None:
        """Closes the store; the next use opens it again."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(cancel_futures=True)
        super().close()

    # -- views ----------------------------------------------------------------------------------------------------

    @contextmanager
    def fresh_view(self, *, symbols: bool = True) -> Iterator[View]:
        """A view for one question, compared with the tree first as `refresh` says; it lasts until the end.

        `symbols` says whether the answer may need those of what has changed.
        """
        self.freshen(symbols=symbols)
        with self.snapshot():
            yield self.view()

    @contextmanager
    def graph_export(self, question: GraphQuestion) -> Iterator[Export]:
        """All edges of the graph, for as long as the context lasts. The fields of the question that choose definitions
        by name mean nothing here."""
        from .graph.export import Export

        with self.fresh_view() as view:
            yield Export(view, question)

    @contextmanager
    def at(self, where: Where) -> Iterator[Self]:
        """The index with its questions asked of other views than the tree as it is.

        A branch or a commit that is named and is no view yet becomes one for the time being, unless `refresh` is
        "never". Raises QueryError for a view that there is not.
        """
        before, self._where = self._where, where
        try:
            yield self
        finally:
            self._where = before

    @contextmanager
    def edited(self, texts: Mapping[str, bytes]) -> Iterator[Self]:
        """The index with texts of some files, by path, in place of what is indexed of them; outlines, fuzzy names and
        the graph read them, searches do not. The mapping is not to be changed afterwards."""
        before, self._edits = self._edits, texts
        try:
            yield self
        finally:
            self._edits = before

    def freshen(self, refresh: Refresh | None = None, *, symbols: bool = True) -> None:
        if self._where:
            self.views.prepare(self._where, refresh or self.refresh)
        else:
            super().freshen(refresh, symbols=symbols)

    def view(self, scope: str | None = None) -> View:
        """The tree as it is indexed, or what `at` says in its place, inside a `snapshot` that the caller holds; of the
        folder `scope`, or of the one that the index was opened for."""
        from .indexing.syntax.knowledge import Knowledge
        from .views.view import View

        opened = self._open(write=False)
        where = self._where or self.views.standard
        view = View(
            name=self.root.name,
            place=os.fsdecode(self.root),
            store=opened.store,
            catalog=opened.catalog,
            resources=self,
            knowledge=Knowledge(),
            disk=self.root,
            scope=self.location.scope if scope is None else scope,
            age=lambda: self.age_seconds,
            note=self._freshness.note,
            others=self.views,
            changes=self.views.changes,
            edits=self._edits,
        )
        return view.at(where) if where else view

    def table(self, view: View) -> FileTable:
        """The files of a view in path order, made anew when the generation has changed."""
        from .views.table import FileTable

        tables = self._tables = {} if self._tables is None else self._tables
        known = tables.get(view.key)
        if known is None or known.generation != view.generation:
            if len(tables) > TABLES:
                tables.clear()
            known = tables[view.key] = FileTable(view.catalog)
        return known

    def pool(self) -> ThreadPoolExecutor:
        """The threads that fetch and test ahead; they keep their connections from one search to the next."""
        if self._threads is None:
            from concurrent.futures import ThreadPoolExecutor

            bytes(FREED_ONCE)
            self._threads = ThreadPoolExecutor(SCAN_THREADS, thread_name_prefix="leindex-scan")
        return self._threads

    def made(self, view: View, make: Callable[[View], Made]) -> Made:
        """What `make` makes of a view, made anew when the generation has changed."""
        key = make, view.key, view.scope
        if self._made is None:
            self._made = {}
        known = self._made
        if key not in known or known[key][0] != view.generation:
            known[key] = view.generation, make(view)
        found: Made = known[key][1]
        return found

    # -- questions ------------------------------------------------------------------------------------------------

    def search(self, query: str | SearchQuestion, **options: Unpack[SearchOptions]) -> SearchResult:
        """The best passages for a query in the language of docs/query.md, best first.

        `limit` is the most hits (20 unless the query has `count:`); `cursor` goes on after an earlier answer; `plain`
        takes the whole query as words; `explain` asks for what each word gave; `scope` is a folder below the root to
        stay in. `check` is called again and again while documents are looked at, so that what it raises ends the
        search. All of this may be given as one `SearchQuestion`. Raises QueryError for a query that is wrong.
        """
        from .questions import SearchQuestion
        from .ranked.search import search

        question = SearchQuestion.of(query, options)
        if not question.plain and _VIEWS_ASKED.search(question.text):
            self._prepare_asked(question.text)
        with self.fresh_view() as view:
            return search(view, question)

    def _prepare_asked(self, query: str) -> None:
        """Sees to the views that a query asks about."""
        from .query.parse import parse
        from .query.plan import views_asked

        where = views_asked(parse(query).root)
        if where:
            self.views.prepare(where, self.refresh)

    def grep(self, pattern: str | GrepQuestion, **options: Unpack[GrepOptions]) -> GrepAnswer:
        """Every file with a line that matches a regular expression in ripgrep's dialect, in path order.

        `fixed` takes the pattern literally, `word` wants word boundaries around it; `ignore_case` takes capitals as
        small letters, `smart_case` only where the pattern has none. `paths` tells which files to look at, by path;
        `scope` is a folder below the root to stay in. `max_files` and `max_lines` (a file) end the search early;
        without `lines` only paths are returned. What `check` raises ends the search. All of this may be given as one
        `GrepQuestion`. Raises QueryError for a pattern that is refused.
        """
        from .exact.tree import matching_files
        from .questions import GrepQuestion

        question = GrepQuestion.of(pattern, options)
        with self.fresh_view(symbols=False) as view:
            return matching_files(view, question)

    def symbols(
        self, name: str | SymbolQuestion, *, kind: str | None = None, language: str | None = None, limit: int = 50
    ) -> SymbolResult:
        """Definitions whose name holds `name` (smart case) or matches it if it is `/regex/`; exact ones first.

        All of this may be given as one `SymbolQuestion`. Raises QueryError for an empty name, a pattern that is
        refused, or a language or kind that is unknown.
        """
        from .questions import SymbolQuestion
        from .symbols.find import find_symbols

        question = SymbolQuestion(name, kind, language, limit) if isinstance(name, str) else name
        with self.fresh_view() as view:
            return find_symbols(view, question)

    def refs(self, name: str | ReferenceQuestion, *, language: str | None = None, limit: int = 200) -> SymbolResult:
        """Definitions of exactly this name, and the places where it is called; or what a `ReferenceQuestion` asks."""
        from .questions import ReferenceQuestion
        from .symbols.find import references

        question = ReferenceQuestion(name, language, limit) if isinstance(name, str) else name
        with self.fresh_view() as view:
            return references(view, question)

    def compare(
        self,
        old: str,
        new: str = "",
        query: str = "",
        *,
        scope: str | None = None,
        check: Callable[[], None] = unchecked,
    ) -> Comparison:
        """Definitions that were added, removed or changed in signature from one revision to another, or to the tree as
        it is where `new` is empty.

        `query` chooses definitions as `type:symbol` does, `scope` is a folder below the root. Raises QueryError for a
        revision or a query that is wrong, and what `check` raises.
        """
        from .compare.definitions import compare

        if not old:
            raise QueryError("a revision to compare with is missing")
        wheres = [Where(revs=(revision,)) if revision else TREE for revision in (old, new)]
        for where in wheres:
            with self.at(where):
                self.freshen()
        with self.snapshot():
            tree = self.view(scope)
            before, after = (tree.at(where) if where else tree for where in wheres)
            return compare(before, after, query, check)

    def log(self, pattern: str | HistoryQuestion, **options: Unpack[HistoryOptions]) -> ChangedCommits:
        """The commits that added or removed lines that match a regular expression in ripgrep's dialect, newest first,
        found while the answer is iterated. It is read from git; there need not be an index.

        The options are the other fields of a `HistoryQuestion`, which may be given instead. Raises QueryError for a
        pattern that is refused, ConfigError where there is no git repository.
        """
        from .history.changed import ChangedCommits

        return ChangedCommits(self.views.history, self._scoped(HistoryQuestion.of(pattern, options)))

    def when(self, pattern: str | HistoryQuestion, **options: Unpack[HistoryOptions]) -> Presence:
        """The first and the last commit that has a line that matches, of the history of `revisions`, a revision that is
        HEAD if empty. Otherwise as `log`; `counts`, `author`, `since`, `until` and `limit` mean nothing here."""
        from .history.presence import presence

        return presence(self.views.history, self._scoped(HistoryQuestion.of(pattern, options)))

    def _scoped(self, question: HistoryQuestion) -> HistoryQuestion:
        return replace(question, scope=self.location.scope) if question.scope is None else question

    def graph(self, kind: str | GraphQuestion, name: str = "", **options: Unpack[GraphOptions]) -> GraphAnswer:
        """Who refers to what: `kind` is callers, callees, impact, hierarchy, path, deps, unused or cycles.

        `name` is a definition (a name, `Class.method` or `file:line`), of deps a file. The options are the other
        fields of a `GraphQuestion`, which may be given instead. Raises QueryError for a name that means nothing.
        """
        from .graph.ask import ask
        from .questions import GraphQuestion

        question = GraphQuestion(kind, name, **options) if isinstance(kind, str) else kind
        with self.fresh_view() as view:
            return ask(view, question)

    def outline(self, path: str) -> list[SymbolHit]:
        """The definitions of a file, in order. Raises ConfigError for a file that is not indexed."""
        from .symbols.find import outline

        with self.snapshot():
            return outline(self.view(), path)

    def find_files(self, query: str | FilesQuestion, *, limit: int = 20) -> tuple[list[str], int]:
        """The paths that fit a few letters best, best first, and how many fit at all; or what a `FilesQuestion` asks.

        Raises QueryError for an empty query.
        """
        from .questions import FilesQuestion
        from .ranked.fuzzy import find_files

        question = FilesQuestion(query, limit) if isinstance(query, str) else query
        with self.snapshot():
            return find_files(self.view(), question)

    # -- looking --------------------------------------------------------------------------------------------------

    @property
    def listed(self) -> Catalog:
        """The catalogue of what is asked: of the tree, or of the views that `at` names; inside a `snapshot`."""
        return self.view("").catalog

    def read(self, path: str, view: str = "") -> bytes:
        """The content of a file as it is indexed; `view` is the name of one of the views where several are asked.
        Raises ConfigError for a file that is not indexed."""
        with self.snapshot():
            return (self.view().at(Where(branches=(view,))) if view else self.view()).read(path)

    def paths(self, *, scope: str = "") -> Iterator[str]:
        """The indexed files in path order."""
        for path, number, *_ in self.view("").catalog.walk(scope=os.fsencode(scope)):
            if number:
                yield os.fsdecode(path)


def open_index(
    path: str | os.PathLike[str] = ".",
    *,
    index: str | os.PathLike[str] | None = None,
    engine: str | None = None,
    durability: Durability = "full",
    refresh: Refresh = "auto",
    strict: bool = False,
) -> Index:
    """The index that serves `path`: its own, or that of the nearest folder above it that has one.

    `index` names the folder of the index instead. Nothing is made before `update`. Raises ConfigError for a path
    that is no folder.
    """
    location = locate(Path(path).expanduser(), index)
    return Index(location, engine=engine, durability=durability, refresh=refresh, strict=strict)
