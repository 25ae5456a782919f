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
from enum import Enum
from functools import lru_cache
from typing import Final

from ..records import record
from .automaton import automaton
from .tokens import Alternates, ByteClass, Token, Wild, tokens_of

_ALL: Final = frozenset(range(256))
_LETTERS: Final = frozenset(string.ascii_letters.encode())
_RECURSIVE: Final = (Wild.PREFIX, Wild.SUFFIX, Wild.MIDDLE)


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


@record(frozen=True, slots=True)
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


@lru_cache(maxsize=4096)
def parse(glob: str, *, unclosed_class: bool = True, ignore_case: bool = False) -> Glob:
    """Parses a glob; with `ignore_case` letters of ASCII match in either case.

    `unclosed_class` takes a `[` that is never closed for itself, as in ignore files; with `-g` it is an
    error. Raises GlobError.
    """
    tokens = tokens_of(glob, unclosed_class=unclosed_class)
    if ignore_case:
        tokens = without_case(tokens)
    if len(tokens) > 1 and tokens[0] is Wild.PREFIX and not any(map(_crosses, tokens[1:])):
        return _name_glob(tokens)
    if (text := _joined(tokens)) is not None:
        return Glob(Shape.PATH, text, tokens)
    varies = any(_crosses(t) and t != b"/" for t in tokens)
    return Glob(Shape.PATH_MATCHES, _leading_literal(tokens), tokens, None if varies else tokens.count(b"/"))
