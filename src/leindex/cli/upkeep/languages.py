"""`leindex languages`: what is known of each language."""

from __future__ import annotations

from collections.abc import Sequence

from ...graph.rules import rules_of
from ...indexing.syntax.language import resolve_language
from ...indexing.syntax.reading import Reading, reading_of, readings
from ...records import as_dict
from ..common import print_json
from ..parsing import Parser, add_json_option


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser(
        "languages",
        "What is known of each language: names of files, definitions, call sites, the call graph, the grammar.",
    )
    parser.add_argument("language", nargs="?", help="only this one: a name, an alias or an extension")
    add_json_option(parser)
    options = parser.parse_args(arguments)
    found = readings() if options.language is None else [reading_of(resolve_language(options.language))]
    if options.json:
        print_json({"languages": [as_dict(reading) | {"graph": _has_graph(reading)} for reading in found]})
        return 0
    width = max(len(reading.name) for reading in found)
    for reading in found:
        print(f"{reading.name:<{width}}  {_said(reading)}")
        print(f"{'':<{width}}  {' '.join([*(reading.extensions), *reading.filenames])}")
    return 0


def _has_graph(reading: Reading) -> bool:
    return rules_of(reading.name) is not None


def _said(reading: Reading) -> str:
    """What is read of a language, on one line."""
    known = [f"definitions ({reading.definitions})"] if reading.definitions else ["no definitions"]
    known += ["call sites"] if reading.calls else []
    known += ["call graph"] if _has_graph(reading) else []
    if reading.package:
        known.append(f"{reading.package} {reading.version}" if reading.version else f"not installed: {reading.install}")
    return ", ".join(known)
