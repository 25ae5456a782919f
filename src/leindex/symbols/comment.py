"""What an author says of a definition: the comment above it, or the text at the start of its body."""

from __future__ import annotations

import re
from typing import Final

from .heading import Text

MOST_LINES: Final = 40
"""Lines of a comment that are read."""

_MARKS: Final = {
    "python": "#",
    "ruby": "#",
    "shell": "#",
    "elixir": "#",
    "perl": "#",
    "haskell": "--",
    "lua": "--",
    "sql": "--",
}
"""What begins a comment that ends with its line, where that is not `//`."""
_ATTRIBUTE: Final = re.compile(r"\s*(?:@[\w.]+.*|#!?\[.*\]|\[\[?\w.*\])\s*")
_DOCSTRING: Final = re.compile(r"""\s*[rRuU]?(\"{3}|'{3})""")
_BORDER: Final = re.compile(r"^\s*(?:/\*+!?|\*+/?|\{-\|?|-\}|--+\s?\|?|#+|//+[/!]?)\s?|\s*(?:\*+/|-\})\s*$")


def comment_of(text: Text, language: str, first: int, last: int) -> str:
    """The comment of the definition that spans lines `first` to `last`, without its marks; "" where there is none."""
    lines = [line.text.decode("utf-8", "replace") for line in text.lines(max(first - MOST_LINES, 1), first - 1)]
    above = _above(lines, _MARKS.get(language, "//"))
    if above or language != "python":
        return above
    body = [line.text.decode("utf-8", "replace") for line in text.lines(first, min(last, first + MOST_LINES))]
    return _docstring(body)


def _above(lines: list[str], mark: str) -> str:
    while lines and _ATTRIBUTE.fullmatch(lines[-1]) and not lines[-1].strip().startswith(mark + " "):
        lines.pop()
    found: list[str] = []
    within = False
    while lines:
        line = lines.pop().strip()
        closes = line.endswith(("*/", "-}"))
        if not (within or closes or line.startswith(mark)):
            break
        found.append(line)
        within = (within or closes) and not line.startswith(("/*", "{-"))
        if not within and line.startswith(("/*", "{-")):
            break
    if within:  # the beginning is too far away, or it was none
        return ""
    return "\n".join(_BORDER.sub("", line) for line in reversed(found)).strip()


def _docstring(body: list[str]) -> str:
    for at, line in enumerate(body):
        opened = _DOCSTRING.match(line)
        if opened:
            rest = "\n".join([line[opened.end() :], *body[at + 1 :]])
            inner, closed, _ = rest.partition(opened[1])
            return "\n".join(part.strip() for part in inner.split("\n")).strip() if closed else ""
        if line.rstrip().endswith(":") and at + 1 < len(body) and _DOCSTRING.match(body[at + 1]) is None:
            return ""
    return ""
