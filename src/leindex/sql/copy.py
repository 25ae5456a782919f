"""The copies of an index that SQL reads: DuckDB files in the index's folder, made once per state of the
index.

Rows travel as lists that DuckDB takes apart itself (`unnest`), which needs no further package and is a
hundred times as fast as row by row; symbols as the JSON they are stored as. The lines of a content are
counted once: the next copy takes them over from the one before, by content.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb

from .._native import count_newlines
from ..graph.answer import Edge
from ..graph.export import Export, id_of
from ..models import FileRow, Progress, ProgressCallback
from ..questions import GraphQuestion, SqlQuestion
from ..records import record
from ..storage.catalog import Catalog
from ..storage.storage_interface import SearchInterface
from ..symbols.definitions import symbols_json
from ..text import searchable
from ..views.view import View

ROWS_AT_ONCE: Final = 20_000
DOCUMENTS_AT_ONCE: Final = 512
BYTES_AT_ONCE: Final = 16 << 20
ABANDONED_SECONDS: Final = 3600.0
"""An unfinished copy older than this belongs to no process that still works on it."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@record(slots=True)
class _Source:
    view: View
    store: SearchInterface
    catalog: Catalog
    before: Path | None
    on_progress: ProgressCallback | None
    started: float
    shared: bool

    def files(self) -> Iterator[FileRow]:
        """The files with the ids of their contents, which the rows of views do not have."""
        if not self.shared:
            yield from self.catalog.files()
            return
        for rows in _cut(self.catalog.files(), DOCUMENTS_AT_ONCE):
            ids = self.store.doc_ids([row.number for row in rows])
            for row, doc_id in zip(rows, ids, strict=True):
                yield row._replace(doc_id=doc_id or row.doc_id)

    def report(self, stage: str, done: int, total: int) -> None:
        if self.on_progress is not None:
            self.on_progress(
                Progress(stage, documents=done, documents_total=total, seconds=time.monotonic() - self.started)
            )


def copies(names: Iterable[str], view: View, question: SqlQuestion) -> dict[str, Path]:
    """The DuckDB files with the tables of these names, in the question's folder, for the state that the view is of;
    those that are missing are made.

    Raises duckdb.Error and OSError.
    """
    catalog, folder = view.catalog, question.folder
    totals = catalog.totals()
    skipped = sum(totals.skipped.values())
    # Between two generations rows come and go in batches, and symbols follow later.
    state = f"{catalog.generation}-{totals.files}-{totals.bytes}-{skipped}-{catalog.pending()}"
    of_views = f"at-{hashlib.sha256(repr(view.key).encode()).hexdigest()[:12]}-" if view.views else ""
    found: dict[str, Path] = {}
    for name in names:
        file = folder / f"sql-{name}-{of_views}{state}.duckdb"
        if not file.exists():
            # Those of the tree and those of views in turns would make each other again and again.
            same = folder.glob(f"sql-{name}-{'at-' if of_views else '[0-9]'}*.duckdb")
            older = [old for old in same if old != file]
            before = max(older, key=lambda old: old.stat().st_mtime_ns, default=None)
            source = _Source(
                view, view.store, catalog, before, question.on_progress, time.monotonic(), bool(view.views)
            )
            _make(file, *_FILLS[name], source)
            for old in older:
                old.unlink(missing_ok=True)
        found[name] = file
    return found


