"""From the bytes of a file to the text that is searched: one home for encodings and case folding.

The stored content is always the file's own bytes. What is searched, by the index as by the matcher, is its
*searchable text*: a UTF-8 byte order mark removed, UTF-16 with a byte order mark transcoded to UTF-8 (lone
surrogates and odd bytes become U+FFFD), anything else as it is. These are ripgrep's rules. The *folded* text has
ASCII capitals in lower case; it is only ever used to find candidates.
"""

from __future__ import annotations

from typing import Final

UTF8_BOM: Final = b"\xef\xbb\xbf"
UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
FOLD: Final = bytes(range(65)) + bytes(range(97, 123)) + bytes(range(91, 256))


def encoding_of(content: bytes) -> str:
    """`utf-8`, `utf-8-bom`, `utf-16le`, `utf-16be`, or `bytes` for content that is not valid UTF-8."""
    if content.startswith(UTF8_BOM):
        return "utf-8-bom"
    if content.startswith(UTF16_BOMS[0]):
        return "utf-16le"
    if content.startswith(UTF16_BOMS[1]):
        return "utf-16be"
    if content.isascii():
        return "utf-8"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "bytes"
    return "utf-8"


def searchable(content: bytes) -> bytes:
    """The bytes that search sees of a file with this content."""
    if content.startswith(UTF8_BOM):
        return content[3:]
    if content.startswith(UTF16_BOMS):
        little = content.startswith(UTF16_BOMS[0])
        return content[2:].decode("utf-16-le" if little else "utf-16-be", "replace").encode("utf-8")
    return content


def fold(text: bytes) -> bytes:
    """The text with ASCII capitals in lower case."""
    return text.translate(FOLD)


PROBE: Final = 64 << 10
"""Bytes at the beginning of a text searched as a whole in which a NUL byte tells that it is binary."""
