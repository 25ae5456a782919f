"""From a literal in bytes to text, for engines whose index holds text in UTF-8 only.

A formula's literals are bytes, and may begin or end in the middle of a character. Such an engine looks up
what is whole of them, and takes documents that are not valid UTF-8 for candidates always.
"""

from __future__ import annotations


def whole_characters(literal: bytes) -> str | None:
    """The characters that any valid UTF-8 text holding `literal` has there; None if no such text can hold it.

    >>> whole_characters("né".encode()[:2]), whole_characters(b"\\xa9 x"), whole_characters(b"a\\xffb")
    ('n', ' x', None)
    """
    start = 0
    while start < min(3, len(literal)) and 0x80 <= literal[start] < 0xC0:
        start += 1
    end = len(literal)
    for back in range(1, min(3, end - start) + 1):
        byte = literal[end - back]
        if 0x80 <= byte < 0xC0:
            continue  # inside of a character; its first byte comes before
        if 0xC0 <= byte < 0xF8 and back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4):
            end -= back
        break
    try:
        return literal[start:end].decode("utf-8")
    except UnicodeDecodeError:
        return None
