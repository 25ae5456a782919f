"""Definitions in languages whose lines show them, by the table in `shape_table.py`.

A shape says how comments, strings and ends of statements look, and which patterns begin a definition. Comments and
strings are made blank first, so that neither a brace nor a word in them counts. The patterns then run over the whole
text; what a definition belongs to follows from the ranges. Time is linear in the file: every pattern is anchored, and
every range is found by bisection in lists that one pass makes.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache
from typing import Final

from ...definition import Symbol
from .shape_table import SHAPES, Rule, Shape

NAME_LIMIT: Final = 200
"""Bytes of the longest name that is believed."""
OWNERS_LIMIT: Final = 5 * NAME_LIMIT
"""Characters of a qualified name from which on owners further in are left out."""

_BLANK: Final = bytes(byte if byte in b"\n\r" else 32 for byte in range(256))
_PAIRS: Final = {ord("("): ord(")"), ord("["): ord("]"), ord("{"): ord("}")}
_QUOTES: Final = b"\"'`["
_WORDS: Final = re.compile(r"[^\s.\"'`\[\]]+")


def shaped(content: bytes, language: str) -> list[Symbol]:
    """The definitions in a text in one of the languages of the table, in the order in which they start."""
    shape = SHAPES[language]
    text = _Text(content, shape)
    found = sorted(
        (item for place, rule in enumerate(shape.rules) for item in _named(text, rule, place)),
        key=lambda item: (item.start, item.place),
    )
    return _nested(text, found, shape)


class _Text:
    """A text with its comments blanked, with its strings blanked too, and where its brackets close."""

    def __init__(self, content: bytes, shape: Shape) -> None:
        self.content = content
        code, bare = bytearray(content), bytearray(content)
        for match in _compiled(shape.hidden).finditer(content):
            start, end = match.span()
            if match.lastgroup == "comment":
                code[start:end] = content[start:end].translate(_BLANK)
                bare[start:end] = code[start:end]
            else:  # the first character stays: a name may begin with a quote
                bare[start + 1 : end] = content[start + 1 : end].translate(_BLANK)
        self.code, self.bare = bytes(code), bytes(bare)
        self.starts = [0, *(match.end() for match in re.finditer(rb"\n", content))]
        self.depths = [0]
        self.stops: list[int] = []
        self.closes: dict[int, int] = {}
        self._match_brackets(shape)
        self.ends = (
            [match.end() - 1 for match in _compiled(shape.body_end).finditer(self.bare)] if shape.body_end else []
        )

    def _match_brackets(self, shape: Shape) -> None:
        opened: list[int] = []
        for match in _compiled(rb"[()\[\]{}" + re.escape(shape.terminators) + rb"]").finditer(self.bare):
            at = match.start()
            byte = self.bare[at]
            self.stops.append(at)
            if byte in _PAIRS:
                opened.append(at)
            elif opened and byte == _PAIRS[self.bare[opened[-1]]]:
                self.closes[opened.pop()] = at
            self.depths.append(len(opened))

    def row(self, at: int) -> int:
        """The line of a byte, from 1."""
        return bisect_left(self.starts, at + 1)

    def depth(self, at: int) -> int:
        """How many brackets are open there."""
        return self.depths[bisect_left(self.stops, at)]

    def end(self, item: _Named, shape: Shape) -> int:
        """Where a statement ends: its last byte."""
        place = bisect_left(self.stops, item.start)
        while place < len(self.stops):
            stop = self.stops[place]
            if stop in self.closes:
                close = self.closes[stop]
                if self.bare[stop] == ord("{") and shape.braces_end and close >= item.end:
                    return close
                place = bisect_left(self.stops, close, place)
            elif self.bare[stop] in _PAIRS and stop >= item.end:  # never closed
                return len(self.bare) if item.rule.body else self.row_end(item.end)
            elif stop >= item.end:
                return stop if self.bare[stop] == ord(";") else max(stop - 1, item.end - 1)
            place += 1
        return len(self.bare)

    def row_end(self, at: int) -> int:
        """The end of the line of a byte."""
        row = self.row(at)
        return self.starts[row] - 1 if row < len(self.starts) else len(self.content)


class _Named:
    """A name that a pattern found: where its definition starts, where it stands, and by which rule."""

    __slots__ = ("end", "name", "name_start", "place", "rule", "start", "within")

    def __init__(self, place: int, rule: Rule, span: tuple[int, int, int], name: str, within: str) -> None:
        self.place, self.rule, self.name, self.within = place, rule, name, within
        self.start, self.name_start, self.end = span


@cache
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.MULTILINE)


def _named(text: _Text, rule: Rule, place: int) -> list[_Named]:
    found: list[_Named] = []
    for match in _compiled(rule.pattern).finditer(text.bare if rule.bare else text.code):
        groups = match.groupdict()
        if groups.get("only", b"") is None:
            continue
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        if (
            start >= len(text.bare)
            or text.bare[start] == 32
            or (rule.depth is not None and text.depth(start) != rule.depth)
        ):
            continue
        within = ".".join(_WORDS.findall((groups.get("within") or b"").decode("utf-8", "replace")))
        spans = [match.span("name")]
        if rule.each:  # in what is not quoted
            spans = [piece.span() for piece in _compiled(rule.each).finditer(text.bare, *match.span("name"))]
        for first, last in spans:
            end = last
            if rule.quoted and text.code[first] in _QUOTES:
                first, last = first + 1, last - 1
            raw = text.code[first:last]
            raw = _compiled(rule.without).sub(b"", raw) if rule.without else raw
            name = " ".join(raw.decode("utf-8", "replace").split())
            if name and last - first <= NAME_LIMIT:
                found.append(_Named(place, rule, (start, first, end), name, within))
    return found


def _nested(text: _Text, found: list[_Named], shape: Shape) -> list[Symbol]:
    """The symbols, each in what it lies in."""
    symbols: list[Symbol] = []
    around: list[tuple[int, int, str, str]] = []  # range, qualified name and kind of the definitions that are open
    seen: set[int] = set()
    ends = _indented(text, found, shape) if shape.by_indent else None
    sections = [item.start for item in found if item.rule.section]
    bodies = [item.start for item in found if item.rule.body]
    for place, item in enumerate(found):
        rule = item.rule
        if item.name_start in seen:
            continue
        if rule.section:
            following = bisect_left(sections, item.start + 1)
            end = sections[following] - 1 if following < len(sections) else len(text.content)
        elif rule.line:
            end = text.row_end(item.name_start)
        elif rule.body:
            end = _body_end(text, item, bodies, shape)
        elif ends is not None:
            end = ends[place]
        else:
            end = text.end(item, shape)
        while around and (
            around[-1][1] < item.start or around[-1][0] == item.start
        ):  # names of one statement are equals
            around.pop()
        container, outer = around[-1][2:] if around else ("", "")
        if (rule.inside is not None and outer not in rule.inside) or end < 0:
            continue
        seen.add(item.name_start)
        if item.within and not container:
            container = item.within
        qualified = f"{container}.{item.name}" if container else item.name
        if not rule.leaf:
            around.append((item.start, end, qualified if len(qualified) < OWNERS_LIMIT else container, rule.kind))
        if rule.kind != "scope":
            symbols.append(_symbol(text, item, container, end))
    return symbols


def _symbol(text: _Text, item: _Named, container: str, end: int) -> Symbol:
    first, line = text.row(item.start), text.row(item.name_start)
    last = text.row(max(min(end, len(text.content) - 1), 0))
    while (
        last > line
        and not text.content[text.starts[last - 1] : text.starts[last] if last < len(text.starts) else None].strip()
    ):
        last -= 1
    column = item.name_start - text.starts[line - 1]
    return Symbol(item.name, item.rule.kind, container, first, max(last, line), line, column, "")


def _body_end(text: _Text, item: _Named, bodies: list[int], shape: Shape) -> int:
    """The end of a body that a word closes: the first such line, and none beyond the next body's beginning."""
    following = bisect_left(bodies, item.start + 1)
    limit = bodies[following] - 1 if following < len(bodies) else len(text.content)
    end = min(text.end(item, shape), limit)
    if shape.body_start and not _compiled(shape.body_start).search(text.bare, item.end, end):
        return end
    closing = bisect_left(text.ends, item.end)
    return min(text.ends[closing], limit) if closing < len(text.ends) else limit


