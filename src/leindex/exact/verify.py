"""The search of one file's content: which lines match, with their context, exactly as ripgrep reports them.

Every engine only proposes candidates; what this module says is the answer. It works on the *searchable text*
(`leindex.text`), so offsets are those of the decoded text, as in ripgrep.

Two searches share one core (`core.py`): by line (`by_line.py`), and over the whole text for patterns that may
cross line ends (`by_text.py`). Cheap questions come first: whether any line matches, and how many, are
answered by the matcher alone, without visiting lines one by one.

    >>> from leindex.exact.request import GrepRequest
    >>> found = Searcher(GrepRequest(patterns=("b+",))).search(b"abc\\nxyz\\nb\\n")
    >>> [(line.start, line.end) for line in found.lines()]
    [(0, 4), (8, 10)]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..errors import PatternLimitError
from ..regex.hir import Literal
from ..text import searchable
from .by_line import STEP, LineSearch
from .by_text import TextSearch
from .core import MATCH, Core, Line
from .engines import matcher_of
from .request import Binary, GrepRequest

if TYPE_CHECKING:
    from .._native import Buffer

__all__ = ["MATCH", "FileMatches", "Line", "Searcher"]


class FileMatches:
    """What the search of one file finds, produced as it is read: memory does not grow with the lines."""

    __slots__ = ("_core",)

    def __init__(self, core: Core) -> None:
        self._core = core

    @property
    def text(self) -> bytes:
        """The text that the lines' offsets refer to."""
        return self._core.text

    def lines(self) -> Iterator[Line]:
        """Matching and context lines in order, once; the other properties are valid after the last."""
        return self._core.run()

    @property
    def matches(self) -> int:
        """Units selected so far: lines, or blocks of lines that hold matches of a multi-line search."""
        return self._core.selected

    @property
    def binary_offset(self) -> int | None:
        """Where the NUL byte is that the search came upon."""
        return self._core.binary_offset

    @property
    def bytes_searched(self) -> int:
        """How much of the text was looked at."""
        return self._core.bytes_searched

    def line_count(self, line: Line) -> int:
        """The number of lines in a reported block of lines."""
        text, term = self._core.text, self._core.term
        return text.count(term, line.start, line.end) + (not text.endswith(term, line.start, line.end))


class Searcher:
    """Searches contents for one request.

    `check` is called at intervals while a file is searched (about every MiB, or every match that spans
    lines); what it raises ends the search. That is how deadlines and interrupts reach a long file.
    `buffer_size` gives the size of ripgrep's read buffer at each search, where it is not the first.
    Raises QueryError if the pattern is refused.
    """

    def __init__(
        self,
        request: GrepRequest,
        *,
        check: Callable[[], None] | None = None,
        buffer_size: Callable[[], int] | None = None,
    ) -> None:
        self.request = request
        self.matcher = matcher_of(request)
        self._check = check
        self._buffer_size = buffer_size
        self._decoded = (b"", b"")  # the last content that was decoded (`-E`), and its text
        self._by_lines = not (
            self.matcher.crosses_lines or request.null_data or request.stop_on_nonmatch or request.max_count == 0
        )

    def search(self, content: bytes) -> FileMatches:
        """Search the bytes of a file."""
        text = self._text(content)
        if self.matcher.crosses_lines:
            return FileMatches(TextSearch(self.request, self.matcher, content, text, check=self._check))
        core = LineSearch(self.request, self.matcher, content, text, check=self._check)
        if self._buffer_size is not None:
            core.buffer_size = self._buffer_size
        return FileMatches(core)

    def buffer_after(self, content: bytes, size: int) -> int:
        """The size of ripgrep's read buffer after a file, given that before it."""
        if self.matcher.crosses_lines:
            return size
        return LineSearch(self.request, self.matcher, content, self._text(content)).capacity_after(size)

    def printed(self, content: bytes, lead: bytes, tail: bytes | None) -> bytes | None:
        """The matching lines of a file, each after `lead`, and after its number and `tail` unless that is None.

        None where context, a limit, a NUL byte or the size of the file call for `search`.
        """
        request = self.request
        if len(content) > STEP or request.max_count is not None or request.passthru or any(request.context):
            return None
        if not self._plain(content):
            return None
        return self.matcher.printed(self._text(content), lead, tail, invert=request.invert)

    def matches(self, content: bytes) -> bool:
        """Whether the file has a line to report: the fast form for `-l` and `-q`."""
        if self._plain(content):
            return self.matcher.any_line(self._text(content), invert=self.request.invert)
        return any(line.kind == MATCH for line in self.search(content).lines())

    def count(self, content: bytes) -> int:
        """How many units the file has to report, up to the request's limit: the fast form for `-c`."""
        request = self.request
        if self._plain(content) and not (request.max_count is not None and request.after):
            counted = self.matcher.count_lines(self._text(content), invert=request.invert)
            return counted if request.max_count is None else min(counted, request.max_count)
        return sum(line.kind == MATCH for line in self.search(content).lines())

    def count_matches(self, content: bytes) -> tuple[int, int] | None:
        """How many lines (blocks of lines) the file has to report and how many matches these hold: the fast form for
        `--count-matches`.

        None where a limit, a NUL byte, inversion or an anchor of the text call for `search`.
        """
        request, matcher = self.request, self.matcher
        if request.max_count is not None or request.invert or self._has_nul(content):
            return None
        if matcher.crosses_lines:
            return matcher.count_block_matches(self._text(content), b"\0" if request.null_data else b"\n")
        return matcher.count_matches(self._text(content)) if self._by_lines and not matcher.anchors_text else None

    def told(self, contents: Sequence[Buffer]) -> bytes:
        """A byte for each content: 1 if it has a line to report, 2 if it may have or its search has to say that it was
        given up, else 0; not for requests that take a NUL byte as the end of a line (`Binary.CONVERT`)."""
        if self._by_lines and not self.request.invert and self.request.encoding is None:
            told = self.matcher.scan(contents)
            if b"\2" not in told:
                return told
        else:
            told = b"\2" * len(contents)
        return bytes(
            2 * self._may_match(bytes(content)) if tell == 2 else tell
            for tell, content in zip(told, contents, strict=True)
        )

    @property
    def is_literal(self) -> bool:
        """Whether a file matches if and only if its text holds the pattern as it is written."""
        return (
            self._by_lines
            and not self.request.invert
            and self.request.encoding is None
            and isinstance(self.matcher.tree, Literal)
        )

    def _may_match(self, content: bytes) -> bool:
        """Whether the file has a line to report, or its search has to say that it was given up."""
        try:
            return self.matches(content)
        except PatternLimitError:
            return True

    def _text(self, content: bytes) -> bytes:
        """The text that is searched of a content."""
        encoding = self.request.encoding
        if encoding is None:
            return searchable(content)
        if self._decoded[0] is not content:
            from .encoding.decode import decoded

            self._decoded = content, decoded(content, encoding)
        return self._decoded[1]

    def _plain(self, content: bytes) -> bool:
        """Whether a single pass of the matcher over all lines gives the answer."""
        return self._by_lines and not self._has_nul(content)

    def _has_nul(self, content: bytes) -> bool:
        """Whether a NUL byte decides how far the content is searched."""
        if self.request.encoding is not None:
            content = self._text(content)
        return self.request.binary is not Binary.TEXT and b"\0" in content
