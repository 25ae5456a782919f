"""`leindex symbols`, and what `outline` and `refs` share with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..search.symbols import SymbolHit, SymbolResult
from .common import (
    Parser,
    add_index_option,
    add_json_option,
    add_refresh_options,
    positive,
    print_json,
    printable,
    ready,
    say_incomplete,
)


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = symbol_parser("symbols", "Definitions whose name holds NAME, or matches /REGEX/; exact names first.")
    parser.add_argument("--kind", metavar="KIND", help="function, class, method, struct, ... (also as kind:KIND)")
    parser.add_argument("--limit", type=positive, default=50, metavar="N", help="most definitions (default 50)")
    options = parser.parse_args(arguments)
    name, filters = split_filters(options.name)
    with ready(options.path, options) as index:
        result = index.symbols(
            name,
            kind=options.kind or filters.get("kind"),
            language=options.lang or filters.get("lang"),
            limit=options.limit,
        )
    if options.json:
        print_json(as_json(result))
    else:
        for hit in result.definitions:
            print(line_of(hit))
        say_incomplete(result.completeness, nothing_found=not result.definitions)
    return 0 if result.definitions else 1


def symbol_parser(command: str, description: str) -> Parser:
    """The arguments of commands about a name."""
    parser = Parser(command, description)
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the tree, or a folder in it")
    add_index_option(parser)
    add_json_option(parser)
    parser.add_argument("--lang", metavar="LANGUAGE", help="only this language (also as lang:LANGUAGE)")
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
    return printable(f"{hit.path}:{hit.line}  {hit.kind}  {hit.signature or hit.name}{container}")


def as_json(result: SymbolResult) -> dict[str, Any]:
    """The answer as `--json` prints it."""
    return {
        "name": result.name,
        "definitions": [asdict(hit) for hit in result.definitions],
        "references": [asdict(reference) for reference in result.references],
        **result.completeness.as_json(),
    }
