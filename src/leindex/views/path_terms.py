"""The terms of paths, in memory.

A path belongs to a file, not to its content, and a rename must not touch what is stored about the content.
So the terms of paths are no part of a document's bag of words: they are made when a tree is opened (84,000
paths take about 30 ms) and kept as long as the generation lasts.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

from .. import _native

IN_FOLDER: Final = 1
IN_NAME: Final = 2
IS_NAME: Final = 4
IS_FOLDER: Final = 8
"""Flags of a path's term: a part of a folder's or the file's name, or all of it (without the extension).
`mod.rs`, `index.ts`, `__init__.py` and their like also have the name of their folder."""


class PathTerms:
    """Which documents have a term in their path.

    `numbers` and `keys` go together: a document at several paths comes several times. Keys are paths relative to
    the root as the catalogue stores them (`storage.catalog.key_of`). Numbers are below 2**28.
    """

    def __init__(self, numbers: Sequence[int], keys: Sequence[bytes]) -> None:
        hashes, self._numbers, self._flags = _native.path_terms(b"/".join(keys), array("I", numbers).tobytes())
        self._hashes = memoryview(hashes).cast("I")
        self.count = len(keys)

    def postings(self, term: int) -> tuple[bytes, bytes]:
        """Ascending document numbers (32 bits each) and a byte of flags for each, of the paths that have
        the term."""
        start = bisect_left(self._hashes, term)
        end = bisect_right(self._hashes, term, start)
        return self._numbers[start * 4 : end * 4], self._flags[start:end]
