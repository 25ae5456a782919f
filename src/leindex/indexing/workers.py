"""Worker processes: a function of this package applied to many tasks, in order, by Python processes of our own.

Not `multiprocessing`: it runs the caller's main program again in each worker, which a script that calls
`Index.update` outside of `if __name__ == "__main__"` would not survive, and its workers outlive a parent that was
killed. These here run nothing of the caller's, and end when their input does. A worker that dies, or cannot be
started, costs no result: its tasks are done in this process.

    for result in in_processes("leindex.indexing.enrich", "derive", batches, workers=2):
        ...
"""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, Any, Final

from ..storage.threaded import submitted

_START: Final = "import sys; sys.path[:] = {path!r}; from leindex.indexing.workers import serve; serve()"
_LENGTH: Final = 8


def in_processes(module: str, function: str, tasks: Iterable[Any], *, workers: int) -> Generator[Any, None, None]:
    """The results of `module.function(task)`, in the order of the tasks, made by `workers` processes.

    A few tasks more than there are workers are taken ahead. Closing the iterator ends the processes at once.
    """
    here = getattr(importlib.import_module(module), function)
    processes = [_Worker(module, function) for _ in range(workers)]
    idle: SimpleQueue[_Worker] = SimpleQueue()
    for process in processes:
        idle.put(process)

    ended = False

    def work(task: Any) -> Any:
        worker = idle.get()
        try:
            return worker.ask(task)
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):
            worker.stop()
            return None if ended else here(task)
        finally:
            idle.put(worker)

    waiting: deque[Future[Any]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="leindex-process")
    try:
        for task in tasks:
            waiting.append(submitted(pool, work, task))
            if len(waiting) > workers + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        ended = True
        for future in waiting:
            future.cancel()
        for process in processes:
            process.stop()
        pool.shutdown()


class _Worker:
    """One process; used by one thread at a time."""

    def __init__(self, module: str, function: str) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        command = [sys.executable, "-c", _START.format(path=sys.path), module, function]
        with suppress(OSError):
            # A group of its own: Ctrl-C on the terminal is for the parent, which then ends its workers.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )

    def ask(self, task: Any) -> Any:
        """What the function makes of a task. Raises EOFError or OSError where the process is gone."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise EOFError
        _send(process.stdin, task)
        return _receive(process.stdout)

    def stop(self) -> None:
        """Ends the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()


def serve() -> None:
    """The main program of a worker: tasks from stdin, results to stdout, until the input ends."""
    module, function = sys.argv[1:]
    work = getattr(importlib.import_module(module), function)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    while True:
        try:
            task = _receive(requests)
        except EOFError:
            return
        _send(answers, work(task))


def _send(stream: IO[bytes], value: Any) -> None:
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(len(data).to_bytes(_LENGTH, "big"))
    stream.write(data)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    length = stream.read(_LENGTH)
    if len(length) < _LENGTH:
        raise EOFError
    data = stream.read(int.from_bytes(length, "big"))
    return pickle.loads(data)
