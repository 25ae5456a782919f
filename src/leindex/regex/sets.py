"""Bracketed character sets: `[a-z&&[^aeiou]]`, `[[:alpha:]\\d]`, `[a--b]`, `[a~~b]`.

Open brackets are kept on a list, not on Python's stack, for the same reason as groups are in
`parser.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from .classes import MAX_CHAR, POSIX, Ranges, canonical, difference, fold, fold_ascii, intersect, negate, subtract
from .escapes import Escape, parse_escape
from .scanner import NEST_LIMIT, Scanner

Left: TypeAlias = tuple[Ranges, int, Callable[[Ranges, Ranges], Ranges]]

OPERATORS: Final[dict[str, Callable[[Ranges, Ranges], Ranges]]] = {
    "&&": intersect,
    "--": subtract,
    "~~": difference,
}


class Bracket:
    """An open `[`: the items since the last operator, and what stood left of that operator."""

    def __init__(self, column: int, negated: bool, left: Left | None = None) -> None:
        self.column = column
        self.negated = negated
        self.left = left
        self.items: list[tuple[int, int]] = []
        self.count = self.depth = 0

    def add(self, ranges: Ranges, depth: int = 0) -> None:
        self.items += ranges
        self.count += 1
        self.depth = max(self.depth, depth)


def parse_set(scan: Scanner) -> tuple[Ranges, bool, int]:
    """The set at the cursor, which stands on `[`: ranges, whether of bytes, nesting depth."""
    stack = [_open(scan)]
    while True:
        scan.skip_space()
        char = scan.char
        if not char:
            scan.fail("unclosed character class", stack[-1].column)
        if char == "[":
            posix = _posix(scan)
            if posix is None:
                if len(stack) > NEST_LIMIT:
                    scan.fail_nesting()
                stack.append(_open(scan))
            else:
                stack[-1].add(posix)
        elif char == "]":
            scan.at += 1
            ranges, depth = _close(scan, stack.pop())
            if not stack:
                return ranges, not scan.flags.unicode, depth
            stack[-1].add(ranges, depth)
        elif scan.text[scan.at : scan.at + 2] in OPERATORS:
            operator = OPERATORS[scan.text[scan.at : scan.at + 2]]
            scan.at += 2
            done, depth = _operand(scan, stack[-1])
            column, negated = stack[-1].column, stack[-1].negated
            stack[-1] = Bracket(column, negated, left=(done, depth, operator))
        else:
            stack[-1].add(_item(scan, stack[-1].column))


def _open(scan: Scanner) -> Bracket:
    bracket = Bracket(scan.at, False)

    def step() -> None:
        if not scan.step():
            scan.fail("unclosed character class", bracket.column)

    step()
    if scan.char == "^":
        bracket.negated = True
        step()
    while scan.char == "-":
        bracket.add(_single(scan, "-"))
        step()
    if not bracket.count and scan.char == "]":
        bracket.add(_single(scan, "]"))
        step()
    return bracket


def _operand(scan: Scanner, bracket: Bracket) -> tuple[Ranges, int]:
    """What stands between the last operator and here, joined with what stands left of that operator."""
    ranges = canonical(bracket.items)
    depth = bracket.depth + (bracket.count > 1)
    if bracket.left is None:
        return ranges, depth
    left, left_depth, operator = bracket.left
    if scan.flags.ignore_case:
        folded = fold if scan.flags.unicode else fold_ascii
        left, ranges = folded(left), folded(ranges)
    return operator(left, ranges), max(left_depth, depth) + 1


def _close(scan: Scanner, bracket: Bracket) -> tuple[Ranges, int]:
    ranges, depth = _operand(scan, bracket)
    return _folded(scan, ranges, bracket.negated), depth + 1


def _folded(scan: Scanner, ranges: Ranges, negated: bool) -> Ranges:
    if scan.flags.ignore_case:
        ranges = fold(ranges) if scan.flags.unicode else fold_ascii(ranges)
    return negate(ranges, MAX_CHAR if scan.flags.unicode else 255) if negated else ranges


def _single(scan: Scanner, char: str) -> Ranges:
    scan.note_literal(char)
    return ((ord(char), ord(char)),)


def _posix(scan: Scanner) -> Ranges | None:
    """`[:name:]` at the cursor; None, and nothing read, where it is a nested set."""
    if not scan.text.startswith("[:", scan.at):
        return None
    end = scan.text.find(":]", scan.at + 2)
    name = scan.text[scan.at + 2 : end] if end >= 0 else ""
    ranges = POSIX.get(name.removeprefix("^"))
    if ranges is None:
        return None
    scan.at = end + 2
    return _folded(scan, ranges, name.startswith("^"))


def _item(scan: Scanner, column: int) -> Ranges:
    """One character, a range, or an escape that stands for a set."""
    start = _primitive(scan)
    scan.skip_space()
    if not scan.char:
        scan.fail("unclosed character class", column)
    if scan.char != "-" or scan.peek_spaced() in ("]", "-"):
        if start.look is not None:
            scan.fail("invalid escape sequence found in character class", start.column)
        if start.ranges is not None:
            return start.ranges
        code = _code(scan, start)
        return ((code, code),)
    if not scan.step():
        scan.fail("unclosed character class", column)
    end = _primitive(scan)
    for side in (start, end):
        if not side.char:
            scan.fail("invalid range boundary, must be a literal", side.column)
    if start.char > end.char:
        scan.fail("invalid character class range, the start must be <= the end", start.column)
    return ((_code(scan, start), _code(scan, end)),)


def _primitive(scan: Scanner) -> Escape:
    if scan.char == "\\":
        return parse_escape(scan)
    scan.at += 1
    return Escape(scan.at - 1, scan.text[scan.at - 1])


def _code(scan: Scanner, literal: Escape) -> int:
    scan.note_literal(literal.char)
    code = ord(literal.char)
    if not scan.flags.unicode and code > 127 and not (literal.is_byte and code < 256):
        scan.fail("Unicode not allowed here", literal.column)
    return code
