"""Small updates of a large index: what one changed file costs, and how soon a watcher makes it findable.

    python benchmarks/updates.py [--updates 1000] [--edits 200] [--linux FOLDER] [--cache DIR] [--json FILE]

The Linux source is copied, indexed whole, and then files chosen at random are changed, one at a time. Reported are
the time of each update through an open Index, the growth of the index, and queries before and after; then, with
`Index.watch` running in another process, the time from the end of a write until a search through this process's open
Index finds it. Every answer is checked. The targets are those of the project: median 5 ms, 99th percentile 150 ms,
none over 1 s, growth 10 %, queries 1.5x; found within 100 ms in 95 of 100 cases.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import corpus

import leindex
from leindex.index import Index

QUERIES = ["kmalloc_array", "sched_clock_cpu", "tx_timeout", "dma_alloc_coherent", "retry_count", "EXPORT_SYMBOL_GPL"]


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def index_bytes(index: Index) -> int:
    """What the index holds: its pages in use, and not the write-ahead log beside them."""
    stats = index.store.stats()
    return int(stats["database_bytes"]) - int(stats["free_bytes"])


def files_with(index: Index, text: str) -> list[str]:
    """The files that hold a literal text, as `leindex grep -F -l` finds them; the first 50."""
    from leindex.storage.formula import Lit
    from leindex.text import fold
    from leindex.views.select import Selection

    needle = text.encode()
    with index.snapshot():
        found = index.view("").selector().contents(Lit(fold(needle)), Selection())
        matching = (item.path for item in found if item.content is not None and needle in item.content)
        return [os.fsdecode(path) for path in islice(matching, 50)]


def query_seconds(index: Index) -> float:
    """The median, over the queries, of the best of five."""
    best: list[float] = []
    for query in QUERIES:
        times: list[float] = []
        for _ in range(5):
            begun = time.perf_counter()
            files_with(index, query)
            times.append(time.perf_counter() - begun)
        best.append(min(times))
    return quantile(best, 0.5)


def one_file_updates(index: Index, count: int, pick: random.Random) -> dict[str, float]:
    """Changes `count` files, one at a time, and updates each through the open Index."""
    paths = list(index.paths())
    size, queries = index_bytes(index), query_seconds(index)
    seconds: list[float] = []
    for number in range(count):
        path = pick.choice(paths)
        with open(index.root / path, "ab") as file:
            file.write(b"\n/* an edit: %d %d */\n" % (number, pick.randrange(10**12)))
        begun = time.perf_counter()
        result = index.update(paths=[path])
        seconds.append(time.perf_counter() - begun)
        assert result.changed == 1 and result.documents == 1, (path, result)
    return {
        "updates": count,
        "median_ms": 1000 * quantile(seconds, 0.5),
        "p95_ms": 1000 * quantile(seconds, 0.95),
        "p99_ms": 1000 * quantile(seconds, 0.99),
        "max_ms": 1000 * max(seconds),
        "growth": index_bytes(index) / size - 1,
        "query_ms_before": 1000 * queries,
        "query_ms_after": 1000 * query_seconds(index),
        "fdatasync_ms": 1000 * sync_seconds(index.location.folder / "sync.tmp"),
    }


def sync_seconds(path: Path) -> float:
    """What the disk takes for one sync of 64 kB, the least that a durable update can take; the median of 50."""
    times: list[float] = []
    with open(path, "wb", buffering=0) as file:
        for _ in range(50):
            file.write(os.urandom(1 << 16))
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begun)
    path.unlink()
    return quantile(times, 0.5)


def watch_latency(index: Index, count: int, pick: random.Random) -> dict[str, float]:
    """Edits under `leindex watch`: from the end of the write until the new text is found here."""
    paths = list(index.paths())
    command = [sys.executable, "-m", "leindex", "watch", "--json", str(index.root)]
    index.close()
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE)
    seconds: list[float] = []
    try:
        assert watcher.stdout is not None
        watcher.stdout.readline()  # the first comparison is done
        # What it says later is read and dropped, lest it waits for somebody to read.
        threading.Thread(target=deque, args=(watcher.stdout, 0), daemon=True).start()
        for number in range(count):
            path, word = pick.choice(paths), f"needle_{number}_{pick.randrange(10**12)}"
            with open(index.root / path, "ab") as file:
                file.write(b"\n/* %s */\n" % word.encode())
            begun = time.perf_counter()
            wait_until(lambda path=path, word=word: files_with(index, word) == [path], begun)  # type: ignore[misc]
            seconds.append(time.perf_counter() - begun)
            time.sleep(pick.uniform(0.0, 0.05))
    finally:
        watcher.terminate()
        watcher.wait()
    return {
        "edits": count,
        "median_ms": 1000 * quantile(seconds, 0.5),
        "p95_ms": 1000 * quantile(seconds, 0.95),
        "max_ms": 1000 * max(seconds),
    }


def wait_until(condition: Callable[[], bool], begun: float) -> None:
    while not condition():
        assert time.perf_counter() - begun < 30, "the edit was not found"
        time.sleep(0.001)


def main() -> None:
    parser = argparse.ArgumentParser(description="The cost of small updates and the latency of watching.")
    corpus.add_options(parser)
    parser.add_argument("--updates", type=int, default=1000)
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--text-only", action="store_true", help="without the second stage, to save time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    tree = corpus.without_large(corpus.linux(options.cache, options.linux), options.cache)
    root = corpus.writable_copy(tree, options.cache / "updates-tree")
    os.environ["LEINDEX_HOME"] = str(options.cache / "updates-indexes")
    pick = random.Random(1)
    subprocess.run(
        [sys.executable, "-m", "leindex", "index", *["--text-only"] * options.text_only, str(root)], check=True
    )
    with leindex.open(root, refresh="never") as index:
        figures = {
            "one file": one_file_updates(index, options.updates, pick),
            "watch": watch_latency(index, options.edits, pick),
        }
    for name, values in figures.items():
        print(name)
        for key, value in values.items():
            print(f"  {key:18} {value:10.3f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
