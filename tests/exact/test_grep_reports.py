"""What `leindex grep` says of what it could not read or understand, and its exit status: as ripgrep has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exact.commands import Said, leindex, needs_ripgrep, ripgrep, said

RULE_FILES = (".ignore", ".rgignore", ".gitignore", ".git/info/exclude")
WRONG = b"x\\   \n\n# comment {\n{a,b\n!/[z-a]/\n*.{a\nfine\na}\n/q\\\n"


def write(tree: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture
def tree(tmp_path: Path, own_home: None) -> Path:
    tree = tmp_path / "tree"
    write(
        tree,
        {
            "s/a.txt": b"needle\n",
            "s/t/b.txt": b"needle\n",
            "s/fine": b"needle\n",
            "s2/c.txt": b"needle\n",
            "z.txt": b"needle\n",
        },
    )
    return tree


def same(arguments: list[str], folder: Path) -> Said:
    ours, theirs = leindex(["grep", *arguments], folder), ripgrep(arguments, folder)
    assert ours == theirs
    return ours


@needs_ripgrep
@pytest.mark.parametrize("where", ["", "s", "s/t"])
@pytest.mark.parametrize("name", RULE_FILES)
def test_a_wrong_line_of_an_ignore_file(name: str, where: str, tree: Path) -> None:
    (tree / ".git").mkdir()
    write(tree, {os.path.join(where, name): WRONG})
    leindex(["index", "-q"], tree)
    assert len(same(["needle"], tree).errors) >= 5
    assert same(["needle", "s"], tree).status == (0 if where else 2)
    assert same(["nomatch", "s/t"], tree).status == (1 if where == "s/t" else 2)
    same(["-l", "needle", "s/t"], tree)
    same(["-q", "needle", "s"], tree)


@needs_ripgrep
@pytest.mark.parametrize(
    "arguments",
    [
        ["needle"],
        ["needle", "."],
        ["needle", "s"],
        ["needle", "s/t", "s"],
        ["needle", "s", "s2", "s"],
        ["needle", "s/a.txt", "s2"],
        ["needle", "s/a.txt"],
        ["needle", "s/ig"],
        ["needle", "s/.h"],
        ["-q", "needle"],
        ["-q", "needle", "s"],
        ["-q", "nomatch", "s/t"],
        ["-q", "needle", "s2", "s"],
        ["--files"],
        ["--files", "-q", "s"],
        ["-c", "--include-zero", "nomatch", "s"],
        ["--files-without-match", "needle", "s"],
        ["-m0", "needle", "s"],
        ["-d1", "needle", "s"],
        ["-g", "!t", "needle", "s"],
        ["-g", "*.txt", "needle", "s"],
        ["-t", "txt", "needle", "s"],
        ["--hidden", "needle", "s"],
        ["-u", "needle", "s"],
        ["--no-messages", "needle", "s"],
        ["--no-ignore-messages", "needle", "s"],
        ["--no-ignore-parent", "needle", "s"],
        ["--no-ignore-vcs", "needle", "s"],
        ["--no-ignore-dot", "needle", "s"],
        ["--no-ignore", "needle", "s"],
        ["--no-require-git", "needle", "s"],
        ["--ignore-file", "rules", "-l", "needle"],
        ["--ignore-file", "rules", "--ignore-file", "nowhere", "-l", "needle", "s", "s2"],
        ["--ignore-file", "rules", "--no-ignore-files", "-l", "needle", "s2"],
        ["--ignore-file", "rules", "--no-ignore-messages", "-l", "needle", "s2"],
        ["--ignore-file", "rules", "--no-messages", "-l", "needle", "s2"],
    ],
    ids=" ".join,
)
def test_wrong_lines_in_many_places(arguments: list[str], tree: Path) -> None:
    write(
        tree,
        {
            ".gitignore": b"{a\nok\n\xff\n!{c\n",
            "s/.gitignore": b"a}\n",
            "s/.ignore": b"\\\nig\n",
            "s/.rgignore": b"[z-a]\n",
            "s/t/.gitignore": b"/{b/\n",
            "s/ig/.ignore": b"{q\n",
            "s/ig/x": b"needle\n",
            "s/.h/.ignore": b"{h\n",
            "s/.h/x": b"needle\n",
            "s2/.ignore": b"\xff\n",
            "rules": b"z.*\n{r\n",
        },
    )
    leindex(["index", "-q"], tree)
    same(arguments, tree)


@needs_ripgrep
def test_from_below_and_from_above(tree: Path) -> None:
    write(tree, {".ignore": b"{a\n", "s/.ignore": b"{b\n", "s/t/.ignore": b"{c\n"})
    leindex(["index", "-q"], tree)
    same(["needle"], tree / "s")
    same(["needle", ".."], tree / "s")
    same(["needle", str(tree / "s")], tree / "s" / "t")
    same(["needle", "tree/s/"], tree.parent)


@needs_ripgrep
def test_an_ignore_file_that_changes_and_nothing_else(tree: Path) -> None:
    leindex(["index", "-q"], tree)
    assert same(["needle", "s"], tree).status == 0
    write(tree, {".ignore": b"{a\n"})
    assert same(["needle", "s"], tree).status == 2
    write(tree, {".ignore": b"fine\n"})
    assert same(["needle", "s"], tree).status == 0


def test_our_own_ignore_file(tree: Path) -> None:
    write(tree, {".leindexignore": b"{a\nz.*\n", "s/.leindexignore": b"a}\n"})
    ran = leindex(["grep", "-l", "needle", "s"], tree)
    assert (ran.status, ran.output) == (2, b"s/a.txt\ns/fine\ns/t/b.txt\n")
    reason = b"error parsing glob '{a': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)"
    assert os.fsencode(tree) + b"/.leindexignore: line 1: " + reason in ran.errors
    assert any(line.startswith(b"s/.leindexignore: line 1: error parsing glob 'a}': ") for line in ran.errors)


@needs_ripgrep
@pytest.mark.parametrize(
    "arguments",
    [
        ["-g", "!/{a/", "needle"],
        ["-g", "a\\", "needle"],
        ["-g", "a}", "needle"],
        ["--iglob", "!/[a", "needle"],
        ["-g", "[z-a]", "needle"],
        ["--type-add", "x:{a", "-t", "x", "needle"],
        ["--type-add", "x:{a", "-l", "needle"],
    ],
    ids=" ".join,
)
def test_globs_that_are_refused(arguments: list[str], tree: Path) -> None:
    leindex(["index", "-q"], tree)
    same(arguments, tree)


# What cannot be read. As root nothing is, so that the right to read everything is given up first.

_CAPABILITIES = "-dac_override,-dac_read_search"
_WITHOUT_RIGHTS = ["setpriv", f"--bounding-set={_CAPABILITIES}", f"--inh-caps={_CAPABILITIES}"]


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What to put before a command so that it cannot read everything."""
    if os.geteuid() != 0:
        return []
    closed = tmp_path_factory.mktemp("closed") / "file"
    closed.touch(0)
    if shutil.which("setpriv") is None or not subprocess.run(
        [*_WITHOUT_RIGHTS, "cat", str(closed)], capture_output=True, check=False
    ).stderr.endswith(b"Permission denied\n"):
        pytest.skip("this user can read everything")
    return _WITHOUT_RIGHTS


