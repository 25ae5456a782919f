"""`leindex files`: find files by a few letters of their path."""

from __future__ import annotations

from collections.abc import Sequence

from ...questions import FilesQuestion
from ...service.operations import FILES
from ..common import print_json, printable, ready, say_looked_at, utf8
from ..parsing import (
    Parser,
    add_index_option,
    add_json_option,
    add_parameter,
    add_refresh_options,
    add_view_options,
    where_of,
)


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser("files", "Find files like an editor's go-to-file: letters in order, names and word starts first.")
    parser.add_argument("query", metavar="QUERY")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the tree, or a folder in it")
    add_index_option(parser)
    add_json_option(parser)
    add_parameter(parser, FILES["limit"])
    add_view_options(parser)
    add_refresh_options(parser)
    options = parser.parse_args(arguments)
    with ready(options.path, options) as index, index.at(where_of(options)):
        index.freshen()
        paths, total = index.find_files(FilesQuestion(options.query, options.limit))
        if not paths and not options.json:
            say_looked_at(index, f"no path like {options.query}")
    if options.json:
        print_json({"query": options.query, "files": [utf8(path) for path in paths], "total": total})
    else:
        for path in paths:
            print(printable(path))
    return 0 if paths else 1
