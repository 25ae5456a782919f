"""Links to files around their paths in the output, in the escape sequence that terminals understand (OSC 8).

A format is text with `{path}`, `{line}`, `{column}`, `{host}` and `{wslprefix}` in it, `{{` and `}}` for braces, or the
name of one that is known.

    >>> Hyperlinks(parse_format("x://{path}:{line}")).opened(b"/tmp/a b", 7)
    b'\\x1b]8;;x:///tmp/a%20b:7\\x1b\\\\'
"""

from __future__ import annotations

import os
import re
from typing import Final

from ...errors import ConfigError
from ...records import record

CLOSED: Final = b"\x1b]8;;\x1b\\"

ALIASES: Final = {
    "default": "file://{host}{path}",
    "none": "",
    "cursor": "cursor://file{path}:{line}:{column}",
    "file": "file://{host}{path}",
    "grep+": "grep+://{path}:{line}",
    "kitty": "file://{host}{path}#{line}",
    "macvim": "mvim://open?url=file://{path}&line={line}&column={column}",
    "textmate": "txmt://open?url=file://{path}&line={line}&column={column}",
    "vscode": "vscode://file{path}:{line}:{column}",
    "vscode-insiders": "vscode-insiders://file{path}:{line}:{column}",
    "vscodium": "vscodium://file{path}:{line}:{column}",
}
"""The formats that have a name."""

_NAMES: Final = ("path", "line", "column", "host", "wslprefix")
_SCHEME: Final = re.compile(rb"[0-9A-Za-z+.-]+:")
_VERBATIM: Final = frozenset(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/:-._~" + bytes(range(128, 256))
)

Format = tuple[bytes | str, ...]
"""Text as bytes, and the names of what is put in."""


def parse_format(text: str) -> Format:
    """The parts of a format. Raises ConfigError for what is none."""
    parts: list[bytes | str] = []
    at, text = 0, ALIASES.get(text, text)
    while at < len(text):
        char = text[at]
        if char not in "{}" or text[at : at + 2] in ("{{", "}}"):
            piece = char.encode()
            if parts and isinstance(parts[-1], bytes):
                parts[-1] += piece
            else:
                parts.append(piece)
            at += 1 + (char in "{}")
        elif char == "}":
            raise ConfigError("unopened variable: found '}' without a corresponding '{' preceding it")
        else:
            end = text.find("}", at)
            if end < 0:
                raise ConfigError("unclosed variable: found '{' without a corresponding '}' following it")
            name = text[at + 1 : end]
            if name not in _NAMES:
                raise ConfigError(f"invalid hyperlink format variable: '{name}', choose from: {', '.join(_NAMES)}")
            parts.append(name)
            at = end + 1
    _check(parts)
    return tuple(parts)


def _check(parts: list[bytes | str]) -> None:
    if not parts:
        return
    if all(isinstance(part, bytes) for part in parts):
        raise ConfigError(
            "at least a {path} variable is required in a hyperlink format, or otherwise use a valid alias: "
            + ", ".join(ALIASES)
        )
    if "path" not in parts:
        raise ConfigError("the {path} variable is required in a hyperlink format")
    if "column" in parts and "line" not in parts:
        raise ConfigError("the hyperlink format contains a {column} variable, but no {line} variable is present")
    if not isinstance(parts[0], bytes) or not _SCHEME.match(parts[0]):
        raise ConfigError("the hyperlink format must start with a valid URL scheme, i.e., [0-9A-Za-z+-.]+:")


@record(frozen=True, slots=True)
class Hyperlinks:
    """A format with what of it is the same in all links."""

    parts: Format
    host: bytes = b""
    wsl_prefix: bytes = b""

    @property
    def has_lines(self) -> bool:
        """Whether links differ from line to line."""
        return "line" in self.parts

    def opened(self, path: bytes, line: int | None = None, column: int | None = None) -> bytes:
        """What begins a link to a file; nothing where the path is not that of one. `CLOSED` ends it."""
        try:
            real = os.path.realpath(path, strict=True)
        except OSError:
            return b""
        values = {
            "path": b"".join(bytes((byte,)) if byte in _VERBATIM else b"%%%02X" % byte for byte in real),
            "line": b"%d" % (1 if line is None else line),
            "column": b"%d" % (1 if column is None else column),
            "host": self.host,
            "wslprefix": self.wsl_prefix,
        }
        link = b"".join(part if isinstance(part, bytes) else values[part] for part in self.parts)
        return b"\x1b]8;;" + link + b"\x1b\\"
