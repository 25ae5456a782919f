"""Targets for ranking, paths and stored rows."""

from __future__ import annotations

import json
import zlib
from array import array
from typing import TYPE_CHECKING, Any

from leindex._native import best, fuzzy, path_terms, plain_fields, plain_row, plain_rows

from .inputs import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    exact: Callable[[bytes], bytes]
else:
    from _fuzz import exact


def scores(data: bytes) -> None:
    """The best documents of posting lists, against sums in Python; small whole worths, so that floats are exact."""
    taken = Input(data)
    size, limit = taken.number() % 64, 1 + taken.number() % 8
    allowed = sorted(set(taken.take(taken.number() % 9))) if taken.number() & 1 else None
    table = array("f", [float(n % 16) for n in range(256)]).tobytes()
    lists, totals, group_best = [], dict[int, float](), dict[tuple[int, int], float]()
    groups = sorted(taken.number() % 4 for _ in range(taken.number() % 6))
    for group in groups:
        weight, piece = float(taken.number() % 4), taken.piece()[:40]
        payloads = bytes(byte * 7 & 255 for byte in piece)
        lists.append((group, weight, exact(table), exact(array("I", list(piece)).tobytes()), exact(payloads)))
        for number, payload in zip(piece, payloads, strict=True):
            value = weight * (payload % 16)
            if number < size and value > group_best.get((group, number), 0):
                group_best[group, number] = value
    for (_, number), value in group_best.items():
        totals[number] = totals.get(number, 0) + value
    packed = None if allowed is None else exact(array("I", allowed).tobytes())
    found = best(lists, size, limit, packed)
    candidates = totals if allowed is None else [number for number in allowed if number < size]
    ranked = sorted(((number, totals.get(number, 0.0)) for number in candidates), key=lambda pair: (-pair[1], pair[0]))
    assert found == ranked[:limit], (found, ranked)


def names(data: bytes) -> None:
    """The terms of paths: sorted, of the documents that were given; fuzzy names hold the letters in order."""
    taken = Input(data)
    query, limit = taken.take(taken.number() % 65), 1 + taken.number()
    numbers = array("I", list(taken.take(taken.number() % 32)))
    blob = taken.rest()
    hashes, documents, flags = path_terms(exact(blob), exact(numbers.tobytes()))
    keys = list(zip(memoryview(hashes).cast("I"), memoryview(documents).cast("I"), strict=True))
    assert keys == sorted(set(keys)) and len(flags) == len(keys) and all(0 < flag < 16 for flag in flags)
    assert {number for _, number in keys} <= set(numbers)
    lowered = bytes(byte + 32 if 65 <= byte <= 90 else byte for byte in blob)
    found, total = fuzzy(exact(query), exact(blob), exact(lowered), exact(numbers.tobytes()), limit)
    paths = blob.split(b"\0")[: blob.count(b"\0") + (not blob.endswith(b"\0"))] if blob else []
    holding = [place for place, path in enumerate(paths) if has_letters(query.lower(), path.lower())]
    assert total == len(holding) and len(found) == min(total, limit), (query, paths, found, total)
    assert {place for place, _ in found} <= set(holding)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


def has_letters(query: bytes, path: bytes) -> bool:
    """Whether the path has the letters of each word of the query in order."""
    for word in query.split(b" "):
        at = 0
        for letter in word:
            at = path.find(letter, at) + 1
            if at == 0:
                return False
    return True


def document(taken: Input) -> dict[Any, Any]:
    """Some fields of several types, with a content or without."""
    made: dict[Any, Any] = {}
    for _ in range(taken.number() % 8):
        kind, key = (
            taken.number() % 8,
            taken.piece().decode("utf-8", "surrogatepass" if taken.number() & 1 else "replace"),
        )
        piece = taken.piece()
        values: tuple[Any, ...] = (
            piece.decode("latin-1"),
            piece.decode("utf-8", "surrogateescape"),
            int.from_bytes(piece[:12], "little", signed=True),
            float(int.from_bytes(piece[:8], "little")) / 3,
            bool(piece),
            None,
            [piece.decode("latin-1")],
            float("inf"),
        )
        made[key if kind != 7 else piece] = values[kind]
    if taken.number() & 1:
        made["content"] = taken.piece() if taken.number() & 1 else taken.piece().decode("utf-8", "surrogateescape")
    return made


def rows(data: bytes) -> None:
    """Documents as stored rows: the JSON that Python writes, and zlib's checksum; or None for a closer look."""
    taken = Input(data)
    try:
        items = [(str(taken.number()), document(taken)) for _ in range(taken.number() % 5)]
    except UnicodeDecodeError:
        return
    plain = []
    for key, fields in items:
        try:
            text = plain_fields(fields)
            others = {name: value for name, value in fields.items() if name != "content"}
            assert text is None or text == (json.dumps(others, ensure_ascii=False) if others else ""), (text, others)
        except UnicodeEncodeError:
            text = None
        row = plain_row(key, fields, 200)
        plain.append(row)
        if row is None:
            continue
        content = fields["content"]
        stored = content.encode() if isinstance(content, str) else content
        checked = stored + zlib.crc32(stored).to_bytes(4, "little")
        kind = "text+crc32" if isinstance(content, str) else "bytes+crc32"
        assert row == (key, kind, len(stored), text or None, checked), row
    together = plain_rows(items, 200)
    distinct = len({key for key, _ in items}) == len(items)
    assert together == (plain if distinct and None not in plain else None)
