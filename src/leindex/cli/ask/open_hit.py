"""`leindex search --open`: a hit in the user's editor, at its line."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ...errors import ConfigError
from ...models import Hit, SearchResult
from ..common import printable

VARIABLES: Final = ("VISUAL", "EDITOR")
"""What names the editor, the first that is set."""

Form = Callable[[str, int], list[str]]


def _plus(file: str, line: int) -> list[str]:
    return [f"+{line}", file]


def _colon(file: str, line: int) -> list[str]:
    return [f"{file}:{line}"]


def _goto(file: str, line: int) -> list[str]:
    return ["--goto", f"{file}:{line}"]


def _option(file: str, line: int) -> list[str]:
    return ["--line", str(line), file]


def _alone(file: str, line: int) -> list[str]:
    return [file]


_FORMS: Final[dict[str, Form]] = {
    **dict.fromkeys(("vi", "vim", "nvim", "vim.basic", "vim.tiny", "view", "gvim", "nano", "pico"), _plus),
    **dict.fromkeys(
        ("emacs", "emacsclient", "micro", "kak", "joe", "jed", "mg", "ne", "gedit", "mcedit", "editor"), _plus
    ),
    **dict.fromkeys(("code", "code-insiders", "codium", "cursor", "windsurf"), _goto),
    **dict.fromkeys(("subl", "sublime_text", "zed", "zeditor", "hx", "helix", "lapce"), _colon),
    **dict.fromkeys(("idea", "pycharm", "clion", "goland", "webstorm", "rustrover", "kate"), _option),
}
"""How editors are told a line, by the name of the program; others get the file alone."""


def open_hit(result: SearchResult, number: int, root: Path) -> int:
    """Opens the hit with this number, from 1, and waits for the editor; returns its exit status.

    `root` is the tree of hits that name none. Raises ConfigError where there is no such hit, it is not a file on disk,
    or the editor cannot be started.
    """
    if number > len(result.hits):
        raise ConfigError(f"there is no hit {number}; there are {len(result.hits)}")
    hit = result.hits[number - 1]
    if hit.views:
        raise ConfigError(f"{printable(hit.path)} is that of {hit.views[0]}; only files on disk can be opened")
    file = Path(hit.root or root) / hit.path
    command = command_for(os.environ, os.fspath(file), _line_of(hit))
    try:
        status = subprocess.call(command)
    except OSError as error:
        raise ConfigError(f"{command[0]}: cannot be started: {error.strerror or error}") from None
    return status if status >= 0 else 128 - status  # as shells tell of a signal


def command_for(environment: Mapping[str, str], file: str, line: int) -> list[str]:
    """The command that opens a file at a line. Raises ConfigError where no editor is set, or its quotes are open."""
    named = next((name for name in VARIABLES if environment.get(name, "").strip()), None)
    if named is None:
        raise ConfigError("no editor is set; set VISUAL or EDITOR, such as EDITOR=vim")
    try:
        program, *options = shlex.split(environment[named])
    except ValueError as error:
        raise ConfigError(f"{named} is {environment[named]!r}, which is no command: {error}") from None
    return [program, *options, *_FORMS.get(os.path.basename(program), _alone)(file, line)]


def _line_of(hit: Hit) -> int:
    """The first line that matched, or where the passage begins."""
    return min((line.number for line in hit.lines), default=hit.start_line)
