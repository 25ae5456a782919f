"""The definitions and the calls in one file, from its bytes and its language.

tree-sitter parses, and a handful of patterns per language (`grammars/`) pick the definitions out of the tree;
see `tree_symbols.py`. C, of which there is much and whose macros no grammar can follow, has a scanner of its
own in the native module. A file that does not parse as a whole still gives what could be made sense of. Files
that are too large or too slow to parse are read line by line (`line_symbols.py`), and so are Markdown
headings and languages without a grammar.

    >>> [(s.name, s.kind, s.container) for s in extract(b"class A:\\n    def f(self): pass\\n", "python")]
    [('A', 'class', ''), ('f', 'method', 'A')]
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from leindex.text import searchable

SIZE_LIMIT: Final = 1_000_000
"""Bytes of the largest file that is parsed."""
TIME_LIMIT_S: Final = 2.0
"""Seconds after which the parse of a file is given up."""
SIGNATURE_LIMIT: Final = 300
"""Characters of the longest signature."""
SIGNATURE_LINES: Final = 12
"""Lines around a name that a signature may take in, on either side."""


class Symbol(NamedTuple):
    """One definition. Lines count from 1 and the range includes both ends; the column counts bytes from 0.

    `container` is the qualified name of what the definition belongs to, joined with dots, or empty. `line`
    and `column` are where the name stands; `start_line` and `end_line` span the whole definition with its
    body. `visibility` is what the language's own words say (`public`, `private`, `protected`, `internal`), or
    empty.
    """

    name: str
    kind: str
    container: str
    start_line: int
    end_line: int
    line: int
    column: int
    visibility: str


class Call(NamedTuple):
    """One call site: the name that is called, its line from 1 and its column in bytes from 0."""

    name: str
    line: int
    column: int


def extract(
    content: bytes, language: str, *, time_limit_s: float = TIME_LIMIT_S, size_limit: int = SIZE_LIMIT
) -> list[Symbol]:
    """The definitions in a file, in the order in which they start.

    `content` is the file's bytes and `language` what `language_of` said of it. A file of more than
    `size_limit` bytes, or one that takes longer than `time_limit_s` seconds to parse, is read line by line
    instead, which finds most definitions but not where they end. A language that nothing is known about has
    no symbols. Whatever the bytes, nothing is raised.
    """
    from leindex.indexing import line_symbols, tree_symbols

    text = searchable(content)
    if language == "c":
        return _scanned(text)
    if language == "markdown":
        return line_symbols.markdown_headings(text)
    if tree_symbols.knows(language):
        found = tree_symbols.definitions(text, language, time_limit_s) if len(text) <= size_limit else None
        if language == "c++" and found is not None:  # a grammar loses macros in what it cannot parse
            macros = [symbol for symbol in _scanned(text) if symbol.kind == "macro"]
            found = sorted([*found, *macros], key=lambda s: (s.start_line, -s.end_line))
        return line_symbols.scan(text) if found is None else found
    return line_symbols.scan(text) if language in line_symbols.LANGUAGES else []


def _scanned(text: bytes) -> list[Symbol]:
    """What the native scanner of C finds, in a file of any size: it is far faster than a parser."""
    from leindex._native import c_symbols

    return [tuple.__new__(Symbol, row) for row in c_symbols(text)]


def calls(
    content: bytes, language: str, *, time_limit_s: float = TIME_LIMIT_S, size_limit: int = SIZE_LIMIT
) -> list[Call]:
    """The call sites in a file, in order; none without a grammar or past a limit. Raises nothing."""
    from leindex.indexing import tree_symbols

    text = searchable(content)
    if not tree_symbols.knows(language) or len(text) > size_limit:
        return []
    return tree_symbols.calls(text, language, time_limit_s)


def signature(content: bytes, symbol: Symbol) -> str:
    """The head of a definition on one line; see `signatures`, which is cheaper for several of one file."""
    return signatures(content, [symbol])[0]


def signatures(content: bytes, symbols: list[Symbol]) -> list[str]:
    """The head of each definition on one line: without annotations, up to where its body begins.

    It runs to the first `{` or `;` or end of line after the name that is outside of parentheses, at most 300
    characters, which is right or nearly right in every language. `content` is what `extract` was given.
    """
    lines = searchable(content).split(b"\n")
    return [_signature(lines, symbol) for symbol in symbols]


def _signature(lines: list[bytes], symbol: Symbol) -> str:
    name_row = symbol.line - 1
    if name_row >= len(lines):
        return symbol.name
    first = max(symbol.start_line - 1, name_row - SIGNATURE_LINES)
    while first < name_row and lines[first].lstrip().startswith((b"@", b"#", b"[", b"/", b"*")):
        first += 1
    before = b"\n".join([*lines[first:name_row], lines[name_row][: symbol.column]])
    rest = [lines[name_row][symbol.column :], *lines[name_row + 1 : name_row + SIGNATURE_LINES]]
    after = b"\n".join(rest).decode("utf-8", "replace")
    text = before.decode("utf-8", "replace") + after[: _head_length(after, len(symbol.name))]
    text = re.sub(r"\s+", " ", text[: 2 * SIGNATURE_LIMIT]).strip()[:SIGNATURE_LIMIT]
    return re.sub(r"(?:\s*(?:[:=,\\]|\bdo\b|=>|\bthen\b))+$", "", text)


def _head_length(text: str, start: int) -> int:
    """How much of the text, which begins with a definition's name, comes before its body."""
    depth = 0
    for at in range(start, min(len(text), 4 * SIGNATURE_LIMIT)):
        letter = text[at]
        if letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        elif letter in "{;\n" and depth <= 0:
            return at
    return min(len(text), 4 * SIGNATURE_LIMIT)
