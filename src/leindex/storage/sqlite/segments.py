"""Gram and word segments in SQLite: writing, sealing the tail, merging and repairing.

Log-structured, and one rule makes it simple: document numbers only ever grow, so a segment covers a range of
numbers, and documents that no segment covers are the *tail*, which a query scans. Writing a small batch only
adds to the tail. A full tail is *sealed* into a segment, and small neighbouring segments are *merged*, each
in the transaction that retires what it replaces. A deleted document's number is simply no longer in
`kv_store`; its postings go when its segment is merged. A segment with a damaged block rules nothing out until
`compact` has rebuilt it. How candidates are found is in `sqlite_candidates`.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple

import apsw

from ..._native import SegmentBuilder, postings, weighted_postings
from ...errors import StoreCorruptError
from ...records import record
from ...text import searchable
from ..stored_value import decode_value

Kind = Literal["gram", "word"]

TAIL_BYTES: Final = 1 << 20
TAIL_DOCUMENTS: Final = 1000
"""A tail above either limit is sealed. Scanning a full one costs a query some 5 ms; a batch of 100 documents
that made its own segment cost a millisecond more, which is why the count is not smaller."""

FANOUT: Final = 8
MERGE_BELOW: Final = (1 << 20, 8 << 20, 24 << 20)
"""Eight neighbours of less than so many bytes of source become one. Segments above the last limit are left
alone until `compact`, so that no update rewrites more than about 200 MB of source, half a second of work."""

COMPACT_BYTES: Final = 128 << 20
"""`compact` merges neighbours while the result covers at most this many bytes of source."""

BLOCK_BYTES: Final = 16_000

REPAIR: Final = "`leindex doctor --repair` rebuilds it"


class Covered(NamedTuple):
    """What a segment is made of: the first and the last number of its documents, and the bytes of their text."""

    low: int
    high: int
    source_bytes: int


@record(frozen=True, slots=True)
class Segment:
    id: int
    low: int
    high: int
    source_bytes: int
    block_bytes: int

    @property
    def documents(self) -> int:
        return self.high - self.low + 1


def rows(connection: apsw.Connection, sql: str, bindings: tuple[Any, ...] = ()) -> Any:
    """A cursor over rows whose columns have the types that this module gave them."""
    return connection.execute(sql, bindings)


def segments(connection: apsw.Connection, kind: Kind) -> list[Segment]:
    """The segments of a kind, by the documents they cover."""
    found = rows(
        connection,
        "SELECT id, low, high, source_bytes, block_bytes FROM segments WHERE kind = ? ORDER BY low",
        (kind,),
    )
    return [Segment(*row) for row in found]


def gaps(covered: list[Segment]) -> list[tuple[int, int]]:
    """The ranges of numbers, inclusive, that no segment covers; the last is open to the top."""
    found: list[tuple[int, int]] = []
    next_number = 1
    for segment in covered:
        if segment.low > next_number:
            found.append((next_number, segment.low - 1))
        next_number = max(next_number, segment.high + 1)
    found.append((next_number, 2**62))
    return found


# -- writing -------------------------------------------------------------------------------------------------


def write_segment(
    connection: apsw.Connection,
    kind: Kind,
    covered: Covered,
    blocks: list[tuple[int, bytes]],
) -> None:
    """Adds a segment; inside the caller's transaction."""
    (last,) = connection.execute("SELECT max(id) FROM segments").fetchone() or (None,)
    segment = (last or 0) + 1
    connection.execute(
        "INSERT INTO segments(id, kind, low, high, source_bytes, block_bytes) VALUES(?, ?, ?, ?, ?, ?)",
        (segment, kind, *covered, sum(len(data) for _, data in blocks)),
    )
    base = segment << 32
    connection.executemany(
        "INSERT INTO blocks(id, data) VALUES(?, ?)", ((base + first, data) for first, data in blocks)
    )


def drop_segment(connection: apsw.Connection, segment: Segment) -> None:
    """Removes a segment; its documents are tail again."""
    base = segment.id << 32
    connection.execute("DELETE FROM blocks WHERE id BETWEEN ? AND ?", (base, base + 0xFFFFFFFF))
    connection.execute("DELETE FROM segments WHERE id = ?", (segment.id,))


def beyond_tail(size: int, documents: int) -> bool:
    """Whether so much is worth a segment: a batch of its own, a tail its sealing."""
    return size > TAIL_BYTES or documents > TAIL_DOCUMENTS


