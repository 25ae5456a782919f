"""Globs as ripgrep reads them, compiled to regular expressions over the bytes of a path.

`*` and `?` stay within a folder, `**` between slashes crosses them, `{a,b}` are alternatives that may nest,
`[a-z]` and `[!a-z]` are classes, and a backslash makes the next character literal.

    >>> bool(compile_glob("**/*.{c,h}").match(b"fs/ext4/inode.c"))
    True
"""

from __future__ import annotations

import re
from typing import Final

from leindex.errors import ConfigError

_PREFIX: Final = "(?:/?|.*/)"
_MIDDLE: Final = "(?:/|/.*/)"
_SUFFIX: Final = "/.*"
_STAR: Final = "[^/]*"


def compile_glob(glob: str, *, ignore_case: bool = False) -> re.Pattern[bytes]:
    """The expression that matches whole paths. Raises ConfigError for a glob that is malformed."""
    return re.compile(glob_source(glob).encode("latin-1"), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def glob_source(glob: str) -> str:
    """The source of the expression, one character for each byte, anchored at both ends."""
    return f"(?:{_Parser(glob).parse()})\\Z"


class _Parser:
    def __init__(self, glob: str) -> None:
        self._glob = glob
        self._at = 0

    def parse(self) -> str:
        tokens = self._branch(nested=False)
        return ".*" if tokens == [_PREFIX] else "".join(tokens)

    def _peek(self) -> str:
        return self._glob[self._at : self._at + 1]

    def _branch(self, *, nested: bool) -> list[str]:
        """The tokens up to the end, or up to the comma or brace that ends an alternative."""
        glob = self._glob
        tokens: list[str] = []
        while self._at < len(glob):
            char = glob[self._at]
            if nested and char in ",}":
                return tokens
            self._at += 1
            if char == "?":
                tokens.append("[^/]")
            elif char == "*":
                self._star(tokens, nested)
            elif char == "[":
                tokens.append(self._class())
            elif char == "{":
                tokens.append(self._alternatives())
            elif char == "}":
                raise self._error("unopened alternate group; missing '{' (maybe escape '}' with '[}]'?)")
            elif char == "\\":
                if self._at == len(glob):
                    raise self._error("dangling '\\'")
                tokens.append(_literal(glob[self._at]))
                self._at += 1
            else:
                tokens.append(_literal(char))
        if nested:
            raise self._error("unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)")
        return tokens

    def _alternatives(self) -> str:
        parts = []
        while True:
            part = "".join(self._branch(nested=True))
            if part:
                parts.append(part)
            self._at += 1
            if self._glob[self._at - 1] == "}":
                return f"(?:{'|'.join(parts)})" if parts else ""

    def _star(self, tokens: list[str], nested: bool) -> None:
        before = self._glob[self._at - 2 : self._at - 1] if self._at >= 2 else ""
        if self._peek() != "*":
            tokens.append(_STAR)
            return
        self._at += 1
        after = self._peek()
        if not tokens:
            if after in ("", "/"):
                tokens.append(_PREFIX)
                self._at += len(after)
            else:
                tokens.append(_STAR)
            return
        ends = after == "" or (nested and after in ",}")
        if (before != "/" and not (nested and before in (",", "{"))) or not (ends or after == "/"):
            tokens.append(_STAR)
            return
        self._at += after == "/"
        last = tokens.pop()
        if last in (_PREFIX, _SUFFIX):
            tokens.append(last)
        else:
            tokens.append(_SUFFIX if ends else _MIDDLE)

    def _class(self) -> str:
        glob = self._glob
        negated = self._peek() in ("!", "^") and self._peek() != ""
        self._at += negated
        ranges: list[list[str]] = []
        first, in_range = True, False
        while True:
            if self._at >= len(glob):
                raise self._error("unclosed character class; missing ']'")
            char = glob[self._at]
            self._at += 1
            if char == "]" and not first:
                break
            if char == "-" and not first and not in_range:
                in_range = True
            elif in_range:
                ranges[-1][1] = char
                if ranges[-1][0] > char:
                    raise self._error(f"invalid range; '{ranges[-1][0]}' > '{char}'")
                in_range = False
            else:
                ranges.append([char, char])
            first = False
        if in_range:
            ranges.append(["-", "-"])
        inside = "".join(_literal(low) if low == high else f"{_literal(low)}-{_literal(high)}" for low, high in ranges)
        return f"[{'^' if negated else ''}{inside}]"

    def _error(self, reason: str) -> ConfigError:
        return ConfigError(f"error parsing glob '{self._glob}': {reason}")


def _literal(char: str) -> str:
    """The bytes of a character, escaped, as characters of the same numbers."""
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
