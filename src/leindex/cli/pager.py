"""Paging as git does it: what a command prints at a terminal goes through a pager, which is not started before there is
something to show.

`LEINDEX_PAGER`, else `PAGER`, else `less` is the pager; `cat` or nothing is none. `less` is asked to end at once where
everything fits on the screen, and to let colours through, unless `LESS` says otherwise.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TextIO

from .common import complain

VARIABLES: Final = ("LEINDEX_PAGER", "PAGER")
STANDARD: Final = "less"
DEFAULTS: Final = {"LESS": "FRX", "LV": "-c"}
"""What pagers are told by way of the environment, unless the user's says something."""


def pager_of(environment: Mapping[str, str]) -> str | None:
    """The pager's command, for a shell; None where there is to be none."""
    for name in VARIABLES:
        if name in environment:
            command = environment[name].strip()
            return None if command in ("", "cat") else command
    return STANDARD if shutil.which(STANDARD) else None


@contextmanager
def paged() -> Iterator[None]:
    """Stdout through the pager, where it is a terminal. Returns when the reader has left the pager.

    A pager that is left early ends the command as a closed pipe does: by a BrokenPipeError.
    """
    command = pager_of(os.environ)
    if command is None or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        yield
        return
    output, errors, pipe = sys.stdout, sys.stderr, _Pipe(command)
    aside = _Aside(errors, pipe)
    through = io.TextIOWrapper(
        io.BufferedWriter(pipe), encoding=output.encoding, errors=output.errors, line_buffering=True
    )
    sys.stdout, sys.stderr = through, aside
    try:
        yield
        through.flush()
    finally:
        sys.stdout, sys.stderr = output, errors
        try:
            through.close()
        except BrokenPipeError:
            pass  # what is left was for a reader who is gone
        finally:
            pipe.wait()
            errors.write("".join(aside.held))
            errors.flush()


class _Pipe(io.RawIOBase):
    """The pager's input; looks like the terminal that it shows things on, so that colours stay."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def started(self) -> bool:
        """Whether there is something to show."""
        return self._process is not None

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        """Hands data to the pager, which is started now if it was not."""
        if self._process is None:
            environment = {**DEFAULTS, **os.environ}
            self._process = subprocess.Popen(
                self._command, shell=True, stdin=subprocess.PIPE, env=environment, bufsize=0
            )
        assert self._process.stdin is not None
        return self._process.stdin.write(data)

    def wait(self) -> None:
        """Ends the pager's input and waits for the reader. Ctrl-C is the pager's meanwhile."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._process.stdin.close()
            status = self._process.wait()
        finally:
            signal.signal(signal.SIGINT, before)
        if status in (126, 127):  # the shell's word for what it cannot start
            complain(f"the pager {self._command!r} cannot be started; LEINDEX_PAGER=cat does without")


class _Aside(io.TextIOBase):
    """Stderr beside a pager: what is said while the pager has the screen is held until the reader has left it."""

    def __init__(self, stream: TextIO, pipe: _Pipe) -> None:
        self._stream, self._pipe = stream, pipe
        self.held: list[str] = []

    def write(self, text: str, /) -> int:
        """Says it, or holds it."""
        if not self._pipe.started:
            return self._stream.write(text)
        self.held.append(text)
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()
