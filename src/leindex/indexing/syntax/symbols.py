"""The definitions, the calls and the references in one file, from its bytes and its language.

tree-sitter parses, and a handful of patterns per language (`grammars/`) pick the definitions out of the tree;
see `tree_symbols.py`. C, of which there is much and whose macros no grammar can follow, has a scanner of its
own in the native module. A file that does not parse as a whole still gives what could be made sense of. Files
that are too large or too slow to parse are read line by line (`line_symbols.py`), and so are Markdown
headings and languages without a grammar.

    >>> [(s.name, s.kind, s.container) for s in extract(b"class A:\\n    def f(self): pass\\n", "python")]
    [('A', 'class', ''), ('f', 'method', 'A')]
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Final, NamedTuple

from ..._native import c_references
from ...definition import Call, Symbol
from ...linkage import Noted, note
from ...text import searchable

SIZE_LIMIT: Final = 1_000_000
"""Bytes of the largest file that is parsed."""
JSON: Final = frozenset(("json", "json5"))
"""Languages whose definitions are keys."""
TIME_LIMIT_S: Final = 2.0
"""Seconds of CPU time after which a file is read line by line instead: so a busy machine finds the same."""


def extract(
    content: bytes, language: str, *, time_limit_s: float = TIME_LIMIT_S, size_limit: int = SIZE_LIMIT
) -> list[Symbol]:
    """The definitions in a file, in the order in which they start.

    `content` is the file's bytes and `language` what `language_of` said of it. A file of more than
    `size_limit` bytes, or one that takes longer than `time_limit_s` seconds of CPU time, is read line by line
    instead, which finds most definitions but not where they end. Time is linear in the file. A language that
    nothing is known about has no symbols. Whatever the bytes, nothing is raised.
    """
    found = read_in_time(content, language, time_limit_s, size_limit=size_limit)
    return (read_by_lines(content) if found is None else found).symbols


def is_read_whole(language: str) -> bool:
    """Whether a language is read by its shape or in parts, which takes about as long as parsing."""
    from .parts import NOTEBOOK
    from .shape_table import SHAPES

    return language in SHAPES or language in JSON or language == NOTEBOOK


class Found(NamedTuple):
    """What was found in a file: definitions, and the places of its references; None where these are not known."""

    symbols: list[Symbol]
    places: Noted | None


def read_by_lines(content: bytes) -> Found:
    """What the lines of a file tell that took too long to parse."""
    from . import line_symbols

    return Found(line_symbols.scan(searchable(content)), None)


def read(content: bytes, language: str) -> Found:
    """The definitions as `extract` finds them, and the references in the same file."""
    found = read_in_time(content, language, TIME_LIMIT_S)
    return read_by_lines(content) if found is None else found


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without Python's cyclic garbage collector, which goes through all objects again and again while thousands are
    made, none of them in a cycle: it took up to half of the time, and more of it the larger the file."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_collector_paused()
def read_in_time(content: bytes, language: str, time_limit_s: float, *, size_limit: int = SIZE_LIMIT) -> Found | None:
    """The same, but `None` for a file that takes longer."""
    from . import line_symbols, parts, tree_symbols
    from .json_text import json_keys
    from .shape_table import SHAPES
    from .shapes import shaped

    text = searchable(content)
    if language == "c":
        return Found(_scanned(text), Noted(*c_references(text)))
    if language == "markdown":
        return Found(line_symbols.markdown_headings(text), note(()))
    if language in parts.PAGES or language == parts.NOTEBOOK:
        return _read_parts(text, language, time_limit_s, size_limit)
    if language in SHAPES or language in JSON:
        if len(text) > size_limit:
            return Found([], note(()))
        return Found(json_keys(text) if language in JSON else shaped(text, language), note(()))
    if tree_symbols.knows(language):
        if len(text) > size_limit:
            return Found(line_symbols.scan(text), None)
        found = tree_symbols.syntax(text, language, time_limit_s)
        if found is None:
            return None
        symbols = found.symbols
        if language == "c++":  # a grammar loses macros in what it cannot parse
            macros = [symbol for symbol in _scanned(text) if symbol.kind == "macro"]
            symbols = sorted([*symbols, *macros], key=lambda s: (s.start_line, -s.end_line))
        return Found(symbols, note(found.places))
    return Found(line_symbols.scan(text) if language in line_symbols.LANGUAGES else [], note(()))


def _read_parts(text: bytes, language: str, time_limit_s: float, size_limit: int) -> Found | None:
    """What the parts of a page or the cells of a notebook define; `None` when that takes too long."""
    from . import parts
    from .shapes import shaped

    ends = time.thread_time() + time_limit_s

    def read_part(part: bytes, inside: str) -> Found | None:
        return read_in_time(part, inside, max(ends - time.thread_time(), 0), size_limit=size_limit)

    if language == parts.NOTEBOOK:
        return Found(
            parts.cell_symbols(text, lambda cell, inside: (read_part(cell, inside) or Found([], None)).symbols),
            note(()),
        )
    inner, markup = parts.parts(text, language)
    symbols = shaped(markup, language) if len(text) <= size_limit else []
    for part in inner:
        found = read_part(part.text, part.language)
        if found is None:
            return None
        symbols += found.symbols
    return Found(sorted(symbols, key=lambda s: (s.start_line, -s.end_line)), note(()))


def _scanned(text: bytes) -> list[Symbol]:
    """What the native scanner of C finds, in a file of any size: it is far faster than a parser."""
    from ..._native import c_symbols

    return [tuple.__new__(Symbol, row) for row in c_symbols(text)]


@_collector_paused()
def calls(
    content: bytes, language: str, *, time_limit_s: float = TIME_LIMIT_S, size_limit: int = SIZE_LIMIT
) -> list[Call]:
    """The call sites in a file, in order; none without a grammar or past a limit. Raises nothing."""
    from . import parts, tree_symbols

    text = searchable(content)
    if language == parts.NOTEBOOK:
        return parts.cell_calls(text, lambda cell, inside: calls(cell, inside, time_limit_s=time_limit_s))
    if language in parts.PAGES and len(text) <= size_limit:
        found = [calls(p.text, p.language, time_limit_s=time_limit_s) for p in parts.parts(text, language)[0]]
        return sorted(chain.from_iterable(found), key=lambda call: (call.line, call.column))
    if not tree_symbols.knows(language) or len(text) > size_limit:
        return []
    return tree_symbols.calls(text, language, time_limit_s)