@pytest.fixture
def closed(tree: Path, bounded: list[str]) -> Path:
    """A tree with files and folders that cannot be read."""
    write(
        tree,
        {
            "b": b"needle\n",
            "d/x": b"needle\n",
            "s/z.py": b"needle\n",
            "x/f": b"needle\n",
            "x/sub/g": b"needle\n",
            ".h/file": b"needle\n",
            ".h/d/x": b"needle\n",
            "s/t/d/x": b"needle\n",
        },
    )
    for name in ("b", "d", "s/z.py", ".h/file", ".h/d", "s/t/d"):
        (tree / name).chmod(0)
    (tree / "x").chmod(0o600)
    return tree


def _ours(bounded: list[str], arguments: list[str], folder: Path) -> Said:
    return said([*bounded, sys.executable, "-m", "leindex"], arguments, folder)


def _theirs(bounded: list[str], arguments: list[str], folder: Path) -> Said:
    return said([*bounded, "rg", "--no-config", "--color", "never", "--sort", "path"], arguments, folder)


@needs_ripgrep
@pytest.mark.parametrize(
    "arguments",
    [
        ["needle"],
        ["needle", "s"],
        ["-l", "needle"],
        ["-c", "nomatch"],
        ["-c", "--include-zero", "needle"],
        ["-v", "needle"],
        ["-q", "needle"],
        ["-q", "needle", "x", "s"],
        ["-q", "nomatch"],
        ["--files"],
        ["--files", "-q"],
        ["--files-without-match", "nomatch"],
        ["needle", "b"],
        ["needle", "d"],
        ["needle", "d", "s"],
        ["needle", "s", "b", "nowhere"],
        ["needle", "./"],
        ["needle", "x"],
        ["-g", "*.py", "needle"],
        ["-g", "!s", "needle"],
        ["-t", "py", "needle"],
        ["-d1", "needle"],
        ["-d1", "needle", "x"],
        ["--hidden", "needle"],
        ["-uuu", "-l", "needle"],
        ["--no-messages", "needle"],
        ["--no-messages", "needle", "b"],
        ["--no-messages", "needle", "nowhere"],
        ["--no-messages", "-g", "nomatch", "needle"],
        ["-m0", "needle"],
        ["-U", "-n", "needle\\n"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_read(arguments: list[str], closed: Path, bounded: list[str]) -> None:
    assert _ours(bounded, ["index", "-q"], closed).status == 0
    assert _ours(bounded, ["grep", *arguments], closed) == _theirs(bounded, arguments, closed)


@needs_ripgrep
def test_what_can_be_read_later(closed: Path, bounded: list[str]) -> None:
    assert _ours(bounded, ["index", "-q"], closed).status == 0
    ours = _ours(bounded, ["grep", "--refresh", "never", "-l", "needle"], closed)
    assert ours == _theirs(bounded, ["-l", "needle"], closed)
    (closed / "b").chmod(0o644)
    (closed / "s" / "z.py").chmod(0o644)
    # Without a comparison these files are looked at all the same.
    ours = _ours(bounded, ["grep", "--refresh", "never", "-l", "needle"], closed)
    assert ours == _theirs(bounded, ["-l", "needle"], closed)
    assert b"b\n" in ours.output
