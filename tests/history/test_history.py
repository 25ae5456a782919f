"""`log` beside `git log -G` and `-S`, and `when` beside a look at every commit, of a repository that changes."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import leindex
from leindex.cli.main import main
from leindex.errors import ConfigError, QueryError
from leindex.history.changed import ChangedCommits
from leindex.index import Index
from tests.support.edits import NAMES, edited, git, lines_of, written

PATTERNS = ("w[0-9]*5", "word 1", "e = 3", "nowhere at all")
COMMITS = 40


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Commits on two branches that are merged now and then."""
    folder = tmp_path_factory.mktemp("history") / "tree"
    folder.mkdir()
    chance = random.Random(5)
    git(folder, "init", "-q", "-b", "main")
    for name in NAMES:
        written(folder / name, lines_of(chance, 30))
    commit(folder, 0)
    git(folder, "branch", "side")
    for number in range(1, COMMITS + 1):
        git(folder, "checkout", "-q", "side" if number % 5 == 4 else "main")
        if number % 10 == 0:
            git(folder, "merge", "-q", "-s", "ours", "-m", "join", "side", when=at(number))
            if number % 20 == 0:
                written(folder / "merged.txt", lines_of(chance, 9))
                git(folder, "add", "-A")
                git(folder, "commit", "-q", "--amend", "--no-edit", when=at(number))
            continue
        for _ in range(3):
            if not any((folder / name).exists() for name in NAMES):
                written(folder / chance.choice(NAMES), lines_of(chance, 30))
            edited(folder, chance)
        commit(folder, number)
    git(folder, "checkout", "-q", "main")
    return folder


def at(number: int) -> str:
    return f"2026-01-01T00:{number:02}:00Z"


def commit(folder: Path, number: int) -> None:
    git(folder, "add", "-A")
    author = "Ann" if number % 3 else "Bob"
    git(folder, "commit", "-q", "--allow-empty", "-m", f"number {number}", when=at(number), author=author)


@pytest.fixture
def index(root: Path, own_home: None) -> Index:
    return leindex.open(root)


def ids(found: ChangedCommits) -> list[str]:
    return [one.commit.id for one in found]


def logged(root: Path, *words: str) -> list[str]:
    return git(root, "log", "--format=%H", "-M", "--no-textconv", *words).decode().split()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_log_finds_the_commits_that_git_finds(root: Path, index: Index, pattern: str) -> None:
    asked = ("-E", f"-G{pattern}")
    assert ids(index.log(pattern)) == logged(root, *asked)
    assert ids(index.log(pattern, author="bob")) == logged(root, *asked, "--author=Bob")
    assert ids(index.log(pattern, scope="dir")) == logged(root, *asked, "--", "dir")
    assert ids(index.log(pattern, revisions="main~9..main")) == logged(root, *asked, "main~9..main")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_log_by_counts_finds_what_the_pickaxe_finds(root: Path, index: Index, pattern: str) -> None:
    # git looks into binary files too, which have no lines to show.
    text_only = ("--", ".", ":!binary.bin")
    assert ids(index.log(pattern, counts=True)) == logged(root, "--pickaxe-regex", f"-S{pattern}", *text_only)


def test_log_shows_the_lines_of_the_patch(root: Path, index: Index) -> None:
    shown = 0
    for one in index.log("w[0-9]*5"):
        patch = git(root, "show", "-U0", "-M", "--format=", one.commit.id).decode("utf-8", "replace").split("\n")
        changed = [line for line in patch if line[:1] in ("+", "-") and line[:4] not in ("+++ ", "--- ")]
        for line in one.lines:
            assert ("+" if line.added else "-") + line.text in changed
            name = one.commit.id if line.added else f"{one.commit.id}^"
            content = git(root, "show", f"{name}:{line.path}").decode("utf-8", "replace").split("\n")
            assert content[line.line - 1] == line.text
            shown += 1
    assert shown > 20


