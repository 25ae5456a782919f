"""How a document is stored, the same for every engine: kind, size, other fields and encoded content."""

from __future__ import annotations

import json
import threading
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import zstandard

from .._native import plain_row
from ..errors import StoreCorruptError
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

DocumentRow: TypeAlias = tuple[str, str, int, str | None, bytes]
"""key, value_type ("text" or "bytes", perhaps with "+zstd"), size, fields, value."""


def encode_row(item: DocumentItem) -> tuple[DocumentRow, bytes]:
    """The row of a document, and its content. Raises DocumentError for one that cannot be stored."""
    doc_id, document = item
    row = plain_row(doc_id, document, COMPRESS_FROM)
    if row is not None:
        return row, row[4]
    content = check_document(doc_id, document)
    kind = "text" if isinstance(document["content"], str) else "bytes"
    value = content
    if len(content) >= COMPRESS_FROM:
        compressor: zstandard.ZstdCompressor | None = getattr(_thread, "compressor", None)
        if compressor is None:
            compressor = _thread.compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True)
        packed = compressor.compress(content)
        if len(packed) < len(content):
            kind, value = kind + "+zstd", packed
    return (doc_id, kind, len(content), other_fields(document), value), content


def decode_value(value_type: str, value: bytes | str, size: int) -> bytes:
    """The content of a row as bytes. Raises StoreCorruptError when it cannot be decoded."""
    if isinstance(value, str):
        value = value.encode("utf-8")
    if not value_type.endswith("+zstd"):
        return value
    try:
        return _decompressor().decompress(value, max_output_size=size)
    except zstandard.ZstdError as error:
        raise StoreCorruptError(f"a stored document is damaged: {error}") from error


def decode_values(stored: Sequence[tuple[str, bytes | str, int]]) -> list[bytes | memoryview]:
    """The contents of many rows (type, value, size), unpacked in one call that lets other threads run.

    Raises StoreCorruptError as `decode_value` does.
    """
    packed = [(value, size) for value_type, value, size in stored if value_type.endswith("+zstd")]
    if len(packed) < 2:
        return [decode_value(*row) for row in stored]
    frames, sizes = cast("list[Buffer]", [value for value, _ in packed]), [size for _, size in packed]
    if min(sizes) < 0 or max(sizes) > MAX_DOCUMENT_BYTES:
        raise StoreCorruptError("a stored document is damaged: its size cannot be")
    try:
        unpacked = _decompressor().multi_decompress_to_buffer(frames, decompressed_sizes=array("Q", sizes).tobytes())
    except zstandard.ZstdError as error:
        raise StoreCorruptError(f"a stored document is damaged: {error}") from error
    texts = (memoryview(cast("Buffer", unpacked[place])) for place in range(len(packed)))
    return [next(texts) if row[0].endswith("+zstd") else decode_value(*row) for row in stored]


def _decompressor() -> zstandard.ZstdDecompressor:
    """This thread's own."""
    decompressor: zstandard.ZstdDecompressor | None = getattr(_thread, "decompressor", None)
    if decompressor is None:
        decompressor = _thread.decompressor = zstandard.ZstdDecompressor()
    return decompressor


def decode_document(value_type: str, content: bytes, fields: str | None) -> Document:
    """The document of a row, its content given."""
    document: Document = {"content": content.decode("utf-8") if value_type.startswith("text") else content}
    if fields is not None:
        document.update(json.loads(fields))
    return document
