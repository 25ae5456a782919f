"""Commits with the lines that each changed, as `git log -p` tells them, one after another.

git compares the commits, so that what counts as changed, as a rename and as binary is what it is for git; nothing that
the repository names is run. Only the ends of files whose contents differ are read by git, and nothing is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Final

from ...errors import ConfigError, QueryError
from ...models import Commit, FileChange, Patch
from ...questions import HistoryQuestion
from .patch import PATCH, PLAIN, below, files_of
from .repository import Repository

_MARK: Final = b"\x01"
"""Begins the line of a commit: no line of a patch begins so."""

_FORMAT: Final = "--format=%x01%H%x00%P%x00%ct%x00%an%x00%ae%x00%s"
_BINARY: Final = b"Binary files "
_SETTINGS: Final = ("-c", "log.showRoot=true", "-c", "log.mailmap=false")


class GitHistory:
    """The history of one repository; paths are those below the root that it was found for."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    @property
    def shallow(self) -> bool:
        """Whether older commits are missing in the clone."""
        return self._repository.shallow

    def changed(self, asked: HistoryQuestion) -> Iterator[Patch]:
        """The commits that a question is about, newest first, with what each changed: a merge nothing, as with
        `git log`. Raises QueryError for revisions that mean nothing, and where git fails."""
        options = [self._range(asked.revisions), *PATCH, "--no-diff-merges"]
        if asked.author:
            options += ["-i", "-F", f"--author={asked.author}"]
        if asked.since:
            options.append(f"--since={asked.since}")
        if asked.until:
            options.append(f"--until={asked.until}")
        scope = self._repository.prefix + os.fsencode(asked.scope or "")
        paths = [b":(top,literal)" + scope] if scope else []
        yield from self._patches([*options, "--", *paths], scope.rstrip(b"/"))

    def whole(self, revision: str, scope: str) -> Iterator[Patch]:
        """All commits that a revision grew from, each before those it came from, with what it changed of its first
        parent's files. Raises QueryError as `changed` does."""
        options = (*PLAIN, *PATCH, "--no-renames", "--diff-merges=first-parent", "--topo-order")
        within = self._repository.prefix + os.fsencode(scope)
        yield from self._patches([self._range(revision), *options, "--"], within.rstrip(b"/"))

    def _range(self, revisions: str) -> str:
        """Revisions with their ids in the place of names, so that none is taken for an option."""
        between = "..." if "..." in revisions else ".."
        try:
            return between.join(self._repository.resolve(end or "HEAD") for end in revisions.split(between, 1))
        except ConfigError as error:
            if not revisions:
                raise QueryError(f"{self._repository.top}: has no commit yet") from error
            raise QueryError(str(error), text=revisions) from error

    def _patches(self, words: Sequence[str | bytes], scope: bytes) -> Iterator[Patch]:
        with self._printed([*_SETTINGS, "log", _FORMAT, *words]) as out:
            commit: Commit | None = None
            lines: list[bytes] = []
            for line in out:
                if not line.startswith(_MARK):
                    lines.append(line.removesuffix(b"\n"))
                    continue
                if commit is not None:
                    yield self._patch(commit, lines, scope)
                commit, lines = _commit(line[1:-1]), []
            if commit is not None:
                yield self._patch(commit, lines, scope)

    def _patch(self, commit: Commit, lines: Sequence[bytes], scope: bytes) -> Patch:
        def inside(path: bytes) -> bool:
            return not scope or path == scope or path.startswith(scope + b"/")

        prefix = self._repository.prefix
        files = [
            change._replace(old_path=below(change.old_path, prefix), path=below(change.path, prefix))
            for change in (FileChange(*found) for found in files_of(lines))
            if inside(change.path) or inside(change.old_path)
        ]
        return Patch(commit, files, sum(line.startswith(_BINARY) for line in lines))

    @contextmanager
    def _printed(self, words: Sequence[str | bytes]) -> Iterator[IO[bytes]]:
        """What git prints, read while it does; git is ended where the reader goes."""
        process = self._repository.started(*words)
        assert process.stdout is not None and process.stderr is not None
        try:
            yield process.stdout
            said = os.fsdecode(process.stderr.read()).strip()
            if process.wait():
                raise QueryError(f"git: {said.removeprefix('fatal: ') or 'failed'}")
        finally:
            process.kill()
            process.stdout.close()
            process.stderr.close()
            process.wait()


def _commit(line: bytes) -> Commit:
    name, parents, when, *texts = line.decode("utf-8", "replace").split("\0", 5)
    return Commit(name, tuple(parents.split()), int(when or 0), *texts)
