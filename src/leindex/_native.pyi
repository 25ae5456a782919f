"""Types of the C extension; the comments in native/*.c say how each works."""

from typing import Final, final

from typing_extensions import Buffer

# grams.c
class SegmentBuilder:
    def __new__(cls, payload: bool = False) -> SegmentBuilder: ...
    @property
    def documents(self) -> int: ...
    @property
    def postings(self) -> int: ...
    def add(self, text: Buffer, /) -> int: ...
    def add_keys(self, keys: Buffer, payloads: Buffer, /) -> None: ...
    def add_block(self, block: Buffer, numbers: Buffer, /) -> None: ...
    def set_documents(self, documents: int, /) -> None: ...
    def finish(self, block_bytes: int = 16000, /) -> list[tuple[int, bytes]]: ...

def postings(block: Buffer, low: int, high: int, /) -> bytes: ...
def weighted_postings(block: Buffer, key: int, /) -> tuple[bytes, bytes]: ...
def select_run(
    numbers: Buffer, start: int, low: int, high: int, bitmap: Buffer | None, /
) -> tuple[int, list[int]]: ...
def members(bitmap: Buffer, base: int, /) -> list[int]: ...

# --- files.c ---

NOT_A_FILE: Final = 1
TOO_LARGE: Final = 2
CHANGED: Final = 3

@final
class Found(tuple[bytes, int, int, int, int]):
    """One file: path relative to the root with '/', bytes, mtime in ns, inode, mode.

    `ctime_ns` is an attribute only, so that the tuple has five items.
    """

    @property
    def path(self) -> bytes: ...
    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...
    @property
    def inode(self) -> int: ...
    @property
    def mode(self) -> int: ...
    @property
    def ctime_ns(self) -> int: ...

def scan_folder(root_fd: int, folder: bytes, /) -> tuple[bytes, list[bytes], list[Found]]:
    """The kinds (f, d, l, o), names and status of a folder's entries, by name; raises `OSError`."""

def read_files(
    root_fd: int, paths: tuple[bytes, ...], limit: int, /
) -> list[tuple[bytes, int, int, int] | int]:
    """For each file (content, size, mtime_ns, inode), or -errno, or one of the constants above."""
from collections.abc import Iterable
from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
Span: TypeAlias = tuple[int, int]

class Regex:
    """A compiled pattern (`leindex.query.program.build` makes one); never changes, may be used by many
    threads.

    Offsets are in bytes. `data` is any contiguous buffer; looks (`^`, `\\b`) see all of it, whatever part of
    it `start` and `end` (negative: the end of the data) say to search. Every method lets go of the GIL for
    all but small data, and raises MemoryError and nothing else.
    """

    def __new__(cls, program: bytes, /) -> Regex:
        """From what `program.compile` returns. Raises OverflowError where it would get too large."""

    @property
    def strategy(self) -> str:
        """How it searches: `literals`, `lines with literals`, `texts with literals` or `automaton`."""

    def is_match(self, data: Buffer, /) -> bool:
        """Whether the pattern matches anywhere in the data as a whole."""

    def find(self, data: Buffer, start: int = 0, end: int = -1, /) -> Span | None:
        """The leftmost match in data[start:end], of those the first by preference."""

    def find_all(self, data: Buffer, start: int = 0, end: int = -1, limit: int = -1, /) -> list[Span]:
        """Matches from left to right that do not overlap, none of them empty right where the last one
        ended."""

    def captures(self, data: Buffer, start: int = 0, end: int = -1, /) -> list[Span | None] | None:
        """What `find` finds, and then each group; None for groups that took no part."""

    def matching_lines(
        self, data: Buffer, limit: int = -1, invert: bool = False, spans: bool = True, /
    ) -> bytes:
        """The lines that match (with `invert`, the others), each searched on its own, as ripgrep does.

        Returns five unsigned 64-bit numbers a line, to be read with `memoryview(result).cast("Q")`: its
        number from 1, where it starts, where its text ends (before the newline; with CRLF before the carriage
        return too), where the first match starts and ends. Those two are the line's start with `invert`, and
        mean nothing without `spans`, which is faster. An empty piece after the last newline is no line.
        """

    def count_lines(self, data: Buffer, /) -> int:
        """How many lines match, each searched on its own."""

    def scan(self, documents: Iterable[Buffer], /) -> bytes:
        """One byte a document: 1 if it has a matching line, else 0."""

    def scan_lines(self, documents: Iterable[Buffer], /) -> list[int]:
        """How many lines match in each document."""

def count_newlines(data: Buffer, start: int = 0, end: int = -1, /) -> int:
    """The number of newlines in data[start:end]."""
def c_symbols(content: bytes, /) -> list[tuple[str, str, str, int, int, int, int, str]]: ...
