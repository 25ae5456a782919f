"""Replacing matches in printed lines (`-r`), with references to capture groups.

`$1`, `$name` and `${name}` stand for a group, `$$` for a dollar sign; a name reaches as far as letters,
digits and underscores do, so `$1a` is the group named `1a`. A group that does not exist or took no part is
empty.

    >>> [piece for piece in parse_template(b"${x}-$1a")]
    ['x', b'-', '1a']
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ..matcher import Matcher
from ..request import GrepRequest

_REFERENCE: Final = re.compile(rb"\$(?:(\$)|\{([0-9A-Za-z_]+)\}|([0-9A-Za-z_]+))")
_MAX_GROUP: Final = 2**32 - 1


class Replaced(NamedTuple):
    """The new text of a line, and where the replaced matches are in it."""

    text: bytes
    spans: list[tuple[int, int]]


def parse_template(template: bytes) -> list[bytes | str]:
    """Literal pieces (bytes) and the names or numbers of groups (str), in order."""
    pieces: list[bytes | str] = []
    at = 0
    for found in _REFERENCE.finditer(template):
        pieces.append(template[at : found.start()])
        dollar, braced, bare = found.groups()
        pieces.append(b"$" if dollar else (braced or bare).decode("ascii"))
        at = found.end()
    pieces.append(template[at:])
    return [piece for piece in pieces if piece]


class Replacer:
    """Replaces the matches of one pattern by one template."""

    def __init__(self, request: GrepRequest, matcher: Matcher) -> None:
        self._matcher = matcher
        self._pieces: list[bytes | int] = []
        for piece in parse_template(request.replace or b""):
            if isinstance(piece, bytes):
                self._pieces.append(piece)
                continue
            number = int(piece) if piece.isdigit() and int(piece) <= _MAX_GROUP else matcher.groups.get(piece)
            if number is not None:
                self._pieces.append(number)

    def replace(self, haystack: bytes | memoryview, start: int, limit: int, terminator: bytes) -> Replaced | None:
        """Replace the matches that begin between `start` and `limit`; None when there is none.

        `terminator` is the line end that was cut off from `haystack` and is put back.
        """
        parts: list[bytes] = []
        spans: list[tuple[int, int]] = []
        size, last = 0, start
        for groups in self._matcher.captures_from(haystack, start):
            whole = groups[0]
            if whole is None or whole[0] >= limit:
                break
            begin, end = whole
            new = b"".join(
                piece if isinstance(piece, bytes) else _group(haystack, groups, piece) for piece in self._pieces
            )
            between = bytes(haystack[last:begin])
            parts += (between, new)
            size += len(between)
            spans.append((size, size + len(new)))
            size += len(new)
            last = end
        if not spans:
            return None
        stop = len(haystack) if last > limit else min(len(haystack), limit)
        return Replaced(b"".join((*parts, bytes(haystack[last:stop]), terminator)), spans)


def _group(haystack: bytes | memoryview, groups: list[tuple[int, int] | None], number: int) -> bytes:
    span = groups[number] if number < len(groups) else None
    return b"" if span is None else bytes(haystack[span[0] : span[1]])
