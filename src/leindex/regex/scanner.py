"""A cursor over a pattern with the flags in force: what groups, sets and escapes are all read by."""

from __future__ import annotations

from typing import Final, NamedTuple, NoReturn

from ..errors import QueryError
from .classes import is_uppercase

NEST_LIMIT: Final = 250
SPACE: Final = frozenset("\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | frozenset(
    map(chr, range(0x2000, 0x200B))
)


class Flags(NamedTuple):
    """What `(?imsUuR)` switch; see `regex.parse`."""

    ignore_case: bool = False
    multi_line: bool = True
    dot_matches_newline: bool = False
    swap_greed: bool = False
    unicode: bool = True
    crlf: bool = False


class Scanner:
    """A cursor over the pattern, with the reading habits that every part of the syntax shares."""

    def __init__(self, text: str, flags: Flags, spaced: bool) -> None:
        self.text = text
        self.at = 0
        self.flags = flags
        self.spaced = spaced  # (?x): white space and comments do not count
        self.any_literal = self.any_uppercase = False

    @property
    def char(self) -> str:
        """The current character; empty at the end."""
        return self.text[self.at : self.at + 1]

    def fail(self, message: str, column: int | None = None, advice: str = "") -> NoReturn:
        """Raise a QueryError at a column (the current one by default)."""
        raise QueryError(message, text=self.text, column=self.at if column is None else column, advice=advice)

    def fail_nesting(self) -> NoReturn:
        """Refuse a pattern that nests too deeply."""
        self.fail(f"nested too deeply (the limit is {NEST_LIMIT})", 0)

    def skip_space(self) -> None:
        """In (?x), pass white space and comments."""
        if not self.spaced:
            return
        while self.char:
            if self.char in SPACE:
                self.at += 1
            elif self.char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end + 1
            else:
                return

    def step(self) -> bool:
        """Move past the current character and (?x) space; False at the end of the pattern."""
        self.at += 1
        self.skip_space()
        return self.at < len(self.text)

    def peek_spaced(self) -> str:
        """The character after the current one, not counting (?x) space."""
        at = self.at + 1
        if self.spaced:
            while self.text[at : at + 1] in SPACE or self.text[at : at + 1] == "#":
                at += 1
        return self.text[at : at + 1]

    def take(self, prefix: str) -> bool:
        """Move past `prefix` if it comes next."""
        if not self.text.startswith(prefix, self.at):
            return False
        self.at += len(prefix)
        return True

    def note_literal(self, char: str) -> None:
        """Remember what smart case asks about."""
        self.any_literal = True
        self.any_uppercase = self.any_uppercase or is_uppercase(char)
