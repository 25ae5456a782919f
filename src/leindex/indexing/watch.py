"""Keeping an index current while its tree changes.

The system's own notices of changes (by way of watchfiles) say which paths to look at; each batch of them becomes an
update of these paths alone. Notices can be lost: a queue overflows without a word, a name that is not UTF-8 ends the
stream. So the whole tree is compared when watching begins, after any trouble, when a batch is so large that the
queue may have been full, and every few minutes. Where there are no notices to be had, comparing is all that is done.

    watch(index.root, update, own=index_folder, mark=mark, stop=event, on_update=print)

Order matters at the start: first the stream of notices is opened, then the tree is compared, so that no change falls
between the two.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from ..errors import EngineMissingError, StoreBusyError
from ..models import UpdateResult
from .discover import scope_of

STEP_MS: Final = 15
"""A batch ends when nothing has changed for so long: what an editor does to save a file is one batch."""

DEBOUNCE_MS: Final = 300
"""... or after so long in any case."""

RECONCILE_SECONDS: Final = 180.0
MANY: Final = 1000
"""With so many paths in one batch, walking the tree costs no more, and some notices may have been lost."""

RETRY_SECONDS: Final = 30.0
"""How long to do without notices after their stream broke a second time within a minute."""

IDLE_MS: Final = 100


class Update(Protocol):
    """Brings the index up to date with some paths below the root, or with all of the tree."""

    def __call__(self, *, paths: Sequence[bytes] | None = None) -> UpdateResult: ...


class Mark(Protocol):
    """Where it is noted whether the index is current."""

    def set(self, current: bool) -> None: ...


Notices = Iterator[list[bytes] | None]
"""Batches of changed paths, relative to the root; empty ones now and then; None when all must be compared."""


def watch(
    root: Path,
    update: Update,
    *,
    own: Path,
    mark: Mark,
    stop: threading.Event,
    on_update: Callable[[UpdateResult], None] = lambda result: None,
    on_notice: Callable[[str], None] = lambda message: None,
    reconcile_seconds: float = RECONCILE_SECONDS,
) -> None:
    """Watches `root` until `stop` is set.

    `own` is the index's folder, whose changes are no news. `on_update` is called after each update that changed
    something, and after the first; `on_notice` with a line when the way of watching changes. Raises StorageError
    and ConfigError as an update does, and EngineMissingError where watchfiles is not installed.
    """
    compared = -reconcile_seconds
    first = True
    left: list[bytes] | None = None
    for batch in _notices(root, own, stop, on_notice):
        due = time.monotonic() - compared >= reconcile_seconds
        if batch is None or due or len(batch) > MANY:
            paths = None
            if not due or first:
                mark.set(False)
        elif batch or left:
            paths = list(dict.fromkeys([*(left or ()), *batch]))
        else:
            continue
        begun = time.monotonic()
        try:
            result = update(paths=paths)
        except StoreBusyError as error:
            on_notice(str(error))
            left, compared = paths or [], compared if paths is not None else -reconcile_seconds
            continue
        left = None
        if paths is None:
            compared = begun
            mark.set(True)
        if first or result.added or result.changed or result.removed:
            on_update(result)
        first = False


def _notices(root: Path, own: Path, stop: threading.Event, on_notice: Callable[[str], None]) -> Notices:
    """Batches of changes until `stop`; after any trouble with their stream a None, for all may have changed."""
    try:
        import watchfiles  # noqa: F401
    except ModuleNotFoundError:
        raise EngineMissingError(
            'watching needs a package that is missing: pip install "leindex[watch]"'
        ) from None
    broken = -RETRY_SECONDS
    while not stop.is_set():
        try:
            yield from _stream(root, own, stop)
        # What watchfiles raises for a stream that broke is a RuntimeError; OSError: there are no more watches to be had.
        except (RuntimeError, OSError) as error:
            soon, broken = time.monotonic() - broken < 2 * RETRY_SECONDS, time.monotonic()
            if soon or isinstance(error, OSError):
                on_notice(f"no notices of changes ({error}); comparing the tree instead")
                yield from _compare_only(stop, RETRY_SECONDS)


def _stream(root: Path, own: Path, stop: threading.Event) -> Notices:
    from watchfiles import watch as changes_of

    base = os.fsencode(root)
    prefix = os.path.join(base, b"")
    inside = os.fsencode(own) + b"/" if own.is_relative_to(root) else None
    opened = False
    for changes in changes_of(
        root,
        watch_filter=None,
        debounce=DEBOUNCE_MS,
        step=STEP_MS,
        stop_event=stop,
        rust_timeout=IDLE_MS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    ):
        if not opened:
            opened = True
            yield None
            continue
        paths: list[bytes] = []
        for _, name in changes:
            path = os.fsencode(name)
            if inside is not None and (path + b"/").startswith(inside):
                continue
            if path.startswith(prefix) and (scope := scope_of(path[len(prefix) :])) is not None:
                paths.append(scope)
        yield None if b"" in paths else paths


def _compare_only(stop: threading.Event, seconds: float) -> Notices:
    """Asks for comparisons for a while, each after ten times as long as the last one took."""
    end = time.monotonic() + seconds
    while not stop.is_set() and time.monotonic() < end:
        begun = time.monotonic()
        yield None
        stop.wait(min(max(1.0, 10 * (time.monotonic() - begun)), seconds))
