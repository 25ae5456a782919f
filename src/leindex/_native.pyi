"""Types of the C extension; the comments in native/*.c say how each works."""

from array import array
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias, final

Buffer: TypeAlias = bytes | bytearray | memoryview[Any]

# grams.c
class SegmentBuilder:
    def __new__(cls, payload: bool = False) -> SegmentBuilder: ...
    @property
    def documents(self) -> int: ...
    @property
    def postings(self) -> int: ...
    def add(self, text: Buffer, /) -> int: ...
    def add_keys(self, keys: Buffer, payloads: Buffer, /) -> None: ...
    def add_block(self, block: Buffer, numbers: Buffer | array[int], /) -> None: ...
    def set_documents(self, documents: int, /) -> None: ...
    def finish(self, block_bytes: int = 16000, /) -> list[tuple[int, bytes]]: ...

def postings(block: Buffer, low: int, high: int, capitals: int = 3, /) -> bytes: ...
def weighted_postings(block: Buffer, key: int, base: int, /) -> tuple[bytes, bytes]: ...
def select_run(numbers: Buffer, start: int, low: int, high: int, bitmap: Buffer | None, /) -> tuple[int, list[int]]: ...
def members(bitmap: Buffer, base: int, /) -> list[int]: ...

# gram_words.c
def gram_words(texts: Sequence[Buffer], /) -> list[str]: ...

# --- files.c ---

NOT_A_FILE: Final = 1
TOO_LARGE: Final = 2
CHANGED: Final = 3

@final
class Found(tuple[bytes, int, int, int, int]):
    """One file: path relative to the root with '/', bytes, mtime in ns, inode, ctime in ns.

    `mode` is an attribute only, so that the tuple is what an update compares.
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

def scan_folder(root_fd: int, folder: bytes, names_only: bool = False, /) -> tuple[bytes, list[bytes], list[Found]]:
    """The kinds (f, d, l, o), names and status of a folder's entries, by name; raises `OSError`.

    With `names_only` no status is asked for and its list is empty.
    """

def read_files(root_fd: int, paths: tuple[bytes, ...], limit: int, /) -> list[tuple[bytes, int, int, int, int] | int]:
    """For each file (content, size, mtime_ns, inode, ctime_ns), or -errno, or one of the constants above."""

Span: TypeAlias = tuple[int, int]

class Regex:
    """A compiled pattern (`leindex.regex.program.build` makes one); never changes, may be used by many
    threads.

    Offsets are in bytes. `data` is any contiguous buffer; looks (`^`, `\\b`) see all of it, whatever part of
    it `start` and `end` (negative: the end of the data) say to search. Every method lets go of the GIL for
    all but small data, and raises MemoryError and nothing else.
    """

    def __new__(cls, program: bytes, /) -> Regex:
        """From what `program.compile` returns. Raises OverflowError where it would get too large."""

    @property
    def strategy(self) -> str:
        """How it searches: `literals`, `lines with literals`, `lines with windows` (rare beginnings of a match),
        `long lines`, `texts with literals` or `automaton`."""

    def is_match(self, data: Buffer, /) -> bool:
        """Whether the pattern matches anywhere in the data as a whole."""

    def find(self, data: Buffer, start: int = 0, end: int = -1, /) -> Span | None:
        """The leftmost match in data[start:end], of those the first by preference."""

    def find_all(self, data: Buffer, start: int = 0, end: int = -1, limit: int = -1, /) -> list[Span]:
        """Matches from left to right that do not overlap, none of them empty right where the last one
        ended."""

    def captures(self, data: Buffer, start: int = 0, end: int = -1, /) -> list[Span | None] | None:
        """What `find` finds, and then each group; None for groups that took no part."""

    def matching_lines(self, data: Buffer, limit: int = -1, invert: bool = False, spans: bool = True, /) -> bytes:
        """The lines that match (with `invert`, the others), each searched on its own, as ripgrep does.

        Returns five unsigned 64-bit numbers a line, to be read with `memoryview(result).cast("Q")`: its
        number from 1, where it starts, where its text ends (before the newline; with CRLF before the carriage
        return too), where the first match starts and ends. Those two are the line's start with `invert`, and
        mean nothing without `spans`, which is faster. An empty piece after the last newline is no line.
        """

    def count_lines(self, data: Buffer, /) -> int:
        """How many lines match, each searched on its own."""

    def count_matches(self, data: Buffer, /) -> tuple[int, int]:
        """How many lines match, and how many matches they hold: at least one each."""

    def blocks(self, data: Buffer, start: int, limit: int, term: int, before: int, /) -> tuple[bytes, int, int]:
        """The blocks of whole lines that up to `limit` matches touch, those that adjoin as one; each search starts
        afresh where the match before ended, as in ripgrep, and `term` is the byte that ends a line.
        `before` is where the block found last ended, 0 if there was none: a match that begins within it but ends
        beyond is told as a block that starts there, one that ends before its end not at all.

        Returns four unsigned 64-bit numbers a block (start, end, where the search was after its first match and how
        many matches there were until then), where the search is now (the end of the data if no match is left), and
        how many matches there were.
        """

    def count_block_matches(self, data: Buffer, term: int, /) -> tuple[int, int]:
        """How many of those blocks there are, and how many matches begin in them: at least one each."""

    def scan(self, contents: Iterable[Buffer], /) -> bytes:
        """One byte for each file's content: 1 if a line matches, 0 if none does, 2 if that cannot be told here: a
        content in UTF-16, or with a match and a NUL byte. A UTF-8 byte order mark is passed over."""

# lines.c
def count_newlines(data: Buffer, start: int = 0, end: int = -1, /) -> int:
    """The number of newlines in data[start:end]."""

def printed_lines(text: Buffer, lines: Buffer, lead: bytes, tail: bytes | None, /) -> bytes:
    """The lines that `Regex.matching_lines` found in a text, each with its newline and after `lead`, and after its
    number and `tail` unless that is None. Raises ValueError for lines that are not within the text."""

# words.c, bag.c: text to terms. A term is known by a 32-bit hash; packed arrays are in native byte order.
def terms(text: bytes, /) -> list[tuple[bytes, int, int, int, int]]:
    """The terms of a text in order: term, hash, role (0 whole identifier, 1 part, 2 two parts joined), and
    where the identifier starts and ends. The whole identifier comes before its parts."""

def bag(text: bytes, names: bytes, /) -> tuple[bytes, bytes, int]:
    """The bag of words of a text in which definitions have these names (separated by line ends): hashes,
    ascending; a payload byte for each (see terms.py); the number of words."""

# passages.c, cutting.c, filter.c; terms are given by their text, up to 64 of them separated by NUL
def scan(text: bytes, terms: bytes, starts: bytes, /) -> tuple[bytes, bytes]:
    """How often each term occurs in each part of a text (given by its first line, from 0, ascending): 16-bit counts,
    part by part; and the number of words in each part (32 bits)."""

def best_passage(
    text: bytes,
    terms: tuple[bytes, bytes, bytes],
    rarities: bytes,
    starts: bytes,
    ends: bytes,
    lines: bytes,
    /,
) -> tuple[int, int, int, float]:
    """The passage of a text that answers a query best: its first and last line, the place of its definition or -1,
    and its score.

    Given are the terms, the place of each one's word among the words (32 bits) and what each is worth (64-bit
    floats); what each word counts (64-bit floats); the first and last lines of the definitions; and lines (32 bits
    each, from 1): passages that hold one of these come before all others."""

# columns.c
def symbol_columns(stored: bytes, /) -> tuple[bytes, bytes, bytes, bytes]:
    """Definitions as they are stored (JSON) as columns of 32 bits: first lines, last lines, lines of the names, and
    where each one's row begins. Raises ValueError for anything else."""

