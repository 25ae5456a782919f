"""Columns as clients count them: in bytes, in characters, or in units of UTF-16 (two for a character beyond U+FFFF).

>>> column_of("aß𝄞x".encode(), 7, "utf-16"), offset_of("aß𝄞x".encode(), 4, "utf-16")
(4, 7)
"""

from __future__ import annotations

from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["utf-8", "utf-16", "utf-32"]


def column_of(line: bytes, offset: int, unit: Unit) -> int:
    """The column of a byte of a line; beyond its end that of the end."""
    head = line[:offset]
    if unit == "utf-8" or head.isascii():
        return len(head)
    text = head.decode("utf-8", "surrogateescape")
    return len(text) + (sum(letter > "\uffff" for letter in text) if unit == "utf-16" else 0)


def offset_of(line: bytes, column: int, unit: Unit) -> int:
    """The byte of a line at a column: that of the character which the column lies in, and the end beyond it."""
    if unit == "utf-8" or line[:column].isascii():
        return min(column, len(line))
    at = 0
    for letter in line.decode("utf-8", "surrogateescape"):
        column -= 2 if unit == "utf-16" and letter > "\uffff" else 1
        if column < 0:
            break
        at += len(letter.encode("utf-8", "surrogateescape"))
    return at
