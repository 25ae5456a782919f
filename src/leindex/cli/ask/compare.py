"""`leindex compare`: the definitions that differ between two revisions."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from ...compare.definitions import Change, Comparison
from ..common import complain, print_json, printable, ready, utf8
from ..parsing import Parser, add_index_option, add_json_option, add_refresh_options

SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser("compare", "Definitions that were added (+), removed (-) or changed in signature (~).")
    parser.add_argument("old", metavar="OLD", help="a branch, a tag or a revision as git reads it")
    parser.add_argument("new", metavar="NEW", help="the other one; - is the tree as it is")
    parser.add_argument("query", nargs="?", default="", metavar="QUERY", help="which definitions, as with type:symbol")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the tree, or a folder in it")
    add_index_option(parser)
    add_json_option(parser)
    add_refresh_options(parser)
    options = parser.parse_args(arguments)
    with ready(options.path, options) as index:
        found = index.compare(options.old, "" if options.new == "-" else options.new, options.query)
    if options.json:
        changes = [{**change.as_json(), "path": utf8(change.path)} for change in found.changes]
        print_json({"changes": changes, "files": found.files, "moved": found.moved, "pending": found.pending})
    else:
        sys.stdout.write(utf8("".join(f"{line}\n" for change in found.changes for line in _lines(change))))
        sys.stdout.flush()
        complain(_summary(found))
    return 0 if found.changes else 1


def _lines(change: Change) -> list[str]:
    place = f"{SIGNS[change.change]} {printable(change.path)}:{change.line}"
    first = f"{place}  {printable(change.before or change.after or change.name)}"
    return [first, f"    now {printable(change.after)}"] if change.change == "changed" else [first]


def _summary(found: Comparison) -> str:
    counts = Counter(change.change for change in found.changes)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in ("added", "removed", "changed"))
    moved = f"; {found.moved} moved to another file" if found.moved else ""
    pending = f"; the symbols of {found.pending} files are not extracted yet" if found.pending else ""
    return f"definitions: {told}; files that differ: {found.files}{moved}{pending}"
