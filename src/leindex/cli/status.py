"""`leindex status`: what an index holds, what it skipped, and how fresh it is."""

from __future__ import annotations

from collections.abc import Sequence

from ..spoken import compared, size
from .common import opened, print_json, trouble_lines
from .parsing import Parser, add_index_option, add_json_option


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser("status", "What an index holds and how fresh it is.")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH")
    add_index_option(parser)
    add_json_option(parser)
    options = parser.parse_args(arguments)
    with opened(options.path, options) as index:
        status = index.status()
    if options.json:
        print_json(status)
        return 0
    store = status["store"]
    print(f"root        {status['root']}")
    print(f"index       {status['index']} ({status['engine']})")
    print(f"files       {status['files']}, {size(status['bytes'])}")
    for reason, figures in status["skipped"].items():
        print(f"skipped     {figures['files']} files, {size(figures['bytes'])}: {reason}")
    for reason, count in status["passed_over"].items():
        print(f"passed over {count} entries: {reason}")
    for word, line in trouble_lines(status):
        print(f"{word:<11} {line}")
    if "database_bytes" in store:
        share = store["database_bytes"] / status["bytes"] if status["bytes"] else 0.0
        print(f"size        {size(store['database_bytes'])}, {share:.2f} of the indexed bytes")
    print(f"generation  {status['generation']}, {compared(status['age_seconds'])}")
    if status["pending"]:
        print(f"pending     symbols and ranking of {status['pending']} files")
    return 0
