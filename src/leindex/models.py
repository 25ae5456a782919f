"""Value types that several layers share. They hold data, know no engine and do no work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypedDict

from .records import field, record

Document: TypeAlias = dict[str, Any]
"""A document: `content` (str or bytes) is required; other keys are kept as they are if JSON can hold them."""

DocumentItem: TypeAlias = tuple[str, Document]


class BatchResult(TypedDict):
    """What `batch_write` returns: `written + failed` is the number of documents given."""

    success: bool
    written: int
    failed: int
    errors: list[str]
    batches_processed: int


@record(frozen=True, slots=True)
class Progress:
    """How far a long job is. Totals are 0 while they are unknown; `seconds` count from its start."""

    stage: str = ""
    documents: int = 0
    documents_total: int = 0
    bytes: int = 0
    bytes_total: int = 0
    batches: int = 0
    seconds: float = 0.0


ProgressCallback: TypeAlias = Callable[[Progress], None]


@record(frozen=True, slots=True)
class WordBag:
    """The words of one document for ranking: sorted distinct hashes (uint32) with a payload byte each."""

    number: int
    keys: bytes
    payloads: bytes
    length: int


class FileRow(NamedTuple):
    """One file of a view, as the catalogue keeps it.

    `path` is relative to the root, in the file system's own bytes. `number` is the document that the engine keeps
    for the content, or 0 for a file that is not indexed, which then has its reason in `skipped`. `views` has a bit for
    each view that has the file, where views are asked. A tuple, since an update makes one for every file that it reads.
    """

    path: bytes
    number: int
    size: int
    mtime_ns: int
    inode: int
    mode: int
    doc_id: str = ""
    language: str = ""
    encoding: str = ""
    kind: str = ""
    skipped: str = ""
    ctime_ns: int = 0
    views: int = 0

    @property
    def name(self) -> str:
        """The path as text, lossless through surrogate escapes."""
        return self.path.decode("utf-8", "surrogateescape")


class Hunk(NamedTuple):
    """Lines that took the place of others: those that are gone and those that came, without their line ends (a `\\r`
    is part of a line), with the number of the first of each, from 1."""

    old_start: int
    old: tuple[bytes, ...]
    new_start: int
    new: tuple[bytes, ...]


class FileChange(NamedTuple):
    """The hunks of one file; `old_path` is where it was and `path` where it is, relative to the root. Empty where there
    was none or is none any more."""

    old_path: bytes
    path: bytes
    hunks: tuple[Hunk, ...]


class Commit(NamedTuple):
    """A commit of git: its id, those of its parents, when it was committed (Unix time), who wrote it, and the first
    line of its message."""

    id: str
    parents: tuple[str, ...]
    committed: int
    author: str
    address: str
    subject: str


class Patch(NamedTuple):
    """What a commit changed, and how many binary files whose lines are not told."""

    commit: Commit
    files: Sequence[FileChange]
    binary: int


@record(frozen=True, slots=True)
class Completeness:
    """What an answer covers; part of every answer. Counts are files.

    `age_seconds` is how long ago the index was compared with the whole tree, None if it never was.
    """

    complete: bool
    eligible: int
    candidates: int
    verified: int
    skipped: Mapping[str, int]
    truncated: bool
    generation: int
    age_seconds: float | None
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The fields as `--json` prints them."""
        return {
            "complete": self.complete,
            "eligible": self.eligible,
            "candidates": self.candidates,
            "verified": self.verified,
            "skipped": dict(self.skipped),
            "truncated": self.truncated,
            "generation": self.generation,
            "age_seconds": None if self.age_seconds is None else round(self.age_seconds, 3),
            "notes": list(self.notes),
        }


@record(frozen=True, slots=True)
class LineMatch:
    """One line of a hit: its number from 1, its text, and the matched ranges as offsets of characters in it."""

    number: int
    text: str
    ranges: tuple[tuple[int, int], ...] = ()


@record(frozen=True, slots=True)
class Hit:
    """One result of a ranked search: a passage of a file, lines counted from 1, both ends included."""

    path: str
    language: str
    start_line: int
    end_line: int
    score: float
    lines: tuple[LineMatch, ...]
    heading: str = ""
    root: str = ""
    signals: Mapping[str, Any] = field(default_factory=dict)
    views: tuple[str, ...] = ()
    """The names of the views that have the file with this content, where views are asked."""
    also: tuple[str, ...] = ()
    """Where else these views have the same content; of a tree each place is a hit of its own."""


@record(frozen=True, slots=True)
class SearchResult:
    """The answer to a ranked search."""

    query: str
    hits: tuple[Hit, ...]
    completeness: Completeness
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    cursor: str | None = None
    advice: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class UpdateResult:
    """What an update did. `documents` and `bytes` count contents written; `seconds` is wall time."""

    files: int
    added: int
    changed: int
    removed: int
    unchanged: int
    documents: int
    bytes: int
    batches: int
    skipped: Mapping[str, int]
    failed: tuple[str, ...]
    generation: int
    seconds: float
    read: int = 0
    notes: tuple[str, ...] = ()
