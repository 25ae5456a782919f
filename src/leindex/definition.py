"""A definition and a call site as values: what extraction finds, the second stage stores and searches read."""

from __future__ import annotations

from typing import Final, NamedTuple

OUTLINE_ONLY: Final = frozenset(("key", "selector"))
"""Kinds of definitions that show how a file is laid out and name no code: they come after all others."""


class Symbol(NamedTuple):
    """One definition. Lines count from 1 and the range includes both ends; the column counts bytes from 0.

    `container` is the qualified name of what the definition belongs to, joined with dots, or empty. `line`
    and `column` are where the name stands; `start_line` and `end_line` span the whole definition with its
    body. `visibility` is what the language's own words say (`public`, `private`, `protected`, `internal`), or
    empty.
    """

    name: str
    kind: str
    container: str
    start_line: int
    end_line: int
    line: int
    column: int
    visibility: str


class Call(NamedTuple):
    """One call site: the name that is called, its line from 1 and its column in bytes from 0."""

    name: str
    line: int
    column: int
