"""`leindex lsp` as a process: what is no message is answered or ends it, and never with a stack of Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from leindex.install_hint import install_hint
from tests.support.served import environment


def framed(*messages: object) -> bytes:
    """Messages with their headers; what is bytes already is a body as it is."""
    bodies = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in messages]
    return b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies)


def request(identity: object, method: str, params: object = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identity, "method": method, "params": params}


def hello(tree: Path) -> dict[str, Any]:
    return request(1, "initialize", {"processId": None, "rootUri": tree.as_uri(), "capabilities": {}})


def replies(home: Path, sent: bytes, *arguments: str, status: int = 0) -> list[dict[str, Any]]:
    """What a server says to this input, which then ends."""
    command = [sys.executable, "-m", "leindex", "lsp", *arguments]
    ran = subprocess.run(command, env=environment(home), input=sent, capture_output=True, timeout=60)
    assert (ran.returncode, ran.stderr.decode()) == (status, "")
    found, rest = [], ran.stdout
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
        found.append(json.loads(rest[:length]))
        rest = rest[length:]
    return found


END = (request(99, "shutdown"), {"jsonrpc": "2.0", "method": "exit"})

WRONG: list[tuple[object, object, int]] = [
    (b"this is no JSON", None, -32700),
    (b"\xff\xfe", None, -32700),
    (b"[" * 100_000, None, -32700),
    ([1, 2, 3], None, -32600),
    ({"jsonrpc": "2.0", "id": True, "method": "shutdown"}, None, -32600),
    ({"jsonrpc": "1.0", "id": 5, "method": "shutdown"}, 5, -32600),
    ({"jsonrpc": "2.0", "id": 6}, 6, -32600),
    (request(7, "textDocument/definition", {"position": 3}), 7, -32602),
    (request(8, "textDocument/definition", [3]), 8, -32602),
    (request("9", "textDocument/nonsense", {}), "9", -32601),
]


def test_each_message_that_is_wrong_gets_its_answer(tree: Path, home: Path) -> None:
    asked = request(20, "workspace/symbol", {"query": "total"})
    notes = [
        {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": 5},
        {"jsonrpc": "2.0", "method": "$/nonsense"},
        {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 12345}},
        {"jsonrpc": "2.0", "id": 77, "result": None},
    ]
    found = replies(home, framed(hello(tree), *(wrong for wrong, *_ in WRONG), *notes, asked, *END))
    refused = [(one["id"], one["error"]["code"]) for one in found if "error" in one]
    # What was asked last before the end is answered or cancelled, as it comes.
    assert [one for one in refused if one[0] != 20] == [(identity, code) for _, identity, code in WRONG]
    assert all("Traceback" not in json.dumps(one) and "data" not in one.get("error", {}) for one in found)
    assert {one["id"] for one in found if "result" in one} >= {1, 99}


def test_requests_before_the_beginning_and_after_the_end(tree: Path, home: Path) -> None:
    early, late = request(3, "workspace/symbol", {"query": "a"}), request(4, "workspace/symbol", {"query": "a"})
    found = replies(home, framed(early, hello(tree), END[0], late, END[1]))
    assert [(one["id"], one.get("error", {}).get("code")) for one in found] == [
        (3, -32002),
        (1, None),
        (99, None),
        (4, -32600),
    ]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"Content-Length: 10\r\n\r\nabc",
        b"Content-Length: 999999999999999\r\n\r\n{}",
        b"no header\n\n\n",
        b"\0" * 5000,
    ],
    ids=["nothing", "cut", "endless", "lines", "zeros"],
)
def test_a_stream_that_ends_or_is_none_ends_the_server(home: Path, sent: bytes) -> None:
    assert replies(home, sent) == []


def test_the_exit_status_says_whether_it_was_announced(tree: Path, home: Path) -> None:
    replies(home, framed(hello(tree), END[1]), status=1)
    replies(home, framed(hello(tree), *END))


def test_a_client_that_is_gone_leaves_no_traceback(tree: Path, home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "leindex", "lsp"],
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdout.close()
    process.stdin.write(framed(hello(tree), request(2, "workspace/symbol", {"query": "total"})))
    process.stdin.flush()
    assert process.stderr.read() == b""
    assert process.wait(20) == 0
    process.stdin.close()
    process.stderr.close()


def test_a_root_that_is_no_folder_is_an_error_of_initialize(tree: Path, home: Path) -> None:
    found = replies(home, framed(hello(tree / "shop" / "price.py")))
    assert [one["id"] for one in found] == [1] and "price.py" in found[0]["error"]["message"]


def test_a_terminal_is_told_who_starts_this() -> None:
    script = "import pty, sys; sys.exit(pty.spawn([sys.executable, '-m', 'leindex', 'lsp']) >> 8)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 2 and "talks to an editor" in ran.stdout


def test_a_damaged_index_is_a_message(tree: Path, tmp_path: Path) -> None:
    asked = request(2, "workspace/symbol", {"query": "total"})
    env = environment(tmp_path)
    subprocess.run([sys.executable, "-m", "leindex", "index", str(tree)], env=env, check=True, capture_output=True)
    (database,) = tmp_path.rglob("index.db")
    database.write_bytes(b"no database at all" * 1000)
    process = started(tmp_path, [sys.executable, "-m", "leindex", "lsp"])
    found = talk(process, hello(tree), asked)
    assert found[-1]["id"] == 2 and found[-1]["error"]["code"] == -32803
    assert "damaged" in found[-1]["error"]["message"] or "not a leindex" in found[-1]["error"]["message"]
    assert "Traceback" not in json.dumps(found)


def test_a_fault_of_ours_shows_no_stack(tree: Path, home: Path) -> None:
    script = """
import sys
from leindex.cli.main import main
from leindex.lsp import server

async def broken(*_):
    return 1 / 0

server._ANSWERS["textDocument/hover"] = broken
sys.exit(main(["lsp"]))
"""
    place = {"textDocument": {"uri": (tree / "shop/cart.py").as_uri()}, "position": {"line": 0, "character": 0}}
    process = started(home, [sys.executable, "-c", script])
    found = talk(process, hello(tree), request(2, "textDocument/hover", place))
    assert found[-1] == {
        "jsonrpc": "2.0",
        "id": 2,
        "error": {"code": -32603, "message": "ZeroDivisionError: division by zero"},
    }


def started(home: Path, command: list[str]) -> subprocess.Popen[bytes]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment(home), **pipes)  # type: ignore[call-overload, no-any-return]


def talk(process: subprocess.Popen[bytes], *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers to requests, each awaited; then the server is ended, which leaves nothing on stderr."""
    assert process.stdin is not None and process.stdout is not None
    found = []
    for message in messages:
        process.stdin.write(framed(message))
        process.stdin.flush()
        while True:
            length = 0
            while (line := process.stdout.readline()) not in (b"\r\n", b""):
                if line.startswith(b"Content-Length: "):
                    length = int(line.split()[1])
            found.append(json.loads(process.stdout.read(length)))
            if found[-1].get("id") == message["id"]:
                break
    _, errors = process.communicate(framed(*END), timeout=30)
    assert (process.returncode, errors) == (0, b"")
    return found


def test_a_missing_package_is_told_with_what_to_type(home: Path) -> None:
    script = "import sys; sys.modules['pygls'] = None; from leindex.cli.main import main; sys.exit(main(['lsp']))"
    ran = subprocess.run(
        [sys.executable, "-c", script], env=environment(home), input="", capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 2 and ran.stderr.count("\n") == 1
    assert install_hint("lsp") in ran.stderr