def line_starts(text: bytes, /) -> bytes:
    """Where each line of a text starts, 32 bits each. An empty piece after the last newline is no line."""

# score.c
def best(
    lists: list[tuple[int, float, bytes, bytes, bytes]], size: int, limit: int, allowed: bytes | None, /
) -> list[tuple[int, float]]:
    """The best documents, with their scores, for posting lists (group, weight, what each of 256 payloads is
    worth as 32-bit floats, numbers, payloads); lists of one group stand together, and the best of them
    counts. Numbers are below `size`; `allowed` (numbers) restricts them and lets in documents of no
    list."""

# paths.c, fuzzy.c
def path_terms(paths: bytes, numbers: bytes, /) -> tuple[bytes, bytes, bytes]:
    """The terms of paths (separated by `/`, with NUL between their components) of the documents with these numbers:
    hashes, ascending; numbers; flags."""

def fuzzy(
    query: bytes, paths: bytes, lowered: bytes, recency: bytes, limit: int, /
) -> tuple[list[tuple[int, int]], int]:
    """The paths (separated by NUL; also given in lower case) that have the query's letters in order: place
    and score of the best, and how many there are. Of equal ones the one with the higher recency (32 bits)
    comes first."""

# fields.c
def plain_fields(document: dict[Any, Any], /) -> str | None:
    """All fields but "content" as JSON text, written as Python's `json` does, empty where there are none; None
    where a name is not a string or a value is not a string, finite number, boolean or None. Raises
    `UnicodeEncodeError`."""

def plain_row(doc_id: object, document: object, below: int, /) -> tuple[str, str, int, str | None, bytes] | None:
    """The row with a checksum that `stored_value.encode_row` makes of a document with plain fields and a content of
    fewer than `below` bytes; None where anything asks for a closer look."""

def plain_rows(documents: list[Any], below: int, /) -> list[tuple[str, str, int, str | None, bytes]] | None:
    """What `plain_row` makes of each document; None where one asks for a closer look, or two have one id."""

def c_symbols(content: bytes, /) -> list[tuple[str, str, str, int, int, int, int, str]]: ...

# pages/checked_vfs.c
def check_pages(name: str, base: str, /) -> None: ...

# cuses.c
def c_references(content: bytes, /) -> tuple[bytes, bytes, bytes]:
    """The places of calls, includes and entries of tables in a text of C, in order: how far each start is behind the
    one before, lengths, and roles (`linkage.Role`), each 32 bits in native order."""
