"""Globs as ripgrep reads them: those of ignore rules, of `-g` and of file types.

A glob is parsed into tokens and from them into the cheapest test that is equivalent: the name of a file,
its extension, its beginning or end, the whole path, or a regular expression over bytes. Names of files need
not be UTF-8, so everything is bytes; `?` and a character class therefore stand for one byte, and, as in
ripgrep, a negated class also matches a `/`.

The grammar follows the crate `globset` 0.4.18 (in ripgrep 15.1.0) with its options `literal_separator` and
`backslash_escape`: `*` and `?` stop at `/`; `**/`, `/**` and `/**/` cross folders; `{a,b}` alternates,
nested.

    >>> parse("**/*.py").fullmatch(b"src/main.py")
    True
    >>> parse("src/*.py").fullmatch(b"src/lib/main.py")
    False
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias


class GlobError(ValueError):
    """A glob that is not well formed; `str()` says why."""


class Wild(Enum):
    """What a token without an argument matches, as a regular expression over bytes."""

    ANY = rb"[^/]"
    STAR = rb"[^/]*"
    PREFIX = rb"(?:/?|.*/)"
    SUFFIX = rb"/.*"
    MIDDLE = rb"(?:/|/.*/)"


@dataclass(frozen=True, slots=True)
class ByteClass:
    """One byte out of these; `negated` tells that they were given as those that it is not."""

    members: frozenset[int]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Alternates:
    """One of these sequences; ripgrep passes over an empty one."""

    branches: tuple[tuple[Token, ...], ...]


Token: TypeAlias = bytes | Wild | ByteClass | Alternates
"""`bytes` is one character, in UTF-8."""

_ALL: Final = frozenset(range(256))
_LETTERS: Final = frozenset(string.ascii_letters.encode())
_RECURSIVE: Final = (Wild.PREFIX, Wild.SUFFIX, Wild.MIDDLE)


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
                    raise GlobError("a backslash at the end escapes nothing")
                self.push(char.encode("utf-8", "surrogateescape"))
            else:
                self.push(char.encode("utf-8", "surrogateescape"))
        if self.open:
            raise GlobError("'{' is never closed by '}'")
        return tuple(self.branches[0])

    def close(self) -> None:
        if not self.open:
            raise GlobError("'}' closes nothing")
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
                    raise GlobError("'[' is never closed by ']'")
                self.at, self.prev, self.cur = saved
                self.no_more_classes = True
                self.push(b"[")
                return
            if char == "]" and ranges:
                break
            if in_range:
                low = ranges[-1][0]
                if char < low:
                    raise GlobError(f"the range {low}-{char} is backwards")
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


def expression(tokens: tuple[Token, ...]) -> bytes:
    """The regular expression over bytes that these tokens stand for."""
    parts = []
    for token in tokens:
        if isinstance(token, bytes):
            parts.append(re.escape(token))
        elif isinstance(token, Wild):
            parts.append(token.value)
        elif isinstance(token, ByteClass):
            # A class of all bytes' complement is no byte at all, which `[]` cannot say.
            members = b"".join(b"\\x%02x" % byte for byte in sorted(token.members))
            parts.append(b"[" + members + b"]" if members else rb"(?!)")
        else:
            branches = [branch for tokens in token.branches if (branch := expression(tokens))]
            if branches:
                parts.append(b"(?:" + b"|".join(branches) + b")")
    return b"".join(parts)


def _crosses(token: Token) -> bool:
    """Whether the token can match a `/`."""
    if isinstance(token, bytes):
        return token == b"/"
    if isinstance(token, ByteClass):
        return ord("/") in token.members
    if isinstance(token, Alternates):
        return any(_crosses(inner) for branch in token.branches for inner in branch)
    return token in _RECURSIVE


def _wildness(tokens: tuple[Token, ...]) -> int:
    """How many choices a backtracking matcher could have to go through, as a power of the text's length."""
    total = 0
    for token in tokens:
        if isinstance(token, Alternates):
            total += 1 + sum(map(_wildness, token.branches))
        elif isinstance(token, Wild) and token is not Wild.ANY:
            total += 1
    return total


class Shape(Enum):
    """The kind of test that a glob comes down to; `Glob.text` is what it compares with."""

    NAME = "the last component is the text"
    EXTENSION = "the last component's last dot and what follows are the text"
    NAME_ENDS = "the last component ends with the text"
    NAME_BEGINS = "the last component begins with the text"
    NAME_MATCHES = "the last component matches; it holds the text"
    PATH = "the whole path is the text"
    PATH_MATCHES = "the whole path matches; it begins with the text"


