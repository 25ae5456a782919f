"""`leindex watch`: keep an index current while the tree changes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress

from ..models import UpdateResult
from ..records import as_dict
from .common import confirm_root, interrupts, opened
from .parsing import Parser, add_index_option


def run(arguments: Sequence[str]) -> int:
    """Runs the command until it is interrupted."""
    parser = Parser("watch", "Keep an index current while the tree changes, until Ctrl-C. A line for each update.")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the folder (default: this one)")
    add_index_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object for each update")
    parser.add_argument("-q", "--quiet", action="store_true", help="print trouble only")
    options = parser.parse_args(arguments)

    def on_update(result: UpdateResult) -> None:
        if options.json:
            print(json.dumps(as_dict(result)), flush=True)
        elif not options.quiet:
            print(line(result), flush=True)

    with opened(options.path, options) as index:
        if not index.exists:
            confirm_root(index.root)
        with interrupts() as stop, suppress(KeyboardInterrupt):
            index.watch(
                on_update=on_update,
                on_notice=lambda message: print(f"leindex: {message}", file=sys.stderr, flush=True),
                stop=stop,
            )
    return 0


def line(result: UpdateResult) -> str:
    """An update, for people."""
    changes = f"{result.added} new, {result.changed} changed, {result.removed} removed"
    return f"{changes}; {result.files} files, generation {result.generation}, {result.seconds * 1000:.0f} ms"
