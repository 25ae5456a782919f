"""Target in Python: heads of HTTP requests."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.server import ServerState

from leindex.http.limits import Limits, TimedProtocol, uvicorn_options
from leindex.http.security import Access, Guard


class Collected(asyncio.Transport):
    """What the server writes to a connection."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 8000)})
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def _echo(request: Request) -> Response:
    return PlainTextResponse(f"{len(await request.body())} {request.url.path} {sorted(request.query_params)}")


@cache
def _config() -> uvicorn.Config:
    access = Access.of(["localhost"], 8000, "secret")
    route = Route("/{rest:path}", _echo, methods=["GET", "POST"])
    app = Starlette(routes=[route], middleware=[Middleware(Guard, access=access), Middleware(Limits)])
    config = uvicorn.Config(app, **uvicorn_options())
    config.load()
    return config


async def _connection(data: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    failures: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: failures.append(context))
    transport, state = Collected(), ServerState()
    protocol = TimedProtocol(_config(), state, {}, loop)
    protocol.connection_made(transport)
    half = len(data) // 2
    for part in (data[:half], data[half:]):
        if part and not transport.closed:  # no part is the end of a connection, which asyncio tells otherwise
            protocol.data_received(part)
        for _ in range(12):
            await asyncio.sleep(0)
    protocol.connection_lost(None)
    for task in list(state.tasks):
        await asyncio.wait_for(task, 1)
    assert not failures, failures
    return transport.written


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def http_heads(data: bytes) -> None:
    """Any bytes on a connection: nothing, or answers of HTTP, none of which says that the server failed."""
    written = _loop().run_until_complete(_connection(data))
    assert not written or written.startswith(b"HTTP/1.1 "), written
    assert not written.startswith(b"HTTP/1.1 500"), written
