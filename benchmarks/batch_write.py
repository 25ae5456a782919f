"""What a batch costs, beside single documents and beside SQLite alone.

    python benchmarks/batch_write.py [--corpus FOLDER] [--repeats N] [--json] [--check]

For small documents (200 bytes) and, with --corpus, for the files of a source tree: 100 documents one by one,
the same in one batch, and the same rows by a bare `executemany` in one transaction, which shows what SQLite itself
takes, a row to a statement. Each repeat does all three in turn on fresh ids in stores that keep growing, so that
a busy moment of the machine or a full tail (every tenth batch of 100 becomes a segment) hits all alike; times
are medians, and the mean is shown beside them since a median hides the rare long batch. Syncs are counted,
not assumed. The disk's own fdatasync is measured in the same run. A disk of 2.5 ms is simulated by waiting in
xSync, and labelled so.

Bias: the cache is warm, one process writes, nobody reads. Answers are checked: every document is counted and
one of each run is searched for.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import apsw

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from leindex.models import DocumentItem
from leindex.storage.database import Database
from leindex.storage.integrity.checked_pages import PAGE_SIZE
from leindex.storage.integrity.log import WAL_PAGES
from leindex.storage.sqlite_storage import INSERT, SQLiteSearch
from leindex.storage.stored_value import encode_row
from tests.storage.simulated_disk import CountingDisk

BATCH = 100
HOW = ("individual", "batched", "raw")
SLOW_DISK = 0.0025
LIMIT_MS, LIMIT_RATIO, LIMIT_RATIO_SLOW = 1.5, 20.0, 83.0


@dataclass
class Row:
    """One line of the table; times in seconds for `documents` documents."""

    what: str
    how: str
    documents: int
    bytes: int
    median: float
    mean: float
    syncs: float

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.what,
            self.how,
            f"{self.median * 1e3:.2f}",
            f"{self.mean * 1e3:.2f}",
            f"{self.documents / self.median:,.0f}",
            f"{self.bytes / self.median / 1e6:.1f}",
            f"{self.syncs:g}",
        )


def small_documents(run: int, count: int) -> list[DocumentItem]:
    """Documents of 200 bytes, each with words of its own."""
    items = []
    for i in range(count):
        text = f"def handler_{run}_{i}(request):\n    value = request.get('{i}', {run})\n    return value\n\n\n"
        path = f"src/package_{run}/module_{i}.py"
        items.append((path, {"content": (text * 4)[:200], "path": path, "language": "python"}))
    return items


def corpus_documents(folder: Path, count: int) -> list[DocumentItem]:
    """The first files of a tree, by name, that are text of up to 1 MB."""
    items: list[DocumentItem] = []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_symlink() or not 0 < path.stat().st_size <= 1 << 20:
                continue
            data = path.read_bytes()
            if b"\0" in data:
                continue
            items.append((str(path.relative_to(folder)), {"content": data, "path": str(path.relative_to(folder))}))
            if len(items) == count:
                return items
    return items


def fdatasync_seconds(folder: Path) -> float:
    """The median time in which this disk makes a write of one page durable."""
    times = []
    with open(folder / "probe", "wb") as file:
        for _ in range(100):
            file.write(os.urandom(PAGE_SIZE))
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


def raw_store(path: Path, vfs: str | None) -> apsw.Connection:
    """SQLite alone: the same table and durability, no text index."""
    connection = apsw.Connection(str(path), vfs=vfs)
    connection.pragma("page_size", PAGE_SIZE)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("wal_autocheckpoint", WAL_PAGES)
    connection.execute(
        "CREATE TABLE kv_store(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value_type TEXT NOT NULL, "
        "size INTEGER NOT NULL, fields TEXT, value BLOB NOT NULL)"
    )
    return connection


class Contest:
    """Individual, batched and raw writes of the same documents, each into a store of its own."""

    def __init__(self, folder: Path, disk: CountingDisk | None) -> None:
        self.disk = disk
        vfs = disk.name if disk else None
        self.stores = {
            how: SQLiteSearch(folder / f"{how}.db", database=Database(folder / f"{how}.db", vfs=vfs))
            for how in ("individual", "batched")
        }
        self.raw = raw_store(folder / "raw.db", vfs)
        self.number = 0
        self.times: dict[str, list[float]] = {how: [] for how in HOW}
        self.counted: dict[str, list[int]] = {how: [] for how in HOW}

    def run(self, documents: list[DocumentItem]) -> None:
        """One repeat of all three."""
        self._timed("individual", lambda: [self.stores["individual"].index_document(*item) for item in documents])
        self._timed("batched", lambda: self.stores["batched"].batch_write(documents, batch_size=len(documents)))
        self._timed("raw", lambda: self._raw(documents))

    def _raw(self, documents: list[DocumentItem]) -> None:
        first = self.number
        self.number += len(documents)
        with self.raw:
            rows = (encode_row(item)[0] for item in documents)
            self.raw.executemany(INSERT, ((first + n, *row) for n, row in enumerate(rows)))

    def _timed(self, how: str, work: Callable[[], object]) -> None:
        syncs, begun = self.disk.syncs if self.disk else 0, time.perf_counter()
        work()
        self.times[how].append(time.perf_counter() - begun)
        if self.disk:
            self.counted[how].append(self.disk.syncs - syncs)

    def rows(self, what: str, documents: list[DocumentItem], syncs: dict[str, float]) -> list[Row]:
        size = sum(len(document["content"]) for _, document in documents)
        return [
            Row(
                what,
                how,
                len(documents),
                size,
                statistics.median(times),
                statistics.mean(times),
                syncs[how],
            )
            for how, times in self.times.items()
        ]

    def close(self, count: int, word: str) -> None:
        """Checks that all is there before it closes."""
        for store in self.stores.values():
            assert store.count() == count, f"{store.count()} documents instead of {count}"
            assert store.search_content(word, 1), f"{word} is not found"
            store.close()
        self.raw.close()


def contest(
    what: str, batches: list[list[DocumentItem]], folder: Path, word: str, disk: CountingDisk | None = None
) -> list[Row]:
    """All repeats, timed; the syncs are counted in a few repeats more, since counting takes time as well."""
    if disk is None:
        counted = held(batches[:3], folder, word, CountingDisk(real=False)).counted
        runs = held(batches, folder, word, None)
    else:
        runs = held(batches, folder, word, disk)
        counted = runs.counted
    return runs.rows(what, batches[0], {how: statistics.median(counts) for how, counts in counted.items()})


def held(batches: list[list[DocumentItem]], folder: Path, word: str, disk: CountingDisk | None) -> Contest:
    """A contest that is over."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        runs = Contest(Path(place), disk)
        runs.run([(f"warm/{doc_id}", document) for doc_id, document in batches[0]])
        for how in HOW:  # the first batch in a new file makes pages that later ones find
            runs.times[how].clear()
            runs.counted[how].clear()
        for batch in batches:
            runs.run(batch)
        runs.close(len(batches[0]) + sum(map(len, batches)), word)
        return runs


