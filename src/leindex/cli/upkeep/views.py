"""`leindex views`: the branches, tags and commits of an index, and removing some."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ...spoken import age, size
from ...storage.revisions.tables import StoredView
from ..common import opened, print_json, printable
from ..parsing import Parser, add_index_option, add_json_option


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser("views", "The branches, tags and commits of an index; leindex index --branch NAME adds some.")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the root of the tree")
    add_index_option(parser)
    add_json_option(parser)
    parser.add_argument(
        "--remove", action="append", default=[], metavar="NAME", help="remove views by name or glob; may be repeated"
    )
    options = parser.parse_args(arguments)
    with opened(options.path, options) as index:
        if options.remove:
            gone = index.views.remove(options.remove)
            if options.json:
                print_json({"removed": [view.name for view in gone]})
            else:
                print(f"{len(gone)} views removed; contents that nothing else has go after the time they are kept")
            return 0
        with index.snapshot():
            views = index.views.stored()
            own = index.views.own_bytes()
            counts = {view.id: index.views.totals(view) for view in views}
    if options.json:
        print_json({"root": str(index.root), "views": [_fields(view, counts[view.id], own) for view in views]})
        return 0
    width = max((len(printable(view.name)) for view in views), default=0)
    for view in views:
        files = counts[view.id][0]
        told = f"{view.kind:<6}  {printable(view.name):<{width}}  {view.commit[:12]}  "
        told += f"{age(max(time.time() - view.committed, 0.0)):>9}  {files:>7} files  "
        told += f"{size(own.get(view.id, 0)):>9} of its own"
        print(told + ("" if view.kept else "  (for the time being)"))
        for note in view.notes:
            print(f"        {printable(note)}")
    return 0 if views else 1


def _fields(view: StoredView, counts: tuple[int, int], own: dict[int, int]) -> dict[str, object]:
    return {
        "kind": view.kind,
        "name": view.name,
        "commit": view.commit,
        "committed": view.committed,
        "moved": view.moved,
        "kept": view.kept,
        "files": counts[0],
        "bytes": counts[1],
        "own_bytes": own.get(view.id, 0),
        "notes": list(view.notes),
    }
