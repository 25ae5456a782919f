"""`leindex mcp`: serves an assistant over stdio."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ..errors import ConfigError
from .parsing import Parser, add_index_option
from .setup.clients import WORKSPACE

PROJECT_VARIABLES = ("CLAUDE_PROJECT_DIR", "WORKSPACE_FOLDER_PATHS")
"""How clients that start servers elsewhere say which folder they work in."""


def run(arguments: Sequence[str]) -> int:
    """Runs the command until stdin closes."""
    parser = Parser("mcp", "Serve an AI assistant over stdio (Model Context Protocol). Started by the assistant.")
    parser.add_argument("path", nargs="?", metavar="PATH", help="the tree (default: where it is started)")
    add_index_option(parser)
    options = parser.parse_args(arguments)
    from ..config import Location, locate

    found = locate(options.path if options.path not in (None, WORKSPACE) else _project(), options.index)
    if sys.stdin.isatty():
        raise ConfigError("this command talks to an assistant, not to a terminal; leindex install sets one up")
    from ..mcp.serve import serve_stdio

    # A folder of an indexed tree is served with the whole tree, so that paths mean the same everywhere.
    serve_stdio(Location(found.root, found.folder))
    return 0


def _project() -> str:
    """The folder that the client works in: where it starts the server, unless that is no project's folder."""
    from ..indexing.walk.discover import dangerous_root

    if dangerous_root(os.getcwd()):
        for name in PROJECT_VARIABLES:
            first = os.environ.get(name, "").split(os.pathsep)[0]
            if os.path.isabs(first) and os.path.isdir(first):
                return first
    return "."
