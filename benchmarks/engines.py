"""Every installed engine on the same trees in one run: build time, size, peak memory, warm query times.

    python benchmarks/engines.py TREE... [--rounds 5] [--engines sqlite,tantivy,duckdb] [--json]

Each engine builds its index of each tree with `leindex index` in a process of its own, into an empty folder;
wall time is from start to exit, CPU time and peak memory are those that the system reports for that process
and its workers (the peak is of the largest one). Queries run in this process on an open index with the
freshness check off, once to warm up and then `--rounds` times; shown is the median. `exact` are literals and
regular expressions from rare to common, all matching lines of the first 50 files; `ranked` are questions, ten
hits.

Answers are checked: every engine must give those of the first, or the run fails. Bias: the file cache is warm
after the first engine has read the tree, so a tree is read once before the first build; one process asks at a
time, which hides that DuckDB uses all cores for one query.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import leindex
from leindex.index import Index
from leindex.storage.registry import engines

EXACT = {
    "literal, rare": "retry_count",
    "literal, common": "return",
    "literal, absent": "zqxjkvwyh",
    "regex with literals": r"\w+_(irq|lock)(save|restore)?\(",
    "regex without": r"^[a-z]{3}\s[0-9]+$",
}
RANKED = {
    "ranked, one word": "timeout",
    "ranked, three words": "read file retry",
    "ranked, filtered": "lang:c kind:function init",
}


@dataclass
class Row:
    """What one engine did on one tree. Sizes and memory in bytes, times in seconds."""

    tree: str
    engine: str
    version: str
    files: int
    tree_bytes: int
    build_seconds: float
    cpu_seconds: float
    peak_bytes: int
    size_bytes: int
    open_seconds: float
    queries: dict[str, float] = field(default_factory=dict)


def build(tree: Path, engine: str, folder: Path) -> tuple[float, float, int]:
    """Wall time, CPU time and peak memory of `leindex index`."""
    command = [
        sys.executable,
        "-m",
        "leindex",
        "index",
        "-q",
        "--yes",
        "--engine",
        engine,
        "--index",
        str(folder),
    ]
    started = time.perf_counter()
    child = subprocess.Popen([*command, str(tree)])
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{engine}: leindex index failed")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def measured(index: Index, rounds: int) -> tuple[dict[str, float], dict[str, Any]]:
    """The median time of each query, and its answer."""
    times: dict[str, float] = {}
    answers: dict[str, Any] = {}

    def ask(name: str, query: Callable[[], Any]) -> None:
        answers[name] = query()
        taken = []
        for _ in range(rounds):
            started = time.perf_counter()
            query()
            taken.append(time.perf_counter() - started)
        times[name] = statistics.median(taken)

    for name, pattern in EXACT.items():
        ask(name, lambda pattern=pattern: exact(index, pattern))
    for name, question in RANKED.items():
        ask(name, lambda question=question: ranked(index, question))
    return times, answers


def exact(index: Index, pattern: str) -> Any:
    return index.grep(pattern, max_files=50).files


def ranked(index: Index, question: str) -> Any:
    return [(hit.path, hit.start_line, round(hit.score, 9)) for hit in index.search(question, limit=10).hits]


def run(tree: Path, names: Sequence[str], rounds: int, base: Path) -> list[Row]:
    """Builds and asks every engine in turn."""
    for path in tree.rglob("*"):
        if path.is_file():
            path.read_bytes()
    rows: list[Row] = []
    expected: dict[str, Any] | None = None
    versions = {info.name: info.version for info in engines()}
    for name in names:
        folder = base / name
        wall, cpu, peak = build(tree, name, folder)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        started = time.perf_counter()
        with leindex.open(tree, index=folder, refresh="never") as index:
            totals = index.catalog.totals()
            opened = time.perf_counter() - started
            row = Row(tree.name, name, versions[name], totals.files, totals.bytes, wall, cpu, peak, size, opened)
            row.queries, answers = measured(index, rounds)
        if expected is None:
            expected = answers
        for query, answer in answers.items():
            if answer != expected[query]:
                raise SystemExit(f"{tree}: {name} answers {query!r} otherwise than {names[0]}")
        rows.append(row)
        print(f"{tree.name}: {name} done in {wall:.1f} s", file=sys.stderr)
    return rows


def table(rows: Sequence[Row]) -> str:
    """One line for each figure, one column for each engine, one part for each tree."""
    lines: list[str] = []
    for tree in dict.fromkeys(row.tree for row in rows):
        part = [row for row in rows if row.tree == tree]
        lines += ["", f"{tree}: {part[0].files} files, {part[0].tree_bytes / 1e6:.1f} MB", ""]
        figures: dict[str, list[str]] = {
            "": [f"{row.engine} {row.version}" for row in part],
            "build, s": [f"{row.build_seconds:.2f}" for row in part],
            "build, CPU s": [f"{row.cpu_seconds:.2f}" for row in part],
            "peak memory, MB": [f"{row.peak_bytes / 1e6:.0f}" for row in part],
            "size, MB": [f"{row.size_bytes / 1e6:.1f}" for row in part],
            "size / tree": [f"{row.size_bytes / max(row.tree_bytes, 1):.2f}" for row in part],
            "open, ms": [f"{row.open_seconds * 1e3:.1f}" for row in part],
        }
        for query in part[0].queries:
            figures[f"{query}, ms"] = [f"{row.queries[query] * 1e3:.1f}" for row in part]
        for name, cells in figures.items():
            lines.append(f"{name:<26}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join(lines[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engines", default=",".join(info.name for info in engines() if info.installed))
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    rows: list[Row] = []
    for tree in options.trees:
        with tempfile.TemporaryDirectory(prefix="leindex-engines-") as base:
            rows += run(tree.resolve(), options.engines.split(","), options.rounds, Path(base))
    machine = {"machine": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()}
    if options.json:
        print(json.dumps({**machine, "rounds": options.rounds, "rows": [asdict(row) for row in rows]}, indent=1))
    else:
        print(table(rows))


if __name__ == "__main__":
    main()
