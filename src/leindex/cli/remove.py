"""`leindex remove`: delete an index; the tree itself is not touched."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from ..config import Location, folder_for
from ..errors import ConfigError, StorageError
from ..storage.locks import updating
from .common import Parser, add_index_option


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser("remove", "Delete the index of a tree. The tree itself is not touched.")
    parser.add_argument("path", metavar="PATH", help="the root of the tree; it may be gone")
    add_index_option(parser)
    options = parser.parse_args(arguments)
    root = Path(options.path).expanduser().resolve()
    folder = folder_for(root) if options.index is None else Path(options.index).expanduser().absolute()
    location = Location(root, folder)
    if not location.exists:
        raise ConfigError(f"{root} is not indexed; see leindex list")
    try:
        with updating(location.folder, 0.0):
            shutil.rmtree(location.folder)
    except OSError as error:
        raise StorageError(f"{location.folder}: cannot be removed: {error.strerror}") from error
    print(f"removed {location.folder}")
    return 0
