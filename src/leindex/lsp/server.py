"""What the language server answers: each feature of the protocol, by one question of `service/place_answer.py`."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from ..config import Location, locate
from ..errors import LeindexError
from ..models import Progress
from ..service import place_answer
from ..service.columns import Unit
from .protocol import Server
from .session import Session
from .shapes import (
    at,
    call_item,
    called_at,
    file_of,
    first_line,
    flat,
    hover_text,
    location,
    range_of,
    tree_of,
    uri_of,
    workspace_symbol,
)

REQUEST_FAILED: Final = -32803
_UNITS: Final[dict[str, Unit]] = {
    types.PositionEncodingKind.Utf8: "utf-8",
    types.PositionEncodingKind.Utf16: "utf-16",
    types.PositionEncodingKind.Utf32: "utf-32",
}
"""How columns count, by what is agreed on with the editor."""
MOST_SYMBOLS: Final = 100
"""Definitions of all files that are listed at once; editors narrow them with each letter."""


def build(path: str | None, index: str | None) -> Server:
    """The server for the tree at `path`, or for the folder that the editor has open; `index` is the folder of the
    index, if it is not the usual one."""
    server = Server()

    def initialize(params: types.InitializeParams) -> None:
        try:
            found = locate(path or _opened(params), index)
        except LeindexError as error:
            raise JsonRpcException(str(error), REQUEST_FAILED) from None
        # A folder of an indexed tree is served with the whole tree, so that paths mean the same everywhere.
        server.session = Session(Location(found.root, found.folder))
        server.session.buffers.unit = _UNITS[server.workspace.position_encoding or types.PositionEncodingKind.Utf16]

    async def initialized(params: types.InitializedParams) -> None:
        await _build_index(server)
        with suppress(LeindexError):  # the first letters of a name find the list made; who asks is told what is wrong
            assert server.session is not None
            await server.session.ask(place_answer.named, server.session.names, "_", 1)

    server.feature(types.INITIALIZE)(initialize)
    server.feature(types.INITIALIZED)(initialized)
    for method, answer in _ANSWERS.items():
        _offer(server, method, answer)
    return server


def _opened(params: types.InitializeParams) -> str:
    folders = [folder.uri for folder in params.workspace_folders or ()]
    for uri in (*folders, params.root_uri):
        if uri and (file := file_of(uri)) is not None:
            return file
    return params.root_path or os.getcwd()


def _offer(server: Server, method: str, answer: Callable[[Server, Session, Any], Awaitable[Any]]) -> None:
    async def handler(params: Any) -> Any:
        assert server.session is not None, "nothing is handled before initialize"
        try:
            return await answer(server, server.session, params)
        except LeindexError as error:
            raise JsonRpcException(str(error), REQUEST_FAILED) from None

    server.feature(method)(handler)


async def _build_index(server: Server) -> None:
    """Makes the index where there is none, with progress where the editor shows it."""
    session = server.session
    assert session is not None
    window = server.client_capabilities.window
    token = str(uuid.uuid4())
    loop = asyncio.get_running_loop()
    begun = False

    def show(progress: Progress) -> None:
        loop.call_soon_threadsafe(report, progress)

    def report(progress: Progress) -> None:
        nonlocal begun
        if not begun:
            begun = True
            title = f"leindex: indexing {session.root.name}"
            server.work_done_progress.begin(token, types.WorkDoneProgressBegin(title=title, percentage=0))
        share = progress.documents / progress.documents_total if progress.documents_total else 0.0
        said = f"{progress.stage}: {progress.documents} of {progress.documents_total} files"
        server.work_done_progress.report(token, types.WorkDoneProgressReport(message=said, percentage=int(100 * share)))

    shown = window is not None and bool(window.work_done_progress)
    try:
        if shown:
            await server.work_done_progress.create_async(token)
        await session.build(show if shown else None)
    except LeindexError as error:
        server.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"leindex: {error}"))
    finally:
        if begun:
            server.work_done_progress.end(token, types.WorkDoneProgressEnd())


# -- the features ---------------------------------------------------------------------------------------------------


async def _workspace_symbols(
    server: Server, session: Session, params: types.WorkspaceSymbolParams
) -> list[types.WorkspaceSymbol]:
    found = await session.ask(place_answer.named, session.names, params.query, MOST_SYMBOLS)
    return [workspace_symbol(node, session.root) for node in found]


async def _document_symbols(
    server: Server, session: Session, params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol] | list[types.SymbolInformation]:
    path = session.path_of(params.text_document)
    found = [] if path is None else await session.ask(place_answer.defined_in, path)
    document = server.client_capabilities.text_document
    known = document.document_symbol if document is not None else None
    if known is not None and known.hierarchical_document_symbol_support:
        return tree_of(found)
    return flat(found, session.root)


async def _definition(
    server: Server, session: Session, params: types.DefinitionParams
) -> list[types.Location] | list[types.LocationLink]:
    path = session.path_of(params.text_document)
    if path is None:
        return []
    found = await session.ask(place_answer.definitions, at(path, params.position))
    whole = [call_item(node, session.root) for node in found["targets"]]
    files = [first_line(file, session.root) for file in found["files"]]
    document = server.client_capabilities.text_document
    known = document.definition if document is not None else None
    if known is None or not known.link_support or not (whole or files):
        return [types.Location(item.uri, item.selection_range) for item in whole] + files
    origin = range_of(found["origin"])
    links = [types.LocationLink(item.uri, item.range, item.selection_range, origin) for item in whole]
    return links + [types.LocationLink(file.uri, file.range, file.range, origin) for file in files]


async def _references(server: Server, session: Session, params: types.ReferenceParams) -> list[types.Location]:
    path = session.path_of(params.text_document)
    if path is None:
        return []
    place = at(path, params.position)
    found = await session.ask(place_answer.references, place, declaration=params.context.include_declaration)
    return [location(one, session.root) for one in found]


async def _hover(server: Server, session: Session, params: types.HoverParams) -> types.Hover | None:
    path = session.path_of(params.text_document)
    said = None if path is None else await session.ask(place_answer.hover, at(path, params.position))
    if said is None:
        return None
    document = server.client_capabilities.text_document
    formats = (document.hover.content_format if document is not None and document.hover is not None else None) or ()
    return types.Hover(hover_text(said, markdown=types.MarkupKind.Markdown in formats), range_of(said["origin"]))


async def _links(server: Server, session: Session, params: types.DocumentLinkParams) -> list[types.DocumentLink]:
    path = session.path_of(params.text_document)
    found = [] if path is None else await session.ask(place_answer.links, path)
    return [
        types.DocumentLink(range_of(link["origin"]), uri_of(link["path"], session.root), tooltip=link["path"])
        for link in found
    ]


async def _calls_of(
    server: Server, session: Session, params: types.CallHierarchyPrepareParams
) -> list[types.CallHierarchyItem]:
    path = session.path_of(params.text_document)
    if path is None:
        return []
    found = await session.ask(place_answer.definitions, at(path, params.position))
    return [call_item(node, session.root) for node in found["targets"]]


async def _incoming(
    server: Server, session: Session, params: types.CallHierarchyIncomingCallsParams
) -> list[types.CallHierarchyIncomingCall]:
    place = called_at(params.item, session.root)
    found = [] if place is None else await session.ask(place_answer.callers, place)
    return [
        types.CallHierarchyIncomingCall(call_item(one["node"], session.root), [range_of(p) for p in one["places"]])
        for one in found
    ]


async def _outgoing(
    server: Server, session: Session, params: types.CallHierarchyOutgoingCallsParams
) -> list[types.CallHierarchyOutgoingCall]:
    place = called_at(params.item, session.root)
    found = [] if place is None else await session.ask(place_answer.callees, place)
    return [
        types.CallHierarchyOutgoingCall(call_item(one["node"], session.root), [range_of(p) for p in one["places"]])
        for one in found
    ]


_ANSWERS: Final[dict[str, Callable[[Server, Session, Any], Awaitable[Any]]]] = {
    types.WORKSPACE_SYMBOL: _workspace_symbols,
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: _document_symbols,
    types.TEXT_DOCUMENT_DEFINITION: _definition,
    types.TEXT_DOCUMENT_REFERENCES: _references,
    types.TEXT_DOCUMENT_HOVER: _hover,
    types.TEXT_DOCUMENT_DOCUMENT_LINK: _links,
    types.TEXT_DOCUMENT_PREPARE_CALL_HIERARCHY: _calls_of,
    types.CALL_HIERARCHY_INCOMING_CALLS: _incoming,
    types.CALL_HIERARCHY_OUTGOING_CALLS: _outgoing,
}
