"""The entries of a Tantivy index, as they are written and read: documents, names of batches, words, state."""

from __future__ import annotations

import hashlib
import json
import sys
from array import array
from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import tantivy

from ..._native import gram_words
from ...models import WordBag
from ...text import searchable
from ..stored_value import DocumentRow, decode_value
from .files import DOCUMENT, NAMES, STATE, WORDS

Address: TypeAlias = Any
"""Where Tantivy has an entry."""


def key_of(doc_id: str) -> str:
    """The key that a document is found by: a term has a greatest length, and an id has none."""
    return hashlib.blake2b(doc_id.encode("utf-8"), digest_size=20).hexdigest()


def document_entries(rows: Sequence[DocumentRow], contents: Sequence[bytes]) -> dict[str, Any]:
    """The entries of documents, but for their numbers, by id."""
    entries: dict[str, Any] = {}
    grams = gram_words([searchable(content) for content in contents])
    for (doc_id, kind, size, fields, value), words in zip(rows, grams, strict=True):
        entry = entries[doc_id] = tantivy.Document()
        entry.add_text("kind", DOCUMENT)
        entry.add_text("key", key_of(doc_id))
        entry.add_text("grams", words)
        stored = {"kind": kind, "size": size, "fields": fields}
        entry.add_bytes("stored", json.dumps(stored, ensure_ascii=False).encode("utf-8"))
        entry.add_bytes("content", value)
    return entries


def names_entry(first: int, doc_ids: list[str], following: int) -> Any:
    """The names of a batch: its first number, the ids of its documents, and the number that comes next."""
    entry = tantivy.Document()
    entry.add_text("kind", NAMES)
    entry.add_unsigned("first", first)
    entry.add_bytes("names", json.dumps(doc_ids, ensure_ascii=False).encode("utf-8"))
    entry.add_unsigned("next", following)
    return entry


def state_entry(following: int) -> Any:
    """What keeps the next number where no batch does."""
    entry = tantivy.Document()
    entry.add_text("kind", STATE)
    entry.add_unsigned("next", following)
    return entry


def words_entry(bag: WordBag) -> Any:
    """The words of a document."""
    entry = tantivy.Document()
    entry.add_text("kind", WORDS)
    entry.add_unsigned("words_of", bag.number)
    entry.add_unsigned("length", bag.length)
    entry.add_text("words", _word_terms(bag))
    return entry


def _word_terms(bag: WordBag) -> str:
    """The term of each word and a blank between: its hash and its payload in hexadecimal."""
    keys = array("I", bag.keys)
    if sys.byteorder == "little":
        keys.byteswap()
    big, pairs = keys.tobytes(), bytearray(5 * len(keys))
    for place in range(4):
        pairs[place::5] = big[place::4]
    pairs[4::5] = bag.payloads
    return pairs.hex(" ", 5)


def gram_word(literal: bytes) -> str:
    """The literal in the characters of grams (`native/grams/gram_words.c`)."""
    return "".join(chr(byte) if 0x20 < byte < 0x7F else chr(0x100 + byte) for byte in literal)


def entry_at(searcher: Any, address: Address) -> Any:
    """The entry at an address."""
    return searcher.doc(address)


def names_at(searcher: Any, address: Address) -> list[str]:
    """The ids of a batch."""
    return cast("list[str]", json.loads(entry_at(searcher, address).get_first("names")))


def content_of(entry: Any, stored: dict[str, Any]) -> bytes:
    """The content of a document; `stored` is what else its entry keeps."""
    return decode_value(stored["kind"], bytes(entry.get_first("content")), stored["size"])
