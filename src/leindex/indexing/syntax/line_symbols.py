"""Definitions found line by line: Markdown headings, and a rough reading of files that no parser gets to see.

The rough reading looks for a keyword such as `class` or `def` with a name behind it, a macro definition, or
something that starts in the first column and looks like the head of a C function. It finds where definitions
begin, not where they end, and takes time linear in the file whatever is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ...definition import Symbol

_LANGUAGES: Final = (
    "apex,ballerina,clojure,common lisp,crystal,cython,d,dart,emacs lisp,f#,fennel,fish,gdscript,gleam"
    ",graphql,groovy,hack,haxe,julia,mojo,nim,nix,objective-c,objective-c++,odin,pascal,powershell,prisma"
    ",racket,raku,scheme,solidity,starlark,systemverilog,tcl,thrift,v,vala,verilog,vhdl,vim script"
    ",visual basic,wgsl"
)
LANGUAGES: Final = frozenset(_LANGUAGES.split(","))
"""Languages without a grammar here whose definitions start with a keyword."""

_KEYWORDS: Final = {
    "function": "def defn defn- defun func fn fun function function! sub proc procedure fsub rpc task",
    "class": "class contract library",
    "struct": "struct message record",
    "interface": "interface protocol service @interface @protocol",
    "trait": "trait mixin",
    "enum": "enum",
    "union": "union",
    "object": "object @implementation",
    "module": "module namespace package defmodule",
    "type": "type typedef deftype",
    "macro": "macro defmacro",
}
_KIND_OF: Final = {word.encode(): kind for kind, words in _KEYWORDS.items() for word in words.split()}
_LINE: Final = re.compile(
    rb"^[ \t]{0,40}\(?(?:(?:pub|public|private|protected|internal|export|default|static|abstract|final|sealed"
    rb"|async|inline|virtual|override|open|data|partial|unsafe|extern|const|local|declare|pure|external|actual"
    rb"|expect|suspend|operator|infix|tailrec|inner|value|annotation|mutating|indirect|@\w+)[ \t]+){0,6}"
    rb"(" + b"|".join(re.escape(word) for word in sorted(_KIND_OF, key=len, reverse=True)) + rb")[ \t]+(?:class[ \t]+)?"
    rb"([A-Za-z_$][\w.$:?!-]{0,199})"
    rb"|^[ \t]*#[ \t]*define[ \t]+([A-Za-z_]\w{0,199})"
    rb"|^(?!return\b|else\b|if\b|while\b|for\b|switch\b)[A-Za-z_][\w \t*&:<>,]{0,200}?[ \t*&]"
    rb"([A-Za-z_]\w{0,199})[ \t]*\([^;\n]{0,400}$",
    re.MULTILINE,
)
_FENCE: Final = re.compile(rb"[ ]{0,3}(`{3,}|~{3,})")
_ATX: Final = re.compile(rb"[ ]{0,3}(#{1,6})(?:[ \t]+|$)")
_BLANKS: Final = b" \t"
_ATTRIBUTES: Final = re.compile(rb"\{[ ]?[#.:][^{}]*\}$")
_SETEXT: Final = re.compile(rb"[ ]{0,3}(?:(=+)|(-+))[ \t]*$")
_NOT_A_PARAGRAPH: Final = re.compile(rb"\s*$|[ ]{0,3}(?:[-*+>|]|\d+[.)])(?:\s|$)|    |\t|[ ]{0,3}<")


def scan(content: bytes) -> list[Symbol]:
    """What looks like a definition, each with the range of its one line."""
    return scan_pieces(content, ((0, len(content)),))


def scan_pieces(content: bytes, pieces: Iterable[tuple[int, int]]) -> list[Symbol]:
    """What looks like a definition between these byte offsets, which ascend and do not overlap."""
    symbols = []
    line, counted = 1, 0
    for start, end in pieces:
        for match in _LINE.finditer(content, start, end):
            group = match.lastindex or 1
            kind = _KIND_OF[match[1]] if match[1] else "macro" if match[3] else "function"
            name_at = match.start(group)
            line += content.count(b"\n", counted, name_at)
            counted = name_at
            name = match[group].decode("utf-8", "replace").rstrip(":.-")
            column = name_at - content.rfind(b"\n", 0, name_at) - 1
            symbols.append(Symbol(name, kind, "", line, line, line, column, ""))
    return symbols


def markdown_headings(content: bytes) -> list[Symbol]:
    """The headings of a Markdown text, each spanning its section; the heading around one is its container."""
    lines = content.split(b"\n")
    headings = _headings(lines)
    symbols: list[Symbol] = []
    around: list[tuple[int, str, int]] = []  # level, qualified name and place of those whose section is open

    def close(level: int, end: int) -> None:
        while around and around[-1][0] >= level:
            _, _, place = around.pop()
            symbols[place] = symbols[place]._replace(end_line=_without_blanks(lines, headings[place][2] + 1, end))

    for level, row, _, column, title in headings:
        close(level, row)
        container = around[-1][1] if around else ""
        around.append((level, f"{container}.{title}" if container else title, len(symbols)))
        symbols.append(Symbol(title, "heading", container, row + 1, row + 1, row + 1, column, ""))
    close(0, len(lines))
    return symbols


def _without_blanks(lines: list[bytes], first: int, end: int) -> int:
    """The end of a section without the blank lines that it ends with."""
    while end > first and not lines[end - 1].strip():
        end -= 1
    return end


def _headings(lines: list[bytes]) -> list[tuple[int, int, int, int, str]]:
    """Level, first and last row, column and title of each heading; none in fenced code or front matter."""
    found: list[tuple[int, int, int, int, str]] = []
    fence = b""
    skip_to = _front_matter(lines)
    for row, raw in enumerate(lines):
        line = raw.rstrip(b"\r")
        if row < skip_to:
            continue
        opened = _FENCE.match(line)
        if fence:
            if opened and opened[1].startswith(fence) and not line[opened.end() :].strip():
                fence = b""
            continue
        if opened:
            fence = opened[1]
            continue
        atx = _ATX.match(line)
        if atx:
            title = _atx_title(line[atx.end() :])
            if title:
                found.append((len(atx[1]), row, row, atx.end(), _plain(title)))
            continue
        rule = _SETEXT.match(line)
        if rule and row and not _NOT_A_PARAGRAPH.match(lines[row - 1]) and not _ATX.match(lines[row - 1]):
            title = lines[row - 1].strip()
            found.append((1 if rule[1] else 2, row - 1, row, lines[row - 1].index(title), _plain(title)))
    return found


def _atx_title(rest: bytes) -> bytes:
    """What follows a heading's marks, without the marks that may close it."""
    title = rest.rstrip(_BLANKS)
    opened = title.rstrip(b"#")
    return opened.rstrip(_BLANKS) if not opened or opened[-1:] in (b" ", b"\t") else title


def _front_matter(lines: list[bytes]) -> int:
    """The row after a block of YAML at the very beginning, or 0."""
    if lines[0].rstrip() != b"---":
        return 0
    return next((row + 1 for row in range(1, min(len(lines), 200)) if lines[row].rstrip() == b"---"), 0)


def _plain(title: bytes) -> str:
    """The title without a trailing attribute list such as `{#its-anchor}`."""
    opened = title.rfind(b"{")
    if opened >= 0 and _ATTRIBUTES.match(title, opened):
        title = title[:opened].rstrip()
    return title.decode("utf-8", "replace")[:200]
