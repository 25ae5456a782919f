"""The server's two ways to run: MCP over stdio, and HTTP with the API, MCP, metrics and the page.

What is served is in `leindex.web`; this puts a transport around it and ends it cleanly.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from .config import Location
from .errors import ConfigError, EngineMissingError


@contextmanager
def _packages() -> Iterator[None]:
    """Says which package is missing where one of the extra `server` is."""
    try:
        yield
    except ImportError as error:
        message = f'the server needs a package that is missing ({error.name}): pip install "leindex[server]"'
        raise EngineMissingError(message) from None


def serve_stdio(location: Location) -> None:
    """Serves MCP on stdin and stdout until stdin closes. Nothing but protocol is written to stdout.

    Raises EngineMissingError where the packages of the extra `server` are not installed.
    """
    with _packages():
        from mcp.server.stdio import stdio_server

        from .web.mcp_server import build
        from .web.mcp_stdio import AnsweredLines
        from .web.service import Service

    async def serve() -> None:
        service = Service(location)
        server = build(service)
        try:
            async with stdio_server() as (incoming, outgoing):
                await server.run(AnsweredLines(incoming, outgoing), outgoing, server.create_initialization_options())
        except* BrokenPipeError:
            pass  # the client has gone without a word: there is nobody to tell
        finally:
            await asyncio.to_thread(service.close)

    asyncio.run(serve())


def serve_http(
    location: Location,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str = "",
    names: Sequence[str] = (),
    announce: Callable[[str], None] = print,
) -> None:
    """Serves the API, MCP, metrics and the page until interrupted.

    `port` 0 takes a free one; `names` are further host names that clients may use. `announce` is called with
    the address once the server answers. Raises ConfigError for an address that cannot be bound, or one that
    is not loopback without a token, EngineMissingError where the packages of the extra `server` are not installed.
    """
    with _packages():
        import uvicorn

        from .web.app import make_app
        from .web.limits import uvicorn_options
        from .web.security import Access
        from .web.service import Service

    loopback = is_loopback(host)
    if not loopback and not token:
        raise ConfigError(f"{host} can be reached by others; a server there needs a token: --token or LEINDEX_TOKEN")
    listening = _bound(host, port)
    port = listening.getsockname()[1]
    own = ("127.0.0.1", "localhost", "::1") if loopback else ()
    access = Access.of((*own, *(() if host in ("0.0.0.0", "::") else (host,)), *names), port, token)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}/" + (f"?token={token}" if token else "")

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            announce(address)

    with listening:
        app = make_app(Service(location), access)
        Announcing(uvicorn.Config(app, **uvicorn_options())).run(sockets=[listening])


def is_loopback(host: str) -> bool:
    """Whether an address or name can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
    return listening
