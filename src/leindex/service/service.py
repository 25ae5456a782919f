"""One root, served: a few readers, one writer, and the rules for when an answer may be given.

Searching is done by threads, each with an Index to itself that only reads; none of them ever waits for the
writer. The service is lazy: making one opens nothing and starts no thread. It is used from one asyncio event
loop.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..config import Location
from ..errors import CancelledError, ConfigError, StorageError
from ..models import UpdateResult
from ..tree.freshness import REFRESH_BUDGET
from .control import Control
from .updater import Updater

if TYPE_CHECKING:
    from ..index import Index

T = TypeVar("T")

READERS: Final = 3
STREAMS: Final = 2
"""Answers that may be streamed at once: they hold a reader for as long as the client takes."""
AHEAD: Final = 64
BESIDE: Final = "reader_beside_writer"
"""What an engine must not lack for its index to be kept current while it is served."""

POLL_SECONDS: Final = 0.05
FRESHEN_SECONDS: Final = 2.0
"""How long an answer waits for the comparison with the tree before it is given from the index as it is."""


class Service:
    """The index of one root for many callers at once. `close` ends its threads."""

    def __init__(self, location: Location, *, readers: int = READERS, keep_current: bool = True) -> None:
        self.location = location
        self.updater = Updater(location)
        self._keep_current = keep_current
        self._readers = readers
        self._pool: ThreadPoolExecutor | None = None
        self._idle: list[Index] = []
        self._searchable = False
        self._read_only: bool | None = None
        self._kept: dict[str, tuple[int, Any]] = {}
        self._streams = asyncio.Semaphore(STREAMS)

    # -- reading ---------------------------------------------------------------------------------------------

    async def read(self, work: Callable[[Index], T], control: Control) -> T:
        """The result of `work` on an Index that only reads, done in a thread. `work` is to call
        `control.check`; when the caller is cancelled, so is the work. Raises what `work` raises."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._readers, thread_name_prefix="leindex-read")

        def run() -> T:
            control.check()
            with self._borrowed() as index:
                return work(index)

        future = self._pool.submit(run)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            control.cancel()
            raise

    async def stream(self, work: Callable[[Index], Iterator[T]], control: Control) -> AsyncIterator[T]:
        """What `work` yields, as it comes. The thread is at most `AHEAD` items ahead of the caller; when the
        caller stops, so does the work."""
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[T | None] = asyncio.Queue()
        room = threading.Semaphore(AHEAD)

        def run(index: Index) -> None:
            try:
                for item in work(index):
                    while not room.acquire(timeout=0.1):
                        control.check()
                    loop.call_soon_threadsafe(arrived.put_nowait, item)
            finally:
                loop.call_soon_threadsafe(arrived.put_nowait, None)

        async with self._streams:
            running = asyncio.ensure_future(self.read(run, control))
            try:
                while (item := await arrived.get()) is not None:
                    room.release()
                    yield item
                await running
            finally:
                control.cancel()
                running.add_done_callback(_taken_note_of)

    def kept(self, name: str, index: Index, make: Callable[[Index], T]) -> T:
        """What `make` makes of the index, kept until its generation changes. Called in a reader's thread."""
        generation = index.catalog.generation
        known = self._kept.get(name)
        if known is None or known[0] != generation:
            known = self._kept[name] = (generation, make(index))
        value: T = known[1]
        return value

    @contextmanager
    def _borrowed(self) -> Iterator[Index]:
        """An Index that nobody else uses meanwhile: the one given back last, since it has what it needs at
        hand."""
        from ..index import Index

        try:
            index = self._idle.pop()
        except IndexError:
            index = Index(self.location, refresh="never")
        try:
            yield index
        finally:
            self._idle.append(index)

    # -- freshness -------------------------------------------------------------------------------------------

    async def ready(self, control: Control, *, max_age: float = 0.0) -> None:
        """Waits until the index can answer: until it is built where there is none, and compared with the
        tree where that is quick, nobody watches the tree, and it was not done within `max_age` seconds.
        Raises ConfigError for a root that is hardly meant, and LeindexError when building it fails."""
        if not await self.searchable(control):
            await self._built(control)
            return
        if await self._is_read_only(control):
            return
        if self._keep_current:
            self.updater.keep_current()
        if self.updater.watched or time.monotonic() - self.updater.compared <= max_age:
            return
        if await self.read(_walk_seconds, control) <= REFRESH_BUDGET:
            # An update that takes longer goes on; one that fails is reported by the status.
            await asyncio.wait([_shared(self.updater.request())], timeout=FRESHEN_SECONDS)

    async def searchable(self, control: Control) -> bool:
        """Whether there is an index that has been updated once."""
        if not self._searchable and self.location.exists:
            self._searchable = await self.read(_is_searchable, control)
        return self._searchable

    async def _built(self, control: Control) -> None:
        """Builds the index, and returns when it can be searched; its symbols may follow later."""
        if not self.location.exists:
            self._refuse_dangerous()
        with self.updater.listening(control.on_progress):
            asked = asyncio.wrap_future(self.updater.request())
            try:
                while not await self.searchable(control):
                    if (await asyncio.wait([asked], timeout=POLL_SECONDS))[0]:
                        asked.result()
                    if control.timed_out:
                        # Indexing goes on without this caller.
                        raise CancelledError(f"{self.location.root} is still being indexed; ask again in a while")
            except asyncio.CancelledError:
                asked.cancel()
                raise
            finally:
                asked.add_done_callback(_taken_note_of)

    def _refuse_dangerous(self) -> None:
        from ..indexing.walk.discover import dangerous_root

        root = self.location.root
        if reason := dangerous_root(os.fsencode(root)):
            raise ConfigError(
                f"{root} is not indexed: {reason}. Start the server in a project's folder, or with one as "
                f"its argument; to index all of it run: leindex index --yes {root}"
            )

    async def _is_read_only(self, control: Control) -> bool:
        """Whether the engine cannot be written while readers have it open: it is served as it is then."""
        if self._read_only is None:
            self._read_only = await self.read(lambda index: bool(index.store.lacks.get(BESIDE)), control)
        return self._read_only

    async def update(self, control: Control) -> UpdateResult:
        """Updates the index now, with progress. Raises LeindexError."""
        await self._check_update(control)
        with self.updater.listening(control.on_progress):
            return await asyncio.wrap_future(self.updater.request())

    async def start_update(self, control: Control) -> None:
        """Asks for an update and does not wait for it. Raises ConfigError for a root that is hardly meant."""
        await self._check_update(control)
        self.updater.request()

    async def _check_update(self, control: Control) -> None:
        if not self.location.exists:
            self._refuse_dangerous()
        elif await self.searchable(control) and await self._is_read_only(control):
            root = self.location.root
            raise ConfigError(
                f"the engine of this index cannot be updated while it is served; stop the server and run: "
                f"leindex index {root}, or change the engine with: leindex migrate --to sqlite {root}"
            )

    # -- the end ---------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Stops the writer at a batch boundary, waits for running searches, closes the store."""
        self.updater.stop()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        for index in self._idle:
            index.close()


def _shared(asked: Future[UpdateResult]) -> asyncio.Future[UpdateResult]:
    """A request for an update, awaited by somebody whose going does not end it."""
    waiting = asyncio.wrap_future(asked)
    waiting.add_done_callback(_taken_note_of)
    return waiting


def _taken_note_of(future: asyncio.Future[Any]) -> None:
    """An outcome that nobody waits for; the status tells of it."""
    if not future.cancelled():
        future.exception()


def _walk_seconds(index: Index) -> float:
    return float(index.catalog.state("walk_seconds", 0.0))


def _is_searchable(index: Index) -> bool:
    """Whether an update has finished; a store that is only being made cannot be read yet."""
    try:
        return index.catalog.generation > 0
    except StorageError:
        return False
