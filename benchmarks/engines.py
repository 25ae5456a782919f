"""Every installed engine on the same trees in one run: build time, size, peak memory, warm query times.

    python benchmarks/engines.py TREE... [--rounds 5] [--engines sqlite,tantivy,duckdb] [--questions DIR] [--json]

Each engine builds its index of each tree with `leindex index` in a process of its own, into an empty folder;
wall time is from start to exit, CPU time and peak memory are those of that process and its workers together
(`measured.py`). Queries run in this process on an open index with the freshness check off, once to warm up and
then `--rounds` times, fewer where that takes longer than ten seconds; shown is the median. `exact` are literals
and regular expressions from rare to common, all matching lines of the first 50 files; `ranked` are questions,
ten hits.

Answers are compared with those of the first engine: those of the queries, those of the questions in
`DIR/TREE.json` where there is such a file (a list of objects with a `query`), and the two indexes document by
document as `leindex verify` does. The exit status is 1 if something differs.

Bias: the file cache is warm after the first engine has read the tree, so a tree is read once before the first
build; one process asks at a time, which hides that DuckDB uses all cores for one query.
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
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from measured import measured

import leindex
from leindex.index import Index
from leindex.storage.registry import engines
from leindex.storage.transfer.compare import Side, compare
from leindex.symbols.definitions import unpack

LONGEST = 10.0
"""Seconds after which a query is not asked once more."""

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
    compared: int = 0
    differing: list[str] = field(default_factory=list)


def build(tree: Path, engine: str, folder: Path) -> tuple[float, float, int]:
    """Wall time, CPU time and peak memory of `leindex index`."""
    leindex_index = [sys.executable, "-m", "leindex", "index", "-q", "--yes"]
    done = measured([*leindex_index, "--engine", engine, "--index", folder, tree])
    return done.wall, done.cpu, done.peak


def asked(index: Index, rounds: int) -> tuple[dict[str, float], dict[str, Any]]:
    """The median time of each query, and its answer."""
    times: dict[str, float] = {}
    answers: dict[str, Any] = {}

    def ask(name: str, query: Callable[[], Any]) -> None:
        answers[name] = query()
        taken: list[float] = []
        while len(taken) < rounds and sum(taken) < LONGEST:
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


def run(tree: Path, names: Sequence[str], rounds: int, questions: Sequence[str], base: Path) -> list[Row]:
    """Builds and asks every engine in turn."""
    for path in tree.rglob("*"):
        if path.is_file():
            path.read_bytes()
    rows: list[Row] = []
    expected: dict[str, Any] = {}
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
            row.queries, answers = asked(index, rounds)
            answers.update({question: ranked(index, question) for question in questions})
            row.compared = len(answers)
            row.differing = [query for query, answer in answers.items() if answer != expected.get(query, answer)]
            if rows:
                row.differing += differences(tree, base / names[0], index)
        expected = expected or answers
        rows.append(row)
        print(f"{tree.name}: {name} built in {wall:.1f} s, differing: {row.differing or 'nothing'}", file=sys.stderr)
    return rows


def differences(tree: Path, first: Path, index: Index) -> list[str]:
    """What `leindex verify` finds between the first engine's index and this one."""
    with leindex.open(tree, index=first, refresh="never") as other, other.store.snapshot(), index.store.snapshot():
        found = compare(Side(other.store, other.catalog), Side(index.store, index.catalog), unpack)
    return [f"verify: {count} x {kind}" for kind, count in found.counts.items()]


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
        figures["answers as the first's"] = [
            f"{row.compared - sum(query[:7] != 'verify:' for query in row.differing)} of {row.compared}" for row in part
        ]
        figures["verify"] = [
            "differs" if any(query[:7] == "verify:" for query in row.differing) else "no difference" for row in part
        ]
        for name, cells in figures.items():
            lines.append(f"{name:<26}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join(lines[1:])


def questions_of(tree: Path, folder: Path | None) -> list[str]:
    file = None if folder is None else folder / f"{tree.resolve().name}.json"
    return [item["query"] for item in json.loads(file.read_text())] if file is not None and file.is_file() else []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engines", default=",".join(info.name for info in engines() if info.installed))
    parser.add_argument("--questions", type=Path, help="folder with TREE.json, more questions whose answers must agree")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    rows: list[Row] = []
    for tree in options.trees:
        with tempfile.TemporaryDirectory(prefix="leindex-engines-") as base:
            names = options.engines.split(",")
            rows += run(tree.resolve(), names, options.rounds, questions_of(tree, options.questions), Path(base))
    machine = {"machine": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()}
    if options.json:
        print(json.dumps({**machine, "rounds": options.rounds, "rows": [asdict(row) for row in rows]}, indent=1))
    else:
        print(table(rows))
    return int(any(row.differing for row in rows))


if __name__ == "__main__":
    sys.exit(main())
