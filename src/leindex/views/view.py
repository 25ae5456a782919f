"""`View`: one consistent state of one tree, which is what every question is asked of.

The facade makes views, inside a snapshot of its store, and the packages that answer questions take them. A view is of
whatever has a catalogue: of a work tree, or of branches, tags and commits, one or several. Nothing here reads the tree
itself; files that have no document, since they are over the size limit, are read from `disk`, those of a commit from
git's store by way of `others`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from ..errors import ConfigError, QueryError
from ..models import Completeness, FileChange, FileRow
from ..questions import Where
from ..records import field, record, replace
from ..storage.catalog import Catalog
from ..storage.revisions.listed import ViewCatalog
from ..storage.revisions.tables import StoredView
from ..storage.storage_interface import SearchInterface
from .select import Selection, Selector
from .table import FileTable

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from ..linkage import Noted
    from ..query.ast import ChangeFilter


Made = TypeVar("Made")


class Knowledge(Protocol):
    """What is known of languages; the question packages are handed it, since only indexing reads source."""

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of definitions that there are."""

    def languages(self, value: str) -> frozenset[str]:
        """The languages that a value of `lang:` means. Raises QueryError for one that means none."""

    def calls(self, content: bytes, language: str) -> Sequence[tuple[str, int, int]]:
        """The call sites in a content: name, line from 1, column in bytes from 0."""

    def definitions(self, content: bytes, language: str) -> Sequence[Sequence[Any]]:
        """The definitions in a content, each with the fields of a stored one."""

    def read(self, content: bytes, language: str) -> tuple[Sequence[Sequence[Any]], Noted | None]:
        """The same, and the places of the references, None where these are not known."""

    def language_of(self, path: bytes) -> str:
        """The language that a file's name tells; "" where it tells none."""


class Resources(Protocol):
    """What is kept from one view to the next, and made only when it is asked for."""

    def table(self, view: View) -> FileTable:
        """All files of the view as arrays, once a generation."""

    def pool(self) -> ThreadPoolExecutor:
        """The threads that read and test ahead."""

    def made(self, view: View, make: Callable[[View], Made]) -> Made:
        """What `make` makes of a view, once a generation."""


class Others(Protocol):
    """The other views of the same index."""

    def matching(self, where: Where) -> Sequence[StoredView]:
        """Those that are meant. Raises QueryError where none is."""

    def stored(self) -> Sequence[StoredView]:
        """All of them."""

    def totals(self, view: StoredView) -> tuple[int, int]:
        """Files of one that are indexed, and their bytes."""

    def age_seconds(self) -> float | None:
        """How long ago they were compared with their branches; None if they never were."""

    def blob(self, blob: str) -> bytes | None:
        """A content that is no document, from git's store; None where it cannot be read."""


class Changes(Protocol):
    """What differs from commits, of the tree as it is."""

    def diff(self, base: str) -> Sequence[FileChange]:
        """What the files on disk differ in from a revision, or from what is staged where the base is "index".

        Raises QueryError for a base that is none, and where there is no git.
        """

    def touched(self, asked: ChangeFilter) -> frozenset[bytes]:
        """The paths that a filter means. Raises QueryError for a value that means nothing."""


NEVER_COMPARED: Final = (
    "the index was never compared with the whole tree, so files may be missing; to do so run: leindex index"
)


