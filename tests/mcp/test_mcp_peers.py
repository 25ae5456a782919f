"""The MCP server against the published tools: the Inspector's command line, and the conformance suite.

They come from npm, at pinned versions, into the folder where the other peers are kept; what is missing is
installed where LEINDEX_REQUIRE_PEERS is set, and left out elsewhere. The Inspector of today speaks the
protocol of 2026-07-28, that of 0.15 the one before.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import environment, make_repository, serving

PACKAGES = {
    "modern": (
        "node@22.23.3",
        "@modelcontextprotocol/inspector@2.12.0",
        "@modelcontextprotocol/conformance@0.2.0-alpha.12",
    ),
    "legacy": ("node@22.23.3", "@modelcontextprotocol/inspector@0.15.0"),
}
TOOLS = Path(os.environ.get("LEINDEX_TOOLS") or Path.home() / ".cache" / "leindex-tools") / "npm"

CALLS = {
    "search_code": {"query": "backoff"},
    "grep": {"pattern": "def run"},
    "find_symbol": {"name": "Retry"},
    "read_file": {"path": "README.md"},
    "list_files": {"glob": "*.py"},
    "trace": {"direction": "callers", "name": "backoff"},
    "history": {"kind": "log", "pattern": "backoff"},
    "index_status": {},
    "update_index": {},
}

# The suite's other scenarios call tools of a server made for it (test_simple_text and the like), or are about
# sampling, elicitation, subscriptions and tasks, which this server does not offer.
SCENARIOS = (
    "server-initialize",
    "server-session-lifecycle",
    "ping",
    "completion-complete",
    "tools-list",
    "resources-list",
    "prompts-list",
    "dns-rebinding-protection",
    "caching",
    "http-header-validation",
    "sep-2164-resource-not-found",
    "server-sse-multiple-streams",
    "input-required-result-unsupported-methods",
)


def installed(name: str) -> Path:
    """The folder of programs of a set of packages."""
    folder = TOOLS / name
    programs = folder / "node_modules" / ".bin"
    if not (folder / "complete").exists():
        npm = shutil.which("npm")
        if not os.environ.get("LEINDEX_REQUIRE_PEERS"):
            pytest.skip("the tools are not installed; LEINDEX_REQUIRE_PEERS=1 installs them")
        assert npm, "npm is needed"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        subprocess.run([npm, "install", "--no-audit", "--no-fund", *PACKAGES[name]], cwd=folder, check=True)
        (folder / "complete").touch()
    return programs


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("peers") / "tree")


@pytest.fixture(scope="module")
def address(tree: Path) -> Iterator[str]:
    with serving(tree, tree.parent / "home") as at:
        yield at + "/mcp"


def with_programs(programs: Path) -> dict[str, str]:
    """The environment in which these programs, and their node, are found first."""
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "MCP_INSPECTOR_SECRET_STORE": "memory"}


def ran(era: str, *command: str) -> str:
    """What a program of the set prints."""
    programs = installed(era)
    done = subprocess.run(
        [str(programs / command[0]), *command[1:]],
        env=with_programs(programs),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def inspected(era: str, target: list[str], *arguments: str) -> Any:
    return json.loads(ran(era, "mcp-inspector", "--cli", *target, *arguments))


@pytest.mark.parametrize("era", PACKAGES)
@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_inspector_lists_and_calls_every_tool(
    era: str, transport: str, tree: Path, address: str, tmp_path: Path
) -> None:
    target = [address, "--transport", "http"]
    if transport == "stdio":
        variables = environment(tree.parent / "home")
        variables = {name: variables[name] for name in ("LEINDEX_HOME", "PYTHONPATH")}
        server = {"command": sys.executable, "args": ["-m", "leindex", "mcp", str(tree)], "env": variables}
        config = tmp_path / "servers.json"
        config.write_text(json.dumps({"mcpServers": {"leindex": server}}))
        target = ["--config", str(config), "--server", "leindex"]
    listed = inspected(era, target, "--method", "tools/list")["tools"]
    assert [tool["name"] for tool in listed] == list(CALLS)
    for name, arguments in CALLS.items():
        pairs = [part for key, value in arguments.items() for part in ("--tool-arg", f"{key}={value}")]
        result = inspected(era, target, "--method", "tools/call", "--tool-name", name, *pairs)
        assert not result.get("isError") and result["structuredContent"], name


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_conformance(scenario: str, address: str) -> None:
    said = ran("modern", "conformance", "server", "--url", address, "--scenario", scenario)
    assert "0 failed" in said, said


def test_conformance_without_sessions(address: str) -> None:
    """All checks of this scenario pass but four that need tools made for the suite."""
    programs = installed("modern")
    done = subprocess.run(
        [str(programs / "conformance"), "server", "--url", address, "--scenario", "server-stateless"],
        env=with_programs(programs),
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = done.stdout + done.stderr
    assert "Passed: 21/25, 4 failed, 0 warnings" in said, said
    assert said.count("Not testable: server does not list the diagnostic tool") >= 4, said
