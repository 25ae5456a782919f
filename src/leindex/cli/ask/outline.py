"""`leindex outline`: the definitions of a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ...errors import ConfigError
from ...records import as_dict
from ..common import complain, print_json, printable, ready, utf8
from ..parsing import Parser, add_index_option, add_json_option, add_refresh_options, add_view_options, where_of


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser("outline", "The definitions of a file, in order.")
    parser.add_argument("file", metavar="FILE")
    add_index_option(parser)
    add_json_option(parser)
    add_view_options(parser)
    add_refresh_options(parser)
    options = parser.parse_args(arguments)
    file = Path(options.file)
    where = where_of(options)
    if not where and (file.is_dir() or not os.path.lexists(file)):
        raise ConfigError(f"{file}: {'is a folder' if file.is_dir() else 'there is no such file'}")
    with ready(str(_folder_of(file)), options) as index, index.at(where):
        index.freshen()
        path = (file.parent.resolve() / file.name).relative_to(index.root).as_posix()
        symbols = index.outline(path)
        with index.snapshot():
            language = index.view().language_of(path)
    if options.json:
        print_json({"path": utf8(path), "symbols": [as_dict(symbol) for symbol in symbols]})
        return 0 if symbols else 1
    for symbol in symbols:
        depth = symbol.container.count(".") + 1 if symbol.container else 0
        print(printable(f"{symbol.line:>6}  {'  ' * depth}{symbol.kind} {symbol.signature or symbol.name}"))
    if not symbols:
        known = f"read as {language}" if language else "in a language that is not known"
        complain(f"no definition in {path}, {known}")
    return 0 if symbols else 1


def _folder_of(file: Path) -> Path:
    """The nearest folder that is there: of a view's file it may be gone."""
    return next((folder for folder in file.parents if folder.is_dir()), Path())
