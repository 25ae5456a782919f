"""Works on a store until it is killed, for test_crash.py: `crash_child.py ENGINE`.

Each line on stdin, `FOLDER OPERATION`, starts a process that opens the store and performs operations from
that one on. Written to stdout: `pid N`, then `done K` for each operation that was acknowledged, and `end`
once the process is no more. This program itself opens nothing; it exists since a fork costs a hundredth of
what starting Python does.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

from leindex.storage import registry
from leindex.storage.sqlite import segments as sqlite_segments
from tests.storage.workload import perform


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # at once, and a killed process leaves no half line


def work(engine: str, folder: Path, first: int) -> None:
    with registry.open_engine(engine, folder) as store:
        for k in itertools.count(first):
            perform(store, k)
            say(f"done {k}")


def main() -> None:
    engine = sys.argv[1]
    registry.engine_class(engine)  # import it once, before forking
    for name, value in (("TAIL_DOCUMENTS", 40), ("FANOUT", 3)):
        setattr(sqlite_segments, name, value)  # so that sealing and merging happen all the time
    for line in sys.stdin:
        folder, first = line.rsplit(" ", 1)
        child = os.fork()
        if child == 0:
            say(f"pid {os.getpid()}")
            work(engine, Path(folder), int(first))
            os._exit(1)
        os.waitpid(child, 0)
        say("end")


if __name__ == "__main__":
    main()
