"""The HTTP application: the API, MCP, the page, and around them the guard, the limits and the count of
requests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..mcp.server import build
from ..service.service import Service
from .api import Api
from .limits import BODY_BYTES, Limits
from .metrics import Counted, Metrics
from .page.pages import Pages
from .security import Access, Guard

MOST_SESSIONS = 64
SESSION_SECONDS = 3600.0


def make_app(service: Service, access: Access) -> Starlette:
    """The application for one service, open to what `access` lets in. Closes the service at its end."""
    metrics = Metrics()
    manager = _mcp(service, access, metrics)
    routes: list[Any] = [
        *Api(service, metrics).routes(),
        *Pages(service).routes(),
        Route("/mcp", endpoint=StreamableHTTPASGIApp(manager)),
    ]
    known = frozenset(route.path.partition("/{")[0] or "/" for route in routes)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            async with manager.run():
                yield
        finally:
            await asyncio.to_thread(service.close)

    return Starlette(
        routes=routes,
        middleware=[
            Middleware(Counted, metrics=metrics, routes=known),
            Middleware(Guard, access=access),
            Middleware(Limits),
        ],
        exception_handlers={404: _missing, 405: _not_allowed},
        lifespan=lifespan,
    )


def _mcp(service: Service, access: Access, metrics: Metrics) -> StreamableHTTPSessionManager:
    return StreamableHTTPSessionManager(
        app=build(service, metrics.tool),
        # The guard has decided already; this is the same rule once more, where the package can apply it.
        security_settings=TransportSecuritySettings(
            allowed_hosts=sorted(access.hosts), allowed_origins=sorted(access.origins)
        ),
        max_request_body_size=BODY_BYTES,
        session_idle_timeout=SESSION_SECONDS,
        max_sessions=MOST_SESSIONS,
    )


async def _missing(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "there is nothing at this address; see /openapi.json"}, 404)


async def _not_allowed(request: Request, error: Exception) -> Response:
    headers = getattr(error, "headers", None)
    return JSONResponse({"error": f"{request.method} is not possible here"}, 405, headers)
