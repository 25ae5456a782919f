"""Definitions by a few letters of their names, as editors' "go to symbol" does: `batwr` finds `batch_write`.

The names of a document never change, so a list of them is kept from one generation to the next, and only those of
documents that are new are read. It can be shared by threads, each with a view of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from .. import _native
from ..definition import OUTLINE_ONLY, Symbol
from ..models import FileRow
from ..text import searchable
from ..views.view import View
from .definitions import Definitions, unpack
from .find import SymbolHit, hit_of, order_of
from .heading import Text

QUERY_BYTES: Final = 64
"""Bytes of the longest query."""
AT_ONCE: Final = 500
"""Documents whose names are read in one statement."""
KINDS_LEFT_OUT: Final = frozenset(("heading",)) | OUTLINE_ONLY
"""Kinds that are no symbols of a program."""


class _Names(NamedTuple):
    """All names at one generation: joined, the same in small letters, and whose each is."""

    key: object
    joined: bytes
    lowered: bytes
    owners: list[tuple[int, int]]


class NameList:
    """The names of the definitions of one tree."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[int, list[tuple[int, str]]] = {}
        self._names = _Names(None, b"", b"", [])

    def find(self, view: View, text: str, limit: int, check: Callable[[], None]) -> list[SymbolHit]:
        """At most `limit` definitions with the letters of `text` in their names in this order, best first; of the
        view's edited texts too. What `check` raises ends the reading."""
        raw = "".join(text.split()).encode("utf-8", "surrogateescape")[:QUERY_BYTES]
        if not raw:
            return []
        names = self._at(view, check)
        hits: list[SymbolHit] = []
        if names.owners:
            found, _ = _native.fuzzy(raw, names.joined, names.lowered, bytes(4 * len(names.owners)), limit)
            places: dict[int, list[int]] = {}
            for place, _ in found:
                number, symbol = names.owners[place]
                places.setdefault(number, []).append(symbol)
            for number, symbols in places.items():
                check()
                hits += _hits(view, number, symbols)
        for path, content in view.edits.items():
            hits += _edited(view, path, content, raw.decode("utf-8", "replace").lower())
        return sorted(hits, key=lambda hit: order_of(hit, text))[:limit]

    def _at(self, view: View, check: Callable[[], None]) -> _Names:
        with self._lock:
            key = view.generation, view.catalog.pending()
            if self._names.key == key:
                return self._names
            numbers = sorted({number for number in view.table.numbers if number})
            missing = [number for number in numbers if number not in self._of]
            for start in range(0, len(missing), AT_ONCE):
                check()
                self._of |= _read(view, missing[start : start + AT_ONCE])
            self._of = {number: self._of[number] for number in numbers if number in self._of}
            owners = [(number, place) for number, named in self._of.items() for place, _ in named]
            joined = "\0".join(name for named in self._of.values() for _, name in named).encode("utf-8", "replace")
            self._names = _Names(key, joined, joined.lower(), owners)
            return self._names


def _read(view: View, numbers: list[int]) -> dict[int, list[tuple[int, str]]]:
    """The names of documents whose definitions are stored."""
    return {
        number: [
            (place, symbol.name)
            for place, symbol in enumerate(unpack(packed))
            if symbol.kind not in KINDS_LEFT_OUT and "\0" not in symbol.name
        ]
        for number, packed in view.catalog.symbols_of_each(numbers).items()
    }


def _hits(view: View, number: int, places: list[int]) -> Iterable[SymbolHit]:
    stored, content = view.catalog.symbols_of(number), view.content(number)
    rows = [row for row in view.files_of([number]) if row.name not in view.edits]
    if stored is None or content is None or not rows:
        return []
    definitions, text = Definitions(stored[1]), Text(searchable(content))
    return [hit_of(row, definitions[place], text) for row in rows for place in places]


def _edited(view: View, path: str, content: bytes, letters: str) -> Iterable[SymbolHit]:
    row: FileRow = view.edited_row(path)
    text = Text(content)
    for symbol in map(Symbol._make, view.knowledge.definitions(content, row.language)):
        at = iter(symbol.name.lower())
        if symbol.kind not in KINDS_LEFT_OUT and all(letter in at for letter in letters):
            yield hit_of(row, symbol, text)
