"""MCP over stdin and stdout: what `leindex mcp` runs."""

from __future__ import annotations

import asyncio

from ..config import Location
from ..service.packages import packages_of


def serve_stdio(location: Location) -> None:
    """Serves MCP on stdin and stdout until stdin closes. Nothing but protocol is written to stdout.

    Raises EngineMissingError where the packages of the extra `server` are not installed.
    """
    with packages_of("server"):
        from mcp.server.stdio import stdio_server

        from ..service.service import Service
        from .server import build
        from .stdio import AnsweredLines, InputLines

    async def serve() -> None:
        service = Service(location)
        server = build(service)
        try:
            async with stdio_server(stdin=InputLines()) as (incoming, outgoing):  # type: ignore[arg-type]
                await server.run(AnsweredLines(incoming, outgoing), outgoing, server.create_initialization_options())
        except* BrokenPipeError:
            pass  # the client has gone without a word: there is nobody to tell
        finally:
            await asyncio.to_thread(service.close)

    asyncio.run(serve())
