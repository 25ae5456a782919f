"""Tantivy's checksums of its files, compared before a process reads from them.

Each file of a segment ends in a footer: a JSON object with the CRC-32 of all that lies before it, the length of that
object, and a number that tells a footer (Tantivy's `directory/footer.rs`). Tantivy writes these and leaves comparing
them to others: a flipped bit in a posting list would hide a file. Files are never changed once written, so each is
compared once in a process, at about the speed of memory. `meta.json`, which names the segments, has no checksum: its
settings, which are most of it, are compared with those that the index was made with.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from pathlib import Path
from typing import Any, Final

from ...errors import StoreCorruptError

KINDS: Final = ("idx", "pos", "term", "store", "fast", "fieldnorm")
"""The files of a segment by their endings; that of its deleted documents has the number of a commit in its name."""

META_FILE: Final = "meta.json"
PIECE: Final = 1 << 20
_END: Final = struct.Struct("<II")
_MAGIC: Final = 1337


class Checksums:
    """The files of one index that were compared. `settings`: the checksum that its settings must have, if known."""

    def __init__(self, path: Path) -> None:
        self.settings: int | None = None
        self._path = path
        self._compared: set[str] = set()

    def compare(self) -> None:
        """Compares the files of the last commit that were not yet. Raises StoreCorruptError, which names the file."""
        if self.settings is not None and self.of_settings() != self.settings:
            raise damaged(self._path, f"{META_FILE} does not have the settings that the index was made with")
        names = self._named()
        for name in sorted(names - self._compared):
            try:
                fd = os.open(self._path / name, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue  # a kind that the segment lacks, or gone with a merge since: opening the index tells
            try:
                if not _agrees(fd):
                    raise damaged(self._path, f"{name} does not agree with its checksum")
            finally:
                os.close(fd)
        self._compared = names

    def of_settings(self) -> int:
        """The checksum of the fields and other settings in `meta.json`. Raises StoreCorruptError."""
        meta = self._meta()
        return zlib.crc32(json.dumps([meta.get("index_settings"), meta.get("schema")], sort_keys=True).encode())

    def _named(self) -> set[str]:
        """The files that the last commit may consist of."""
        names = set()
        try:
            for segment in self._meta()["segments"]:
                base = segment["segment_id"].replace("-", "")
                names |= {f"{base}.{kind}" for kind in KINDS}
                if (deletes := segment["deletes"]) is not None:
                    names.add(f"{base}.{deletes['opstamp']}.del")
        except (KeyError, TypeError, AttributeError) as error:
            raise damaged(self._path, f"{META_FILE} cannot be read") from error
        return names

    def _meta(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self._path / META_FILE).read_bytes()))
        except (ValueError, TypeError) as error:
            raise damaged(self._path, f"{META_FILE} cannot be read") from error


def _agrees(fd: int) -> bool:
    """Whether a file has the checksum that its footer names."""
    size = os.fstat(fd).st_size
    if size < _END.size:
        return False
    length, magic = _END.unpack(os.pread(fd, _END.size, size - _END.size))
    body = size - _END.size - length
    if magic != _MAGIC or body < 0:
        return False
    try:
        wanted = json.loads(os.pread(fd, length, body))["crc"]
    except (ValueError, KeyError, TypeError):
        return False
    crc = 0
    for start in range(0, body, PIECE):
        crc = zlib.crc32(os.pread(fd, min(PIECE, body - start), start), crc)
    return bool(crc == wanted)


def damaged(path: Path, what: str) -> StoreCorruptError:
    """The error for damage in this index, in one line."""
    return StoreCorruptError(f"{path}: is damaged ({' '.join(what.split())}); remove the index and index again")