def reserve_numbers(connection: apsw.Connection, documents: int, tail_bytes: int | None) -> tuple[int, bool]:
    """Reserves numbers for new documents; returns the first, and whether the tail should be sealed.

    Numbers are never given twice, not even after a delete. `tail_bytes` is what the documents add to the
    tail, or None when they come with a segment of their own. The tail's size is kept as a running sum, which
    deletes leave alone, since counting the tail anew would cost each small batch more than writing it.
    """
    tail = (0, 0) if tail_bytes is None else (documents, tail_bytes)
    state = dict(rows(connection, "SELECT name, value FROM store_state"))
    connection.execute(
        "UPDATE store_state SET value = value + "
        "CASE name WHEN 'next_number' THEN ? WHEN 'tail_documents' THEN ? ELSE ? END",
        (documents, *tail),
    )
    full = beyond_tail(state["tail_bytes"] + tail[1], state["tail_documents"] + tail[0])
    return state["next_number"], full


def seal_grams(connection: apsw.Connection) -> None:
    """Makes segments of the whole tail."""
    for low, top in gaps(segments(connection, "gram")):
        builder, start, high, covered = SegmentBuilder(), 0, 0, 0
        sql = "SELECT id, value_type, value, size FROM kv_store WHERE id BETWEEN ? AND ? ORDER BY id"
        for number, value_type, value, size in rows(connection, sql, (low, top)):
            if start and covered + size > COMPACT_BYTES:
                write_segment(connection, "gram", Covered(start, high, covered), builder.finish(BLOCK_BYTES))
                start, covered = 0, 0
            start = start or number
            builder.set_documents(number - start)
            builder.add(searchable(decode_value(value_type, value, size)))
            covered, high = covered + size, number
        if start:
            write_segment(connection, "gram", Covered(start, high, covered), builder.finish(BLOCK_BYTES))
    connection.execute("UPDATE store_state SET value = 0 WHERE name IN ('tail_documents', 'tail_bytes')")


def rebuild_grams(connection: apsw.Connection) -> None:
    """Makes every gram segment anew from the documents."""
    for segment in segments(connection, "gram"):
        drop_segment(connection, segment)
    seal_grams(connection)


def seal_words(connection: apsw.Connection, *, everything: bool = False) -> None:
    """The same for the tail of words."""
    count, size = rows(connection, "SELECT count(*), total(length(keys)) FROM word_tail").fetchone()
    if not count or not (everything or beyond_tail(size, count)):
        return
    tail = rows(connection, "SELECT number, keys, payloads FROM word_tail ORDER BY number")
    builder = SegmentBuilder(payload=True)
    low = high = 0
    for number, keys, payloads in tail:
        low, high = low or number, number
        builder.set_documents(number - low)
        builder.add_keys(keys, payloads)
    write_segment(connection, "word", Covered(low, high, int(size) * 3), builder.finish(BLOCK_BYTES))
    connection.execute("DELETE FROM word_tail")


def merge_small(connection: apsw.Connection, kind: Kind) -> None:
    """Merges the newest segments where a tier is full."""
    for limit in MERGE_BELOW:
        run: list[Segment] = []
        for segment in reversed(segments(connection, kind)):
            if segment.source_bytes >= limit or (run and tail_between(connection, kind, segment, run[-1])):
                break
            run.append(segment)
        if len(run) >= FANOUT:
            merge(connection, kind, run[::-1])


def tail_between(connection: apsw.Connection, kind: Kind, before: Segment, after: Segment) -> bool:
    """Whether live documents lie between two segments: merging them would claim to cover these too."""
    if kind == "word":
        return False  # a missing posting of a word is no claim about its document
    between = (before.high + 1, after.low - 1)
    return connection.execute("SELECT 1 FROM kv_store WHERE id BETWEEN ? AND ? LIMIT 1", between).fetchone() is not None


