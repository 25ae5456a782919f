"""The tables of views that are read from git; tables.py says what is in them."""

from __future__ import annotations

from typing import Final

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS views(
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    committed REAL NOT NULL,
    moved REAL NOT NULL,
    kept INTEGER NOT NULL,
    notes TEXT NOT NULL,
    UNIQUE(kind, name)
);
CREATE TABLE IF NOT EXISTS view_files(
    part INTEGER NOT NULL,
    path BLOB NOT NULL,
    number INTEGER NOT NULL,
    views INTEGER NOT NULL,
    size INTEGER NOT NULL,
    facts INTEGER NOT NULL,
    PRIMARY KEY(part, path, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS view_files_number ON view_files(number);
CREATE TABLE IF NOT EXISTS view_facts(
    id INTEGER PRIMARY KEY,
    mode INTEGER NOT NULL,
    language TEXT NOT NULL,
    encoding TEXT NOT NULL,
    kind TEXT NOT NULL,
    skipped TEXT NOT NULL,
    UNIQUE(mode, language, encoding, kind, skipped)
);
CREATE TABLE IF NOT EXISTS view_skipped(
    id INTEGER PRIMARY KEY, blob BLOB NOT NULL UNIQUE, size INTEGER NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS view_totals(
    view INTEGER NOT NULL, skipped TEXT NOT NULL, files INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY(view, skipped)
) WITHOUT ROWID;
"""

TABLES: Final = ("views", "view_files", "view_facts", "view_skipped", "view_totals")
CLEAR: Final = "".join(f"DELETE FROM {table};" for table in TABLES)
"""Forgets all views; those that are wanted the next update reads from git again."""
