"""`leindex verify`: compare two indexes document by document."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...config import DATABASE_NAME
from ...errors import ConfigError
from ...index import Index, open_index
from ...records import as_dict
from ...spoken import size
from ...tree.roots import location_in
from ..common import print_json, progress_shown
from ..parsing import Parser, add_json_option, positive


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser(
        "verify", "Compare two indexes document by document. Exit status: 0 equal, 1 different, 2 an error."
    )
    for name in ("a", "b"):
        parser.add_argument(name, metavar=name.upper(), nargs="?", help="a tree, or the folder of an index")
    for name in ("a", "b"):
        parser.add_argument(f"--index-{name}", metavar="DIR", help=f"the folder of the index {name.upper()}")
    add_json_option(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    parser.add_argument("--full", action="store_true", help="compare every word and field, not samples")
    parser.add_argument("--limit", type=positive, default=50, metavar="N", help="differences to print (default 50)")
    options = parser.parse_args(arguments)
    from ...storage.transfer.compare import Side, compare
    from ...symbols.definitions import unpack

    given = [value for value in (options.a, options.b) if value is not None]
    folders = [options.index_a, options.index_b]
    if len(given) + sum(folder is not None for folder in folders) != 2:
        raise ConfigError("give two indexes: trees, folders of indexes, or --index-a and --index-b")
    indexes = [_index(folder, given) for folder in folders]
    with indexes[0] as a, indexes[1] as b, a.snapshot(), b.snapshot():
        with progress_shown(quiet=options.quiet, as_json=options.json) as on_progress:
            found = compare(
                Side(a.store, a.catalog),
                Side(b.store, b.catalog),
                unpack,
                full=options.full,
                on_progress=on_progress,
            )
        engines = [a.store.name, b.store.name]
    shown = found.differences[: options.limit]
    if options.json:
        print_json(
            {
                **as_dict(found),
                "equal": found.equal,
                "engines": engines,
                "indexes": [str(index.location.folder) for index in indexes],
                "differences": [as_dict(difference) for difference in shown],
            }
        )
    elif not options.quiet:
        for item in shown:
            print(f"{item.kind}: {item.name}: {item.a} | {item.b}".encode("utf-8", "replace").decode("utf-8"))
        for note in found.notes:
            print(f"note: {note}")
        every = "all" if found.terms == found.terms_total else f"of about {found.terms_total}"
        sides = " with ".join(engines)
        print(
            f"compared {sides}: {found.files} files, {found.documents} documents, "
            f"{size(found.bytes)}, {found.symbols} symbols, {found.terms} words ({every})"
        )
        counts = ", ".join(f"{count} {kind}" for kind, count in found.counts.items())
        print(f"different: {counts}" if counts else "no difference")
    return 0 if found.equal else 1


def _index(folder: str | None, given: list[str]) -> Index:
    """The index in a folder, or else the one that the next argument names, as tree or as index."""
    if folder is None:
        path = Path(given.pop(0)).expanduser()
        if not (path / DATABASE_NAME).is_file():
            return open_index(path, refresh="never")
        folder = str(path)
    return Index(location_in(Path(folder).absolute()), refresh="never")
