"""The tables of the SQLite engine and how a document becomes a row of `kv_store`.

`kv_store` holds the documents and nothing else: `key` is the doc_id, `value` the content, `value_type` how it
is encoded ("text", "bytes", each perhaps with "+zstd"). `id` is the document's number. Columns that are read
often stand before the content, since SQLite walks a row from its start.
"""

from __future__ import annotations

import threading
from typing import Final

import apsw
import zstandard

from ..errors import StoreCorruptError
from ..models import DocumentItem
from .storage_interface import check_document, other_fields

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS kv_store(
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    value_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    fields TEXT,
    value BLOB NOT NULL
);
-- The next document's number, and at most so many documents and bytes are in the tail.
CREATE TABLE IF NOT EXISTS store_state(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO store_state VALUES('next_number', 1), ('tail_documents', 0), ('tail_bytes', 0);
-- The blocks of this segment cover the documents from `low` to `high`; those no segment covers are the tail.
CREATE TABLE IF NOT EXISTS segments(
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    source_bytes INTEGER NOT NULL,
    block_bytes INTEGER NOT NULL
);
-- id is segment * 2^32 + the block's first gram, so that one look-up by range finds the block of a gram.
CREATE TABLE IF NOT EXISTS segment_blocks(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
-- The words that are in no segment yet, and the length of every document whose words are known.
CREATE TABLE IF NOT EXISTS word_tail(number INTEGER PRIMARY KEY, keys BLOB NOT NULL, payloads BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS word_lengths(number INTEGER PRIMARY KEY, length INTEGER NOT NULL);
"""

COMPRESS_FROM: Final = 512
"""Contents shorter than this, in bytes, are stored as they are: the gain would not pay for the calls."""

ZSTD_LEVEL: Final = 1

_thread = threading.local()

DocumentRow = tuple[str, str, int, str | None, bytes]
"""key, value_type, size, fields, value."""


def create_schema(connection: apsw.Connection) -> None:
    """Makes the tables; does nothing where they are."""
    connection.execute(SCHEMA)


def encode_row(item: DocumentItem) -> tuple[DocumentRow, bytes]:
    """The row of a document, and its content. Raises DocumentError for one that cannot be stored."""
    doc_id, document = item
    content = check_document(doc_id, document)
    kind = "text" if isinstance(document["content"], str) else "bytes"
    value = content
    if len(content) >= COMPRESS_FROM:
        compressor: zstandard.ZstdCompressor | None = getattr(_thread, "compressor", None)
        if compressor is None:
            compressor = _thread.compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
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
    decompressor: zstandard.ZstdDecompressor | None = getattr(_thread, "decompressor", None)
    if decompressor is None:
        decompressor = _thread.decompressor = zstandard.ZstdDecompressor()
    try:
        return decompressor.decompress(value, max_output_size=size)
    except zstandard.ZstdError as error:
        raise StoreCorruptError(f"a stored document is damaged: {error}") from error
