"""Targets for words, passages, columns, the scanner of C, and lines as they are printed."""

from __future__ import annotations

import json
from array import array
from itertools import groupby
from typing import TYPE_CHECKING

from leindex._native import (
    bag,
    best_passage,
    c_symbols,
    count_newlines,
    line_starts,
    printed_lines,
    scan,
    symbol_columns,
    terms,
)

from .inputs import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    exact: Callable[[bytes], bytes]
else:
    from _fuzz import exact

WHOLE = 0


def words(data: bytes) -> None:
    """The terms of a text, and its bag: the same terms, those of names marked."""
    taken = Input(data)
    names, text = taken.piece(), taken.rest()
    of_text, of_names = terms(exact(text)), terms(exact(names))
    for term, _, _, start, end in of_text:
        assert 0 <= start < end <= len(text) and len(term) <= end - start, (term, start, end)
    hashes, payloads, length = bag(exact(text), exact(names))
    numbers = memoryview(hashes).cast("I").tolist()
    assert numbers == sorted(set(numbers)) and len(numbers) == len(payloads)
    assert length == len({(start, end) for *_, start, end in of_text} | bare_runs(text, of_text))
    counted = {number for term, number, *_ in of_text if len(term) > 1 or term >= b"\x80"}
    assert set(numbers) == counted | {number for _, number, *_ in of_names}
    whole = {number for _, number, role, *_ in of_names if role == WHOLE}
    assert all(bool(payload & 0x80) == (number in whole) for number, payload in zip(numbers, payloads, strict=True))
    assert all(payload & 0x3F for number, payload in zip(numbers, payloads, strict=True) if number in counted)


def bare_runs(text: bytes, known: list[tuple[bytes, int, int, int, int]]) -> set[tuple[int, int]]:
    """Runs without a term: underscores alone, and numbers that are data."""
    of_words = {(start, end) for *_, start, end in known}
    return {place for place in runs_of(text) if place not in of_words}


def runs_of(text: bytes) -> set[tuple[int, int]]:
    """Where the runs of ASCII text are; of any other text only what `terms` said is known."""
    if not text.isascii():
        return {(start, end) for *_, start, end in terms(text)} | {
            (-n - 1, -n) for n in range(bag(text, b"")[2] - len({(start, end) for *_, start, end in terms(text)}))
        }
    found, at = set(), 0
    for inside, run in groupby(text, lambda byte: chr(byte).isalnum() or byte == 95):
        size = len(list(run))
        if inside and size <= 96:
            found.add((at, at + size))
        at += size
    return found


def passages(data: bytes) -> None:
    """How often terms occur in the parts of a text, against what `terms` finds in each part."""
    taken = Input(data)
    wanted = b"\0".join(term for term in taken.piece().split(b"\0")[:64] if term)
    places = sorted(set(taken.take(taken.number() % 8)))
    text = taken.rest()
    starts = [0] + [place for place in places if place]
    counts, lengths = scan(exact(text), exact(wanted), exact(array("I", starts).tobytes()))
    lines = text.split(b"\n")
    asked = wanted.split(b"\0") if wanted else []
    cells = memoryview(counts).cast("H").tolist() if counts else []
    for part, start in enumerate(starts):
        stop = starts[part + 1] if part + 1 < len(starts) else len(lines)
        of_part: dict[bytes, set[tuple[int, int]]] = {}
        for term, _, _, begin, end in terms(b"\n".join(lines[start:stop])):
            of_part.setdefault(term, set()).add((begin, end))
        expected = [len(of_part.get(term, ())) for term in asked]
        assert cells[part * len(asked) : (part + 1) * len(asked)] == expected, (text, asked, start)
    assert sum(memoryview(lengths).cast("I")) == bag(exact(text), b"")[2]


def best(data: bytes) -> None:
    """The best passage of a text with definitions anywhere: within the text, and one of the definitions."""
    taken = Input(data)
    wanted = [term for term in taken.piece().split(b"\0")[:64] if term]
    pairs = [(taken.number(), taken.number()) for _ in range(taken.number() % 16)]
    lines = [taken.number() for _ in range(taken.number() % 8)]
    text = taken.rest()
    columns = [exact(array("I", column).tobytes()) for column in ([a for a, _ in pairs], [b for _, b in pairs], lines)]
    groups = array("I", [number // 2 for number in range(len(wanted))])
    worths, rarities = array("d", [1.0] * len(wanted)), array("d", [2.0] * (len(wanted) // 2 + 1))
    asked = tuple(exact(part) for part in (b"\0".join(wanted), groups.tobytes(), worths.tobytes()))
    first, last, place, score = best_passage(exact(text), asked, exact(rarities.tobytes()), *columns)
    count = max(1, len(line_starts(text)) // 4)
    assert 1 <= first <= last <= count and -1 <= place < len(pairs) and score >= 0, (first, last, place, score)


def columns(data: bytes) -> None:
    """Arbitrary bytes as stored definitions, against JSON; the starts of lines."""
    starts = memoryview(line_starts(exact(data))).cast("I").tolist()
    assert starts == [0, *(n + 1 for n, byte in enumerate(data) if byte == 10)][: len(starts)]
    assert len(starts) == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
    try:
        made = symbol_columns(exact(data))
    except ValueError:
        return
    first, last, line, places = (memoryview(column).cast("I").tolist() if column else [] for column in made)
    assert len(first) == len(last) == len(line) == len(places)
    assert all(data[place : place + 1] == b"[" for place in places)
    try:
        rows = json.loads(data)
    except ValueError:
        return
    if all(isinstance(row, list) and len(row) == 8 and all(type(n) is int for n in row[3:7]) for row in rows):
        assert [(row[3], row[4], row[5]) for row in rows] == list(zip(first, last, line, strict=True))


def c_definitions(data: bytes) -> None:
    """The definitions in arbitrary C: each name stands where it is said to."""
    lines = data.split(b"\n")
    for name, _, _, first, last, line, column, _ in c_symbols(data):
        assert 1 <= first <= line <= last <= len(lines), (name, first, line, last)
        shown = lines[line - 1][column:].decode(errors="replace")
        assert shown.startswith(name.rstrip("\ufffd")), (name, shown)


def lines_as_printed(data: bytes) -> None:
    """Arbitrary numbers as lines of a text: refused, or printed as they say."""
    taken = Input(data)
    lead, tail, numbered, text = taken.piece(), taken.piece(), taken.number() & 1, taken.piece()
    numbers = [taken.number(1) for _ in range(5 * (taken.number() % 9))]
    raw = taken.rest() or array("Q", numbers).tobytes()
    try:
        printed = printed_lines(exact(text), exact(raw), exact(lead), exact(tail) if numbered else None)
    except ValueError:
        return
    expected = b""
    for at in range(0, len(raw), 40):
        number, start, end = memoryview(raw)[at : at + 24].cast("Q")
        newline = text.find(b"\n", end)
        stop = newline + 1 if newline >= 0 else len(text)
        expected += lead + (b"%d%b" % (number, tail) if numbered else b"") + text[start:stop]
    assert printed == expected
    start, end = (numbers or [0])[0], (numbers or [0])[-1]
    assert count_newlines(exact(text), start, end) == text[start:end].count(b"\n")
