"""`leindex engines`: the storage engines, which are installed, and what each is for."""

from __future__ import annotations

from collections.abc import Sequence

from ...records import as_dict
from ...storage.registry import DEFAULT_ENGINE, engines
from ..common import print_json
from ..parsing import Parser, add_json_option


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser("engines", "The storage engines: version, whether installed, what to install, what for.")
    add_json_option(parser)
    options = parser.parse_args(arguments)
    found = engines()
    if options.json:
        print_json({"default": DEFAULT_ENGINE, "engines": [as_dict(info) for info in found]})
        return 0
    for info in found:
        state = f"{info.package} {info.version}" if info.installed else f"not installed: {info.install}"
        print(f"{info.name:<8} {info.purpose}")
        print(f"{'':<8} {state}")
    return 0
