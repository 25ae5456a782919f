"""The HTTP server from outside: answers, the API's own document, and those who should not get any."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import jsonschema
import pytest

from tests.support.served import make_repository, make_tree, serving

TOKEN = "a-token-of-some-length"
SECRET = "root:x:0:0"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("http") / "tree")


@pytest.fixture(scope="module")
def address(tree: Path) -> Iterator[str]:
    with serving(tree, tree.parent / "home") as at:
        yield at


def ask(
    address: str, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers (names in lower case) of a response; `_` in header names stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address + path, data=body, method=method, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read(), {k.lower(): v for k, v in response.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, error.read(), {k.lower(): v for k, v in error.headers.items()}


def get(address: str, path: str) -> Any:
    """The JSON at a path that is answered."""
    status, body, _ = ask(address, path)
    assert status == 200, body
    return json.loads(body)


def raw(address: str, request: bytes, *, seconds: float = 20.0) -> bytes:
    """What the server sends back to these bytes until it closes."""
    host = urlsplit(address)
    with socket.create_connection((host.hostname, host.port), timeout=seconds) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


# -- answers -------------------------------------------------------------------------------------------------


def test_answers_fit_the_document(address: str) -> None:
    document = get(address, "/openapi.json")
    paths = {
        "/api/search": "?query=backoff",
        "/api/symbols": "?name=Retry&references=true",
        "/api/files": "?depth=1",
        "/api/file": "?path=src/app/main.py",
        "/api/trace": "?direction=callers&name=backoff",
        "/api/history": "?kind=log&pattern=backoff",
        "/api/status": "",
        "/api/update": "",
    }
    for path, query in paths.items():
        schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(get(address, path + query), schema)
    assert get(address, "/api/search?query=backoff")["hits"][0]["path"] == "src/app/retry.py"
    lines = get(address, "/api/file?path=src/app/main.py&start_line=4&end_line=4")["lines"]
    assert lines == [{"number": 4, "text": "def main() -> None:"}]


def test_grep_streams_lines_of_json(address: str) -> None:
    status, body, headers = ask(address, "/api/grep?pattern=retry&case=ignore&globs=*.py&globs=*.md")
    items = [json.loads(line) for line in body.splitlines()]
    assert status == 200 and headers["content-type"] == "application/jsonl"
    assert [item["type"] for item in items] == ["file"] * 3 + ["end"]
    assert items[-1]["complete"] and items[-1]["matches"] == sum(item["matches"] for item in items[:-1])


def test_update_can_be_followed(address: str, tree: Path) -> None:
    (tree / "added.py").write_text("added = 1\n")
    try:
        status, body, _ = ask(address, "/api/update?follow=true", method="POST")
        items = [json.loads(line) for line in body.splitlines()]
        assert status == 200 and items[0]["type"] == "progress" and items[-1]["type"] == "end"
        assert items[-1]["files"] == 8
        assert ask(address, "/api/update", method="POST")[0] == 202
    finally:
        (tree / "added.py").unlink()


def test_a_file_with_an_odd_name(address: str) -> None:
    name = "notes/ümläut & <b>.txt"
    assert get(address, "/api/file?path=" + quote(name))["lines"][0]["text"].startswith("retry notes")
    status, body, headers = ask(address, "/file/" + quote(name))
    assert status == 200 and b"&lt;b&gt;.txt" in body and b"<script>alert" not in body
    status, body, headers = ask(address, "/raw/" + quote(name))
    assert status == 200 and b"<script>alert(1)</script>" in body
    assert headers["content-type"].startswith("text/plain") and headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/search", 400, "query is required"),
        ("/api/search?query=langauge:go", 400, "langauge"),
        ("/api/search?query=a&limit=1e3", 400, "whole number"),
        ("/api/search?query=a&limit=5&limit=6", 400, "given 2 times"),
        ("/api/search?query=a&cursor=%00", 400, "cursor"),
        ("/api/grep?pattern=a(b", 400, "unclosed group"),
        ("/api/grep?pattern=a&globs=a[", 400, ""),
        ("/api/file?path=nothing.py", 404, "nothing.py"),
        ("/api/nothing", 404, "openapi.json"),
        ("/nothing", 404, ""),
        ("/static/../server.py", 404, ""),
        ("/file/nothing.py", 404, "no such file"),
        ("/tree/nothing", 404, "no such file"),
    ],
)
def test_wrong_requests(address: str, path: str, status: int, said: str) -> None:
    got, body, _ = ask(address, path)
    assert got == status, body
    assert said in body.decode()


def test_methods_that_do_not_exist(address: str) -> None:
    for path, method in (("/api/search?query=a", "POST"), ("/", "PUT"), ("/api/update", "DELETE")):
        assert ask(address, path, method=method)[0] == 405
    status, _, headers = ask(address, "/api/search?query=a", method="OPTIONS", Origin=address)
    assert status == 405 and not any(name.startswith("access-control") for name in headers)


def test_every_page_forbids_what_it_does_not_need(address: str) -> None:
    for path in ("/", "/?q=retry", "/status", "/file/README.md", "/api/status", "/nothing"):
        headers = ask(address, path)[2]
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY" and headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store" and "access-control-allow-origin" not in headers


def test_metrics(address: str) -> None:
    ask(address, "/api/search?query=retry")
    text = ask(address, "/metrics")[1].decode()
    assert 'leindex_http_requests_total{route="/api/search",method="GET",status="200"}' in text
    assert "leindex_index_files 7" in text
    assert "retry" not in text, "what people search for is nobody's business"
    for line in text.splitlines():
        assert line.startswith("#") or float(line.rpartition(" ")[2]) >= 0


# -- those who should not get any ----------------------------------------------------------------------------


def host_of(address: str) -> str:
    return urlsplit(address).netloc


def test_forged_hosts(address: str) -> None:
    port = urlsplit(address).port
    for host in (
        "evil.example",
        f"evil.example:{port}",
        f"127.0.0.1:{port + 1}",
        "127.0.0.1",
        f"127.0.0.1:{port}.evil.example",
        f"localhost:{port}@evil.example",
        f"127.1:{port}",
        f"2130706433:{port}",
        f"[::ffff:127.0.0.1]:{port}",
        "",
    ):
        for path in ("/api/status", "/mcp", "/", "/healthz"):
            status, body, _ = ask(address, path, Host=host)
            assert status in (400, 421) and SECRET not in body.decode(), (host, status)
    for host in (f"localhost:{port}", f"LOCALHOST:{port}", f"[::1]:{port}"):
        assert ask(address, "/api/status", Host=host)[0] == 200
    twice = f"GET /api/status HTTP/1.1\r\nHost: {host_of(address)}\r\nHost: evil\r\nConnection: close\r\n\r\n"
    assert raw(address, twice.encode()).split()[1] in (b"400", b"421")
    assert raw(address, b"GET /api/status HTTP/1.0\r\n\r\n").split()[1] == b"421"
    none = b"GET /api/status HTTP/1.1\r\nConnection: close\r\n\r\n"
    assert raw(address, none).split()[1] in (b"400", b"421")


def test_forged_origins(address: str) -> None:
    port = urlsplit(address).port
    for origin in (
        "http://evil.example",
        "null",
        f"https://127.0.0.1:{port}",
        f"http://127.0.0.1:{port + 1}",
        f"http://127.0.0.1:{port}.evil.example",
        "http://localhost",
        "",
    ):
        for path, method in (("/api/status", "GET"), ("/api/update", "POST"), ("/mcp", "POST")):
            assert ask(address, path, method=method, Origin=origin)[0] == 403, origin
    assert ask(address, "/api/status", Origin=f"http://localhost:{port}")[0] == 200
    for site in ("cross-site", "same-site"):
        assert ask(address, "/api/search?query=a", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors")[0] == 403
        link = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
        assert ask(address, "/?q=retry", **link)[0] == 200
        assert ask(address, "/api/update", method="POST", **link)[0] == 403
        assert ask(address, "/", **{**link, "Sec_Fetch_Dest": "iframe"})[0] == 403


TRAVERSALS = [
    "../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%252f..%252fetc%252fpasswd",
    "..%c0%af..%c0%afetc/passwd",
    "%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "..%5c..%5cetc%5cpasswd",
    "..\\..\\etc\\passwd",
    "....//....//etc/passwd",
    "..;/..;/etc/passwd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "//etc/passwd",
    "src/../../../etc/passwd",
    "src/%00/../../etc/passwd",
    "file:///etc/passwd",
    "src/app/retry.py/../../../../etc/passwd",
    "secret-link",
    "secret-link/passwd",
    ".git/config",
]


def test_no_path_leads_out_of_the_tree(address: str, tree: Path) -> None:
    (tree / "secret-link").symlink_to("/etc")
    (tree / ".git").mkdir(exist_ok=True)
    (tree / ".git" / "config").write_text(SECRET)
    ask(address, "/api/update?follow=true", method="POST")
    for path in TRAVERSALS:
        for prefix in ("/api/file?path=", "/file/", "/raw/", "/tree/", "/static/", "/"):
            request = f"GET {prefix}{path} HTTP/1.1\r\nHost: {host_of(address)}\r\nConnection: close\r\n\r\n"
            answer = raw(address, request.encode())
            status = int(answer.split()[1])
            assert SECRET.encode() not in answer, (prefix, path)
            assert status in (400, 404), (prefix, path, status)


def test_oversized_requests(address: str) -> None:
    assert ask(address, "/api/search?query=" + "a" * 20_000)[0] == 400
    with contextlib.suppress(ConnectionResetError):  # the rest of the address meets a closed connection
        long = raw(address, b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n")
        assert not long or long.split()[1] == b"400"
    head = b"POST /mcp HTTP/1.1\r\nHost: " + host_of(address).encode() + b"\r\nContent-Type: application/json\r\n"
    head += b"Accept: application/json, text/event-stream\r\n"
    assert raw(address, head + b"Content-Length: 3000000\r\n\r\n").split()[1] == b"413"
    chunks = b"".join(b"10000\r\n" + b"x" * 0x10000 + b"\r\n" for _ in range(17))
    assert raw(address, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks).split()[1] == b"413"
    assert ask(address, "/healthz")[0] == 200


def test_slow_requests_are_dropped_and_hinder_nobody(address: str) -> None:
    host = urlsplit(address)
    slow = []
    for sent in (
        b"",
        b"GET / HT",
        b"POST /mcp HTTP/1.1\r\nHost: " + host.netloc.encode() + b"\r\nContent-Le",
    ):
        connection = socket.create_connection((host.hostname, host.port), timeout=30)
        connection.sendall(sent)
        slow.append(connection)
    body = socket.create_connection((host.hostname, host.port), timeout=30)
    head = f"POST /mcp HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Type: application/json\r\n"
    body.sendall(head.encode() + b"Content-Length: 100\r\nAccept: application/json\r\n\r\n{")
    began = time.monotonic()
    assert ask(address, "/api/search?query=retry")[0] == 200 and time.monotonic() - began < 5
    for connection in slow:
        assert connection.recv(1) == b"" or True
        connection.close()
    assert body.recv(100).split()[1] == b"408"
    body.close()
    assert 5 < time.monotonic() - began < 25


def test_a_token_is_asked_for(tree: Path) -> None:
    with serving(tree, tree.parent / "home", "--token", TOKEN) as address:
        for path in (
            "/",
            "/api/status",
            "/mcp",
            "/metrics",
            "/static/style.css",
            "/openapi.json",
            "/nothing",
        ):
            assert ask(address, path)[0] == 401, path
        assert ask(address, "/healthz")[0] == 200
        for wrong in ("Bearer ", "Bearer " + TOKEN[:-1], "Basic " + TOKEN, TOKEN, "Bearer ü"):
            assert ask(address, "/api/status", Authorization=wrong)[0] == 401, wrong
        assert ask(address, "/api/status", Authorization="Bearer " + TOKEN)[0] == 200
        assert ask(address, "/api/status", Cookie="leindex_token=" + TOKEN)[0] == 200
        assert ask(address, "/api/update?token=" + TOKEN, method="POST")[0] == 401, "not where links lead"
        request = f"GET //evil.example?token={TOKEN}&q=a HTTP/1.1\r\nHost: {host_of(address)}\r\n"
        request += "Connection: close\r\n\r\n"
        answer = raw(address, request.encode()).decode()
        assert answer.split()[1] == "303" and "location: /evil.example?q=a\r\n" in answer
        assert (
            "HttpOnly" in answer and "SameSite=strict" in answer and TOKEN not in answer.split("location")[1].split()[1]
        )


def test_other_addresses_need_a_token(tree: Path) -> None:
    from leindex.cli.main import main

    assert main(["serve", str(tree), "--host", "0.0.0.0", "--index", str(tree.parent / "home")]) == 2
    assert main(["serve", str(tree), "--token", "short", "--index", str(tree.parent / "home")]) == 2


# -- load ----------------------------------------------------------------------------------------------------


def test_two_hundred_searches_during_an_update(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "tree", copies=20)
    with serving(root, tmp_path / "home") as address:
        assert len(get(address, "/api/files?glob=many/**")["entries"]) == 20
        make_tree(root, copies=1500)
        stop = threading.Event()

        def follow() -> list[bytes]:
            done = []
            while not stop.is_set():
                done.append(ask(address, "/api/update?follow=true", method="POST")[1])
            return done

        def search(number: int) -> tuple[int, int]:
            status, body, _ = ask(address, f"/api/search?query=copied_{number % 20}&limit=3")
            hits = json.loads(body)["hits"]
            return status, len(hits)

        with ThreadPoolExecutor(201) as pool:
            updates = pool.submit(follow)
            answers = list(pool.map(search, range(200)))
            stop.set()
            ends = [json.loads(update.splitlines()[-1]) for update in updates.result()]
        assert all(status == 200 and hits >= 1 for status, hits in answers)
        assert all(end["type"] == "end" and not end["failed"] for end in ends)
        assert get(address, "/api/status")["files"] == 1507
        assert get(address, "/api/search?query=copied_1499")["hits"]


def test_a_client_that_goes_away_stops_its_search(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "tree", copies=50)
    with serving(root, tmp_path / "home") as address:
        get(address, "/api/status")
        host = urlsplit(address)
        for _ in range(40):
            connection = socket.create_connection((host.hostname, host.port))
            connection.sendall(f"GET /api/grep?pattern=. HTTP/1.1\r\nHost: {host.netloc}\r\n\r\n".encode())
            connection.close()
        began = time.monotonic()
        assert get(address, "/api/search?query=copied_7")["hits"]
        assert time.monotonic() - began < 10


# -- the API's own document ----------------------------------------------------------------------------------


def test_random_requests_meet_no_server_error(address: str) -> None:
    """Requests made up from the OpenAPI document, right ones and wrong ones, and whether the answers keep to
    it."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    schema = schemathesis.openapi.from_url(address + "/openapi.json")
    kept = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
        checks.negative_data_rejection,
    ]
    operations = [result.ok() for result in schema.get_all_operations()]
    # A request is short as it is: making it shorter would send thousands more.
    wide: dict[str, Any] = {"suppress_health_check": list(HealthCheck), "phases": [Phase.generate]}
    assert len(operations) == 12
    for operation in operations:
        for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
            if mode is GenerationMode.NEGATIVE and not operation.query:
                continue

            @settings(max_examples=20, deadline=None, database=None, **wide)
            @given(case=operation.as_strategy(generation_mode=mode))
            def probe(case: Any) -> None:
                case.validate_response(case.call(), checks=kept)

            probe()


def test_the_event_loop_is_never_used_for_work() -> None:
    """Guards the rule that a coroutine of the server never blocks: no reader's work runs in the loop's
    thread."""
    from leindex.config import Location
    from leindex.service.control import Control
    from leindex.service.service import Service

    async def where() -> bool:
        service = Service(Location(Path("/nowhere"), Path("/nowhere")))
        here = threading.get_ident()
        there = await service.read(lambda index: threading.get_ident(), Control())
        service.close()
        return here != there

    assert asyncio.run(where())
