"""`leindex callers`, `callees`, `impact`, `hierarchy`, `path`, `deps`, `unused` and `cycles`: the graph, asked."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Final

from ...graph.answer import Edge, GraphAnswer, Group
from ...questions import GraphQuestion
from ...service.graph_answer import as_json, counted
from ..common import print_json, printable, ready, say_incomplete
from ..parsing import Parser, add_index_option, add_json_option, add_refresh_options, positive
from .symbols import line_of

PURPOSE: Final = {
    "callers": "Who refers to NAME (a name, Class.method, or file:line), one group for each definition of it.",
    "callees": "What NAME refers to, in order.",
    "impact": "What may break when NAME, or what you changed (--diff), changes: what refers to it, and to that, by "
    "depth; tests first.",
    "hierarchy": "Super- and subtypes of the type NAME, or what a method overrides and is overridden by.",
    "path": "How FROM reaches TO: the shortest chain of references.",
    "deps": "What FILE imports, and which files import it.",
    "unused": "Functions and types whose name occurs nowhere but where they are defined.",
    "cycles": "Groups of files that import each other.",
}
_NAMES: Final = {"path": ("from", "to"), "deps": ("file",), "unused": (), "cycles": ()}


def run_as(command: str, arguments: Sequence[str]) -> int:
    """Runs one of the commands."""
    parser = _parser(command)
    options = parser.parse_args(arguments)
    given = [getattr(options, name) for name in _NAMES.get(command, ("name",))]
    base = getattr(options, "diff", "")
    if base:
        given, options.path = [""], given[0] or options.path
    elif command == "impact" and not given[0]:
        parser.error("the following arguments are required: NAME, or --diff")
    question = GraphQuestion(
        command,
        name=given[0] if given else "",
        to=given[1] if len(given) > 1 else "",
        file=options.within,
        language=options.lang,
        depth=options.depth,
        possible=options.possible,
        limit=options.limit,
        base=base,
    )
    with ready(options.path, options) as index:
        from ...records import replace

        answer = index.graph(replace(question, scope=index.location.scope))
    found = any(group.edges or group.nodes or group.files for group in answer.groups)
    if options.json:
        print_json(as_json(answer))
    else:
        for line in lines(answer):
            print(printable(line))
        say_incomplete(answer.completeness, nothing_found=not found)
    return 0 if found else 1


def _parser(command: str) -> argparse.ArgumentParser:
    parser = Parser(command, PURPOSE[command])
    for name in _NAMES.get(command, ("name",)):
        if command == "impact":
            parser.add_argument(name, metavar=name.upper(), nargs="?", default="")
        else:
            parser.add_argument(name, metavar=name.upper())
    parser.add_argument("path", metavar="PATH", nargs="?", default=".", help="the tree, or a folder in it (default: .)")
    parser.add_argument("--file", dest="within", default="", metavar="FILE", help="only definitions in this file")
    parser.add_argument("--lang", metavar="LANGUAGE", help="only this language")
    parser.add_argument("--possible", action="store_true", help="also references that only the name speaks for")
    parser.add_argument(
        "--depth",
        type=positive,
        default=8 if command == "path" else 3,
        metavar="N",
        help="most edges in a row (default %(default)s)",
    )
    parser.add_argument(
        "--limit", type=positive, default=200, metavar="N", help="most edges of one definition (default 200)"
    )
    if command == "impact":
        parser.add_argument(
            "--diff",
            nargs="?",
            const="HEAD",
            default="",
            metavar="REV",
            help="instead of NAME all definitions with lines that differ from this revision, or from what is staged "
            "(index); the last commit if left out",
        )
    add_index_option(parser)
    add_json_option(parser)
    add_refresh_options(parser)
    return parser


def lines(answer: GraphAnswer) -> Iterator[str]:
    """An answer as it is printed."""
    for group in answer.groups:
        yield from _group_lines(answer.kind, group)
    if said := counted(answer):
        yield said
    if answer.completeness.truncated:
        yield "more was left out; raise --limit, or narrow it with --file or a folder"


def _group_lines(kind: str, group: Group) -> Iterator[str]:
    if group.definition is not None:
        yield line_of(group.definition)
    elif group.path and kind in ("deps", "cycles"):
        yield group.path if kind == "deps" else f"cycle of {len(group.files)} files"
    for edge in group.edges:
        yield "  " + _edge_line(kind, edge)
    for hit, label in zip(group.nodes, group.labels, strict=False):
        yield f"  {label + '  ' if label else ''}{line_of(hit)}"
    if group.files:
        labels = group.labels or ("",) * len(group.files)
        for file, label in zip(group.files, labels, strict=True):
            yield f"  {label + '  ' if label else ''}{file}"


def _edge_line(kind: str, edge: Edge) -> str:
    place = f"{edge.path}:{edge.line}"
    if kind in ("callees", "path") and edge.target is not None:
        to = f"{edge.name} -> {edge.target.path}:{edge.target.line}"
    else:
        to = edge.name if kind == "callees" else edge.text
    holder = edge.source
    within = f"  in {holder.container + '.' if holder.container else ''}{holder.name}" if holder is not None else ""
    depth = f"{edge.depth}  " if kind == "impact" else ""
    said = edge.kind + "  " if edge.kind != "call" else ""
    return f"{depth}{edge.grade:<8}  {place}{within}  {said}{to}  ({edge.reason})"
