"""`leindex search`: ranked search with the query language."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from ...models import Hit, LineMatch, SearchResult
from ...questions import SearchQuestion
from ...records import as_dict
from ...service.operations import SEARCH
from ..common import print_json, printable, ready, say_incomplete, shows_color, utf8
from ..parsing import (
    Parser,
    add_color_option,
    add_index_option,
    add_json_option,
    add_parameter,
    add_refresh_options,
    add_view_options,
    positive,
    where_of,
)


def _parser() -> Parser:
    parser = Parser("search", "Search a tree: the best passages first. docs/query.md describes the query language.")
    parser.add_argument("query", metavar="QUERY")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the tree, or a folder in it")
    add_index_option(parser)
    add_json_option(parser)
    parser.add_argument(
        "--all", action="store_true", help="all indexed trees; so does repo: where this folder is in none"
    )
    for name in ("limit", "cursor", "plain"):
        add_parameter(parser, SEARCH[name])
    parser.add_argument(
        "--base", default="", metavar="REV", help="what in:diff compares with; index for what is staged (HEAD)"
    )
    add_color_option(parser)
    parser.add_argument(
        "--open",
        nargs="?",
        const=1,
        type=positive,
        metavar="N",
        help="instead of printing them open the first hit, or hit N, in $VISUAL or $EDITOR",
    )
    parser.add_argument("--explain", action="store_true", help="show each hit's signals")
    add_view_options(parser)
    add_refresh_options(parser)
    return parser


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    options = _parser().parse_args(arguments)
    if options.open is not None and options.json:
        raise ConfigError("--open and --json exclude each other")
    result = _everywhere(options) if _means_all(options) else _here(options)
    if options.open is not None and result.hits:
        from .open_hit import open_hit

        return open_hit(result, options.open, _root_of(options))
    if options.json:
        print_json(as_json(result, explain=options.explain))
    else:
        sys.stdout.write(as_text(result, color=shows_color(options.color), explain=options.explain))
        sys.stdout.flush()
        for line in result.advice:
            print(f"leindex: {line}", file=sys.stderr)
        say_incomplete(result.completeness, nothing_found=not result.hits)
    return 0 if result.hits else 1


def _here(options: argparse.Namespace) -> SearchResult:
    with ready(options.path, options) as index, index.at(where_of(options)):
        return index.search(_question(options))


def _root_of(options: argparse.Namespace) -> Path:
    """The tree that is searched where hits name none."""
    from ...config import locate

    return locate(options.path, options.index).root


def _question(options: argparse.Namespace) -> SearchQuestion:
    return SearchQuestion(
        options.query,
        limit=options.limit if options.open is None else max(options.limit or 0, options.open),
        cursor=options.cursor,
        plain=options.plain,
        explain=options.explain,
        base=options.base,
    )


def _means_all(options: argparse.Namespace) -> bool:
    """Whether all indexed trees are meant: with `--all`, or by `repo:` in a folder that is in none of them."""
    if options.all and where_of(options):
        raise ConfigError("--branch and --rev are about one repository; leave --all out")
    if options.all or options.plain or options.index is not None:
        return bool(options.all)
    if "repo:" not in options.query and "r:" not in options.query:
        return False
    from ...config import locate
    from ...query.ast import RepoFilter, leaves
    from ...query.parse import parse

    tree = parse(options.query).root
    asks = tree is not None and any(isinstance(leaf, RepoFilter) for leaf, _ in leaves(tree))
    return asks and not locate(options.path).exists


def _everywhere(options: argparse.Namespace) -> SearchResult:
    from ...index_set import search_all

    return search_all(_question(options), refresh=options.refresh, strict=options.strict)


def as_json(result: SearchResult, *, explain: bool = False) -> dict[str, Any]:
    """The answer as `--json` prints it."""
    return {
        "query": result.query,
        "hits": [_hit_json(hit, explain=explain) for hit in result.hits],
        "facets": {name: dict(values) for name, values in result.facets.items()},
        "cursor": result.cursor,
        "advice": list(result.advice),
        **result.completeness.as_json(),
    }


def _hit_json(hit: Hit, *, explain: bool) -> dict[str, Any]:
    fields = as_dict(hit)
    if not explain:
        del fields["signals"]
    if not hit.views:
        del fields["views"], fields["also"]
    fields["lines"] = [
        {"number": line.number, "text": line.text, "ranges": [list(r) for r in line.ranges]} for line in hit.lines
    ]
    fields["path"] = utf8(hit.path)
    return fields


def as_text(result: SearchResult, *, color: bool, explain: bool = False) -> str:
    """The answer for people: each hit's place and heading, then its lines with their numbers.

    Names never act on a terminal; lines are as they are where there is none (no `color`).
    """
    parts: list[str] = []
    for hit in result.hits:
        path = printable(f"{hit.root}/{hit.path}" if hit.root else hit.path)
        place = f"{path}:{hit.start_line}" + (f"-{hit.end_line}" if hit.end_line != hit.start_line else "")
        heading = f"  {printable(hit.heading)}" if hit.heading else ""
        views = f"  [{printable(', '.join(hit.views))}]" if hit.views else ""
        parts.append(f"\x1b[35m{place}\x1b[0m{views}{heading}" if color else f"{place}{views}{heading}")
        parts += [f"  also at {printable(path)}" for path in hit.also]
        parts += [f"  {line.number}: {_marked(line) if color else line.text}" for line in hit.lines]
        if explain:
            parts.append(f"  score {hit.score} {json.dumps(hit.signals, default=str)}")
    for name, values in result.facets.items() if result.hits else ():
        parts.append(f"{name}: " + ", ".join(f"{printable(str(value))} ({count})" for value, count in values.items()))
    if result.completeness.truncated and result.hits:
        parts.append(f"more: --cursor {result.cursor}" if result.cursor else "more: a larger --limit")
    return utf8("".join(part + "\n" for part in parts))


def _marked(line: LineMatch) -> str:
    text, at, parts = line.text, 0, []
    for start, end in line.ranges:
        parts += [_line(text[at:start]), "\x1b[1;31m", _line(text[start:end]), "\x1b[0m"]
        at = end
    return "".join([*parts, _line(text[at:])])


def _line(text: str) -> str:
    """A part of a line, for a terminal."""
    return printable(text, keep="\t")
