"""`index` and `status` name what could not be read and what is wrong in ignore files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leindex import open as open_index
from leindex.cli.main import main
from tests.exact.commands import leindex, said

WRONG = "error parsing glob '{a': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)"


@pytest.fixture
def tree(tmp_path: Path, own_home: None) -> Path:
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "a.py").write_text("needle\n")
    return tree


@pytest.mark.parametrize("name", [".ignore", ".rgignore", ".gitignore", ".leindexignore", "sub/.ignore"])
def test_a_wrong_line_is_told(name: str, tree: Path) -> None:
    (tree / name).write_text("fine\n{a\n")
    told = f"{tree / name}: line 2: {WRONG}".encode()
    indexed = leindex(["index"], tree)
    assert (indexed.status, indexed.errors) == (0, [b"ignore file: " + told])
    assert b"ignore file " + told in leindex(["status"], tree).output.splitlines()
    status = json.loads(leindex(["status", "--json"], tree).output)
    assert status["ignore_faults"] == {"count": 1, "first": [told.decode()]}
    assert leindex(["index", "-q"], tree).errors == []
    (tree / name).write_text("fine\n")
    assert leindex(["index"], tree).errors == []
    assert b"ignore file" not in leindex(["status"], tree).output


def test_many_wrong_lines_are_counted(tree: Path) -> None:
    (tree / ".ignore").write_text("{a\n" * 2000)
    indexed = leindex(["index"], tree)
    assert len(indexed.errors) == 6
    assert indexed.errors[-1] == b"ignore file: 1995 more lines that are wrong"


def test_an_update_of_some_paths_keeps_the_rest(tree: Path) -> None:
    (tree / ".ignore").write_text("{a\n")
    (tree / "sub" / ".ignore").write_text("{b\n")
    with open_index(tree) as index:
        index.update()

        def files() -> list[str]:
            return [os.fsdecode(fault.file.removeprefix(os.fsencode(tree) + b"/")) for fault in index.troubles().faults]

        assert files() == [".ignore", "sub/.ignore"]
        (tree / "sub" / ".ignore").write_text("b\n")
        index.update(paths=[tree / "sub" / ".ignore"])
        assert files() == [".ignore"]
        (tree / "sub" / ".ignore").write_text("}\n")
        index.update(paths=["sub/.ignore"])
        assert files() == [".ignore", "sub/.ignore"]
        (tree / ".ignore").unlink()
        index.update(paths=[".ignore"])
        assert files() == ["sub/.ignore"]


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="this user can read everything")
def test_what_cannot_be_read_is_named(tree: Path) -> None:
    rights = "-dac_override,-dac_read_search"
    bounded = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"] if os.geteuid() == 0 else []
    for number in range(6):
        (tree / f"closed{number}").write_text("needle\n")
        (tree / f"closed{number}").chmod(0)
    if subprocess.run([*bounded, "cat", str(tree / "closed0")], capture_output=True, check=False).returncode == 0:
        pytest.skip("this user can read everything")
    (tree / "sub").chmod(0)
    program = [*bounded, sys.executable, "-m", "leindex"]
    indexed = said(program, ["index"], tree)
    assert (indexed.status, indexed.errors) == (
        0,
        [b"unreadable: closed0, closed1, closed2, closed3, closed4 and 2 more"],
    )
    shown = said(program, ["status"], tree).output
    assert b"unreadable  closed0, closed1, closed2, closed3, closed4 and 2 more\n" in shown
    for number in range(6):
        (tree / f"closed{number}").unlink()
    assert said(program, ["index"], tree).errors == [b"unreadable: sub/"]
    (tree / "sub").chmod(0o755)
    assert said(program, ["index"], tree).errors == []


def test_a_grep_says_it_once(tree: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / ".ignore").write_text("{a\n")
    monkeypatch.chdir(tree / "sub")
    (tree / "sub" / "x").write_text("needle\n")
    assert main(["index", "-q", str(tree)]) == 0
    assert main(["grep", "needle"]) == 2
    out, err = capfd.readouterr()
    assert (out, err) == ("x:needle\n", f"leindex: {tree}/.ignore: line 1: {WRONG}\n")
