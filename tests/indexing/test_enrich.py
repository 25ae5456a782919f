"""The second stage: what is pending, what workers do, and that their death costs nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import leindex
from leindex.errors import CancelledError
from leindex.index import Index
from leindex.indexing import enrich
from leindex.indexing.pipeline import UpdateOptions
from leindex.indexing.workers import in_processes

pytestmark = pytest.mark.usefixtures("own_home")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    for number in range(200):
        (folder / f"f{number:03}.py").write_text(f"class Thing{number}:\n    def method(self): ...\n")
    return folder


@pytest.fixture
def index(root: Path) -> Iterator[Index]:
    with leindex.open(root, refresh="never") as made:
        yield made


def symbols(index: Index) -> dict[str, list[str]]:
    return {path: [found.name for found in index.outline(path)] for path in index.paths()}


def double(value: int) -> int:
    """The work of a worker in these tests."""
    return 2 * value


def double_or_die(value: int) -> int:
    """The same, but in a worker process it kills itself now and then."""
    if value % 7 == 3 and os.environ.get("LEINDEX_TEST_PARENT") != str(os.getpid()):
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * value


def fail(value: int) -> int:
    raise ValueError(f"cannot double {value}")


def test_results_come_in_the_order_of_the_tasks() -> None:
    assert list(in_processes(__name__, "double", range(50), workers=3)) == [2 * n for n in range(50)]
    assert list(in_processes(__name__, "double", (), workers=2)) == []


def test_workers_that_die(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEINDEX_TEST_PARENT", str(os.getpid()))
    assert list(in_processes(__name__, "double_or_die", range(40), workers=2)) == [2 * n for n in range(40)]


def test_workers_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert list(in_processes(__name__, "double", range(5), workers=2)) == [0, 2, 4, 6, 8]


def test_a_failure_of_the_work_itself_is_raised(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="cannot double 1"):
        list(in_processes(__name__, "fail", [1], workers=1))


def test_closing_ends_the_workers() -> None:
    results = in_processes(__name__, "double", iter(range(10**9)), workers=2)
    assert next(results) == 0
    results.close()


def test_both_ways_derive_the_same(root: Path, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.update(UpdateOptions(workers=0))
    assert symbols(index)["f007.py"] == ["Thing7", "method"]
    monkeypatch.setattr(enrich, "PROCESSES_FROM_BYTES", 1)
    monkeypatch.setattr(enrich, "BATCH_DOCUMENTS", 20)
    with leindex.open(root, index=tmp_path / "other", refresh="never") as other:
        other.update(UpdateOptions(workers=2))
        assert symbols(other) == symbols(index)
        assert other.store.word_totals() == index.store.word_totals()
        assert other.catalog.pending() == 0


def test_a_script_without_a_guard_is_not_run_again(root: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "print('once')\n"
        "import leindex\n"
        "from leindex.indexing import enrich\n"
        "enrich.PROCESSES_FROM_BYTES = 1\n"
        "from leindex.indexing.pipeline import UpdateOptions\n"
        f"with leindex.open({str(root)!r}) as index:\n"
        "    index.update(UpdateOptions(workers=2))\n"
        "    assert index.catalog.pending() == 0\n"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "once\n", "")


def test_what_is_pending(root: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.update(UpdateOptions(text_only=True))
    assert index.catalog.pending() == 200 and index.status()["pending"] == 200
    monkeypatch.setattr(enrich, "BATCH_DOCUMENTS", 50)
    # A limit on the time: one batch is done in any case, and the rest stays.
    index.update(UpdateOptions(symbol_seconds=0.0))
    assert index.catalog.pending() == 150
    done: list[int] = []
    with pytest.raises(CancelledError, match="the symbols of 50 of 150"):
        index.update(
            UpdateOptions(),
            on_progress=lambda p: done.append(p.documents) if p.stage == "symbols" else None,
            cancelled=lambda: len(done) >= 1,
        )
    assert index.catalog.pending() == 100
    index.update(UpdateOptions())
    assert index.catalog.pending() == 0
    assert len(symbols(index)) == 200 and all(len(names) == 2 for names in symbols(index).values())


def test_another_language_of_the_same_content(root: Path, index: Index) -> None:
    (root / "thing").write_text("class Later:\n    pass\n")
    index.update()
    assert symbols(index)["thing"] == []
    (root / "thing").rename(root / "thing.py")
    assert index.update().documents == 0
    assert symbols(index)["thing.py"] == ["Later"]


def test_documents_that_are_gone_are_not_pending(root: Path, index: Index) -> None:
    index.update(UpdateOptions(text_only=True))
    row = index.catalog.file(b"f000.py")
    assert row is not None
    index.store.delete_documents([row.doc_id])
    index.update(UpdateOptions())
    assert index.catalog.pending() == 0


LONG_LINE = "var a=1;" * 33_000
"""263 kB of minified JavaScript: more than a search takes along."""


def test_a_search_that_indexes_an_edited_file_answers_before_its_symbols(root: Path, index: Index) -> None:
    (root / "long.js").write_text("var first=1;\n")
    index.update()
    assert symbols(index)["long.js"] == ["first"]
    (root / "long.js").write_text("var needle=1;" + LONG_LINE)
    (root / "f000.py").write_text("class Edited:\n    pass\n")
    with leindex.open(root, refresh="always") as fresh:
        assert [file.path for file in fresh.grep("needle").files] == ["long.js"]
        assert fresh.catalog.pending() >= 1
    index.update()
    assert index.catalog.pending() == 0
    assert symbols(index)["long.js"][:2] == ["needle", "a"] and symbols(index)["f000.py"] == ["Edited"]


def test_a_small_edit_has_its_symbols_at_once(root: Path, index: Index) -> None:
    index.update()
    (root / "f000.py").write_text("class Edited:\n    pass\n")
    with leindex.open(root, refresh="always") as fresh:
        assert [hit.name for hit in fresh.symbols("Edited").definitions] == ["Edited"]
        assert fresh.catalog.pending() == 0


def test_what_stops_a_small_update_in_its_symbols_leaves_its_text(
    root: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.update()
    (root / "long.js").write_text("var needle=1;" + LONG_LINE)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(enrich, "read", interrupted)
        index.update()
    assert index.catalog.file(b"long.js") is not None and index.catalog.pending() == 1
    assert index.update().documents == 0
    assert index.catalog.pending() == 0


def test_what_takes_too_long_at_once_stays_pending(root: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.update()
    (root / "f000.py").write_text("class Slow:\n    pass\n")
    with monkeypatch.context() as patched:
        patched.setattr(enrich, "read_in_time", lambda *_: None)
        index.update(UpdateOptions(symbol_seconds=0.0))
        assert index.catalog.pending() == 1
    index.update(UpdateOptions(symbol_seconds=1.0))
    assert symbols(index)["f000.py"] == ["Slow"]