def bulk(documents: list[DocumentItem], folder: Path, repeats: int) -> Row:
    """All documents of the corpus in batches of 32 MB, as an index is built."""
    times, syncs = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            disk = CountingDisk()
            path = Path(place) / "bulk.db"
            with SQLiteSearch(path, database=Database(path, vfs=disk.name)) as store:
                before, begun = disk.syncs, time.perf_counter()
                store.batch_write(documents, batch_size=100_000)
                times.append(time.perf_counter() - begun)
                syncs.append(disk.syncs - before)
                assert store.count() == len(documents)
    size = sum(len(document["content"]) for _, document in documents)
    name = f"{len(documents)} corpus files"
    middle = statistics.median
    return Row(name, "bulk", len(documents), size, middle(times), statistics.mean(times), middle(syncs))


def print_table(rows: list[Row]) -> None:
    heads = ("documents", "written", "median ms", "mean ms", "documents/s", "MB/s", "syncs")
    cells = [heads, *(row.cells for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads))]
    for line in cells:
        print("  ".join(c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True))))


def ratio(rows: list[Row], what: str) -> float:
    times = {row.how: row.median for row in rows if row.what == what}
    return times["individual"] / times["batched"]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", type=Path, help="a source tree whose files are the real documents")
    parser.add_argument("--files", type=int, default=4000, help="how many of its files (default 4000)")
    parser.add_argument("--repeats", type=int, default=50, help="repeats of each contest (default 50)")
    parser.add_argument("--folder", type=Path, help="where to write: the disk that is measured")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    options = parser.parse_args()
    small, slow = f"{BATCH} x 200 B", f"{BATCH} x 200 B, simulated {SLOW_DISK * 1e3:g} ms disk"
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        sync = fdatasync_seconds(folder)
        batches = [small_documents(run, BATCH) for run in range(options.repeats)]
        rows = contest(small, batches, folder, "handler_0_7")
        rows += contest(
            slow,
            batches[: max(3, options.repeats // 2)],
            folder,
            "handler_0_7",
            CountingDisk(wait=SLOW_DISK, real=False),
        )
        if options.corpus is not None:
            files = corpus_documents(options.corpus, options.files)
            parts = [files[i : i + BATCH] for i in range(0, len(files) - BATCH + 1, BATCH)][: options.repeats]
            rows += contest(f"{BATCH} corpus files", parts, folder, "the")
            rows.append(bulk(files, folder, 3))
    batched = next(row for row in rows if row.what == small and row.how == "batched")
    figures = {
        "batch_ms": round(batched.median * 1e3, 3),
        "ratio": round(ratio(rows, small), 1),
        "ratio_simulated_slow_disk": round(ratio(rows, slow), 1),
        "fdatasync_ms": round(sync * 1e3, 3),
    }
    met = {
        f"{BATCH} small documents in at most {LIMIT_MS} ms": figures["batch_ms"] <= LIMIT_MS,
        f"batched at least {LIMIT_RATIO:g} times faster": figures["ratio"] >= LIMIT_RATIO,
        f"at least {LIMIT_RATIO_SLOW:g} times on the simulated disk": figures["ratio_simulated_slow_disk"]
        >= LIMIT_RATIO_SLOW,
    }
    if options.json:
        machine = {
            "cpus": os.cpu_count(),
            "python": platform.python_version(),
            "sqlite": apsw.sqlite_lib_version(),
        }
        print(json.dumps({**figures, "met": met, "machine": machine, "rows": [asdict(row) for row in rows]}, indent=1))
    else:
        print_table(rows)
        print(f"\nfdatasync of this disk: {figures['fdatasync_ms']} ms")
        print(f"individual / batched: {figures['ratio']}, simulated: {figures['ratio_simulated_slow_disk']}")
        for target, reached in met.items():
            print(f"{'met   ' if reached else 'MISSED'} {target}")
    return 0 if all(met.values()) or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
