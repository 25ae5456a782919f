"""An index whose first run was interrupted has never been compared with the whole tree, and says so everywhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import leindex
from leindex.cli.main import main
from leindex.errors import CancelledError
from leindex.index_set import search_all
from leindex.indexing.pipeline import UpdateOptions
from leindex.service.service import Service

pytestmark = pytest.mark.usefixtures("own_home")
FILES = 150
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with an index of some of its files, left behind by an interrupted first run."""
    root = tmp_path / "tree"
    root.mkdir()
    for number in range(FILES):
        (root / f"f{number:03}.py").write_text(f"needle = {number}\n")
    seen: list[int] = []
    with leindex.open(root) as index:
        with pytest.raises(CancelledError):
            index.update(
                UpdateOptions(workers=0, batch_size=20),
                on_progress=lambda progress: seen.append(progress.documents),
                cancelled=lambda: any(seen),
            )
        assert 0 < index.status()["files"] < FILES
    return root


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    def ran(*arguments: object) -> tuple[int, str, str]:
        return main([str(argument) for argument in arguments]), *capfd.readouterr()

    return ran


def test_the_python_interface(tree: Path) -> None:
    with leindex.open(tree, refresh="never") as index:
        assert index.age_seconds is None and index.status()["age_seconds"] is None
        covered = index.search("needle").completeness
        assert covered.age_seconds is None and covered.as_json()["age_seconds"] is None
        assert not covered.complete and any("never compared" in note for note in covered.notes)
    covered = search_all("needle", refresh="never").completeness
    assert covered.age_seconds is None and not covered.complete


def test_the_next_update_ends_it(tree: Path) -> None:
    with leindex.open(tree, refresh="never") as index:
        index.update()
        covered = index.search("needle", limit=FILES).completeness
        assert covered.complete and covered.age_seconds is not None and covered.age_seconds < 60
        assert covered.eligible == FILES and not covered.notes


def test_the_command_line(tree: Path, run: Run) -> None:
    never = "never compared with the whole tree"
    for command in (("status", tree), ("list",)):
        _, out, _ = run(*command)
        assert never in out and " ago" not in out and "days" not in out
    assert json.loads(run("status", "--json", tree)[1])["age_seconds"] is None
    assert json.loads(run("list", "--json")[1])["indexes"][0]["age_seconds"] is None
    for command in (("search", "needle"), ("search", "nowhere"), ("grep", "needle"), ("symbols", "needle")):
        _, _, err = run(*command, tree, "--refresh", "never")
        assert err.count(never) == 1 and " ago" not in err
    answer = run("search", "needle", tree, "--refresh", "never", "--json")[1].splitlines()
    assert any('"age_seconds": null' in line for line in answer)


def test_sql_as_json(tree: Path, run: Run) -> None:
    pytest.importorskip("duckdb")
    out = run("sql", "select count(*) n from files", tree, "--refresh", "never", "--json")[1]
    assert json.loads(out)["age_seconds"] is None


def asked(tree: Path, ask: Callable[[Service, Any], Any]) -> Any:
    """What the server answers; it says of an index without a generation only that there is none yet."""
    control = pytest.importorskip("leindex.service.control").Control()

    async def answered() -> Any:
        with leindex.open(tree) as index:
            with index.updating() as opened:
                opened.catalog.set_state({"generation": 1})
            service = Service(index.location, keep_current=False)
        try:
            return await ask(service, control)
        finally:
            await asyncio.to_thread(service.close)

    return asyncio.run(answered())


def test_the_servers_answers(tree: Path) -> None:
    pytest.importorskip("mcp")
    from leindex.http.metrics import Metrics
    from leindex.http.page import overview
    from leindex.http.page.pages import _templates
    from leindex.mcp.wording import status_text
    from leindex.service import operations, status_answer
    from leindex.service.answers import coverage
    from leindex.service.schemas import ANSWERS

    status = asked(tree, status_answer.status)
    assert status["age_seconds"] is None
    jsonschema.validate(status, ANSWERS[operations.STATUS.name])
    assert "never compared with all files" in status_text(status)
    figures = "".join(Metrics().text(status))
    assert "leindex_index_files" in figures and "leindex_index_age_seconds" not in figures

    page = asked(tree, overview.status)
    for name, said in (
        ("start.html", "never compared with the whole tree"),
        ("status.html", "<dt>Compared</dt><dd>never<"),
    ):
        html = _templates().get_template(name).render(root="tree", query="", folder="", page="", status_=page)
        assert said in html, name

    with leindex.open(tree, refresh="never") as index:
        covered = coverage(index.search("needle").completeness)
    assert covered["age_seconds"] is None and not covered["complete"]
    schema = {"type": "object", "properties": ANSWERS["search_code"]["properties"]}
    jsonschema.validate(covered, schema)
