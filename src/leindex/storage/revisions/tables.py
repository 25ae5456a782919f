"""The files of git's commits, as the catalogue keeps them beside those of the work tree.

A *view* is a branch, a tag or a commit. Most files of one are those of another, so a row is one content at one path,
and says by a bit for each view which of them have it: twenty releases cost what their distinct contents do and not
twenty lists. Views come in parts of `PART`, as many bits as one integer holds. What a content is besides its bytes
(mode, language, encoding, kind, why it is not indexed) takes few combinations, which stand in `view_facts` once.

`number` is the document's; below 0 it is that of a blob in `view_skipped`, which is not indexed. The rows of the work
tree are in `files` and know nothing of this, so that views cost a search of the tree nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import apsw

from ...records import record
from ..catalog import Catalog, key_of
from ..catalog.derived import note_pending, settle_unnamed

PART: Final = 62
"""Views in one part: an integer of SQLite has 63 bits besides its sign."""


class Facts(NamedTuple):
    """What is known of a content at a path, besides its bytes."""

    mode: int
    language: str = ""
    encoding: str = ""
    kind: str = ""
    skipped: str = ""


class ViewRow(NamedTuple):
    """A file of a view. `number` is the document's, or that of a skipped blob below 0."""

    path: bytes
    number: int
    size: int
    facts: Facts


class SkippedBlob(NamedTuple):
    """A blob that is not indexed, with its bytes (0 where they are not known) and the reason."""

    blob: str
    size: int
    reason: str


@record(frozen=True, slots=True)
class StoredView:
    """A view: `kind` is branch, tag or rev, `name` what it is called there.

    `commit` is the commit that it shows and `committed` when that was made, `moved` when the view came to show it (both
    Unix time). `kept` says that the settings of the index ask for it; others are dropped when newer ones come. `notes`
    say what of the commit is not in the view, or otherwise than a checkout has it.
    """

    id: int
    kind: str
    name: str
    commit: str
    committed: float
    moved: float
    kept: bool = True
    notes: tuple[str, ...] = ()


def place_of(view: int) -> tuple[int, int]:
    """The part that a view is in, and its bit there."""
    return view // PART, 1 << view % PART


def masks_of(views: Iterable[int]) -> dict[int, int]:
    """The bits of some views, by part."""
    masks: dict[int, int] = {}
    for view in views:
        part, bit = place_of(view)
        masks[part] = masks.get(part, 0) | bit
    return masks


def stored_views(catalog: Catalog) -> list[StoredView]:
    """The views of an index, in the order of their kinds and names; none of one that was made before there were any."""
    if not catalog.rows("SELECT 1 FROM sqlite_schema WHERE name = 'views'"):
        return []
    found = catalog.rows(
        "SELECT id, kind, name, commit_id, committed, moved, kept, notes FROM views ORDER BY kind, name"
    )
    return [
        StoredView(view, kind, name, commit, committed, moved, bool(kept), tuple(json.loads(notes)))
        for view, kind, name, commit, committed, moved, kept, notes in found
    ]


