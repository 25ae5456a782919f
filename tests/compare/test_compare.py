"""Definitions that differ between two revisions, and between one and the tree as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import leindex
from leindex.cli.main import main
from leindex.errors import QueryError
from leindex.index import Index
from tests.views.test_changes import git

pytestmark = pytest.mark.usefixtures("own_home")

FIRST = {
    "a.py": "def kept(x):\n    return 1\n\ndef gone():\n    pass\n\nclass C:\n    def method(self, a):\n        pass\n",
    "same.py": "def same():\n    pass\n",
    "moved/old.py": "def moves(one, two):\n    return 1\n",
    "parted.py": "def first():\n    pass\n\ndef second():\n    pass\n",
}
SECOND = {
    "a.py": "import os\n\ndef kept(x):\n    return 2\n\nclass C:\n    def method(self, a, b):\n        pass\n\n"
    "    def new(self):\n        pass\n",
    "same.py": FIRST["same.py"],
    "moved/new.py": FIRST["moved/old.py"],
    "parted.py": "def first():\n    pass\n",
    "part.py": "# apart\ndef second():\n    pass\n",
}


def make(root: Path, files: dict[str, str]) -> None:
    for path in root.glob("**/*.py"):
        path.unlink()
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for files in (FIRST, SECOND):
        make(folder, files)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "one")
    return folder


def told(index: Index, *asked: str) -> list[tuple[str, str, str]]:
    return [(change.change, change.path, change.name) for change in index.compare(*asked).changes]


EXPECTED = [
    ("removed", "a.py", "gone"),
    ("changed", "a.py", "C.method"),
    ("added", "a.py", "C.new"),
]


def test_two_revisions(root: Path) -> None:
    with leindex.open(root) as index:
        index.update()
        found = index.compare("HEAD~1", "HEAD")
        assert [(c.change, c.path, c.name) for c in found.changes] == EXPECTED
        assert found.moved == 1 and found.files == 5 and found.pending == 0
        method = found.changes[1]
        assert (method.before, method.after) == ("def method(self, a):", "def method(self, a, b):")
        assert told(index, "main~1", "main") == EXPECTED
        assert {change for change, *_ in told(index, "HEAD", "HEAD~1")} == {"removed", "changed", "added"}
        assert told(index, "HEAD", "HEAD") == []


def test_the_tree_as_it_is(root: Path) -> None:
    with leindex.open(root) as index:
        index.update()
        assert told(index, "HEAD") == [] and told(index, "HEAD~1") == EXPECTED
        (root / "same.py").write_text("def same(more):\n    pass\n")
        assert told(index, "HEAD") == [("changed", "same.py", "same")]
        assert index.compare("HEAD", scope="moved").changes == ()


def test_the_query(root: Path) -> None:
    with leindex.open(root) as index:
        index.update()
        assert told(index, "HEAD~1", "HEAD", "kind:method") == EXPECTED[1:]
        assert told(index, "HEAD~1", "HEAD", "gone") == EXPECTED[:1]
        assert told(index, "HEAD~1", "HEAD", "-file:a.py") == []
        for query, said in (
            ("branch:main", "those that are compared"),
            ("(", "nothing after|not closed"),
            ("type:file", "are compared"),
        ):
            with pytest.raises(QueryError, match=said):
                index.compare("HEAD~1", "HEAD", query)
        with pytest.raises(QueryError, match="nosuch: is no commit"):
            index.compare("nosuch", "HEAD")


def test_overloads_are_compared_as_a_set(root: Path) -> None:
    java = "class C {{\n    void f({}) {{\n    }}\n    void f({}) {{\n    }}\n}}\n"
    (root / "C.java").write_text(java.format("int a", "String a"))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "java")
    (root / "C.java").write_text(java.format("String a", "long a"))
    with leindex.open(root) as index:
        index.update()
        changes = index.compare("HEAD").changes
        assert [(c.change, c.before, c.after) for c in changes] == [("changed", "void f(int a)", "void f(long a)")]


def test_the_command(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "HEAD~1", "HEAD", "", str(root)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "- a.py:4  def gone():",
        "~ a.py:7  def method(self, a):",
        "    now def method(self, a, b):",
        "+ a.py:10  def new(self):",
    ]
    assert "definitions: 1 added, 1 removed, 1 changed; files that differ: 5; 1 moved to another file" in err
    assert main(["compare", "HEAD~1", "-", "kind:method", str(root), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [change["name"] for change in answer["changes"]] == ["C.method", "C.new"] and answer["pending"] == 0
    assert main(["compare", "HEAD", "HEAD", "", str(root)]) == 1
    assert main(["compare", "HEAD", "nosuch", "", str(root)]) == 2
    assert "nosuch: is no commit" in capsys.readouterr().err
