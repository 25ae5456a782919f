"""What follows a backslash, inside and outside of `[...]`."""

from __future__ import annotations

from typing import Final, NamedTuple

from .classes import MAX_CHAR, POSIX, Ranges, fold, negate, perl, unicode_property, unicode_value
from .hir import LookKind
from .scanner import Scanner

SPECIAL: Final = {"a": "\x07", "f": "\x0c", "t": "\t", "n": "\n", "r": "\r", "v": "\x0b"}
HEX_DIGITS: Final = {"x": 2, "u": 4, "U": 8}
ASCII_PERL: Final = {"d": POSIX["digit"], "s": POSIX["space"], "w": POSIX["word"]}
WORD_LOOKS: Final = {
    "start": "WORD_START",
    "end": "WORD_END",
    "start-half": "WORD_START_HALF",
    "end-half": "WORD_END_HALF",
}


class Escape(NamedTuple):
    """What one escape means: a character (`is_byte` for `\\xFF`), a set, or an assertion."""

    column: int
    char: str = ""
    is_byte: bool = False
    ranges: Ranges | None = None
    look: LookKind | None = None


def parse_escape(scan: Scanner) -> Escape:
    """The escape at the cursor, which stands on the backslash; raises QueryError."""
    start = scan.at
    scan.at += 1
    char = scan.char
    if not char:
        scan.fail("incomplete escape sequence, reached end of pattern prematurely", start)
    if char.isascii() and char.isdigit():
        scan.fail("backreferences are not supported", start)
    if char in HEX_DIGITS:
        return _hex(scan, start, char)
    if char in "pP":
        return Escape(start, ranges=_property(scan, start, char == "P"))
    if char in "dswDSW":
        scan.at += 1
        return Escape(start, ranges=_perl(scan, char))
    scan.at += 1
    if char in SPECIAL:
        return Escape(start, SPECIAL[char])
    look = _look(scan, start, char)
    if look is not None:
        return Escape(start, look=look)
    if not char.isascii() or char.isalnum():
        scan.fail("unrecognized escape sequence", start)
    return Escape(start, char)


def _perl(scan: Scanner, char: str) -> Ranges:
    letter = char.lower()
    ranges = perl(letter) if scan.flags.unicode else ASCII_PERL[letter]
    if char == letter:
        return ranges
    return negate(ranges, MAX_CHAR if scan.flags.unicode else 255)


def _look(scan: Scanner, start: int, char: str) -> LookKind | None:
    if char == "A":
        return LookKind.START_TEXT
    if char == "z":
        return LookKind.END_TEXT
    name = {"b": "WORD", "B": "NOT_WORD", "<": "WORD_START", ">": "WORD_END"}.get(char)
    if name is None:
        return None
    if char == "b" and scan.char == "{":
        name = _special_boundary(scan, start) or name
    return LookKind[name if scan.flags.unicode else name + "_ASCII"]


def _special_boundary(scan: Scanner, start: int) -> str | None:
    """`{start}` and its like after `\\b`; None, and nothing read, where it is a counted repetition."""
    brace = scan.at
    if not scan.step():
        scan.fail("found the start of a special word boundary or a repetition, but no closing brace", start)
    column, name = scan.at, ""
    while scan.char.isascii() and (scan.char.isalpha() or scan.char == "-"):
        name += scan.char
        scan.step()
    if not name:
        scan.at = brace
        return None
    if scan.char != "}":
        scan.fail("special word boundary is either unclosed or holds an invalid character", brace)
    if name not in WORD_LOOKS:
        choices = ", ".join(WORD_LOOKS)
        scan.fail("unrecognized special word boundary", column, f"valid choices are {choices}")
    scan.at += 1
    return WORD_LOOKS[name]


def _hex(scan: Scanner, start: int, kind: str) -> Escape:
    if not scan.step():
        scan.fail("incomplete escape sequence, reached end of pattern prematurely")
    digits, braced = "", scan.char == "{"
    column = scan.at
    if braced:
        while scan.step() and scan.char != "}":
            digits += _hex_digit(scan)
        if not scan.char:
            scan.fail("incomplete escape sequence, reached end of pattern prematurely", column)
        scan.step()
        if not digits:
            scan.fail("hexadecimal literal empty", column)
    else:
        for left in range(HEX_DIGITS[kind] - 1, -1, -1):
            digits += _hex_digit(scan)
            if not scan.step() and left:
                scan.fail("incomplete escape sequence, reached end of pattern prematurely")
    code = int(digits, 16) if len(digits.lstrip("0")) <= 8 else MAX_CHAR + 1
    if code > MAX_CHAR or 0xD800 <= code <= 0xDFFF:
        scan.fail("hexadecimal literal is not a Unicode scalar value", column)
    return Escape(start, chr(code), is_byte=kind == "x" and not braced)


def _hex_digit(scan: Scanner) -> str:
    if not scan.char or scan.char not in "0123456789abcdefABCDEF":
        scan.fail("invalid hexadecimal digit")
    return scan.char


def _property(scan: Scanner, start: int, negated: bool) -> Ranges:
    if not scan.step():
        scan.fail("incomplete escape sequence, reached end of pattern prematurely")
    if scan.char == "{":
        name = ""
        while scan.step() and scan.char != "}":
            name += scan.char
        if not scan.char:
            scan.fail("incomplete escape sequence, reached end of pattern prematurely")
        scan.at += 1
    else:
        name = scan.char
        if name == "\\":
            scan.fail("invalid Unicode character class")
        scan.step()
    if not scan.flags.unicode:
        scan.fail("Unicode not allowed here", start)
    ranges = _named(scan, start, name)
    if scan.flags.ignore_case:
        ranges = fold(ranges)
    return negate(ranges, MAX_CHAR) if negated else ranges


def _named(scan: Scanner, start: int, name: str) -> Ranges:
    for operator in ("!=", ":", "="):  # Rust's regex reads != like =, and so do we
        key, found, value = name.partition(operator)
        if found:
            result = unicode_value(key, value)
            if isinstance(result, str):
                kind = "property" if result == "property" else "property value"
                scan.fail(f"Unicode {kind} not found", start)
            return result
    ranges = unicode_property(name)
    if ranges is None:
        scan.fail("Unicode property not found", start)
    return ranges
