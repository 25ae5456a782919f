"""`leindex migrate`: copy an index to another engine, without reading the tree again."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ConfigError
from ...records import as_dict
from ...spoken import size
from ..common import opened, print_json, progress_shown
from ..parsing import Parser, add_index_option, add_json_option

WAIT_SECONDS = 5.0
"""How long an update of the index that is under way is waited for."""


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser("migrate", "Copy an index to another engine; the tree is not read again.")
    parser.add_argument("--to", required=True, metavar="ENGINE", dest="engine", help="see leindex engines")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH")
    add_index_option(parser)
    add_json_option(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    options = parser.parse_args(arguments)
    from ...storage.catalog import Catalog
    from ...storage.database import Database
    from ...storage.folder.locks import updating
    from ...storage.registry import DEFAULT_ENGINE, engine_class, open_engine
    from ...storage.transfer.migrate import Migration, remove_leftover
    from ...symbols.definitions import unpack

    location = opened(options.path, options).location
    if not location.exists:
        raise ConfigError(f"{location.root} is not indexed; run: leindex index {location.root}")
    engine_class(options.engine)
    database = Database(location.database, mode="write")
    try:
        with updating(location.folder, WAIT_SECONDS):
            catalog = Catalog(database)
            current = catalog.state("engine", DEFAULT_ENGINE)
            if current == options.engine:
                removed = remove_leftover(catalog, location.folder)
                cleared = f"; removed what was left over of {removed}" if removed else ""
                raise ConfigError(f"{location.root} is kept by {current} already{cleared}")
            source = open_engine(current, location.folder, "write", database=database)
            with source, progress_shown(quiet=options.quiet, as_json=options.json) as on_progress:
                done = Migration(source, catalog, location.folder, options.engine, unpack, on_progress).run()
    finally:
        database.close()
    if options.json:
        print_json({"root": str(location.root), "from": current, **as_dict(done)})
    elif not options.quiet:
        print(
            f"{location.root}: {current} -> {done.engine}, {done.documents} documents, "
            f"{size(done.bytes)} in {done.seconds:.2f} s"
        )
    return 0
