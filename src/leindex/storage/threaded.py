"""Work handed to the threads of a pool, for as long as the system gives any."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
Item = TypeVar("Item")


def submitted(pool: ThreadPoolExecutor, work: Callable[..., T], *arguments: Any) -> Future[T]:
    """The result of work that a thread of the pool does, or this thread at once where none can be started."""
    result: Future[T] = Future()
    turn = threading.Lock()  # a pool keeps what it could start no thread for, and an older thread may come to it

    def run() -> None:
        if turn.acquire(blocking=False) and result.set_running_or_notify_cancel():
            try:
                result.set_result(work(*arguments))
            except BaseException as error:
                result.set_exception(error)

    try:
        pool.submit(run)
    except RuntimeError:
        run()
    return result


def ahead(
    work: Callable[[Item], T], items: Iterable[Item], threads: int
) -> Generator[tuple[Item, Future[T]], None, None]:
    """Each item with what threads make of it, in order. One item waits beyond those being worked on, so that no thread
    idles while the caller does its part; what the caller leaves is not begun."""
    waiting: deque[tuple[Item, Future[T]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="leindex-worker") as pool:
        try:
            for item in items:
                waiting.append((item, submitted(pool, work, item)))
                if len(waiting) > threads:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()
        finally:
            for _, future in waiting:
                future.cancel()
