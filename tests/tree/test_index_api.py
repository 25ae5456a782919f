"""The Python API: freshness and its limits, several roots, moved roots, and every example in the documents."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import leindex
from leindex.cli.main import main
from leindex.errors import ConfigError, QueryError, StaleIndexError, StoreBusyError
from leindex.index import Index
from leindex.index_set import search_all
from leindex.indexing.changes import FINE_NS
from leindex.indexing.pipeline import UpdateOptions
from leindex.indexing.walk.discover import DiscoverOptions
from leindex.models import SearchResult
from leindex.storage.folder.locks import WatchMark, updating
from leindex.tree import freshness
from leindex.tree.roots import known_indexes
from tests.support.another_user import as_nobody

DOCS = Path(__file__).resolve().parents[2] / "docs"


pytestmark = pytest.mark.usefixtures("own_home")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "retry.py").write_text("def retry(times):\n    return times\n")
    (folder / "README.txt").write_text("how to retry\n")
    for path in (folder / "src" / "retry.py", folder / "README.txt"):
        os.utime(path, ns=(1_600_000_000_123_456_789,) * 2)
    time.sleep(1.5e-9 * FINE_NS)  # so that their last status change is no longer recent
    return folder


@pytest.fixture
def index(root: Path) -> Iterator[Index]:
    with leindex.open(root) as made:
        made.update()
        yield made


def found(answer: SearchResult) -> list[str]:
    return sorted(hit.path for hit in answer.hits)


# -- freshness ----------------------------------------------------------------------------------------------------


def test_a_search_finds_what_has_just_changed(root: Path, index: Index) -> None:
    assert found(index.search("retry")) == ["README.txt", "src/retry.py"]
    (root / "new.py").write_text("retry_again = 1\n")
    answer = index.search("retry_again")
    assert found(answer) == ["new.py"] and answer.completeness.age_seconds < 5
    (root / "new.py").unlink()
    assert found(index.search("retry_again")) == []


def test_a_search_of_an_unchanged_tree_writes_nothing(root: Path, index: Index) -> None:
    database = index.location.database

    def state() -> list[object]:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            values = connection.execute("SELECT * FROM index_state ORDER BY name").fetchall()
        connection.close()
        return values

    index.close()
    before = state()
    with leindex.open(root) as reader:
        for refresh in ("always", "auto"):
            reader.refresh = refresh  # type: ignore[assignment]
            assert found(reader.search("retry"))
            assert reader.age_seconds < 5
            assert reader._opened is not None and reader._opened.database.readonly
    assert state() == before


def test_a_large_tree_is_not_compared_in_passing_and_says_so(
    root: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.catalog.set_state({"walk_seconds": 10.0, "walked_at": time.time() - 3600})
    monkeypatch.setattr(freshness, "WARM_SECONDS_A_FILE", 1.0)
    (root / "new.py").write_text("retry_again = 1\n")
    answer = index.search("retry_again")
    assert found(answer) == [] and 3590 < answer.completeness.age_seconds < 3700
    index.refresh = "always"
    assert found(index.search("retry_again")) == ["new.py"]


def test_a_cold_first_walk_does_not_count_against_a_small_tree(root: Path, index: Index) -> None:
    index.catalog.set_state({"walk_seconds": 10.0})
    (root / "new.py").write_text("retry_again = 1\n")
    assert found(index.search("retry_again")) == ["new.py"]


def test_comparing_gives_up_in_time(root: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.catalog.set_state({"walked_at": time.time() - 3600})
    monkeypatch.setattr(freshness, "REFRESH_BUDGET", -1e-9)
    monkeypatch.setattr(freshness, "WARM_SECONDS_A_FILE", -1.0)
    (root / "new.py").write_text("retry_again = 1\n")
    answer = index.search("retry_again")
    assert found(answer) == [] and answer.completeness.age_seconds > 3590
    assert not answer.completeness.complete
    assert [note for note in answer.completeness.notes if "was given up" in note]


def test_never_and_strict(root: Path, index: Index) -> None:
    (root / "new.py").write_text("retry_again = 1\n")
    index.refresh = "never"
    assert found(index.search("retry_again")) == []
    index.strict = True
    with pytest.raises(StaleIndexError, match="was not compared"):
        index.search("retry_again")
    index.refresh = "auto"
    index.catalog.set_state({"walk_seconds": 10.0})
    assert found(index.search("retry_again")) == ["new.py"]


def test_a_busy_index_answers_soon_and_says_so(root: Path, index: Index) -> None:
    (root / "new.py").write_text("retry_again = 1\n")
    with updating(index.location.folder, 0):
        begun = time.monotonic()
        answer = index.search("retry")
        assert time.monotonic() - begun < 2.0
        assert found(answer) == ["README.txt", "src/retry.py"]
        assert any("another process is updating" in note for note in answer.completeness.notes)
        with pytest.raises(StoreBusyError):
            index.update(wait_seconds=0)
        index.strict = True
        with pytest.raises(StaleIndexError):
            index.search("retry")
    index.strict = False
    answer = index.search("retry_again")
    assert found(answer) == ["new.py"] and not answer.completeness.notes


def test_waiting_for_another_update(root: Path, index: Index) -> None:
    (root / "new.py").write_text("retry_again = 1\n")
    with updating(index.location.folder, 0):
        entered = threading.Event()

        def later() -> None:
            entered.set()
            with leindex.open(root) as other:
                other.update()

        thread = threading.Thread(target=later)
        thread.start()
        entered.wait()
        time.sleep(0.05)
    thread.join(20)
    index.refresh = "never"
    assert found(index.search("retry_again")) == ["new.py"]


def test_an_index_that_cannot_be_written_answers_all_the_same(root: Path, index: Index, tmp_path: Path) -> None:
    index.close()
    for path in (index.location.folder, index.location.folder.parent):
        path.chmod(0o755)
    for path in index.location.folder.iterdir():
        path.chmod(0o644)
    location = index.location

    def unchanged() -> None:
        answer = Index(location).search("retry")
        assert found(answer) == ["README.txt", "src/retry.py"]
        assert answer.completeness.age_seconds < 60 and not answer.completeness.notes

    def changed() -> None:
        answer = Index(location).search("retry")
        assert found(answer) == ["README.txt", "src/retry.py"]
        assert any("cannot be brought up to date" in note for note in answer.completeness.notes)
        with pytest.raises(StaleIndexError):
            Index(location, strict=True).search("retry")

    as_nobody(location.folder, unchanged)
    (root / "new.py").write_text("retry_again = 1\n")
    as_nobody(location.folder, changed)


def test_a_watched_index_is_not_compared(root: Path, index: Index) -> None:
    index.catalog.set_state({"walked_at": time.time() - 3600})
    mark = WatchMark(index.location.folder)
    try:
        mark.set(True)
        (root / "new.py").write_text("retry_again = 1\n")
        answer = index.search("retry_again")
        assert found(answer) == [] and answer.completeness.age_seconds == 0
        mark.set(False)
        assert found(index.search("retry_again")) == ["new.py"]
    finally:
        mark.close()


# -- roots --------------------------------------------------------------------------------------------------------


def test_a_moved_root_keeps_its_index(root: Path, index: Index, tmp_path: Path) -> None:
    index.update(UpdateOptions(DiscoverOptions(hidden=True)))
    index.close()
    moved = root.rename(tmp_path / "moved")
    with leindex.open(moved) as other:
        result = other.update()
        assert (result.read, result.unchanged, result.documents) == (0, 2, 0)
        assert other.update(paths=[moved / "src" / "retry.py"]).changed == 0
    assert [location.root for location in known_indexes()] == [moved]


def test_an_index_folder_that_was_moved(root: Path, index: Index, tmp_path: Path) -> None:
    index.close()
    folder = index.location.folder.rename(tmp_path / "elsewhere")
    renamed = root.rename(tmp_path / "renamed")
    with leindex.open(renamed, index=folder) as other:
        assert found(other.search("retry")) == ["README.txt", "src/retry.py"]
        assert other.update().documents == 0


def test_all_roots(root: Path, index: Index, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "other.py").write_text("def retry_second(): ...\n")
    assert main(["index", "--quiet", str(second)]) == 0
    (tmp_path / "indexes" / "broken").mkdir()
    (tmp_path / "indexes" / "broken" / "index.db").write_text("this is no index")
    answer = search_all("retry")
    assert {(hit.root, hit.path) for hit in answer.hits} == {
        (str(root), "README.txt"), (str(root), "src/retry.py"), (str(second), "other.py"),
    }  # fmt: skip
    assert not answer.completeness.complete and "broken" in answer.completeness.notes[0]
    assert [hit.path for hit in search_all("repo:second retry").hits] == ["other.py"]
    assert {hit.root for hit in search_all("-repo:second retry").hits} == {str(root)}
    assert len(search_all("retry", limit=1).hits) == 1
    assert search_all("repo:nowhere retry").advice
    with pytest.raises(QueryError):
        search_all("lang:nosuch retry")
    capsys.readouterr()
    assert main(["search", "--all", "--json", "retry_second"]) == 0
    assert str(second) in capsys.readouterr().out
    assert main(["search", "repo:second retry", str(tmp_path)]) == 0
    assert main(["list"]) == 0
    listed = capsys.readouterr()
    assert str(root) in listed.out and "broken" in listed.err
    shutil.rmtree(second)
    assert any("is gone" in note for note in search_all("retry").completeness.notes)
    assert main(["remove", str(second)]) == 0
    assert [location.root for location in known_indexes()] == [root]
    with pytest.raises(ConfigError), leindex.open(second):
        pass


# -- the documents ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["python.md", "indexing.md"])
def test_the_examples_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of Python of a page run one after the other, in a folder with a small project."""
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "src" / "app.py").write_text(
        "class Backoff:\n    pass\n\n\ndef retry(backoff):  # TODO\n    return backoff\n"
    )
    (project / "notes.txt").write_text("retry with a backoff\n")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    for block in blocks:
        exec(compile(block, page, "exec"), names)
