"""The one writer of a server: a thread that keeps the index up to date while readers go on reading.

It updates when asked, and by itself: told by the watcher where there is one, else every few seconds as long as
comparing is quick. Several servers on one root take turns through a lock file, so that a change is read once; the
others see the result in the store they share. The lock is a courtesy: what keeps the store whole is SQLite.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from ..config import Location
from ..errors import CancelledError, LeindexError
from ..index import Index
from ..models import Progress, UpdateResult

POLL_SECONDS: Final = 3.0
"""How often an idle server compares the index with the tree ..."""
POLL_SHARE: Final = 30.0
"""... but so many times the duration of the last comparison between two of them."""
LOCK_SECONDS: Final = 20.0
"""How long an update that was asked for waits for that of another server; then it goes on beside it."""
SAMPLES: Final = 600


@dataclass(frozen=True, slots=True)
class Running:
    """The state of the writer at one moment."""

    running: bool
    progress: Progress
    error: str
    finished: float
    updates: int


class Updater:
    """Updates one index in a thread of its own; started by the first `request`, ended by `stop`."""

    def __init__(self, location: Location, *, keep_fresh: bool = True) -> None:
        self._location = location
        self._keep_fresh = keep_fresh
        self._wake = threading.Condition()
        self._asked: list[Future[UpdateResult]] = []
        self._listeners: list[Callable[[Progress], None]] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._state = Running(False, Progress(), "", 0.0, 0)
        self._walk_seconds = 0.0
        self._walked = 0.0
        self.samples: deque[tuple[float, int, int]] = deque(maxlen=SAMPLES)
        """Unix time, bytes and documents of the running or last update, as it went."""

    @property
    def state(self) -> Running:
        """What it is doing."""
        return self._state

    @property
    def walked(self) -> float:
        """When the tree was last compared by this server (monotonic clock), 0 if never."""
        return self._walked

    @property
    def walk_seconds(self) -> float:
        """How long that took."""
        return self._walk_seconds

    def request(self) -> Future[UpdateResult]:
        """Asks for an update that begins after now; requests that wait together share one."""
        asked: Future[UpdateResult] = Future()
        with self._wake:
            if self._stop.is_set():
                asked.set_exception(CancelledError("the server is stopping"))
                return asked
            self._asked.append(asked)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="leindex-update", daemon=True)
                self._thread.start()
            self._wake.notify_all()
        return asked

    @contextlib.contextmanager
    def listening(self, listener: Callable[[Progress], None] | None) -> Iterator[None]:
        """Calls `listener` with the progress of updates, in the updating thread."""
        if listener is None:
            yield
            return
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def stop(self) -> None:
        """Ends the thread, at a batch boundary if it is at work."""
        with self._wake:
            self._stop.set()
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join()

    # -- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        with Index(self._location, refresh="never") as index:
            while True:
                asked = self._next()
                if self._stop.is_set():
                    break
                self._update(index, asked)
        for waiting in self._asked:
            if waiting.set_running_or_notify_cancel():
                waiting.set_exception(CancelledError("the server is stopping"))

    def _next(self) -> list[Future[UpdateResult]]:
        """Waits for a request, or until it is time to look by itself (then nobody waits)."""
        pause = max(POLL_SECONDS, POLL_SHARE * self._walk_seconds) if self._keep_fresh else None
        with self._wake:
            self._wake.wait_for(lambda: self._asked or self._stop.is_set(), pause)
            asked, self._asked = self._asked, []
        return asked

    def _update(self, index: Index, asked: list[Future[UpdateResult]]) -> None:
        self._state = Running(True, Progress(), "", self._state.finished, self._state.updates)
        error = ""
        try:
            with self._turn(wait=bool(asked)) as mine:
                if mine or asked:
                    result = index.update(on_progress=self._show, cancelled=lambda: self._unwanted(asked))
                    self._walk_seconds = float(index.catalog.state("walk_seconds", 0.0))
                    self._walked = time.monotonic()
                    for waiting in asked:
                        if waiting.set_running_or_notify_cancel():
                            waiting.set_result(result)
        except LeindexError as failure:
            error = str(failure)
            for waiting in asked:
                if waiting.set_running_or_notify_cancel():
                    waiting.set_exception(failure)
        self._state = Running(False, self._state.progress, error, time.time(), self._state.updates + 1)

    def _unwanted(self, asked: list[Future[UpdateResult]]) -> bool:
        """Whether an update is to stop: the server ends, or all who asked for it have gone."""
        return self._stop.is_set() or (bool(asked) and all(waiting.cancelled() for waiting in asked))

    def _show(self, progress: Progress) -> None:
        if progress.seconds < self._state.progress.seconds or not self.samples:
            self.samples.clear()
        self.samples.append((time.time(), progress.bytes, progress.documents))
        self._state = Running(True, progress, "", self._state.finished, self._state.updates)
        for listener in tuple(self._listeners):
            listener(progress)

    @contextlib.contextmanager
    def _turn(self, *, wait: bool) -> Iterator[bool]:
        """Holds the lock among servers; gives whether it was had."""
        folder = self._location.folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield self._locked(handle, time.monotonic() + (LOCK_SECONDS if wait else 0.0))
        finally:
            os.close(handle)

    def _locked(self, handle: int, until: float) -> bool:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except OSError:
                if time.monotonic() >= until or self._stop.wait(0.05):
                    return False
