"""The flags of `leindex grep` as tables: what each long name does to the settings.

Names, negations and last-wins rules are those of ripgrep 15.1.0; `--index`, `--refresh`, `--strict`,
`--branch` and `--rev` are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ...errors import ConfigError
from ...exact.order import Order
from ...exact.request import Binary, Boundary, Case, Mode
from .flag_values import VALUES
from .settings import Settings

_NO_IGNORE: Final = ("dot", "exclude", "global", "parent", "vcs")


Switch = Callable[[Settings], None]


def _set(**values: Any) -> Switch:
    def apply(settings: Settings) -> None:
        for name, value in values.items():
            setattr(settings, name, value)

    return apply


def _mode(mode: Mode) -> Switch:
    return _set(mode=mode)


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
    (_ignoring(*_NO_IGNORE, on=True), _set(hidden=True), _set(binary=Binary.CONVERT))[settings.unrestricted - 1](
        settings
    )


WITHOUT_EFFECT: Final = frozenset(
    (
        *("threads", "dfa-size-limit"),
        *("debug", "trace"),
    )
)
"""The flags that are accepted, with some values at least, and change nothing: docs/grep.md says of each why."""

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
    "no-ignore-messages": _set(ignore_messages=False),
    "ignore-messages": _set(ignore_messages=True),
    "mmap": _set(mapped=True),
    "no-mmap": _set(mapped=False),
    "no-ignore": _ignoring(*_NO_IGNORE, on=True),
    "ignore": _ignoring(*_NO_IGNORE, on=False),
    "no-require-git": _ignoring("require-git", on=True),
    "require-git": _ignoring("require-git", on=False),
    "help": _set(special="help"),
    "version": _set(special="version"),
    "strict": _set(strict=True),
    "config": _set(config=True),
    "no-config": _set(config=False),
    "no-strict": _set(strict=False),
    "sort-files": _set(sort=Order()),
    "no-sort-files": _set(sort=None),
    "no-encoding": _set(encoding=None),
    "search-zip": _set(search_zip=True, pre=None),
    "no-search-zip": _set(search_zip=False),
    "no-pre": _set(pre=None),
    "pcre2": _set(engine="pcre2"),
    "no-pcre2": _set(engine="default"),
    "auto-hybrid-regex": _set(engine="auto"),
    "no-auto-hybrid-regex": _set(engine="default"),
    "pcre2-version": _set(special="pcre2-version"),
}
for _name, _field in {
    "byte-offset": "byte_offset",
    "column": "column",
    "fixed-strings": "fixed_strings",
    "follow": "follow",
    "glob-case-insensitive": "glob_case_insensitive",
    "heading": "heading",
    "hidden": "hidden",
    "ignore-file-case-insensitive": "ignore_case_of_rules",
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
for _name in WITHOUT_EFFECT - VALUES.keys():
    SWITCHES[_name] = _set()

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
