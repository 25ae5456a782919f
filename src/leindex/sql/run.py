"""SQL over the files, the symbols and the contents of an index, whatever its engine.

DuckDB answers. What a query names is copied once per state of the index into small DuckDB files in the
index's folder (`sql-files-...`, `sql-definitions-...`, `sql-contents-...`), so a query about files never waits
for contents to be copied. Each file is made under another name and renamed when it is whole; the files of
older states are removed.

A query reads and does nothing else: it is one SELECT, the copies are attached read-only, DuckDB may touch no
other file, load nothing, and see nothing of this process, and its configuration is locked before the query is
looked at.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigError, EngineMissingError, QueryError, StorageError
from ..questions import SqlQuestion
from ..records import record, replace
from ..storage.registry import engine_info
from ..views.view import View

if TYPE_CHECKING:
    import duckdb

TABLES: Final = {
    "files": "path VARCHAR, language VARCHAR, size BIGINT, lines BIGINT, kind VARCHAR, encoding VARCHAR, "
    "skipped VARCHAR, modified TIMESTAMP, doc_id VARCHAR",
    "symbols": "path VARCHAR, language VARCHAR, name VARCHAR, kind VARCHAR, container VARCHAR, "
    "start_line INTEGER, end_line INTEGER, visibility VARCHAR",
    "definitions": "id VARCHAR, path VARCHAR, language VARCHAR, name VARCHAR, kind VARCHAR, container VARCHAR, "
    "line INTEGER, start_line INTEGER, end_line INTEGER",
    "edges": "source VARCHAR, target VARCHAR, path VARCHAR, line INTEGER, col INTEGER, kind VARCHAR, grade VARCHAR, "
    "reason VARCHAR",
    "contents": "path VARCHAR, content VARCHAR",
    "views": "kind VARCHAR, name VARCHAR, commit_id VARCHAR, committed TIMESTAMP, moved TIMESTAMP, kept BOOLEAN, "
    "files BIGINT, bytes BIGINT",
}
"""The tables of a query, and the columns of each."""

_VIEWS: Final = {
    "files": "SELECT * EXCLUDE (number) FROM files_copy.data",
    "symbols": "SELECT f.path, d.* EXCLUDE (number, line) FROM definitions_copy.data d "
    "JOIN files_copy.data f USING (number)",
    "definitions": "SELECT f.path || ':' || d.line || ':' || d.name AS id, f.path, d.language, d.name, d.kind, "
    "d.container, d.line, d.start_line, d.end_line FROM definitions_copy.data d JOIN files_copy.data f USING (number)",
    "edges": "SELECT * FROM edges_copy.data",
    "contents": "SELECT f.path, c.content FROM contents_copy.data c JOIN files_copy.data f USING (number)",
}

_COPIED: Final = {"symbols": "definitions"}
"""Tables that are made of the copy of another."""

_LOCKS: Final = (
    "SET temp_directory = ''",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)

_STRINGS: Final = re.compile(r"'(?:[^']|'')*'")
_SHAPE_ONLY: Final = re.compile(r"\s*(describe|desc|show)\b", re.IGNORECASE)
_PLACE: Final = re.compile(r"^LINE (\d+): ", re.MULTILINE)
ROWS_AT_ONCE: Final = 2048


@record(frozen=True, slots=True)
class Answer:
    """The result of a query: the names and the SQL types of its columns, and its rows, read as they are asked
    for."""

    columns: Sequence[str]
    types: Sequence[str]
    rows: Iterator[tuple[Any, ...]]


@contextmanager
def run_query(view: View, question: SqlQuestion) -> Iterator[Answer]:
    """Answers one SELECT over the whole tree of a view, whatever its scope.

    Raises QueryError for a query that is wrong, is no SELECT or reaches for anything else, EngineMissingError where
    DuckDB is not installed, and StorageError when the copy fails.
    """
    with _connection(view, question) as connection, _explained(question.text):
        cursor = connection.execute(question.text)
        description = cursor.description or []
        yield Answer(
            [column[0] for column in description],
            [str(column[1]) for column in description],
            _fetched(cursor),
        )


def write_parquet(view: View, question: SqlQuestion, target: Path) -> int:
    """Writes the rows of a query to a Parquet file, replacing it when they are all there; returns how many.

    The file is the only one that DuckDB may touch meanwhile. Raises what `run_query` raises, and ConfigError
    for a file that cannot be written.
    """
    target = target.absolute()
    if not target.parent.is_dir() or not os.access(target.parent, os.W_OK) or target.is_dir():
        raise ConfigError(f"{target}: cannot be written")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with _connection(view, question, writes=unfinished) as connection, _explained(question.text):
            connection.sql(_without_semicolon(question.text, connection)).write_parquet(os.fspath(unfinished))
            written = connection.execute("SELECT count(*) FROM read_parquet(?)", [os.fspath(unfinished)])
            count = written.fetchall()[0][0]
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    return int(count)


# -- asking --------------------------------------------------------------------------------------------------


@contextmanager
def _connection(
    view: View, question: SqlQuestion, *, writes: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked connection that sees what the query names, and may write the file `writes`. The query is checked
    before anything is copied."""
    query, duckdb = question.text, _duckdb()
    with ExitStack() as stack:
        shape = stack.enter_context(_opened(duckdb))
        for name, columns in TABLES.items():
            shape.execute(f"CREATE TABLE {name} ({columns})")
        _lock(shape, None)
        _check(query, shape)
        if _SHAPE_ONLY.match(query) and writes is None:
            yield shape
            return
        connection = stack.enter_context(_opened(duckdb))
        needed = _named_tables(query)
        if "views" in needed:
            needed.remove("views")
            _fill_views(connection, view)
        if needed:
            from .copy import copies

            if not os.access(question.folder, os.W_OK):
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="leindex-sql-"))
                question = replace(question, folder=Path(folder))
            with _copying():
                copied = dict.fromkeys(_COPIED.get(name, name) for name in needed)
                for name, file in copies(copied, view, question).items():
                    connection.execute(f"ATTACH {_quoted(file)} AS {name}_copy (READ_ONLY)")
        for name in needed:
            connection.execute(f"CREATE TEMP VIEW {name} AS {_VIEWS[name]}")
        _lock(connection, writes)
        yield connection


