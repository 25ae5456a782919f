"""The tokens of a glob, and how they are read from its text; what they match is said in `globs.py`."""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias

from ..records import record


class GlobError(ValueError):
    """A glob that is not well formed; `str()` says why, in ripgrep's words."""


class Wild(Enum):
    """What a token without an argument matches, as a regular expression over bytes."""

    ANY = rb"[^/]"
    STAR = rb"[^/]*"
    PREFIX = rb"(?:/?|.*/)"
    SUFFIX = rb"/.*"
    MIDDLE = rb"(?:/|/.*/)"


@record(frozen=True, slots=True)
class ByteClass:
    """One byte out of these; `negated` tells that they were given as those that it is not."""

    members: frozenset[int]
    negated: bool = False


@record(frozen=True, slots=True)
class Alternates:
    """One of these sequences; ripgrep passes over an empty one."""

    branches: tuple[tuple[Token, ...], ...]


Token: TypeAlias = bytes | Wild | ByteClass | Alternates
"""`bytes` is one character, in UTF-8."""

_ALL: Final = frozenset(range(256))


class _Parser:
    def __init__(self, glob: str, unclosed_class: bool) -> None:
        self.glob = glob
        self.at = 0
        self.prev = ""
        self.cur = ""
        self.unclosed_class = unclosed_class
        self.no_more_classes = False
        self.branches: list[list[Token]] = [[]]
        self.open: list[int] = []

    def bump(self) -> str:
        self.prev, self.cur = self.cur, self.peek()
        self.at += 1
        return self.cur

    def peek(self) -> str:
        return self.glob[self.at] if self.at < len(self.glob) else ""

    def push(self, *tokens: Token) -> None:
        self.branches[-1].extend(tokens)

    def parse(self) -> tuple[Token, ...]:
        while char := self.bump():
            if char == "?":
                self.push(Wild.ANY)
            elif char == "*":
                self.star()
            elif char == "[" and not self.no_more_classes:
                self.character_class()
            elif char == "{":
                self.open.append(len(self.branches))
                self.branches.append([])
            elif char == "}":
                self.close()
            elif char == "," and self.open:
                self.branches.append([])
            elif char == "\\":
                if not (char := self.bump()):
                    raise GlobError("dangling '\\'")
                self.push(char.encode("utf-8", "surrogateescape"))
            else:
                self.push(char.encode("utf-8", "surrogateescape"))
        if self.open:
            raise GlobError("unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)")
        return tuple(self.branches[0])

    def close(self) -> None:
        if not self.open:
            raise GlobError("unopened alternate group; missing '{' (maybe escape '}' with '[}]'?)")
        start = self.open.pop()
        alternates = Alternates(tuple(map(tuple, self.branches[start:])))
        del self.branches[start:]
        self.push(alternates)

    def star(self) -> None:
        prev = self.prev
        if self.peek() != "*":
            self.push(Wild.STAR)
            return
        self.bump()
        if not self.branches[-1]:
            if self.peek() in ("", "/"):
                self.bump()
                self.push(Wild.PREFIX)
            else:
                self.push(Wild.STAR, Wild.STAR)
            return
        if prev != "/" and (len(self.branches) <= 1 or prev not in (",", "{")):
            self.push(Wild.STAR, Wild.STAR)
            return
        following = self.peek()
        if following == "/":
            self.bump()
            recursive = Wild.MIDDLE
        elif following == "" or (following in ",}" and len(self.branches) >= 2):
            recursive = Wild.SUFFIX
        else:
            self.push(Wild.STAR, Wild.STAR)
            return
        before = self.branches[-1].pop()
        self.push(before if before in (Wild.PREFIX, Wild.SUFFIX) else recursive)

    def character_class(self) -> None:
        saved = self.at, self.prev, self.cur
        negated = self.peek() in ("!", "^") and bool(self.bump())
        ranges: list[tuple[str, str]] = []
        in_range = False
        while True:
            char = self.bump()
            if not char:
                if not self.unclosed_class:
                    raise GlobError("unclosed character class; missing ']'")
                self.at, self.prev, self.cur = saved
                self.no_more_classes = True
                self.push(b"[")
                return
            if char == "]" and ranges:
                break
            if in_range:
                low = ranges[-1][0]
                if char < low:
                    raise GlobError(f"invalid range; '{low}' > '{char}'")
                ranges[-1] = (low, char)
                in_range = False
            elif char == "-" and ranges:
                in_range = True
            else:
                ranges.append((char, char))
        if in_range:
            ranges.append(("-", "-"))
        members = frozenset(byte for low, high in ranges for byte in _range_bytes(low, high))
        self.push(ByteClass(_ALL - members if negated else members, negated))


def _range_bytes(low: str, high: str) -> set[int]:
    """The bytes that a range of characters stands for: beyond ASCII, its UTF-8 is read byte by byte."""
    first, last = (char.encode("utf-8", "surrogateescape") for char in (low, high))
    if low == high:
        return set(first)
    return {*first[:-1], *range(first[-1], last[0] + 1), *last[1:]}


def tokens_of(glob: str, *, unclosed_class: bool) -> tuple[Token, ...]:
    """The tokens of a glob; see `parse`."""
    return _Parser(glob, unclosed_class).parse()
