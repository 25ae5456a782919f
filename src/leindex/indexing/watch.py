"""Keeping an index current while its tree changes.

The system's own notices of changes (by way of watchfiles) say which paths to look at; each batch of them becomes an
update of these paths alone. Notices can be lost: a queue overflows without a word, a name that is not UTF-8 ends the
stream. So the whole tree is compared when watching begins, after any trouble, when a batch is so large that the
queue may have been full, and every few minutes. Where there are no notices to be had, comparing is all that is done.

Only the folders that belong to the tree are watched, one by one. Watching the root with all below it would take in
what is ignored, and would follow links: files behind one are then reported under the name of the link, or not at all.
New folders are added by opening a new stream before the old one is closed, so that no notice falls between the two.

    watch(Watched(index.root, index_folder, folders, index.update, mark), stop, on_update=print)
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from ..errors import CancelledError, EngineMissingError, StoreBusyError
from ..install_hint import install_hint
from ..models import UpdateResult
from ..records import record
from .walk.discover import scope_of

STEP_MS: Final = 10
"""A batch ends when nothing has changed for so long: what an editor does to save a file is one batch."""

DEBOUNCE_MS: Final = 300
"""... or after so long in any case."""

IDLE_MS: Final = 200
RECONCILE_SECONDS: Final = 180.0
MANY: Final = 1000
"""With so many paths in one batch, walking the tree costs no more, and some notices may have been lost."""

RETRY_SECONDS: Final = 30.0
"""How long to do without notices where there are none, or when their stream broke twice within that time."""

COMPARE_SECONDS: Final = 2.0
"""Without notices: the least time between two comparisons, and ten times what the last one took."""


class Update(Protocol):
    """Brings the index up to date with some paths below the root, or with all of the tree."""

    def __call__(self, *, paths: Sequence[bytes] | None = None) -> UpdateResult: ...


class Mark(Protocol):
    """Where it is noted whether the index is current."""

    def set(self, current: bool) -> None: ...


Folders = Callable[[Sequence[bytes] | None], Iterable[bytes]]
"""The folders of the tree, relative to the root, or those at and below some paths."""


@record(frozen=True, slots=True)
class Watched:
    """A tree that is watched, and how its index is kept; `own` is the index's folder, whose changes are no news."""

    root: Path
    own: Path
    folders: Folders
    update: Update
    mark: Mark


def watch(
    tree: Watched,
    stop: threading.Event,
    *,
    on_update: Callable[[UpdateResult], None] = lambda result: None,
    on_notice: Callable[[str], None] = lambda message: None,
    reconcile_seconds: float = RECONCILE_SECONDS,
) -> None:
    """Watches a tree until `stop` is set, which `tree.update` looks at as well: it raises CancelledError then.

    `on_update` is called after each update that changed something, and after the first; `on_notice` with a line when
    the way of watching changes. Raises StorageError and ConfigError as an update does, and EngineMissingError where
    watchfiles is not installed.
    """
    notices = Notices(tree, on_notice)
    due, first = 0.0, True
    left: list[bytes] = []
    try:
        while not stop.is_set():
            batch = notices.next(stop)
            if batch is None:
                tree.mark.set(False)
            everything = batch is None or len(batch) > MANY or time.monotonic() >= due
            if not everything and not batch and not left:
                continue
            begun = time.monotonic()
            paths = None if everything else list(dict.fromkeys([*left, *(batch or ())]))
            try:
                result = tree.update(paths=paths)
            except CancelledError:
                if stop.is_set():
                    return
                raise
            except StoreBusyError as error:
                on_notice(str(error))
                left, due = paths or [], begun if everything else due
                continue
            left = []
            if everything:
                due = begun + reconcile_seconds
                tree.mark.set(notices.streaming)
            if first or result.added or result.changed or result.removed:
                on_update(result)
            first = False
    finally:
        notices.close()


