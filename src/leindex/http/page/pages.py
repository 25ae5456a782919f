"""The page for people: search, files, folders, status and help, as HTML that works without scripts.

The scripts only save reloading: they fetch the same fragments that the pages are made of.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Awaitable, Callable
from functools import cache
from importlib import resources
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ...errors import LeindexError, QueryError, UsageError
from ...service.answers import Answer
from ...service.control import Control
from ...service.service import Service
from ...spoken import age, size
from ..api import MAX_AGE, SECONDS, status_of, watched
from . import files, hits, overview

MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "webmanifest": "application/manifest+json",
}
LONGEST_QUERY: Final = 2_000
INDEXING_SECONDS: Final = 0.6
"""How long a page waits for a first index before it shows the progress instead."""

Page = Callable[[Request], Awaitable[Response]]


class Pages:
    """The handlers of the pages, over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        """The pages' paths."""
        return [
            Route("/", self._page(self._search), methods=["GET"]),
            Route("/results", self._page(self._results), methods=["GET"]),
            Route("/file/{path:path}", self._page(self._file), methods=["GET"]),
            Route("/raw/{path:path}", self._page(self._raw), methods=["GET"]),
            Route("/tree/{path:path}", self._page(self._folder), methods=["GET"]),
            Route("/status", self._page(self._status), methods=["GET"]),
            Route("/help", self._page(self._help), methods=["GET"]),
            Route("/static/{name}", _static, methods=["GET"]),
            Route("/favicon.ico", _favicon, methods=["GET"]),
        ]

    def _page(self, handler: Page) -> Page:
        """The handler with our errors shown as pages, once there is something to show."""

        async def guarded(request: Request) -> Response:
            try:
                return await handler(request)
            except LeindexError as error:
                return self._render("error.html", status=status_of(error), error=str(error), code=status_of(error))

        return guarded

    def _render(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        root = overview.root_name(self._service.location.root)
        values = {"query": "", "folder": "", "page": "", **values}
        return HTMLResponse(_templates().get_template(template).render(root=root, **values), status)

    async def _ready(self, request: Request, control: Control) -> bool:
        """Whether the index can answer; where it is not built yet, building it is begun."""
        if await self._service.searchable(control):
            await self._service.ready(control, max_age=MAX_AGE)
            return True
        building = asyncio.ensure_future(self._service.ready(Control(3600.0)))
        done, _ = await asyncio.wait([building], timeout=INDEXING_SECONDS)
        if done:
            building.result()
            return True
        building.add_done_callback(lambda future: future.cancelled() or future.exception())
        return False

    async def _search(self, request: Request) -> Response:
        query, folder = _field(request, "q"), _field(request, "in")
        if not query.strip():
            if not await self._ready(request, Control(SECONDS)):
                return await self._indexing()
            found = await overview.status(self._service, Control(SECONDS))
            return self._render("start.html", page="search", status_=found)
        results = await self._found(request, query, folder)
        if results is None:
            return await self._indexing()
        return self._render("search.html", status=results.pop("status"), page="search", **results)

    async def _results(self, request: Request) -> Response:
        """The results alone, for the script."""
        query, folder = _field(request, "q"), _field(request, "in")
        found = await self._found(request, query, folder) if query.strip() else None
        if found is None:
            return HTMLResponse("", 204)
        return self._render("results.html", status=found.pop("status"), **found)

    async def _found(self, request: Request, query: str, folder: str) -> Answer | None:
        control = Control(SECONDS)
        began = time.perf_counter()
        async with watched(request, control):
            try:
                if not await self._ready(request, control):
                    return None
                cursor = _field(request, "cursor") or None
                found = await self._service.read(
                    lambda index: hits.results(index, query, folder, cursor, control), control
                )
            except QueryError as error:
                return {
                    "query": query,
                    "folder": folder,
                    "problem": hits.query_error(error, query),
                    "status": 400,
                }
            except UsageError as error:
                problem = {"message": str(error), "advice": "", "before": "", "at": "", "after": ""}
                return {"query": query, "folder": folder, "problem": problem, "status": 400}
        return {**found, "problem": None, "milliseconds": 1000 * (time.perf_counter() - began), "status": 200}

    async def _indexing(self) -> Response:
        found = await overview.status(self._service, Control(SECONDS))
        return self._render("indexing.html", status=202, page="status", status_=found)

    async def _file(self, request: Request) -> Response:
        control = Control(SECONDS)
        if not await self._ready(request, control):
            return await self._indexing()
        path, at = _path(request, "/file/"), _field(request, "at")
        found = await self._service.read(lambda index: files.file(index, path, control, at), control)
        first, _, last = _field(request, "lines").partition("-")
        lines = (int(first), int(last or first)) if first.isdecimal() and (last or first).isdecimal() else (0, 0)
        return self._render("file.html", page="file", file=found, first=lines[0], last=lines[1])

    async def _raw(self, request: Request) -> Response:
        control = Control(SECONDS)
        if not await self._ready(request, control):
            return await self._indexing()
        path, at = _path(request, "/raw/"), _field(request, "at")
        content = await self._service.read(lambda index: files.raw(index, path, at), control)
        # Always plain text: a file of the project never runs as a page of this server.
        return Response(content, media_type="text/plain; charset=utf-8")

    async def _folder(self, request: Request) -> Response:
        control = Control(SECONDS)
        if not await self._ready(request, control):
            return await self._indexing()
        path = _path(request, "/tree/")
        found = await self._service.read(lambda index: files.folder(index, path, control), control)
        return self._render("tree.html", page="files", tree=found)

    async def _status(self, request: Request) -> Response:
        if not await self._ready(request, Control(SECONDS)):
            return await self._indexing()
        found = await overview.status(self._service, Control(SECONDS))
        return self._render("status.html", page="status", status_=found)

    async def _help(self, request: Request) -> Response:
        return self._render("help.html", page="help")


def _field(request: Request, name: str) -> str:
    value = request.query_params.get(name, "")
    if len(value) > LONGEST_QUERY:
        raise QueryError(f"a query has at most {LONGEST_QUERY} characters")
    return value


def _path(request: Request, prefix: str) -> str:
    """The path in the address, byte by byte: names of files need not be UTF-8."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return os.fsdecode(unquote_to_bytes(raw.split(b"?")[0][len(prefix) :]))


# -- templates and assets ------------------------------------------------------------------------------------


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("leindex.http.page"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(age=age, size=size, number=lambda value: f"{value:,}")
    environment.globals.update(asset=asset_url, search_url=hits.search_url)
    return environment


@cache
def _assets() -> dict[str, bytes]:
    """The files of the page by name; no other name is ever looked for."""
    folder = resources.files("leindex.http.page") / "static"
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}


@cache
def asset_url(name: str) -> str:
    """The address of an asset with its hash, so that browsers keep it until it changes."""
    content = _assets()[name]
    return f"/static/{name}?{hashlib.sha256(content).hexdigest()[:12]}"


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    content = _assets().get(name)
    media_type = MEDIA_TYPES.get(name.rpartition(".")[2])
    if content is None or media_type is None:
        return Response("there is no such asset\n", 404, media_type="text/plain")
    headers = {"cache-control": "public, max-age=31536000, immutable"} if request.url.query else {}
    return Response(content, media_type=media_type, headers=headers)


async def _favicon(request: Request) -> Response:
    return Response(_assets()["icon.svg"], media_type=MEDIA_TYPES["svg"])
