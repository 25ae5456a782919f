"""Keys and selectors show how a file is laid out; what names code comes before them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import leindex
from leindex import Index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    root = tmp_path / "tree"
    root.mkdir()
    for number in range(30):  # more than four times the limit below, and before the code by their names
        (root / f"a{number:02}.json").write_text(f'{{"timeout": {{"retries": {number}}}}}\n')
    (root / "b.css").write_text("timeout { color: red; }\n")
    (root / "z.py").write_text("def connect():\n    pass\n\n\ndef timeout():\n    return 1\n")
    with leindex.open(root) as opened:
        opened.update()
        yield opened


def test_code_comes_before_keys(index: Index) -> None:
    found = index.symbols("timeout", limit=2).definitions
    assert [(hit.path, hit.kind) for hit in found] == [("z.py", "function"), ("a00.json", "key")]
    assert index.search("timeout").hits[0].path == "z.py"


def test_keys_are_in_outlines_and_found_where_they_are_asked_for(index: Index) -> None:
    assert [(hit.name, hit.container) for hit in index.outline("a00.json")] == [
        ("timeout", ""),
        ("retries", "timeout"),
    ]
    found = index.symbols("timeout", kind="key", limit=5)
    assert [hit.kind for hit in found.definitions] == ["key"] * 5 and found.completeness.truncated
