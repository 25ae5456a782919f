"""`leindex graph export`: the whole graph, written for other programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ...graph.export import FORMATS, written
from ...questions import GraphQuestion
from ..common import complain, ready
from ..parsing import Parser, add_index_option, add_refresh_options


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser("graph", "All references whose meaning is among the files, and the definitions that they join.")
    parser.add_argument("action", choices=("export",), metavar="export", help="writes the graph to standard output")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the tree, or a folder in it")
    parser.add_argument("--format", choices=FORMATS, default="json", help="JSON Lines (default), Graphviz or Mermaid")
    parser.add_argument("--lang", metavar="LANGUAGE", help="only references in this language")
    parser.add_argument("--possible", action="store_true", help="also references that only the name speaks for")
    add_index_option(parser)
    add_refresh_options(parser)
    options = parser.parse_args(arguments)
    with ready(options.path, options) as index:
        question = GraphQuestion("export", language=options.lang, possible=options.possible, scope=index.location.scope)
        with index.graph_export(question) as export:
            for line in written(export, options.format):
                sys.stdout.write(line + "\n")
            sys.stdout.flush()
            counts = export.counts
            told = ", ".join(f"{counts[grade]} {grade}" for grade in ("exact", "likely", "possible") if counts[grade])
            complain(
                "; ".join([f"looked at {counts['sites']} references in {counts['files']} files: {told or 'none'}"])
            )
    return 0 if counts["exact"] or counts["likely"] or counts["possible"] else 1
