"""A tree and its index as something that is kept: made, opened, brought up to date, watched, checked, closed.

`Index` (index.py) is this and the questions that it answers. Opening for reading changes nothing; the first `update`
opens the store for writing and keeps it so until `close`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .config import Location
from .errors import ConfigError, StoreCorruptError
from .freshness import Freshness, Refresh
from .models import ProgressCallback, UpdateResult
from .roots import adopt_moved, check_new_folder, check_root
from .storage.catalog import Catalog
from .storage.database import BUSY_SECONDS, Database, Durability
from .storage.locks import WatchMark, updating
from .storage.private_folder import make_folder
from .storage.registry import DEFAULT_ENGINE, engine_info, open_engine
from .storage.storage_interface import SearchInterface

if TYPE_CHECKING:
    from .indexing.pipeline import Comparison, UpdateOptions


@dataclass(slots=True)
class _Opened:
    """The open store of an index."""

    database: Database
    store: SearchInterface
    catalog: Catalog


class IndexedTree:
    """One tree and its index. `refresh` and `strict` are those of `Index`."""

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
                engine_info(chosen)  # a name that is none is said first
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
            if write:
                database.mark_current()
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

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Searches inside see one state of the index."""
        opened = self._open_current(write=False)
        with opened.catalog.snapshot(), opened.store.snapshot():
            yield

    def close(self) -> None:
        """Closes the store; the next use opens it again."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.store.close()
            opened.database.close()

    def __enter__(self) -> Self:
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

    def bring_up_to_date(self) -> None:
        """Turns an index of an older format into one of this; opening it for writing does. Raises StoreVersionError
        for one of a newer format."""
        with self._updating():
            self.close()

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

    # -- looking at it --------------------------------------------------------------------------------------------

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
        """Looks for damage; a line for each problem.

        Every content is read and compared with its id, all symbols are unpacked, and every file must name a content
        that is there.
        """
        problems = self.store.check()
        if problems:
            return problems
        with self.snapshot():
            stored = dict(self.store.ids())
            for number, doc_id in stored.items():
                try:
                    self._check_document(number, doc_id)
                except StoreCorruptError as error:
                    problems.append(f"document {doc_id}: {error}")
            problems += [
                f"{row.name}: its content is not in the index; remove the index and index again"
                for row in self.catalog.files()
                if row.number and stored.get(row.number) != row.doc_id
            ]
        return problems

    def _check_document(self, number: int, doc_id: str) -> None:
        from .indexing.read import blob_id
        from .search.definitions import unpack

        content, symbols = self.store.contents([number])[0], self.catalog.symbols_of(number)
        if content is not None and blob_id(content) != doc_id:
            raise StoreCorruptError("its content is another; remove the index and index again")
        if symbols is not None:
            unpack(symbols[1])
