"""`Source`: one file as the graph sees it: its text, its definitions and its references, each made when asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from .. import _native
from ..definition import Symbol
from ..linkage import Columns, Role
from .expression import past

TYPES: Final = frozenset(("class", "struct", "interface", "trait", "enum", "union", "object", "type"))
"""Kinds of definitions that have members."""
CALLABLES: Final = frozenset(("function", "method", "constructor", "macro", "test"))
SCOPES: Final = TYPES | CALLABLES | {"namespace", "module", "property"}
"""Kinds that references stand in."""

REFERENCES: Final = {
    Role.CALL: "call",
    Role.NEW: "new",
    Role.BASE: "base",
    Role.DECORATOR: "decorator",
    Role.VALUE: "value",
}
"""The roles that are edges, and what the edge is called."""

_WORD: Final = frozenset(b"$_#~" + bytes(range(128, 256)) + bytes(c for c in range(128) if chr(c).isalnum()))


class Use(NamedTuple):
    """One reference: where its text starts and ends, what it is, and the last name of it."""

    start: int
    end: int
    role: Role
    name: str


class Source:
    """One file of a view. Symbols are known by their place in `symbols`; -1 is the file itself."""

    def __init__(
        self, path: str, language: str, text: bytes, symbols: Sequence[Symbol], columns: Columns | None
    ) -> None:
        self.path, self.language, self.text, self.symbols = path, language, text, symbols
        self.known = columns is not None
        self.columns = columns if columns is not None else Columns([], memoryview(b"").cast("I"), b"")  # type: ignore[arg-type]

    # -- lines ----------------------------------------------------------------------------------------------------

    @cached_property
    def starts(self) -> memoryview:
        """Where each line starts."""
        return memoryview(_native.line_starts(self.text)).cast("I")

    def line_of(self, offset: int) -> int:
        """The line of a byte, from 1."""
        return bisect_right(self.starts, offset)

    def line_text(self, line: int, limit: int = 500) -> str:
        """A line as it is shown."""
        start = self.starts[line - 1]
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        return self.text[start : min(end, start + 4 * limit)].decode("utf-8", "replace")[:limit].rstrip("\r\n")

    def place_of(self, offset: int) -> tuple[int, int]:
        """Line from 1 and column in characters from 0."""
        line = self.line_of(offset)
        return line, len(self.text[self.starts[line - 1] : offset].decode("utf-8", "replace"))

    def string(self, start: int, end: int) -> str:
        """A part of the text."""
        return self.text[start:end].decode("utf-8", "replace")

    # -- definitions ----------------------------------------------------------------------------------------------

    @cached_property
    def _owners(self) -> list[int]:
        """For each line the innermost definition around it, and `parents` on the way: the one around each."""
        count = max(len(self.starts), max((s.end_line for s in self.symbols), default=0)) + 2
        owners = [-1] * count
        self.parents = [-1] * len(self.symbols)
        for index, symbol in enumerate(self.symbols):
            outer = owners[symbol.start_line]
            while outer >= 0 and self.symbols[outer].end_line < symbol.end_line:
                outer = self.parents[outer]
            self.parents[index] = outer
            if symbol.kind in SCOPES:
                owners[symbol.start_line : symbol.end_line + 1] = [index] * (symbol.end_line - symbol.start_line + 1)
        return owners

    parents: list[int]

    def owner_of(self, offset: int) -> int:
        """The innermost definition around a byte, or -1."""
        line = self.line_of(offset)
        return self._owners[line] if line < len(self._owners) else -1

    def parent(self, index: int) -> int:
        """The definition around another, or -1."""
        _ = self._owners
        return self.parents[index]

    def qualified(self, index: int) -> str:
        """The name of a definition within the file, joined with dots; "" of the file itself."""
        if index < 0:
            return ""
        symbol = self.symbols[index]
        return f"{symbol.container}.{symbol.name}" if symbol.container else symbol.name

    @cached_property
    def members(self) -> dict[tuple[str, str], list[int]]:
        """Definitions by container and name."""
        found: dict[tuple[str, str], list[int]] = {}
        for index, symbol in enumerate(self.symbols):
            found.setdefault((symbol.container.replace("::", "."), symbol.name), []).append(index)
        return found

    @cached_property
    def modules(self) -> frozenset[str]:
        """The containers that are namespaces, modules or packages: what is in them is at the top as well."""
        return frozenset(self.qualified(i) for i, s in enumerate(self.symbols) if s.kind in ("namespace", "module"))

    @cached_property
    def top(self) -> dict[str, list[int]]:
        """Definitions of the file or of a namespace in it, by name."""
        found: dict[str, list[int]] = {}
        for index, symbol in enumerate(self.symbols):
            if not symbol.container or symbol.container in self.modules:
                found.setdefault(symbol.name, []).append(index)
        return found

    @cached_property
    def imported(self) -> object:
        """What the rules of the language made of the imports."""
        return None

    # -- references -----------------------------------------------------------------------------------------------

    @cached_property
    def _ends(self) -> list[int]:
        return [start + length for start, length in zip(self.columns.starts, self.columns.lengths, strict=True)]

    def spans(self, *roles: Role, low: int = 0, high: int | None = None) -> Iterator[tuple[int, int, Role]]:
        """The places with one of these roles that start in a part of the text."""
        starts, given = self.columns.starts, self.columns.roles
        wanted = {int(role) for role in roles}
        first = bisect_left(starts, low)
        last = len(starts) if high is None else bisect_left(starts, high)
        for at in range(first, last):
            if given[at] in wanted:
                yield starts[at], self._ends[at], Role(given[at])

    def uses(self, low: int = 0, high: int | None = None) -> Iterator[Use]:
        """The references in a part of the text, in order."""
        for start, end, role in self.spans(*REFERENCES, low=low, high=high):
            yield Use(start, end, role, self._name_before(end, start))

    def _name_before(self, end: int, start: int) -> str:
        at = end
        while at > start and self.text[at - 1] in _WORD:
            at -= 1
        return self.string(at, end)

    def uses_named(self, names: Iterable[str]) -> list[Use]:
        """The references whose last name is one of these, in order."""
        ends: dict[int, str] = {}
        for name in names:
            raw = name.encode("utf-8", "replace")
            at = self.text.find(raw)
            while at >= 0:
                end = at + len(raw)
                if (at == 0 or self.text[at - 1] not in _WORD) and self.text[end : end + 1] not in _WORDS:
                    ends[end] = name
                at = self.text.find(raw, at + 1)
        if not ends:
            return []
        roles, found = self.columns.roles, []
        for at, end in enumerate(self._ends):
            if end in ends and Role(roles[at]) in REFERENCES:
                found.append(Use(self.columns.starts[at], end, Role(roles[at]), ends[end]))
        return found

    # -- the text of a definition -----------------------------------------------------------------------------------

    def span_of(self, index: int) -> tuple[int, int]:
        """The bytes of a definition's lines; of -1 the whole text."""
        if index < 0:
            return 0, len(self.text)
        symbol = self.symbols[index]
        first = min(symbol.start_line, len(self.starts))
        start = self.starts[first - 1] if first else 0
        end = self.starts[symbol.end_line] if symbol.end_line < len(self.starts) else len(self.text)
        return start, end

    def name_end(self, index: int) -> int:
        """The byte behind the name of a definition."""
        symbol = self.symbols[index]
        if symbol.line > len(self.starts):
            return len(self.text)
        return self.starts[symbol.line - 1] + symbol.column + len(symbol.name.encode("utf-8", "replace"))

    def parameters(self, index: int) -> str:
        """The text between the parentheses that follow a function's name."""
        start = self.name_end(index)
        text = self.string(start, start + 3000)
        opened = text.find("(")
        if opened < 0 or "\n" in text[:opened].strip() or "{" in text[:opened]:
            return ""
        return text[opened + 1 : past(text, opened) - 1]


_WORDS: Final = frozenset(bytes([c]) for c in _WORD)
