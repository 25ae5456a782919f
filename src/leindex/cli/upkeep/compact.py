"""`leindex compact`: merge segments, rebuild damaged ones, give back space."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ConfigError
from ..common import opened
from ..parsing import Parser, add_index_option


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser("compact", "Merge segments, rebuild damaged ones, and drop what deleted files left.")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH")
    add_index_option(parser)
    options = parser.parse_args(arguments)
    with opened(options.path, options) as index:
        if not index.exists:
            raise ConfigError(f"{index.root} is not indexed; run: leindex index {index.root}")
        index.compact()
    return 0
