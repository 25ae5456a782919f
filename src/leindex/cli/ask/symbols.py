"""`leindex symbols`, and what `outline` and `refs` share with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...questions import SymbolQuestion
from ...records import as_dict
from ...service.operations import SYMBOLS
from ...symbols.find import Reference, SymbolHit, SymbolResult
from ..common import print_json, printable, ready, say_incomplete, say_looked_at
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
    parser = symbol_parser("symbols", "Definitions whose name holds NAME, or matches /REGEX/; exact names first.")
    add_parameter(parser, SYMBOLS["kind"])
    add_parameter(parser, SYMBOLS["limit"])
    options = parser.parse_args(arguments)
    name, filters = split_filters(options.name)
    with ready(options.path, options) as index, index.at(where_of(options)):
        result = index.symbols(
            SymbolQuestion(
                name,
                kind=options.kind or filters.get("kind"),
                language=options.lang or filters.get("lang"),
                limit=options.limit,
            )
        )
        if options.json:
            print_json(as_json(result))
            return 0 if result.definitions else 1
        for hit in result.definitions:
            print(line_of(hit))
        if not result.definitions:
            kind, language = options.kind or filters.get("kind"), options.lang or filters.get("lang")
            say_looked_at(index, f"no {kind or 'definition'} like {name}{f' in {language}' if language else ''}")
    say_incomplete(result.completeness, nothing_found=not result.definitions)
    return 0 if result.definitions else 1


def symbol_parser(command: str, description: str) -> Parser:
    """The arguments of commands about a name."""
    parser = Parser(command, description)
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the tree, or a folder in it")
    add_index_option(parser)
    add_json_option(parser)
    add_parameter(parser, SYMBOLS["language"])
    add_view_options(parser)
    add_refresh_options(parser)
    return parser


def split_filters(text: str) -> tuple[str, dict[str, str]]:
    """The name, and the `kind:` and `lang:` that stand beside it."""
    words, filters = [], {}
    for word in text.split():
        key, colon, value = word.partition(":")
        if colon and value and key in ("kind", "lang"):
            filters[key] = value
        else:
            words.append(word)
    return " ".join(words), filters


def line_of(hit: SymbolHit) -> str:
    """A definition on one line."""
    container = f"  in {hit.container}" if hit.container else ""
    views = f"  [{', '.join(hit.views)}]" if hit.views else ""
    return printable(f"{hit.path}:{hit.line}{views}  {hit.kind}  {hit.signature or hit.name}{container}")


def _fields(found: SymbolHit | Reference) -> dict[str, Any]:
    fields = as_dict(found)
    if not found.views:
        del fields["views"]
    return fields


def as_json(result: SymbolResult) -> dict[str, Any]:
    """The answer as `--json` prints it."""
    return {
        "name": result.name,
        "definitions": [_fields(hit) for hit in result.definitions],
        "references": [_fields(reference) for reference in result.references],
        **result.completeness.as_json(),
    }
