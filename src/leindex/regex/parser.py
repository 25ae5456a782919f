"""Pattern text to `hir` tree: the syntax of ripgrep's patterns (that of Rust's regex-syntax 0.8.8).

One pass over the text with the flags in force at each point, so the tree comes out with every flag applied.
Open groups are kept on a list of our own rather than on Python's stack: nesting is limited by `NEST_LIMIT`,
which counts like the original (groups, repetitions, concatenations, alternations and classes each add a
level), and not by what the interpreter happens to allow. Character sets are parsed in `sets.py`, escapes in
`escapes.py`; what these share with it, the cursor and the flags, is in `scanner.py`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from .classes import MAX_CHAR, canonical, folds_of, is_name_char
from .escapes import Escape, parse_escape
from .hir import Capture, Class, Hir, Literal, Look, LookKind
from .hir_build import EMPTY, alternate, char_class, concat, repeat
from .scanner import NEST_LIMIT, SPACE, Flags, Scanner
from .sets import parse_set

COUNT_LIMIT: Final = 2**32 - 1
UNSUPPORTED_LOOKS: Final = ("?=", "?!", "?<=", "?<!")
QUANTIFIERS: Final[dict[str, tuple[int, int | None]]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}


FLAG_FIELDS: Final = {
    "i": "ignore_case",
    "m": "multi_line",
    "s": "dot_matches_newline",
    "U": "swap_greed",
    "u": "unicode",
    "R": "crlf",
}


class Item(NamedTuple):
    """One element of a concatenation: its tree, how deep it nests, and whether it only sets flags."""

    hir: Hir
    depth: int = 0
    is_directive: bool = False


class Group:
    """An open parenthesis: what its alternatives are so far, and what comes back when it closes."""

    def __init__(self, column: int, capture: tuple[int, str | None] | None, flags: Flags, spaced: bool) -> None:
        self.column = column
        self.capture = capture
        self.flags = flags
        self.spaced = spaced
        self.items: list[Item] = []
        self.branches: list[Item] = []


class Parser(Scanner):
    """Parses one pattern; `any_literal` and `any_uppercase` are for smart case."""

    def __init__(self, text: str, flags: Flags, spaced: bool) -> None:
        super().__init__(text, flags, spaced)
        self.names: dict[str, int] = {}
        self.captures = 0
        self.groups = [Group(0, None, flags, spaced)]

    def parse(self) -> Hir:
        """The tree of the whole pattern; raises QueryError."""
        steps = {"(": self._open, ")": self._close, "|": self._branch, "{": self._counted}
        while True:
            self.skip_space()
            char = self.char
            if not char:
                break
            if char in steps:
                steps[char]()
            elif char == "[":
                ranges, is_bytes, depth = parse_set(self)
                self._push(char_class(ranges, is_bytes), depth)
            elif char in QUANTIFIERS:
                self._uncounted(*QUANTIFIERS[char])
            else:
                self._push(self._primitive(char))
        if len(self.groups) > 1:
            self.fail("unclosed group", self.groups[-1].column)
        whole = self._finish(self.groups.pop())
        if whole.depth > NEST_LIMIT:
            self.fail_nesting()
        return whole.hir

    def _push(self, hir: Hir, depth: int = 0) -> None:
        self.groups[-1].items.append(Item(hir, depth))

    def _primitive(self, char: str) -> Hir:
        if char == "\\":
            return self._escaped(parse_escape(self))
        self.at += 1
        if char == ".":
            return self._dot()
        if char in "^$":
            return Look(self._line_look(char))
        return self._literal(char)

    def _escaped(self, escape: Escape) -> Hir:
        """An escape as an expression of its own."""
        if escape.look is not None:
            return Look(escape.look)
        if escape.ranges is not None:
            return char_class(escape.ranges, not self.flags.unicode)
        return self._literal(escape.char, escape.is_byte and not self.flags.unicode)

    def _literal(self, char: str, byte: bool = False) -> Hir:
        """The tree of one literal character, in the flags' case; `byte` for `\\xFF` outside Unicode mode."""
        self.note_literal(char)
        code = ord(char)
        if byte and code > 127:
            return Literal(bytes((code,)))
        if not self.flags.ignore_case:
            return Literal(char.encode())
        if not self.flags.unicode:
            both = tuple(sorted((code, code ^ 32)))
            is_letter = char.isascii() and char.isalpha()
            return Class(tuple((c, c) for c in both), True) if is_letter else Literal(char.encode())
        others = folds_of(code)
        if not others:
            return Literal(char.encode())
        return char_class(canonical((c, c) for c in (code, *others)), False)

    def _dot(self) -> Hir:
        top = MAX_CHAR if self.flags.unicode else 255
        if self.flags.dot_matches_newline:
            ranges: tuple[tuple[int, int], ...] = ((0, top),)
        elif self.flags.crlf:
            ranges = ((0, 9), (11, 12), (14, top))
        else:
            ranges = ((0, 9), (11, top))
        return Class(ranges, not self.flags.unicode)

    def _line_look(self, char: str) -> LookKind:
        start = char == "^"
        if not self.flags.multi_line:
            return LookKind.START_TEXT if start else LookKind.END_TEXT
        if self.flags.crlf:
            return LookKind.START_CRLF if start else LookKind.END_CRLF
        return LookKind.START_LINE if start else LookKind.END_LINE

    def _operand(self) -> Item:
        items = self.groups[-1].items
        if not items or items[-1].is_directive:
            self.fail("repetition operator missing expression")
        return items.pop()

    def _repeated(self, operand: Item, low: int, high: int | None) -> None:
        greedy = True
        if self.char == "?":
            greedy = False
            self.at += 1
        if operand.depth >= NEST_LIMIT:  # or else a****... would build a tree too deep to walk
            self.fail_nesting()
        self._push(repeat(operand.hir, low, high, greedy != self.flags.swap_greed), operand.depth + 1)

    def _uncounted(self, low: int, high: int | None) -> None:
        operand = self._operand()
        self.at += 1
        self._repeated(operand, low, high)

    def _counted(self) -> None:
        start = self.at
        operand = self._operand()
        if not self.step():
            self.fail("unclosed counted repetition", start)
        low = self._decimal()
        high = low
        column = self.at
        if not self.char:
            self.fail("unclosed counted repetition", start)
        if self.char == ",":
            if not self.step():
                self.fail("unclosed counted repetition", start)
            if self.char == "}":
                high = None
            elif low is not None:
                high = self._decimal()
                if high is None:
                    self.fail("repetition quantifier expects a valid decimal")
        if low is None:
            self.fail("repetition quantifier expects a valid decimal", column)
        if self.char != "}":
            self.fail("unclosed counted repetition", start)
        self.step()
        if high is not None and low > high:
            self.fail("invalid repetition count range, the start must be <= the end", start)
        self._repeated(operand, low, high)

    def _decimal(self) -> int | None:
        while self.char and self.char in SPACE:
            self.at += 1
        start, digits = self.at, ""
        while "0" <= self.char <= "9":
            digits += self.char
            self.step()
        while self.char and self.char in SPACE:
            self.step()
        if len(digits) > 4000 or (digits and int(digits) > COUNT_LIMIT):
            self.fail("decimal literal invalid", start)
        return int(digits) if digits else None

    def _open(self) -> None:
        start = self.at
        if len(self.groups) > NEST_LIMIT:
            self.fail_nesting()
        self.step()
        if self.text.startswith(UNSUPPORTED_LOOKS, self.at):
            self.fail("look-around, including look-ahead and look-behind, is not supported", start)
        inner = self.at
        if self.take("?P<") or self.take("?<"):
            capture: tuple[int, str | None] | None = self._capture_name()
        elif self.take("?"):
            capture = None
            if not self.char:
                self.fail("unclosed group", start)
            flags, spaced, count = self._flags()
            if self.char == ")":
                if count == 0:
                    self.fail("repetition operator missing expression", inner)
                self.at += 1
                self.flags, self.spaced = flags, spaced
                self.groups[-1].items.append(Item(EMPTY, 0, True))
                return
            self.at += 1
            self.groups.append(Group(start, None, self.flags, self.spaced))
            self.flags, self.spaced = flags, spaced
            return
        else:
            self.captures += 1
            capture = (self.captures, None)
        self.groups.append(Group(start, capture, self.flags, self.spaced))

    def _capture_name(self) -> tuple[int, str]:
        self.captures += 1
        start = self.at
        while self.char != ">":
            if not self.char:
                self.fail("unclosed capture group name")
            if not is_name_char(self.char, self.at == start):
                self.fail("invalid capture group character")
            self.at += 1
        name = self.text[start : self.at]
        if not name:
            self.fail("empty capture group name", start)
        if name in self.names:
            self.fail("duplicate capture group name", start)
        self.names[name] = self.captures
        self.at += 1
        return self.captures, name

    def _flags(self) -> tuple[Flags, bool, int]:
        flags, spaced, value = self.flags, self.spaced, True
        seen = ""
        while self.char not in (":", ")"):
            char = self.char
            if not char:
                self.fail("expected flag but got end of regex")
            if char != "-" and char != "x" and char not in FLAG_FIELDS:
                self.fail("unrecognized flag")
            if char in seen:
                self.fail("flag negation operator repeated" if char == "-" else "duplicate flag")
            seen += char
            if char == "-":
                value = False
            elif char == "x":
                spaced = value
            else:
                flags = flags._replace(**{FLAG_FIELDS[char]: value})
            self.at += 1
        if seen.endswith("-"):
            self.fail("dangling flag negation operator", self.at - 1)
        return flags, spaced, len(seen)

    def _branch(self) -> None:
        group = self.groups[-1]
        group.branches.append(self._joined(group.items))
        group.items = []
        self.at += 1

    def _close(self) -> None:
        if len(self.groups) == 1:
            self.fail("unopened group")
        group = self.groups.pop()
        self.flags, self.spaced = group.flags, group.spaced
        whole = self._finish(group)
        if whole.depth >= NEST_LIMIT:
            self.fail_nesting()
        hir = whole.hir if group.capture is None else Capture(*group.capture, whole.hir)
        self._push(hir, whole.depth + 1)
        self.at += 1

    def _joined(self, items: list[Item]) -> Item:
        depth = max((item.depth for item in items), default=0) + (len(items) > 1)
        return Item(concat(item.hir for item in items), depth)

    def _finish(self, group: Group) -> Item:
        last = self._joined(group.items)
        if not group.branches:
            return last
        branches = [*group.branches, last]
        return Item(alternate(item.hir for item in branches), max(item.depth for item in branches) + 1)
