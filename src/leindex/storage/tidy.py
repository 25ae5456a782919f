"""Formulas made smaller without accepting less: implied, worthless and surplus parts are dropped.

>>> from leindex.storage.formula import Lit, both
>>> str(tidy(both(Lit(b"retry"), Lit(b"retry_count"), Lit(b"if"))))
'retry_count'
"""

from __future__ import annotations

from typing import Final

from ..text import fold
from .formula import And, Anything, Formula, Lit, Nothing, Or, both, either

MAX_LITERALS: Final = 512
"""Literals that a whole formula may hold."""

WEAK: Final = 2
"""Strength of a literal that is only worth asking where nothing stronger is known."""
MAX_WEAK: Final = 4
"""Weak alternatives that narrow anything together; two letters each of ten stand in most files."""
_MAX_COMPARED: Final = 20_000


def strength(formula: Formula) -> int:
    """How much a formula narrows, in bytes of the literal that it stands or falls with.

    Bytes beyond ASCII count for two more, since such text is rare in source code.
    """
    match formula:
        case Lit(data, _):
            return len(data) + (0 if data.isascii() else 2)
        case And(parts):
            return max(map(strength, parts))
        case Or(parts):
            return min(map(strength, parts))
        case Nothing():
            return 1 << 30
        case Anything():
            return 0


def count_literals(formula: Formula) -> int:
    """How many literals the formula holds, repeats included."""
    if isinstance(formula, And | Or):
        return sum(map(count_literals, formula.parts))
    return 1 if isinstance(formula, Lit) else 0


def implies(one: Formula, other: Formula) -> bool:
    """Whether every text that satisfies `one` satisfies `other`, as far as their shapes show it."""
    match one, other:
        case (Nothing(), _) | (_, Anything()):
            return True
        case _, And(parts):
            return all(implies(one, part) for part in parts)
        case Or(parts), _:
            return all(implies(part, other) for part in parts)
        case Lit(), Lit():
            return _holds(one, other)
        case And(parts), Lit():
            return any(implies(part, other) for part in parts)
        case Lit(), Or(parts):
            return any(implies(one, part) for part in parts)
        case And(parts), Or(choices):
            return any(implies(one, choice) for choice in choices) or any(implies(part, other) for part in parts)
    return False


def _holds(one: Lit, other: Lit) -> bool:
    """Whether a text with the one literal has the other, as every text with `Retry` has `~try`."""
    if other.any_case:
        return other.data in fold(one.data)
    caseless = not one.any_case or other.data.lower() == other.data.upper()
    return caseless and other.data in one.data


def tidy(formula: Formula) -> Formula:
    """A formula that accepts at least the same texts and is cheaper to ask.

    In a conjunction, what another part implies is dropped, and so are literals of two ASCII bytes where there
    is something longer; in a disjunction, what implies another part. Past `MAX_LITERALS` the weakest parts
    go.
    """
    match formula:
        case And(parts):
            kept = _without_redundant(parts, keep_implied=False)
            if max(map(strength, kept)) > WEAK:
                kept = [part for part in kept if strength(part) > WEAK]
            return both(*map(_unless_vague, _within_budget(kept)))
        case Or(parts):
            return _unless_vague(either(*_without_redundant(parts, keep_implied=True)))
    return formula


def _unless_vague(formula: Formula) -> Formula:
    """The formula, or nothing where it asks too much or too many weak things."""
    limit = MAX_WEAK if strength(formula) <= WEAK else MAX_LITERALS
    return formula if count_literals(formula) <= limit else Anything()


def _without_redundant(parts: tuple[Formula, ...], *, keep_implied: bool) -> list[Formula]:
    """The parts without those that another makes superfluous; all of them where comparing would take long."""
    sizes = list(map(count_literals, parts))
    if sum(sizes) ** 2 > _MAX_COMPARED:
        return list(parts)
    kept: list[Formula] = []
    for part in parts:
        if any(implies(part, k) if keep_implied else implies(k, part) for k in kept):
            continue
        kept = [k for k in kept if not (implies(k, part) if keep_implied else implies(part, k))]
        kept.append(part)
    return kept


def _within_budget(parts: list[Formula]) -> list[Formula]:
    """The strongest parts that hold few enough literals together, in their order."""
    left = MAX_LITERALS
    kept = set()
    for part in sorted(parts, key=lambda p: (-strength(p), count_literals(p))):
        size = count_literals(part)
        if size <= left:
            kept.add(part)
            left -= size
    return [part for part in parts if part in kept]