def _duckdb() -> Any:
    try:
        import duckdb
    except ModuleNotFoundError:
        raise EngineMissingError(f"SQL needs a package that is missing: {engine_info('duckdb').install}") from None
    return duckdb


@contextmanager
def _opened(module: Any) -> Iterator[duckdb.DuckDBPyConnection]:
    # Without this setting a name in the query could be that of a variable of this program.
    connection = module.connect(":memory:", config={"python_enable_replacements": False})
    try:
        yield connection
    finally:
        connection.close()


def _lock(connection: duckdb.DuckDBPyConnection, writes: Path | None) -> None:
    if writes is not None:
        connection.execute(f"SET allowed_paths = [{_quoted(writes)}]")
    for setting in _LOCKS:
        connection.execute(setting)


def _check(query: str, shape: duckdb.DuckDBPyConnection) -> None:
    """Refuses what is not one SELECT, or does not fit the tables. Raises QueryError."""
    with _explained(query):
        statements = shape.extract_statements(query)
    if len(statements) != 1:
        raise QueryError("give one SELECT" if not statements else "give one SELECT at a time", text=query)
    kind = statements[0].type.name
    if kind not in ("SELECT", "EXPLAIN"):
        raise QueryError(f"only SELECT is answered here, not {kind.replace('_', ' ')}", text=query)
    if kind == "SELECT" and not _SHAPE_ONLY.match(query):
        with _explained(query, lines_before=1):
            shape.execute(f"EXPLAIN\n{query}")


def _without_semicolon(query: str, connection: duckdb.DuckDBPyConnection) -> str:
    """A query that stands alone without what ends it, so that it can be put inside of a statement."""
    place = query.rfind(";")
    while place >= 0:
        with suppress(_duckdb().Error):  # that one is inside of a string or a comment
            if len(connection.extract_statements(query[:place])) == 1 and not connection.extract_statements(
                query[place:]
            ):
                query = query[:place]
        place = query.rfind(";", 0, place)
    return query


def _fill_views(connection: duckdb.DuckDBPyConnection, view: View) -> None:
    """The table `views`, which is small."""
    connection.execute(f"CREATE TEMP TABLE views ({TABLES['views']})")
    for found in view.others.stored() if view.others is not None else ():
        files, size = view.others.totals(found) if view.others is not None else (0, 0)
        connection.execute(
            "INSERT INTO views SELECT ?, ?, ?, make_timestamp(?), make_timestamp(?), ?, ?, ?",
            [
                *(found.kind, found.name, found.commit, int(found.committed * 1e6), int(found.moved * 1e6)),
                *(found.kept, files, size),
            ],
        )


def _named_tables(query: str) -> list[str]:
    """The tables whose names occur in the query outside of strings; `files` with any but `views`."""
    words = set(re.findall(r"\w+", _STRINGS.sub("''", query).lower()))
    named = [name for name in TABLES if name in words]
    return ["files", *(name for name in named if name != "files")] if named not in ([], ["views"]) else named


def _fetched(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        yield from rows


def _quoted(path: Path) -> str:
    return "'" + os.fspath(path).replace("'", "''") + "'"


# -- errors --------------------------------------------------------------------------------------------------


@contextmanager
def _explained(query: str, *, lines_before: int = 0) -> Iterator[None]:
    """Turns DuckDB's error about a query into ours; `lines_before` were put in front of the query."""
    duckdb = _duckdb()
    try:
        yield
    except duckdb.Error as error:
        raise _query_error(str(error), query, lines_before) from None


def _query_error(message: str, query: str, lines_before: int) -> QueryError:
    """The error with its place: DuckDB shows a part of the line at fault, and a caret under the place."""
    place = _PLACE.search(message)
    said = "; ".join(line.strip() for line in message[: place.start() if place else None].splitlines() if line.strip())
    if place is None:
        return QueryError(said, text="")
    lines = query.split("\n")
    number = int(place[1]) - lines_before
    shown, _, marks = message[place.start() :].partition("\n")
    excerpt = shown[len(place[0]) :]
    caret = len(marks) - len(marks.lstrip()) - len(place[0])
    if not 1 <= number <= len(lines) or caret < 0:
        return QueryError(said, text="")
    line = lines[number - 1]
    core = excerpt.removeprefix("...").removesuffix("...")
    start = line.find(core)
    column = caret - (3 if excerpt.startswith("...") else 0) + max(start, 0)
    return QueryError(f"{said} (line {number}, column {column + 1})", text=line, column=column)


@contextmanager
def _copying() -> Iterator[None]:
    """Turns DuckDB's errors while the index is copied into ours."""
    duckdb = _duckdb()
    try:
        yield
    except (duckdb.Error, OSError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StorageError(f"the index could not be copied for SQL: {first}") from error
