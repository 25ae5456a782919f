"""`leindex remove`: delete an index; the tree itself, and whatever else is beside the index, is not touched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...config import Location, folder_for
from ...errors import ConfigError, StorageError
from ...storage.folder.locks import updating
from ...storage.folder.own_files import remove_own
from ...tree.roots import check_is_index_of
from ..parsing import Parser, add_index_option


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
    if options.index is not None:
        check_is_index_of(location)
    try:
        with updating(location.folder, 0.0):
            gone = remove_own(location.folder)
    except OSError as error:
        raise StorageError(f"{location.folder}: cannot be removed: {error.strerror}") from error
    print(f"removed {location.folder}" if gone else f"removed the index in {location.folder}; other files stay")
    return 0
