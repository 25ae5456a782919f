"""`Index`: one tree and its index. The one facade that every transport uses.

    import leindex

    with leindex.open("~/src/project") as index:
        index.update()
        for hit in index.search("retry backoff").hits:
            print(hit.path, hit.start_line)

One Index is used by one thread at a time. How an index is opened and kept current is in indexed_tree.py; here are the
questions that it answers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .config import locate
from .errors import ConfigError
from .freshness import Refresh
from .indexed_tree import IndexedTree
from .models import Completeness, SearchResult
from .storage.database import Durability

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from .search.exact import FileLines
    from .search.fuzzy import PathList
    from .search.select import Selection, Selector
    from .search.symbols import SymbolHit, SymbolResult
    from .search.table import FileTable

SCAN_THREADS = 2
"""Threads that fetch, decompress and test contents where a search has to look at many."""

FREED_ONCE: Final = 31 << 20
"""Bytes of a block that is taken and freed, untouched, before many contents are read. Until glibc has seen such a block
freed it gives those of the contents back to the system each time and has their pages cleared anew, which took a quarter
of the time (mallopt(3), M_MMAP_THRESHOLD: it adapts, up to 32 MB)."""


@dataclass(frozen=True, slots=True)
class GrepAnswer:
    """The files that match a pattern, with their matching lines."""

    pattern: str
    files: tuple[FileLines, ...]
    completeness: Completeness


class Index(IndexedTree):
    """The index of one tree.

    Made by `leindex.open`. `refresh` says whether searches compare the index with the tree first: "always", "auto"
    (when the last comparison was quick enough), or "never"; `strict` makes a search that was not compared fail with
    StaleIndexError instead.
    """

    _table: FileTable | None = None
    _threads: ThreadPoolExecutor | None = None
    _path_list: tuple[int, PathList] | None = None

    def close(self) -> None:
        """Closes the store; the next use opens it again."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(cancel_futures=True)
        super().close()

    # -- searching ------------------------------------------------------------------------------------------------

    def selector(self, accepts: Callable[[bytes], bool] | None = None, *, scope: str = "") -> Selector:
        """The files of this tree for one search; used inside `snapshot`."""
        from .search.select import Selector

        opened = self._open(write=False)
        return Selector(self.root, opened.store, opened.catalog, self.table, self._pool, os.fsencode(scope), accepts)

    def table(self) -> FileTable:
        """The files in path order, made anew when the generation has changed."""
        from .search.table import FileTable

        if self._table is None or self._table.generation != self.catalog.generation:
            self._table = FileTable(self.catalog)
        return self._table

    def _pool(self) -> ThreadPoolExecutor:
        """The threads that fetch and test ahead; they keep their connections from one search to the next."""
        if self._threads is None:
            from concurrent.futures import ThreadPoolExecutor

            bytearray(FREED_ONCE)
            self._threads = ThreadPoolExecutor(SCAN_THREADS, thread_name_prefix="leindex-scan")
        return self._threads

    def completeness(
        self, seen: Selection, *, truncated: bool = False, scope: str = "", indexed_only: bool = False
    ) -> Completeness:
        """What an answer covers, for a search of the folder `scope` that looked at `seen`.

        `indexed_only` says that it did not read the files over the size limit, as grep does.
        """
        catalog = self.catalog
        totals = catalog.totals()
        skipped = dict(totals.skipped)
        eligible, large = totals.files + skipped.get("too large", 0), skipped.get("too large", 0)
        if scope:
            eligible, large = self.table().count(os.fsencode(scope))
        notes = [*seen.notes, *filter(None, [self._freshness.note])]
        passed_by = large if indexed_only else 0
        if passed_by:
            notes.append(f"{passed_by} files over the size limit are searched by grep only")
        if seen.pending:
            notes.append(f"the symbols of {seen.pending} files are not extracted yet")
        if seen.unread:
            notes.append(f"{len(seen.unread)} files over the size limit could not be read")
        unread_folders = dict(catalog.state("passed_over", {})).get("unreadable folder", 0)
        if unread_folders:
            skipped["unreadable folder"] = unread_folders
        unread = skipped.get("unreadable", 0) + unread_folders + skipped.get("changed", 0) + len(seen.unread)
        return Completeness(
            complete=not (truncated or unread or passed_by or seen.pending or self._freshness.note),
            eligible=eligible,
            candidates=seen.candidates,
            verified=seen.verified,
            skipped=skipped,
            truncated=truncated,
            generation=catalog.generation,
            age_seconds=self.age_seconds,
            notes=tuple(notes),
        )

    def search(
        self,
        query: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        plain: bool = False,
        explain: bool = False,
        scope: str | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> SearchResult:
        """The best passages for a query in the language of docs/query.md, best first.

        `limit` is the most hits (20 unless the query has `count:`); `cursor` goes on after an earlier answer;
        `plain` takes the whole query as words. `check` is called again and again while documents are looked at, so
        that what it raises ends the search. Raises QueryError for a query that is wrong.
        """
        from .indexing.grammars import KINDS
        from .search.run import search

        self.freshen()
        with self.snapshot():
            return search(
                self,
                query,
                limit=limit,
                cursor=cursor,
                plain=plain,
                explain=explain,
                scope=self.location.scope if scope is None else scope,
                languages=_family,
                kinds=KINDS,
                check=check,
            )

    def grep(
        self,
        pattern: str,
        *,
        fixed: bool = False,
        ignore_case: bool = False,
        smart_case: bool = False,
        word: bool = False,
        paths: Callable[[str], bool] | None = None,
        max_files: int | None = None,
        max_lines: int | None = None,
        lines: bool = True,
    ) -> GrepAnswer:
        """Every file with a line that matches a regular expression in ripgrep's dialect, in path order.

        `fixed` takes the pattern literally, `word` wants word boundaries around it; `paths` tells which files to
        look at, by path; `max_files` and `max_lines` (a file) end the search early; without `lines` only paths are
        returned. Raises QueryError for a pattern that is refused.
        """
        from .search.exact import matching_files
        from .search.request import Boundary, Case, GrepRequest
        from .search.select import Selection

        request = GrepRequest(
            (pattern,),
            fixed_strings=fixed,
            case=Case.IGNORE if ignore_case else Case.SMART if smart_case else Case.SENSITIVE,
            boundary=Boundary.WORD if word else Boundary.NONE,
            max_count=max_lines,
            line_number=True,
            only_matching=True,
        )
        self.freshen()
        with self.snapshot():
            seen = Selection()
            accepts = None if paths is None else lambda path: paths(os.fsdecode(path))
            selector = self.selector(accepts, scope=self.location.scope)
            files = tuple(matching_files(request, selector, seen, limit=max_files, lines=lines))
            truncated = max_files is not None and len(files) == max_files
            covered = self.completeness(seen, truncated=truncated, scope=self.location.scope)
            return GrepAnswer(pattern, files, covered)

    # -- symbols and files ------------------------------------------------------------------------------------

    def symbols(
        self, name: str, *, kind: str | None = None, language: str | None = None, limit: int = 50
    ) -> SymbolResult:
        """Definitions whose name holds `name` (smart case) or matches it if it is `/regex/`; exact ones first.

        Raises QueryError for an empty name, a pattern that is refused, or a language or kind that is unknown.
        """
        from .indexing.grammars import KINDS
        from .search.symbols import find_symbols

        self.freshen()
        with self.snapshot():
            return find_symbols(
                self,
                name,
                kind=kind,
                languages=_languages(language),
                limit=limit,
                scope=self.location.scope,
                kinds=KINDS,
            )

    def refs(self, name: str, *, language: str | None = None, limit: int = 200) -> SymbolResult:
        """Definitions of exactly this name, and the places where it is called."""
        from .indexing.symbols import calls
        from .search.symbols import references

        self.freshen()
        with self.snapshot():
            return references(self, name, calls, languages=_languages(language), limit=limit, scope=self.location.scope)

    def outline(self, path: str) -> list[SymbolHit]:
        """The definitions of a file, in order. Raises ConfigError for a file that is not indexed."""
        from .indexing.symbols import extract
        from .search.symbols import outline

        with self.snapshot():
            return outline(self, path, extract)

    def find_files(self, query: str, *, limit: int = 20) -> tuple[list[str], int]:
        """The paths that fit a few letters best, best first, and how many fit at all.

        Raises QueryError for an empty query.
        """
        from .search.fuzzy import PathList

        with self.snapshot():
            generation = self.catalog.generation
            if self._path_list is None or self._path_list[0] != generation:
                rows = self.catalog.modified_files(scope=os.fsencode(self.location.scope))
                paths = [os.fsdecode(path) for path, _ in rows]
                self._path_list = generation, PathList(paths, [max(when, 0) for _, when in rows])
            found, total = self._path_list[1].find(query, limit)
        return [item.path for item in found], total

    # -- looking --------------------------------------------------------------------------------------------------

    def read(self, path: str) -> bytes:
        """The content of a file as it is indexed. Raises ConfigError for one that is not."""
        row = self.catalog.file(os.fsencode(path))
        if row is None:
            raise ConfigError(f"{path}: is not in the index of {self.root}")
        content = self.store.contents([row.number])[0] if row.number else None
        if content is None:
            raise ConfigError(f"{path}: is not indexed ({row.skipped or 'its content is gone'})")
        return content

    def paths(self, *, scope: str = "") -> Iterator[str]:
        """The indexed files in path order."""
        for path, number, *_ in self.catalog.walk(scope=os.fsencode(scope)):
            if number:
                yield os.fsdecode(path)


def _family(value: str) -> frozenset[str]:
    """The languages that a value of `lang:` means. Raises QueryError for one that means none."""
    from .indexing.language import family, resolve_language

    return frozenset(family(resolve_language(value)))


def _languages(value: str | None) -> frozenset[str] | None:
    return None if value is None else _family(value)


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