def _make(file: Path, fill: Callable[[duckdb.DuckDBPyConnection, _Source], None], group: int, source: _Source) -> None:
    """Makes a copy whole or not at all, and clears away what a crash has left."""
    for abandoned in file.parent.glob("sql-*.tmp*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - abandoned.stat().st_mtime > ABANDONED_SECONDS:
                abandoned.unlink()
    unfinished = file.with_name(f"{file.stem}.{os.getpid()}.tmp")
    try:
        connection = duckdb.connect(":memory:", config={"python_enable_replacements": False})
        try:
            name = os.fspath(unfinished).replace("'", "''")
            connection.execute(f"ATTACH '{name}' AS copy (ROW_GROUP_SIZE {group})")
            unfinished.chmod(0o600)
            connection.execute("USE copy")
            connection.begin()
            fill(connection, source)
            connection.commit()
            connection.execute("USE memory")
            connection.execute("DETACH copy")
        finally:
            connection.close()
        os.replace(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)
        unfinished.with_name(unfinished.name + ".wal").unlink(missing_ok=True)


def _insert(connection: duckdb.DuckDBPyConnection, columns: Sequence[Sequence[Any]]) -> None:
    marks = ", ".join("unnest(?)" for _ in columns)
    connection.execute(f"INSERT INTO data SELECT {marks}", list(columns))


# -- files ---------------------------------------------------------------------------------------------------


def _fill_files(connection: duckdb.DuckDBPyConnection, source: _Source) -> None:
    connection.execute(
        "CREATE TABLE data(number BIGINT, path VARCHAR, language VARCHAR, size BIGINT, lines BIGINT, "
        "kind VARCHAR, encoding VARCHAR, skipped VARCHAR, modified TIMESTAMP, doc_id VARCHAR)"
    )
    lines = _lines(source)
    for rows in _cut(source.files(), ROWS_AT_ONCE):
        _insert(connection, list(zip(*(_file_values(row, lines) for row in rows), strict=True)))


def _file_values(row: FileRow, lines: dict[int, int]) -> tuple[Any, ...]:
    modified = _EPOCH + timedelta(microseconds=row.mtime_ns // 1000)
    return (
        row.number or None,
        row.path.decode("utf-8", "replace"),
        row.language or None,
        row.size,
        lines.get(row.number),
        row.kind or None,
        row.encoding or None,
        row.skipped or None,
        modified.replace(tzinfo=None) if modified else None,
        row.doc_id or None,
    )


def _lines(source: _Source) -> dict[int, int]:
    """The number of lines of each document."""
    known: dict[str, int] = {}
    if source.before is not None:
        with contextlib.suppress(duckdb.Error):  # a copy that cannot be read is only a copy
            old = duckdb.connect(os.fspath(source.before), read_only=True)
            try:
                known = dict(old.execute("FROM data SELECT doc_id, lines WHERE lines IS NOT NULL").fetchall())
            finally:
                old.close()
    lines: dict[int, int] = {}
    missing: dict[int, int] = {}
    for row in source.files():
        if row.number and row.number not in lines and row.number not in missing:
            if row.doc_id in known:
                lines[row.number] = known[row.doc_id]
            else:
                missing[row.number] = row.size
    for number, content in _contents(source, missing, "counting lines"):
        text = searchable(content)
        lines[number] = count_newlines(text) + bool(text and not text.endswith(b"\n"))
    return lines


# -- definitions -------------------------------------------------------------------------------------------------


def _fill_definitions(connection: duckdb.DuckDBPyConnection, source: _Source) -> None:
    connection.execute(
        "CREATE TABLE data(number BIGINT, language VARCHAR, name VARCHAR, kind VARCHAR, container VARCHAR, "
        "start_line INTEGER, end_line INTEGER, visibility VARCHAR, line INTEGER)"
    )
    numbers = sorted({row.number for row in source.catalog.walk() if row.number})
    for done, part in enumerate(_cut(numbers, DOCUMENTS_AT_ONCE)):
        rows = [
            (
                number,
                stored[0],
                symbols_json(stored[1]).decode("utf-8"),
            )
            for number in part
            if (stored := source.catalog.symbols_of(number)) is not None and stored[1]
        ]
        if rows:
            # The fields are those of `leindex.ranked.source.Symbol`, in their order.
            connection.execute(
                "INSERT INTO data SELECT number, language, s[1], s[2], nullif(s[3], ''), s[4]::INTEGER, "
                "s[5]::INTEGER, nullif(s[8], ''), s[6]::INTEGER FROM (SELECT number, language, "
                "unnest(from_json(packed, '[[\"VARCHAR\"]]')) AS s FROM "
                "(SELECT unnest(?) AS number, unnest(?) AS language, unnest(?) AS packed))",
                [list(column) for column in zip(*rows, strict=True)],
            )
        source.report("copying symbols", min((done + 1) * DOCUMENTS_AT_ONCE, len(numbers)), len(numbers))


# -- edges ---------------------------------------------------------------------------------------------------


def _fill_edges(connection: duckdb.DuckDBPyConnection, source: _Source) -> None:
    connection.execute(
        "CREATE TABLE data(source VARCHAR, target VARCHAR, path VARCHAR, line INTEGER, col INTEGER, kind VARCHAR, "
        "grade VARCHAR, reason VARCHAR)"
    )
    export = Export(source.view.within(""), GraphQuestion("export", possible=True))
    total = source.catalog.totals().files
    for rows in _cut(export, ROWS_AT_ONCE):
        _insert(connection, list(zip(*map(_edge_values, rows), strict=True)))
        source.report("copying edges", export.counts["files"], total)


def _edge_values(edge: Edge) -> tuple[Any, ...]:
    return (
        None if edge.source is None else id_of(edge.source),
        None if edge.target is None else id_of(edge.target),
        edge.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        *(edge.line, edge.column, edge.kind, edge.grade.value, edge.reason),
    )


# -- contents ------------------------------------------------------------------------------------------------


def _fill_contents(connection: duckdb.DuckDBPyConnection, source: _Source) -> None:
    connection.execute("CREATE TABLE data(number BIGINT, content VARCHAR)")
    sizes = {row.number: row.size for row in source.catalog.walk() if row.number}
    batch: list[tuple[int, str]] = []
    size = 0
    for number, content in _contents(source, sizes, "copying contents"):
        batch.append((number, searchable(content).decode("utf-8", "replace")))
        size += len(content)
        if size >= BYTES_AT_ONCE or len(batch) >= ROWS_AT_ONCE:
            _insert(connection, [list(column) for column in zip(*batch, strict=True)])
            batch, size = [], 0
    if batch:
        _insert(connection, [list(column) for column in zip(*batch, strict=True)])


def _contents(source: _Source, sizes: dict[int, int], stage: str) -> Iterator[tuple[int, bytes]]:
    """Documents by number with their contents, read a few megabytes at a time."""
    done, part, size = 0, [], 0
    numbers = sorted(sizes)
    for place, number in enumerate(numbers, 1):
        part.append(number)
        size += sizes[number]
        if size < BYTES_AT_ONCE and len(part) < DOCUMENTS_AT_ONCE and place < len(numbers):
            continue
        for found, content in zip(part, source.store.contents(part), strict=True):
            if content is not None:
                yield found, content
        done += len(part)
        source.report(stage, done, len(numbers))
        part, size = [], 0


def _cut(items: Iterable[Any], count: int) -> Iterator[list[Any]]:
    part: list[Any] = []
    for item in items:
        part.append(item)
        if len(part) >= count:
            yield part
            part = []
    if part:
        yield part


# Contents are long: a small group is written as it fills up, and can be scanned beside others.
_FILLS: Final = {
    "files": (_fill_files, 122_880),
    "definitions": (_fill_definitions, 122_880),
    "edges": (_fill_edges, 122_880),
    "contents": (_fill_contents, 2048),
}
"""What fills each copy, and the rows in a row group of it."""
