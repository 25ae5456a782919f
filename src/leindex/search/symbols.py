"""Definitions by name, outlines, and the places where a name is called.

No table of names is kept: a document whose definitions have a name holds that name as text, so the gram index finds
the candidates, and the postings of words find first those where it is the whole name of a definition. Their stored
symbols decide. Calls are looked for in the candidates' texts when they are asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .. import _native
from ..errors import ConfigError, QueryError
from ..models import Completeness, FileRow
from ..query.ast import Definition, KindFilter, SymbolFilter, Syntax
from ..query.formula import Formula, Lit
from ..query.paths import kind_holds, name_predicate
from ..query.plan import name_formula
from ..query.regex import letters_of
from ..terms import NAMED_WHOLE
from ..text import searchable
from .conditions import check_kind
from .definitions import Definitions, Symbol, unpack
from .passages import Passage
from .select import Selection
from .snippets import Text, heading

if TYPE_CHECKING:
    from ..index import Index

WHOLE: Final = 0
MOST_DOCUMENTS: Final = 4000
"""Candidates that are looked at for one name before the answer is cut."""

CALLS_SECONDS: Final = 5.0
"""How long call sites are looked for before the answer is cut."""

Calls = Callable[[bytes, str], Sequence[tuple[str, int, int]]]
"""The call sites in a content of a language: name, line from 1, column in bytes from 0."""


@dataclass(frozen=True, slots=True)
class SymbolHit:
    """A definition in a file. `signature` is its head on one line."""

    path: str
    language: str
    name: str
    kind: str
    container: str
    start_line: int
    end_line: int
    line: int
    visibility: str
    signature: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A call site: the line from 1, the column in characters from 0, and the line's text."""

    path: str
    language: str
    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class SymbolResult:
    """The answer about a name."""

    name: str
    definitions: tuple[SymbolHit, ...]
    references: tuple[Reference, ...]
    completeness: Completeness


def find_symbols(
    index: Index,
    name: str,
    *,
    kind: str | None,
    languages: frozenset[str] | None,
    limit: int,
    scope: str,
    kinds: Sequence[str],
) -> SymbolResult:
    """Definitions whose name has `name` in it (smart case), or matches it if it is `/regex/`; exact names first.

    Raises QueryError for a name that is empty or refused, or a `kind` that is none of `kinds`.
    """
    if kind is not None:
        check_kind(kind, kinds)
    pick, formula = _wanted(name, kind)
    seen = Selection(pending=index.catalog.pending())
    hits: list[SymbolHit] = []
    truncated = False
    for number in candidates(index, name, formula):
        if seen.candidates >= MOST_DOCUMENTS or len(hits) > 4 * limit:
            truncated = True
            break
        seen.candidates += 1
        hits += _definitions(index, number, pick, languages, scope)
    seen.verified = seen.candidates
    hits.sort(key=lambda hit: order_of(hit, name))
    return SymbolResult(
        name,
        tuple(hits[:limit]),
        (),
        index.completeness(seen, truncated=truncated or len(hits) > limit, scope=scope, indexed_only=True),
    )


def references(
    index: Index, name: str, calls: Calls, *, languages: frozenset[str] | None, limit: int, scope: str
) -> SymbolResult:
    """Definitions of exactly this name, and the places where it is called."""
    if not name or name.startswith("/"):
        raise QueryError("refs takes the name of a definition", text=name)
    pick, formula = _wanted(name, None)
    seen = Selection(pending=index.catalog.pending())
    definitions: list[SymbolHit] = []
    found: list[Reference] = []
    ends = time.monotonic() + CALLS_SECONDS
    truncated = False
    for number in candidates(index, name, formula):
        if time.monotonic() > ends or len(found) > limit:
            truncated = True
            break
        rows = _rows(index, number, languages, scope)
        content = index.store.contents([number])[0] if rows else None
        if content is None:
            continue
        seen.candidates += 1
        definitions += [hit for hit in _definitions(index, number, pick, languages, scope) if hit.name == name]
        found += _references(name, rows, content, calls)
    seen.verified = seen.candidates
    found.sort(key=lambda ref: (ref.path.replace("/", "\0"), ref.line, ref.column))
    definitions.sort(key=lambda hit: order_of(hit, name))
    truncated = truncated or len(found) > limit
    return SymbolResult(
        name,
        tuple(definitions),
        tuple(found[:limit]),
        index.completeness(seen, truncated=truncated, scope=scope, indexed_only=True),
    )