class Notices:
    """The changes of a tree as the system tells them, for as long as it does."""

    def __init__(self, tree: Watched, on_notice: Callable[[str], None]) -> None:
        self._prefix = os.path.join(os.fsencode(tree.root), b"")
        self._own = os.path.join(os.fsencode(tree.own), b"")
        self._folders = tree.folders
        self._on_notice = on_notice
        self._watched: set[bytes] = set()
        self._stream: Any = None
        self._broken = -RETRY_SECONDS
        self._silent_until = 0.0
        self._asked = 0.0

    @property
    def streaming(self) -> bool:
        """Whether there are notices at present."""
        return self._stream is not None

    def next(self, stop: threading.Event) -> list[bytes] | None:
        """The next batch of changed paths, perhaps empty; None when everything must be compared."""
        if self._stream is None and time.monotonic() < self._silent_until:
            took = time.monotonic() - self._asked
            stop.wait(max(COMPARE_SECONDS, 10 * took))
            self._asked = time.monotonic()
            return None
        try:
            if self._stream is None:
                self._open(self._folders(None))
                return None
            raw = self._stream.watch(DEBOUNCE_MS, STEP_MS, IDLE_MS, stop)
            if raw == "signal":
                raise KeyboardInterrupt
            if raw in ("timeout", "stop"):
                return []
            paths = self._relative(raw)
            self._follow(paths)
            return paths
        # What watchfiles raises for a stream that broke is a RuntimeError; an OSError says that there are no more
        # watches to be had.
        except (RuntimeError, OSError) as error:
            self.close()
            now = time.monotonic()
            if isinstance(error, OSError) or now - self._broken < RETRY_SECONDS:
                self._on_notice(f"no notices of changes ({error}); comparing the tree instead")
                self._silent_until = now + RETRY_SECONDS
            self._broken = self._asked = now
            return None

    def close(self) -> None:
        """Ends the stream."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _open(self, folders: Iterable[bytes]) -> None:
        """Opens a stream for these folders, and for those that were made inside of them meanwhile."""
        try:
            # The backend, and not `watchfiles.watch` around it: that is a generator, which opens its stream and waits
            # for changes in one step, so that no new stream could be opened before the old one is closed without a
            # wait for each new folder. The package documents this use of it ("Rust backend direct usage").
            from watchfiles._rust_notify import RustNotify
        except ModuleNotFoundError:
            raise EngineMissingError(f"watching needs a package that is missing: {install_hint('watch')}") from None
        self._watched = set(folders)
        names = [_text(self._prefix + folder) for folder in self._watched]
        there = [name for name in names if name is not None and os.path.isdir(name)]
        # Not recursive, no polling, and a folder that may not be read is passed over.
        self._stream = RustNotify(there, False, False, 0, False, True)

    def _follow(self, paths: list[bytes]) -> None:
        """Watches the folders that have come in with these changes, and adds to `paths` what the change of streams
        might have missed."""
        new = set(self._folders(paths)) - self._watched if paths else set()
        while new:
            last = self._stream
            self._open(self._watched | new)
            rest = last.watch(1, 1, 1, None)
            last.close()
            if rest == "signal":
                raise KeyboardInterrupt
            if not isinstance(rest, str):
                paths += self._relative(rest)
            new = set(self._folders(sorted(new))) - self._watched

    def _relative(self, raw: set[tuple[int, str]]) -> list[bytes]:
        """The paths below the root that these notices are about."""
        scopes: dict[bytes, None] = {}
        for _, name in raw:
            path = os.fsencode(name)
            if path.startswith(self._prefix) and not (path + b"/").startswith(self._own):
                scope = scope_of(path[len(self._prefix) :])
                if scope is not None:
                    scopes[scope] = None
        return list(scopes)


def _text(path: bytes) -> str | None:
    """A folder's name as watchfiles takes it; one that is not UTF-8 cannot be watched, only compared."""
    try:
        return path.decode()
    except UnicodeDecodeError:
        return None
