"""HTTP: what `leindex serve` runs. The API, MCP, metrics and the page under one address, ended cleanly."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

from ..config import Location
from ..errors import ConfigError
from ..service.packages import packages_of


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
    with packages_of("server"):
        import uvicorn

        from ..service.service import Service
        from .app import make_app
        from .limits import uvicorn_options
        from .security import Access

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