def outline(index: Index, path: str, extract: Callable[[bytes, str], Sequence[Sequence[object]]]) -> list[SymbolHit]:
    """The definitions of a file in the order of their beginning; read from its text if they are not stored yet.

    Raises ConfigError for a file that is not indexed.
    """
    row = index.catalog.file(path.encode("utf-8", "surrogateescape"))
    if row is None or not row.number:
        reason = f" ({row.skipped})" if row is not None and row.skipped else ""
        raise ConfigError(f"{path}: is not in the index of {index.root}{reason}")
    content = index.read(path)
    stored = index.catalog.symbols_of(row.number)
    symbols = (
        unpack(stored[1]) if stored is not None else [Symbol(*fields) for fields in extract(content, row.language)]  # type: ignore[arg-type]
    )
    text = Text(searchable(content))
    return [hit_of(row, symbol, text) for symbol in symbols]


def _wanted(name: str, kind: str | None) -> tuple[Callable[[Definitions], list[Symbol]], Formula]:
    """What picks the definitions out of a document's, and what a text must hold to have one."""
    if not name:
        raise QueryError("the name is empty")
    if len(name) > 2 and name.startswith("/") and name.endswith("/"):
        pattern = name[1:-1]
        node = SymbolFilter(pattern, Syntax.REGEX, letters_of([pattern]).smart_ignore_case)
    else:
        node = SymbolFilter(name, Syntax.TEXT, name == name.lower())
    named = name_predicate(node)
    of_kind = Definition(node, () if kind is None else (KindFilter(kind),))

    def pick(definitions: Definitions) -> list[Symbol]:
        some = definitions if node.syntax is Syntax.REGEX else definitions.may_hold(name)
        return [symbol for symbol in some if named(symbol.name) and kind_holds(of_kind, symbol.kind)]

    return pick, name_formula(node)


def candidates(index: Index, name: str, formula: Formula) -> Iterator[int]:
    """Documents that may define the name, those first that define exactly it."""
    first: dict[int, None] = {}
    for _, key, role, *_ in _native.terms(name.encode("utf-8", "replace")):
        if role == WHOLE:
            postings = index.store.word_postings(key)
            numbers = memoryview(postings.numbers).cast("I")
            first.update(
                (n, None) for n, payload in zip(numbers, postings.payloads, strict=True) if payload & NAMED_WHOLE
            )
    yield from first
    if not isinstance(formula, Lit) or len(formula.data) > 1:
        yield from (number for number in index.store.candidates(formula) if number not in first)


def _rows(index: Index, number: int, languages: frozenset[str] | None, scope: str) -> list[FileRow]:
    prefix = scope + "/" if scope else ""
    return [
        row
        for row in index.catalog.files_of([number])
        if row.name.startswith(prefix) and (languages is None or row.language in languages)
    ]


def _definitions(
    index: Index,
    number: int,
    pick: Callable[[Definitions], list[Symbol]],
    languages: frozenset[str] | None,
    scope: str,
) -> Iterable[SymbolHit]:
    stored = index.catalog.symbols_of(number)
    symbols = pick(Definitions(stored[1])) if stored is not None else []
    rows = _rows(index, number, languages, scope) if symbols else []
    content = index.store.contents([number])[0] if rows else None
    if content is None:
        return ()
    text = Text(searchable(content))
    return [hit_of(row, symbol, text) for row in rows for symbol in symbols]


def hit_of(row: FileRow, symbol: Symbol, text: Text) -> SymbolHit:
    return SymbolHit(
        path=row.name,
        language=row.language,
        name=symbol.name,
        kind=symbol.kind,
        container=symbol.container,
        start_line=symbol.start_line,
        end_line=symbol.end_line,
        line=symbol.line,
        visibility=symbol.visibility,
        signature=heading(text, Passage(symbol.start_line, symbol.end_line, symbol)),
    )


def _references(name: str, rows: Sequence[FileRow], content: bytes, calls: Calls) -> Iterator[Reference]:
    places = [(line, column) for called, line, column in calls(content, rows[0].language) if called == name]
    if not places:
        return
    lines = searchable(content).split(b"\n")
    for row in rows:
        for line, column in places:
            raw = lines[line - 1].rstrip(b"\r") if line <= len(lines) else b""
            shown = len(raw[:column].decode("utf-8", "replace"))
            yield Reference(row.name, row.language, line, shown, raw.decode("utf-8", "replace")[:500])


def order_of(hit: SymbolHit, name: str) -> tuple[int, int, str, str, int]:
    """Exact names first, then those that differ in case, then those that begin with it, then the shorter."""
    if hit.name == name:
        rank = 0
    elif hit.name.lower() == name.lower():
        rank = 1
    else:
        rank = 2 if hit.name.lower().startswith(name.lower()) else 3
    return rank, len(hit.name) if rank > 1 else 0, hit.name, hit.path.replace("/", "\0"), hit.line
