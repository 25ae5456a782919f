"""What one grep is asked to do, independent of who asks and of where the contents come from.

`GrepRequest` is the one description that the searcher (`verify.py`) and the printers (`printing/`) share. It
holds settings with their defaults already resolved (whether output is coloured, whether lines are numbered),
so that neither of them ever looks at a terminal or an argument list; `cli/grep/flags.py` does that.

    >>> GrepRequest(patterns=("retry",)).context
    (0, 0)
"""

from __future__ import annotations

from enum import Enum

from ..records import record
from .printing.colors import Palette
from .printing.hyperlinks import Hyperlinks


class Mode(Enum):
    """What is printed for a file; ripgrep's output modes."""

    STANDARD = "lines"
    FILES_WITH_MATCHES = "files-with-matches"
    FILES_WITHOUT_MATCH = "files-without-match"
    COUNT = "count"
    COUNT_MATCHES = "count-matches"
    JSON = "json"
    FILES = "files"
    TYPES = "type-list"


class Case(Enum):
    """How capitals count: as typed, not at all, or only when the pattern has one."""

    SENSITIVE = "sensitive"
    IGNORE = "ignore"
    SMART = "smart"


class Engine(Enum):
    """Which matcher patterns are for: ripgrep's own dialect, PCRE2's, or PCRE2's where the own one refuses them."""

    DEFAULT = "default"
    PCRE2 = "pcre2"
    AUTO = "auto"


class Boundary(Enum):
    """What must surround a match: nothing, word boundaries (`-w`), or the ends of the line (`-x`)."""

    NONE = "none"
    WORD = "word"
    LINE = "line"


class Binary(Enum):
    """What a NUL byte does.

    It ends the file (`QUIT`), or ends a line and silences the output (`CONVERT`), or nothing (`TEXT`).
    """

    QUIT = "quit"
    CONVERT = "convert"
    TEXT = "text"


@record(frozen=True, slots=True)
class GrepRequest:
    """One grep.

    Pattern:
        patterns: any of these must match; none at all matches nothing.
        fixed_strings: patterns are literal text, not regular expressions.
        engine, case, boundary: see the enums.
        unicode: classes, case folding and word boundaries are Unicode's.
        multiline: matches may span lines.  multiline_dotall: then `.` matches a newline too.
        crlf: `\\r\\n` ends a line.  null_data: NUL ends a line.
        size_limit: bytes that the compiled pattern may take; None for ripgrep's own limit.
    Search:
        encoding: what contents are decoded from, by a name of `encoding/labels.py`; None to go by byte order marks.
        invert: select the lines without a match.
        max_count: lines (matches, if multiline) after which a file is done; None for no limit.
        before, after: lines of context.  passthru: all lines are context.
        stop_on_nonmatch: a file is done at the first line after a match that does not match.
        binary: see the enum.
        mapped: search a file as a whole in memory rather than through a buffer, as ripgrep does with
            files that are named one by one; only NUL bytes tell the difference.
    Output:
        mode: what is printed.  quiet: nothing is; only the status counts.
        stats: add up what was searched and print it at the end.
        with_filename, line_number, column, byte_offset: fields before each line.
        heading: the path on a line of its own.  only_matching: matched parts only.
        per_match: a line for each match (`--vimgrep`).
        replace: what to print for each match, with `$1`, `$name`, `${name}` and `$$`.
        max_columns: longer lines (bytes) are left out.  max_columns_preview: their beginning is shown.
        trim: without leading white space.  include_zero: counts of 0 are printed.
        null: NUL after paths.  path_separator: a byte in place of `/`.
        context_separator: between groups of lines; None for no such line.
        match_separator, context_field_separator: between the fields of a line.
        color: None for no colour.  hyperlinks: what paths link to, where there is colour; None for no links.
    """

    patterns: tuple[str, ...]
    fixed_strings: bool = False
    engine: Engine = Engine.DEFAULT
    case: Case = Case.SENSITIVE
    boundary: Boundary = Boundary.NONE
    unicode: bool = True
    multiline: bool = False
    multiline_dotall: bool = False
    crlf: bool = False
    null_data: bool = False
    size_limit: int | None = None

    encoding: str | None = None
    invert: bool = False
    max_count: int | None = None
    before: int = 0
    after: int = 0
    passthru: bool = False
    stop_on_nonmatch: bool = False
    binary: Binary = Binary.QUIT
    mapped: bool = False

    mode: Mode = Mode.STANDARD
    quiet: bool = False
    stats: bool = False
    with_filename: bool = True
    line_number: bool = False
    column: bool = False
    byte_offset: bool = False
    heading: bool = False
    only_matching: bool = False
    per_match: bool = False
    replace: bytes | None = None
    max_columns: int | None = None
    max_columns_preview: bool = False
    trim: bool = False
    include_zero: bool = False
    null: bool = False
    path_separator: bytes | None = None
    context_separator: bytes | None = b"--"
    match_separator: bytes = b":"
    context_field_separator: bytes = b"-"
    color: Palette | None = None
    hyperlinks: Hyperlinks | None = None

    @property
    def context(self) -> tuple[int, int]:
        """Lines of context before and after; none with `passthru`, which shows every line anyway."""
        return (0, 0) if self.passthru else (self.before, self.after)

    @property
    def summary(self) -> bool:
        """Whether the output is one entry for a file rather than its lines."""
        return self.quiet or self.mode not in (Mode.STANDARD, Mode.JSON)

    @property
    def keeps_stats(self) -> bool:
        """Whether figures are added up over all files and printed at the end."""
        return self.stats or self.mode is Mode.JSON

    @property
    def first_match_settles(self) -> bool:
        """Whether a file needs no more than its first match."""
        if not self.summary or self.keeps_stats:
            return False
        return self.mode is Mode.FILES_WITH_MATCHES or (self.quiet and self.mode is not Mode.FILES_WITHOUT_MATCH)

    @property
    def first_file_settles(self) -> bool:
        """Whether the whole grep is over with the first file that counts as a match."""
        return self.quiet and not self.keeps_stats

    @property
    def selects_without_match(self) -> bool:
        """Whether lines without a match are reported: an index of what files hold is of no use then."""
        return self.invert or self.passthru or not self.patterns

    @property
    def reports_unmatched(self) -> bool:
        """Whether something is printed for files without a match."""
        if self.mode is Mode.FILES_WITHOUT_MATCH:
            return True
        return self.mode in (Mode.COUNT, Mode.COUNT_MATCHES) and self.include_zero and not self.quiet

    @property
    def can_match(self) -> bool:
        """False when no file needs to be looked at: no pattern to match, or a limit of 0 lines."""
        return (bool(self.patterns) or self.invert) and self.max_count != 0

    @property
    def needs_spans(self) -> bool:
        """Whether output depends on where in its line each match is."""
        if self.mode is Mode.JSON and not self.quiet:
            return True
        if self.summary:
            return False
        return bool(
            (self.color and self.color.colors_match)
            or self.column
            or self.replace is not None
            or self.per_match
            or self.only_matching
            or self.stats
        )

    @property
    def line_end(self) -> bytes:
        """The bytes that end a line in the output."""
        return b"\r\n" if self.crlf else b"\0" if self.null_data else b"\n"