def _indented(text: _Text, found: list[_Named], shape: Shape) -> list[int]:
    """The last byte of each definition: of the last line before one that is indented no deeper. -1 for what lies in
    literal text."""
    ends = [-1] * len(found)
    rows: dict[int, list[int]] = {}
    for place, item in enumerate(found):
        rows.setdefault(text.row(item.name_start), []).append(place)
    opened: list[tuple[float, int]] = []
    literal: float = -1
    last = 0
    for row, start in enumerate(text.starts, 1):
        end = text.starts[row] - 1 if row < len(text.starts) else len(text.content)
        line = text.code[start:end].expandtabs(8)
        if not line.strip():
            continue
        indent: float = len(line) - len(line.lstrip())
        if literal >= 0:
            if indent > literal:
                last = end
                continue
            literal = -1
        if shape.items and line.lstrip().startswith(shape.items):
            indent += 0.5  # an item may stand in the column of what it belongs to
        while opened and opened[-1][0] >= indent:
            ends[opened.pop()[1]] = last
        last = end
        for place in rows.get(row, ()):
            name = found[place].name_start
            column = name - start - (text.code[name - 1] in _QUOTES if name else 0)
            opened.append((float(column) if shape.items else indent, place))
        if shape.literal and _compiled(shape.literal).search(text.bare, start, end):
            literal = float(int(indent))
    for _, place in opened:
        ends[place] = last
    return ends
