"""The PCRE2 library: compiling a pattern, finding a match.

The package's own interface is made to be like `re` and changes options of PCRE2 on the way, so the one below it is
used, which takes PCRE2's options as they are; hence the version is bounded above (pyproject.toml). Options are those
that ripgrep compiles with. A search is bounded by PCRE2's match limit, ten million steps (pcre2api(3)), which ends
patterns that backtrack without end.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from ...errors import ConfigError, PatternLimitError, QueryError

# Options of pcre2_compile and pcre2_match (pcre2.h).
_ALT_BSUX: Final = 0x00000002
_CASELESS: Final = 0x00000008
_DOTALL: Final = 0x00000020
_MULTILINE: Final = 0x00000400
_UCP: Final = 0x00020000
_UTF: Final = 0x00080000
_NEVER_BACKSLASH_C: Final = 0x00100000
_MATCH_INVALID_UTF: Final = 0x04000000
_NO_JIT: Final = 0x00002000
_UNWANTED: Final = _ALT_BSUX | _NEVER_BACKSLASH_C
_ERROR_JIT_STACK: Final = -46

Spans = list[tuple[int, int] | None]


def _library() -> Any:
    try:
        from pcre2 import _cy
    except ImportError:
        from ...install_hint import install_hint

        raise ConfigError(f"PCRE2 is not installed; to install it run: {install_hint('pcre2')}") from None
    return _cy


def version() -> str | None:
    """The version of the library, None where it is not installed."""
    try:
        found = _library().__libpcre2_version__
    except ConfigError:
        return None
    return found.decode() if isinstance(found, bytes) else str(found)


class Code:
    """A compiled pattern. Raises QueryError for one that PCRE2 refuses, ConfigError where it is not installed.

    `names` are the groups that have one, with their numbers; `groups` is how many there are.
    """

    def __init__(self, pattern: str, *, caseless: bool, dotall: bool, unicode: bool, crlf: bool) -> None:
        self._library = library = _library()
        options = _MULTILINE | _CASELESS * caseless | _DOTALL * dotall
        if unicode:
            options |= _UTF | _UCP | _MATCH_INVALID_UTF
        lead = "(*ANYCRLF)" if crlf else ""
        try:
            self._code = library.compile((lead + pattern).encode(), options, _UNWANTED)
        except library.PatternError as error:
            at = len((lead + pattern).encode()[: error.pos].decode("utf-8", "ignore")) - len(lead)
            message = str(error.msg).partition("; ")[2] or str(error.msg)
            raise QueryError(f"PCRE2: error compiling pattern: {message}", text=pattern, column=max(at, 0)) from None
        with suppress(library.LibraryError):  # as in ripgrep, what cannot become machine code is interpreted
            library.jit_compile(self._code)
        self._context = library.create_match_context()
        self._match = library.match
        self._span = library.match_substring_span_bynumber
        self.groups = int(library.pattern_capture_count(self._code)) + 1
        self.names: dict[str, int] = dict(library.pattern_name_dict(self._code))

    def _find(self, data: bytes, start: int, end: int) -> Any:
        try:
            return self._match(self._code, data, end, start, self._context)[0]
        except self._library.LibraryError as error:
            if error.code != _ERROR_JIT_STACK:
                raise self._given_up(error) from None
        try:  # the interpreter has its stack on the heap
            return self._match(self._code, data, end, start, self._context, _NO_JIT)[0]
        except self._library.LibraryError as error:
            raise self._given_up(error) from None

    def _given_up(self, error: Any) -> PatternLimitError:
        return PatternLimitError(f"PCRE2: error matching: {error.msg}")

    def is_match(self, data: bytes) -> bool:
        """Whether there is a match. Raises PatternLimitError where that takes too long to say."""
        return self._find(data, 0, len(data)) is not None

    def find(self, data: bytes, start: int, end: int) -> tuple[int, int] | None:
        """The first match between two offsets; what is before `start` is seen by looks, what is after `end` is not.
        Raises PatternLimitError."""
        found = self._find(data, start, end)
        return None if found is None else self._ends(self._span(found, data, 0))

    def captures(self, data: bytes, start: int, end: int) -> Spans | None:
        """The same with all groups, None for those that took no part. Raises PatternLimitError."""
        found = self._find(data, start, end)
        if found is None:
            return None
        spans = [self._span(found, data, number) for number in range(self.groups)]
        return [None if span[0] < 0 else span for span in spans]

    @staticmethod
    def _ends(span: tuple[int, int]) -> tuple[int, int]:
        # With \K in a look-ahead a match can end before it starts; ripgrep takes it as empty.
        return span if span[0] <= span[1] else (span[1], span[1])
