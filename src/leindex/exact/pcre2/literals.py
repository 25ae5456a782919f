"""What a pattern in PCRE2's dialect tells an index: a tree of ours that matches at least what the pattern does.

Only what is plainly literal counts. Classes, look-around, references and escapes that stand for more than one
character become a gap, which may hold anything; where the pattern has what changes the meaning of the rest (flags,
verbs, conditions, recursion), nothing is known at all.

    >>> from leindex.regex.literals import formula_of_regex
    >>> str(formula_of_regex(tree_of(r"(?<=a)retry_(\\w+)\\1", caseless=False)))
    'retry_'
"""

from __future__ import annotations

import re
from typing import Final

from ...regex.hir import Alternate, Class, Concat, Empty, Hir, Literal, Repeat
from ...regex.parse import parse
from ...regex.scanner import Flags

_GAP: Final = Repeat(Class(((0, 0xFF),), True), 0, None, True)
_CONTROLS: Final = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ZERO_WIDTH: Final = frozenset("bBAzZG")
_QUANTIFIER: Final = re.compile(r"\{ *([0-9]*) *(, *([0-9]*))? *\}")
_GROUP: Final = re.compile(r"\?(?::|>|P?<([A-Za-z_][A-Za-z_0-9]*)>|'[A-Za-z_][A-Za-z_0-9]*')")
_LOOK: Final = re.compile(r"\?<?[=!]")


class _UnknownError(Exception):
    """The pattern has something that may change the meaning of all the rest."""


def tree_of(pattern: str, *, caseless: bool) -> Hir:
    """A tree for `formula_of_regex`; the gap alone where nothing is known."""
    try:
        reader = _Reader(pattern, caseless)
        tree = reader.alternatives()
        return tree if reader.at == len(pattern) else _GAP
    except (_UnknownError, RecursionError):
        return _GAP


class _Reader:
    """Reads a pattern that PCRE2 has accepted."""

    def __init__(self, pattern: str, caseless: bool) -> None:
        self.pattern, self.caseless, self.at = pattern, caseless, 0

    def _peek(self, count: int = 1) -> str:
        return self.pattern[self.at : self.at + count]

    def alternatives(self) -> Hir:
        """Up to the end, or to a parenthesis that closes."""
        branches = [self._sequence()]
        while self._peek() == "|":
            self.at += 1
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Alternate(tuple(branches))

    def _sequence(self) -> Hir:
        parts: list[Hir] = []
        while self._peek() not in ("", "|", ")"):
            atom = self._atom()
            parts.append(self._quantified(atom))
        return Concat(tuple(parts)) if len(parts) > 1 else parts[0] if parts else Empty()

    def _quantified(self, atom: Hir) -> Hir:
        while True:
            char = self._peek()
            found = _QUANTIFIER.match(self.pattern, self.at) if char == "{" else None
            if char in ("*", "?"):
                atom = Repeat(atom, 0, None if char == "*" else 1, True)
                self.at += 1
            elif char == "+":
                atom = Repeat(atom, 1, None, True)
                self.at += 1
            elif found and (found[1] or found[3]):
                # How often at most is of no use to an index.
                atom = Repeat(atom, min(int(found[1] or 0), 1), None, True)
                self.at = found.end()
            else:
                return atom
            # A suffix says in which order matches are tried, not what they are.
            self.at += self._peek() in ("?", "+") and self._peek() != ""

    def _atom(self) -> Hir:
        char = self._peek()
        self.at += 1
        if char == "\\":
            return self._escape()
        if char == "[":
            self._skip_class()
            return _GAP
        if char == "(":
            return self._group()
        if char == ".":
            return _GAP
        if char in "^$":
            return Empty()
        return self._literal(char)

    def _literal(self, char: str) -> Hir:
        if not self.caseless:
            return Literal(char.encode())
        return parse(char, Flags(ignore_case=True), fixed=True) if char.isascii() else _GAP

    def _escape(self) -> Hir:
        char = self._peek()
        self.at += 1
        if char == "" or char in "QEcoxkgNpPu" or char.isdigit():
            return self._argument(char)
        if char in _CONTROLS:
            return self._literal(_CONTROLS[char])
        if char in _ZERO_WIDTH:
            return Empty()
        return _GAP if char.isalpha() and char.isascii() else self._literal(char)

    def _argument(self, char: str) -> Hir:
        """An escape that has more to it: passed over whole, or else nothing is known."""
        rest = self.pattern[self.at :]
        forms = {
            "p": r"\{[^}]*\}|.",
            "P": r"\{[^}]*\}|.",
            "k": r"\{[^}]*\}|<[^>]*>|'[^']*'",
            "g": r"\{-?[^}]*\}|-?[0-9]+",
            "x": r"\{[^}]*\}|[0-9A-Fa-f]{0,2}",
            "N": r"(?!\{)",
            "o": r"\{[^}]*\}",
        }
        found = re.match(r"[0-9]*" if char.isdigit() else forms.get(char, r"(?!)"), rest, re.DOTALL)
        if found is None:
            raise _UnknownError
        self.at += found.end()
        return _GAP

    def _skip_class(self) -> None:
        """To the end of a class, of which nothing is used."""
        self.at += self._peek() == "^"
        self.at += self._peek() == "]"
        while (char := self._peek()) != "]":
            if char == "\\" and self._peek(2) == "\\Q":
                raise _UnknownError
            named = re.compile(r"\[[:.=].*?[:.=]\]").match(self.pattern, self.at) if char == "[" else None
            if named:
                self.at = named.end()
            elif char == "":
                raise _UnknownError
            else:
                self.at += 2 if char == "\\" else 1
        self.at += 1

    def _group(self) -> Hir:
        look = _LOOK.match(self.pattern, self.at)
        if self._peek() in ("?", "*"):
            kind = look or _GROUP.match(self.pattern, self.at)
            if kind is None:
                raise _UnknownError
            self.at = kind.end()
        inside = self.alternatives()
        if self._peek() != ")":
            raise _UnknownError
        self.at += 1
        return _GAP if look else inside
