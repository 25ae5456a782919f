"""Targets for the matcher: a pattern and a text against the naive matcher; arbitrary bytes as a program."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from leindex._native import Regex
from leindex.errors import QueryError
from leindex.regex import parse, program
from leindex.regex.scanner import Flags

from .inputs import Input
from .naive import Naive, TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable

    exact: Callable[[bytes], bytes]
else:
    from _fuzz import exact

TEXT_MAX = 200
PATTERN_MAX = 60


@lru_cache(4096)
def compiled(pattern: str, bits: int) -> tuple[Regex, Naive, Regex, Naive, bool] | None:
    """Both matchers of a pattern, both for lines, and whether each line is searched alone.

    None where it is refused or too large for the naive one.
    """
    crlf = bool(bits & 16)
    flags = Flags(bool(bits & 1), bool(bits & 2), bool(bits & 4), bool(bits & 8), not bits & 32, crlf)
    try:
        tree = parse.parse(pattern, flags, ignore_whitespace=bool(bits & 64))
        line = parse.without_newline(tree, crlf=crlf)
        naive, naive_line = Naive(tree), Naive(line)
        return program.build(tree), naive, program.build(line, crlf=crlf), naive_line, parse.has_text_anchor(line)
    except (QueryError, TooLarge):
        return None


def regex(data: bytes) -> None:
    """What both find in a text, in its lines, and in a part of it."""
    taken = Input(data)
    bits, start = taken.number(), taken.number()
    pattern = taken.take(min(taken.number(), PATTERN_MAX)).decode(errors="replace")
    both = compiled(pattern, bits & 127)
    if both is None:
        return
    native, naive, native_line, naive_line, alone = both
    crlf = bool(bits & 16)
    text = taken.take(TEXT_MAX)
    hay = exact(text)
    expected = naive.find_all(text)
    assert native.find_all(hay) == expected, (pattern, text, expected, native.find_all(hay))
    assert native.is_match(hay) == bool(expected), (pattern, text)
    match = naive.search(text, start, len(text)) if start <= len(text) else None
    assert native.captures(hay, start) == match, (pattern, text, start, match, native.captures(hay, start))
    lines = list(lines_of(text))
    expected_lines = [n for n, place in enumerate(lines, 1) if line_matches(naive_line, text, place, (alone, crlf))]
    packed = native_line.matching_lines(hay)
    assert memoryview(packed).cast("Q").tolist()[::5] == expected_lines, (pattern, text, expected_lines)
    assert native_line.count_lines(hay) == len(expected_lines), (pattern, text)
    matching, matches = native_line.count_matches(hay)
    assert matching == len(expected_lines) <= matches, (pattern, text)
    others = memoryview(native_line.matching_lines(hay, -1, True)).cast("Q").tolist()[::5]
    assert sorted(others + expected_lines) == list(range(1, len(lines) + 1)), (pattern, text)
    native.blocks(hay, start, -1, 10, 0)
    native.count_block_matches(hay, 10)
    native_line.scan([hay])


def lines_of(text: bytes) -> Iterator[tuple[int, int]]:
    """Where the lines of a text start and where their newline is; an empty piece after the last newline is none."""
    start = 0
    for line in text.split(b"\n"):
        if line or start < len(text):
            yield start, start + len(line)
        start += len(line) + 1


def line_matches(naive: Naive, text: bytes, place: tuple[int, int], how: tuple[bool, bool]) -> bool:
    """Whether a line matches: where it stands, or alone for looks at a text's ends, and then with CRLF without its
    carriage return, or with its bare newline."""
    (start, newline), (alone, crlf) = place, how
    if not alone:
        return naive.search(text, start, newline) is not None
    stop = newline
    if crlf and newline < len(text):
        stop += -1 if text[start:newline].endswith(b"\r") else 1
    return naive.search(text[start:stop], 0, stop - start) is not None


def regex_program(data: bytes) -> None:
    """Arbitrary bytes as a compiled pattern: refused, or searched without harm."""
    taken = Input(data)
    text = taken.take(taken.number() % 64)
    words = taken.rest()
    if len(words) >= 4:
        words = program.MAGIC.to_bytes(4, "little") + words[4 : len(words) // 4 * 4]
    try:
        native = Regex(words)
    except (ValueError, OverflowError):
        return
    hay = exact(text)
    for call in (native.find_all, native.captures, native.matching_lines, native.count_matches):
        with contextlib.suppress(OverflowError):
            call(hay)
