"""What a caller may ask, as frozen values; a transport makes one, and the packages that answer take it.

`check` is called again and again while documents are looked at, so that what it raises ends the work. `scope` is a
folder below the root, "" for all of it, or None for the folder that the index was opened for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypedDict

from .models import ProgressCallback
from .records import record, replace


def unchecked() -> None:
    """The check of a question that nobody interrupts."""


@record(frozen=True, slots=True)
class Where:
    """Which views are asked in place of the tree as it is: branches and tags by their names, revisions as git reads
    them. In names `*`, `?` and `[...]` stand for what they stand for in globs, `*` for a `/` too."""

    branches: tuple[str, ...] = ()
    revs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.branches or self.revs)


TREE: Final = Where()
"""The tree as it is."""


@record(frozen=True, slots=True)
class SearchQuestion:
    """A ranked search: a query in the language of docs/query.md, or with `plain` a question in ordinary words.

    `limit` is the most hits (20 unless the query has `count:`); `cursor` goes on after an earlier answer; `explain`
    asks for what each word of the query gave; `base` is what `in:diff` compares with, if the query has no `base:`.
    """

    text: str
    limit: int | None = None
    cursor: str | None = None
    plain: bool = False
    explain: bool = False
    base: str = ""
    scope: str | None = None
    check: Callable[[], None] = unchecked

    @classmethod
    def of(cls, text: str | SearchQuestion, options: SearchOptions) -> SearchQuestion:
        """A question from its text, or from another one, with some of its fields. Raises TypeError for what is
        neither."""
        if isinstance(text, str):
            return cls(text, **options)
        return replace(text, **options)


class SearchOptions(TypedDict, total=False):
    """The fields of a `SearchQuestion` besides its text."""

    limit: int | None
    cursor: str | None
    plain: bool
    explain: bool
    base: str
    scope: str | None
    check: Callable[[], None]


@record(frozen=True, slots=True)
class GrepQuestion:
    """Every file with a line that matches a regular expression in ripgrep's dialect.

    `fixed` takes the pattern literally, `word` wants word boundaries around it; `paths` tells which files to look at,
    by path; `max_files` and `max_lines` (a file) end the search early; without `lines` only paths are returned.
    """

    pattern: str
    fixed: bool = False
    ignore_case: bool = False
    smart_case: bool = False
    word: bool = False
    paths: Callable[[str], bool] | None = None
    max_files: int | None = None
    max_lines: int | None = None
    lines: bool = True
    scope: str | None = None
    check: Callable[[], None] = unchecked

    @classmethod
    def of(cls, pattern: str | GrepQuestion, options: GrepOptions) -> GrepQuestion:
        """A question from its pattern, or from another one, with some of its fields. Raises TypeError for what is
        neither."""
        if isinstance(pattern, str):
            return cls(pattern, **options)
        return replace(pattern, **options)


class GrepOptions(TypedDict, total=False):
    """The fields of a `GrepQuestion` besides its pattern."""

    fixed: bool
    ignore_case: bool
    smart_case: bool
    word: bool
    paths: Callable[[str], bool] | None
    max_files: int | None
    max_lines: int | None
    lines: bool
    scope: str | None
    check: Callable[[], None]


@record(frozen=True, slots=True)
class SymbolQuestion:
    """Definitions whose name holds `name` (smart case) or matches it if it is `/regex/`, at most `limit` of them."""

    name: str
    kind: str | None = None
    language: str | None = None
    limit: int = 50


@record(frozen=True, slots=True)
class ReferenceQuestion:
    """Definitions of exactly this name, and at most `limit` places where it is called."""

    name: str
    language: str | None = None
    limit: int = 200


@record(frozen=True, slots=True)
class GraphQuestion:
    """A question about who refers to what.

    `kind` is callers, callees, impact, hierarchy, path, deps, unused or cycles. `name` is a definition: a name,
    `Class.method`, or `file:line`; of deps a file. `to` is where a path is to end; `file` takes only definitions in
    files whose path ends so. With `base` impact is asked of all definitions with lines that differ from that
    revision ("index" for what is staged), and `name` is empty. `depth` is how many edges impact and path follow. With
    `possible` edges that only the name speaks for are shown. `limit` is the most edges of one definition.
    """

    kind: str
    name: str = ""
    to: str = ""
    file: str = ""
    language: str | None = None
    depth: int = 3
    possible: bool = False
    limit: int = 200
    base: str = ""
    scope: str | None = None
    check: Callable[[], None] = unchecked


class GraphOptions(TypedDict, total=False):
    """The fields of a `GraphQuestion` besides its kind and its name."""

    to: str
    file: str
    language: str | None
    depth: int
    possible: bool
    limit: int
    base: str
    scope: str | None
    check: Callable[[], None]


@record(frozen=True, slots=True)
class HistoryQuestion:
    """Which commits changed lines that match a regular expression in ripgrep's dialect.

    `fixed`, `ignore_case` and `word` are as for grep. With `counts` a commit is meant only where it changed how often
    the pattern matches in a file, so that a line that was moved or edited elsewhere does not count. `revisions` is a
    revision or a range as git reads it, HEAD if empty; `author` is part of a name or an address, `since` and `until`
    are dates as git reads them; `globs` choose files as grep's `-g` does; `limit` is the most commits.
    """

    pattern: str
    fixed: bool = False
    ignore_case: bool = False
    word: bool = False
    counts: bool = False
    revisions: str = ""
    author: str = ""
    since: str = ""
    until: str = ""
    globs: tuple[str, ...] = ()
    limit: int | None = None
    scope: str | None = None
    check: Callable[[], None] = unchecked

    @classmethod
    def of(cls, pattern: str | HistoryQuestion, options: HistoryOptions) -> HistoryQuestion:
        """A question from its pattern, or from another one, with some of its fields. Raises TypeError for what is
        neither."""
        if isinstance(pattern, str):
            return cls(pattern, **options)
        return replace(pattern, **options)


class HistoryOptions(TypedDict, total=False):
    """The fields of a `HistoryQuestion` besides its pattern."""

    fixed: bool
    ignore_case: bool
    word: bool
    counts: bool
    revisions: str
    author: str
    since: str
    until: str
    globs: tuple[str, ...]
    limit: int | None
    scope: str | None
    check: Callable[[], None]


@record(frozen=True, slots=True)
class FilesQuestion:
    """The paths that fit a few letters best, at most `limit` of them."""

    text: str
    limit: int = 20


@record(frozen=True, slots=True)
class SqlQuestion:
    """One SELECT over the tables `files`, `symbols`, `definitions`, `edges`, `contents` and `views`.

    `folder` is that of the index, where copies for DuckDB are kept if it can be written; `on_progress` is told how far
    the copying is.
    """

    text: str
    folder: Path
    on_progress: ProgressCallback | None = None
