"""A tree and its index as something that is kept: made, opened, brought up to date, watched, checked, closed.

`Index` (index.py) is this and the questions that it answers. Opening for reading changes nothing; the first `update`
opens the store for writing and keeps it so until `close`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from ..config import Location
from ..errors import ConfigError, StoreCorruptError
from ..models import ProgressCallback, UpdateResult
from ..records import record, replace
from ..storage.catalog import Catalog
from ..storage.database import BUSY_SECONDS, Database, Durability
from ..storage.folder.locks import WatchMark, updating
from ..storage.folder.private_folder import make_folder
from ..storage.registry import DEFAULT_ENGINE, engine_info, missing_files, open_engine
from ..storage.storage_interface import SearchInterface
from .freshness import Freshness, Refresh
from .kept_views import KeptViews
from .roots import adopt_moved, check_new_folder, check_root

if TYPE_CHECKING:
    from ..indexing.pipeline import Comparison, UpdateOptions
    from ..indexing.walk.troubles import Troubles
    from .doctor import Finding


NAMED: Final = 5
"""So many of the files, folders and lines that are troublesome are named."""

UNREAD: Final = frozenset(("unreadable", "changed"))
"""Why the content of a file is not known, though it belongs to the index."""


@record(slots=True)
class Opened:
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
        self._opened: Opened | None = None
        self._views: KeptViews | None = None
        self.progress: Callable[[], AbstractContextManager[ProgressCallback | None]] = nullcontext
        """Shows how far the work is that an answer waits for: comparing, updating, making views."""

    # -- the store ------------------------------------------------------------------------------------------------

    @property
    def root(self) -> Path:
        """The folder that is indexed."""
        return self.location.root

    @property
    def exists(self) -> bool:
        """Whether there is an index already."""
        return self.location.exists

    def _open(self, *, write: bool) -> Opened:
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
            if engine is not None and (missing := missing_files(chosen, self.location.folder)) is not None:
                raise StoreCorruptError(f"{missing}: is missing; run: leindex doctor --repair")
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
        self._opened = Opened(database, store, catalog)
        return self._opened

    def _open_current(self, *, write: bool) -> Opened:
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

    @property
    def views(self) -> KeptViews:
        """The branches, tags and commits that are indexed beside the tree."""
        if self._views is None:
            self._views = KeptViews(self)
        return self._views

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Searches inside see one state of the index."""
        opened = self._open_current(write=False)
        with opened.catalog.snapshot(), opened.store.snapshot():
            yield

    def close(self) -> None:
        """Closes the store; the next use opens it again."""
        views, self._views = self._views, None
        if views is not None:
            views.close()
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
        from ..indexing import pipeline

        some = None if paths is None else [self._relative(path) for path in paths]
        with self.updating(wait_seconds, cancelled) as opened:
            if options is None:
                options = pipeline.stored_options(opened.catalog)
            if comparison is not None and comparison.version != opened.catalog.version:
                comparison = None  # another process has updated since
            self._freshness.noted = {}
            work = pipeline.Update(self.root, opened.store, opened.catalog, options, on_progress, cancelled)
            result = work.run(some, comparison)
            self._keep_bare(opened.catalog)
        if some is None:
            result = self._followed(result, on_progress, cancelled)
        return result

    def _keep_bare(self, catalog: Catalog) -> None:
        """Of a bare repository the branch that its HEAD names is a view, and what is asked where nothing is said."""
        from ..indexing.gitindex import is_bare

        if not is_bare(os.fsencode(self.root)):
            return
        from ..indexing.revisions.repository import repository_of

        head = repository_of(self.root).head()
        wanted = dict(catalog.state("views") or {})
        if catalog.state("bare_head") != head or not any(wanted.values()):
            wanted["branches"] = list(dict.fromkeys([*wanted.get("branches", ()), *([head] if head else [])]))
            catalog.set_state({"bare_head": head, "views": wanted})

    def _followed(
        self, result: UpdateResult, on_progress: ProgressCallback | None, cancelled: Callable[[], bool]
    ) -> UpdateResult:
        """The outcome of an update, once the views have come along; why they could not is one of its notes."""
        if not self.catalog.state("views"):
            return result
        try:
            self.views.follow(on_progress=on_progress, cancelled=cancelled)
        except ConfigError as error:
            return replace(result, notes=(*result.notes, f"views were not brought up to date: {error}"))
        return replace(result, generation=self.catalog.generation)

    @contextmanager
    def updating(
        self, wait_seconds: float = BUSY_SECONDS, cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[Opened]:
        """The store, open for writing, while no other process updates this index."""
        if not self.exists:
            check_new_folder(self.location)
            adopt_moved(self.location)
            # Before the store is opened: of two first updates at a time one makes the store, the other waits.
            make_folder(self.location.folder)
        with updating(self.location.folder, wait_seconds, cancelled):
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
        from ..indexing import pipeline
        from ..indexing.watch import Watched, watch

        stop = stop or threading.Event()
        with self.updating(cancelled=stop.is_set):
            mark = WatchMark(self.location.folder)
        try:
            watch(
                Watched(
                    self.root,
                    own=self.location.folder,
                    folders=lambda paths: pipeline.folders(self.root, self.catalog, paths),
                    update=partial(self.update, cancelled=stop.is_set),
                    mark=mark,
                ),
                stop,
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
        with self.updating():
            self.close()

    def compact(self) -> None:
        """Merges what is worth merging and gives back what deleted documents take."""
        from ..indexing import pipeline

        with self.updating() as opened:
            pipeline.collect_unnamed(opened.store, opened.catalog, pipeline.stored_options(opened.catalog))
            opened.store.compact()

    # -- freshness ------------------------------------------------------------------------------------------------

    def freshen(self, refresh: Refresh | None = None, *, symbols: bool = True) -> None:
        """Compares the index with the tree first, as `refresh` says. `symbols`: whether the answer may need those of
        what changed. Raises StaleIndexError in strict mode."""
        with self.progress() as on_progress:
            self._freshness.freshen(
                self, refresh or self.refresh, strict=self.strict, symbols=symbols, on_progress=on_progress
            )

    @property
    def age_seconds(self) -> float | None:
        """How long ago the index was compared with the tree, None if it never was; 0 while a watcher keeps it
        current."""
        return self._freshness.age_seconds(self)

    def troubles(self) -> Troubles:
        """What of the tree could not be read or understood when it was last compared."""
        from ..indexing.walk.troubles import Troubles

        noted, state = self._freshness.noted, self.catalog.state
        return Troubles.stored(lambda name, default: noted[name] if name in noted else state(name, default))

    def unread_files(self) -> list[bytes]:
        """The files that could not be read when they were to be, or changed meanwhile; in path order."""
        if self.catalog.totals().skipped.keys().isdisjoint(UNREAD):
            return []
        return [entry.path for entry in self.catalog.walk() if entry.skipped in UNREAD]

    def told_troubles(self) -> dict[str, dict[str, Any]]:
        """How many files and folders could not be read, with the names of the first (folders with a `/` at the end),
        and how many lines of ignore files are wrong, with what is wrong in the first."""
        troubles = self.troubles()
        names = sorted([*self.unread_files(), *(path + b"/" for path in troubles.folders)])
        faults = [f"{_text(fault.file)}: {fault.told}" for fault in troubles.faults]
        return {
            "unreadable": {"count": len(names), "first": list(map(_text, names[:NAMED]))},
            "ignore_faults": {"count": len(faults), "first": faults[:NAMED]},
        }

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
            **self.told_troubles(),
            "age_seconds": None if (age := self.age_seconds) is None else round(age, 3),
            "walk_seconds": round(float(catalog.state("walk_seconds", 0.0)), 4),
            "pending": catalog.pending(),
            "views": len(self.views.stored()),
            "store": store.stats(),
            "updates": catalog.recent_updates(5),
        }

    def check(self) -> list[str]:
        """Looks for damage in every structure; a line for each finding."""
        return [finding.told for finding in self.examine()]

    def examine(self, *, on_progress: ProgressCallback | None = None) -> list[Finding]:
        """Everything that is wrong with the index, see doctor.py. Raises ConfigError where there is none."""
        from .doctor import FILE, STORE, VIEWS, Finding, Steps, examine, other_engine

        try:
            with self.snapshot():
                findings = list(examine(os.fsencode(self.root), self.store, self.catalog, Steps(on_progress)))
                if not {finding.structure for finding in findings} & {FILE, STORE}:
                    stored = dict(self.store.ids())
                    findings += [Finding(VIEWS, told) for told in self.views.problems(stored)]
                return findings
        except StoreCorruptError as error:
            return [Finding(STORE if other_engine(self.location) else FILE, str(error))]

    def repair(self, findings: list[Finding], *, on_progress: ProgressCallback | None = None) -> None:
        """Rebuilds what the findings of `examine` name, the rest from the tree. Raises as `update` does."""
        from .doctor import FILE, STORE, mend, other_engine, rebuild

        by = {finding.structure for finding in findings}
        with updating(self.location.folder, BUSY_SECONDS):
            self.close()
            if by & {FILE, STORE}:
                self._engine = self._engine or other_engine(self.location)
                rebuild(self.location, by)
            if self.exists:
                opened = self._open(write=True)
                mend(self.examine() if FILE in by else findings, opened.store, opened.catalog)
        self.update(on_progress=on_progress)


def _text(path: bytes) -> str:
    return path.decode("utf-8", "replace")
