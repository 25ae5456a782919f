"""`leindex refs`: definitions and call sites of a name."""

from __future__ import annotations

from collections.abc import Sequence

from ...questions import ReferenceQuestion
from ...service.operations import CALL_SITES
from ..common import print_json, printable, ready, say_incomplete, say_looked_at
from ..parsing import add_parameter, where_of
from .symbols import as_json, line_of, symbol_parser


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = symbol_parser("refs", "Definitions of exactly NAME, and the places where it is called.")
    add_parameter(parser, CALL_SITES)
    options = parser.parse_args(arguments)
    with ready(options.path, options) as index, index.at(where_of(options)):
        result = index.refs(ReferenceQuestion(options.name, options.lang, options.limit))
        found = bool(result.definitions or result.references)
        if not found and not options.json:
            language = f" in {options.lang}" if options.lang else ""
            say_looked_at(index, f"no definition and no call of {options.name}{language}")
    if options.json:
        print_json(as_json(result))
    else:
        for hit in result.definitions:
            print(f"def   {line_of(hit)}")
        for reference in result.references:
            views = f"  [{', '.join(reference.views)}]" if reference.views else ""
            print(printable(f"call  {reference.path}:{reference.line}{views}  {reference.text.strip()}"))
        if result.completeness.truncated:
            print("more call sites were left out; raise --limit or name a folder")
        say_incomplete(result.completeness, nothing_found=not found)
    return 0 if found else 1
