"""`leindex list`: all indexes of this user."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..errors import LeindexError
from ..index import Index
from ..spoken import compared, size
from ..tree.roots import known_indexes
from .common import print_json
from .parsing import Parser, add_json_option


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser("list", "All indexes: root, files, size, when each was compared with its tree.")
    add_json_option(parser)
    options = parser.parse_args(arguments)
    problems: list[str] = []
    found = []
    for location in known_indexes(lambda folder, error: problems.append(str(error))):
        try:
            with Index(location) as index:
                found.append({**index.status(), "present": location.root.is_dir()})
        except LeindexError as error:
            problems.append(f"{location.root}: {error}")
    for problem in problems:
        print(f"leindex: {problem}", file=sys.stderr)
    if options.json:
        print_json({"indexes": found, "problems": problems})
        return 0
    for status in found:
        gone = "" if status["present"] else "  (the folder is gone)"
        print(
            f"{status['root']}  {status['files']} files, {size(status['bytes'])}, "
            f"{compared(status['age_seconds'])}{gone}"
        )
    if not found:
        print("there are no indexes yet; make one with: leindex index PATH")
    return 0
