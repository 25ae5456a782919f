"""From the bytes of a file to UTF-8, in an encoding that was asked for.

Decoders are those of the Encoding Standard, which ripgrep uses: what cannot be decoded becomes U+FFFD. Python's codecs
have the tables; where the standard has others, the differences are here and in `east_asian.py`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ...text import UTF8_BOM, UTF16_BOMS, searchable

NONE: Final = "none"
"""The encoding of `-E none`: bytes are searched as they are, a byte order mark included."""

_CODECS: Final = {
    "ibm866": "cp866",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "windows-874": "cp874",
    "iso-8859-8-i": "iso8859_8",
}
_OTHERWISE: Final = {
    "koi8-u": {0xAE: "\u045e", 0xBE: "\u040e"},
    "windows-1255": {0xCA: "\u05ba"},
}
"""Bytes that the standard's table has and Python's has not, or otherwise."""


def decoded(content: bytes, encoding: str) -> bytes:
    """The content as UTF-8.

    A byte order mark of UTF-16 outranks the encoding, and one of UTF-8 is left out, as in ripgrep. `encoding` is a name
    of `labels.py`, or `NONE`.
    """
    if encoding == NONE:
        return content
    if content.startswith(UTF16_BOMS):
        return searchable(content)
    content = content.removeprefix(UTF8_BOM)
    if encoding == "utf-8":
        return content if content.isascii() else content.decode("utf-8", "replace").encode()
    if encoding.startswith("utf-16"):
        return content.decode("utf-16-" + encoding[-2:], "replace").encode()
    if encoding in _EAST_ASIAN:
        from .east_asian import text_of

        return text_of(content, encoding).encode()
    if content.isascii():
        return content
    return content.decode("latin-1").translate(_table(encoding)).encode()


_EAST_ASIAN: Final = frozenset(("big5", "euc-jp", "euc-kr", "gb18030", "gbk", "iso-2022-jp", "shift_jis"))


def keeps_ascii(encoding: str) -> bool:
    """Whether ASCII bytes always stand for themselves and nothing else stands for ASCII: then a literal in ASCII can
    be looked up in an index of the bytes."""
    return encoding != "utf-16le" and encoding != "utf-16be" and encoding not in _EAST_ASIAN


@lru_cache(maxsize=4)
def _table(encoding: str) -> dict[int, str]:
    """What each byte of an encoding of single bytes stands for."""
    if encoding == "x-user-defined":
        return {byte: chr(0xF780 + byte - 0x80) for byte in range(0x80, 0x100)}
    codec = _CODECS.get(encoding) or encoding.replace("windows-", "cp")
    table = {}
    for byte in range(0x80, 0x100):
        try:
            table[byte] = bytes((byte,)).decode(codec)
        except UnicodeDecodeError:
            # The standard has control characters where the tables of Windows have gaps, up to 0x9F.
            table[byte] = chr(byte) if byte < 0xA0 else "\ufffd"
    table.update(_OTHERWISE.get(encoding, {}))
    return table