def merge(connection: apsw.Connection, kind: Kind, run: list[Segment]) -> bool:
    """Replaces neighbouring segments by one without their dead documents. False if a block is damaged.

    There must be no tail between them (see `tail_between`).
    """
    low, high = min(s.low for s in run), max(s.high for s in run)
    live = live_numbers(connection, low, high)
    builder = SegmentBuilder(payload=kind == "word")
    source_bytes = sum(s.source_bytes for s in run)
    for segment in run:
        numbers = array("i", (n - low if n in live else -1 for n in range(segment.low, segment.high + 1)))
        base = segment.id << 32
        sql, missing = "SELECT data FROM blocks WHERE id BETWEEN ? AND ?", segment.block_bytes
        for (data,) in rows(connection, sql, (base, base + 0xFFFFFFFF)):
            try:
                builder.add_block(data, numbers)
            except ValueError:
                return False
            missing -= len(data)
        if missing:
            return False
    for segment in run:
        drop_segment(connection, segment)
    if live:
        builder.set_documents(high - low + 1)
        write_segment(connection, kind, Covered(low, high, source_bytes), builder.finish(BLOCK_BYTES))
    return True


def live_numbers(connection: apsw.Connection, low: int, high: int) -> set[int]:
    """The numbers in a range that are still in use."""
    # The index on key holds every number in a fraction of the pages that the rows themselves take.
    source = "kv_store INDEXED BY sqlite_autoindex_kv_store_1" if high - low > 4096 else "kv_store"
    return {number for (number,) in rows(connection, f"SELECT id FROM {source} WHERE id BETWEEN ? AND ?", (low, high))}


def compact_kind(connection: apsw.Connection, kind: Kind) -> None:
    """Merges neighbours into large segments, drops what deletes left, and rebuilds what is damaged."""
    run: list[Segment] = []

    def seal() -> None:
        if kind == "gram":
            seal_grams(connection)
        else:
            seal_words(connection, everything=True)

    def finish() -> None:
        if run and not merge(connection, kind, run):
            if kind == "word":
                # Only what made the words can make them again: from now on no document's words are known.
                for table in ("word_tail", "word_lengths"):
                    connection.execute(f"DELETE FROM {table}")
            for segment in run if kind == "gram" else segments(connection, kind):
                drop_segment(connection, segment)
        run.clear()

    seal()
    for segment in segments(connection, kind):
        full = sum(s.source_bytes for s in run) + segment.source_bytes > COMPACT_BYTES
        if run and (full or tail_between(connection, kind, run[-1], segment)):
            finish()
        run.append(segment)
    finish()
    seal()


def damaged_blocks(connection: apsw.Connection) -> Iterator[str]:
    """A line for each block that cannot be read, and for each segment that has lost some."""
    for kind in ("gram", "word"):
        for segment in segments(connection, kind):
            base, missing = segment.id << 32, segment.block_bytes
            sql = "SELECT id, data FROM blocks WHERE id BETWEEN ? AND ?"
            for block, data in rows(connection, sql, (base, base + 0xFFFFFFFF)):
                missing -= len(data)
                try:
                    postings(data, 0, 0) if kind == "gram" else weighted_postings(data, 0, 0)
                except ValueError:
                    yield f"segment {segment.id}, block {block - base:08x} is damaged; {REPAIR}"
            if missing:
                yield f"segment {segment.id} is damaged: {missing} bytes of its blocks are missing; {REPAIR}"


# -- words ---------------------------------------------------------------------------------------------------


def word_in_segment(connection: apsw.Connection, segment: Segment, key: int) -> tuple[bytes, bytes]:
    """The documents of a segment of words that hold the word with this hash (native uint32), and their payloads."""
    base = segment.id << 32
    row = rows(
        connection,
        "SELECT data FROM blocks WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1",
        (base, base + key),
    ).fetchone()
    if row is None:
        return b"", b""
    try:
        return weighted_postings(row[0], key, segment.low)
    except ValueError:
        raise StoreCorruptError(f"the words of segment {segment.id} are damaged; index again") from None


def words_in_tail(connection: apsw.Connection, wanted: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
    """The same, for each of these words, of documents whose words no segment covers."""
    found = {key: (array("I"), bytearray()) for key in wanted}
    needles = [(key.to_bytes(4, sys.byteorder), *found[key]) for key in found]
    for number, keys, payloads in rows(connection, "SELECT number, keys, payloads FROM word_tail ORDER BY number"):
        for needle, numbers, weights in needles:
            place = keys.find(needle)
            while place >= 0 and place % 4:
                place = keys.find(needle, place + 1)
            if place >= 0:
                numbers.append(number)
                weights.append(payloads[place // 4])
    return {key: (numbers.tobytes(), bytes(weights)) for key, (numbers, weights) in found.items()}
