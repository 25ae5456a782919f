"""`leindex refs`: definitions and call sites of a name."""

from __future__ import annotations

from collections.abc import Sequence

from .common import positive, print_json, printable, ready, say_incomplete
from .symbols import as_json, line_of, symbol_parser


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = symbol_parser("refs", "Definitions of exactly NAME, and the places where it is called.")
    parser.add_argument("--limit", type=positive, default=200, metavar="N", help="most call sites (default 200)")
    options = parser.parse_args(arguments)
    with ready(options.path, options) as index:
        result = index.refs(options.name, language=options.lang, limit=options.limit)
    found = bool(result.definitions or result.references)
    if options.json:
        print_json(as_json(result))
    else:
        for hit in result.definitions:
            print(f"def   {line_of(hit)}")
        for reference in result.references:
            print(printable(f"call  {reference.path}:{reference.line}  {reference.text.strip()}"))
        if result.completeness.truncated:
            print("more call sites were left out; raise --limit or name a folder")
        say_incomplete(result.completeness, nothing_found=not found)
    return 0 if found else 1
