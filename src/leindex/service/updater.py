"""The one writer of a server: updates on request in one thread, and the watcher in another, while readers go
on reading.

Several servers on one root share the index: the first keeps it current, the others see so and take over when
it ends (`storage/folder/locks.py`). Where changes cannot be watched, requests ask for a comparison themselves
(`Service.ready`).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

from ..config import Location
from ..errors import CancelledError, EngineMissingError, LeindexError, StoreBusyError
from ..models import Progress, UpdateResult
from ..records import record
from ..storage.folder.locks import is_watched

if TYPE_CHECKING:
    from ..index import Index

BUSY_SECONDS: Final = 60.0
"""How long an update that was asked for waits for that of another process."""
TURN_SECONDS: Final = 0.5
"""Waiting is done in steps of this length, so that it can be given up."""
TAKE_OVER_SECONDS: Final = 5.0
"""How often a server looks whether the process that keeps the index current has ended."""
TROUBLE_SECONDS: Final = 30.0
SAMPLES: Final = 600


@record(frozen=True, slots=True)
class Running:
    """The state of the writer at one moment; `error` is why the last update failed, `finished` its Unix
    time."""

    running: bool
    progress: Progress
    error: str
    finished: float


class Updater:
    """Updates one index. Threads are started by the first `request` and by `keep_current`, and ended by
    `stop`."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._wake = threading.Condition()
        self._asked: list[Future[UpdateResult]] = []
        self._listeners: list[Callable[[Progress], None]] = []
        self._stop = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._state = Running(False, Progress(), "", 0.0)
        self.compared = 0.0
        """When this server last compared the whole tree with the index, by the monotonic clock."""
        self.samples: deque[tuple[float, int, int]] = deque(maxlen=SAMPLES)
        """Unix time, bytes and documents of the running or last update, as it went."""

    @property
    def state(self) -> Running:
        """What it is doing."""
        return self._state

    @property
    def watched(self) -> bool:
        """Whether some process keeps the index current."""
        return is_watched(self._location.folder)

    def request(self) -> Future[UpdateResult]:
        """Asks for an update that begins after now; requests that wait together share one. When all who
        asked for it cancel, it stops at a batch boundary."""
        asked: Future[UpdateResult] = Future()
        with self._wake:
            if self._stop.is_set():
                asked.set_exception(CancelledError("the server is stopping"))
                return asked
            self._asked.append(asked)
            self._start("leindex-update", self._run)
            self._wake.notify_all()
        return asked

    def keep_current(self) -> None:
        """Watches the tree from now on. There has to be an index."""
        with self._wake:
            if not self._stop.is_set():
                self._start("leindex-watch", self._watch)

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
        """Ends the threads, at a batch boundary if they are at work."""
        with self._wake:
            self._stop.set()
            self._wake.notify_all()
        for thread in self._threads.values():
            thread.join()

    def _start(self, name: str, work: Callable[[], None]) -> None:
        if name not in self._threads:
            thread = self._threads[name] = threading.Thread(target=work, name=name, daemon=True)
            thread.start()

    # -- updates on request ----------------------------------------------------------------------------------

    def _run(self) -> None:
        from ..index import Index

        with Index(self._location, refresh="never") as index:
            while True:
                with self._wake:
                    self._wake.wait_for(lambda: self._asked or self._stop.is_set())
                    asked, self._asked = self._asked, []
                if self._stop.is_set():
                    _fail(asked, CancelledError("the server is stopping"))
                    return
                self._update(index, asked)

    def _update(self, index: Index, asked: list[Future[UpdateResult]]) -> None:
        self._state = Running(True, Progress(), "", self._state.finished)
        error = ""
        try:
            result = self._in_turn(index, asked)
            self.compared = time.monotonic()
            for waiting in asked:
                if waiting.set_running_or_notify_cancel():
                    waiting.set_result(result)
        except LeindexError as failure:
            error = "" if isinstance(failure, CancelledError) else str(failure)
            _fail(asked, failure)
        self._state = Running(False, self._state.progress, error, time.time())

    def _in_turn(self, index: Index, asked: list[Future[UpdateResult]]) -> UpdateResult:
        """The update, once no other process is at it."""
        until = time.monotonic() + BUSY_SECONDS

        def unwanted() -> bool:
            return self._stop.is_set() or all(waiting.cancelled() for waiting in asked)

        while True:
            try:
                return index.update(wait_seconds=TURN_SECONDS, on_progress=self._show, cancelled=unwanted)
            except StoreBusyError:
                if time.monotonic() >= until or unwanted():
                    raise

    def _show(self, progress: Progress) -> None:
        if self.samples and progress.documents < self.samples[-1][2]:
            self.samples.clear()
        self.samples.append((time.time(), progress.bytes, progress.documents))
        self._state = Running(True, progress, "", self._state.finished)
        for listener in tuple(self._listeners):
            listener(progress)

    # -- watching --------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        from ..index import Index

        while not self._stop.is_set():
            if self.watched:
                self._stop.wait(TAKE_OVER_SECONDS)
                continue
            try:
                with Index(self._location, refresh="never") as index:
                    index.watch(stop=self._stop)
            except EngineMissingError:
                return  # requests compare for themselves
            except LeindexError as failure:
                self._state = Running(self._state.running, self._state.progress, str(failure), self._state.finished)
                self._stop.wait(TROUBLE_SECONDS)


def _fail(asked: list[Future[UpdateResult]], failure: LeindexError) -> None:
    for waiting in asked:
        if waiting.set_running_or_notify_cancel():
            waiting.set_exception(failure)
