"""The whole graph: the edges that questions find one by one, in forms that other programs read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import leindex
from leindex.cli.main import main
from leindex.index import Index
from leindex.questions import GraphQuestion

STORE = """
class Store:
    def save(self) -> None:
        check(self)


def check(it: Store) -> None:
    it.save()
"""
MAIN = """
import os

from app.store import Store, check


def run() -> None:
    Store().save()
    os.getcwd()
    check(x)
    unknown.save()


run()
"""
FILES = {
    "app/store.py": STORE,
    "app/main.py": MAIN,
    "app/__init__.py": "",
    'web/odd "name.js': "function draw() { return paint(); }\nfunction paint() {}\n",
}


@pytest.fixture
def index(tmp_path: Path, own_home: None) -> Iterator[Index]:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    with leindex.open(tmp_path, refresh="never") as opened:
        opened.update()
        yield opened


def lines(index: Index, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(["graph", "export", str(index.root), *words]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("possible", [False, True])
def test_the_edges_are_those_of_all_callers(index: Index, possible: bool) -> None:
    with index.graph_export(GraphQuestion("export", possible=possible)) as export:
        found = {
            (edge.path, edge.line, edge.column, edge.target.path, edge.target.line, edge.grade)
            for edge in export
            if edge.target is not None
        }
        assert export.counts["exact"] > 3 and export.counts["external"] >= 1
    asked = set()
    for name in ("Store", "save", "check", "run", "draw", "paint"):
        for group in index.graph("callers", name, possible=possible).groups:
            assert group.definition is not None
            asked |= {
                (edge.path, edge.line, edge.column, group.path, group.definition.line, edge.grade)
                for edge in group.edges
            }
    assert found == asked and len(found) > 6


def test_json_lines(index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    written = [json.loads(line) for line in lines(index, capsys)]
    known: set[str] = set()
    for one in written[:-1]:
        if one["type"] == "definition":
            assert one["id"] not in known
            known.add(one["id"])
        else:
            assert one["target"] in known and (one["source"] is None or one["source"] in known)
    assert {"app/main.py:7:run", "app/store.py:3:save"} <= known
    assert written[-1]["type"] == "end" and written[-1]["counts"]["sites"] > 5
    assert any(one["type"] == "edge" and one["source"] is None for one in written)  # run() outside of all definitions


def test_drawings_join_the_same_definitions(index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    edges = [one for one in map(json.loads, lines(index, capsys)) if one["type"] == "edge" and one["source"]]
    pairs = {(one["source"], one["target"]) for one in edges}
    exact = {(one["source"], one["target"]) for one in edges if one["grade"] == "exact"}
    dot = lines(index, capsys, "--format", "dot")
    arrows = [re.fullmatch(r'  ("(?:[^"\\]|\\.)*") -> ("(?:[^"\\]|\\.)*")( \[style=dashed\])?;', line) for line in dot]
    drawn = {(json.loads(a[1]), json.loads(a[2])): a[3] for a in arrows if a}
    assert set(drawn) == pairs and {pair for pair, dashed in drawn.items() if not dashed} == exact
    mermaid = lines(index, capsys, "--format", "mermaid")
    assert mermaid[0] == "flowchart LR" and sum("-->" in line or "-.->" in line for line in mermaid) == len(pairs)
    assert '"Store.save"' in "\n".join(mermaid)


def test_a_folder_and_a_language(index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    edges = [one for one in map(json.loads, lines(index, capsys, "--lang", "javascript")) if one["type"] == "edge"]
    assert [one["path"] for one in edges] == ['web/odd "name.js']
    assert main(["graph", "export", str(index.root / "web"), "--lang", "go"]) == 1
    assert main(["graph", "export", str(index.root), "--lang", "klingon"]) == 2
    assert main(["graph", "export", str(index.root), "--format", "pdf"]) == 2