def test_by_counts_only_files_that_got_or_lost_matches_are_shown(tmp_path: Path, own_home: None) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a").write_text("word here\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    (tmp_path / "a").write_text("word anew\n")
    (tmp_path / "b").write_text("word there\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "second")
    with leindex.open(tmp_path) as index:
        newest = next(iter(index.log("word", counts=True)))
        assert len(next(iter(index.log("word"))).lines) == 3
    assert [(line.path, line.text) for line in newest.lines] == [("b", "word there")]


def has(root: Path, name: str, pattern: str) -> bool:
    command = ["git", "grep", "-q", "-I", "-E", "-e", pattern, name]
    return subprocess.run(command, cwd=root, check=False).returncode == 0


@pytest.mark.parametrize("pattern", [*PATTERNS, "word 27", "word 3[0-9]$", "w399", "e = 1[0-9]", "w2[0-9]0"])
def test_when_agrees_with_a_look_at_every_commit(root: Path, index: Index, pattern: str) -> None:
    found = index.when(pattern)
    there = {name: has(root, name, pattern) for name in logged(root)}
    times = {name: int(git(root, "show", "-s", "--format=%ct", name)) for name in there}
    have = [name for name in there if there[name]]
    assert found.looked_at == len(there)
    assert (found.first is None) == (not have)
    assert found.present == there[logged(root)[0]]
    if found.first is not None and found.last is not None:
        assert there[found.first.id] and times[found.first.id] == min(times[name] for name in have)
        assert there[found.last.id] and times[found.last.id] == max(times[name] for name in have)
        assert found.line is not None and found.line.added
    if found.removed is not None:
        assert not there[found.removed.id] and any(there[parent] for parent in found.removed.parents)


def test_the_commands(root: Path, index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "w[0-9]*5", str(root), "-n", "2"]) == 0
    told = capsys.readouterr()
    assert told.out.count(" Ann  number ") + told.out.count(" Bob  number ") == 2
    assert "raise --max-count" in told.err
    assert main(["log", "w[0-9]*5", str(root), "--json", "-g", "*.py"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["looked_at"] == len(logged(root))
    assert {line["path"].endswith(".py") for one in answer["commits"] for line in one["lines"]} == {True}
    assert main(["log", "nowhere at all", str(root)]) == 1
    assert main(["when", "word 1", str(root)]) == 0
    assert "first    " in capsys.readouterr().out
    assert main(["when", "nowhere", str(root), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["first"] is None


NONSENSE = (
    ("log", "(", "{}"),
    ("log", "x", "{}", "--rev", "nothing"),
    ("log", "x", "{}", "--rev=--output=x"),
    ("log", "x", "{}", "-g", "[z-a]"),
    ("when", "x", "{}", "--rev", "nothing"),
)


@pytest.mark.parametrize("words", NONSENSE)
def test_what_means_nothing_is_an_error(
    root: Path, index: Index, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.format(root) for word in words]) == 2
    assert capsys.readouterr().err.startswith("leindex: ")


def test_without_a_repository_or_a_commit(tmp_path: Path, own_home: None) -> None:
    with pytest.raises(ConfigError):
        leindex.open(tmp_path).log("x")
    git(tmp_path, "init", "-q")
    with pytest.raises(QueryError, match="no commit yet"):
        list(leindex.open(tmp_path).log("x"))


SETTINGS = (
    *("diff.noprefix=true", "diff.mnemonicPrefix=true", "diff.renames=false", "diff.context=9"),
    *("log.showRoot=false", "color.ui=always"),
)


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_of_the_repository_change_nothing(root: Path, index: Index, setting: str) -> None:
    before = list(index.log("w[0-9]*5"))
    name, _, value = setting.partition("=")
    git(root, "config", name, value)
    try:
        assert list(leindex.open(root).log("w[0-9]*5")) == before
    finally:
        git(root, "config", "--unset", name)


def test_a_shallow_clone_says_so(root: Path, tmp_path: Path, own_home: None) -> None:
    git(tmp_path, "clone", "-q", "--depth", "5", f"file://{root}", "few")
    answer = leindex.open(tmp_path / "few").log("w[0-9]*5")
    list(answer)
    assert answer.shallow and 0 < answer.looked_at < COMMITS


def test_a_check_ends_it(root: Path, index: Index) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    asks: tuple[Callable[[], object], ...] = (
        lambda: list(index.log("w", check=stop)),
        lambda: index.when("w", check=stop),
    )
    for ask in asks:
        with pytest.raises(KeyboardInterrupt):
            ask()
