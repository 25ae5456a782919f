"""The texts that an editor has open, kept as it changes them.

Lines end where the protocol says so, at `\\n`, `\\r\\n` or `\\r`, and nowhere else: a form feed or U+2028 stays within
its line, where Python's `splitlines` would see an end and put every later change into the wrong place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lsprotocol import types

from ..service.columns import Unit

_END: Final = re.compile(r"\r\n|\n|\r")


class Buffers:
    """Open texts by the path of their file. `unit` is how the editor counts columns."""

    def __init__(self) -> None:
        self.unit: Unit = "utf-16"
        self._open: dict[str, str] = {}
        self._encoded: Mapping[str, bytes] = MappingProxyType({})

    @property
    def texts(self) -> Mapping[str, bytes]:
        """All of them as bytes; the mapping is never changed, a change makes a new one."""
        return self._encoded

    def put(self, path: str, text: str) -> None:
        """A file was opened, or has another text altogether."""
        self._open[path] = text
        self._encoded = MappingProxyType({**self._encoded, path: text.encode("utf-8", "replace")})

    def close(self, path: str) -> None:
        """A file was closed: what counts is what is on disk."""
        self._open.pop(path, None)
        self._encoded = MappingProxyType({known: text for known, text in self._encoded.items() if known != path})

    def change(self, path: str, changes: list[types.TextDocumentContentChangeEvent]) -> None:
        """Changes of an open file, one after the other."""
        text = self._open.get(path)
        if text is None:
            return
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                start = self._offset(text, change.range.start)
                end = max(self._offset(text, change.range.end), start)
                text = text[:start] + change.text + text[end:]
            else:
                text = change.text
        self.put(path, text)

    def _offset(self, text: str, position: types.Position) -> int:
        """The character at a position; beyond the end of a line or of the text that end."""
        start = 0
        for _ in range(position.line):
            end = _END.search(text, start)
            if end is None:
                return len(text)
            start = end.end()
        end = _END.search(text, start)
        line = text[start : end.start() if end else len(text)]
        return start + _characters(line, position.character, self.unit)


def _characters(line: str, column: int, unit: Unit) -> int:
    if unit == "utf-32" or line[:column].isascii():
        return min(column, len(line))
    for at, letter in enumerate(line):
        column -= len(letter.encode("utf-8", "replace")) if unit == "utf-8" else 1 + (letter > "\uffff")
        if column < 0:
            return at
    return len(line)
