"""`leindex check`: look for damage."""

from __future__ import annotations

from collections.abc import Sequence

from .common import Parser, add_index_option, opened


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser("check", "Look for damage; exit status 1 and a line for each problem if there is any.")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH")
    add_index_option(parser)
    options = parser.parse_args(arguments)
    with opened(options.path, options) as index:
        problems = index.check()
    for problem in problems:
        print(problem)
    if not problems:
        print("no damage found")
    return 1 if problems else 0
