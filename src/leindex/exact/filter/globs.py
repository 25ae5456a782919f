"""Globs of `-g` and `-t` for a grep: those of `leindex.globs`, with ripgrep's words for one that is malformed.

>>> compile_glob("**/*.{c,h}")(b"fs/ext4/inode.c")
True
"""

from __future__ import annotations

from collections.abc import Callable

from ...errors import ConfigError
from ...globs import expression, matcher, without_case
from ...globs.tokens import GlobError, Token, Wild, tokens_of


def compile_glob(glob: str, *, ignore_case: bool = False, typed: str | None = None) -> Callable[[bytes], bool]:
    """The test of whole paths. Raises ConfigError for a glob that is malformed; `typed` is what it was made from."""
    tokens = _tokens(glob, typed)
    return matcher(without_case(tokens) if ignore_case else tokens)


def glob_source(glob: str) -> bytes:
    """The source of an expression over bytes that matches whole paths, anchored at the end. Raises ConfigError."""
    tokens = _tokens(glob)
    return b"(?:" + (b".*" if tokens == (Wild.PREFIX,) else expression(tokens)) + b")\\Z"


def _tokens(glob: str, typed: str | None = None) -> tuple[Token, ...]:
    try:
        return tokens_of(glob, unclosed_class=False)
    except GlobError as error:
        raise ConfigError(f"error parsing glob '{typed or glob}': {error}") from None
