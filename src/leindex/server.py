"""The server's two ways to run: MCP over stdio, and HTTP with the API, MCP, metrics and the page.

What is served is in `leindex.web`; this puts a transport around it and ends it cleanly.
"""

from __future__ import annotations

import asyncio

from .config import Location


def serve_stdio(location: Location) -> None:
    """Serves MCP on stdin and stdout until stdin closes. Nothing but protocol is written to stdout."""
    from mcp.server.stdio import stdio_server

    from .web.mcp_server import build
    from .web.service import Service

    async def serve() -> None:
        service = Service(location)
        server = build(service)
        try:
            async with stdio_server() as (incoming, outgoing):
                await server.run(incoming, outgoing, server.create_initialization_options())
        finally:
            await asyncio.to_thread(service.close)

    asyncio.run(serve())
