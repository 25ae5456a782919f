"""SQL over an index: what a query may not do, what is copied when, and how values are printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import leindex
from leindex.cli.ask import sql as shown
from leindex.errors import QueryError
from leindex.index import Index
from leindex.questions import SqlQuestion
from leindex.sql import run as sql

duckdb = pytest.importorskip("duckdb")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.py").write_text("def retry(): pass\n")
    with leindex.open(tree, index=tmp_path / "index", refresh="never") as index:
        index.update()
        yield index


def answer(index: Index, query: str) -> list[tuple[Any, ...]]:
    with index.snapshot(), sql.run_query(index.view(), SqlQuestion(query, index.location.folder)) as found:
        return list(found.rows)


def copies(index: Index) -> list[str]:
    return sorted(path.name.split("-")[1] for path in index.location.folder.glob("sql-*"))


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from glob('/*')",
        "copy (select 1) to '/tmp/leindex-test.csv'",
        "explain analyze copy (select 1) to '/tmp/leindex-test.csv'",
        "attach '/tmp/leindex-test.db' as x",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "pragma enable_external_access = true",
        "delete from files",
        "update files set path = ''",
        "insert into files(path) values ('x')",
        "drop table files",
        "create table x(a int)",
        "select 1; select 2",
        "select * from index",
        "select * from store",
        "select getenv('HOME')",
        "",
        ";",
        "-- nothing",
    ],
)
def test_a_query_reads_the_tables_and_nothing_else(index: Index, query: str) -> None:
    with pytest.raises(QueryError):
        answer(index, query)
    assert answer(index, "select path from files") == [("a.py",)]


def test_a_query_does_not_see_the_variables_of_the_program(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "leak", duckdb.sql("select 1"), raising=False)
    with pytest.raises(QueryError, match="leak does not exist"):
        answer(index, "from leak")


def test_the_file_of_parquet_is_the_only_one_that_is_written(index: Index, tmp_path: Path) -> None:
    folder, target = index.location.folder, tmp_path / "out.parquet"
    with index.snapshot():
        for query in (
            "select * from read_csv('/etc/passwd')",
            "select 1) to '/tmp/leindex-test.csv'; copy (select 1",
            "copy (select 1) to '/tmp/leindex-test.csv'",
        ):
            with pytest.raises(QueryError):
                sql.write_parquet(index.view(), SqlQuestion(query, folder), target)
        assert not target.exists()
        for query in (
            "from files -- )",
            "select ';' from files ; -- ;",
            "select 1 /* ; */ ;;",
            "describe files;",
        ):
            assert sql.write_parquet(index.view(), SqlQuestion(query, folder), target) in (1, 9), query


def test_only_what_a_query_names_is_copied(index: Index) -> None:
    assert answer(index, "select 'files' || 'contents'") == [("filescontents",)] and copies(index) == []
    answer(index, "select path from Files where path <> 'contents'")
    assert copies(index) == ["files"]
    with pytest.raises(QueryError):
        answer(index, "select nothing from contents")
    answer(index, "describe contents")
    assert copies(index) == ["files"], "what is wrong, or asks for columns, copies nothing"
    assert answer(index, 'select count(*) from "contents"') == [(1,)]
    assert copies(index) == ["contents", "files"]
    assert {name for (name,) in answer(index, "show tables")} == set(sql.TABLES)


def test_definitions_and_the_edges_that_join_them(index: Index) -> None:
    (index.root / "b.py").write_text("from a import retry\n\n\ndef twice():\n    retry()\n    retry()\n\n\ntwice()\n")
    index.update()
    assert answer(index, "select id, path, name, kind, line from definitions order by id") == [
        ("a.py:1:retry", "a.py", "retry", "function", 1),
        ("b.py:4:twice", "b.py", "twice", "function", 4),
    ]
    assert answer(index, "select source, target, path, line, col, kind, grade from edges order by path, line") == [
        ("b.py:4:twice", "a.py:1:retry", "b.py", 5, 4, "call", "exact"),
        ("b.py:4:twice", "a.py:1:retry", "b.py", 6, 4, "call", "exact"),
        (None, "b.py:4:twice", "b.py", 9, 0, "call", "exact"),
    ]
    assert copies(index) == ["definitions", "edges", "files"]
    joined = "select count(*) from edges e join definitions d on d.id = e.target join symbols s on s.path = d.path"
    assert answer(index, joined) == [(3,)]


def test_a_name_that_is_hidden_is_an_error_and_no_empty_answer(index: Index) -> None:
    with pytest.raises(QueryError):
        answer(index, "select * from query('from con' || 'tents')")


def test_a_copy_is_made_once_and_anew_for_another_state(index: Index) -> None:
    answer(index, "from contents")
    before = {path: path.stat().st_mtime_ns for path in index.location.folder.glob("sql-*")}
    answer(index, "from contents")
    assert before == {path: path.stat().st_mtime_ns for path in index.location.folder.glob("sql-*")}
    (index.root / "b.py").write_text("x\n")
    index.update()
    assert answer(index, "select path, lines from files order by 1") == [("a.py", 1), ("b.py", 1)]
    assert not before.keys() & set(index.location.folder.glob("sql-files-*"))


def test_what_a_crash_left_is_no_copy(index: Index) -> None:
    answer(index, "from files")
    (copy,) = index.location.folder.glob("sql-files-*")
    copy.rename(copy.with_suffix(".123.tmp"))
    assert answer(index, "select path from files") == [("a.py",)]
    copy.write_bytes(b"damaged")
    (index.root / "b.py").write_text("x\n")
    index.update()
    assert answer(index, "select count(*) from files") == [(2,)], "the copy before is only a copy"


def test_a_path_that_is_not_utf8(index: Index) -> None:
    (index.root / "caf\udce9.py").write_text("x\n")
    index.update()
    assert ("caf\ufffd.py",) in answer(index, "select path from files")


@pytest.mark.parametrize(
    ("value", "json_value"),
    [
        (float("nan"), None),
        (Decimal("1.50"), "1.50"),
        (2**100, 2**100),
        (datetime(2024, 1, 2, 3, 4, 5), "2024-01-02 03:04:05"),
        (b"\xff", "/w=="),
        ({"a": [b"x", 1.5]}, {"a": ["eA==", 1.5]}),
        (True, True),
        (None, None),
    ],
)
def test_values_as_json(value: object, json_value: object) -> None:
    assert shown.as_json(value) == json_value
    json.dumps(shown.as_json(value), allow_nan=False)


def test_names_of_columns_are_unique() -> None:
    assert shown.unique(["a", "b", "a", "a", "a_2"]) == ["a", "b", "a_2", "a_3", "a_2_2"]


@given(st.lists(st.integers(0, 300), min_size=1, max_size=8), st.integers(10, 200))
def test_columns_fit_or_are_at_their_least(widths: list[int], total: int) -> None:
    fitted = shown.fitted(widths, total)
    assert all(new <= old for new, old in zip(fitted, widths, strict=True))
    assert sum(fitted) + 2 * (len(widths) - 1) <= total or max(fitted) <= 8 or fitted == widths


def test_a_table_is_aligned_and_has_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    rows = iter([("a\tb\x1b", 1), ("\u6f22\u5b57", 100), (None, None)])
    shown.print_table(sql.Answer(["name", "n"], ["VARCHAR", "INTEGER"], rows))
    assert capsys.readouterr().out.splitlines() == [
        "name        n",
        "--------  ---",
        "a\\tb\\x1b    1",
        "\u6f22\u5b57      100",
        "",
    ]
