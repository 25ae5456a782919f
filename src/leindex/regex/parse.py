"""Regular expressions in ripgrep's dialect, as trees: parsing, and what ripgrep does to a pattern before
matching.

The dialect is that of ripgrep 15.1.0: the syntax of Rust's regex crate with Unicode 16.0.0. A pattern means
here what it means there, and what is refused there (look-around, back-references, `foo {`) is refused here
with the column. The tree then goes to `plan.py` for the index and to `program.py` for the matcher.

    >>> parse("ab+")
    Concat(parts=(Literal(data=b'a'), Repeat(sub=Literal(data=b'b'), min=1, max=None, greedy=True)))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from ..errors import QueryError
from .classes import subtract
from .hir import Alternate, Capture, Class, Concat, Hir, Literal, Look, LookKind, Repeat
from .hir_build import alternate, char_class, children, concat, repeat
from .parser import Parser
from .scanner import Flags

META: Final = frozenset("\\.+*?()|[]{}^$#&-~")
NEWLINE_ADVICE: Final = (
    "Consider enabling multiline mode with the --multiline flag (or -U for short).\n"
    "When multiline mode is enabled, new line characters can be matched."
)
DEFAULT_FLAGS: Final = Flags()
TEXT_ANCHORS: Final = frozenset((LookKind.START_TEXT, LookKind.END_TEXT))


class Letters(NamedTuple):
    """What smart case asks of a pattern: does it hold a literal at all, and a capital among them?"""

    any_literal: bool
    any_uppercase: bool

    @property
    def smart_ignore_case(self) -> bool:
        """Whether smart case ignores case for this pattern."""
        return self.any_literal and not self.any_uppercase


def parse(pattern: str, flags: Flags = DEFAULT_FLAGS, *, ignore_whitespace: bool = False, fixed: bool = False) -> Hir:
    """The tree of one pattern.

    `flags` and `ignore_whitespace` are those of the syntax, `(?imsUuR)` and `(?x)`; `fixed` takes the pattern as
    literal text. Raises QueryError with the pattern, the column and the reason.
    """
    return parse_many([pattern], flags, ignore_whitespace=ignore_whitespace, fixed=fixed)


def parse_many(
    patterns: Sequence[str],
    flags: Flags = DEFAULT_FLAGS,
    *,
    ignore_whitespace: bool = False,
    fixed: bool = False,
) -> Hir:
    """The tree of several patterns, the first of which that matches at a place wins, as with ripgrep's `-e`.

    Like ripgrep, each is put into a group and the groups are joined with `|`; capture groups count through.
    Without a pattern nothing ever matches. Raises QueryError for the pattern at fault.
    """
    if not patterns:
        return Class(())
    for pattern in patterns:
        _check_encodable(pattern)
    is_plain = fixed or all(META.isdisjoint(pattern) for pattern in patterns)
    if is_plain and not flags.ignore_case and not ignore_whitespace:
        return alternate([Literal(p.encode()) if p else concat(()) for p in patterns])
    return _parser(patterns, flags, ignore_whitespace, fixed)[1]


def letters_of(patterns: Sequence[str], *, fixed: bool = False, ignore_whitespace: bool = False) -> Letters:
    """What smart case asks of these patterns together. Raises QueryError."""
    if not patterns:
        return Letters(False, False)
    for pattern in patterns:
        _check_encodable(pattern)
    parser, _ = _parser(patterns, DEFAULT_FLAGS, ignore_whitespace, fixed)
    return Letters(parser.any_literal, parser.any_uppercase)


def _check_encodable(pattern: str) -> None:
    try:
        pattern.encode()
    except UnicodeEncodeError as error:
        raise QueryError("the pattern is not valid UTF-8", text=pattern, column=error.start) from None


def escape(text: str) -> str:
    """A pattern that matches exactly this text."""
    return "".join("\\" + char if char in META else char for char in text)


def _parser(patterns: Sequence[str], flags: Flags, spaced: bool, fixed: bool) -> tuple[Parser, Hir]:
    parts = [f"(?:{escape(p) if fixed else p})" for p in patterns]
    parser = Parser("|".join(parts), flags, spaced)
    try:
        return parser, parser.parse()
    except QueryError as error:
        raise _relocated(error, patterns, parts, flags, spaced) from None


def _relocated(error: QueryError, patterns: Sequence[str], parts: list[str], flags: Flags, spaced: bool) -> QueryError:
    """The error with its column in the one pattern it is about."""
    for pattern in patterns if "group" in error.message else ():  # what is open may have eaten our own parentheses
        try:
            Parser(pattern, flags, spaced).parse()
        except QueryError as own:
            return own
    column = error.column
    for pattern, part in zip(patterns, parts, strict=True):
        if column <= len(part):
            inside = min(max(column - 3, 0), len(pattern))
            return QueryError(error.message, text=pattern, column=inside, advice=error.advice)
        column -= len(part) + 1
    return QueryError(error.message, text=patterns[-1], column=len(patterns[-1]), advice=error.advice)


def without_newline(hir: Hir, *, crlf: bool = False) -> Hir:
    """The tree as a search line by line uses it: no class holds `\\n` (with `crlf`, nor `\\r`).

    Raises QueryError where the pattern asks for a line end literally, as ripgrep does.
    """
    for byte in b"\r\n" if crlf else b"\n":
        hir = _without(hir, byte)
    return hir


def _without(hir: Hir, byte: int) -> Hir:
    match hir:
        case Literal(data):
            if byte in data:
                raise _newline_error(byte)
            return hir
        case Class(ranges, is_bytes) if ranges:
            kept = subtract(ranges, ((byte, byte),))
            if not kept:
                raise _newline_error(byte)
            return hir if kept == ranges else char_class(kept, is_bytes)
        case Repeat(sub, low, high, greedy):
            return repeat(_without(sub, byte), low, high, greedy)
        case Capture(index, name, sub):
            return Capture(index, name, _without(sub, byte))
        case Concat(parts):
            return concat([_without(part, byte) for part in parts])
        case Alternate(parts):
            return alternate([_without(part, byte) for part in parts])
        case _:
            return hir


def _newline_error(byte: int) -> QueryError:
    shown = "\\n" if byte == 10 else "\\r"
    return QueryError(f'the literal "{shown}" is not allowed in a regex', advice=NEWLINE_ADVICE)


def ban_byte(hir: Hir, byte: int) -> None:
    """Raise QueryError where the pattern asks for this byte literally, as ripgrep does with NUL."""
    if isinstance(hir, Literal) and byte in hir.data:
        raise QueryError(f'pattern contains "\\x{byte:02X}" but it is impossible to match')
    for child in children(hir):
        ban_byte(child, byte)


def whole_word(hir: Hir, *, unicode: bool = True) -> Hir:
    """The tree for `-w`: no word character right before or after the match."""
    start = LookKind.WORD_START_HALF if unicode else LookKind.WORD_START_HALF_ASCII
    end = LookKind.WORD_END_HALF if unicode else LookKind.WORD_END_HALF_ASCII
    return concat((Look(start), hir, Look(end)))


def whole_line(hir: Hir, *, crlf: bool = False) -> Hir:
    """The tree for `-x`: the match is a whole line."""
    start = LookKind.START_CRLF if crlf else LookKind.START_LINE
    end = LookKind.END_CRLF if crlf else LookKind.END_LINE
    return concat((Look(start), hir, Look(end)))


def can_match_byte(hir: Hir, byte: int) -> bool:
    """Whether a match may hold this ASCII byte."""
    match hir:
        case Literal(data):
            return byte in data
        case Class(ranges):
            return any(low <= byte <= high for low, high in ranges)
        case _:
            return any(can_match_byte(child, byte) for child in children(hir))


def has_text_anchor(hir: Hir) -> bool:
    """Whether the tree holds `\\A` or `\\z` (or `^`, `$` outside multi-line mode)."""
    if isinstance(hir, Look):
        return hir.kind in TEXT_ANCHORS
    return any(map(has_text_anchor, children(hir)))


def group_names(hir: Hir) -> dict[str, int]:
    """The named capture groups and their indexes."""
    names = {}
    stack = [hir]
    while stack:
        node = stack.pop()
        if isinstance(node, Capture) and node.name is not None:
            names[node.name] = node.index
        stack += children(node)
    return names


def group_count(hir: Hir) -> int:
    """The number of capture groups, the whole match not counted."""
    count = 0
    stack = [hir]
    while stack:
        node = stack.pop()
        if isinstance(node, Capture):
            count = max(count, node.index)
        stack += children(node)
    return count
