"""The command line where things go wrong: other people's files, other trees' indexes, odd arguments and outputs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leindex.cli.main import main
from leindex.config import folder_for
from leindex.install_hint import install_hint
from tests.storage.behind import make_old


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEINDEX_HOME", str(tmp_path / "home"))
    tree = tmp_path / "tree"
    (tree / "sub" / "deep").mkdir(parents=True)
    (tree / "a.py").write_text("def retry():\n    raise Error\n")
    (tree / "sub" / "b.py").write_text("class Error: pass\n")
    (tree / "sub" / "deep" / "c.py").write_text("Error()\n")
    return tree


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def leindex(tree: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        return status, *capfd.readouterr()

    return run


def test_a_search_imports_nothing_that_it_does_not_need(tree: Path, leindex: Run) -> None:
    assert leindex("index", tree)[0] == 0
    code = """if True:
        import sys
        from leindex.cli.main import main
        assert main(["grep", "-l", "--refresh", "never", "retry", sys.argv[1]]) == 0
        heavy = ("importlib.metadata", "concurrent.futures", "shutil", "random", "sqlite3", "tree_sitter", "watchfiles")
        print([name for name in heavy if name in sys.modules])"""
    ran = subprocess.run([sys.executable, "-c", code, str(tree)], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_remove_deletes_only_what_an_index_made(tree: Path, tmp_path: Path, leindex: Run) -> None:
    folder = tmp_path / "mine"
    assert leindex("index", tree, "--index", folder)[0] == 0
    (folder / "precious.txt").write_text("keep me")
    (folder / "tantivy").mkdir()
    assert leindex("remove", tree, "--index", folder)[0] == 0
    assert sorted(os.listdir(folder)) == ["precious.txt", "tantivy"]
    assert leindex("index", tree)[0] == 0
    assert leindex("remove", tree)[0] == 0
    assert not folder_for(tree).exists()


@pytest.mark.parametrize("engine", ["sqlite", "tantivy", "duckdb"])
def test_remove_leaves_nothing_of_an_engine(tree: Path, tmp_path: Path, leindex: Run, engine: str) -> None:
    pytest.importorskip("apsw" if engine == "sqlite" else engine)
    folder = tmp_path / "mine"
    assert leindex("index", tree, "--index", folder, "--engine", engine)[0] == 0
    assert leindex("remove", tree, "--index", folder)[0] == 0
    assert not folder.exists()


def test_remove_refuses_the_index_of_another_tree(tree: Path, tmp_path: Path, leindex: Run) -> None:
    folder, other = tmp_path / "mine", tmp_path / "other"
    other.mkdir()
    leindex("index", tree, "--index", folder)
    status, _, said = leindex("remove", other, "--index", folder)
    assert status == 2 and str(tree) in said and str(other) in said and (folder / "index.db").exists()


def test_another_trees_index_is_refused_and_left_alone(tree: Path, tmp_path: Path, leindex: Run) -> None:
    folder, other = tmp_path / "mine", tmp_path / "other"
    other.mkdir()
    (other / "z.py").write_text("z = 1\n")
    leindex("index", tree, "--index", folder)
    for command in (["search", "Error", other], ["index", other], ["index", "--reset", other], ["grep", "z", other]):
        status, _, said = leindex(*command, "--index", folder)
        assert status == 2 and str(tree) in said and str(other) in said, command
    assert leindex("search", "Error", tree, "--index", folder)[0] == 0
    moved = tree.rename(tmp_path / "moved")
    assert leindex("index", moved, "--index", folder)[0] == 0


def test_an_index_is_not_made_among_other_files(tree: Path, tmp_path: Path, leindex: Run) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "x").touch()
    for folder in (tree, tmp_path, full):
        before = sorted(os.listdir(folder))
        assert leindex("index", tree, "--index", folder)[0] == 2
        assert sorted(os.listdir(folder)) == before


def test_an_index_of_an_older_format_is_brought_up_to_date(tree: Path, leindex: Run) -> None:
    assert leindex("index", tree, "--index", tree / "idx")[0] == 0
    make_old(tree / "idx" / "index.db", 1).close()
    status, _, err = leindex("search", "Error", tree, "--index", tree / "idx", "--refresh", "never")
    assert status == 2 and "run: leindex index" in err
    assert leindex("index", tree, "--index", tree / "idx")[0] == 0
    status, out, _ = leindex("search", "Error", tree, "--index", tree / "idx")
    assert status == 0 and "b.py" in out


def test_an_index_that_was_never_begun_is_made(tree: Path, leindex: Run) -> None:
    folder = folder_for(tree)
    folder.mkdir(parents=True)
    (folder / "index.db").touch()
    assert leindex("index", tree)[0] == 0
    assert leindex("search", "Error", tree)[0] == 0


def test_an_index_that_was_never_finished_is_made(tree: Path, leindex: Run) -> None:
    from leindex.storage.database import Database

    Database(folder_for(tree) / "index.db").close()
    status, _, said = leindex("search", "Error", tree)
    assert status == 2 and "leindex index" in said
    assert leindex("index", tree)[0] == 0


def test_two_first_updates_at_once(tree: Path) -> None:
    command = [sys.executable, "-m", "leindex", "index", "-q", str(tree)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate()[1] for process in both] == [b"", b""]
    assert folder_for(tree).stat().st_mode & 0o777 == 0o700


def test_workers_below_none_are_refused(tree: Path, leindex: Run) -> None:
    status, _, said = leindex("index", "--workers", "-3", tree)
    assert status == 2 and "--workers" in said


def test_options_may_stand_anywhere(tree: Path, leindex: Run) -> None:
    leindex("index", tree)
    for arguments in (
        ("search", "Error", "--limit", 1, tree),
        ("search", "--limit", 1, "Error", tree),
        ("search", "Error", tree, "--limit", 1),
        ("symbols", "Error", "--kind", "class", tree),
        ("files", "b", "--limit", 1, tree),
        ("index", "-q", tree, "--text-only"),
        ("search", "--plain", "--", "Error", tree),
    ):
        assert leindex(*arguments)[0] == 0, arguments
    assert leindex("search", "Error", "--limit", 1, tree)[1].count(":1") <= 2
    assert leindex("search", "--help")[0] == 0
    assert "no-such" in leindex("search", "Error", "--no-such", tree)[2]
    assert leindex("search")[0] == 2
    assert leindex("search", "Error", tree, "too-many")[0] == 2
    assert leindex("sql", "SELECT 1", "--csv", "--json", tree)[0] == 2


def test_a_bad_glob_does_not_stay(tree: Path, leindex: Run) -> None:
    assert leindex("index", "-g", "[", tree)[0] == 2
    assert leindex("index", tree)[0] == 0
    assert leindex("index", "-g", "[", tree)[0] == 2
    assert leindex("index", tree)[0] == 0


def test_output_that_cannot_be_written_is_one_line(tree: Path, leindex: Run) -> None:
    leindex("index", tree)
    for arguments in (["search", "Error", tree], ["list"], ["grep", "Error", tree], ["--help"]):
        command = [sys.executable, "-m", "leindex", *map(str, arguments)]
        with open("/dev/full", "w") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, (arguments, done.stderr)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_home_that_cannot_be_read(tree: Path, tmp_path: Path, leindex: Run) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0)
    try:
        for command in (["search", "x", tree], ["index", tree], ["list"], ["status", tree]):
            status, _, said = leindex(*command)
            assert status == 2 and said.count("\n") == 1, command
    finally:
        home.chmod(0o700)


def test_sql_answers_for_a_whole_tree(tree: Path, leindex: Run) -> None:
    pytest.importorskip("duckdb")
    leindex("index", tree)
    status, _, said = leindex("sql", "SELECT count(*) FROM files", tree / "sub")
    assert status == 2 and str(tree) in said
    assert leindex("sql", "SELECT count(*) FROM files", "--csv", tree)[1].split()[-1] == "3"


def test_grep_goes_as_deep_as_asked(tree: Path, leindex: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    leindex("index", tree)
    monkeypatch.chdir(tree)

    def found(*arguments: object) -> list[str]:
        return leindex("grep", "-l", "Error", *arguments)[1].split()

    assert found() == ["a.py", "sub/b.py", "sub/deep/c.py"]
    assert found("-d", 1) == ["a.py"]
    assert found("--max-depth", 2) == ["a.py", "sub/b.py"]
    assert found("-d1", "sub") == ["sub/b.py"]
    assert found("-d1", "./sub/") == ["./sub/b.py"]
    assert found("-d1", ".", "-g", "*.py") == ["./a.py"]
    assert found("-d1", tree / "sub") == [f"{tree}/sub/b.py"]
    assert found("-d0") == []
    assert leindex("grep", "--files", "-d1")[1].split() == ["a.py"]


def test_grep_does_not_pretend_to_follow_links(tree: Path, leindex: Run) -> None:
    leindex("index", tree)
    assert leindex("grep", "-L", "Error", tree)[0] == 0
    (tree / "link.py").symlink_to("a.py")
    leindex("index", tree)
    status, _, said = leindex("grep", "--follow", "Error", tree)
    assert status == 2 and "--follow" in said
    assert leindex("grep", "--one-file-system", "Error", tree)[0] == 0


def test_names_do_not_act_on_the_terminal(tree: Path, leindex: Run) -> None:
    (tree / "evil\x1b[2J\nname.py").write_text("def evil(): return 'sentinel'\n")
    outputs = [leindex("index", "--dry-run", tree)[1]]
    leindex("index", tree)
    outputs += [
        leindex(*command, tree)[1] for command in (("search", "sentinel"), ("files", "evil"), ("symbols", "evil"))
    ]
    for output in outputs:
        assert "evil\\x1b[2J\\nname.py" in output and "\x1b" not in output
    assert "\\u001b" in leindex("files", "evil", tree, "--json")[1]


def test_lines_do_not_act_on_the_terminal() -> None:
    from leindex.cli.ask.search import _marked
    from leindex.models import LineMatch

    assert _marked(LineMatch(1, "\ta\x1b]0;b\x9b", ((1, 3),))) == "\t\x1b[1;31ma\\x1b\x1b[0m]0;b\\x9b"


def test_watching_without_its_package_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEINDEX_HOME", str(tmp_path / "indexes"))
    for module in ("watchfiles", "watchfiles._rust_notify"):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "tree").mkdir()
    assert main(["watch", str(tmp_path / "tree")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and install_hint("watch") in said


@pytest.mark.parametrize("command, package", [("serve", "uvicorn"), ("mcp", "mcp.server.stdio")])
def test_serving_without_its_packages(
    leindex: Run, tree: Path, monkeypatch: pytest.MonkeyPatch, command: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    status, out, err = leindex(command, tree)
    assert (status, out) == (2, "")
    assert err.startswith("leindex: the server needs a package") and install_hint("server") in err


def test_quiet_forgives_a_missing_path_where_there_is_a_match(leindex: Run, tree: Path) -> None:
    assert leindex("grep", "-q", "Error", tree / "sub", tree / "nosuch")[0] == 0
    assert leindex("grep", "-q", "nowhere_at_all", tree / "sub", tree / "nosuch")[0] == 2


def test_a_limit_of_no_lines_looks_at_nothing(leindex: Run, tree: Path) -> None:
    assert leindex("grep", "-m", "0", "(", tree) == (1, "", "")
    assert leindex("grep", "-m0", "Error", tree / "nosuch") == (1, "", "")
    assert not folder_for(tree).exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "--limit", "abc", "x"), "must be a whole number, not 'abc'"),
        (("search", "--limit", "0", "x"), "must be 1 or more"),
        (("serve", "--port", "65536"), "must be from 0 to 65535"),
        (("serve", "--port", "x"), "must be a whole number, not 'x'"),
    ],
)
def test_numbers_that_are_none(leindex: Run, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = leindex(*arguments)
    assert (status, out) == (2, "") and said in err


def test_an_engine_that_does_not_exist_is_not_advised(leindex: Run, tree: Path) -> None:
    assert leindex("index", tree)[0] == 0
    assert "there is no engine 'foo'" in leindex("index", tree, "--engine", "foo")[2]
    assert "leindex migrate --to duckdb" in leindex("index", tree, "--engine", "duckdb")[2]


def test_statistics_of_counts_tell_the_time(leindex: Run, tree: Path) -> None:
    assert "\n0.000000 seconds spent searching" not in leindex("grep", "--stats", "-c", "Error", tree)[1]


def test_nothing_found_says_what_was_looked_at(tree: Path, leindex: Run) -> None:
    assert leindex("index", tree)[0] == 0
    (tree / "plain.txt").write_text("nothing here\n")
    (tree / "odd.zzz").write_text("nothing here\n")
    at = f"files of {tree}"
    for arguments, said in (
        (("symbols", "zzz", tree), f"no definition like zzz in 5 {at}"),
        (("symbols", "zzz kind:class lang:python", tree), f"no class like zzz in python in 5 {at}"),
        (("symbols", "zzz", tree / "sub"), f"no definition like zzz in 2 {at}, in sub/"),
        (("refs", "zzz", tree), f"no definition and no call of zzz in 5 {at}"),
        (("refs", "zzz", "--lang", "go", tree), f"no definition and no call of zzz in go in 5 {at}"),
        (("files", "qqq", tree), f"no path like qqq in 5 {at}"),
        (("files", "qqq", tree / "sub" / "deep"), f"no path like qqq in 1 file of {tree}, in sub/deep/"),
        (("outline", tree / "plain.txt"), "no definition in plain.txt, "),
        (("outline", tree / "odd.zzz"), "no definition in odd.zzz, in a language that is not known"),
    ):
        status, out, errors = leindex(*arguments)
        assert (status, out) == (1, "")
        assert errors.startswith(f"leindex: {said}") and errors.count("\n") == 1, errors
        status, out, errors = leindex(*arguments, "--json")
        assert status == 1 and out.startswith("{") and errors == ""
