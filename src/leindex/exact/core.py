"""What both searches of a file share: context, breaks between groups of lines, line numbers, NUL bytes.

This follows the observable behaviour of ripgrep's searcher step by step, the odd corners included, because
equal output is the promise: after the limit (`max_count`) is reached, matching lines within the trailing
context are still reported as matches; a NUL byte ends a file at the buffer, or at the line, in which it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from ..errors import PatternLimitError
from .matcher import Matcher
from .printing.replace import Replaced, Replacer
from .request import Binary, GrepRequest, Mode

MATCH: Final = 0
CONTEXT: Final = 1
BREAK: Final = 2
SILENT: Final = 3
"""A match that is counted and not printed, because a NUL byte came before its end."""


class Line(NamedTuple):
    """One line (a block of lines if the match spans several), or a break between groups.

    `start` and `end` are byte offsets in the text, the line end included; `number` counts lines from 1, and
    is 0 when lines are not counted. `spans` are the matches within, relative to `start`; empty unless asked
    for.
    """

    kind: int
    start: int
    end: int
    number: int
    spans: list[tuple[int, int]]
    replaced: Replaced | None


_NO_SPANS: Final[list[tuple[int, int]]] = []


class Core(ABC):
    """The state of one search of one file. Offsets are absolute in `text`."""

    def __init__(
        self,
        request: GrepRequest,
        matcher: Matcher,
        content: bytes,
        text: bytes,
        *,
        check: Callable[[], None] | None = None,
    ) -> None:
        self.request = request
        self.matcher = matcher
        self.content = content
        self.text = text
        self.check = check
        self.term = b"\0" if request.null_data else b"\n"
        self.limit = request.max_count
        self.before, self.after = self._context()
        self.binary_offset: int | None = None
        self.bytes_searched = 0
        self.selected = 0
        self.whole = False
        self._events: list[Line] = []
        self._replacer = Replacer(request, matcher) if request.replace is not None else None
        self._wants_spans = request.needs_spans or (
            request.summary and (matcher.crosses_lines or request.keeps_stats or request.mode is Mode.COUNT_MATCHES)
        )
        self._silences = request.binary is Binary.CONVERT and not request.summary and request.mode is not Mode.JSON
        self._settles = request.first_match_settles
        self._counts_lines = request.line_number and not request.summary
        self._number = 1
        self._counted_to = 0
        self.base = 0
        self.pos = 0
        self.count = 0
        self.has_matched = False
        self._visited = 0
        self._after_left = 0
        self._has_sunk = False

    def run(self) -> Iterator[Line]:
        """Search, giving lines as they are found."""
        try:
            for _ in self.steps():
                if self._events:
                    yield from self._events
                    self._events = []
                if self.check is not None:
                    self.check()
        except PatternLimitError:
            yield from self._events
            raise
        yield from self._events

    @abstractmethod
    def steps(self) -> Iterator[None]:
        """Search in steps of bounded size; each leaves its lines in `_events`."""

    def exceeded(self) -> bool:
        """Whether the limit on matches is reached."""
        return self.limit is not None and self.count >= self.limit

    # Reporting. Each returns whether the search goes on.

    def sink_match(self, start: int, end: int) -> bool:
        if self.found_nul(start, end):
            return False
        self._break_before(start)
        self.selected += 1
        if self._silences and self.binary_offset is not None:
            if self.request.stats:
                self._emit(SILENT, start, end)
            return False
        self._emit(MATCH, start, end)
        if self._settles:
            return False
        self._visited = end
        self._after_left = self.after
        self._has_sunk = True
        return True

    def sink_context(self, start: int, end: int) -> bool:
        if self.found_nul(start, end) or (self._silences and self.binary_offset is not None):
            return False
        self._emit(CONTEXT, start, end)
        self._visited = end
        self._has_sunk = True
        return True

    def before_context(self, upto: int) -> bool:
        """Report the lines before a match at `upto`."""
        if not self.before or self._visited >= upto:
            return True
        start = self.preceding(self._visited, upto, self.before - 1)
        for line_start, line_end in self.line_ranges(start, upto):
            self._break_before(line_start)
            if not self.sink_context(line_start, line_end):
                return False
        return True

    def after_context(self, upto: int) -> bool:
        """Report the lines after the last match that are due before `upto`."""
        if not self._after_left:
            return True
        exceeded = self.exceeded()
        for start, end in self.line_ranges(self._visited, upto):
            if exceeded and self.line_matches(start, end) != self.request.invert:
                left = self._after_left
                self.pos = end
                if not self.sink_match(start, end):
                    return False
                self._after_left = left - 1
            else:
                if not self.sink_context(start, end):
                    return False
                self._after_left -= 1
            if not self._after_left:
                break
        return True

    def other_context(self, upto: int) -> bool:
        """Report every line up to `upto` that has not been reported (`passthru`)."""
        return all(self.sink_context(*line) for line in self.line_ranges(self._visited, upto))

    # Lines.

    def line_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The lines of a range, each with its terminator."""
        text, term = self.text, self.term
        while start < end:
            at = text.find(term, start, end)
            stop = end if at < 0 else at + 1
            yield start, stop
            start = stop

    def line_matches(self, start: int, end: int) -> bool:
        return self.matcher.is_match(self.text[start : self.without_terminator(start, end)])

    def without_terminator(self, start: int, end: int) -> int:
        """Where the line's text ends for matching; a lone `\\n` belongs to it when `\\r\\n` ends lines."""
        full = self.request.line_end
        return end - len(full) if self.text.endswith(full, start, end) else end

    def trimmed(self, start: int, end: int) -> int:
        """Where the line's text ends for finding spans."""
        if end > start and self.text[end - 1 : end] == self.term:
            end -= 1
            if self.request.crlf and end > start and self.text[end - 1] == 13:
                end -= 1
        return end

    def preceding(self, start: int, end: int, count: int) -> int:
        """The start of the line `count` lines before the last line of a range."""
        if end <= start:
            return start
        at = end - 1 if self.text[end - 1 : end] == self.term else end
        while True:
            at = self.text.rfind(self.term, start, at)
            if at < 0:
                return start
            if count == 0:
                return at + 1
            if at == start:
                return start
            count -= 1

    # Internals.

    def found_nul(self, start: int, end: int) -> bool:
        """Whether a NUL byte in what is about to be reported ends the search."""
        return self.whole and self.detect_nul(start, end)

    def detect_nul(self, start: int, end: int) -> bool:
        """Note the first NUL byte of a range; whether NUL bytes end the search and there was one."""
        mode = self.request.binary
        if mode is Binary.TEXT:
            return False
        if self.binary_offset is None:
            at = self.text.find(b"\0", start, end)
            if at < 0:
                return False
            self.binary_offset = at
        return mode is Binary.QUIT

    def end_whole(self) -> None:
        """Settle how much was searched of a text that is not read through a buffer."""
        offset = self.binary_offset
        self.bytes_searched = offset if offset is not None and offset < self.pos else self.pos

    def _context(self) -> tuple[int, int]:
        """Lines of context; none where they are not printed and decide neither what counts nor how far is read."""
        if self.request.summary and self.limit is None and not self.request.keeps_stats:
            return 0, 0
        return self.request.context

    def _break_before(self, start: int) -> None:
        if self._has_sunk and self._visited < start and (self.before or self.after):
            self._events.append(Line(BREAK, start, start, 0, _NO_SPANS, None))

    def _emit(self, kind: int, start: int, end: int) -> None:
        if self._counts_lines and self._counted_to < start:
            self._number += self.text.count(self.term, self._counted_to, start)
            self._counted_to = start
        spans, replaced = _NO_SPANS, None
        if self._wants_spans and (kind != CONTEXT or self.request.invert):
            haystack, at = self._haystack(kind, start, end)
            limit = at + end - start
            spans = self.matcher.find_all(haystack, at)
            if at or (spans and spans[-1][0] >= limit):
                spans = [(s - at, e - at) for s, e in spans if s < limit]
            if self._replacer is not None:
                terminator = b"" if self.matcher.crosses_lines else self.text[self.trimmed(start, end) : end]
                replaced = self._replacer.replace(haystack, at, limit, terminator)
        number = self._number if self._counts_lines else 0
        self._events.append(Line(kind, start, end, number, spans, replaced))

    def _haystack(self, kind: int, start: int, end: int) -> tuple[bytes | memoryview, int]:
        """What spans are looked for in, and where in it the line starts."""
        if self.matcher.crosses_lines:
            if kind == CONTEXT:
                return self.text[start:end], 0
            return memoryview(self.text)[: min(end + _LOOK_AHEAD, len(self.text))], start
        stop = self.trimmed(start, end)
        if kind == CONTEXT or not self.matcher.anchors_text:
            return self.text[start:stop], 0
        return memoryview(self.text)[self.base : stop], start - self.base


_LOOK_AHEAD: Final = 128
"""How far past a block of lines its matches may look, in bytes; ripgrep's figure."""
