"""What a content refers to: where it calls, names, imports, inherits and binds, as places in its bytes.

A place is a start, a length and a role, nothing more: names and receivers are read from the content when a question
needs them. So the second stage only notes spans, which is quick, and a reference takes about two bytes.

    >>> unpack(pack(note([Place(4, 3, Role.CALL), Place(0, 3, Role.DECORATOR)])))
    [Place(start=0, length=3, role=<Role.DECORATOR: 3>), Place(start=4, length=3, role=<Role.CALL: 0>)]
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable
from enum import IntEnum
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

import zstandard

from .errors import StoreCorruptError

VERSION: Final = 1
"""Rises when extraction finds more, so that what was stored by an older one is derived again."""

LIMIT: Final = 64 << 20
"""Bytes of the longest list of places that is unpacked."""

DAMAGED: Final = "the references of a document are damaged; remove the index and index again"


class Role(IntEnum):
    """What a place is to the content. Stored: values are never given anew."""

    CALL = 0
    """What is called: a name with its receiver, without the arguments."""
    NEW = 1
    """A type of which an object is made."""
    BASE = 2
    """What a type is derived from."""
    DECORATOR = 3
    IMPORT = 4
    """A whole import, include or use statement."""
    ASSIGN = 5
    """An assignment or a declaration that tells of what type a name is."""
    PARAM = 6
    """A parameter with its type."""
    RETURNS = 7
    """The type that a function is declared to return."""
    RETURNED = 8
    """An expression that a function returns."""
    LOOP = 9
    """The head of a loop: a name takes the elements of something."""
    VALUE = 10
    """A bare name handed on: an argument, an entry of a table."""
    EXPORT = 11
    """A statement that names what others may import."""


class Place(NamedTuple):
    """A span of a content: its first byte from 0, its length in bytes, and what it is."""

    start: int
    length: int
    role: Role


class Noted(NamedTuple):
    """Places in their order as columns of 32 bits each, in native byte order: how far each start is behind the one
    before, lengths, roles."""

    differences: bytes
    lengths: bytes
    roles: bytes


def note(places: Iterable[tuple[int, int, int]]) -> Noted:
    """Places as columns, sorted, each once."""
    rows = sorted(set(places))
    starts = [row[0] for row in rows]
    differences = array("I", [*starts[:1], *(b - a for a, b in pairwise(starts))])
    lengths, roles = (array("I", [row[at] for row in rows]) for at in (1, 2))
    return Noted(differences.tobytes(), lengths.tobytes(), roles.tobytes())


def pack(noted: Noted, compressor: zstandard.ZstdCompressor | None = None) -> bytes:
    """Places in their stored form: each column as planes of bytes (most of the upper ones are zero and cost nothing),
    in one checksummed frame. Empty for none."""
    if not noted.roles:
        return b""
    least = 0 if sys.byteorder == "little" else 3
    planes = [plane for column in noted[:2] for plane in _planes(column)]
    data = b"".join([*planes, noted.roles[least::4]])
    if compressor is None:
        compressor = zstandard.ZstdCompressor(level=1, write_checksum=True)
    return compressor.compress(data)


def _planes(column: bytes) -> list[bytes]:
    order = range(4) if sys.byteorder == "little" else range(3, -1, -1)
    return [column[byte::4] for byte in order]


class Columns(NamedTuple):
    """Places as columns: starts and lengths in bytes, and roles."""

    starts: list[int]
    lengths: array[int]
    roles: bytes


def columns(packed: bytes) -> Columns:
    """The stored places as columns, in order. Raises StoreCorruptError."""
    if not packed:
        return Columns([], array("I"), b"")
    try:
        data = zstandard.ZstdDecompressor().decompress(packed, max_output_size=LIMIT)
    except zstandard.ZstdError as error:
        raise StoreCorruptError(DAMAGED) from error
    count, rest = divmod(len(data), 9)
    if rest or (count and max(data[8 * count :]) >= len(Role)):
        raise StoreCorruptError(DAMAGED)
    differences, lengths = (_column(data[at : at + 4 * count], count) for at in (0, 4 * count))
    return Columns(list(accumulate(differences)), lengths, data[8 * count :])


def _column(planes: bytes, count: int) -> array[int]:
    data = bytearray(4 * count)
    for byte in range(4):
        data[byte::4] = planes[byte * count : (byte + 1) * count]
    column = array("I")
    column.frombytes(data)
    if sys.byteorder == "big":
        column.byteswap()
    return column


def unpack(packed: bytes) -> list[Place]:
    """The stored places, in order. Raises StoreCorruptError."""
    starts, lengths, roles = columns(packed)
    return [Place(start, length, Role(role)) for start, length, role in zip(starts, lengths, roles, strict=True)]
