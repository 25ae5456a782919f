"""Answers at a terminal go through a pager, as git's do: real processes at a pseudo-terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.served import environment
from tests.support.terminal import at_terminal


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tree")
    (tree / "a.py").write_text("".join(f"def needle_{n}():\n    pass\n" for n in range(3000)))
    home = tree.parent / "home"
    subprocess.run([sys.executable, "-m", "leindex", "index", "-q", str(tree)], env=environment(home), check=True)
    return tree


MARKED = "sed 's/^/| /'"


def test_answers_go_through_the_pager(tree: Path) -> None:
    status, seen = at_terminal(tree, "symbols", "needle_7", PAGER="false", LEINDEX_PAGER=MARKED)
    assert status == 0 and seen.startswith("| a.py:15  function  def needle_7()")
    status, seen = at_terminal(tree, "search", "needle_77", PAGER=MARKED)
    assert status == 0 and all(line.startswith("| ") for line in seen.splitlines()[:3])
    assert "\x1b[1;31m" in seen, "colours stay"


def test_there_is_none_where_none_is_wanted(tree: Path) -> None:
    plain = at_terminal(tree, "--no-pager", "symbols", "needle_7", PAGER=MARKED)
    assert plain[1].startswith("a.py:15  function")
    for variables in ({"LEINDEX_PAGER": "cat", "PAGER": MARKED}, {"PAGER": ""}, {"PAGER": MARKED, "TERM": "dumb"}):
        assert at_terminal(tree, "symbols", "needle_7", **variables) == plain
    assert at_terminal(tree, "grep", "def needle_77\\b", PAGER=MARKED)[1].count("|") == 0
    assert at_terminal(tree, "status", PAGER=MARKED)[1].count("| ") == 0
    piped = subprocess.run(
        [sys.executable, "-m", "leindex", "symbols", "needle_7"],
        cwd=tree,
        env={**environment(tree.parent / "home"), "PAGER": MARKED},
        capture_output=True,
        text=True,
    )
    assert piped.stdout == plain[1]


def test_no_pager_is_started_for_nothing(tree: Path) -> None:
    status, seen = at_terminal(tree, "symbols", "absent", PAGER="echo started; cat")
    assert status == 1 and seen == f"leindex: no definition like absent in 1 file of {tree}\n"


def test_what_is_said_beside_comes_when_the_reader_has_left(tree: Path) -> None:
    git = ["git", "-C", str(tree), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "All"]):
        subprocess.run([*git, *words], check=True)
    status, seen = at_terminal(tree, "log", "needle_77", PAGER="cat; echo end of the pager")
    lines = seen.splitlines()
    assert status == 0 and lines[2] == "  \x1b[32m+155: def needle_77():\x1b[0m"
    assert "\x1b" not in at_terminal(tree, "--no-pager", "log", "needle_77", "--color", "never")[1]
    assert lines[-2:] == ["end of the pager", "leindex: 1 of 1 commits changed lines that match"]
    status, seen = at_terminal(tree, "search", "needle_7 lang:pyton", PAGER="cat; echo end of the pager")
    assert status == 2 and "end of the pager" not in seen and "leindex: " in seen


def test_a_reader_who_leaves_early_ends_it_without_a_word(tree: Path) -> None:
    status, seen = at_terminal(tree, "symbols", "needle", "--limit", "3000", PAGER="head -1")
    assert status == 0 and seen.count("\n") == 1 and "Traceback" not in seen


def test_a_pager_that_is_none_is_said(tree: Path) -> None:
    status, seen = at_terminal(tree, "symbols", "needle_7", PAGER="/no/such/pager")
    assert "the pager '/no/such/pager' cannot be started" in seen and "Traceback" not in seen
    assert status == 0


def test_less_ends_at_once_where_everything_fits(tree: Path) -> None:
    if subprocess.run(["sh", "-c", "command -v less"], capture_output=True).returncode:
        pytest.skip("less is not installed")
    status, seen = at_terminal(tree, "symbols", "needle_2999")
    assert status == 0 and "a.py:5999" in seen


def test_colours_as_they_are_asked_for(tree: Path) -> None:
    def colored(*options: str, **variables: str) -> bool:
        return "\x1b[" in at_terminal(tree, "--no-pager", "search", "needle_77", *options, **variables)[1]

    assert colored() and not colored(NO_COLOR="1") and not colored("--color", "never")
    assert colored("--color", "always", NO_COLOR="1")
