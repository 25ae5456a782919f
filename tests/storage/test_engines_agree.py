"""Every engine gives the same answers: the equality cases of grep, ranked search, symbols, verify."""

from __future__ import annotations

import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

import leindex
from leindex.cli.main import main
from leindex.models import SearchResult
from leindex.storage.transfer.compare import Side, compare
from leindex.symbols.definitions import unpack
from tests.exact.equality.runner import cases
from tests.exact.equality.tree import write_small

OTHERS = ("tantivy", "duckdb")
EVERY = 4
"""One case in so many is run here; `benchmarks/equality.py` runs them all through an index of any engine."""

QUESTIONS = (
    "retry",
    "retry state",
    "do_retry",
    "get value",
    "main argv",
    "lock",
    "todo",
    '"unlikely(!state)"',
    "lang:python value",
    "kind:function retry",
    "path:*.c state",
    "retry OR main",
    "-retry value",
    "/retry_\\w+/",
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("agree") / "tree"
    tree.mkdir()
    write_small(tree)
    return tree


@pytest.fixture(scope="module")
def indexes(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of an index of the tree for each engine."""
    folders = {engine: tmp_path_factory.mktemp("agree") / engine for engine in ("sqlite", *OTHERS)}
    for engine, folder in folders.items():
        with leindex.open(tree, index=folder, engine=engine) as index:
            index.update()
    return folders


def grep(folder: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, bytes]:
    stream = BytesIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", TextIOWrapper(stream))
        status = main(["grep", "--index", str(folder), "--refresh", "never", *arguments])
        sys.stdout.flush()
        return status, stream.getvalue()


@pytest.mark.parametrize("engine", OTHERS)
def test_grep(tree: Path, indexes: dict[str, Path], engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    matched = 0
    for arguments in [case if isinstance(case, list) else case[1] for case in cases()][::EVERY]:
        if any(name in argument for argument in arguments for name in ("json", "stats", "debug", "trace")):
            continue  # what is printed holds times
        expected = grep(indexes["sqlite"], arguments, monkeypatch)
        assert grep(indexes[engine], arguments, monkeypatch) == expected, arguments
        matched += expected[0] == 0
    assert matched > 50


def first_ten(folder: Path, tree: Path, question: str) -> tuple[SearchResult, list[object]]:
    with leindex.open(tree, index=folder, refresh="never") as index:
        result = index.search(question, limit=10)
    return result, [(hit.path, hit.start_line, hit.end_line, round(hit.score, 9)) for hit in result.hits]


@pytest.mark.parametrize("engine", OTHERS)
def test_ranked_answers(tree: Path, indexes: dict[str, Path], engine: str) -> None:
    found = 0
    for question in QUESTIONS:
        expected, hits = first_ten(indexes["sqlite"], tree, question)
        other, others = first_ten(indexes[engine], tree, question)
        assert others == hits, question
        assert other.facets == expected.facets and other.completeness.eligible == expected.completeness.eligible
        found += bool(hits)
    assert found > len(QUESTIONS) / 2


@pytest.mark.parametrize("engine", OTHERS)
def test_symbols(tree: Path, indexes: dict[str, Path], engine: str) -> None:
    answers = []
    for folder in (indexes["sqlite"], indexes[engine]):
        with leindex.open(tree, index=folder, refresh="never") as index:
            found = index.symbols("retry"), index.symbols("/^get/"), index.refs("do_retry")
            answers.append([(result.definitions, result.references) for result in found])
    assert answers[0] == answers[1] and answers[0][0][0]


@pytest.mark.parametrize("engine", OTHERS)
def test_verify_finds_no_difference(tree: Path, indexes: dict[str, Path], engine: str) -> None:
    with (
        leindex.open(tree, index=indexes["sqlite"], refresh="never") as a,
        leindex.open(tree, index=indexes[engine], refresh="never") as b,
    ):
        found = compare(Side(a.store, a.catalog), Side(b.store, b.catalog), unpack, full=True)
    assert found.equal, found.differences
