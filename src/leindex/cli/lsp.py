"""`leindex lsp`: serves an editor over stdio."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..errors import ConfigError
from .parsing import Parser, add_index_option


def run(arguments: Sequence[str]) -> int:
    """Runs the command until the editor ends it."""
    parser = Parser("lsp", "Serve an editor over stdio (Language Server Protocol). Started by the editor.")
    parser.add_argument("path", nargs="?", metavar="PATH", help="the tree (default: what the editor has open)")
    add_index_option(parser)
    options = parser.parse_args(arguments)
    if sys.stdin.isatty():
        raise ConfigError("this command talks to an editor, not to a terminal; docs/editors.md has settings")
    from ..lsp.serve import serve_stdio

    return serve_stdio(options.path, options.index)
