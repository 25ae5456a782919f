"""The state of reading a command line of `leindex grep`."""

from __future__ import annotations

from ...exact.filter.path_filter import TypeRule
from ...exact.order import Order
from ...exact.request import Binary, Boundary, Case, Mode


class Settings:
    """What the flags read so far amount to; the last word on each setting."""

    def __init__(self) -> None:
        self.positional: list[str] = []
        self.pattern_sources: list[tuple[str, str]] = []
        self.stdin_read = False
        self.config = False
        self.special: str | None = None
        self.mode = Mode.STANDARD
        self.case = Case.SENSITIVE
        self.boundary = Boundary.NONE
        self.binary = Binary.QUIT
        self.fixed_strings = self.multiline = self.multiline_dotall = self.crlf = self.null_data = False
        self.unicode = True
        self.size_limit: int | None = None
        self.encoding: str | None = None
        self.sort: Order | None = None
        self.search_zip = False
        self.pre: str | None = None
        self.pre_globs: list[str] = []
        self.hyperlinks = ""
        self.hostname_bin: str | None = None
        self.engine = "default"
        self.invert = self.stop_on_nonmatch = False
        self.max_count: int | None = None
        self.lines_before: int | None = None
        self.lines_after: int | None = None
        self.lines_around: int | None = None
        self.passthru = False
        self.quiet = self.stats = self.vimgrep = self.only_matching = self.byte_offset = False
        self.with_filename: bool | None = None
        self.line_number: bool | None = None
        self.column: bool | None = None
        self.heading: bool | None = None
        self.color = "auto"
        self.colors: list[str] = []
        self.replace: bytes | None = None
        self.max_columns: int | None = None
        self.max_columns_preview = self.trim = self.include_zero = self.null = False
        self.path_separator: bytes | None = None
        self.context_separator: bytes | None = b"--"
        self.match_separator = b":"
        self.context_field_separator = b"-"
        self.line_buffered: bool | None = None
        self.globs: list[str] = []
        self.iglobs: list[str] = []
        self.glob_case_insensitive = False
        self.types: list[TypeRule] = []
        self.hidden = self.follow = self.one_file_system = False
        self.no_ignore_parts: set[str] = set()
        self.unrestricted = 0
        self.max_depth: int | None = None
        self.max_filesize: int | None = None
        self.ignore_files: list[str] = []
        self.messages = self.ignore_messages = True
        self.ignore_case_of_rules = False
        self.mapped: bool | None = None
        self.branches: list[str] = []
        self.revs: list[str] = []
        self.index: str | None = None
        self.refresh = "auto"
        self.strict = False

    def context(self) -> tuple[int, int, bool]:
        """Lines before and after a match, and whether all lines are shown; -A and -B outrank -C."""
        if self.passthru:
            return 0, 0, True
        around = self.lines_around or 0
        before = around if self.lines_before is None else self.lines_before
        return before, around if self.lines_after is None else self.lines_after, False
