"""The views of an index beside its tree: which are kept, brought along with their branches, and found when asked.

What the settings ask for (`leindex index --branch`) is in the catalogue's state and followed by every update. A branch
or commit that is only asked about becomes a view for the time being; of these the last `PASSING` are there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ..errors import ConfigError, QueryError, StoreBusyError, StoreFullError, StoreReadOnlyError
from ..models import ProgressCallback
from ..questions import TREE, Where
from ..storage.revisions.listed import ViewCatalog
from ..storage.revisions.tables import StoredView, ViewTables, stored_views
from .wanted import STATE, Wanted, fits, is_glob, is_meant, joined, names

if TYPE_CHECKING:
    from ..history.changed import History
    from ..indexing.revisions.building import Shown, ViewBuilder
    from ..indexing.revisions.repository import BlobReader, Ref, Repository
    from ..indexing.walk.beside import Asked
    from ..storage.catalog import Catalog
    from ..storage.storage_interface import SearchInterface
    from ..views.view import Changes
    from .freshness import Refresh

PASSING: Final = 12
"""Views that were asked about, and are in no settings, that are there at most."""

BUSY_SECONDS: Final = 10.0
"""How long a question waits for another process that is updating the index."""

_COMMIT: Final = re.compile(r"[0-9a-f]{4,40}")


class Opened(Protocol):
    """An index that is open."""

    @property
    def store(self) -> SearchInterface:
        """Its documents."""

    @property
    def catalog(self) -> Catalog:
        """Its files."""


class Kept(Protocol):
    """The index whose views these are."""

    @property
    def root(self) -> Path:
        """The folder that is indexed."""

    @property
    def catalog(self) -> Catalog:
        """Its files."""

    @property
    def progress(self) -> Callable[[], AbstractContextManager[ProgressCallback | None]]:
        """Shows how far the work is that an answer waits for."""

    def updating(self, wait_seconds: float = ...) -> AbstractContextManager[Opened]:
        """The index, open for writing, while no other process updates it."""


class KeptViews:
    """The views of one index. Used as the index is: by one thread at a time; `close` ends git."""

    def __init__(self, index: Kept) -> None:
        self._index = index
        self._reader: BlobReader | None = None
        self._repository: Repository | None = None
        self._compared_at = 0.0

    def close(self) -> None:
        """Ends what was started to read from git."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    @property
    def repository(self) -> Repository:
        """The repository that the root lies in. Raises ConfigError where it lies in none."""
        if self._repository is None:
            from ..indexing.revisions.repository import repository_of

            self._repository = repository_of(self._index.root)
        return self._repository

    def changes(self) -> Changes:
        """What differs from commits, of the tree as it is."""
        from ..indexing.revisions.changes import GitChanges

        return GitChanges(lambda: self.repository)

    @property
    def history(self) -> History:
        """The commits of the repository. Raises ConfigError where the root lies in none."""
        from ..indexing.revisions.history import GitHistory

        return GitHistory(self.repository)

    @property
    def standard(self) -> Where:
        """What is asked where nothing is said: the tree, or of a bare repository the branch that its HEAD names."""
        head = self._index.catalog.state("bare_head")
        return Where(branches=(head,)) if head else TREE

    def stored(self) -> list[StoredView]:
        """The views that there are."""
        return stored_views(self._index.catalog)

    def wanted(self) -> Wanted:
        """What the settings ask for."""
        return Wanted.stored(self._index.catalog.state(STATE))

    def own_bytes(self) -> dict[int, int]:
        """The bytes of contents that only one view has, by view."""
        return dict(ViewTables(self._index.catalog).own_bytes()) if self.stored() else {}

    def totals(self, view: StoredView) -> tuple[int, int]:
        """Files of a view that are indexed, and their bytes."""
        found = ViewCatalog(self._index.catalog, [view]).totals()
        return found.files, found.bytes

    def problems(self, stored: Container[int]) -> list[str]:
        """A line for each view that names a document which is not there."""
        found: list[str] = []
        for view in self.stored():
            files = [row for row in ViewCatalog(self._index.catalog, [view]).files() if row.number]
            lost = next((row.name for row in files if row.number not in stored), None)
            if lost is not None:
                found.append(
                    f"{view.name}: the content of {lost} is not in the index; remove the view and index it again"
                )
        return found

    # -- as questions ask -----------------------------------------------------------------------------------------

    def matching(self, where: Where) -> Sequence[StoredView]:
        """The views that are meant. Raises QueryError where none is."""
        views = self.stored()
        found: dict[int, StoredView] = {}
        for pattern in where.branches:
            some = [view for view in views if is_meant(view, pattern)]
            self._check(some, "branch", pattern, views)
            found.update((view.id, view) for view in some)
        for pattern in where.revs:
            some = self._of_revision(pattern, views)
            self._check(some, "rev", pattern, views)
            found.update((view.id, view) for view in some)
        return list(found.values())

    def _of_revision(self, pattern: str, views: Sequence[StoredView]) -> list[StoredView]:
        if is_glob(pattern):
            return [view for view in views if fits(view.name, pattern)]
        if pattern in (view.name for view in views if view.kind != "branch"):
            return [view for view in views if view.kind != "branch" and view.name == pattern][:1]
        try:
            commit = self.repository.resolve(pattern)
        except ConfigError:
            # git may have lost the commit since, and the view has not.
            named = [view for view in views if view.kind != "branch" and view.name == pattern]
            if not named and _COMMIT.fullmatch(pattern):
                named = [view for view in views if view.commit.startswith(pattern)]
            return named[:1]
        # One is enough, as equal commits have equal files: the one with the name, if there is one.
        same = [view for view in views if view.commit == commit]
        return sorted(same, key=lambda view: view.name != pattern)[:1]

    @staticmethod
    def _check(found: Sequence[StoredView], what: str, pattern: str, views: Sequence[StoredView]) -> None:
        if found:
            return
        names = ", ".join(view.name for view in views[:8]) + (", ..." if len(views) > 8 else "")
        advice = f"to index it run: leindex index --{what} {pattern!r}; "
        advice += f"the views are: {names}" if views else "this index has no views yet, only the tree as it is"
        raise QueryError(f"no view fits {what}:{pattern}", text=f"{what}:{pattern}", advice=advice)

    def asked_files(self, view: StoredView, asked: Asked, scope: bytes) -> dict[bytes, str]:
        """The files of a view's commit that a search asks for in a folder, be they in the view or not, and the blob of
        each. Raises ConfigError where git has lost the commit."""
        from ..indexing.pipeline import stored_options
        from ..indexing.revisions.building import files_asked

        options = stored_options(self._index.catalog).discover
        return files_asked(self.repository, view.commit, options, asked, scope)

    def age_seconds(self) -> float | None:
        """How long ago the views were compared with their branches, as every update does; None if they never were."""
        last = max(self._compared_at, float(self._index.catalog.state("walked_at", 0.0)))
        return max(0.0, time.time() - last) if last else None

    def blob(self, blob: str) -> bytes | None:
        """A content that is no document, from git's store; None where it cannot be read."""
        if self._reader is None:
            from ..indexing.revisions.repository import BlobReader

            self._reader = BlobReader(self.repository)
        return next(self._reader.read([blob])).data

    # -- making, following, removing ------------------------------------------------------------------------------

    def add(
        self,
        wanted: Wanted,
        *,
        on_progress: ProgressCallback | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> list[Shown]:
        """Adds views to the settings and makes them. Raises ConfigError for a name that fits nothing, and what
        `update` raises."""
        revs = tuple((typed, self.repository.resolve(typed)) for typed, _ in wanted.revs)
        refs = self.repository.refs()
        for kind, patterns in (("branch", wanted.branches), ("tag", wanted.tags)):
            for pattern in patterns:
                if not any(ref.kind == kind and names(ref, pattern) for ref in refs):
                    raise ConfigError(f"{pattern}: is no {kind} of {self.repository.top}")
        with self._index.updating() as opened:
            before = Wanted.stored(opened.catalog.state(STATE))
            merged = Wanted(
                joined(before.branches, wanted.branches),
                joined(before.tags, wanted.tags),
                tuple({commit: (typed, commit) for typed, commit in (*before.revs, *revs)}.values()),
            )
            opened.catalog.set_state({STATE: merged.as_state()})
        return self.follow(on_progress=on_progress, cancelled=cancelled)

    def follow(
        self,
        *,
        on_progress: ProgressCallback | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        wait_seconds: float = 30.0,
    ) -> list[Shown]:
        """Brings the views that the settings ask for along with their branches, makes those of new branches, and
        removes those of branches that are gone."""
        wanted, views = self.wanted(), self.stored()
        if not wanted and not any(view.kept for view in views):
            return []
        refs = self.repository.refs()
        targets = {(ref.kind, ref.name): ref for ref in self._targets(wanted, refs)}
        there = {(view.kind, view.name): view for view in views}
        gone = [view for key, view in there.items() if key not in targets and (view.kept or self._is_gone(view, refs))]
        due = [ref for key, ref in targets.items() if key not in there or self._is_due(there[key], ref)]
        self._compared_at = time.time()
        if not gone and not due:
            return []
        with self._building(wait_seconds, on_progress, cancelled) as builder:
            return self._shown(builder, [(ref, there.get((ref.kind, ref.name)), True) for ref in due], gone)

    def _is_due(self, view: StoredView, ref: Ref) -> bool:
        partial = self._index.catalog.rows(
            "SELECT 1 FROM view_totals WHERE view = ? AND skipped = 'unreadable' AND files > 0", (view.id,)
        )
        return view.commit != ref.commit or not view.kept or bool(partial)

    @staticmethod
    def _is_gone(view: StoredView, refs: Iterable[Ref]) -> bool:
        return view.kind != "rev" and not any((ref.kind, ref.name) == (view.kind, view.name) for ref in refs)

    def _targets(self, wanted: Wanted, refs: Sequence[Ref]) -> Iterator[Ref]:
        from ..indexing.revisions.repository import Ref

        for ref in refs:
            patterns = wanted.branches if ref.kind == "branch" else wanted.tags
            if any(names(ref, pattern) for pattern in patterns):
                yield ref
        known = {view.commit: view.committed for view in self.stored()}
        for _, commit in wanted.revs:
            if commit in known:
                yield Ref("rev", commit[:12], commit, known[commit])
            else:
                yield Ref("rev", commit[:12], commit, self.repository.committed(commit))

    def prepare(self, where: Where, refresh: Refresh) -> None:
        """Sees to it that what is asked about is there and shows what its branch does, as `refresh` says; the index's
        `progress` shows how far that is.

        Raises QueryError where a name is that of nothing.
        """
        if refresh == "never":
            return
        views = self.stored()
        due: list[tuple[Ref, StoredView | None, bool]] = []
        if where.branches:
            refs = self.repository.refs()
            self._compared_at = time.time()
            by_key = {(ref.kind, ref.name): ref for ref in refs}
            for pattern in where.branches:
                some = [view for view in views if is_meant(view, pattern)]
                moved = [(by_key[key], view) for view in some if (key := (view.kind, view.name)) in by_key]
                due += [(ref, view, view.kept) for ref, view in moved if ref.commit != view.commit]
                if not some and not is_glob(pattern):
                    named = [ref for ref in refs if ref.name == pattern]
                    due += [(ref, None, False) for ref in named[:1]]
        for pattern in where.revs:
            if not self._of_revision(pattern, views) and not is_glob(pattern):
                due += [(ref, None, False) for ref in self._revision(pattern)]
        if due:
            try:
                with self._index.progress() as on_progress, self._building(BUSY_SECONDS, on_progress) as builder:
                    self._shown(builder, due, self._too_many(views, due))
            except (StoreBusyError, StoreReadOnlyError, StoreFullError) as error:
                if any(view is None for _, view, _ in due):
                    raise QueryError(f"the view cannot be made: {error}") from error

    def _revision(self, pattern: str) -> Iterator[Ref]:
        from ..indexing.revisions.repository import Ref

        try:
            commit = self.repository.resolve(pattern)
        except ConfigError as error:
            raise QueryError(str(error), text=f"rev:{pattern}") from error
        yield Ref("rev", commit[:12], commit, self.repository.committed(commit))

    @staticmethod
    def _too_many(views: Sequence[StoredView], due: Sequence[tuple[Ref, StoredView | None, bool]]) -> list[StoredView]:
        passing = sorted((view for view in views if not view.kept), key=lambda view: view.moved)
        new = sum(view is None for _, view, _ in due)
        moving = {view.id for _, view, _ in due if view is not None}
        return [view for view in passing[: max(len(passing) + new - PASSING, 0)] if view.id not in moving]

    def remove(self, patterns: Sequence[str]) -> list[StoredView]:
        """Removes views by name, globs allowed, from the settings too; returns them. Raises ConfigError for a name
        that fits none."""
        views = self.stored()
        gone: dict[int, StoredView] = {}
        for pattern in patterns:
            some = [view for view in views if fits(view.name, pattern) or view.commit == pattern]
            if not some:
                raise ConfigError(f"{pattern}: is the name of no view; leindex views lists them")
            gone.update((view.id, view) for view in some)
        wanted = self.wanted()
        names = {view.name for view in gone.values()}
        left = Wanted(
            tuple(p for p in wanted.branches if p not in patterns and p not in names),
            tuple(p for p in wanted.tags if p not in patterns and p not in names),
            tuple(rev for rev in wanted.revs if rev[1][:12] not in names),
        )
        with self._index.updating() as opened:
            opened.catalog.set_state({STATE: left.as_state()})
            tables = ViewTables(opened.catalog)
            with opened.catalog.database.transaction():
                for number in gone:
                    tables.remove(number)
                opened.catalog.finish_update(0.0, {}, {"views_removed": len(gone)})
        return list(gone.values())

    @contextmanager
    def _building(
        self,
        wait_seconds: float,
        on_progress: ProgressCallback | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[ViewBuilder]:
        from ..indexing.pipeline import stored_options
        from ..indexing.revisions.building import ViewBuilder

        with self._index.updating(wait_seconds) as opened:
            options = stored_options(opened.catalog)
            builder = ViewBuilder(
                self.repository, opened.store, opened.catalog, options, on_progress=on_progress, cancelled=cancelled
            )
            try:
                yield builder
            finally:
                builder.close()

    def _shown(
        self,
        builder: ViewBuilder,
        due: Sequence[tuple[Ref, StoredView | None, bool]],
        gone: Sequence[StoredView],
    ) -> list[Shown]:
        from ..indexing.enrich import enrich
        from ..indexing.pipeline import COLLECT_AT_LEAST, collect_unnamed

        catalog, store = builder.catalog, builder.store
        started = time.monotonic()
        shown: list[Shown] = []
        # A branch that moves is written to the disk once; what makes views anew is, batch by batch, as it comes.
        single = len(due) == 1 and due[0][1] is not None
        with catalog.database.transaction() if single else nullcontext():
            try:
                for view in gone:
                    ViewTables(catalog).remove(view.id)
                for ref, before, kept in due:
                    shown.append(builder.show(ref, before, kept=kept))
            finally:
                documents = sum(one.written.documents for one in shown)
                if shown or gone:
                    summary = {"views": len(shown), "views_removed": len(gone), "documents": documents}
                    catalog.finish_update(time.monotonic() - started, {}, summary)
        if not builder.options.text_only and catalog.pending():
            enrich(store, catalog, on_progress=builder.on_progress, cancelled=builder.cancelled)
        collect_unnamed(store, catalog, builder.options, limit=COLLECT_AT_LEAST + 2 * documents)
        return shown
