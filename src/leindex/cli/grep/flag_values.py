"""The flags of `leindex grep` that take a value: how the value is read, and what it sets."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Final

from ...errors import ConfigError
from ...exact.filter.path_filter import TypeRule
from ...exact.order import Order
from .flag_help import GENERATED
from .settings import Settings

Value = Callable[[Settings, str], None]

_U64: Final = 2**64 - 1


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
        size = _parse_size(value)
        if field is not None:
            setattr(settings, field, size)

    return apply


def _parse_size(value: str) -> int:
    parts = re.fullmatch(r"([0-9]+)([KMG]?)", value)
    if parts is None:
        raise ConfigError(
            f"invalid size: invalid format for size '{value}', which should be a non-empty sequence of "
            "digits followed by an optional 'K', 'M' or 'G' suffix"
        )
    size = int(parts[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[parts[2]]
    if size > _U64:
        raise ConfigError(f"invalid size: size too big in '{value}'")
    return size


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
    return _ESCAPE.sub(lambda found: _NAMED[found[1]] if found[1] else bytes([int(found[2], 16)]), os.fsencode(value))


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
    if value in ("auto", "none"):
        settings.encoding = None if value == "auto" else value
        return
    from ...exact.encoding.labels import encoding_named

    settings.encoding = encoding_named(value)
    if settings.encoding is None:
        raise ConfigError(f"grep config error: unknown encoding: {value}")


def _sort(reverse: bool) -> Value:
    def apply(settings: Settings, value: str) -> None:
        _choice(None, "none path modified accessed created")(settings, value)
        settings.sort = None if value == "none" else Order(value, reverse)

    return apply


def _optional_path(field: str) -> Value:
    """A path, or nothing for an empty value."""

    def apply(settings: Settings, value: str) -> None:
        setattr(settings, field, value or None)

    return apply


def _preprocessor(settings: Settings, value: str) -> None:
    settings.pre = value or None
    if settings.pre is not None:
        settings.search_zip = False


def _hyperlink_format(settings: Settings, value: str) -> None:
    from ...exact.printing.hyperlinks import parse_format

    settings.hyperlinks = value
    parse_format(value)


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
    "sort": _sort(False),
    "sortr": _sort(True),
    "pre": _preprocessor,
    "pre-glob": _append("pre_globs"),
    "hyperlink-format": _hyperlink_format,
    "generate": _choice("special", " ".join(GENERATED)),
    "hostname-bin": _optional_path("hostname_bin"),
    "ignore-file": _append("ignore_files"),
    "encoding": _encoding,
    "engine": _choice("engine", "default pcre2 auto"),
    "threads": _ignored_number,
    "dfa-size-limit": _size(None),
    "regex-size-limit": _size("size_limit"),
    "branch": _append("branches"),
    "rev": _append("revs"),
    "index": lambda settings, value: setattr(settings, "index", value),
    "refresh": _choice("refresh", "always auto never"),
}

FILE_VALUES: Final = frozenset(("file", "ignore-file", "index", "pre", "hostname-bin"))
"""Those of them whose value is a path, which need not be UTF-8."""
