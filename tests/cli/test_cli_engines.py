"""`leindex engines`, `migrate`, `verify` and `sql` from the command line: output, exit status, errors."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from leindex.cli.common import progress_shown
from leindex.cli.main import main
from leindex.config import folder_for
from leindex.install_hint import install_hint
from leindex.models import Progress

Run = Callable[..., tuple[int, str, str]]
OLD = 1_600_000_000


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command with a home of its own; returns exit status, stdout and stderr."""
    monkeypatch.setenv("LEINDEX_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "src").mkdir(parents=True)
    files: dict[str, bytes] = {
        "src/a.py": b"def retry_count():\n    return 1\n\n\nclass A:\n    def f(self):\n        pass\n",
        "src/b.c": b"int tx_timeout(void)\n{\n\treturn 0;\n}",
        "copy.py": b"def retry_count():\n    return 1\n\n\nclass A:\n    def f(self):\n        pass\n",
        "latin.txt": b"caf\xe9\n",
        "wide.txt": "\ufeffzwei\nZeilen\n".encode("utf-16-le"),
        "empty.txt": b"",
        "image.bin": b"\0\1\2" * 100,
    }
    for name, content in files.items():
        (tree / name).write_bytes(content)
        os.utime(tree / name, (OLD, OLD))
    return tree


def rows(out: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(out)["rows"]
    return found


# -- engines -------------------------------------------------------------------------------------------------


def test_languages_are_listed(run: Run) -> None:
    status, out, _ = run("languages", "--json")
    listed = {entry["name"]: entry for entry in json.loads(out)["languages"]}
    assert status == 0 and len(listed) > 150
    python, vue, sql, text = (listed[name] for name in ("python", "vue", "sql", "text"))
    assert python["definitions"] == "grammar" and python["calls"] and python["graph"]
    assert python["package"] == "tree-sitter-python" and python["version"][:1].isdigit() and not python["install"]
    assert (vue["definitions"], vue["calls"], vue["graph"], vue["extensions"]) == ("parts", True, False, ["vue"])
    assert (sql["definitions"], sql["calls"], sql["package"]) == ("shape", False, "")
    assert (text["definitions"], text["calls"]) == ("", False)
    status, out, _ = run("languages", "ts")
    assert status == 0 and out.startswith("typescript") and "tree-sitter-typescript" in out and "ts mts cts" in out
    status, _, error = run("languages", "pyhton")
    assert status == 2 and "did you mean python" in error


def test_engines_are_listed(run: Run) -> None:
    status, out, _ = run("engines", "--json")
    listed = json.loads(out)
    assert (status, listed["default"]) == (0, "sqlite")
    assert [engine["name"] for engine in listed["engines"]] == ["sqlite", "tantivy", "duckdb"]
    status, out, _ = run("engines")
    assert status == 0 and all(engine["version"] in out for engine in listed["engines"])


# -- migrate and verify --------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["tantivy", "duckdb"])
def test_an_index_goes_to_another_engine_and_back(run: Run, tree: Path, tmp_path: Path, engine: str) -> None:
    run("index", "-q", str(tree))
    run("index", "-q", str(tree), "--index", str(tmp_path / "other"))
    before = run("search", "retry", str(tree))[:2]
    for step in (engine, "sqlite"):
        status, out, err = run("migrate", "--to", step, "--json", str(tree))
        assert status == 0, err
        assert json.loads(out)["engine"] == step
        assert json.loads(run("status", "--json", str(tree))[1])["engine"] == step
        status, out, err = run("verify", str(tree), str(tmp_path / "other"), "--full")
        assert status == 0 and out.splitlines()[-1] == "no difference", out + err
        assert run("search", "retry", str(tree))[:2] == before
        left = sorted(path.name for path in folder_for(tree).iterdir() if not path.name.startswith("index.db"))
        own = {"tantivy": ["tantivy"], "duckdb": ["index.duckdb"], "sqlite": []}[step]
        assert [name for name in left if name != "update.lock"] == own
    # It is an index like any other afterwards.
    (tree / "new.py").write_text("def added(): pass\n")
    assert run("index", "-q", str(tree))[0] == 0
    assert "new.py" in run("grep", "-l", "added", str(tree))[1]


def test_what_migrate_refuses(run: Run, tree: Path) -> None:
    assert run("migrate", "--to", "tantivy", str(tree))[0] == 2
    run("index", "-q", str(tree))
    status, _, err = run("migrate", "--to", "sqlite", str(tree))
    assert status == 2 and "already" in err and err.count("\n") == 1
    status, _, err = run("migrate", "--to", "lucene", str(tree))
    assert status == 2 and "sqlite, tantivy, duckdb" in err


def test_differences_are_shown(run: Run, tree: Path, tmp_path: Path) -> None:
    run("index", "-q", str(tree))
    (tree / "src/a.py").write_bytes(b"def other(): pass\n")
    (tree / "copy.py").unlink()
    run("index", "-q", str(tree), "--index", str(tmp_path / "other"))
    status, out, _ = run("verify", "--json", "--index-a", str(folder_for(tree)), "--index-b", str(tmp_path / "other"))
    found = json.loads(out)
    assert status == 1 and not found["equal"]
    assert {(d["kind"], d["name"]) for d in found["differences"]} == {
        ("file", "copy.py"),
        ("file doc_id", "src/a.py"),
        ("file size", "src/a.py"),
    }
    status, out, _ = run("verify", str(tree), str(tmp_path / "other"))
    assert status == 1 and "copy.py: there | missing" in out
    assert run("verify", str(tree))[0] == 2
    assert run("verify", str(tree), str(tmp_path / "nowhere"))[0] == 2


# -- sql -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["sqlite", "tantivy", "duckdb"])
def test_sql_answers_for_every_engine(run: Run, tree: Path, engine: str) -> None:
    run("index", "-q", "--engine", engine, str(tree))
    query = "select language, count(*), sum(lines) from files group by 1 order by 3 desc"
    status, out, err = run("sql", query, str(tree))
    assert status == 0, err
    assert [line.split() for line in out.splitlines()] == [
        ["language", "count_star()", "sum(lines)"],
        ["-" * 8, "-" * 12, "-" * 10],
        ["python", "2", "14"],
        ["c", "1", "4"],
        ["text", "3", "3"],
        ["1"],
    ]
    query = "select path, size, lines, encoding, skipped, modified from files order by path"
    found = {str(row["path"]): row for row in rows(run("sql", "--json", query, str(tree))[1])}
    assert found["image.bin"]["skipped"] == "binary" and found["image.bin"]["lines"] is None
    assert found["wide.txt"]["lines"] == 2 and found["wide.txt"]["encoding"] == "utf-16le"
    assert found["empty.txt"]["lines"] == 0 and found["src/b.c"]["lines"] == 4
    assert found["src/a.py"]["modified"] == "2020-09-13 12:26:40"
    columns = "path, name, kind, container, start_line, end_line"
    query = f"select {columns} from symbols where path like 'src/%' order by all"
    _, out, _ = run("sql", "--csv", query, str(tree))
    assert out.splitlines() == [
        "path,name,kind,container,start_line,end_line",
        "src/a.py,A,class,,5,7",
        "src/a.py,f,method,A,6,7",
        "src/a.py,retry_count,function,,1,2",
        "src/b.c,tx_timeout,function,,1,4",
    ]
    query = "select path, content from contents where not contains(content, 'return') order by path"
    assert rows(run("sql", "--json", query, str(tree))[1]) == [
        {"path": "empty.txt", "content": ""},
        {"path": "latin.txt", "content": "caf\ufffd\n"},
        {"path": "wide.txt", "content": "zwei\nZeilen\n"},
    ]


def test_a_query_sees_the_tree_as_it_is(run: Run, tree: Path) -> None:
    query = "select count(*) n, sum(lines) l from files"
    assert rows(run("sql", "--json", query, str(tree))[1]) == [{"n": 7, "l": 21}]
    (tree / "more.txt").write_text("a\nb\n")
    assert rows(run("sql", "--json", "--refresh", "always", query, str(tree))[1]) == [{"n": 8, "l": 23}]
    copies = [path.name for path in folder_for(tree).glob("sql-*")]
    assert len(copies) == 1, copies


def test_parquet(run: Run, tree: Path, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    target = tmp_path / "it's.parquet"
    status, out, err = run("sql", "select path, lines from files; -- all", str(tree), "--parquet", str(target))
    assert (status, out) == (0, ""), err
    with duckdb.connect() as connection:
        assert connection.execute("select count(*), sum(lines) from read_parquet(?)", [str(target)]).fetchall() == [
            (7, 21)
        ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "it's.parquet", "tree"]
    status, _, err = run("sql", "from files", str(tree), "--parquet", str(tmp_path / "no" / "x.parquet"))
    assert status == 2 and "cannot be written" in err


def test_sql_without_duckdb(run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("index", "-q", str(tree))
    monkeypatch.setitem(sys.modules, "duckdb", None)
    status, _, err = run("sql", "from files", str(tree))
    assert (status, err.count("\n")) == (2, 1) and install_hint("duckdb") in err


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select foo from files", ["foo", "line 1, column 8", "\n         ^"]),
        ("select *\nfrom files\nwhere bogus(path)", ["bogus", "line 3, column 7"]),
        ("selec 1", ["syntax error", "line 1, column 1"]),
        ("select path from files where " + "path like 'x' or " * 30 + "foo = 1", ["foo", "column 540"]),
    ],
)
def test_errors_have_a_place(run: Run, tree: Path, query: str, said: Sequence[str]) -> None:
    run("index", "-q", str(tree))
    status, out, err = run("sql", query, str(tree))
    assert (status, out) == (2, "")
    for part in said:
        assert part in err, err


def test_the_time_that_is_left(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """By bytes where their total is known, by documents elsewhere; never negative."""
    monkeypatch.setattr(progress_shown, "LINE_SECONDS", 0.0)
    with progress_shown(quiet=False) as show:
        show(Progress("copy", documents=5, documents_total=20, bytes=4_000_000, seconds=2.0))
        show(Progress("text", documents=5, documents_total=20, bytes=4_000_000, bytes_total=8_000_000, seconds=2.0))
        show(Progress("symbols", documents=5, documents_total=20, seconds=2.0))
    said = capsys.readouterr().err.splitlines()
    assert [line.rpartition(", ")[2] for line in said] == ["6 s left", "2 s left", "6 s left"]
