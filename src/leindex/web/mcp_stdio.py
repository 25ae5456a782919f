"""The replies to lines on stdin that are no message, which the MCP package passes over in silence.

JSON-RPC 2.0 (section 5.1) has an answer to each: -32700 for what is not JSON, -32600 for JSON that is no request. A
client that waits for a reply to a request with a mistake in it would otherwise wait for ever.
"""

from __future__ import annotations

import contextvars
from types import TracebackType
from typing import Any

import mcp_types as types
from mcp.shared.message import SessionMessage
from pydantic import ValidationError


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
