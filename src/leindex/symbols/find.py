"""Definitions by name, outlines, and the places where a name is called.

No table of names is kept: a document whose definitions have a name holds that name as text, so the gram index finds
the candidates, and the postings of words find first those where it is the whole name of a definition. Their stored
symbols decide. Calls are looked for in the candidates' texts when they are asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from .. import _native
from ..definition import OUTLINE_ONLY, Symbol
from ..errors import QueryError
from ..models import Completeness, FileRow
from ..query.ast import Definition, KindFilter, SymbolFilter, Syntax
from ..query.paths import kind_holds, name_predicate
from ..query.plan import name_formula
from ..questions import ReferenceQuestion, SymbolQuestion
from ..records import record
from ..regex.parse import letters_of
from ..storage.formula import Formula, Lit
from ..terms import NAMED_WHOLE
from ..text import searchable
from ..views.select import Selection
from ..views.view import View
from .definitions import Definitions, unpack
from .heading import Text, signature

WHOLE: Final = 0
MOST_DOCUMENTS: Final = 4000
"""Candidates that are looked at for one name before the answer is cut."""

OUTLINED: Final = 4
"""How much later in `order_of` definitions come that name no code."""

LINE_SHOWN: Final = 500
"""Characters of a line with a call that are shown."""

CALLS_SECONDS: Final = 5.0
"""How long call sites are looked for before the answer is cut."""


@record(frozen=True, slots=True)
class SymbolHit:
    """A definition in a file. `signature` is its head on one line; `views` are the names of the views that have it,
    where views are asked."""

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
    views: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class Reference:
    """A call site: the line from 1, the column in characters from 0, and the line's text."""

    path: str
    language: str
    line: int
    column: int
    text: str
    views: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class SymbolResult:
    """The answer about a name."""

    name: str
    definitions: tuple[SymbolHit, ...]
    references: tuple[Reference, ...]
    completeness: Completeness


def find_symbols(view: View, question: SymbolQuestion) -> SymbolResult:
    """Definitions whose name has `name` in it (smart case), or matches it if it is `/regex/`; exact names first.

    Raises QueryError for a name that is empty or refused, or a kind or a language that is unknown.
    """
    if question.kind is not None:
        check_kind(question.kind, view.knowledge.kinds)
    look = _Look(view, question.name, question.kind, question.language)
    limit = question.limit
    hits: list[SymbolHit] = []
    outlined: list[SymbolHit] = []  # apart, so that many keys of a name do not hide the code of that name
    apart = OUTLINE_ONLY if question.kind is None else frozenset[str]()
    truncated = False
    for number in look.candidates():
        if look.seen.candidates >= MOST_DOCUMENTS or len(hits) > 4 * limit:
            truncated = True
            break
        look.seen.candidates += 1
        for hit in look.definitions(number):
            (outlined if hit.kind in apart else hits).append(hit)
        truncated = truncated or len(outlined) > 4 * limit
        del outlined[4 * limit :]
    hits += outlined
    hits.sort(key=lambda hit: order_of(hit, question.name))
    return look.answer(hits[:limit], [], truncated=truncated or len(hits) > limit)


def references(view: View, question: ReferenceQuestion) -> SymbolResult:
    """Definitions of exactly this name, and the places where it is called.

    Raises QueryError for what is no name, or a language that is unknown.
    """
    name, limit = question.name, question.limit
    if not name or name.startswith("/"):
        raise QueryError("refs takes the name of a definition", text=name)
    look = _Look(view, name, None, question.language)
    definitions: list[SymbolHit] = []
    found: list[Reference] = []
    ends = time.monotonic() + CALLS_SECONDS
    truncated = False
    for number in look.candidates():
        if time.monotonic() > ends or len(found) > limit:
            truncated = True
            break
        rows = look.rows(number)
        content = view.content(number) if rows else None
        if content is None:
            continue
        look.seen.candidates += 1
        definitions += [hit for hit in look.definitions(number) if hit.name == name]
        found += look.calls(rows, content)
    found.sort(key=lambda ref: (ref.path.replace("/", "\0"), ref.line, ref.column))
    definitions.sort(key=lambda hit: order_of(hit, name))
    return look.answer(definitions, found[:limit], truncated=truncated or len(found) > limit)


def outline(view: View, path: str) -> list[SymbolHit]:
    """The definitions of a file in the order of their beginning; read from its text if they are not stored yet.

    Raises ConfigError for a file that is not indexed.
    """
    edited = view.edits.get(path)
    row = view.file(path) if edited is None else view.edited_row(path)
    content = view.read(path) if edited is None else edited
    stored = view.catalog.symbols_of(row.number) if edited is None else None
    if stored is not None:
        symbols = unpack(stored[1])
    else:
        symbols = list(map(Symbol._make, view.knowledge.definitions(content, row.language)))
    text = Text(searchable(content))
    return [hit_of(row, symbol, text, view.views_of(row.views)) for symbol in symbols]


