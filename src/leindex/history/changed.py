"""The commits that added or removed lines that match a pattern, as `git log -G` and `-S` find them.

A commit is compared with its parent, and its lines are those of `git diff`; a file that moved is compared with what it
was. Binary files have no lines, and merges change nothing, as with `git log`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from ..exact.filter.path_filter import PathFilter, PathRules
from ..exact.request import Binary, Boundary, Case, GrepRequest
from ..exact.verify import MATCH, Searcher
from ..models import Commit, FileChange, Patch
from ..questions import HistoryQuestion


class History(Protocol):
    """The commits of a repository."""

    @property
    def shallow(self) -> bool:
        """Whether older commits are missing in the clone."""

    def changed(self, asked: HistoryQuestion) -> Iterator[Patch]:
        """The commits that a question is about, newest first, with what each changed."""

    def whole(self, revision: str, scope: str) -> Iterator[Patch]:
        """All commits that a revision grew from, each before those it came from, with what it changed of its first
        parent's files."""


class ChangedLine(NamedTuple):
    """A line that matches and differs: with `added` one that came, and its number in the new file; else one that went,
    and its number in the old one. Numbers count from 1; the text has no line end."""

    path: str
    line: int
    added: bool
    text: str


class ChangedCommit(NamedTuple):
    """A commit that changed lines that match."""

    commit: Commit
    lines: tuple[ChangedLine, ...]


class ChangedCommits:
    """The commits that a question means, newest first, found while this is iterated, once.

    `looked_at` is how many commits were compared so far, `binary` how many binary files were passed over, and
    `truncated` whether the limit ended the search. `shallow`: older commits are missing in the clone. Raises QueryError
    for a pattern that is refused when it is made, for revisions that mean nothing when it is iterated.
    """

    def __init__(self, history: History, question: HistoryQuestion) -> None:
        self._history, self._question = history, question
        self._lines = MatchingLines(question)
        self.looked_at = self.binary = 0
        self.truncated = False
        self.shallow = history.shallow

    def __iter__(self) -> Iterator[ChangedCommit]:
        found, limit = 0, self._question.limit
        for patch in self._history.changed(self._question):
            self._question.check()
            if found == limit:
                self.truncated = True
                return
            self.looked_at += 1
            self.binary += patch.binary
            if lines := self._lines.of(patch.files):
                found += 1
                yield ChangedCommit(patch.commit, lines)


class MatchingLines:
    """Finds the changed lines that match the pattern of a question. Raises QueryError for a pattern that is refused,
    ConfigError for a glob that is malformed."""

    def __init__(self, question: HistoryQuestion) -> None:
        self._accepts = PathFilter(PathRules(globs=question.globs)).accepts if question.globs else None
        self._counts = question.counts
        request = GrepRequest(
            (question.pattern,),
            fixed_strings=question.fixed,
            case=Case.IGNORE if question.ignore_case else Case.SENSITIVE,
            boundary=Boundary.WORD if question.word else Boundary.NONE,
            binary=Binary.TEXT,
            line_number=True,
            only_matching=True,
        )
        self._searcher = Searcher(request, check=question.check)

    def of(self, files: Sequence[FileChange]) -> tuple[ChangedLine, ...]:
        """Those of a commit, in the order of its patch."""
        places: list[tuple[FileChange, bool, int]] = []
        texts: list[bytes] = []
        for change in files:
            if self._accepts is not None and not self._accepts(change.path or change.old_path):
                continue
            for hunk in change.hunks:
                places += [(change, False, hunk.old_start + n) for n in range(len(hunk.old))]
                places += [(change, True, hunk.new_start + n) for n in range(len(hunk.new))]
                texts += hunk.old
                texts += hunk.new
        # The empty first line keeps what looks like a byte order mark from being one.
        joined = b"\n" + b"\n".join(texts)
        if not texts or not self._searcher.matches(joined):
            return ()
        found: list[tuple[int, ChangedLine]] = []
        balance: dict[int, int] = {}
        for line in self._searcher.search(joined).lines():
            if line.kind == MATCH and 1 < line.number <= len(texts) + 1:
                change, added, number = places[line.number - 2]
                path = os.fsdecode((change.path if added else change.old_path) or change.path or change.old_path)
                text = texts[line.number - 2].decode("utf-8", "replace")
                found.append((id(change), ChangedLine(path, number, added, text)))
                balance[id(change)] = balance.get(id(change), 0) + (len(line.spans) or 1) * (1 if added else -1)
        return tuple(line for file, line in found if balance[file] or not self._counts)
