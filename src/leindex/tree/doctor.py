"""Looking for damage in an index, and mending it: what each structure says is compared with the others and the tree.

A *finding* names a structure and says in a sentence what is wrong. Repair rebuilds only what is damaged: a database
with damaged pages is copied row by row, segments are made again from the documents, definitions and words from the
contents, and files whose content is lost are forgotten, so that the update that follows reads them from the tree.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Final, NamedTuple

from ..config import Location
from ..errors import StorageError, StoreCorruptError
from ..models import Progress, ProgressCallback
from ..storage.catalog import Catalog
from ..storage.database import Database
from ..storage.integrity.salvage import salvage
from ..storage.registry import DEFAULT_ENGINE
from ..storage.revisions.schema import CLEAR
from ..storage.storage_interface import SearchInterface

FILE: Final = "database"
STORE: Final = "store"
SEGMENTS: Final = "segments"
DOCUMENTS: Final = "documents"
SYMBOLS: Final = "symbols"
FILES: Final = "files"
TOTALS: Final = "totals"
GIT: Final = "git"
VIEWS: Final = "views"

REMEDY: Final = {
    FILE: "copy every row that can be read into a new database, and read what is missing from the tree",
    STORE: "build the index again from the tree",
    SEGMENTS: "make the damaged segments again from the documents",
    DOCUMENTS: "delete the damaged documents and read their files from the tree",
    SYMBOLS: "derive the definitions and words of these documents again",
    FILES: "forget these files and read them from the tree",
    TOTALS: "count the files again",
    GIT: "read these files from the tree",
    VIEWS: "read the branches, tags and commits from git again",
}
"""What repair does about a finding of each structure."""


class Finding(NamedTuple):
    """Something that is wrong: in which structure, in a sentence, with which documents or files if that is known."""

    structure: str
    told: str
    numbers: tuple[int, ...] = ()
    paths: tuple[bytes, ...] = ()


class Steps:
    """How far looking for damage is: its stages, of which that of the contents is counted."""

    def __init__(self, on_progress: ProgressCallback | None) -> None:
        self._tell = on_progress or (lambda progress: None)
        self._began = time.monotonic()

    def begin(self, stage: str) -> None:
        """A stage whose length is not known."""
        self._tell(Progress(stage, seconds=time.monotonic() - self._began))

    def count(self, stage: str, done: int, total: int) -> None:
        """So much of a stage is done."""
        self._tell(Progress(stage, done, total, seconds=time.monotonic() - self._began))


def examine(root: bytes, store: SearchInterface, catalog: Catalog, steps: Steps) -> Iterator[Finding]:
    """Everything that is wrong with an open index, in a snapshot of it; views are looked at by `KeptViews.problems`."""
    steps.begin("pages")
    problems = catalog.database.integrity_problems()
    yield from (Finding(FILE, told) for told in problems)
    if problems:
        return
    structure = SEGMENTS if store.name == "sqlite" else STORE
    steps.begin(structure)
    damaged = [Finding(structure, told) for told in store.check()]
    yield from damaged
    if structure == STORE and damaged:
        return
    stored = dict(store.ids())
    yield from _documents(store, catalog, stored, steps)
    steps.begin("files")
    yield from _files(catalog, stored)
    yield from _totals(catalog)
    yield from _unlike_git(root, catalog)


def _documents(store: SearchInterface, catalog: Catalog, stored: dict[int, str], steps: Steps) -> Iterator[Finding]:
    """Every content is compared with its id, and its definitions are unpacked."""
    from ..indexing.read import blob_id
    from ..symbols.definitions import unpack

    pending = {number for number, _ in catalog.without_symbols()}
    unknown = []
    for done, (number, doc_id) in enumerate(stored.items()):
        steps.count("contents", done, len(stored))
        try:
            content = store.contents([number])[0]
            if content is not None and blob_id(content) != doc_id:
                yield Finding(DOCUMENTS, f"document {doc_id}: its content is another", (number,))
                continue
        except StoreCorruptError as error:
            yield Finding(DOCUMENTS, f"document {doc_id}: {error}", (number,))
            continue
        try:
            symbols = catalog.symbols_of(number)
            if symbols is not None:
                unpack(symbols[1])
            elif number not in pending:
                unknown.append(number)
        except StoreCorruptError as error:
            yield Finding(SYMBOLS, f"document {doc_id}: {error}", (number,))
    if unknown and (named := {row.number for row in catalog.files_of(unknown)}):
        yield Finding(SYMBOLS, f"the definitions of {len(named)} documents are missing", tuple(sorted(named)))


def _files(catalog: Catalog, stored: dict[int, str]) -> Iterator[Finding]:
    for row in catalog.files():
        if row.number and stored.get(row.number) != row.doc_id:
            yield Finding(FILES, f"{row.name}: its content is not in the index", paths=(row.path,))


def _totals(catalog: Catalog) -> Iterator[Finding]:
    if catalog.counted() != catalog.sizes_by_reason():
        yield Finding(TOTALS, "the figures of files and bytes are not those of the files")


def _unlike_git(root: bytes, catalog: Catalog) -> Iterator[Finding]:
    """Files that are unchanged for git and for the index must have the same content for both."""
    from ..indexing.gitindex import git_index
    from ..indexing.pipeline import stored_options
    from ..indexing.walk.discover import discover

    known = git_index(root)
    if known is None:
        return
    rows = {row.path: row for row in catalog.files() if row.number}
    for found in discover(root, stored_options(catalog).discover):
        row = rows.get(found.path)
        if row is None or (row.size, row.mtime_ns, row.inode) != (found.size, found.mtime_ns, found.inode):
            continue
        if (blob := known.blob_id(found)) and blob != row.doc_id:
            yield Finding(GIT, f"{row.name}: git knows another content of it", paths=(row.path,))


def mend(findings: list[Finding], store: SearchInterface, catalog: Catalog) -> None:
    """Rebuilds what the findings name, as far as it needs no tree; what it forgets the next update reads."""
    by = {finding.structure for finding in findings}
    numbers = {n for finding in findings if finding.structure == DOCUMENTS for n in finding.numbers}
    paths = [path for finding in findings for path in finding.paths]
    again = {n for finding in findings if finding.structure == SYMBOLS for n in finding.numbers}
    if SEGMENTS in by:
        store.compact()
        if store.word_totals().documents == 0:  # those of words cannot be made again from the others
            again |= {number for number, _ in store.ids()}
    with catalog.database.transaction():
        if numbers:
            paths += [row.path for row in catalog.files_of(sorted(numbers))]
            store.delete_documents([name for name in store.doc_ids(sorted(numbers)) if name is not None])
        if paths:
            catalog.remove_files(sorted(set(paths)))
        if again:
            catalog.derive_again(sorted(again))
        if VIEWS in by:
            catalog.database.writer.execute(CLEAR)
        if TOTALS in by:
            catalog.count_again()


def other_engine(location: Location) -> str | None:
    """The engine of an index whose file is whole, unless it keeps the documents in that file as well."""
    try:
        with closing(Database(location.database, mode="read")) as database:
            engine: str = Catalog(database).state("engine", DEFAULT_ENGINE)
            whole = engine != DEFAULT_ENGINE and not database.integrity_problems()
    except StorageError:
        return None
    return engine if whole else None


def rebuild(location: Location, structures: set[str]) -> None:
    """Turns a damaged database into a whole one; what cannot be saved is deleted, to be built again from the tree."""
    if STORE not in structures:
        saved = {one.table: one for one in salvage(location.database)}
        if saved["index_state"].rows and saved["index_state"].whole:
            return
    from ..storage.folder.own_files import remove_own

    remove_own(location.folder)
