"""SCIP, the exchange format of compiler-grade indexers: read without a library, as far as calls need it.

An index is a protobuf message (github.com/sourcegraph/scip, scip.proto): documents with a path, and in each the
occurrences of symbols with their ranges and roles. Lines and columns count from 0; columns count UTF-8 bytes, UTF-16
units or characters, as the document says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from leindex.errors import ConfigError

DEFINITION: Final = 1
"""The role of an occurrence that defines its symbol."""
UTF8, UTF16, CODE_POINTS = 1, 2, 3


@dataclass(slots=True)
class Occurrence:
    """A symbol at a place: its first line and column and its last, from 0."""

    symbol: str
    line: int
    column: int
    end_line: int
    end_column: int
    roles: int = 0


@dataclass(slots=True)
class Document:
    """One file of a SCIP index."""

    path: str
    language: str = ""
    encoding: int = 0
    occurrences: list[Occurrence] = field(default_factory=list)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ConfigError("the file is no SCIP index: a number in it does not end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: number, and a number or bytes. Raises ConfigError for what is none."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ConfigError("the file is no SCIP index: a field of an unknown kind")
        if at + size > len(data):
            raise ConfigError("the file is no SCIP index: it is cut short")
        yield key >> 3, data[at : at + size]
        at += size


def documents(data: bytes) -> Iterator[Document]:
    """The documents of an index. Raises ConfigError for what is no index."""
    for number, value in fields(data):
        if number == 2 and isinstance(value, bytes):
            yield _document(value)


def _document(data: bytes) -> Document:
    document = Document("")
    for number, value in fields(data):
        if number == 1 and isinstance(value, bytes):
            document.path = value.decode("utf-8", "surrogateescape")
        elif number == 4 and isinstance(value, bytes):
            document.language = value.decode("utf-8", "replace")
        elif number == 6 and isinstance(value, int):
            document.encoding = value
        elif number == 2 and isinstance(value, bytes):
            document.occurrences.append(_occurrence(value))
    return document


def _occurrence(data: bytes) -> Occurrence:
    symbol, roles, range_ = "", 0, list[int]()
    for number, value in fields(data):
        if number == 1 and isinstance(value, bytes):
            at = 0
            while at < len(value):
                one, at = _varint(value, at)
                range_.append(one)
        elif number == 1 and isinstance(value, int):
            range_.append(value)
        elif number == 2 and isinstance(value, bytes):
            symbol = value.decode("utf-8", "replace")
        elif number == 3 and isinstance(value, int):
            roles = value
    if len(range_) == 3:
        range_ = [range_[0], range_[1], range_[0], range_[2]]
    if len(range_) != 4:
        raise ConfigError("the file is no SCIP index: an occurrence without a range")
    line, column, end_line, end_column = range_
    return Occurrence(symbol, line, column, end_line, end_column, roles)