class _Look:
    """One look for a name: what is asked, of which view, and what was looked at."""

    def __init__(self, view: View, name: str, kind: str | None, language: str | None) -> None:
        self.view, self.name = view, name
        self.languages = None if language is None else view.knowledge.languages(language)
        self.pick, self.formula = _wanted(name, kind)
        self.seen = Selection(pending=view.catalog.pending())

    def candidates(self) -> Iterator[int]:
        """Documents that may define the name, those first that define exactly it."""
        return candidates(self.view, self.name, self.formula)

    def rows(self, number: int) -> list[FileRow]:
        """The files of a document that are asked for."""
        return [row for row in self.view.files_of([number]) if self.languages is None or row.language in self.languages]

    def definitions(self, number: int) -> Iterable[SymbolHit]:
        """What a document defines of the name, in each of its files."""
        stored = self.view.catalog.symbols_of(number)
        symbols = self.pick(Definitions(stored[1])) if stored is not None else []
        rows = self.rows(number) if symbols else []
        content = self.view.content(number) if rows else None
        if content is None:
            return ()
        text = Text(searchable(content))
        named = self.view.views_of
        return [hit_of(row, symbol, text, named(row.views)) for row in rows for symbol in symbols]

    def calls(self, rows: Sequence[FileRow], content: bytes) -> Iterator[Reference]:
        """Where a content calls the name, in each of its files."""
        sites = self.view.knowledge.calls(content, rows[0].language)
        places = [(line, column) for called, line, column in sites if called == self.name]
        if not places:
            return
        lines = searchable(content).split(b"\n")
        for row in rows:
            current = counted = shown = 0
            for line, column in places:  # in order, so that a long line with many calls is gone through once
                raw = lines[line - 1] if line <= len(lines) else b""
                if line != current:
                    current, counted, shown = line, 0, 0
                    said = raw[: 4 * LINE_SHOWN].decode("utf-8", "replace")[:LINE_SHOWN].rstrip("\r")
                shown += len(raw[counted:column].decode("utf-8", "replace"))
                counted = column
                yield Reference(row.name, row.language, line, shown, said, self.view.views_of(row.views))

    def answer(self, definitions: Sequence[SymbolHit], found: Sequence[Reference], *, truncated: bool) -> SymbolResult:
        """What was found, and what was looked at for it."""
        self.seen.verified = self.seen.candidates
        covered = self.view.completeness(self.seen, truncated=truncated, indexed_only=True)
        return SymbolResult(self.name, tuple(definitions), tuple(found), covered)


def check_kind(value: str, known: Sequence[str]) -> None:
    """Raises QueryError for a kind of definition that is none of those that are known."""
    if value.lower() in known:
        return
    import difflib  # costs 5 ms, and only a mistake needs it

    near = difflib.get_close_matches(value.lower(), known, 1)
    advice = f"did you mean {near[0]}?" if near else f"the kinds are: {', '.join(known)}"
    raise QueryError(f"unknown kind of definition {value!r}", text=value, advice=advice)


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


def candidates(view: View, name: str, formula: Formula) -> Iterator[int]:
    """Documents that may define the name, those first that define exactly it."""
    first: dict[int, None] = {}
    for _, key, role, *_ in _native.terms(name.encode("utf-8", "replace")):
        if role == WHOLE:
            postings = view.store.word_postings(key)
            numbers = memoryview(postings.numbers).cast("I")
            first.update(
                (n, None) for n, payload in zip(numbers, postings.payloads, strict=True) if payload & NAMED_WHOLE
            )
    yield from first
    if not isinstance(formula, Lit) or len(formula.data) > 1:
        yield from (number for number in view.store.candidates(formula) if number not in first)


def hit_of(row: FileRow, symbol: Symbol, text: Text, views: tuple[str, ...] = ()) -> SymbolHit:
    """A definition in one of the files of its content."""
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
        signature=signature(text, max(symbol.line, symbol.start_line), symbol.end_line),
        views=views,
    )


def order_of(hit: SymbolHit, name: str) -> tuple[int, int, str, str, int]:
    """What names code before keys and selectors; of these exact names first, then those that differ in case, then those
    that begin with it, then the shorter."""
    if hit.name == name:
        rank = 0
    elif hit.name.lower() == name.lower():
        rank = 1
    else:
        rank = 2 if hit.name.lower().startswith(name.lower()) else 3
    rank += OUTLINED if hit.kind in OUTLINE_ONLY else 0
    return rank, len(hit.name) if rank % OUTLINED > 1 else 0, hit.name, hit.path.replace("/", "\0"), hit.line
