"""What an engine is asked: a boolean formula over literals that a text must hold.

The planner (`plan.py`) turns a query into one of these; an engine answers with the documents that may satisfy it,
more rather than fewer. Literals are bytes of the *searchable text* (see `leindex.text`), at least one byte long,
without a newline; those whose case does not matter are written with `~` before them and in lower case. How a
literal is looked up (4-grams, n-gram tokens, a scan), and whether it minds the case, is the engine's own affair.

    >>> str(both(Lit(b"retry"), either(Lit(b"count"), Lit(b"total"))))
    'retry (count|total)'
"""

from __future__ import annotations

from typing import TypeAlias

from ..records import record
from ..text import fold


@record(frozen=True, slots=True)
class Anything:
    """Every document is a candidate: nothing is known that a match must hold."""

    def __str__(self) -> str:
        return "*"


@record(frozen=True, slots=True)
class Nothing:
    """No document can match."""

    def __str__(self) -> str:
        return "!"


@record(frozen=True, slots=True)
class Lit:
    """The text holds `data`; with `any_case`, its folded text holds `data`, which is folded too."""

    data: bytes
    any_case: bool = False

    def __str__(self) -> str:
        return "~" * self.any_case + self.data.decode("utf-8", "backslashreplace").replace(" ", "\\s")


@record(frozen=True, slots=True)
class And:
    parts: tuple[Formula, ...]

    def __str__(self) -> str:
        return " ".join(f"({p})" if isinstance(p, Or) else str(p) for p in self.parts)


@record(frozen=True, slots=True)
class Or:
    parts: tuple[Formula, ...]

    def __str__(self) -> str:
        return "|".join(f"({p})" if isinstance(p, And) else str(p) for p in self.parts)


Formula: TypeAlias = Anything | Nothing | Lit | And | Or


def both(*parts: Formula) -> Formula:
    """The conjunction, flattened, without repeats; `Nothing` wins, `Anything` vanishes."""
    kept: dict[Formula, None] = {}
    for part in parts:
        for item in part.parts if isinstance(part, And) else (part,):
            if isinstance(item, Nothing):
                return item
            if not isinstance(item, Anything):
                kept[item] = None
    if not kept:
        return Anything()
    return next(iter(kept)) if len(kept) == 1 else And(tuple(kept))


def either(*parts: Formula) -> Formula:
    """The disjunction, flattened, without repeats; `Anything` wins, `Nothing` vanishes."""
    kept: dict[Formula, None] = {}
    for part in parts:
        for item in part.parts if isinstance(part, Or) else (part,):
            if isinstance(item, Anything):
                return item
            if not isinstance(item, Nothing):
                kept[item] = None
    if not kept:
        return Nothing()
    return next(iter(kept)) if len(kept) == 1 else Or(tuple(kept))


def accepts(formula: Formula, text: bytes) -> bool:
    """Whether a text may match, given its searchable text: the naive reading."""
    match formula:
        case Anything():
            return True
        case Nothing():
            return False
        case Lit(data, any_case):
            return data in (fold(text) if any_case else text)
        case And(parts):
            return all(accepts(p, text) for p in parts)
        case Or(parts):
            return any(accepts(p, text) for p in parts)
