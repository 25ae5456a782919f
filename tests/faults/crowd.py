"""Eight processes that write and read one store at the same time, and what they leave.

The processes are those of `tests.storage.concurrent_child`: writers that acknowledge batches, and readers that check
what they see. Every acknowledged batch is there at the end, and the log never grew beyond what a checkpoint bounds.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from leindex.storage import registry
from leindex.storage.integrity.checked_pages import PAGE_SIZE
from leindex.storage.integrity.log import WAL_PAGES
from tests.faults.oracle import Wrong
from tests.storage import concurrent_child

WRITERS: Final = "abcd"
READERS: Final = 4
LARGEST_LOG: Final = 16 * WAL_PAGES * PAGE_SIZE
"""Bytes. A log is written back when it has `WAL_PAGES`; from twice as many on commits wait for readers to end. While
one goes on that they do not wait for again it grows by what is written: on two busy cores to twelve times as many."""


def _started(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", concurrent_child.__name__, *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def crowd(folder: Path, seconds: float) -> str:
    """Lets four writers and four readers work for so long; says how much was written. Raises Wrong."""
    registry.open_engine("sqlite", folder).close()
    writers = [_started("write-for", str(folder), name, str(seconds)) for name in WRITERS]
    readers = [_started("read", str(folder), WRITERS) for _ in range(READERS)]
    everyone = [*writers, *readers]
    for process in everyone:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise Wrong(process.communicate()[1])
    for process in writers:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    log, largest = folder / "index.db-wal", 0
    while any(process.poll() is None for process in writers):
        largest = max(largest, log.stat().st_size)
        time.sleep(0.05)
    said = [process.communicate(timeout=120) for process in everyone]
    for process, (_, error) in zip(everyone, said, strict=True):
        if process.returncode or error:
            raise Wrong(error)
    grown = [f"the log grew to {largest} bytes"] if largest > LARGEST_LOG else []
    written = {name: int(out.split()[1]) for name, (out, _) in zip(WRITERS, said, strict=False)}
    reads = sum(int(out.split()[1]) for out, _ in said[len(WRITERS) :])
    with registry.open_engine("sqlite", folder, "read") as store:
        there = {doc_id for _, doc_id in store.ids()}
        wanted = {f"{name}{number}" for name, count in written.items() for number in range(count)}
        if there != wanted:
            lost = f"{len(wanted - there)} acknowledged documents are lost, {len(there - wanted)} are nobody's"
            raise Wrong("; ".join([lost, *grown]))
        if problems := [*grown, *store.check()]:
            raise Wrong("; ".join(problems))
    return f"{len(wanted)} documents written, {reads} reads, the log at most {largest >> 10} KiB"
