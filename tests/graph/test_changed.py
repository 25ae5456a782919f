"""`impact --diff`: what refers to the definitions that have changed."""

from __future__ import annotations

from pathlib import Path

import pytest

import leindex
from leindex.cli.main import main
from leindex.errors import QueryError
from tests.graph.test_cases import edges
from tests.views.test_changes import git

pytestmark = pytest.mark.usefixtures("own_home")

LIBRARY = (
    "class C:\n    def method(self):\n        return 1\n\ndef helper():\n    return 1\n\ndef other():\n    return 1\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "tests").mkdir(parents=True)
    (folder / "lib.py").write_text(LIBRARY)
    (folder / "use.py").write_text("from lib import helper\n\ndef go():\n    helper()\n")
    (folder / "tests" / "test_use.py").write_text("from use import go\n\ndef test_go():\n    go()\n")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def test_the_innermost_definitions_that_changed(root: Path) -> None:
    with leindex.open(root) as index:
        index.update()
        answer = index.graph("impact", base="HEAD")
        assert answer.groups == () and "no definition has lines that differ from HEAD" in answer.completeness.notes
        (root / "lib.py").write_text(
            LIBRARY.replace("        return 1", "        x = 1\n        return x").replace(
                "def helper():\n    return 1", "def helper():\n    return 2"
            )
        )
        answer = index.graph("impact", base="HEAD")
        assert [group.definition.name for group in answer.groups if group.definition] == ["method", "helper"]
        assert edges(answer, 1) == [("tests/test_use.py", 4, "exact"), ("use.py", 4, "exact")]
        assert index.graph("impact", base="HEAD", language="go").groups == ()
        git(root, "add", "-A")
        assert index.graph("impact", base="index").groups == ()
        (root / "lib.py").write_text(
            (root / "lib.py").read_text().replace("def other():\n    return 1\n", "def other():\n")
        )
        names = [group.definition.name for group in index.graph("impact", base="index").groups if group.definition]
        assert names == ["other"]  # beside which a line is gone
        with pytest.raises(QueryError, match="nosuch: is no commit"):
            index.graph("impact", base="nosuch")


def test_the_command(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "lib.py").write_text(LIBRARY.replace("def helper():\n    return 1", "def helper():\n    return 2"))
    monkeypatch.chdir(root)
    assert main(["impact", "--diff"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("lib.py:5  function  def helper()") and "tests/test_use.py:4" in told[1]
    assert main(["impact", "--diff", "HEAD", "tests"]) == 1
    assert "no definition has lines that differ" in capsys.readouterr().err
    assert main(["impact", "helper"]) == 0
    assert capsys.readouterr().out.splitlines()[: len(told) - 1] == told[:-1]
    assert main(["impact"]) == 2
    assert "NAME, or --diff" in capsys.readouterr().err
