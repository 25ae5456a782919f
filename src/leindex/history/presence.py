"""Since when and until when some file has a line that matches: the first and the last commit that has one.

How many lines of all files match in a commit is how many did in its first parent, more those that its changes added and
fewer those that they took; so one pass over the changes of all commits tells it of each of them.
"""

from __future__ import annotations

from typing import NamedTuple

from ..models import Commit
from ..questions import HistoryQuestion
from .changed import ChangedLine, History, MatchingLines


class Presence(NamedTuple):
    """The first commit that has a match, by its time, with the first line that brought it, and the last one.

    `first` and `last` are None where no commit has any; `present` tells whether the revision that was asked for has
    one, and then `last` is that; else `removed` is the newest commit that took the last match away. `looked_at` counts
    commits; `binary` the binary files that were passed over; `shallow`: older commits are missing in the clone.
    """

    first: Commit | None
    line: ChangedLine | None
    last: Commit | None
    removed: Commit | None
    present: bool
    looked_at: int
    binary: int
    shallow: bool


class _Seen(NamedTuple):
    """A commit, how many more lines match after it, and the first line that it added."""

    commit: Commit
    more: int
    line: ChangedLine | None


def presence(history: History, question: HistoryQuestion) -> Presence:
    """Where in the history of the question's revision (HEAD if it has none) its pattern matches.

    Raises QueryError for a pattern that is refused and for a revision that means nothing.
    """
    matching = MatchingLines(question)
    seen: list[_Seen] = []
    binary = 0
    for patch in history.whole(question.revisions, question.scope or ""):
        question.check()
        lines = matching.of(patch.files)
        added = [line for line in lines if line.added]
        seen.append(_Seen(patch.commit, 2 * len(added) - len(lines), added[0] if added else None))
        binary += patch.binary
    counts: dict[str, int] = {}
    first: _Seen | None = None
    last: Commit | None = None
    removed: Commit | None = None
    for one in reversed(seen):
        commit = one.commit
        before = [counts[parent] for parent in commit.parents if parent in counts]
        count = counts[commit.id] = (before[0] if before else 0) + one.more
        if count and (last is None or commit.committed >= last.committed):
            last = commit
        if count and not any(before) and (first is None or commit.committed < first.commit.committed):
            first = one
        if not count and any(before) and (removed is None or commit.committed >= removed.committed):
            removed = commit
    present = bool(seen) and counts[seen[0].commit.id] > 0
    return Presence(
        first.commit if first else None,
        first.line if first else None,
        seen[0].commit if present else last,
        None if present else removed,
        present,
        len(seen),
        binary,
        history.shallow,
    )
