"""Long work shows at a terminal how far it is, and leaves nothing of that on the screen; elsewhere nothing is drawn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from leindex.models import ProgressCallback
from leindex.questions import Where
from tests.support.served import environment, make_tree
from tests.support.terminal import at_terminal

CLEARED = "\r\x1b[K"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tree(tmp_path_factory.mktemp("tree"), copies=40)


def drawn(seen: str) -> list[str]:
    """The bars that were on the screen, one after the other; the last was taken away."""
    bars = [part for part in seen.replace("\n", CLEARED).split(CLEARED) if part.startswith("[")]
    assert not bars or CLEARED in seen[seen.rindex(bars[-1]) :]
    return bars


def test_a_first_search_migrating_verifying_and_the_doctor(tree: Path, tmp_path: Path) -> None:
    status, seen = at_terminal(tree, "--no-pager", "search", "backoff")
    assert status == 0 and any("text: " in bar for bar in drawn(seen)), seen
    assert "retry.py" in seen.split(CLEARED)[-1]
    other = ["--index", str(tmp_path / "other")]
    assert at_terminal(tree, "index", "-q", ".", *other)[0] == 0
    for stages, arguments in (
        ({"pages"}, ("doctor",)),
        ({"compare"}, ("verify", ".", "--index-b", other[1])),
        ({"copy"}, ("migrate", "--to", "duckdb", ".", *other)),
    ):
        status, seen = at_terminal(tree, *arguments)
        assert status == 0, seen
        assert arguments[0] != "doctor" or any(bar.endswith("] pages") for bar in drawn(seen)), (
            "no figures of what has none"
        )
        assert stages <= {bar.split("] ")[1].split(":")[0] for bar in drawn(seen)}, seen


def test_nothing_is_drawn_where_there_is_no_terminal(tree: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "leindex", "doctor"],
        cwd=tree,
        env=environment(tree.parent / "home"),
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "no damage found\n", "")


def test_each_stage_of_the_doctor_is_told(own_home: None, tmp_path: Path) -> None:
    import leindex

    root = make_tree(tmp_path / "tree", copies=5)
    told: list[tuple[str, int, int]] = []
    with leindex.open(root, refresh="never") as index:
        index.update()
        assert not index.examine(on_progress=lambda p: told.append((p.stage, p.documents, p.documents_total)))
        count = index.store.count()
    assert list(dict.fromkeys(stage for stage, *_ in told)) == ["pages", "segments", "contents", "files"]
    assert [(done, total) for stage, done, total in told if stage == "contents"] == [
        (number, count) for number in range(count)
    ]


def test_an_update_and_a_view_before_an_answer(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import leindex
    from leindex.cli.common import progress_shown

    root = make_tree(tree.parent / "views", copies=30)
    git = ["git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-qb", "main"], ["add", "."], ["commit", "-qm", "All"]):
        subprocess.run([*git, *words], check=True)
    for file in (root / "many").rglob("*.py"):
        file.write_text(file.read_text() + "# later than the commit\n")
    monkeypatch.setenv("LEINDEX_HOME", str(tree.parent / "home"))
    told: list[str] = []

    class Shown(progress_shown):
        def __enter__(self) -> ProgressCallback:
            return lambda progress: told.append(progress.stage)

    with leindex.open(root, refresh="always") as index:
        index.update()
        index.progress = lambda: Shown(quiet=False)
        (root / "new.py").write_text("needle = 1\n")
        index.search("needle")
        assert "text" in told
        told.clear()
        with index.at(Where(branches=("main",))):
            index.search("needle")
        assert "views" in told


def test_short_work_draws_nothing(tree: Path) -> None:
    (tree / "new.py").write_text("def brand_new():\n    pass\n")
    status, seen = at_terminal(tree, "--no-pager", "symbols", "brand_new", "--refresh", "always")
    assert status == 0 and drawn(seen) == [] and "\x1b" not in seen
