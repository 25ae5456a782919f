"""The MCP server: tools, resources and prompts over one Service, on the official package's low-level server.

The low-level server is used because the tools are declared once as data (`operations.py`) for every
transport, and because reading function signatures would cost start-up time. A transport is put around it by
serve.py.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, Final, Protocol
from urllib.parse import quote, unquote

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from .. import __version__
from ..errors import LeindexError, QueryError
from ..models import Progress
from ..service.control import Control
from ..service.operations import MAX_TOKENS, OPERATIONS, STATUS, UPDATE, Operation
from ..service.parameters import object_schema, read_arguments
from ..service.service import Service
from .prompts import PROMPTS, prompt_text

Context = ServerRequestContext[Any, Any]


class Observer(Protocol):
    """Is told of each call of a tool."""

    def __call__(self, name: str, seconds: float, *, failed: bool) -> None: ...


TOOL_SECONDS: Final = 60.0
UPDATE_SECONDS: Final = 3600.0
PROGRESS_SECONDS: Final = 0.2
"""At most so often is progress reported."""

URI: Final = "leindex:///"
LISTED: Final = 50
LARGEST_RESOURCE: Final = 1 << 20
"""Bytes of a file that is given as a resource; read_file gives parts of larger ones."""

INSTRUCTIONS: Final = (
    "An index of the source code in this project; it keeps itself current. Prefer these tools over shell "
    "grep, find and cat: they are fast on large trees, honour ignore files and fit their replies to a "
    "budget.\n"
    "- search_code: where is something done? Ranked passages. Words are ANDed; file:, lang:, sym: "
    "filters.\n"
    "- grep: every matching line, exactly as ripgrep.\n"
    "- find_symbol: where is a name defined; source=true for its code, references=true for its uses.\n"
    "- trace: who calls a definition, what it calls, what a change may break; each edge says how sure it is.\n"
    "- history: which commits changed a line, since when it is there, what differs between revisions.\n"
    "- read_file: a range of lines, one symbol, or outline=true for what a file defines.\n"
    "- list_files: a tree, a glob, or fuzzy letters of a path.\n"
    "Paths are relative to the root that index_status names. Each reply says whether it is complete; if "
    "not, go on with its cursor or narrow the question. No match means there is none in the indexed files."
)


def build(service: Service, on_call: Observer | None = None) -> Server[Any]:
    """The server for one service. Nothing is opened or read before a tool needs it. `on_call` is told each
    tool's name, its duration in seconds and whether it failed."""

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        began = time.perf_counter()
        result = await _call(service, context, params)
        if on_call is not None:
            on_call(params.name, time.perf_counter() - began, failed=result.is_error)
        return result

    async def list_resources(
        context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=await _resources(service))

    async def read_resource(context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        return await _resource(service, params.uri)

    async def complete(context: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        return types.CompleteResult(completion=await _completion(service, params))

    return Server(
        "leindex",
        version=__version__,
        title="leindex",
        description="Search, grep, symbols and files of a source tree, from an index kept current.",
        instructions=INSTRUCTIONS,
        cache_hints={
            name: CacheHint(ttl_ms=3_600_000) for name in ("tools/list", "prompts/list", "resources/templates/list")
        },
        on_list_tools=_list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=_list_templates,
        on_read_resource=read_resource,
        on_list_prompts=_list_prompts,
        on_get_prompt=_get_prompt,
        on_completion=complete,
    )


# -- tools ----------------------------------------------------------------------------------------------


def _tool(operation: Operation) -> types.Tool:
    """A tool as it is listed. Every conversation of an assistant pays for the list, so it leaves out the schemas of the
    replies, whose text says the same, and hints that follow from others."""
    return types.Tool(
        name=operation.name,
        title=operation.title,
        description=operation.description,
        input_schema=object_schema(_parameters(operation)),
        annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False)
        if not operation.writes
        else types.ToolAnnotations(
            read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        ),
    )


def _parameters(operation: Operation) -> tuple[Any, ...]:
    return operation.parameters if operation in (STATUS, UPDATE) else (*operation.parameters, MAX_TOKENS)


async def _list_tools(context: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    return types.ListToolsResult(tools=[_tool(operation) for operation in OPERATIONS])


async def _call(service: Service, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """A tool's result. What is wrong with a request is said in it, so that the model can correct itself."""
    operation = next((one for one in OPERATIONS if one.name == params.name), None)
    if operation is None:
        known = ", ".join(one.name for one in OPERATIONS)
        raise MCPError(types.INVALID_PARAMS, f"there is no tool {params.name!r}; there are {known}")
    from .tools import call

    relay = ProgressRelay(context)
    control = Control(UPDATE_SECONDS if operation.writes else TOOL_SECONDS, relay.show)
    try:
        arguments = read_arguments(_parameters(operation), params.arguments or {})
        reply = await call(service, operation.name, arguments, control)
    except LeindexError as error:
        return types.CallToolResult(content=[types.TextContent(text=_explained(error))], is_error=True)
    finally:
        await relay.close()
    return types.CallToolResult(content=[types.TextContent(text=reply.text)], structured_content=reply.data)


def _explained(error: LeindexError) -> str:
    """An error with what helps to correct it."""
    if not isinstance(error, QueryError):
        return str(error)
    place = f"\n  {error.text}\n  {' ' * error.column}^" if error.text and "\n" not in error.text else ""
    return error.message + (f"; {error.advice}" if error.advice else "") + place


class ProgressRelay:
    """Passes the progress of a working thread on to the client, in order, rising, and not too often."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._next = 0.0
        self._reached = -1.0
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def show(self, progress: Progress) -> None:
        """Called in the working thread."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + PROGRESS_SECONDS
            self._loop.call_soon_threadsafe(self._send, progress)

    def _send(self, progress: Progress) -> None:
        share = progress.documents / progress.documents_total if progress.documents_total else 0.0
        reached = round(50 * share + (50 if progress.stage == "symbols" else 0), 1)
        if self._closed or reached <= self._reached or (self._task is not None and not self._task.done()):
            return
        self._reached = reached
        said = f"{progress.stage}: {progress.documents} of {progress.documents_total} files"
        self._task = self._loop.create_task(self._context.session.report_progress(reached, 100.0, said))

    async def close(self) -> None:
        """Nothing is sent after the reply."""
        self._closed = True
        if self._task is not None:
            # A client that has gone is noticed where the reply is sent.
            await asyncio.gather(self._task, return_exceptions=True)


# -- resources ------------------------------------------------------------------------------------------


async def _list_templates(
    context: Context, params: types.PaginatedRequestParams | None
) -> types.ListResourceTemplatesResult:
    template = types.ResourceTemplate(
        name="file",
        title="A file of the project",
        uri_template=URI + "{+path}",
        description="Any indexed file, by its path relative to the root.",
    )
    return types.ListResourceTemplatesResult(resource_templates=[template])


async def _resources(service: Service) -> list[types.Resource]:
    """The documents of the project: read-me files and the like near the root. All files are too many to
    list."""
    control = Control(TOOL_SECONDS)
    if not await service.searchable(control):
        return []

    def find(index: Any) -> list[types.Resource]:
        found = [path for path in index.paths() if path.count("/") < 2 and path.endswith((".md", ".rst", ".txt"))]
        found.sort(key=lambda path: (path.count("/"), path))
        return [
            types.Resource(name=_printable(path), uri=_uri(path), mime_type="text/plain") for path in found[:LISTED]
        ]

    return await service.read(find, control)


async def _resource(service: Service, uri: str) -> types.ReadResourceResult:
    from ..service.file_answer import content_of
    from ..service.places import file_row

    if not uri.startswith(URI):
        raise MCPError(types.INVALID_PARAMS, f"a resource has the form {URI}path", {"uri": uri})
    path = unquote(uri.removeprefix(URI), errors="surrogateescape")

    def read(index: Any) -> bytes:
        with index.snapshot():
            return content_of(index, file_row(index, path))

    control = Control(TOOL_SECONDS)
    try:
        await service.ready(control)
        content = await service.read(read, control)
    except LeindexError as error:
        raise MCPError(types.INVALID_PARAMS, str(error), {"uri": uri}) from None
    if len(content) > LARGEST_RESOURCE:
        raise MCPError(
            types.INVALID_PARAMS, f"{path} has {len(content)} bytes; read parts with read_file", {"uri": uri}
        )
    text = content.decode("utf-8", "replace")
    return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type="text/plain", text=text)])


