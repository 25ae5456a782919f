"""The replies to lines on stdin that are no message, which the MCP package passes over in silence.

JSON-RPC 2.0 (section 5.1) has an answer to each: -32700 for what is not JSON, -32600 for JSON that is no request. A
client that waits for a reply to a request with a mistake in it would otherwise wait for ever.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from concurrent.futures import CancelledError
from types import TracebackType
from typing import Any

import mcp_types as types
from mcp.shared.message import SessionMessage
from pydantic import ValidationError


class InputLines:
    """The lines of stdin as they come, read by a thread that nobody waits for.

    The package reads in a thread that it does wait for: Ctrl-C would end the server no earlier than the next line.
    From now on this process and those that it starts find nothing on stdin.
    """

    def __init__(self) -> None:
        self._file = os.dup(0)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        self._lines: asyncio.Queue[str | None] = asyncio.Queue(1)
        self._thread: threading.Thread | None = None

    def __aiter__(self) -> InputLines:
        return self

    async def __anext__(self) -> str:
        if self._thread is None:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._read, args=(loop,), name="leindex-stdin", daemon=True)
            self._thread.start()
        line = await self._lines.get()
        if line is None:
            raise StopAsyncIteration
        return line

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        with open(self._file, encoding="utf-8", errors="replace") as file:
            for line in file:
                if not self._hand_over(loop, line):
                    return
        self._hand_over(loop, None)

    def _hand_over(self, loop: asyncio.AbstractEventLoop, line: str | None) -> bool:
        """Waits until the line is taken; says whether anybody still takes any."""
        try:
            asyncio.run_coroutine_threadsafe(self._lines.put(line), loop).result()
        except (RuntimeError, CancelledError):
            return False
        return True


class AnsweredLines:
    """A stream of messages from which the lines that are none have been taken, each with an error as its reply.

    `incoming` is the stream of the package's transport, in which such a line is an exception, `outgoing` the one that
    takes the replies. An empty line holds nothing and gets no reply.
    """

    def __init__(self, incoming: Any, outgoing: Any) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    @property
    def last_context(self) -> contextvars.Context | None:
        """The context of whoever sent the last message."""
        context: contextvars.Context | None = self._incoming.last_context
        return context

    async def receive(self) -> SessionMessage | Exception:
        """The next message. Raises what the stream raises at its end."""
        return await self._answered(self._incoming.receive)

    async def _answered(self, receive: Any) -> SessionMessage | Exception:
        while True:
            item: SessionMessage | Exception = await receive()
            if not isinstance(item, ValidationError):
                return item
            reply = reply_to(item)
            if reply is not None:
                await self._outgoing.send(SessionMessage(reply))

    async def aclose(self) -> None:
        """Closes the stream that the messages come from."""
        await self._incoming.aclose()

    def __aiter__(self) -> AnsweredLines:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        return await self._answered(self._incoming.__anext__)

    async def __aenter__(self) -> AnsweredLines:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def reply_to(mistake: ValidationError) -> types.JSONRPCError | None:
    """The reply to a line that is no message, given why; with the id of a request where it can be read."""
    problems = mistake.errors(include_url=False, include_context=False)
    if problems[0]["type"] != "json_invalid":
        error = types.ErrorData(code=types.INVALID_REQUEST, message="this is JSON, but no message of JSON-RPC 2.0")
        return types.JSONRPCError(jsonrpc="2.0", id=_request_id(problems), error=error)
    if not str(problems[0]["input"]).strip():
        return None
    error = types.ErrorData(code=types.PARSE_ERROR, message=f"this line is not JSON: {problems[0]['msg']}")
    return types.JSONRPCError(jsonrpc="2.0", id=None, error=error)


def _request_id(problems: Any) -> int | str | None:
    # What lacks the field of some other kind of message is given whole.
    for whole in (problem["input"] for problem in problems if problem["type"] == "missing"):
        if isinstance(whole, dict) and "method" in whole and type(whole.get("id")) in (int, str):
            found: int | str = whole["id"]
            return found
    return None