@dataclass(frozen=True, slots=True)
class Glob:
    """A parsed glob.

    `slashes` is the number of `/` that a path must hold for `PATH_MATCHES`, or None if that varies.
    """

    shape: Shape
    text: bytes
    tokens: tuple[Token, ...]
    slashes: int | None = None

    def fullmatch(self, path: bytes) -> bool:
        """Whether the glob matches this path, by the general matcher."""
        return matcher(self.tokens)(path)

    def name_matcher(self) -> Callable[[bytes], object]:
        """For `NAME_MATCHES`: a test of the last component alone."""
        return matcher(self.tokens[1:])

    def path_matcher(self) -> Callable[[bytes], object]:
        """For `PATH_MATCHES`: a test of the whole path."""
        return matcher(self.tokens)


def without_case(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The same glob for letters of ASCII in either case."""
    return tuple(map(_either_case, tokens))


def _either_case(token: Token) -> Token:
    if isinstance(token, bytes):
        return ByteClass(_both_cases(frozenset(token))) if token[0] in _LETTERS else token
    if isinstance(token, ByteClass):
        if token.negated:
            return ByteClass(_ALL - _both_cases(_ALL - token.members), True)
        return ByteClass(_both_cases(token.members))
    if isinstance(token, Alternates):
        return Alternates(tuple(map(without_case, token.branches)))
    return token


def _both_cases(members: frozenset[int]) -> frozenset[int]:
    return members | {byte ^ 32 for byte in members & _LETTERS}


def matcher(tokens: tuple[Token, ...]) -> Callable[[bytes], bool]:
    """The test of a whole path; it takes time linear in the path, or a low power of it."""
    if _wildness(tokens) > 3:
        # Beyond that a hostile rule could keep a backtracking matcher busy for minutes.
        from .glob_automaton import automaton

        return automaton(tokens)
    if tokens == (Wild.PREFIX,):
        return lambda path: True
    compiled = re.compile(expression(tokens), re.DOTALL).fullmatch
    return lambda path: compiled(path) is not None


def _joined(tokens: tuple[Token, ...]) -> bytes | None:
    """The text of tokens that are all literal, else None."""
    return b"".join(t for t in tokens if isinstance(t, bytes)) if all(isinstance(t, bytes) for t in tokens) else None


def _longest_literal(tokens: tuple[Token, ...]) -> bytes:
    runs: list[bytes] = [b""]
    for token in tokens:
        if isinstance(token, bytes):
            runs[-1] += token
        else:
            runs.append(b"")
    return max(runs, key=len)


def _leading_literal(tokens: tuple[Token, ...]) -> bytes:
    text = b""
    for token in tokens:
        if not isinstance(token, bytes):
            break
        text += token
    return text


def _name_glob(tokens: tuple[Token, ...]) -> Glob:
    """The glob of tokens that are `**/` and then nothing that can match a `/`."""
    rest = tuple(t for i, t in enumerate(tokens[1:]) if not (t is Wild.STAR and tokens[i] is Wild.STAR))
    if (text := _joined(rest)) is not None:
        return Glob(Shape.NAME, text, tokens)
    if rest[0] is Wild.STAR and (text := _joined(rest[1:])) is not None:
        shape = Shape.EXTENSION if text.rfind(b".") == 0 else Shape.NAME_ENDS
        return Glob(shape, text, tokens)
    if rest[-1] is Wild.STAR and (text := _joined(rest[:-1])) is not None:
        return Glob(Shape.NAME_BEGINS, text, tokens)
    return Glob(Shape.NAME_MATCHES, _longest_literal(rest), (Wild.PREFIX, *rest))


def tokens_of(glob: str, *, unclosed_class: bool) -> tuple[Token, ...]:
    """The tokens of a glob; see `parse`."""
    return _Parser(glob, unclosed_class).parse()


@lru_cache(maxsize=4096)
def parse(glob: str, *, unclosed_class: bool = True) -> Glob:
    """Parses a glob.

    `unclosed_class` takes a `[` that is never closed for itself, as in ignore files; with `-g` it is an
    error. Raises `GlobError`.
    """
    tokens = tokens_of(glob, unclosed_class=unclosed_class)
    if len(tokens) > 1 and tokens[0] is Wild.PREFIX and not any(map(_crosses, tokens[1:])):
        return _name_glob(tokens)
    if (text := _joined(tokens)) is not None:
        return Glob(Shape.PATH, text, tokens)
    varies = any(_crosses(t) and t != b"/" for t in tokens)
    return Glob(Shape.PATH_MATCHES, _leading_literal(tokens), tokens, None if varies else tokens.count(b"/"))
