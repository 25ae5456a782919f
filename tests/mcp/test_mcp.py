"""The MCP server from outside: over stdio and over HTTP, in both protocol eras, with the package's own
client."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError

from leindex.service.schemas import ANSWERS
from tests.support.served import environment, make_tree, serving

Use = Callable[[Client], Awaitable[Any]]

ERAS = ("legacy", "2026-07-28")

CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("search_code", {"query": "backoff lang:python"}, "src/app/retry.py"),
    ("grep", {"pattern": r"def \w+off", "context": 1}, "12:     def backoff"),
    ("find_symbol", {"name": "Retry", "source": True, "references": True}, "class Retry:"),
    ("read_file", {"path": "src/lib/list.c", "symbol": "list_size"}, "return l->size"),
    ("list_files", {"glob": "*.md"}, "docs/guide.md"),
    ("trace", {"direction": "callers", "name": "backoff"}, "likely  src/app/retry.py:20  in run"),
    ("trace", {"direction": "unused"}, "complete"),
    ("history", {"kind": "log", "pattern": "def backoff"}, "src/app/retry.py:+12:     def backoff"),
    ("history", {"kind": "when", "pattern": "sleep"}, "it is still there"),
    ("index_status", {}, "files: 7"),
    ("update_index", {}, "7 files indexed"),
]


@pytest.fixture(scope="module")
def address(tree: Path, home: Path) -> Iterator[str]:
    with serving(tree, home) as at:
        yield at


def over_stdio(tree: Path, home: Path, use: Use, mode: str = "2026-07-28") -> Any:
    """What `use` returns for a client of `leindex mcp`."""
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "leindex", "mcp", str(tree)], env=environment(home)
    )

    async def talk() -> Any:
        async with Client(stdio_client(server), mode=mode) as client:
            return await use(client)

    return asyncio.run(talk())


def over_http(address: str, use: Use, mode: str = "2026-07-28") -> Any:
    """The same for a client of `leindex serve`."""

    async def talk() -> Any:
        async with Client(address + "/mcp", mode=mode) as client:
            return await use(client)

    return asyncio.run(talk())


async def call_everything(client: Client) -> None:
    """Calls each tool, and checks its reply against the schema that it declares."""
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {name for name, _, _ in CALLS}
    for name, arguments, expected in CALLS:
        result = await client.call_tool(name, arguments)
        text = result.content[0].text
        assert not result.is_error, text
        assert expected in text
        jsonschema.validate(result.structured_content, ANSWERS[name])


@pytest.mark.parametrize("mode", ERAS)
def test_every_tool_over_stdio(tree: Path, home: Path, mode: str) -> None:
    over_stdio(tree, home, call_everything, mode)


@pytest.mark.parametrize("mode", ERAS)
def test_every_tool_over_http(address: str, mode: str) -> None:
    over_http(address, call_everything, mode)


def test_tools_are_described(address: str) -> None:
    tools = over_http(address, lambda client: client.list_tools()).tools
    for tool in tools:
        assert tool.title and tool.description
        assert tool.annotations.read_only_hint is (tool.name != "update_index")
        assert tool.annotations.open_world_hint is False
        assert tool.annotations.destructive_hint is (None if tool.annotations.read_only_hint else False)
        for name, schema in tool.input_schema["properties"].items():
            assert schema["description"], name
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)


def test_the_list_of_tools_is_small(address: str) -> None:
    """Every conversation of an assistant pays for it."""
    tools = over_http(address, lambda client: client.list_tools()).tools
    listed = [tool.model_dump(exclude_none=True, by_alias=True) for tool in tools]
    assert len(json.dumps(listed, separators=(",", ":"))) <= 9_000


def test_instructions_are_short() -> None:
    from leindex.mcp.server import INSTRUCTIONS

    assert len(INSTRUCTIONS) < 1000


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("search_code", {"query": "langauge:go"}, "did you mean language:go"),
        ("search_code", {"query": "a", "limit": 0}, "limit must be from 1 to 100, not 0"),
        ("search_code", {"query": "a", "cursor": "nonsense"}, "cursor"),
        ("search_code", {}, "query is required"),
        ("grep", {"patern": "x"}, "did you mean pattern?"),
        ("grep", {"pattern": "a(b"}, "unclosed group"),
        ("grep", {"pattern": "x", "case": "maybe"}, "sensitive, ignore, smart"),
        ("read_file", {"path": "../../etc/passwd"}, "a path with .. in it"),
        ("read_file", {"path": "/etc/passwd"}, "outside of"),
        ("read_file", {"path": "retry.py"}, "did you mean src/app/retry.py"),
        ("read_file", {"path": "src/app/retry.py", "symbol": "nothing"}, "it defines"),
        ("read_file", {"path": "src/app/retry.py", "start_line": 900}, "lines; start_line 900"),
        ("list_files", {"glob": "*.py", "fuzzy": "x"}, "not both"),
        ("trace", {"direction": "callers"}, "callers needs name"),
        ("trace", {"direction": "path", "name": "run"}, "path needs to"),
        ("trace", {"direction": "callers", "name": "nothing_of_that_name"}, "nothing_of_that_name"),
        ("history", {"kind": "log"}, "log needs pattern"),
        ("history", {"kind": "log", "pattern": "("}, "unclosed group"),
        ("history", {"kind": "compare", "old": "HEAD"}, "leindex index --rev"),
        ("find_symbol", {"name": "x", "language": "klingon"}, "klingon"),
    ],
)
def test_errors_say_what_to_do(address: str, name: str, arguments: dict[str, Any], said: str) -> None:
    result = over_http(address, lambda client: client.call_tool(name, arguments))
    assert result.is_error
    assert said in result.content[0].text


def test_unknown_tool_is_a_protocol_error(address: str) -> None:
    async def use(client: Client) -> None:
        with pytest.raises(MCPError, match="there is no tool 'nothing'; there are search_code"):
            await client.call_tool("nothing", {})

    over_http(address, use)


def test_budget_shortens_in_stages_and_the_cursor_reaches_everything(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "tree", copies=300)

    async def use(client: Client) -> None:
        whole: list[str] = []
        cursor, replies = None, 0
        while True:
            arguments = {"pattern": "needle", "limit": 2000, "max_tokens": 600, "cursor": cursor}
            result = await client.call_tool("grep", {k: v for k, v in arguments.items() if v is not None})
            data, text = result.structured_content, result.content[0].text
            assert len(text) / 3 <= 700 and len(json.dumps(data)) / 3 <= 1100
            assert data["complete"] is (data["cursor"] is None and not data["notes"])
            whole += [file["path"] for file in data["files"]]
            replies += 1
            cursor = data["cursor"]
            if cursor is None:
                break
        assert replies > 3
        assert len(whole) == len(set(whole)) == 300
        few = await client.call_tool("grep", {"pattern": "needle = 7$", "max_tokens": 600})
        assert few.structured_content["complete"] and "needle = 7" in few.content[0].text

    over_stdio(root, tmp_path / "home", use)


def test_cursor_of_lines_goes_on_within_a_file(address: str) -> None:
    async def use(client: Client) -> list[tuple[str, int]]:
        seen: list[tuple[str, int]] = []
        cursor = None
        while True:
            given = {"pattern": "retry|Retry", "limit": 2, **({"cursor": cursor} if cursor else {})}
            data = (await client.call_tool("grep", given)).structured_content
            seen += [(file["path"], line["number"]) for file in data["files"] for line in file["lines"]]
            cursor = data["cursor"]
            if cursor is None:
                return seen

    pages = over_http(address, use)
    one = over_http(address, lambda client: client.call_tool("grep", {"pattern": "retry|Retry"}))
    everything = [(file["path"], line["number"]) for file in one.structured_content["files"] for line in file["lines"]]
    assert pages == everything and len(pages) > 6


def test_progress_is_reported_while_the_index_is_made(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "tree", copies=400)
    reported: list[tuple[float, float | None, str | None]] = []

    async def use(client: Client) -> None:
        async def note(progress: float, total: float | None, message: str | None) -> None:
            reported.append((progress, total, message))

        result = await client.call_tool("update_index", {}, progress_callback=note)
        assert result.structured_content["added"] == 407

    over_stdio(root, tmp_path / "home", use)
    values = [progress for progress, _, _ in reported]
    assert values and values == sorted(set(values)) and values[-1] <= 100
    assert all(total == 100 and message for _, total, message in reported)


def test_cancelling_stops_the_work(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "tree", copies=3000)

    async def use(client: Client) -> None:
        started = asyncio.Event()

        async def note(progress: float, total: float | None, message: str | None) -> None:
            started.set()

        call = asyncio.ensure_future(client.call_tool("update_index", {}, progress_callback=note))
        await asyncio.wait_for(started.wait(), 30)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        began = time.monotonic()
        while True:
            status = (await client.call_tool("index_status", {})).structured_content
            if not status["update"]["running"]:
                break
            assert time.monotonic() - began < 10
            await asyncio.sleep(0.02)
        assert not status["indexed"] or status["pending"], "the update ran to its end"
        assert not status["update"]["error"]

    over_stdio(root, tmp_path / "home", use)


def test_changes_are_found_at_once(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "tree")

    async def use(client: Client) -> None:
        assert "no match" in (await client.call_tool("grep", {"pattern": "brandnew"})).content[0].text
        (root / "new.py").write_text("brandnew = 1\n")
        deadline = time.monotonic() + 5
        while "new.py" not in (await client.call_tool("grep", {"pattern": "brandnew"})).content[0].text:
            assert time.monotonic() < deadline

    over_stdio(root, tmp_path / "home", use)


def test_several_servers_share_one_index(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "tree", copies=200)
    home = tmp_path / "home"

    async def one(word: str) -> int:
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "leindex", "mcp", str(root)], env=environment(home)
        )
        async with Client(stdio_client(server)) as client:
            result = await client.call_tool("grep", {"pattern": word, "mode": "files", "limit": 1000})
            assert not result.is_error, result.content[0].text
            return len(result.structured_content["files"])

    async def all_at_once() -> list[int]:
        return await asyncio.gather(*(one("needle") for _ in range(3)))

    assert asyncio.run(all_at_once()) == [200, 200, 200]
    assert len([path for path in home.iterdir() if path.is_dir()]) == 1


def test_resources_and_prompts(address: str) -> None:
    async def use(client: Client) -> None:
        listed = (await client.list_resources()).resources
        assert listed[0].uri == "leindex:///README.md"
        templates = (await client.list_resource_templates()).resource_templates
        assert templates[0].uri_template == "leindex:///{+path}"
        read = await client.read_resource("leindex:///src/app/main.py")
        assert "def main" in read.contents[0].text
        odd = await client.read_resource("leindex:///notes/%C3%BCml%C3%A4ut%20%26%20%3Cb%3E.txt")
        assert "retry notes" in odd.contents[0].text
        for wrong in ("leindex:///../etc/passwd", "leindex:///%2e%2e/etc/passwd", "leindex:///nothing"):
            with pytest.raises(MCPError):
                await client.read_resource(wrong)
        prompts = (await client.list_prompts()).prompts
        assert [one.name for one in prompts] == ["explain_symbol", "find_out"]
        got = await client.get_prompt("explain_symbol", {"name": "Retry"})
        assert "`Retry`" in got.messages[0].content.text

    over_http(address, use)


def test_a_home_folder_is_refused_with_advice(tmp_path: Path) -> None:
    person = tmp_path / "person"
    person.mkdir()
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "leindex", "mcp", str(person)],
        env={**environment(tmp_path / "home"), "HOME": str(person)},
    )

    async def talk() -> Any:
        async with Client(stdio_client(server)) as client:
            return await client.call_tool("search_code", {"query": "x"})

    result = asyncio.run(talk())
    assert result.is_error and "home folder" in result.content[0].text and "--yes" in result.content[0].text
    assert not (tmp_path / "home").exists()


def test_an_engine_without_readers_beside_its_writer_is_served_as_it_is(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    from leindex import open_index

    root = make_tree(tmp_path / "tree")
    where = tmp_path / "index"
    with open_index(root, index=where, engine="duckdb") as index:
        index.update()
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "leindex", "mcp", str(root), "--index", str(where)],
        env={**environment(tmp_path / "home"), "PYTHONWARNINGS": "default"},
    )

    async def talk() -> None:
        async with Client(stdio_client(server)) as client:
            assert "retry.py" in (await client.call_tool("grep", {"pattern": "backoff"})).content[0].text
            update = await client.call_tool("update_index", {})
            assert update.is_error and "leindex migrate --to sqlite" in update.content[0].text

    asyncio.run(talk())


def test_starting_imports_nothing_that_a_first_reply_does_not_need() -> None:
    code = """if True:
        import sys, leindex.mcp.serve, leindex.mcp.server, leindex.service.service
        heavy = ("apsw", "leindex._native", "leindex.index", "jinja2", "pygments")
        print([name for name in heavy if name in sys.modules])"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(Path("/nowhere"))
    )
    assert ran.stdout.strip() == "[]", ran
