"""How a document is stored, the same for every engine: kind, size, other fields and encoded content.

Every content carries a checksum, so that one that was damaged on the disk is an error and never an answer.
"""

from __future__ import annotations

import json
import threading
import zlib
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

import zstandard

from .._native import plain_row, plain_rows
from ..errors import DocumentError, StoreCorruptError
from ..models import Document, DocumentItem
from .storage_interface import MAX_DOCUMENT_BYTES, check_document, other_fields

if TYPE_CHECKING:
    from .._native import Buffer

COMPRESS_FROM: Final = 512
"""Contents shorter than this, in bytes, are stored as they are: the gain would not pay for the calls."""

ZSTD_LEVEL: Final = 3
"""On kernel sources level 3 leaves 0.231 of the bytes at 300 MB/s a core where level 1 leaves 0.242 at 360 MB/s; level
4 gains little and is much slower. Reading takes the same time."""

_thread = threading.local()

CHECKED: Final = "+crc32"
PACKED: Final = "+zstd"
UNCHECKED: Final = frozenset(("text", "bytes"))
"""What formats before the third had instead of the last."""

DAMAGED: Final = "a stored document is damaged; remove the index and index again"

DocumentRow: TypeAlias = tuple[str, str, int, str | None, bytes]
"""key, value_type, size, fields, value. The type is "text" or "bytes"; with "+zstd" the value is a frame with its
checksum, with "+crc32" it is the content as it is and four bytes of checksum (zlib's, least byte first)."""


def encode_row(item: DocumentItem) -> tuple[DocumentRow, bytes]:
    """The row of a document, and its content. Raises DocumentError for one that cannot be stored."""
    doc_id, document = item
    made = plain_row(doc_id, document, COMPRESS_FROM)
    if made is not None:
        return made, _without_checksum(made[4])
    content = check_document(doc_id, document)
    kind = "text" if isinstance(document["content"], str) else "bytes"
    if len(content) >= COMPRESS_FROM:
        compressor: zstandard.ZstdCompressor | None = getattr(_thread, "compressor", None)
        if compressor is None:
            compressor = _thread.compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True)
        packed = compressor.compress(content)
        if len(packed) < len(content):
            return (doc_id, kind + PACKED, len(content), other_fields(document), packed), content
    return (doc_id, kind + CHECKED, len(content), other_fields(document), _with_checksum(content)), content


def _with_checksum(content: bytes) -> bytes:
    return content + zlib.crc32(content).to_bytes(4, "little")


def _without_checksum(value: bytes) -> bytes:
    return value[:-4]


def decompressor() -> zstandard.ZstdDecompressor:
    """This thread's own; making one costs more than most contents do."""
    made: zstandard.ZstdDecompressor | None = getattr(_thread, "decompressor", None)
    if made is None:
        made = _thread.decompressor = zstandard.ZstdDecompressor()
    return made


class EncodedBatch(NamedTuple):
    """Rows in the order of writing, how many documents they are made of, the bytes of these, and the documents that
    cannot be stored with their reasons."""

    rows: list[DocumentRow]
    accepted: int
    size: int
    rejected: list[tuple[str, str]]
    kept: list[bytes] | None
    """The contents of the rows; None where every row holds its own with a checksum."""

    def contents(self) -> list[bytes]:
        """The contents, in the order of the rows."""
        return [_without_checksum(row[4]) for row in self.rows] if self.kept is None else self.kept


def encode_batch(documents: Sequence[DocumentItem]) -> EncodedBatch:
    """The rows of a batch: of two documents with one id the last, in the place of the last."""
    plain = plain_rows(documents, COMPRESS_FROM) if isinstance(documents, list) else None
    if plain is not None:
        return EncodedBatch(plain, len(plain), sum([row[2] for row in plain]), [], None)
    rows: dict[str, tuple[DocumentRow, bytes]] = {}
    rejected: list[tuple[str, str]] = []
    accepted = size = 0
    for item in documents:
        try:
            row, content = encode_row(item)
        except DocumentError as error:
            rejected.append((str(item[0]), str(error)))
            continue
        rows.pop(row[0], None)
        rows[row[0]] = (row, content)
        accepted += 1
        size += len(content)
    written, contents = [row for row, _ in rows.values()], [content for _, content in rows.values()]
    return EncodedBatch(written, accepted, size, rejected, contents)


def decode_value(value_type: str, value: bytes | str, size: int) -> bytes:
    """The content of a row as bytes. Raises StoreCorruptError when it cannot be decoded."""
    if isinstance(value, str):
        value = value.encode("utf-8")
    if value_type in UNCHECKED and len(value) == size:
        return value
    if not value_type.endswith(PACKED):
        content = _without_checksum(value)
        if not value_type.endswith(CHECKED) or zlib.crc32(content).to_bytes(4, "little") != value[-4:]:
            raise StoreCorruptError(f"{DAMAGED}: its type or checksum is another")
        return content
    try:
        return decompressor().decompress(value, max_output_size=size)
    except zstandard.ZstdError as error:
        raise StoreCorruptError(f"{DAMAGED}: {error}") from error


def decode_values(stored: Sequence[tuple[str, bytes | str, int]]) -> list[bytes | memoryview]:
    """The contents of many rows (type, value, size), unpacked in one call that lets other threads run.

    Raises StoreCorruptError as `decode_value` does.
    """
    packed = [(value, size) for value_type, value, size in stored if value_type.endswith(PACKED)]
    if len(packed) < 2:
        return [decode_value(*row) for row in stored]
    frames, sizes = cast("list[Buffer]", [value for value, _ in packed]), [size for _, size in packed]
    if min(sizes) < 0 or max(sizes) > MAX_DOCUMENT_BYTES:
        raise StoreCorruptError(f"{DAMAGED}: its size cannot be")
    try:
        unpacked = decompressor().multi_decompress_to_buffer(frames, decompressed_sizes=array("Q", sizes).tobytes())
    except zstandard.ZstdError as error:
        raise StoreCorruptError(f"{DAMAGED}: {error}") from error
    texts = (memoryview(cast("Buffer", unpacked[place])) for place in range(len(packed)))
    return [next(texts) if row[0].endswith(PACKED) else decode_value(*row) for row in stored]


def decode_document(value_type: str, content: bytes, fields: str | None) -> Document:
    """The document of a row, its content given."""
    document: Document = {"content": content.decode("utf-8") if value_type.startswith("text") else content}
    if fields is not None:
        document.update(json.loads(fields))
    return document
