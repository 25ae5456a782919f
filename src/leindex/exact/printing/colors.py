"""The escape sequences around the parts of a line, and ripgrep's way of choosing them.

ripgrep writes a reset before every coloured part and after it, even for a part that has no colour of its own
(the column): a `Palette` holds the full sequence for each part so that printers only concatenate.

    >>> palette(["match:none"]).colors_match
    False
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ...errors import ConfigError
from ...records import record

RESET: Final = b"\x1b[0m"
DEFAULT_SPECS: Final = ("path:fg:magenta", "line:fg:green", "match:fg:red", "match:style:bold")

_COLORS: Final = {
    "black": 0,
    "red": 1,
    "green": 2,
    "yellow": 3,
    "blue": 4,
    "magenta": 5,
    "cyan": 6,
    "white": 7,
}
_PARTS: Final = ("path", "line", "column", "match", "highlight")
_STYLES: Final = ("bold", "intense", "underline", "italic")


@record(frozen=True, slots=True)
class Palette:
    """The sequences that start each part, and whether matches and matching lines have a style at all."""

    path: bytes
    line: bytes
    column: bytes
    match: bytes
    highlight: bytes
    colors_match: bool
    colors_lines: bool


def palette(specs: Iterable[str] = ()) -> Palette:
    """The default colours changed by `specs`, each `part:fg|bg|style:value` or `part:none`.

    Raises ConfigError for a spec that is none of these.
    """
    chosen: dict[str, dict[str, str]] = {part: {} for part in _PARTS}
    for spec in (*DEFAULT_SPECS, *specs):
        _merge(chosen, spec)
    return Palette(
        **{part: _start(values) for part, values in chosen.items()},
        colors_match=any(chosen["match"].values()),
        colors_lines=any(chosen["highlight"].values()),
    )


def _merge(chosen: dict[str, dict[str, str]], spec: str) -> None:
    pieces = spec.split(":")
    if not 2 <= len(pieces) <= 3:
        raise _bad_format(spec)
    part, kind = pieces[0].lower(), pieces[1].lower()
    if part not in _PARTS:
        raise ConfigError(f"unrecognized output type '{pieces[0]}'. Choose from: path, line, column, match, highlight.")
    if kind not in ("fg", "bg", "style", "none"):
        raise ConfigError(f"unrecognized spec type '{pieces[1]}'. Choose from: fg, bg, style, none.")
    if kind == "none":
        chosen[part].clear()
        return
    if len(pieces) < 3:
        raise _bad_format(spec)
    value = pieces[2].lower()
    if kind == "style":
        name = value.removeprefix("no")
        if name not in _STYLES:
            raise ConfigError(
                f"unrecognized style attribute '{pieces[2]}'. Choose from: nobold, bold, nointense, intense, "
                "nounderline, underline, noitalic, italic."
            )
        chosen[part][name] = "" if value.startswith("no") else "on"
    else:
        chosen[part][kind] = _color_code(value)


def _bad_format(spec: str) -> ConfigError:
    return ConfigError(
        f"invalid color spec format: '{spec}'. Valid format is "
        "'(path|line|column|match|highlight):(fg|bg|style):(value)'."
    )


def _color_code(value: str) -> str:
    """`N` for a basic colour, `8;5;N` for one of 256, `8;2;R;G;B` for a mixture."""
    if value in _COLORS:
        return str(_COLORS[value])
    numbers = [_byte(piece) for piece in value.split(",")]
    if len(numbers) not in (1, 3) or None in numbers:
        raise ConfigError(
            f"unrecognized color name '{value}'. Choose from: black, blue, green, red, cyan, magenta, yellow, white"
        )
    return ("8;5;" if len(numbers) == 1 else "8;2;") + ";".join(map(str, numbers))


def _byte(text: str) -> int | None:
    try:
        number = int(text, 16) if text.startswith("0x") else int(text)
    except ValueError:
        return None
    return number if 0 <= number <= 255 else None


def _start(values: dict[str, str]) -> bytes:
    """A reset, then each attribute in the order in which terminals' libraries write them."""
    out = RESET
    for style, code in (("bold", b"1"), ("italic", b"3"), ("underline", b"4")):
        if values.get(style):
            out += b"\x1b[" + code + b"m"
    for kind, base in (("fg", "3"), ("bg", "4")):
        code_text = values.get(kind)
        if not code_text:
            continue
        if values.get("intense") and len(code_text) == 1:
            out += f"\x1b[{base}8;5;{8 + int(code_text)}m".encode()
        else:
            out += f"\x1b[{base}{code_text}m".encode()
    return out
