"""`leindex serve`: HTTP API, MCP over HTTP, metrics and the page."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Sequence

from ..errors import ConfigError
from .common import confirm_root
from .parsing import Parser, add_index_option, whole_number

AUTO = "auto"


def run(arguments: Sequence[str]) -> int:
    """Runs the command until it is interrupted."""
    options = _parser().parse_args(arguments)
    from ..config import Location, locate

    found = locate(options.path, options.index)
    if not found.exists:
        confirm_root(found.root, yes=options.yes)
    token = options.token if options.token is not None else os.environ.get("LEINDEX_TOKEN", "")
    if token == AUTO:
        token = secrets.token_urlsafe(24)
    if token and (len(token) < 16 or not token.isascii() or not token.isprintable() or " " in token):
        raise ConfigError("a token has at least 16 characters, none of them a blank; --token auto makes one")
    from ..http.serve import serve_http

    serve_http(
        Location(found.root, found.folder),
        host=options.host,
        port=options.port,
        token=token,
        names=options.allow_host,
        announce=lambda address: _announce(address, open_it=options.open),
    )
    return 0


def _parser() -> Parser:
    parser = Parser("serve", "Serve a tree over HTTP: a page for the browser, a JSON API, MCP at /mcp, and metrics.")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the tree (default: this folder)")
    add_index_option(parser)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=0, help="the port (default: a free one)")
    parser.add_argument(
        "--token",
        metavar="TOKEN",
        help="what clients must know, or auto for a new one (default: $LEINDEX_TOKEN)",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further host name that clients may use",
    )
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument("--yes", action="store_true", help="index the tree without asking")
    return parser


def _port(text: str) -> int:
    return whole_number(text, 0, 65_535)


def _announce(address: str, *, open_it: bool) -> None:
    print(f"leindex: serving at {address} (Ctrl-C ends it)", file=sys.stderr, flush=True)
    if open_it:
        import webbrowser

        webbrowser.open(address)
