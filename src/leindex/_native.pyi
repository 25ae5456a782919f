"""Types of the C extension; the comments in native/*.c say how each works."""

# words.c, bag.c: text to terms. A term is known by a 32-bit hash; packed arrays are in native byte order.
def terms(text: bytes, /) -> list[tuple[bytes, int, int, int, int]]:
    """The terms of a text in order: term, hash, role (0 whole identifier, 1 part, 2 two parts joined), and
    where the identifier starts and ends. The whole identifier comes before its parts."""

def bag(text: bytes, names: bytes, /) -> tuple[bytes, bytes, int]:
    """The bag of words of a text in which definitions have these names (separated by line ends): hashes,
    ascending; a payload byte for each (see terms.py); the number of words."""

# passages.c
def scan(text: bytes, terms: bytes, starts: bytes, /) -> tuple[bytes, bytes]:
    """How often each of up to 64 terms (hashes) occurs in each part of a text (given by its first line,
    from 0, ascending): 16-bit counts, part by part; and the number of words in each part (32 bits)."""

def passages(
    text: bytes, terms: bytes, starts: bytes, ends: bytes, /
) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """The passages of a text whose definitions span these lines (from 1, ordered by start, the longer
    first): first and last lines, the place of each one's definition or 2**32-1, then counts and words as in
    `scan`."""

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
    """The terms of paths (separated by NUL) of the documents with these numbers: hashes, ascending;
    numbers; flags."""

def fuzzy(
    query: bytes, paths: bytes, lowered: bytes, recency: bytes, limit: int, /
) -> tuple[list[tuple[int, int]], int]:
    """The paths (separated by NUL; also given in lower case) that have the query's letters in order: place
    and score of the best, and how many there are. Of equal ones the one with the higher recency (32 bits)
    comes first."""
def c_symbols(content: bytes, /) -> list[tuple[str, str, str, int, int, int, int, str]]: ...
