"""Source code as HTML, line by line, with matched ranges marked.

Pygments reads the languages; its many kinds of tokens are reduced to the few that a calm page distinguishes.
Reading code takes a millisecond for a few kilobytes, so long files are shown without colours, and what was
made is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pygments.lexer import Lexer

COLOURED_BYTES: Final = 200_000
"""Characters of the longest text that is coloured."""

Piece = tuple[str, str]
"""A CSS class, or nothing, and text."""

_NAMES: Final = {
    "c++": "cpp",
    "c#": "csharp",
    "shell": "bash",
    "scheme": "scheme",
    "objective-c": "objective-c",
    "make": "makefile",
    "text": "text",
    "viml": "vim",
    "protobuf": "protobuf",
}
"""Our names of languages where Pygments has another."""

_CLASSES: Final = (
    ("Token.Comment.Preproc", "p"),
    ("Token.Comment", "c"),
    ("Token.Literal.String.Doc", "c"),
    ("Token.Literal.String", "s"),
    ("Token.Literal.Number", "n"),
    ("Token.Keyword.Type", "t"),
    ("Token.Keyword.Constant", "n"),
    ("Token.Keyword", "k"),
    ("Token.Operator.Word", "k"),
    ("Token.Name.Function", "f"),
    ("Token.Name.Class", "t"),
    ("Token.Name.Decorator", "p"),
    ("Token.Name.Tag", "k"),
    ("Token.Name.Attribute", "f"),
    ("Token.Name.Builtin", "b"),
    ("Token.Name.Exception", "t"),
    ("Token.Generic.Heading", "k"),
    ("Token.Generic.Subheading", "k"),
)


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import find_lexer_class_by_name
    from pygments.util import ClassNotFound

    name = _NAMES.get(language, language)
    try:
        return find_lexer_class_by_name(name)(stripnl=False, ensurenl=False) if name not in ("", "text") else None
    except ClassNotFound:
        return None


@lru_cache(maxsize=512)
def _css_class(token: str) -> str:
    return next((name for prefix, name in _CLASSES if token.startswith(prefix)), "")


def pieces(text: str, language: str) -> list[list[Piece]]:
    """The lines of a text as pieces with their classes."""
    lexer = _lexer(language) if len(text) <= COLOURED_BYTES else None
    if lexer is None:
        return [[("", line)] for line in text.split("\n")]
    lines: list[list[Piece]] = [[]]
    for token, value in lexer.get_tokens(text):
        name = _css_class(str(token))
        first, *others = value.split("\n")
        if first:
            lines[-1].append((name, first))
        lines.extend([(name, part)] if part else [] for part in others)
    return lines


def marked(line: Sequence[Piece], ranges: Sequence[Sequence[int]] = ()) -> str:
    """A line as HTML; the ranges, in characters and in order, become `<mark>`."""
    out: list[str] = []
    at = 0
    for name, text in line:
        for part, inside in _split(text, at, ranges):
            html = escape(part)
            html = f'<span class="{name}">{html}</span>' if name else html
            out.append(f"<mark>{html}</mark>" if inside else html)
        at += len(text)
    return "".join(out)


def _split(text: str, at: int, ranges: Sequence[Sequence[int]]) -> Iterator[tuple[str, bool]]:
    """The parts of a piece that begins at `at`, each with whether it is in a range."""
    done, end = at, at + len(text)
    for start, stop in ranges:
        start, stop = max(start, done), min(stop, end)
        if start >= stop:
            continue
        if start > done:
            yield text[done - at : start - at], False
        yield text[start - at : stop - at], True
        done = stop
    if done < end:
        yield text[done - at :], False


@lru_cache(maxsize=32)
def file_html(text: str, language: str) -> tuple[str, ...]:
    """The lines of a file as HTML."""
    lines = pieces(text, language)
    if lines and not lines[-1]:
        lines.pop()
    return tuple(marked(line) for line in lines)