@record(frozen=True, slots=True)
class View:
    """One state of one tree. Used by one thread, while the snapshot that it was made in lasts.

    `name` is what `repo:` is compared with, `place` what messages call it. `scope` is the folder to stay in, relative
    to the root, "" for all. `age` tells how many seconds ago the state was compared with what it is a view of, and
    `note` why it could not be, if so. `edits` are texts by path that stand in place of what is indexed, such as
    those that an editor has not saved: outlines, fuzzy names and the graph read them, searches do not.
    """

    name: str
    place: str
    store: SearchInterface
    catalog: Catalog
    resources: Resources
    knowledge: Knowledge
    disk: Path | None = None
    scope: str = ""
    age: Callable[[], float | None] = lambda: 0.0
    note: str = ""
    others: Others | None = None
    changes: Callable[[], Changes] | None = None
    edits: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def generation(self) -> int:
        """What answers and cursors are bound to."""
        return self.catalog.generation

    @property
    def table(self) -> FileTable:
        """The files in path order."""
        return self.resources.table(self)

    @property
    def views(self) -> tuple[StoredView, ...]:
        """The branches, tags and commits that this is a view of; none for the tree as it is."""
        return self.catalog.views if isinstance(self.catalog, ViewCatalog) else ()

    @property
    def key(self) -> object:
        """What tells this state from others of the same generation."""
        return self.catalog.key if isinstance(self.catalog, ViewCatalog) else None

    def at(self, where: Where) -> View:
        """Other views of the same index in place of this one. Raises QueryError where there are none."""
        if self.others is None:
            raise QueryError("this index has no views but the tree as it is")
        views = self.others.matching(where)
        place = f"{self.place} at {', '.join(view.name for view in views)}"
        return replace(
            self,
            catalog=ViewCatalog(self.catalog, views),
            place=place,
            disk=None,
            changes=None,
            age=self.others.age_seconds if any(view.kind == "branch" for view in views) else lambda: 0.0,
            note="",
            edits={},
        )

    def changes_for(self, asked: str) -> Changes:
        """What differs from commits, for what is asked. Raises QueryError where this is not a view of the tree as it
        is."""
        if self.changes is None:
            advice = "leave branch: and rev: out"
            raise QueryError(f"{asked} is about the files as they are on disk", text=asked, advice=advice)
        return self.changes()

    def views_of(self, bits: int) -> tuple[str, ...]:
        """The names of the views that have a file, where several are asked."""
        return self.catalog.names_of(bits) if isinstance(self.catalog, ViewCatalog) else ()

    @property
    def scope_bytes(self) -> bytes:
        """The scope as the catalogue has paths."""
        return os.fsencode(self.scope)

    def within(self, scope: str) -> View:
        """The same state, with another folder to stay in."""
        return replace(self, scope=scope)

    def selector(self, accepts: Callable[[bytes], bool] | None = None) -> Selector:
        """The files of the scope for one search; `accepts` is a condition on their paths."""
        return Selector(
            self.store,
            self.catalog,
            lambda: self.table,
            self.resources.pool,
            self.scope_bytes,
            accepts,
            self.disk,
            blob=None if self.others is None else self.others.blob,
        )

    def files_of(self, numbers: Sequence[int]) -> list[FileRow]:
        """The files in the scope whose content is one of these documents."""
        prefix = self.scope + "/" if self.scope else ""
        return [row for row in self.catalog.files_of(numbers) if row.name.startswith(prefix)]

    def language_of(self, path: str) -> str:
        """The language of a file, which need not be indexed; "" of one that is not known."""
        row = self.catalog.file(os.fsencode(path))
        return row.language if row is not None and row.number else self.knowledge.language_of(os.fsencode(path))

    def edited_row(self, path: str) -> FileRow:
        """A file of `edits` as a row of the catalogue."""
        return FileRow(os.fsencode(path), 0, 0, 0, 0, 0, language=self.language_of(path))

    def file(self, path: str) -> FileRow:
        """The row of an indexed file. Raises ConfigError for one that is not indexed."""
        row = self.catalog.file(os.fsencode(path))
        if row is None or not row.number:
            reason = f" ({row.skipped})" if row is not None and row.skipped else ""
            raise ConfigError(f"{path}: is not in the index of {self.place}{reason}")
        return row

    def content(self, number: int) -> bytes | None:
        """The content of a document, None if it is gone."""
        return self.store.contents([number])[0]

    def read(self, path: str) -> bytes:
        """The content of a file as it is indexed. Raises ConfigError for one that is not."""
        row = self.catalog.file(os.fsencode(path))
        if row is None:
            raise ConfigError(f"{path}: is not in the index of {self.place}")
        content = self.content(row.number) if row.number else None
        if content is None:
            raise ConfigError(f"{path}: is not indexed ({row.skipped or 'its content is gone'})")
        return content

    def completeness(self, seen: Selection, *, truncated: bool = False, indexed_only: bool = False) -> Completeness:
        """What an answer covers, for a search of the scope that looked at `seen`.

        `indexed_only` says that it did not read the files over the size limit, as grep does.
        """
        totals = self.catalog.totals()
        skipped = dict(totals.skipped)
        eligible, large = totals.files + skipped.get("too large", 0), skipped.get("too large", 0)
        if self.scope:
            eligible, large = self.table.count(self.scope_bytes)
        age = self.age()
        notes = [*seen.notes, *filter(None, [self.note, NEVER_COMPARED if age is None else ""])]
        passed_by = large if indexed_only else 0
        if passed_by:
            notes.append(f"{passed_by} files over the size limit are searched by grep only")
        if seen.pending:
            notes.append(f"the symbols of {seen.pending} files are not extracted yet")
        if seen.unread:
            notes.append(f"{len(seen.unread)} files over the size limit could not be read")
        notes += [f"{view.name}: {note}" for view in self.views for note in view.notes]
        passed_over = {} if self.views else dict(self.catalog.state("passed_over", {}))
        unread_folders = passed_over.get("unreadable folder", 0)
        if unread_folders:
            skipped["unreadable folder"] = unread_folders
        unread = skipped.get("unreadable", 0) + unread_folders + skipped.get("changed", 0) + len(seen.unread)
        return Completeness(
            complete=not (truncated or unread or passed_by or seen.pending or self.note or age is None),
            eligible=eligible,
            candidates=seen.candidates,
            verified=seen.verified,
            skipped=skipped,
            truncated=truncated,
            generation=self.generation,
            age_seconds=age,
            notes=tuple(notes),
        )
