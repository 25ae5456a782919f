"""The flags of `leindex grep` as tables: what each long name does to the settings.

Names, negations and last-wins rules are those of ripgrep 15.1.0; `--index`, `--refresh` and `--strict` are ours.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, Final

from leindex.errors import ConfigError
from leindex.search.path_filter import TypeRule
from leindex.search.request import Binary, Boundary, Case, Mode

_U64: Final = 2**64 - 1
_NO_IGNORE: Final = ("dot", "exclude", "global", "parent", "vcs")


class Settings:
    """What the flags read so far amount to; the last word on each setting."""

    def __init__(self) -> None:
        self.positional: list[str] = []
        self.pattern_sources: list[tuple[str, str]] = []
        self.special: str | None = None
        self.mode = Mode.STANDARD
        self.case = Case.SENSITIVE
        self.boundary = Boundary.NONE
        self.binary = Binary.QUIT
        self.fixed_strings = self.multiline = self.multiline_dotall = self.crlf = self.null_data = False
        self.unicode = True
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
        self.messages = True
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


Switch = Callable[[Settings], None]
Value = Callable[[Settings, str], None]


def _set(**values: Any) -> Switch:
    def apply(settings: Settings) -> None:
        for name, value in values.items():
            setattr(settings, name, value)

    return apply


def _mode(mode: Mode) -> Switch:
    def apply(settings: Settings) -> None:
        listing = settings.mode in (Mode.FILES, Mode.TYPES)
        if not listing or mode in (Mode.FILES, Mode.TYPES):
            settings.mode = mode

    return apply


def _no_json(settings: Settings) -> None:
    if settings.mode is Mode.JSON:
        settings.mode = Mode.STANDARD


def _ignoring(*parts: str, on: bool) -> Switch:
    def apply(settings: Settings) -> None:
        if on:
            settings.no_ignore_parts.update(parts)
        else:
            settings.no_ignore_parts.difference_update(parts)

    return apply


def _unrestricted(settings: Settings) -> None:
    settings.unrestricted += 1
    if settings.unrestricted > 3:
        raise ConfigError("flag can only be repeated up to 3 times")
    (_ignoring(*_NO_IGNORE, on=True), _set(hidden=True), _set(binary=Binary.CONVERT))[
        settings.unrestricted - 1
    ](settings)


def _nothing(settings: Settings) -> None:
    """For flags about speed and diagnostics, which change no output."""


SWITCHES: Final[dict[str, Switch]] = {
    "case-sensitive": _set(case=Case.SENSITIVE),
    "ignore-case": _set(case=Case.IGNORE),
    "smart-case": _set(case=Case.SMART),
    "word-regexp": _set(boundary=Boundary.WORD),
    "line-regexp": _set(boundary=Boundary.LINE),
    "multiline": _set(multiline=True, stop_on_nonmatch=False),
    "stop-on-nonmatch": _set(stop_on_nonmatch=True, multiline=False),
    "crlf": _set(crlf=True, null_data=False),
    "null-data": _set(null_data=True, crlf=False),
    "null": _set(null=True),
    "only-matching": _set(only_matching=True),
    "passthru": _set(passthru=True, lines_before=None, lines_after=None, lines_around=None),
    "quiet": _set(quiet=True),
    "vimgrep": _set(vimgrep=True),
    "with-filename": _set(with_filename=True),
    "no-filename": _set(with_filename=False),
    "line-number": _set(line_number=True),
    "no-line-number": _set(line_number=False),
    "pretty": _set(color="always", heading=True, line_number=True),
    "count": _mode(Mode.COUNT),
    "count-matches": _mode(Mode.COUNT_MATCHES),
    "files-with-matches": _mode(Mode.FILES_WITH_MATCHES),
    "files-without-match": _mode(Mode.FILES_WITHOUT_MATCH),
    "files": _mode(Mode.FILES),
    "type-list": _mode(Mode.TYPES),
    "json": _mode(Mode.JSON),
    "no-json": _no_json,
    "unrestricted": _unrestricted,
    "text": _set(binary=Binary.TEXT),
    "no-text": _set(binary=Binary.QUIT),
    "binary": _set(binary=Binary.CONVERT),
    "no-binary": _set(binary=Binary.QUIT),
    "no-context-separator": _set(context_separator=None),
    "line-buffered": _set(line_buffered=True),
    "no-line-buffered": _set(line_buffered=None),
    "block-buffered": _set(line_buffered=False),
    "no-block-buffered": _set(line_buffered=None),
    "no-unicode": _set(unicode=False),
    "unicode": _set(unicode=True),
    "no-pcre2-unicode": _set(unicode=False),
    "pcre2-unicode": _set(unicode=True),
    "no-messages": _set(messages=False),
    "messages": _set(messages=True),
    "no-ignore": _ignoring(*_NO_IGNORE, on=True),
    "ignore": _ignoring(*_NO_IGNORE, on=False),
    "no-require-git": _ignoring("require-git", on=True),
    "require-git": _ignoring("require-git", on=False),
    "help": _set(special="help"),
    "version": _set(special="version"),
    "strict": _set(strict=True),
    "no-strict": _set(strict=False),
}
for _name, _field in {
    "byte-offset": "byte_offset",
    "column": "column",
    "fixed-strings": "fixed_strings",
    "follow": "follow",
    "glob-case-insensitive": "glob_case_insensitive",
    "heading": "heading",
    "hidden": "hidden",
    "include-zero": "include_zero",
    "invert-match": "invert",
    "max-columns-preview": "max_columns_preview",
    "multiline-dotall": "multiline_dotall",
    "one-file-system": "one_file_system",
    "stats": "stats",
    "trim": "trim",
}.items():
    SWITCHES[_name] = _set(**{_field: True})
    SWITCHES["no-" + _name] = _set(**{_field: False})
SWITCHES["no-multiline"] = _set(multiline=False)
SWITCHES["no-crlf"] = _set(crlf=False)
SWITCHES["passthrough"] = SWITCHES["passthru"]
for _part in ("dot", "exclude", "files", "global", "parent", "vcs"):
    SWITCHES["no-ignore-" + _part] = _ignoring(_part, on=True)
    SWITCHES["ignore-" + _part] = _ignoring(_part, on=False)
for _name in (
    "mmap no-mmap no-config no-encoding no-pre no-pcre2 no-search-zip no-auto-hybrid-regex no-ignore-messages "
    "ignore-messages debug trace sort-files no-sort-files ignore-file-case-insensitive "
    "no-ignore-file-case-insensitive"
).split():
    SWITCHES[_name] = _nothing

UNSUPPORTED: Final = {
    "pcre2": "there is one regex engine, ripgrep's default dialect",
    "auto-hybrid-regex": "there is one regex engine, ripgrep's default dialect",
    "pcre2-version": "there is one regex engine, ripgrep's default dialect",
    "search-zip": "compressed files are not indexed",
    "pre": "files are indexed as they are",
    "pre-glob": "files are indexed as they are",
    "hyperlink-format": "hyperlinks are not printed",
    "hostname-bin": "hyperlinks are not printed",
    "sortr": "output is in the order of paths",
    "generate": "use leindex's own documentation",
}


def _number(field: str, limit: int = _U64) -> Value:
    def apply(settings: Settings, value: str) -> None:
        setattr(settings, field, _parse_number(value, limit))

    return apply


def _parse_number(value: str, limit: int = _U64) -> int:
    digits = value.removeprefix("+")
    if not value:
        raise ConfigError("value is not a valid number: cannot parse integer from empty string")
    if not (digits.isascii() and digits.isdigit()):
        raise ConfigError("value is not a valid number: invalid digit found in string")
    number = int(digits)
    if number > limit:
        raise ConfigError("value is not a valid number: number too large to fit in target type")
    return number


def _context(field: str) -> Value:
    number = _number(field)

    def apply(settings: Settings, value: str) -> None:
        if settings.passthru:
            settings.passthru = False
        number(settings, value)

    return apply


def _max_columns(settings: Settings, value: str) -> None:
    settings.max_columns = _parse_number(value) or None


def _size(field: str | None) -> Value:
    def apply(settings: Settings, value: str) -> None:
        parts = re.fullmatch(r"([0-9]+)([KMG]?)", value)
        if parts is None:
            raise ConfigError(
                f"invalid size: invalid format for size '{value}', which should be a non-empty sequence of digits "
                "followed by an optional 'K', 'M' or 'G' suffix"
            )
        size = int(parts[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[parts[2]]
        if size > _U64:
            raise ConfigError(f"invalid size: size too big in '{value}'")
        if field is not None:
            setattr(settings, field, size)

    return apply


def _choice(field: str | None, choices: str) -> Value:
    def apply(settings: Settings, value: str) -> None:
        if value not in choices.split():
            raise ConfigError(f"choice '{value}' is unrecognized")
        if field is not None:
            setattr(settings, field, value)

    return apply


def _append(field: str) -> Value:
    def apply(settings: Settings, value: str) -> None:
        getattr(settings, field).append(value)

    return apply


def _type_rule(action: str) -> Value:
    def apply(settings: Settings, value: str) -> None:
        settings.types.append(TypeRule(action, value))

    return apply


def _source(kind: str) -> Value:
    def apply(settings: Settings, value: str) -> None:
        settings.pattern_sources.append((kind, value))

    return apply


def _bytes(field: str) -> Value:
    """A value with `\\t`, `\\n`, `\\r`, `\\0`, `\\\\` and `\\xZZ` standing for bytes."""

    def apply(settings: Settings, value: str) -> None:
        setattr(settings, field, unescape(value))

    return apply


_ESCAPE: Final = re.compile(rb"\\(?:([0nrt\\])|x([0-9A-Fa-f]{2}))")
_NAMED: Final = {b"0": b"\0", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\"}


def unescape(value: str) -> bytes:
    """The bytes that a value with escapes stands for; an unknown escape stands for itself."""
    return _ESCAPE.sub(
        lambda found: _NAMED[found[1]] if found[1] else bytes([int(found[2], 16)]), os.fsencode(value)
    )


def _path_separator(settings: Settings, value: str) -> None:
    raw = unescape(value)
    if len(raw) > 1:
        raise ConfigError(
            f"A path separator must be exactly one byte, but the given separator is {len(raw)} bytes: {value}"
        )
    settings.path_separator = raw or None


def _replace(settings: Settings, value: str) -> None:
    settings.replace = os.fsencode(value)


def _encoding(settings: Settings, value: str) -> None:
    if value != "auto":
        raise ConfigError(f"encoding '{value}' is not supported: only the automatic choice is")


def _engine(settings: Settings, value: str) -> None:
    if value not in ("default", "auto"):
        raise ConfigError(f"unrecognized regex engine '{value}': there is one, ripgrep's default dialect")


def _sort(settings: Settings, value: str) -> None:
    _choice(None, "none path modified accessed created")(settings, value)
    if value not in ("path", "none"):
        raise ConfigError(f"sorting by '{value}' is not supported: output is in the order of paths")


def _ignored_number(settings: Settings, value: str) -> None:
    _parse_number(value)


VALUES: Final[dict[str, Value]] = {
    "after-context": _context("lines_after"),
    "before-context": _context("lines_before"),
    "context": _context("lines_around"),
    "color": _choice("color", "never auto always ansi"),
    "colors": _append("colors"),
    "context-separator": _bytes("context_separator"),
    "field-match-separator": _bytes("match_separator"),
    "field-context-separator": _bytes("context_field_separator"),
    "path-separator": _path_separator,
    "regexp": _source("pattern"),
    "file": _source("file"),
    "glob": _append("globs"),
    "iglob": _append("iglobs"),
    "type": _type_rule("select"),
    "type-not": _type_rule("negate"),
    "type-add": _type_rule("add"),
    "type-clear": _type_rule("clear"),
    "max-columns": _max_columns,
    "max-count": _number("max_count"),
    "max-depth": _number("max_depth"),
    "maxdepth": _number("max_depth"),
    "max-filesize": _size("max_filesize"),
    "replace": _replace,
    "sort": _sort,
    "ignore-file": _append("ignore_files"),
    "encoding": _encoding,
    "engine": _engine,
    "threads": _ignored_number,
    "dfa-size-limit": _size(None),
    "regex-size-limit": _size(None),
    "index": lambda settings, value: setattr(settings, "index", value),
    "refresh": _choice("refresh", "always auto never"),
}

SHORT: Final = {
    "A": "after-context",
    "B": "before-context",
    "C": "context",
    "E": "encoding",
    "F": "fixed-strings",
    "H": "with-filename",
    "I": "no-filename",
    "L": "follow",
    "M": "max-columns",
    "N": "no-line-number",
    "P": "pcre2",
    "S": "smart-case",
    "T": "type-not",
    "U": "multiline",
    "V": "version",
    "0": "null",
    ".": "hidden",
    "a": "text",
    "b": "byte-offset",
    "c": "count",
    "d": "max-depth",
    "e": "regexp",
    "f": "file",
    "g": "glob",
    "h": "help",
    "i": "ignore-case",
    "j": "threads",
    "l": "files-with-matches",
    "m": "max-count",
    "n": "line-number",
    "o": "only-matching",
    "p": "pretty",
    "q": "quiet",
    "r": "replace",
    "s": "case-sensitive",
    "t": "type",
    "u": "unrestricted",
    "v": "invert-match",
    "w": "word-regexp",
    "x": "line-regexp",
    "z": "search-zip",
}


def similar_flags(name: str) -> list[str]:
    """Flags whose names share many three-letter pieces with a mistyped one."""
    wanted = _pieces(name)
    found = []
    for known in (*SWITCHES, *VALUES):
        pieces = _pieces(known)
        if len(wanted & pieces) >= 0.4 * len(wanted | pieces):
            found.append("--" + known)
    return sorted(found)


def _pieces(name: str) -> set[str]:
    padded = name.ljust(3, "!")
    return {padded[at : at + 3] for at in range(len(padded) - 2)}
