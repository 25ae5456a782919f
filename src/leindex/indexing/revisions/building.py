"""Views made and moved: the whole flow of one view in `ViewBuilder.show`.

    commit -> entries -> files of the view -> rows, with what is missing read -> one transaction

A view that moves from one commit to another costs what differs between them, as long as no file of ignore rules does
and git still has the commit that it shows; else its list is made anew, of which only what is new is written.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from ...errors import ConfigError
from ...models import ProgressCallback
from ...records import field, record, replace
from ...storage.catalog import Catalog
from ...storage.revisions.tables import Facts, StoredView, ViewRow, ViewTables, place_of
from ...storage.storage_interface import SearchInterface
from ..pipeline import UpdateOptions
from ..walk.beside import Asked
from ..walk.discover import DiscoverOptions
from ..walk.ignore_files import RULE_FILES
from .contents import Blobs, Contents, Written
from .listing import concerns_all, list_files
from .repository import ABSENT, LINK, SUBMODULE, Blob, BlobReader, Ref, Repository, TreeEntry
from .submodules import expanded

_NO_FILE: Final = (LINK, SUBMODULE)
FEW: Final = 2_000
"""Up to so many paths what is known of each is looked up by itself."""

_CONVERSION: Final = re.compile(rb"\s(?:ident|filter=|working-tree-encoding=|eol=crlf|crlf)", re.MULTILINE)
CONVERTED: Final = "a checkout may convert files, as .gitattributes says; they are searched as git stores them"


@record(slots=True)
class Shown:
    """What was done for a view."""

    view: StoredView
    changed: bool = False
    listed: bool = False
    """Whether its list was made anew."""
    files: int = 0
    written: Written = field(default_factory=Written)


@record(slots=True)
class ViewBuilder:
    """Makes and moves the views of an index that is open for writing. `close` ends git."""

    repository: Repository
    store: SearchInterface
    catalog: Catalog
    options: UpdateOptions
    on_progress: ProgressCallback | None = None
    cancelled: Callable[[], bool] = lambda: False
    _readers: dict[Repository, BlobReader] = field(default_factory=dict)

    def close(self) -> None:
        """Ends the processes of git."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def show(self, ref: Ref, view: StoredView | None, *, kept: bool) -> Shown:
        """Makes the view of a branch, tag or commit, or moves one that there is, and notes what is said of it.

        Raises ConfigError where git lacks the commit, CancelledError at a batch boundary, StorageError.
        """
        tables = ViewTables(self.catalog)
        if view is not None and view.commit == ref.commit and not self._is_partial(view):
            if view.kept == kept:
                return Shown(view)
            view = replace(view, kept=kept)
            tables.note(view)
            return Shown(view, changed=True)
        number = tables.next_id() if view is None else view.id
        after = StoredView(number, ref.kind, ref.name, ref.commit, ref.committed, time.time(), kept)
        if view is not None and not self._is_partial(view):
            moved = self._moved(view, after)
            if moved is not None:
                return moved
        return self._listed(after)

    def _is_partial(self, view: StoredView) -> bool:
        """Whether something of a view could not be read, which may be there now."""
        return bool(
            self.catalog.written(
                "SELECT 1 FROM view_totals WHERE view = ? AND skipped = 'unreadable' AND files > 0", (view.id,)
            )
        )

    # -- all of a commit ------------------------------------------------------------------------------------------

    def _listed(self, view: StoredView) -> Shown:
        entries, sources, notes = expanded(self.repository, self.repository.tree(view.commit), view.commit)
        blobs = self._blobs(sources)

        def contents(wanted: Sequence[str]) -> dict[str, bytes]:
            return {blob: data for blob, data, _ in blobs.read(wanted) if data is not None}

        listing = list_files(self.repository, entries, self.options.discover, contents)
        attributes = {entry.blob for entry in entries if entry.path.rpartition(b"/")[2] == b".gitattributes"}
        if any(_CONVERSION.search(data) for data in contents(sorted(attributes)).values()):
            notes.append(CONVERTED)
        part, _ = place_of(view.id)
        tables = ViewTables(self.catalog)
        known = tables.known(part)
        tree = {
            (row.path, row.number): ViewRow(
                row.path, row.number, row.size, Facts(row.mode, row.language, row.encoding, row.kind)
            )
            for row in self.catalog.files()
            if row.number
        }
        taking = self._contents(blobs, lambda path, number: known.get((path, number)) or tree.get((path, number)))
        rows = taking.rows(listing.files)
        view = replace(view, notes=tuple(notes + self._unread(taking.done)))
        tables.put(view, rows)
        return Shown(view, True, True, len(rows), taking.done)

    # -- what differs ---------------------------------------------------------------------------------------------

    def _moved(self, before: StoredView, after: StoredView) -> Shown | None:
        """The view moved by what differs between two commits; None where that does not settle it."""
        prefix = self.repository.prefix
        try:
            changes = self.repository.changes(before.commit, after.commit)
        except ConfigError:
            return None  # the commit that it showed is gone: the branch was rewritten, and git has cleared away
        touched = [(old, new) for old, new in changes if new.path.startswith(prefix)]
        if len(touched) > FEW or any(
            concerns_all(new.path) or SUBMODULE in (old.mode, new.mode) or b"\n" in new.path for old, new in changes
        ):
            return None
        tables = ViewTables(self.catalog)
        part, _ = place_of(after.id)
        gone: list[ViewRow] = []
        files: dict[bytes, tuple[int, str]] = {}
        added: list[TreeEntry] = []
        for old, new in touched:
            path = new.path[len(prefix) :]
            rows = tables.rows_at(after.id, path)
            gone += rows
            if new.blob == ABSENT or new.mode == LINK:
                continue
            if rows:
                files[path] = new.mode, new.blob
            elif old.blob == ABSENT or old.mode == LINK:
                added.append(new)
        blobs = self._blobs({})
        if added:
            files |= self._let_in(after.commit, added, blobs)
        known = tables.known_at(part, files)
        taking = self._contents(blobs, lambda path, number: known.get((path, number)) or self._of_tree(path, number))
        with self.catalog.database.transaction():
            new_rows = taking.rows(files)
            view = replace(after, notes=(*before.notes, *self._unread(taking.done)))
            tables.move(view, gone, new_rows)
        return Shown(view, True, False, len(new_rows), taking.done)

    def _let_in(self, commit: str, added: Sequence[TreeEntry], blobs: Blobs) -> dict[bytes, tuple[int, str]]:
        """Those of some new files that the rules let in, by their path below the root."""
        folders = {b""}
        for entry in added:
            parts = entry.path.split(b"/")[:-1]
            folders.update(b"/".join(parts[: count + 1]) for count in range(len(parts)))
        places = [folder + b"/" + name if folder else name for folder in folders for name in RULE_FILES]
        rules = self.repository.entries_at(commit, [place for place in places if not place.endswith((b".git", b".jj"))])
        listing = list_files(
            self.repository,
            [*added, *rules],
            self.options.discover,
            lambda wanted: {blob: data for blob, data, _ in blobs.read(wanted) if data is not None},
        )
        paths = {entry.path[len(self.repository.prefix) :] for entry in added}
        return {path: found for path, found in listing.files.items() if path in paths}

    def _of_tree(self, path: bytes, number: int) -> ViewRow | None:
        row = self.catalog.file(path)
        if row is None or row.number != number:
            return None
        return ViewRow(path, number, row.size, Facts(row.mode, row.language, row.encoding, row.kind))

    # -- contents -------------------------------------------------------------------------------------------------

    def _contents(self, blobs: Blobs, known: Callable[[bytes, int], ViewRow | None]) -> Contents:
        size = self.options.discover.max_size
        return Contents(self.store, self.catalog, blobs, size, known, self.cancelled, self.on_progress)

    def _blobs(self, sources: Mapping[str, Repository]) -> Blobs:
        """Reads each blob from the repository that has it, which is another for those of submodules."""

        def of_each(blobs: Iterable[str]) -> dict[Repository, list[str]]:
            grouped: dict[Repository, list[str]] = {}
            for blob in blobs:
                grouped.setdefault(sources.get(blob, self.repository), []).append(blob)
            return grouped

        def sizes(blobs: Sequence[str]) -> dict[str, int]:
            found: dict[str, int] = {}
            for repository, some in of_each(blobs).items():
                found |= repository.sizes(some)
            return found

        def read(blobs: Sequence[str]) -> Iterator[Blob]:
            for repository, some in of_each(blobs).items():
                if repository not in self._readers:
                    self._readers[repository] = BlobReader(repository)
                yield from self._readers[repository].read(some)

        return Blobs(sizes, read)

    @staticmethod
    def _unread(done: Written) -> list[str]:
        """What is said where contents could not be read."""
        if not done.unread:
            return []
        blob, reason = next(iter(done.unread.items()))
        return [f"{len(done.unread)} contents could not be read from git, the first {blob[:12]}: it {reason}"]


def files_asked(
    repository: Repository, commit: str, options: DiscoverOptions, asked: Asked, scope: bytes
) -> dict[bytes, str]:
    """The files of a commit, but for those of submodules, that a search asks for in a folder below the root, and the
    blob of each."""
    entries = repository.tree(commit)
    named = [entry.blob for entry in entries if entry.path == repository.prefix + scope and entry.mode not in _NO_FILE]
    if named:
        return {scope: named[0]}
    reader = BlobReader(repository)
    try:
        listing = list_files(
            repository,
            entries,
            options,
            lambda wanted: {blob: data for blob, data, _ in reader.read(wanted) if data is not None},
            asked,
            scope,
        )
    finally:
        reader.close()
    return {path: blob for path, (_, blob) in listing.files.items()}


__all__ = ["Shown", "ViewBuilder", "files_asked"]
