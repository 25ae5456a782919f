"""What all printers share: the stream they write to, what one is, and how a path is shown.

Output is gathered and written in large pieces; a closed pipe ends the printing quietly (`Output.closed`).
"""

from __future__ import annotations

from typing import BinaryIO, Final, Protocol

from ..request import GrepRequest
from ..stats import Stats
from ..verify import Searcher
from .colors import RESET
from .hyperlinks import CLOSED

FLUSH_BYTES: Final = 1 << 18


class Output:
    """A binary stream written in large pieces.

    `line_buffered` writes after every file, for terminals. After the reader has gone away `closed` is true
    and everything more is dropped.
    """

    def __init__(self, stream: BinaryIO, *, line_buffered: bool = False) -> None:
        self._stream = stream
        self._parts: list[bytes] = []
        self._size = 0
        self._limit = 0 if line_buffered else FLUSH_BYTES
        self.closed = False

    def write(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > self._limit:
            self.flush()

    def flush(self) -> None:
        """Write out what was gathered."""
        data = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        if self.closed or not data:
            return
        try:
            self._stream.write(data)
            self._stream.flush()
        except BrokenPipeError:
            self.closed = True


class Printer(Protocol):
    """Searches and prints one file after another.

    Between files `request` may be replaced by one that differs in what a NUL byte does, and `searcher` with it.
    """

    stats: Stats
    request: GrepRequest
    searcher: Searcher

    def file(self, path: bytes, content: bytes) -> bool:
        """Search a file and print the outcome; whether it counts as a match for the exit status."""

    def unmatched(self, path: bytes) -> bool:
        """Print what is due for a file known not to match (and to hold no NUL byte), without its content."""

    def finish(self, seconds: float) -> None:
        """Print the figures, if asked for; `seconds` is the time since the start."""


def shown_path(request: GrepRequest, path: bytes, *, linked: bool = True) -> bytes:
    """The path as it is printed: with the chosen separator, coloured, and as a link if there are links."""
    if request.path_separator is not None:
        path = path.replace(b"/", request.path_separator)
    if request.color is None:
        return path
    painted = request.color.path + path + RESET
    if request.hyperlinks is None or not linked or not (opened := request.hyperlinks.opened(path)):
        return painted
    return opened + painted + CLOSED


def path_entry(request: GrepRequest, path: bytes) -> bytes:
    """A path as an entry of its own (`-l`, `--files`)."""
    return shown_path(request, path) + (b"\0" if request.null else request.line_end)
