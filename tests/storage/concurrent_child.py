"""One process of several on a store: `concurrent_child.py write|write-for|read FOLDER NAME COUNT`.

A writer writes COUNT documents in batches of 100, or for COUNT seconds, and says `ready` and `done` or `wrote N`. A
reader reads until its stdin is closed and ends with `reads N`. All end with an error on anything that must not be seen.
"""

from __future__ import annotations

import select
import sys
import time
from pathlib import Path

from leindex.models import DocumentItem
from leindex.storage import registry
from leindex.storage.storage_interface import SearchInterface

BATCH = 100


def write(folder: Path, name: str, count: int) -> None:
    with registry.open_engine("sqlite", folder) as store:
        print("ready", flush=True)
        sys.stdin.readline()
        for start in range(0, count, BATCH):
            _write_batch(store, name, start)
    print("done", flush=True)


def write_for(folder: Path, name: str, seconds: float) -> None:
    with registry.open_engine("sqlite", folder) as store:
        print("ready", flush=True)
        sys.stdin.readline()
        written, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            _write_batch(store, name, written)
            written += BATCH
    print(f"wrote {written}", flush=True)


def _write_batch(store: SearchInterface, name: str, start: int) -> None:
    batch: list[DocumentItem] = [
        (f"{name}{i}", {"content": f"{name}_{i}_x of {name}"}) for i in range(start, start + BATCH)
    ]
    result = store.batch_write(batch)
    assert result["success"], result


def read(folder: Path, names: str) -> None:
    reads, seen = 0, 0
    with registry.open_engine("sqlite", folder, "read") as store:
        print("ready", flush=True)
        while not select.select([sys.stdin], [], [], 0)[0]:
            with store.snapshot():
                count = store.count()
                assert count % BATCH == 0, f"half a batch was seen: {count} documents"
                assert count >= seen, f"{seen} documents became {count}"
                present = sum(1 for _ in store.ids())
                assert present == count, f"a snapshot changed from {count} to {present} documents"
                if count:
                    for name in names:
                        first = store.search_content(f"{name}_0_x")
                        assert [d for d, _ in first] in ([], [f"{name}0"])
            seen = count
            reads += 1
    print(f"reads {reads}", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    elif sys.argv[1] == "write-for":
        write_for(Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
    else:
        read(Path(sys.argv[2]), sys.argv[3])
