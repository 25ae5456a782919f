"""`Program`: the files of a view with their definitions and references, read as they are asked for and kept for the
generation. It finds candidates; what a reference means is decided by resolve.py."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from .. import _native
from ..definition import Symbol
from ..linkage import columns, pack
from ..models import FileRow
from ..query.ast import SymbolFilter, Syntax
from ..query.plan import name_formula
from ..storage.linkage_table import LinkageTable
from ..symbols.definitions import unpack
from ..terms import NAMED_WHOLE
from ..text import searchable
from ..views.view import View
from .source import Source

KEPT_BYTES: Final = 64 << 20
"""Bytes of contents whose files are kept."""
WHOLE: Final = 0
SHORT: Final = 3
"""Characters of a name from which on the words of a text have it for sure."""


class Program:
    """The files of one view, for the time of its generation."""

    def __init__(self, view: View) -> None:
        self._kept: OrderedDict[str, Source] = OrderedDict()
        self._size = 0
        self.view = view
        self.cache: dict[object, object] = {}
        """What resolving has found out about this generation."""
        self._derived = self._state()
        self._edited: dict[str, Source] = {}

    def _state(self) -> tuple[int, bool]:
        return self.view.catalog.pending(), self.table.exists

    def now(self, view: View) -> Program:
        """This program for another view of the same generation; a new one where the second stage went on since, or a
        text was edited."""
        before, self.view = self.view.edits, view
        same = self._state() == self._derived
        if same and view.edits == before:
            return self
        fresh = Program(view)
        if same:  # an edit changes what names mean, not the other files
            fresh._kept, fresh._size = self._kept, self._size
        fresh._edited = {path: one for path, one in self._edited.items() if view.edits.get(path) is before.get(path)}
        return fresh

    @property
    def table(self) -> LinkageTable:
        """Where references are stored."""
        return LinkageTable(self.view.catalog.database)

    @cached_property
    def ready(self) -> bool:
        """Whether references were derived at all."""
        return self.table.exists

    @cached_property
    def paths(self) -> dict[str, str]:
        """Every indexed file and its language."""
        table = self.view.table
        indexed = {
            os.fsdecode(key.replace(b"\0", b"/")): language
            for key, number, language in zip(table.keys, table.numbers, table.languages, strict=True)
            if number
        }
        return indexed | {path: self.view.language_of(path) for path in self.view.edits if path not in indexed}

    @cached_property
    def folders(self) -> dict[str, list[str]]:
        """The files of each folder."""
        found: dict[str, list[str]] = {}
        for path in self.paths:
            found.setdefault(path.rpartition("/")[0], []).append(path)
        return found

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """The files by their last name."""
        found: dict[str, list[str]] = {}
        for path in self.paths:
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    def get(self, path: str) -> Source | None:
        """A file by its path; None where it is not indexed."""
        if path in self.view.edits:
            return self._as_edited(path)
        known = self._kept.get(path)
        if known is not None:
            self._kept.move_to_end(path)
            return known
        row = self.view.catalog.file(os.fsencode(path))
        return self._made(row) if row is not None and row.number else None

    def _as_edited(self, path: str) -> Source:
        known = self._edited.get(path)
        if known is None:
            language, text = self.view.language_of(path), self.view.edits[path]
            symbols, noted = self.view.knowledge.read(text, language)
            found = columns(pack(noted)) if noted is not None else None
            known = self._edited[path] = Source(path, language, text, list(map(Symbol._make, symbols)), found)
        return known

    def _made(self, row: FileRow) -> Source | None:
        if row.name in self.view.edits:
            return self._as_edited(row.name)
        known = self._kept.get(row.name)
        if known is not None:
            return known
        content = self.view.content(row.number)
        if content is None:
            return None
        symbols = self.view.catalog.symbols_of(row.number)
        places = self.table.of(row.number) if self.ready else None
        packed = None if places is None else places[1]
        source = Source(
            row.name,
            row.language,
            searchable(content),
            unpack(symbols[1]) if symbols is not None else [],
            columns(packed) if packed is not None else None,
        )
        self._kept[row.name] = source
        self._size += len(content)
        while self._size > KEPT_BYTES and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._size -= len(gone.text)
        return source

    def files_with(self, name: str, *, defining: bool = False) -> Iterator[Source]:
        """The files whose text holds a name as a word, or of which it is the name of a definition."""
        for row in self.rows_with(name, defining=defining):
            source = self._made(row)
            if source is not None:
                yield source

    def rows_with(self, name: str, *, defining: bool = False) -> list[FileRow]:
        """The same as rows of the catalogue."""
        rows, raw = self._indexed_with(name, defining=defining), name.encode("utf-8", "surrogateescape")
        known = {row.name for row in rows}
        return rows + [
            self.view.edited_row(path) for path, text in self.view.edits.items() if raw in text and path not in known
        ]

    def _indexed_with(self, name: str, *, defining: bool) -> list[FileRow]:
        key = next((key for _, key, role, *_ in _native.terms(name.encode("utf-8", "replace")) if role == WHOLE), None)
        if key is None or (len(name) < SHORT and not defining):  # single letters are no words of a text
            formula = name_formula(SymbolFilter(name, Syntax.TEXT, False))
            return self.view.catalog.files_of(list(self.view.store.candidates(formula)))
        postings = self.view.store.word_postings(key)
        numbers = memoryview(postings.numbers).cast("I").tolist()
        if defining:
            numbers = [n for n, payload in zip(numbers, postings.payloads, strict=True) if payload & NAMED_WHOLE]
        return self.view.catalog.files_of(numbers)

    def definitions(self, name: str) -> list[tuple[Source, int]]:
        """Everything that has exactly this name."""
        key = ("definitions", name)
        known = self.cache.get(key)
        if known is None:
            known = self.cache[key] = [
                (source.path, index)
                for source in self.files_with(name, defining=True)
                for index, symbol in enumerate(source.symbols)
                if symbol.name == name
            ]
        return [(source, index) for path, index in known if (source := self.get(path)) is not None]  # type: ignore[attr-defined]
