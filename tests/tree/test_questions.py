"""Questions as values: given whole or by options, to the facade or to the package that answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import leindex
from leindex.exact.tree import matching_files
from leindex.index import Index
from leindex.questions import GrepQuestion, SearchQuestion
from leindex.ranked.search import search

pytestmark = pytest.mark.usefixtures("own_home")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    for name in ("src/a.py", "src/b.py", "docs/c.py"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"def retry():\n    return {name!r}\n")
    with leindex.open(tmp_path / "tree") as made:
        made.update()
        yield made


def test_options_change_the_fields_of_a_question(index: Index) -> None:
    asked = SearchQuestion("retry", limit=2)
    assert len(index.search(asked).hits) == 2
    assert len(index.search(asked, limit=1).hits) == 1
    assert [hit.path for hit in index.search(asked, scope="docs").hits] == ["docs/c.py"]
    wanted = GrepQuestion("retry")
    assert len(index.grep(wanted).files) == 3
    assert [file.path for file in index.grep(wanted, scope="docs").files] == ["docs/c.py"]


def test_the_scope_of_a_question_counts_whoever_answers(index: Index) -> None:
    with index.fresh_view() as view:
        assert [hit.path for hit in search(view, SearchQuestion("retry", scope="docs")).hits] == ["docs/c.py"]
        assert [file.path for file in matching_files(view, GrepQuestion("retry", scope="docs")).files] == ["docs/c.py"]


@pytest.mark.parametrize("ask", ["search", "grep"])
def test_what_is_no_question_is_an_error_of_type(index: Index, ask: str) -> None:
    method: Any = getattr(index, ask)
    with pytest.raises(TypeError):
        method(b"retry")
    with pytest.raises(TypeError, match="colour"):
        method("retry", colour=True)
