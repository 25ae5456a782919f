"""`Index`: one tree and its index. The one facade that every transport uses.

    import leindex

    with leindex.open("~/src/project") as index:
        index.update()
        for hit in index.search("retry backoff").hits:
            print(hit.path, hit.start_line)

An Index opened for searching changes nothing; the first `update` opens the store for writing and keeps it so until
`close`. One Index is used by one thread at a time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import Location, locate
from .errors import ConfigError
from .freshness import Freshness, Refresh
from .models import Completeness, ProgressCallback, SearchResult, UpdateResult
from .roots import adopt_moved, check_new_folder, check_root
from .storage.catalog import Catalog
from .storage.database import BUSY_SECONDS, Database, Durability
from .storage.locks import WatchMark, updating
from .storage.private_folder import make_folder
from .storage.registry import DEFAULT_ENGINE, open_engine
from .storage.storage_interface import SearchInterface

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from .indexing.pipeline import Comparison, UpdateOptions
    from .search.exact import FileLines
    from .search.fuzzy import PathList
    from .search.select import Selection, Selector
    from .search.symbols import SymbolHit, SymbolResult
    from .search.table import FileTable

SCAN_THREADS = 2
"""Threads that fetch, decompress and test contents where a search has to look at many."""


@dataclass(slots=True)
class _Opened:
    """The open store of an index."""

    database: Database
    store: SearchInterface
    catalog: Catalog


@dataclass(frozen=True, slots=True)
class GrepAnswer:
    """The files that match a pattern, with their matching lines."""

    pattern: str
    files: tuple[FileLines, ...]
    completeness: Completeness


class Index:
    """The index of one tree.

    Made by `leindex.open`. `refresh` says whether searches compare the index with the tree first: "always", "auto"
    (when the last comparison was quick enough), or "never"; `strict` makes a search that was not compared fail with
    StaleIndexError instead.
    """

    def __init__(
        self,
        location: Location,
        *,
        engine: str | None = None,
        durability: Durability = "full",
        refresh: Refresh = "auto",
        strict: bool = False,
    ) -> None:
        self.location = location
        self.refresh: Refresh = refresh
        self.strict = strict
        self._engine = engine
        self._durability: Durability = durability
        self._freshness = Freshness()
        self._opened: _Opened | None = None
        self._table: FileTable | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._path_list: tuple[int, PathList] | None = None

    # -- the store ------------------------------------------------------------------------------------------------

    @property
    def root(self) -> Path:
        """The folder that is indexed."""
        return self.location.root

    @property
    def exists(self) -> bool:
        """Whether there is an index already."""
        return self.location.exists

    def _open(self, *, write: bool) -> _Opened:
        opened = self._opened
        if opened is not None and (not write or not opened.database.readonly):
            return opened
        if not write and not self.exists:
            raise ConfigError(f"{self.root} is not indexed; run: leindex index {self.root}")
        self.close()
        database = Database(self.location.database, mode="create" if write else "read", durability=self._durability)
        try:
            catalog = Catalog(database)
            check_root(self.location, catalog)
            engine = catalog.state("engine") if database.readonly or not database.created else None
            chosen = self._engine or engine or DEFAULT_ENGINE
            if engine is not None and chosen != engine:
                raise ConfigError(
                    f"{self.root} is indexed with the engine {engine}; "
                    f"to change it run: leindex migrate --to {chosen} {self.root}"
                )
            store = open_engine(
                chosen,
                self.location.folder,
                "create" if write else "read",
                durability=self._durability,
                database=database,
            )
            if write and engine is None:
                catalog.set_state({"engine": chosen, "root": os.fsdecode(self.root)})
        except BaseException:
            database.close()
            raise
        self._opened = _Opened(database, store, catalog)
        return self._opened

    def _open_current(self, *, write: bool) -> _Opened:
        """The store; opened anew if the index was migrated to another engine since."""
        opened = self._open(write=write)
        if opened.catalog.state("engine", opened.store.name) != opened.store.name:
            self.close()
            opened = self._open(write=write)
        return opened

    @property
    def store(self) -> SearchInterface:
        """The engine that keeps the documents. Raises ConfigError where there is no index."""
        return self._open(write=False).store

    @property
    def catalog(self) -> Catalog:
        """The files of the tree. Raises ConfigError where there is no index."""
        return self._open(write=False).catalog

    def close(self) -> None:
        """Closes the store; the next use opens it again."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(cancel_futures=True)
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.store.close()
            opened.database.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # -- indexing -------------------------------------------------------------------------------------------------

    def update(
        self,
        options: UpdateOptions | None = None,
        *,
        paths: Iterable[str | bytes | os.PathLike[str]] | None = None,
        comparison: Comparison | None = None,
        wait_seconds: float = BUSY_SECONDS,
        on_progress: ProgressCallback | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> UpdateResult:
        """Brings the index up to date with the tree, making it if there is none.

        `paths` are the files and folders that changed, were made or are gone, absolute or relative to the root,
        where they are known: nothing else is looked at. `comparison` is what `pipeline.compared` just found.
        `wait_seconds` is how long to wait for another process that is updating this index; StoreBusyError follows.
        The options of the last update are used again where none are given. Raises CancelledError at a batch
        boundary when `cancelled` returns true, StorageError when the store fails; what landed before stays.
        """
        from .indexing import pipeline

        some = None if paths is None else [self._relative(path) for path in paths]
        with self._updating(wait_seconds) as opened:
            if options is None:
                options = pipeline.stored_options(opened.catalog)
            if comparison is not None and comparison.version != opened.catalog.version:
                comparison = None  # another process has updated since
            return pipeline.update(
                self.root,
                opened.store,
                opened.catalog,
                options,
                paths=some,
                comparison=comparison,
                on_progress=on_progress,
                cancelled=cancelled,
            )

    @contextmanager
    def _updating(self, wait_seconds: float = BUSY_SECONDS) -> Iterator[_Opened]:
        """The store, open for writing, while no other process updates this index."""
        if not self.exists:
            check_new_folder(self.location)
            adopt_moved(self.location)
            # Before the store is opened: of two first updates at a time one makes the store, the other waits.
            make_folder(self.location.folder)
        with updating(self.location.folder, wait_seconds):
            yield self._open_current(write=True)

    def watch(
        self,
        *,
        on_update: Callable[[UpdateResult], None] = lambda result: None,
        on_notice: Callable[[str], None] = lambda message: None,
        stop: threading.Event | None = None,
        reconcile_seconds: float = 180.0,
    ) -> None:
        """Keeps the index current while the tree changes, until `stop` is set.

        `on_update` is called after the first comparison and each update that changed something, `on_notice` with a
        line about trouble with the system's notices of changes. Everything is compared every `reconcile_seconds`.
        Raises as `update` does, and EngineMissingError where watchfiles is not installed.
        """
        from .indexing import pipeline
        from .indexing.watch import watch

        with self._updating():
            mark = WatchMark(self.location.folder)
        try:
            watch(
                self.root,
                self.update,
                folders=lambda paths: pipeline.folders(self.root, self.catalog, paths),
                own=self.location.folder,
                mark=mark,
                stop=stop or threading.Event(),
                on_update=on_update,
                on_notice=on_notice,
                reconcile_seconds=reconcile_seconds,
            )
        finally:
            mark.close()

    def _relative(self, path: str | bytes | os.PathLike[str]) -> bytes:
        """A path as the catalogue has it. Raises ConfigError for one outside of the root."""
        given, root = os.fsencode(path), os.fsencode(self.root)
        if not os.path.isabs(given):
            return given
        if given != root and not given.startswith(os.path.join(root, b"")):
            raise ConfigError(f"{os.fsdecode(given)}: is not in {self.root}")
        return given[len(root) :].lstrip(b"/")

    def compact(self) -> None:
        """Merges what is worth merging and gives back what deleted documents take."""
        from .indexing import pipeline

        with self._updating() as opened:
            pipeline.collect_unnamed(opened.store, opened.catalog, pipeline.stored_options(opened.catalog))
            opened.store.compact()

    # -- freshness ------------------------------------------------------------------------------------------------

    def freshen(self, refresh: Refresh | None = None) -> None:
        """Compares the index with the tree first, as `refresh` says. Raises StaleIndexError in strict mode."""
        self._freshness.freshen(self, refresh or self.refresh, strict=self.strict)

    @property
    def age_seconds(self) -> float:
        """How long ago the index was compared with the tree; 0 while a watcher keeps it current."""
        return self._freshness.age_seconds(self)

    # -- searching ------------------------------------------------------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Searches inside see one state of the index."""
        opened = self._open_current(write=False)
        with opened.catalog.snapshot(), opened.store.snapshot():
            yield

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
        if seen.unread:
            notes.append(f"{len(seen.unread)} files over the size limit could not be read")
        unread_folders = dict(catalog.state("passed_over", {})).get("unreadable folder", 0)
        if unread_folders:
            skipped["unreadable folder"] = unread_folders
        unread = skipped.get("unreadable", 0) + unread_folders + skipped.get("changed", 0) + len(seen.unread)
        return Completeness(
            complete=not (truncated or unread or passed_by or self._freshness.note),
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

    def status(self) -> dict[str, Any]:
        """What the index holds, how fresh it is, and what was skipped."""
        catalog, store = self.catalog, self.store
        totals = catalog.totals()
        return {
            "root": os.fsdecode(self.root),
            "index": os.fsdecode(self.location.folder),
            "engine": store.name,
            "generation": catalog.generation,
            "files": totals.files,
            "bytes": totals.bytes,
            "skipped": {
                reason: {"files": files, "bytes": size}
                for reason, (files, size) in catalog.sizes_by_reason().items()
                if reason
            },
            "passed_over": catalog.state("passed_over", {}),
            "age_seconds": round(self.age_seconds, 3),
            "walk_seconds": round(float(catalog.state("walk_seconds", 0.0)), 4),
            "pending": catalog.pending(),
            "store": store.stats(),
            "updates": catalog.recent_updates(5),
        }

    def check(self) -> list[str]:
        """Looks for damage; a line for each problem. Every content is read and compared with its id."""
        from .indexing.read import blob_id

        problems = self.store.check()
        if problems:
            return problems
        with self.snapshot():
            for number, doc_id in self.store.ids():
                content = self.store.contents([number])[0]
                if content is not None and blob_id(content) != doc_id:
                    problems.append(f"document {doc_id} is damaged; remove the index and index again")
        return problems


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
