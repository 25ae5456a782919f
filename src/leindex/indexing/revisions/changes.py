"""What differs between commits and the files on disk: git's own diff, read into hunks; git's log, read into paths.

Lines are as git prints them: as its index would have them where attributes convert line ends; filters are not run, as
the repository could name any program. Untracked files are in no diff, as with git.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Final

from ...errors import ConfigError, QueryError
from ...models import FileChange
from ...query.ast import ChangeFilter
from .patch import PATCH, PLAIN, below, files_of
from .repository import Repository

EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The tree without files, which is what everything is compared with before the first commit."""

STAGED: Final = "index"
"""The base that is not a revision but what is staged."""

SECONDS: Final = {"h": 3600, "d": 86_400, "w": 7 * 86_400, "m": 30 * 86_400, "y": 365 * 86_400}

_AGE: Final = re.compile(r"([<>])(\d{1,6})([hdwmy])")


class GitChanges:
    """The changes of one root. `repository` finds the repository when it is first needed."""

    def __init__(self, repository: Callable[[], Repository]) -> None:
        self._find = repository

    @property
    def _repository(self) -> Repository:
        try:
            found = self._find()
        except ConfigError as error:
            raise QueryError(f"what changed is git's to tell: {error}") from error
        if found.bare:
            raise QueryError(f"{found.top}: is a bare repository, which has no files that could differ")
        return found

    def diff(self, base: str) -> Sequence[FileChange]:
        """See `views.view.Changes`; files below the root, by path."""
        repository = self._repository
        against = [] if base == STAGED else [_commit(repository, base)]
        patch = _ran(repository, "diff", *PATCH, *against, "--")
        prefix, found = repository.prefix, []
        for old_path, path, hunks in files_of(patch.split(b"\n")):
            if not path.startswith(prefix) and not old_path.startswith(prefix):
                continue
            found.append(FileChange(below(old_path, prefix), below(path, prefix), hunks))
        return sorted(found, key=lambda change: (change.path or change.old_path).replace(b"/", b"\0"))

    def touched(self, asked: ChangeFilter) -> frozenset[bytes]:
        """See `views.view.Changes`."""
        repository, value = self._repository, asked.value
        if asked.kind == "author":
            names = _logged(repository, "-i", "-F", f"--author={value}")
        elif asked.kind == "since":
            names = self._since(repository, value)
        elif ".." in value:
            if value.startswith("-"):
                raise QueryError(f"changed:{value} is no range of revisions")
            names = _names(_ran(repository, "diff", "--name-only", "-z", "--no-renames", *PLAIN, value, "--"))
        else:
            return self._within(repository, value)
        return frozenset(below(name, repository.prefix) for name in names if name.startswith(repository.prefix))

    def _within(self, repository: Repository, value: str) -> frozenset[bytes]:
        """The files that commits touched within an age, with those that differ from the last commit; of `>` no others
        are meant, which is what a negated `<` says."""
        found = _AGE.fullmatch(value)
        if found is None or found[1] == ">":
            advice = "write -changed:<30d for what did not change lately" if found else ""
            advice = advice or "write changed:<2d (h, d, w, m, y), changed:main..HEAD, or since:main"
            raise QueryError(f"changed:{value} means nothing", text=f"changed:{value}", advice=advice)
        oldest = int(time.time()) - int(found[2]) * SECONDS[found[3]]
        names = _logged(repository, f"--since=@{max(oldest, 0)}") | self._since(repository, "HEAD")
        return frozenset(below(name, repository.prefix) for name in names if name.startswith(repository.prefix))

    def _since(self, repository: Repository, value: str) -> frozenset[bytes]:
        """The files that differ from where the branch that is checked out left another."""
        commit = _commit(repository, value)
        if commit != EMPTY_TREE:
            commit = _ran(repository, "merge-base", commit, "HEAD").decode().strip() or commit
        return _names(_ran(repository, "diff", "--name-only", "-z", "--no-renames", *PLAIN, commit, "--"))


def _commit(repository: Repository, revision: str) -> str:
    try:
        return repository.resolve(revision)
    except ConfigError as error:
        if revision == "HEAD":
            return EMPTY_TREE  # there is no commit yet
        raise QueryError(str(error), text=revision) from error


def _ran(repository: Repository, *words: str) -> bytes:
    try:
        return repository.run_on_files(*words)
    except ConfigError as error:
        raise QueryError(str(error)) from error


def _names(listed: bytes) -> frozenset[bytes]:
    return frozenset(listed.split(b"\0")) - {b""}


def _logged(repository: Repository, *chosen: str) -> frozenset[bytes]:
    """The paths that chosen commits of the history of HEAD touched; merges touch none of their own."""
    if _commit(repository, "HEAD") == EMPTY_TREE:
        return frozenset()
    words = ("log", *chosen, "--format=", "--name-only", "-z", "--no-renames", *PLAIN, "HEAD", "--")
    return _names(_ran(repository, *words))
