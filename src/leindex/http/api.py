"""The HTTP API: each operation as a path that takes its parameters as a query string and answers JSON.

Errors are JSON too: 400 for a request that is wrong, with the column where it is one of a query, 404 for a
file that is not in the index, 503 while the store cannot be used, 504 when the time is up.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ..errors import CancelledError, LeindexError, QueryError, UsageError
from ..index import Index
from ..service import (
    answers,
    file_answer,
    graph_answer,
    grep_answer,
    history_answer,
    operations,
    status_answer,
    symbol_answer,
)
from ..service.answers import Answer
from ..service.control import Control
from ..service.operations import Operation
from ..service.parameters import read_query_string
from ..service.places import NoSuchFileError, where_of
from ..service.service import Service
from .metrics import CONTENT_TYPE, Metrics
from .openapi import FOLLOW, document

SECONDS: Final = 15.0
"""How long a request may search; streams may take longer, since they show what they have as they go."""
STREAM_SECONDS: Final = 60.0
FOLLOW_SECONDS: Final = 3600.0
MAX_AGE: Final = 1.0
"""Within so many seconds the index is not compared with the tree again: searching as one types sends many
requests."""
JSON_LINES: Final = "application/jsonl"

Work = Callable[[Index, Answer, Control], Answer]


class Api:
    """The handlers, over one service."""

    def __init__(self, service: Service, metrics: Metrics) -> None:
        self._service, self._metrics = service, metrics

    def routes(self) -> list[Route]:
        """The API's paths."""
        return [
            self._answering("/api/search", operations.SEARCH, answers.search),
            Route("/api/grep", reported(self._grep), methods=["GET"]),
            self._answering("/api/symbols", operations.SYMBOLS, symbol_answer.symbols),
            self._answering("/api/files", operations.FILES, file_answer.files),
            self._answering("/api/file", operations.READ, file_answer.read),
            self._answering("/api/trace", operations.TRACE, graph_answer.trace),
            self._answering("/api/history", operations.HISTORY, history_answer.history),
            Route("/api/status", reported(self._status), methods=["GET"]),
            Route("/api/update", reported(self._update_state), methods=["GET"]),
            Route("/api/update", reported(self._update), methods=["POST"]),
            Route("/openapi.json", reported(_openapi), methods=["GET"]),
            Route("/metrics", reported(self._metrics_text), methods=["GET"]),
            Route("/healthz", _health, methods=["GET"]),
        ]

    def _answering(self, path: str, operation: Operation, work: Work) -> Route:
        async def handler(request: Request) -> Response:
            arguments = read_query_string(operation.parameters, request.query_params.multi_items())
            control = Control(SECONDS)

            def at_views(index: Index, arguments: Answer) -> Answer:
                with index.at(where_of(arguments)):
                    return work(index, arguments, control)

            async with watched(request, control):
                await self._service.ready(control, max_age=MAX_AGE)
                return JSONResponse(await self._service.read(lambda index: at_views(index, arguments), control))

        return Route(path, reported(handler), methods=["GET"])

    async def _grep(self, request: Request) -> Response:
        arguments = read_query_string(operations.GREP.parameters, request.query_params.multi_items())
        control = Control(STREAM_SECONDS)
        await self._service.ready(control, max_age=MAX_AGE)

        def work(index: Index) -> Iterator[Answer]:
            with index.at(where_of(arguments)), index.snapshot():
                run = grep_answer.GrepRun(index, arguments, control)
                for file in run.files():
                    yield {"type": "file", **file}
                yield {"type": "end", **run.answer()}

        return await _streamed(self._service.stream(work, control))

    async def _status(self, request: Request) -> Response:
        read_query_string((), request.query_params.multi_items())
        return JSONResponse(await status_answer.status(self._service, Control(SECONDS)))

    async def _metrics_text(self, request: Request) -> Response:
        status = await status_answer.status(self._service, Control(SECONDS))
        return PlainTextResponse(self._metrics.text(status), headers={"content-type": CONTENT_TYPE})

    async def _update_state(self, request: Request) -> Response:
        read_query_string((), request.query_params.multi_items())
        return JSONResponse(status_answer.writer(self._service.updater))

    async def _update(self, request: Request) -> Response:
        """Starts an update; with `follow`, reports on it until it is done."""
        arguments = read_query_string((FOLLOW,), request.query_params.multi_items())
        if arguments["follow"]:
            return await _streamed(self._followed(Control(FOLLOW_SECONDS)))
        await self._service.start_update(Control(SECONDS))
        return JSONResponse(status_answer.writer(self._service.updater), 202)

    async def _followed(self, control: Control) -> AsyncIterator[Answer]:
        updating = asyncio.ensure_future(status_answer.update(self._service, control))
        try:
            yield {"type": "progress", **status_answer.writer(self._service.updater)}
            while not (await asyncio.wait([updating], timeout=0.25))[0]:
                yield {"type": "progress", **status_answer.writer(self._service.updater)}
            yield {"type": "end", **updating.result()}
        finally:
            updating.cancel()


def reported(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The handler with every error of ours turned into its response."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except LeindexError as error:
            return JSONResponse(error_fields(error), status_of(error))

    return guarded


def status_of(error: LeindexError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, NoSuchFileError):
        return 404
    if isinstance(error, UsageError):
        return 400
    return 504 if isinstance(error, CancelledError) else 503


def error_fields(error: LeindexError) -> Answer:
    """An error as JSON."""
    fields: Answer = {"error": str(error)}
    if isinstance(error, QueryError):
        fields |= {"column": error.column, "advice": error.advice}
    return fields


@contextlib.asynccontextmanager
async def watched(request: Request, control: Control) -> AsyncIterator[None]:
    """Stops the work when the client goes away: who types on has no use for the answer to what was there
    before."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        control.cancel()

    watcher = asyncio.ensure_future(watch())
    try:
        yield
    finally:
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher


async def _streamed(items: AsyncIterator[Answer]) -> Response:
    """The items as JSON Lines. An error before the first is an error response, a later one is the last
    line."""
    first = await anext(items, None)

    async def lines() -> AsyncIterator[str]:
        yield _line(first)
        try:
            async for item in items:
                yield _line(item)
        except LeindexError as error:
            yield _line({"type": "error", **error_fields(error)})

    return StreamingResponse(lines(), media_type=JSON_LINES)


def _line(item: Any) -> str:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":")) + "\n"


async def _openapi(request: Request) -> Response:
    return JSONResponse(document())


async def _health(request: Request) -> Response:
    return PlainTextResponse("ok\n")
