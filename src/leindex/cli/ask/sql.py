"""`leindex sql`: SQL over files, symbols and contents, with the result as table, CSV, JSON or Parquet."""

from __future__ import annotations

import base64
import csv
import json
import math
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...errors import ConfigError
from ..common import progress_shown, ready
from ..parsing import Parser, add_index_option, add_refresh_options, add_view_options, where_of

if TYPE_CHECKING:
    from ...sql.run import Answer

ROWS_MEASURED: Final = 1000
"""So many rows decide how wide the columns of a table are; it is printed as it comes from there on."""
CELL_WIDTH: Final = 200


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    from ...questions import SqlQuestion
    from ...sql.run import TABLES, run_query, write_parquet

    tables = "; ".join(f"{name}({columns})" for name, columns in TABLES.items())
    parser = Parser("sql", "One SELECT over the tables of an index, in DuckDB's dialect.", epilog=f"Tables: {tables}")
    parser.add_argument("query", metavar="QUERY")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the root of the tree")
    add_index_option(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print CSV with a line of names")
    form.add_argument("--json", action="store_true", help="print one JSON object; each row is an object")
    form.add_argument("--parquet", metavar="FILE", help="write a Parquet file")
    add_view_options(parser)
    add_refresh_options(parser)
    options = parser.parse_args(arguments)
    with ready(options.path, options) as index, index.at(where_of(options)):
        if index.location.scope:
            raise ConfigError(f"sql answers for a whole tree; run it on {index.root}")
        with index.fresh_view() as view, progress_shown(quiet=False) as on_progress:
            question = SqlQuestion(options.query, index.location.folder, on_progress)
            if options.parquet is not None:
                target = Path(options.parquet).expanduser()
                count = write_parquet(view, question, target)
                print(f"{count} rows written to {options.parquet}", file=sys.stderr)
                return 0
            with run_query(view, question) as answer:
                if options.csv:
                    print_csv(answer)
                elif options.json:
                    print_objects(answer, generation=index.catalog.generation, age_seconds=index.age_seconds)
                else:
                    print_table(answer)
    return 0


def print_csv(answer: Answer) -> None:
    """The rows as RFC 4180 has them, but with plain newlines; NULL is empty."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.columns)
    for row in answer.rows:
        writer.writerow(["" if value is None else _text(value) for value in row])


def print_objects(answer: Answer, *, generation: int, age_seconds: float | None) -> None:
    """One JSON object: the columns with their types, and the rows as objects, written as they come."""
    names = unique(answer.columns)
    columns = [{"name": name, "type": kind} for name, kind in zip(names, answer.types, strict=True)]
    out = sys.stdout
    age = None if age_seconds is None else round(age_seconds, 3)
    head = {"generation": generation, "age_seconds": age, "columns": columns}
    out.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "rows": [')
    for place, row in enumerate(answer.rows):
        values = {name: as_json(value) for name, value in zip(names, row, strict=True)}
        out.write((",\n " if place else "\n ") + json.dumps(values, ensure_ascii=False))
    out.write("]}\n")


def unique(names: Sequence[str]) -> list[str]:
    """The names with a number after those that were there before."""
    taken: list[str] = []
    for name in names:
        choice, number = name, 1
        while choice in taken:
            number += 1
            choice = f"{name}_{number}"
        taken.append(choice)
    return taken


def as_json(value: Any) -> Any:
    """A value of a row as JSON has it: times as ISO 8601, bytes in base64, what is not a number as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    return _text(value)


def print_table(answer: Answer) -> None:
    """The rows in columns, numbers to the right; cells are cut to fit where a terminal shows them."""
    first = [[_cell(value) for value in row] for row in islice(answer.rows, ROWS_MEASURED)]
    widths = [
        max((width(cell) for cell in cells), default=0)
        for cells in (zip(answer.columns, *first, strict=True) if answer.columns else ())
    ]
    if sys.stdout.isatty():
        widths = fitted(widths, shutil.get_terminal_size().columns)
    numeric = [_is_number(kind) for kind in answer.types]
    rest = ([_cell(value) for value in row] for row in answer.rows)
    lines: Iterable[Sequence[str]] = chain([answer.columns, ["-" * w for w in widths]], first, rest)
    for cells in lines:
        parts = [_padded(cell, w, right) for cell, w, right in zip(cells, widths, numeric, strict=True)]
        print("  ".join(parts).rstrip())


def fitted(widths: Sequence[int], total: int) -> list[int]:
    """The widths made smaller, the widest first, until the columns fit into `total`; none below 8."""
    room = total - 2 * (len(widths) - 1)
    result = list(widths)
    limit = max(result, default=0)
    while sum(result) > room and limit > 8:
        limit -= 1
        result = [min(w, limit) for w in result]
    return result


def width(text: str) -> int:
    """The columns of a terminal that a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _padded(text: str, columns: int, right: bool) -> str:
    missing = columns - width(text)
    if missing < 0:
        while text and width(text) > columns - 1:
            text = text[: columns - 1] if text.isascii() else text[:-1]
        return text + "\N{HORIZONTAL ELLIPSIS}" + " " * (columns - 1 - width(text))
    return " " * missing + text if right else text + " " * missing


def _is_number(kind: str) -> bool:
    return kind.endswith("INT") or kind.startswith(("INTEGER", "UINTEGER", "DOUBLE", "FLOAT", "DECIMAL", "NUMBER"))


def _cell(value: Any) -> str:
    """A value on one line, control characters made visible."""
    if value is None:
        return ""
    text = _text(value)[: CELL_WIDTH + 1]
    text = "".join(c if c.isprintable() else _escaped(c) for c in text) if not text.isprintable() else text
    return text if len(text) <= CELL_WIDTH else text[: CELL_WIDTH - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "replace")
    if isinstance(value, (datetime, date)):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(as_json(value), ensure_ascii=False)
    return str(value)
