"""What one client can take: size and speed of bodies, requests at once, and the time to send a request at
all."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

BODY_BYTES: Final = 1 << 20
BODY_SECONDS: Final = 10.0
HEAD_SECONDS: Final = 10.0
HEAD_BYTES: Final = 96 << 10
WAITING: Final = 512
"""Requests that may be in work or wait at once; the next is told to come back later."""


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Limits:
    """Refuses bodies that are too long or too slow, and requests above the number that may wait."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_bytes: int = BODY_BYTES,
        body_seconds: float = BODY_SECONDS,
        waiting: int = WAITING,
    ) -> None:
        self._app = app
        self._body_bytes, self._body_seconds, self._waiting = body_bytes, body_seconds, waiting
        self.active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self.active >= self._waiting:
            await _respond(_Refused(503, "too many requests at once"), scope, receive, send)
            return
        self.active += 1
        try:
            await self._limited(scope, receive, send)
        finally:
            self.active -= 1

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False
        body = _Body(scope, receive, self._body_bytes, self._body_seconds)

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            body.check_declared()
            await self._app(scope, body.receive, sending)
        except _Refused as refused:
            if not started:
                await _respond(refused, scope, receive, send)


class _Body:
    """The body of one request, counted and timed as it is read."""

    def __init__(self, scope: Scope, receive: Receive, most: int, seconds: float) -> None:
        self._scope, self._receive = scope, receive
        self._most, self._left = most, seconds
        self._size = 0
        self._complete = False

    def check_declared(self) -> None:
        """Refuses a body that says beforehand that it is too long."""
        for name, value in self._scope["headers"]:
            if name == b"content-length" and (not value.isdigit() or int(value[:20]) > self._most):
                raise _Refused(413, f"the body is longer than {self._most} bytes")

    async def receive(self) -> Message:
        """The next part. What comes after the body, the client's going, may take as long as it likes."""
        if self._complete:
            return await self._receive()
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(max(self._left, 0.0)):
                message = await self._receive()
        except TimeoutError:
            raise _Refused(408, "the body came too slowly") from None
        self._left -= loop.time() - began
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            if self._size > self._most:
                raise _Refused(413, f"the body is longer than {self._most} bytes")
            self._complete = not message.get("more_body", False)
        return message


async def _respond(refused: _Refused, scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"connection": "close"}
    if refused.status == 503:
        headers["retry-after"] = "1"
    await JSONResponse({"error": refused.message}, refused.status, headers)(scope, receive, send)


class TimedProtocol(H11Protocol):
    """HTTP/1.1 that drops a connection on which a request's head does not arrive in time."""

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        if self._head_timer is None and self._awaits_head():
            self._arm()
        super().data_received(data)
        if not self._awaits_head():
            self._disarm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def _arm(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self._awaits_head() and not self.transport.is_closing():
            self.transport.close()

    def _awaits_head(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)


def uvicorn_options() -> dict[str, Any]:
    """The options of the HTTP server that belong to the limits."""
    return {
        "http": TimedProtocol,
        "ws": "none",
        "h11_max_incomplete_event_size": HEAD_BYTES,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": 1,
        "server_header": False,
        "date_header": True,
        "proxy_headers": False,
        "log_level": "warning",
        "access_log": False,
    }
