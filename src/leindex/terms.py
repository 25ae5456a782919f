"""The words of a document, as the index keeps them: terms, each with one byte that says what it is worth.

Splitting text into terms has one home, `native/words/words.c`: documents when they are indexed, and queries and
passages when they are ranked, all go through it. What is indexed and what ranks the result must agree on
the payload byte; so its meaning is stated here, below both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from . import _native
from .definition import OUTLINE_ONLY
from .text import searchable

LEVEL: Final = 0x3F
"""Payload: how much the term weighs in the document, of 63 (BM25's saturated, length-normalised
frequency)."""
NAMED_PART: Final = 0x40
"""Payload: the term is a part of the name of a definition in the document."""
NAMED_WHOLE: Final = 0x80
"""Payload: the term is the whole name of a definition in the document."""

_NAMELESS: Final = frozenset(("heading", "test")) | OUTLINE_ONLY
"""Kinds of definitions whose name is prose, or that name no code."""


class Named(Protocol):
    """A definition, as far as its name goes."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...


class Bag(NamedTuple):
    """The terms of one document: ascending hashes (32 bits each, native order), a payload for each, and the
    number of words in the document."""

    hashes: bytes
    payloads: bytes
    length: int


def bag_of(content: bytes, definitions: Iterable[Named] = ()) -> Bag:
    """The bag of words of a file with this content and these definitions. Runs without the GIL."""
    names = "\n".join(d.name for d in definitions if d.kind not in _NAMELESS)
    return Bag(*_native.bag(searchable(content), names.encode("utf-8", "replace")))