class ViewTables:
    """Writes views. Each method is one transaction, or a part of the caller's."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def next_id(self) -> int:
        """The smallest number that no view has."""
        taken = {view for (view,) in self.catalog.written("SELECT id FROM views")}
        return next(number for number in range(len(taken) + 1) if number not in taken)

    def rows_of(self, view: int) -> dict[tuple[bytes, int], ViewRow]:
        """The files of a view by path and number."""
        return {(row.path, row.number): row for row in self._listed(*place_of(view))}

    def known(self, part: int) -> dict[tuple[bytes, int], ViewRow]:
        """The files of all views of a part, so that a view to come need not find out what is known."""
        return {(row.path, row.number): row for row in self._listed(part, -1)}

    def known_at(self, part: int, paths: Iterable[bytes]) -> dict[tuple[bytes, int], ViewRow]:
        """The same at some paths."""
        found: dict[tuple[bytes, int], ViewRow] = {}
        for path in paths:
            for number, size, *facts in self.catalog.written(
                "SELECT number, size, mode, language, encoding, kind, skipped FROM view_files JOIN view_facts "
                "ON view_facts.id = facts WHERE part = ? AND path = ?",
                (part, key_of(path)),
            ):
                found[path, number] = ViewRow(path, number, size, Facts(*facts))
        return found

    def rows_at(self, view: int, path: bytes) -> list[ViewRow]:
        """What a view has at a path: one row at most."""
        part, bit = place_of(view)
        found = self.catalog.written(
            "SELECT number, size, mode, language, encoding, kind, skipped FROM view_files JOIN view_facts "
            "ON view_facts.id = facts WHERE part = ? AND path = ? AND views & ?",
            (part, key_of(path), bit),
        )
        return [ViewRow(path, number, size, Facts(*facts)) for number, size, *facts in found]

    def _listed(self, part: int, bits: int) -> Iterator[ViewRow]:
        facts = {
            number: Facts(*values)
            for number, *values in self.catalog.written(
                "SELECT id, mode, language, encoding, kind, skipped FROM view_facts"
            )
        }
        for path, number, size, fact in self.catalog.written(
            "SELECT path, number, size, facts FROM view_files WHERE part = ? AND views & ?", (part, bits)
        ):
            yield ViewRow(path.replace(b"\0", b"/"), number, size, facts[fact])

    def skipped(self, blobs: Iterable[str]) -> dict[str, tuple[int, int, str]]:
        """Number (below 0), size and reason of those of these blobs that are known not to be indexed."""
        found: dict[str, tuple[int, int, str]] = {}
        for blob in blobs:
            for number, size, reason in self.catalog.written(
                "SELECT id, size, reason FROM view_skipped WHERE blob = ?", (bytes.fromhex(blob),)
            ):
                found[blob] = -number, size, reason
        return found

    def skip(self, blobs: Sequence[SkippedBlob]) -> None:
        """Notes blobs that are not indexed; one that is noted already gets the new reason."""
        with self.catalog.database.transaction() as connection:
            connection.executemany(
                "INSERT INTO view_skipped(blob, size, reason) VALUES(?, ?, ?) "
                "ON CONFLICT(blob) DO UPDATE SET size = excluded.size, reason = excluded.reason",
                ((bytes.fromhex(blob), size, reason) for blob, size, reason in blobs),
            )

    def note_unnamed(self, numbers: Iterable[int]) -> None:
        """Notes documents that were written before the files that will name them."""
        with self.catalog.database.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO unnamed VALUES(?, ?)", ((number, time.time()) for number in numbers)
            )

    def put(self, view: StoredView, rows: Iterable[ViewRow]) -> None:
        """Makes these the files of a view, whatever it had; contents that lose their last name are noted."""
        with self.catalog.database.transaction() as connection:
            before = self.rows_of(view.id)
            after = {(row.path, row.number): row for row in rows}
            gone = [row for key, row in before.items() if key not in after or after[key] != row]
            new = [row for key, row in after.items() if key not in before or before[key] != row]
            self._write(connection, view, gone, new)
            connection.execute("DELETE FROM view_totals WHERE view = ?", (view.id,))
            self._add_totals(connection, view.id, after.values(), 1)

    def move(self, view: StoredView, gone: Sequence[ViewRow], new: Sequence[ViewRow]) -> None:
        """Takes some files out of a view and puts others into it."""
        with self.catalog.database.transaction() as connection:
            self._write(connection, view, gone, new)
            self._add_totals(connection, view.id, gone, -1)
            self._add_totals(connection, view.id, new, 1)

    def _write(
        self, connection: apsw.Connection, view: StoredView, gone: Sequence[ViewRow], new: Sequence[ViewRow]
    ) -> None:
        part, bit = place_of(view.id)
        facts = self._facts_of(connection, {row.facts for row in new})
        connection.executemany(
            "UPDATE view_files SET views = views & ~?1 WHERE part = ?2 AND path = ?3 AND number = ?4",
            ((bit, part, key_of(row.path), row.number) for row in gone),
        )
        connection.executemany(
            "INSERT INTO view_files(part, path, number, views, size, facts) VALUES(?1, ?2, ?3, ?4, ?5, ?6) "
            "ON CONFLICT(part, path, number) DO UPDATE SET views = views | ?4, size = ?5, facts = ?6",
            ((part, key_of(row.path), row.number, bit, row.size, facts[row.facts]) for row in new),
        )
        connection.executemany(
            "DELETE FROM view_files WHERE part = ? AND path = ? AND number = ? AND views = 0",
            ((part, key_of(row.path), row.number) for row in gone),
        )
        note_pending(connection, [row.number for row in new if row.number > 0])
        settle_unnamed(connection, {row.number for row in (*gone, *new) if row.number > 0})
        connection.execute(
            "INSERT OR REPLACE INTO views(id, kind, name, commit_id, committed, moved, kept, notes) "
            "VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(view.id, view.kind, view.name, view.commit, view.committed, view.moved, view.kept),
                json.dumps(view.notes),
            ),
        )

    @staticmethod
    def _facts_of(connection: apsw.Connection, facts: Iterable[Facts]) -> dict[Facts, int]:
        numbers: dict[Facts, int] = {}
        for fact in facts:
            connection.execute(
                "INSERT OR IGNORE INTO view_facts(mode, language, encoding, kind, skipped) VALUES(?, ?, ?, ?, ?)", fact
            )
            numbers[fact] = connection.execute(
                "SELECT id FROM view_facts "
                "WHERE mode = ? AND language = ? AND encoding = ? AND kind = ? AND skipped = ?",
                fact,
            ).get
        return numbers

    @staticmethod
    def _add_totals(connection: apsw.Connection, view: int, rows: Iterable[ViewRow], sign: int) -> None:
        sums: dict[str, list[int]] = {}
        for row in rows:
            entry = sums.setdefault(row.facts.skipped, [0, 0])
            entry[0] += sign
            entry[1] += sign * row.size
        connection.executemany(
            "INSERT INTO view_totals VALUES(?1, ?2, ?3, ?4) ON CONFLICT(view, skipped) DO UPDATE "
            "SET files = files + ?3, bytes = bytes + ?4",
            ((view, skipped, files, size) for skipped, (files, size) in sums.items()),
        )

    def note(self, view: StoredView) -> None:
        """Stores what is said of a view whose files stay as they are."""
        self.move(view, (), ())

    def remove(self, view: int) -> None:
        """Removes a view with its files; contents that lose their last name are noted."""
        part, bit = place_of(view)
        with self.catalog.database.transaction() as connection:
            alone = "part = ? AND views = ?"
            numbers = {
                number
                for (number,) in connection.execute(
                    f"SELECT number FROM view_files WHERE {alone} AND number > 0", (part, bit)
                )
            }
            connection.execute(f"DELETE FROM view_files WHERE {alone}", (part, bit))
            connection.execute("UPDATE view_files SET views = views & ~?2 WHERE part = ?1 AND views & ?2", (part, bit))
            connection.execute("DELETE FROM view_totals WHERE view = ?", (view,))
            connection.execute("DELETE FROM views WHERE id = ?", (view,))
            connection.execute(
                "DELETE FROM view_skipped WHERE NOT EXISTS "
                "(SELECT 1 FROM view_files WHERE view_files.number = -view_skipped.id)"
            )
            settle_unnamed(connection, numbers)

    def own_bytes(self) -> Mapping[int, int]:
        """For each view, the bytes of the contents that no other view and no file of the tree has."""
        single = {1 << bit: bit for bit in range(PART)}
        sizes: dict[int, dict[int, int]] = {}
        for part, views, number, size in self.catalog.rows(
            "SELECT part, views, number, size FROM view_files AS v WHERE number > 0 AND views & (views - 1) = 0 "
            "AND NOT EXISTS (SELECT 1 FROM files WHERE files.number = v.number AND files.number > 0) "
            "AND NOT EXISTS (SELECT 1 FROM view_files AS w WHERE w.number = v.number AND w.number > 0 "
            "AND (w.part <> v.part OR w.views <> v.views))"
        ):
            sizes.setdefault(part * PART + single[views], {})[number] = size
        return {view: sum(found.values()) for view, found in sizes.items()}
