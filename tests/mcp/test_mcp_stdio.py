"""`leindex mcp` as a process: what it writes to stdout, line by line, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.served import environment

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


def started(tree: Path, home: Path) -> subprocess.Popen[str]:
    """The server, with its three streams for the test to use."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-m", "leindex", "mcp", str(tree)]
    return subprocess.Popen(command, env=environment(home), text=True, **pipes)


def test_nothing_but_protocol_on_stdout_and_the_end_of_stdin_ends_it(tree: Path, home: Path) -> None:
    process = started(tree, home)
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "tools/call",
            "params": {"name": "grep", "arguments": {"pattern": "x"}},
        },
    ]
    assert process.stdin is not None and process.stdout is not None
    for message in messages:
        process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in range(2)]
    assert [answer["id"] for answer in answers] == [1, 2]
    out, errors = process.communicate(timeout=20)
    assert out == "" and errors == "" and process.returncode == 0


def test_every_line_that_is_no_message_gets_its_reply(tree: Path, home: Path) -> None:
    lines: list[tuple[str, tuple[object, int] | None]] = [
        ("this is not JSON", (None, -32700)),
        ("", None),
        ('{"jsonrpc": "2.0", "id": 1, "method": "ping"', (None, -32700)),
        ("[1, 2, 3]", (None, -32600)),
        ('{"jsonrpc": "2.0", "id": 7, "method": "ping", "params": 3}', (7, -32600)),
        ('{"jsonrpc": "2.0", "id": "a", "method": 5}', ("a", -32600)),
        ('{"jsonrpc": "2.0", "id": 9, "outcome": {}}', (None, -32600)),
        ("[" * 100_000, (None, -32700)),
        ("\ufffd\0", (None, -32700)),
    ]
    hello = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO})
    for said in ([line for line, _ in lines] + [hello], [hello] + [line for line, _ in lines]):
        ran = subprocess.run(
            [sys.executable, "-m", "leindex", "mcp", str(tree)],
            env=environment(home),
            input="".join(line + "\n" for line in said),
            capture_output=True,
            text=True,
            timeout=30,
        )
        replies = [json.loads(line) for line in ran.stdout.splitlines()]
        assert all(reply["jsonrpc"] == "2.0" and "id" in reply for reply in replies)
        refused = [(reply["id"], reply["error"]["code"]) for reply in replies if "error" in reply]
        assert refused == [expected for _, expected in lines if expected]
        assert [reply["id"] for reply in replies if "result" in reply] == [1]
        assert (ran.returncode, ran.stderr) == (0, "")


def test_a_client_that_is_gone_leaves_no_traceback(tree: Path, home: Path) -> None:
    process = started(tree, home)
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdout.close()
    process.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n' * 3)
    process.stdin.close()
    assert "Traceback" not in process.stderr.read()
    process.wait(20)
    process.stderr.close()
