"""Definitions that were added, removed or changed in signature between two views of one index.

Only files whose content differs are looked at. A definition is the same in both views if its path, qualified name and
kind are; of several with these, overloads say, the signatures are compared as a set. One that is gone from a path and
is at another with the same signature has moved, and is neither removed nor added.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from ..definition import Symbol
from ..errors import QueryError
from ..models import FileRow
from ..query.ast import Query, ResultType
from ..query.parse import parse
from ..query.plan import plan, views_asked
from ..ranked.conditions import Conditions
from ..symbols.definitions import unpack
from ..symbols.heading import Text, signature
from ..text import searchable
from ..views.view import View

Kind = Literal["added", "removed", "changed"]
ORDER: Final = ("removed", "changed", "added")


class Change(NamedTuple):
    """A definition that differs: where it is (of one that is gone, was), and its signatures before and after, of which
    one is empty where it was added or removed. `name` is qualified with dots, `line` counts from 1."""

    change: Kind
    path: str
    line: int
    name: str
    kind: str
    before: str = ""
    after: str = ""

    def as_json(self) -> dict[str, Any]:
        """The fields as `--json` prints them."""
        return self._asdict()


class Comparison(NamedTuple):
    """The definitions that differ, by path and line. `files` are how many files differ, `moved` how many definitions
    are at another path with the same signature, `pending` how many contents have no definitions yet."""

    changes: tuple[Change, ...]
    files: int
    moved: int
    pending: int


class _Place(NamedTuple):
    """A definition of one side."""

    path: str
    line: int
    signature: str


_Key = tuple[str, str, str]
"""Path, qualified name, kind."""

_Side = dict[_Key, list[_Place]]
"""The definitions of the files that differ on one side."""

_Mark = tuple[str, str, str]
"""Qualified name, kind, signature: what stays the same of a definition that moves."""


def compare(old: View, new: View, query: str = "", check: Callable[[], None] = lambda: None) -> Comparison:
    """What differs between two views. `query` chooses definitions as `type:symbol` does. Raises QueryError for a query
    that is wrong, and what `check` raises."""
    asked = parse(query) if query.strip() else Query(None)
    if asked.type not in (None, ResultType.SYMBOL) or asked.within is not None:
        raise QueryError("definitions are compared", text=query, advice="leave type: and in: out")
    made = plan(asked)
    if views_asked(made.tree):
        raise QueryError("the views are those that are compared", text=query, advice="leave branch: and rev: out")
    conditions = Conditions(made, new)
    before, after = _files(old), _files(new)
    shared = set(before.values()) & set(after.values())
    differing = [path for path in {**before, **after} if before.get(path) != after.get(path)]
    sides = []
    for view, files in ((old, before), (new, after)):
        rows = {path: files[path] for path in differing if path in files and files[path] not in shared}
        sides.append(_definitions(view, rows, conditions, check))
    changes, moved = _matched(*sides)
    changes.sort(key=lambda change: (change.path.replace("/", "\0"), change.line, ORDER.index(change.change)))
    return Comparison(tuple(changes), len(differing), moved, new.catalog.pending())


def _files(view: View) -> dict[str, int]:
    """The documents of the files in the scope, by path."""
    table = view.table
    start, end = table.stretch(view.scope_bytes)
    found = zip(table.keys[start:end], table.numbers[start:end], strict=True)
    return {os.fsdecode(key.replace(b"\0", b"/")): number for key, number in found if number}


def _definitions(view: View, rows: Mapping[str, int], conditions: Conditions, check: Callable[[], None]) -> _Side:
    side: _Side = {}
    for path, number in rows.items():
        check()
        row = view.catalog.file(os.fsencode(path))
        stored = view.catalog.symbols_of(number)
        if row is None or stored is None or not conditions.row_may_match(row):
            continue
        chosen = [symbol for symbol in unpack(stored[1]) if _is_chosen(conditions, row, symbol)]
        content = view.content(number) if chosen else None
        if content is None:
            continue
        text = Text(searchable(content))
        for symbol in chosen:
            name = f"{symbol.container}.{symbol.name}" if symbol.container else symbol.name
            place = _Place(path, symbol.line, signature(text, symbol.line, symbol.end_line))
            side.setdefault((path, name, symbol.kind), []).append(place)
    return side


def _is_chosen(conditions: Conditions, row: FileRow, symbol: Symbol) -> bool:
    return conditions.matches(row, symbol.name.encode("utf-8", "replace"), lambda: [symbol])


def _matched(old: _Side, new: _Side) -> tuple[list[Change], int]:
    """The changes, and how many definitions moved."""
    changes: list[Change] = []
    gone: list[tuple[_Key, _Place]] = []
    came: list[tuple[_Key, _Place]] = []
    for key in {**old, **new}:
        before, after = _left(old.get(key, []), new.get(key, [])), _left(new.get(key, []), old.get(key, []))
        both = min(len(before), len(after))
        for was, now in zip(before[:both], after[:both], strict=True):
            changes.append(Change("changed", now.path, now.line, key[1], key[2], was.signature, now.signature))
        gone += [(key, place) for place in before[both:]]
        came += [(key, place) for place in after[both:]]
    moved = Counter(_mark(*pair) for pair in gone) & Counter(_mark(*pair) for pair in came)
    for (_, name, kind), place in _staying(gone, moved):
        changes.append(Change("removed", place.path, place.line, name, kind, before=place.signature))
    for (_, name, kind), place in _staying(came, moved):
        changes.append(Change("added", place.path, place.line, name, kind, after=place.signature))
    return changes, moved.total()


def _left(places: list[_Place], others: list[_Place]) -> list[_Place]:
    """Those whose signature the other side does not have, each as often as it has it."""
    there = Counter(place.signature for place in others)
    left = []
    for place in places:
        if there[place.signature]:
            there[place.signature] -= 1
        else:
            left.append(place)
    return left


def _mark(key: _Key, place: _Place) -> _Mark:
    return key[1], key[2], place.signature


def _staying(found: list[tuple[_Key, _Place]], moved: Counter[_Mark]) -> Iterator[tuple[_Key, _Place]]:
    """All but those that moved."""
    left = Counter(moved)
    for key, place in found:
        if left[_mark(key, place)]:
            left[_mark(key, place)] -= 1
        else:
            yield key, place
