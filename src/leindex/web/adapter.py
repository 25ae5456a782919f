"""Symbols of an index, until the facade answers for them itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..index import Index
from ..models import FileRow
from ..query.formula import Lit
from ..search.source import Symbol, unpack
from ..text import fold


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition and the file it is in."""

    row: FileRow
    symbol: Symbol


def symbols_of(index: Index, row: FileRow) -> list[Symbol]:
    """The definitions of a file."""
    stored = index.catalog.symbols_of(row.number) if row.number else None
    return unpack(stored[1]) if stored is not None else []


def definitions(index: Index, name: str, kind: str | None, languages: frozenset[str] | None,
                check: Callable[[], None]) -> Iterator[Definition]:
    """Every definition whose name contains `name`, ignoring case."""
    wanted = name.lower()
    for number in index.store.candidates(Lit(fold(name.encode()))):
        check()
        stored = index.catalog.symbols_of(number)
        if stored is None or (languages is not None and stored[0] not in languages):
            continue
        found = [s for s in unpack(stored[1]) if wanted in s.name.lower() and (kind is None or s.kind == kind)]
        if found:
            for row in index.catalog.files_of([number]):
                for symbol in found:
                    yield Definition(row, symbol)
