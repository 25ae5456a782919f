"""An editor for tests: the client of pygls, talking to `leindex lsp` as a process of its own over stdio."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tests.support.served import environment

CAPABILITIES = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        document_symbol=types.DocumentSymbolClientCapabilities(hierarchical_document_symbol_support=True),
        hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown]),
    )
)


class Editor(LanguageClient):
    """Asks about files by their path below the root."""

    def __init__(self, root: Path) -> None:
        super().__init__("editor", "1")
        self.root = root
        self.told: list[str] = []
        self.version = 0
        self.variables: dict[str, str] = {}

        @self.feature(types.WINDOW_SHOW_MESSAGE)
        def show(params: types.ShowMessageParams) -> None:
            self.told.append(params.message)

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def document(self, path: str) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri(path))

    def path(self, uri: str) -> str:
        return uri.removeprefix(self.root.as_uri() + "/")

    async def start(self, home: Path, arguments: Sequence[str] = ()) -> types.InitializeResult:
        """Starts the server and shakes hands."""
        command = [sys.executable, "-m", "leindex", "lsp", *arguments]
        await self.start_io(*command, env={**environment(home), **self.variables})
        folder = types.WorkspaceFolder(self.root.as_uri(), "tree")
        hello = types.InitializeParams(capabilities=CAPABILITIES, workspace_folders=[folder])
        answer = await self.initialize_async(hello)
        self.initialized(types.InitializedParams())
        return answer

    async def end(self) -> tuple[int | None, str]:
        """Shuts the server down; gives its exit status and what it wrote to stderr."""
        process = self._server
        assert process is not None and process.stderr is not None
        await self.shutdown_async(None)
        self.exit(None)
        errors = await asyncio.wait_for(process.stderr.read(), 20)
        status = await asyncio.wait_for(process.wait(), 20)
        await self.stop()
        return status, errors.decode()

    # -- texts ----------------------------------------------------------------------------------------------------

    def open(self, path: str, text: str) -> None:
        item = types.TextDocumentItem(self.uri(path), "", 0, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def type(self, path: str, place: tuple[int, int, int, int], text: str) -> None:
        """Replaces a range (line and column from 0, twice) of an open file."""
        self.version += 1
        span = types.Range(types.Position(*place[:2]), types.Position(*place[2:]))
        change = types.TextDocumentContentChangePartial(range=span, text=text)
        document = types.VersionedTextDocumentIdentifier(self.version, self.uri(path))
        self.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    def close(self, path: str) -> None:
        self.text_document_did_close(types.DidCloseTextDocumentParams(self.document(path)))

    # -- questions; places are (path, line from 1, column from 0) --------------------------------------------------

    async def definition(self, path: str, line: int, column: int) -> list[tuple[str, int, int]]:
        params = types.DefinitionParams(self.document(path), types.Position(line - 1, column))
        found = await self.text_document_definition_async(params)
        return self._places(found)

    async def references(
        self, path: str, line: int, column: int, *, declaration: bool = False
    ) -> list[tuple[str, int, int]]:
        context = types.ReferenceContext(declaration)
        params = types.ReferenceParams(context, self.document(path), types.Position(line - 1, column))
        return self._places(await self.text_document_references_async(params))

    def _places(self, found: object) -> list[tuple[str, int, int]]:
        assert isinstance(found, Sequence)
        return [(self.path(one.uri), one.range.start.line + 1, one.range.start.character) for one in found]

    async def symbols(self, query: str) -> list[tuple[str, str, int]]:
        found = await self.workspace_symbol_async(types.WorkspaceSymbolParams(query))
        assert found is not None
        places = self._places([one.location for one in found])
        return [(one.name, path, line) for one, (path, line, _) in zip(found, places, strict=True)]

    async def hover(self, path: str, line: int, column: int) -> str:
        params = types.HoverParams(self.document(path), types.Position(line - 1, column))
        found = await self.text_document_hover_async(params)
        if found is None:
            return ""
        assert isinstance(found.contents, types.MarkupContent)
        return found.contents.value

    async def outline(self, path: str) -> list[types.DocumentSymbol]:
        found = await self.text_document_document_symbol_async(types.DocumentSymbolParams(self.document(path)))
        return [one for one in found or () if isinstance(one, types.DocumentSymbol)]

    async def calls_of(self, path: str, line: int, column: int) -> types.CallHierarchyItem:
        params = types.CallHierarchyPrepareParams(self.document(path), types.Position(line - 1, column))
        found = await self.text_document_prepare_call_hierarchy_async(params)
        assert found is not None and len(found) == 1
        return found[0]


@asynccontextmanager
async def editing(root: Path, home: Path, *arguments: str) -> AsyncIterator[Editor]:
    """An editor with the server started on a tree; at the end both end well, with nothing on stderr."""
    editor = Editor(root)
    await editor.start(home, arguments)
    try:
        yield editor
    finally:
        ended = await editor.end()
    assert ended == (0, "")
