"""`leindex list`: all indexes of this user."""

from __future__ import annotations

from collections.abc import Sequence

from ..index import Index
from ..roots import known_indexes
from .common import Parser, add_json_option, age, print_json, size


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser("list", "All indexes: root, files, size, when each was compared with its tree.")
    add_json_option(parser)
    options = parser.parse_args(arguments)
    found = []
    for location in known_indexes():
        with Index(location) as index:
            found.append({**index.status(), "present": location.root.is_dir()})
    if options.json:
        print_json({"indexes": found})
        return 0
    for status in found:
        gone = "" if status["present"] else "  (the folder is gone)"
        print(
            f"{status['root']}  {status['files']} files, {size(status['bytes'])}, {age(status['age_seconds'])} ago{gone}"
        )
    if not found:
        print("there are no indexes yet; make one with: leindex index PATH")
    return 0
