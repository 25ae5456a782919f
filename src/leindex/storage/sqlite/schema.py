"""The tables of the SQLite engine, and those of references beside the catalogue.

`kv_store` holds the documents and nothing else: `key` is the doc_id, `value` the content, `value_type` how it
is encoded (see stored_value.py). `id` is the document's number. Columns that are read
often stand before the content, since SQLite walks a row from its start.
"""

from __future__ import annotations

from typing import Final

import apsw

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
CREATE TABLE IF NOT EXISTS blocks(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
-- The words that are in no segment yet, and the length of every document whose words are known.
CREATE TABLE IF NOT EXISTS word_tail(number INTEGER PRIMARY KEY, keys BLOB NOT NULL, payloads BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS word_lengths(number INTEGER PRIMARY KEY, length INTEGER NOT NULL);
"""

LINKAGE: Final = """
-- What the second stage derived for the graph: the packed places of leindex.linkage, NULL where they could not be read.
CREATE TABLE IF NOT EXISTS linkage(number INTEGER PRIMARY KEY, language TEXT NOT NULL, data BLOB);
CREATE TABLE IF NOT EXISTS linkage_state(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS linkage_gone AFTER DELETE ON symbols
    BEGIN DELETE FROM linkage WHERE number = old.number; END;
"""
"""Beside the catalogue, whatever the engine."""


def create_schema(connection: apsw.Connection) -> None:
    """Makes the tables; does nothing where they are."""
    connection.execute(SCHEMA)
