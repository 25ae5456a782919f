"""Where the beginning of a long line is cut off: after so many characters as a person counts them.

A simplification of Unicode's grapheme clusters (UAX 29): marks, joiners, variation selectors and skin tones
belong to the character before them, what follows a zero-width joiner belongs to the same character, regional
indicators go in pairs, and `\\r\\n` is one. Hangul syllables spelled in jamo and prepended marks are not
treated.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_JOINER: Final = "\u200d"


def preview_end(text: bytes, start: int, end: int, count: int) -> int:
    """The offset after the first `count` characters of `text[start:end]`."""
    part = text[start:end]
    if part.isascii() and b"\r\n" not in part:
        return min(end, start + count)
    chars = part.decode("utf-8", "surrogateescape")
    at, previous, flags = 0, "", 0
    for position, char in enumerate(chars):
        joined = position > 0 and _joins(previous, char, flags)
        if not joined:
            if count == 0:
                at = position
                break
            count -= 1
        flags = flags + 1 if _is_flag(char) else 0
        previous = char
    else:
        at = len(chars)
    return start + len(chars[:at].encode("utf-8", "surrogateescape"))


def _joins(previous: str, char: str, flags: int) -> bool:
    """Whether `char` belongs to the same cluster as the character before it."""
    if previous in "\r\n" or char in "\r\n":
        return previous == "\r" and char == "\n"
    if previous == _JOINER and ord(char) > 0x2000:
        return True
    if _is_flag(char):
        return flags % 2 == 1
    return char == _JOINER or 0x1F3FB <= ord(char) <= 0x1F3FF or unicodedata.category(char)[0] == "M"


def _is_flag(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF
