"""The encodings of the Encoding Standard in which characters take several bytes, but for UTF.

Characters come from Python's codecs, one at a time and kept; where a sequence of bytes ends that stands for nothing is
as the standard says, since that decides how many U+FFFD there are: an ASCII byte after a first byte is never
swallowed, any other is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from .differences import BIG5, EUC_JP, GB18030

BAD: Final = "\ufffd"

_TOKENS: Final = {
    "big5": rb"[\x00-\x7f]+|[\x81-\xfe][\x40-\x7e\x80-\xff]|.",
    "euc-jp": rb"[\x00-\x7f]+|\x8f[\xa1-\xfe][\x80-\xff]|\x8f[\xa1-\xfe]|[\x8e\x8f\xa1-\xfe][\x80-\xff]|.",
    "euc-kr": rb"[\x00-\x7f]+|[\x81-\xfe][\x41-\x7e\x80-\xff]|.",
    "gb18030": rb"[\x00-\x7f]+|[\x81-\xfe][0-9][\x81-\xfe][0-9]|[\x81-\xfe][0-9][\x81-\xfe]?\Z"
    rb"|[\x81-\xfe][\x40-\x7e\x80-\xff]|.",
    "shift_jis": rb"[\x00-\x7f]+|[\x80\xa1-\xdf]+|[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xff]|.",
}
"""What decoding goes by at a time: ASCII, a character, or a byte that begins none."""


def text_of(content: bytes, encoding: str) -> str:
    """The text that bytes in one of these encodings stand for."""
    if encoding == "iso-2022-jp":
        return _iso_2022_jp(content)
    name = "gb18030" if encoding == "gbk" else encoding
    character = _CHARACTERS[name]
    tokens = re.findall(_TOKENS[name], content, re.DOTALL)
    return "".join([token.decode("ascii") if token[0] < 0x80 else character(token) for token in tokens])


def _or_bad(token: bytes, text: str | None) -> str:
    """The text of a token of several bytes, or what stands for it if it has none."""
    if text is not None:
        return text
    return BAD + chr(token[-1]) if len(token) > 1 and token[-1] < 0x80 else BAD


def _by_codec(token: bytes, codec: str) -> str | None:
    try:
        return token.decode(codec)
    except UnicodeDecodeError:
        return None


@lru_cache(maxsize=1 << 16)
def _big5(token: bytes) -> str:
    if len(token) == 1:
        return BAD
    return BIG5.get(token) or _or_bad(token, _by_codec(token, "big5hkscs"))


@lru_cache(maxsize=1 << 16)
def _euc_kr(token: bytes) -> str:
    return _or_bad(token, _by_codec(token, "cp949") if len(token) > 1 else None)


@lru_cache(maxsize=1 << 16)
def _gb18030(token: bytes) -> str:
    if token == b"\x80":
        return "\u20ac"
    if len(token) == 2:
        return GB18030.get(token) or _or_bad(token, _by_codec(token, "gb18030"))
    return GB18030.get(token) or _by_codec(token, "gb18030") or BAD if len(token) == 4 else BAD


@lru_cache(maxsize=1 << 16)
def _shift_jis(token: bytes) -> str:
    if token[0] == 0x80 or 0xA1 <= token[0] <= 0xDF:
        return "".join(chr(0xFF61 - 0xA1 + byte) if byte > 0x80 else chr(byte) for byte in token)
    return _or_bad(token, _by_codec(token, "cp932") if len(token) > 1 else None)


def _jis_0208(row: int, cell: int) -> str | None:
    """A character by its place in the table, rows and cells counted from 0."""
    if not (0 <= row < 94 and 0 <= cell < 94):
        return None
    lead = row // 2 + (0x81 if row < 62 else 0xC1)
    trail = cell + 0x9F if row % 2 else cell + 0x40 + (cell >= 63)
    return _by_codec(bytes((lead, trail)), "cp932")


@lru_cache(maxsize=1 << 16)
def _euc_jp(token: bytes) -> str:
    if len(token) == 3:
        return EUC_JP.get(token) or _or_bad(token, _by_codec(token, "euc_jp"))
    if len(token) == 1 or token[0] == 0x8F:
        return BAD
    if token[0] == 0x8E:
        return chr(0xFF61 - 0xA1 + token[1]) if 0xA1 <= token[1] <= 0xDF else BAD
    return _or_bad(token, _jis_0208(token[0] - 0xA1, token[1] - 0xA1))


_CHARACTERS: Final[dict[str, Callable[[bytes], str]]] = {
    "big5": _big5,
    "euc-jp": _euc_jp,
    "euc-kr": _euc_kr,
    "gb18030": _gb18030,
    "shift_jis": _shift_jis,
}

_ESCAPES: Final = {b"(B": "ascii", b"(J": "roman", b"(I": "katakana", b"$@": "kanji", b"$B": "kanji"}


def _iso_2022_jp(content: bytes) -> str:
    """An escape sequence says what the bytes after it stand for; two of them without a character between are wrong."""
    parts: list[str] = []
    state, empty, at, size = "ascii", False, 0, len(content)
    while at < size:
        byte = content[at]
        if byte == 0x1B:
            chosen = _ESCAPES.get(content[at + 1 : at + 3])
            if chosen is None:
                parts.append(BAD)
                at += 1
                empty = False
                continue
            if empty:
                parts.append(BAD)
            state, empty, at = chosen, True, at + 3
            continue
        empty = False
        at += 1
        if state == "katakana":
            parts.append(chr(0xFF61 - 0x21 + byte) if 0x21 <= byte <= 0x5F else BAD)
        elif state == "kanji":
            if not 0x21 <= byte <= 0x7E:
                parts.append(BAD)
            elif at < size and content[at] != 0x1B:
                parts.append(_jis_0208(byte - 0x21, content[at] - 0x21) or BAD)
                at += 1
            else:
                parts.append(BAD)
        elif byte > 0x7F or byte in (0x0E, 0x0F):
            parts.append(BAD)
        else:
            parts.append({0x5C: "\u00a5", 0x7E: "\u203e"}.get(byte, chr(byte)) if state == "roman" else chr(byte))
    return "".join(parts)
