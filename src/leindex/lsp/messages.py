"""Messages as they come, before pygls has them: each that is wrong gets an answer that says why."""

from __future__ import annotations

import json
import logging
from typing import Any, Final

from pygls.exceptions import JsonRpcException

from .protocol import Server

NOT_INITIALIZED: Final = -32002
INVALID_REQUEST: Final = -32600
PARSE_ERROR: Final = -32700

logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)  # what goes wrong is answered


class Messages:
    """Handles the messages of one editor. `status` is the exit status, from `exit` on."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stopping = False
        self.status: int | None = None

    def handle(self, body: bytes) -> None:
        """Handles one message."""
        refuse = self._server.protocol.refuse
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            refuse(None, PARSE_ERROR, "the message is not JSON")
            return
        method, identity = _head(said)
        if method is None:
            refuse(identity, INVALID_REQUEST, "the message is no request, notification or response")
        elif method == "exit":
            self.status = 0 if self._stopping else 1
        elif wrong := self._untimely(method):
            if identity is not None and method:
                refuse(identity, *wrong)
        else:
            self._stopping = method == "shutdown"
            self._handle(said, method, identity)

    def _untimely(self, method: str) -> tuple[int, str] | None:
        """Why a message comes too early or too late: an error's code and text."""
        if self._server.session is None and method != "initialize":
            return NOT_INITIALIZED, "initialize comes first"
        return (INVALID_REQUEST, "nothing is answered after shutdown") if self._stopping else None

    def _handle(self, said: dict[str, Any], method: str, identity: str | int | None) -> None:
        try:
            message = self._server.protocol.structure_message(said)
        except JsonRpcException as error:
            if identity is not None:
                self._server.protocol.refuse(identity, error.code, f"the parameters of {method} are wrong")
            return
        self._server.protocol.handle_message(message)


def _head(said: Any) -> tuple[str | None, str | int | None]:
    """The method of a message, "" of a response, None of what is neither; and its id."""
    if not isinstance(said, dict):
        return None, None
    identity = said.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int | None):
        return None, None
    method = said.get("method", "" if "id" in said and ("result" in said or "error" in said) else None)
    return (method if said.get("jsonrpc") == "2.0" and isinstance(method, str) else None), identity