async def _completion(service: Service, params: types.CompleteRequestParams) -> types.Completion:
    """Paths for the resource template, by a few letters."""
    control = Control(5.0)
    if params.argument.name != "path" or not params.argument.value or not await service.searchable(control):
        return types.Completion(values=[])

    def find(index: Any) -> tuple[list[str], int]:
        found: tuple[list[str], int] = index.find_files(params.argument.value[:64], limit=100)
        return found

    try:
        found, total = await service.read(find, control)
    except LeindexError:
        return types.Completion(values=[])
    return types.Completion(values=[_printable(path) for path in found], total=total, has_more=total > len(found))


def _uri(path: str) -> str:
    return URI + quote(path.encode("utf-8", "surrogateescape"))


def _printable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


# -- prompts --------------------------------------------------------------------------------------------


async def _list_prompts(context: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
    prompts = [
        types.Prompt(
            name=prompt.name,
            title=prompt.title,
            description=prompt.description,
            arguments=[
                types.PromptArgument(name=prompt.argument, description=prompt.argument_description, required=True)
            ],
        )
        for prompt in PROMPTS
    ]
    return types.ListPromptsResult(prompts=prompts)


async def _get_prompt(context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
    prompt = next((one for one in PROMPTS if one.name == params.name), None)
    if prompt is None:
        raise MCPError(types.INVALID_PARAMS, f"there is no prompt {params.name!r}")
    value = (params.arguments or {}).get(prompt.argument, "").strip()
    if not value:
        raise MCPError(types.INVALID_PARAMS, f"{prompt.argument} is required: {prompt.argument_description}")
    message = types.PromptMessage(role="user", content=types.TextContent(text=prompt_text(prompt, value)))
    return types.GetPromptResult(description=prompt.description, messages=[message])


logging.getLogger("mcp").setLevel(logging.ERROR)
