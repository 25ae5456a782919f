"""The protocol of pygls with texts of our own (see buffers.py), and errors that say what is wrong and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method

from .. import __version__
from .buffers import Buffers
from .session import Session


class Protocol(LanguageServerProtocol):
    """Open texts are kept by the session."""

    _server: Server

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        self._with_path(document.uri, lambda buffers, path: buffers.put(path, document.text))

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        changes = list(params.content_changes)
        self._with_path(params.text_document.uri, lambda buffers, path: buffers.change(path, changes))

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        self._with_path(params.text_document.uri, lambda buffers, path: buffers.close(path))

    def _with_path(self, uri: str, change: Callable[[Buffers, str], None]) -> None:
        session = self._server.session
        path = session.path_of(types.TextDocumentIdentifier(uri)) if session is not None else None
        if session is not None and path is not None:
            change(session.buffers, path)

    def refuse(self, identity: str | int | None, code: int, message: str) -> None:
        """Answers a message that cannot be carried out."""
        # As plain JSON: the library's own type leaves out an id that is null, which has to be there.
        self._send_data({"jsonrpc": self.VERSION, "id": identity, "error": {"code": code, "message": message}})

    def _send_response(
        self, msg_id: str | int, result: Any | None = None, error: types.ResponseError | None = None
    ) -> None:
        if error is not None:
            error = types.ResponseError(error.code, error.message)  # pygls would add its stack
        super()._send_response(msg_id, result, error)


class Server(LanguageServer):
    """The server; `session` is there from `initialize` on."""

    protocol: Protocol

    def __init__(self) -> None:
        self.session: Session | None = None
        super().__init__("leindex", __version__, protocol_cls=Protocol)
