"""The pattern of a request, compiled, and what the searches need to know about it.

What ripgrep does to its patterns before it matches is done here in the same order: several patterns become
one alternation, smart case looks at all of them together, a search by line takes the line ends out of classes
(and refuses a literal one), and only then `-w` or `-x` is put around the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from .._native import printed_lines
from ..regex.hir import Hir, Look, LookKind
from ..regex.hir_build import children
from ..regex.parse import (
    ban_byte,
    can_match_byte,
    group_names,
    has_text_anchor,
    letters_of,
    parse_many,
    whole_line,
    whole_word,
    without_newline,
)
from ..regex.program import build, check_size
from ..regex.scanner import Flags
from .request import Binary, Boundary, Case, GrepRequest

if TYPE_CHECKING:
    from .._native import Buffer


class Block(NamedTuple):
    """Adjoining lines that matches touch, by offset; where the search was after the first of these matches, and how
    many there had been."""

    start: int
    end: int
    after: int
    found: int


LINE_LOOKS: Final = frozenset((LookKind.START_LINE, LookKind.END_LINE, LookKind.START_CRLF, LookKind.END_CRLF))


def pattern_tree(request: GrepRequest) -> Hir:
    """The tree that a request's patterns stand for. Raises QueryError as ripgrep refuses a pattern."""
    flags = Flags(
        _ignores_case(request),
        True,
        request.multiline and request.multiline_dotall,
        False,
        request.unicode,
        request.crlf,
    )
    tree = parse_many(request.patterns, flags, fixed=request.fixed_strings)
    if (request.null_data and not request.multiline) or request.binary is not Binary.TEXT:
        ban_byte(tree, 0)
    if not request.multiline and not request.null_data:
        tree = without_newline(tree, crlf=request.crlf)
    if request.boundary is Boundary.LINE:
        return whole_line(tree, crlf=request.crlf)
    if request.boundary is Boundary.WORD:
        return whole_word(tree, unicode=request.unicode)
    return tree


def _ignores_case(request: GrepRequest) -> bool:
    if request.case is Case.SMART:
        return letters_of(request.patterns, fixed=request.fixed_strings).smart_ignore_case
    return request.case is Case.IGNORE


def _has_line_anchor(tree: Hir) -> bool:
    if isinstance(tree, Look):
        return tree.kind in LINE_LOOKS
    return any(map(_has_line_anchor, children(tree)))


class Matcher:
    """A compiled pattern.

    `crosses_lines`: a search must look at the whole text at once.
    `anchors_text`: the pattern holds `\\A` or `\\z`, so each line has to be tried by itself.
    `groups`: the named capture groups' numbers.
    """

    def __init__(self, tree: Hir, *, multiline: bool, crlf: bool, line_end: int) -> None:
        self.tree = tree
        self.anchors_text = has_text_anchor(tree)
        self.crosses_lines = multiline and (
            self.anchors_text or _has_line_anchor(tree) or can_match_byte(tree, line_end)
        )
        self.groups = group_names(tree)
        self._crlf = crlf
        self._regex = build(tree, crlf=crlf)

    @classmethod
    def of(cls, request: GrepRequest) -> Matcher:
        """The matcher of a request in ripgrep's own dialect. Raises QueryError if a pattern is refused."""
        line_end = 0 if request.null_data else 10
        matcher = cls(pattern_tree(request), multiline=request.multiline, crlf=request.crlf, line_end=line_end)
        if request.size_limit is not None:
            check_size(matcher.tree, request.size_limit)
        return matcher

    def is_match(self, line: bytes) -> bool:
        """Whether the pattern matches anywhere in a line without its end."""
        return self._regex.is_match(line)

    def any_line(self, text: bytes, *, invert: bool) -> bool:
        """Whether any line matches (does not match, with `invert`)."""
        return bool(self._regex.matching_lines(text, 1, invert, False))

    def lines(self, text: bytes, start: int, end: int, limit: int | None, *, invert: bool) -> Iterator[tuple[int, int]]:
        """The first `limit` matching lines between two line starts, each with its end."""
        part = text if start == 0 and end == len(text) else memoryview(text)[start:end]
        packed = self._regex.matching_lines(part, -1 if limit is None else limit, invert, False)
        numbers = memoryview(packed).cast("Q")
        for line_start, text_end in zip(numbers[1::5], numbers[2::5], strict=True):
            yield line_start + start, self._line_end(text, text_end + start, end)

    def printed(self, text: bytes, lead: bytes, tail: bytes | None, *, invert: bool) -> bytes:
        """The matching lines of a text, each after `lead`, and after its number and `tail` unless that is None."""
        return printed_lines(text, self._regex.matching_lines(text, -1, invert, False), lead, tail)

    def _line_end(self, text: bytes, text_end: int, end: int) -> int:
        """Where a line ends, given where its text does."""
        if self._crlf and text_end < end and text[text_end] == 13:
            text_end += 1
        return text_end + (text_end < end)

    def count_lines(self, text: bytes, *, invert: bool) -> int:
        """How many lines match (do not match, with `invert`)."""
        matching = self._regex.count_lines(text)
        if not invert:
            return matching
        return text.count(b"\n") + (not text.endswith(b"\n") and bool(text)) - matching

    def count_matches(self, text: bytes) -> tuple[int, int]:
        """How many lines match, and how many matches there are in them."""
        return self._regex.count_matches(text)

    def count_block_matches(self, text: bytes, term: bytes) -> tuple[int, int]:
        """How many blocks of lines matches touch, and how many matches there are in them."""
        return self._regex.count_block_matches(text, term[0])

    def scan(self, contents: Sequence[Buffer]) -> bytes:
        """One byte for each content: 1 if a line matches, 0 if none does, 2 if that takes a closer look."""
        return self._regex.scan(contents)

    def find_from(self, text: bytes, start: int) -> tuple[int, int] | None:
        """The first match in the text from `start` on, which counts as the beginning of the text."""
        found = self._regex.find(memoryview(text)[start:])
        return None if found is None else (found[0] + start, found[1] + start)

    def blocks(self, text: bytes, start: int, limit: int, term: bytes, before: int) -> tuple[list[Block], int, int]:
        """The blocks of lines that the next `limit` matches touch, where the search is then, and how many matches
        there were. The block before ended at `before` (0: none); what adjoins it starts there at the earliest."""
        packed, at, found = self._regex.blocks(text, start, limit, term[0], before)
        numbers = memoryview(packed).cast("Q")
        return [Block(*numbers[n : n + 4]) for n in range(0, len(numbers), 4)], at, found

    def find_all(self, haystack: bytes | memoryview, start: int) -> list[tuple[int, int]]:
        """The matches from `start` on; none is empty right after another."""
        return self._regex.find_all(haystack, start)

    def captures_from(self, haystack: bytes | memoryview, start: int) -> Iterator[list[tuple[int, int] | None]]:
        """The groups of each match from `start` on: the whole match first, None for one that took no part."""
        for begin, _ in self.find_all(haystack, start):
            groups = self._regex.captures(haystack, begin)
            if groups is not None:
                yield groups
