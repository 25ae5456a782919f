"""The pattern of a request in PCRE2's dialect, put together as ripgrep puts it together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from ...regex.hir import Alternate, Hir, Literal
from ..matcher import Matcher
from ..request import Boundary, Case, GrepRequest
from .library import Code
from .literals import tree_of
from .regex import Pcre2Regex

if TYPE_CHECKING:
    from ..._native import Regex

_META = re.compile(r"[\\.+*?()|\[\]{}^$#&\-~\s]")


class Pcre2Matcher(Matcher):
    """A matcher with the same methods. Its `tree` tells only what an index can use.

    With `-U` a search is over the whole text, whatever the pattern; by line, matches within a line see the text before
    it, as in ripgrep.
    """

    def __init__(self, request: GrepRequest) -> None:
        caseless = _ignores_case(request)
        code = Code(
            _joined(request),
            caseless=caseless,
            dotall=request.multiline and request.multiline_dotall,
            unicode=request.unicode,
            crlf=request.crlf,
        )
        self.tree = _tree(request, caseless)
        self.crosses_lines = request.multiline
        self.anchors_text = True
        self.groups = code.names
        self._crlf = request.crlf
        end = b"\0" if request.null_data else b"\n"
        self._pcre2 = Pcre2Regex(code, end=end, crlf=request.crlf)
        self._regex = cast("Regex", self._pcre2)

    def captures_from(self, haystack: bytes | memoryview, start: int) -> Iterator[list[tuple[int, int] | None]]:
        return self._pcre2.all_captures(haystack, start)


def _joined(request: GrepRequest) -> str:
    """All patterns as one."""
    patterns = [_escaped(pattern) if request.fixed_strings else pattern for pattern in request.patterns]
    joined = "|".join(f"(?:{pattern})" for pattern in patterns) if patterns else r"[^\S\s]"
    if request.boundary is Boundary.LINE:
        return f"(?m:^)(?:{joined})(?m:$)"
    if request.boundary is Boundary.WORD:
        return rf"(?<!\w)(?:{joined})(?!\w)"
    return joined


def _escaped(text: str) -> str:
    return _META.sub(lambda found: "\\" + found[0], text)


def _ignores_case(request: GrepRequest) -> bool:
    """Whether capitals do not count; for smart case whatever follows a backslash is passed over, as in ripgrep."""
    if request.case is not Case.SMART:
        return request.case is Case.IGNORE
    text = "|".join(_escaped(pattern) if request.fixed_strings else pattern for pattern in request.patterns)
    return not any(char.isupper() for char in re.sub(r"\\.", "", text, flags=re.DOTALL))


def _tree(request: GrepRequest, caseless: bool) -> Hir:
    if request.fixed_strings and not caseless:
        return Alternate(tuple(Literal(pattern.encode()) for pattern in request.patterns))
    patterns = [_escaped(pattern) if request.fixed_strings else pattern for pattern in request.patterns]
    return Alternate(tuple(tree_of(pattern, caseless=caseless) for pattern in patterns))
