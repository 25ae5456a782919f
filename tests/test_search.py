"""Ranked search: pages, scopes, kinds of answers, and what an answer says about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import leindex
from leindex.errors import QueryError
from leindex.index import Index
from leindex.models import SearchResult
from leindex.search import run


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LEINDEX_HOME", str(tmp_path / "indexes"))
    folder = tmp_path / "tree"
    (folder / "sub").mkdir(parents=True)
    return folder


@pytest.fixture
def made(tree: Path) -> Iterator[Callable[[dict[str, str]], Index]]:
    """Writes files and opens their index."""
    opened: list[Index] = []

    def make(files: dict[str, str]) -> Index:
        for name, text in files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        index = leindex.open(tree)
        index.update()
        opened.append(index)
        return index

    yield make
    for index in opened:
        index.close()


Make = Callable[[dict[str, str]], Index]


def paths(answer: SearchResult) -> list[str]:
    return [hit.path for hit in answer.hits]


def many(count: int) -> dict[str, str]:
    return {
        f"d{n % 7}/f{n}.py": f"def retry{n % 5}():\n" + "    retry = 1\n" * (n % 11 + 1) + f"# delay {n}\n"
        for n in range(count)
    } | {f"copy{n}.py": "retry delay\n" for n in range(5)}


@pytest.mark.parametrize("verify_all", [run.VERIFY_ALL, 3])
@pytest.mark.parametrize(("query", "plain"), [("retry delay", False), ("retry", False), ("retry delay", True)])
def test_pages_neither_repeat_nor_lose_hits(
    made: Make, monkeypatch: pytest.MonkeyPatch, verify_all: int, query: str, plain: bool
) -> None:
    monkeypatch.setattr(run, "VERIFY_ALL", verify_all)
    index = made(many(120))
    whole = paths(index.search(query, limit=1000, plain=plain))
    assert len(whole) == len(set(whole)) == 125
    paged: list[str] = []
    cursor = None
    while True:
        answer = index.search(query, limit=7, cursor=cursor, plain=plain)
        paged += paths(answer)
        cursor = answer.cursor
        if cursor is None:
            break
    assert paged == whole


def test_a_cursor_of_another_query_is_refused(made: Make) -> None:
    index = made(many(20))
    cursor = index.search("retry", limit=3).cursor
    with pytest.raises(QueryError, match="another query"):
        index.search("delay", limit=3, cursor=cursor)
    with pytest.raises(QueryError, match="another query"):
        index.search("retry", limit=3, cursor=cursor, plain=True)


@pytest.mark.parametrize("query", ["retry delay", "retry absent"])
def test_plain_words_in_a_folder_find_all_of_it(made: Make, query: str) -> None:
    files = many(60)
    index = made(files | {"sub/a.py": "x = 1\n" * 500 + "retry\n", "sub/b.py": "nothing\n"})
    assert paths(index.search(query, limit=2, plain=True, scope="sub")) == ["sub/a.py"]
    if "absent" in query:
        assert paths(index.search(query, limit=2, scope="sub")) == ["sub/a.py"]
