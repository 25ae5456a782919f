"""Indexing the Linux source: leindex against codesearch's `cindex`, in turns.

    python benchmarks/indexing.py [--rounds 5] [--symbols] [--linux FOLDER] [--cache DIR] [--json FILE]

The tree is the Linux source without files over 4 MB (`corpus.py`). Each round runs every program once, in turns, with
a warm page cache and an empty index; the ratios are those of the medians. `cindex` comes from Debian's package
codesearch; it stores no contents and syncs nothing, leindex keeps all contents and syncs every batch. Reported are wall
time, CPU, peak memory of all processes, the size of the index relative to the indexed bytes, and an update of the
unchanged tree. What was indexed is checked.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import corpus
from measured import Measured, measured

LEINDEX = [sys.executable, "-m", "leindex", "index", "--quiet"]
PARALLEL, SEQUENTIAL, PEER = "leindex --text-only", "leindex --text-only --workers 0", "cindex"


def leindex_run(root: Path, index: Path, *options: str) -> Measured:
    shutil.rmtree(index, ignore_errors=True)
    return measured([*LEINDEX, "--index", index, *options, root])


def second_stage(root: Path, index: Path) -> Measured:
    leindex_run(root, index, "--text-only")
    return measured([*LEINDEX, "--index", index, root])


def cindex_run(root: Path, index: Path) -> Measured:
    index.unlink(missing_ok=True)
    return measured(["cindex", root], {"CSEARCHINDEX": str(index)})


def row(name: str, runs: list[Measured], size: int, source: int, base: float | None) -> dict[str, object]:
    wall = statistics.median(run.wall for run in runs)
    return {
        "program": name,
        "wall": round(wall, 2),
        "spread": [round(min(run.wall for run in runs), 2), round(max(run.wall for run in runs), 2)],
        "cpu": round(statistics.median(run.cpu for run in runs), 2),
        "peak_mb": round(max(run.peak for run in runs) / 1e6),
        "index_share": round(size / source, 3),
        "ratio": None if base is None else round(wall / base, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Indexing speed, against codesearch's cindex.")
    corpus.add_options(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--symbols", action="store_true", help="both stages too, which takes minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    root = corpus.without_large(corpus.linux(options.cache, options.linux), options.cache)
    work = options.cache / "indexing"
    work.mkdir(exist_ok=True)
    index, peer_index = work / "index", work / "csearchindex"

    programs: dict[str, Callable[[], Measured]] = {
        PARALLEL: lambda: leindex_run(root, index, "--text-only"),
        SEQUENTIAL: lambda: leindex_run(root, index, "--text-only", "--workers", "0"),
    }
    if options.symbols:
        programs["leindex"] = lambda: leindex_run(root, index)
        programs["leindex, symbols and words alone"] = lambda: second_stage(root, index)
    if shutil.which("cindex"):
        programs[PEER] = lambda: cindex_run(root, peer_index)
    else:
        print("cindex is not installed (Debian's package codesearch): no comparison", file=sys.stderr)

    runs: dict[str, list[Measured]] = {name: [] for name in programs}
    sizes: dict[str, int] = {}
    status: dict[str, int] = {}
    for number in range(options.rounds + 1):
        for name, program in programs.items():
            run = program()
            if number == 0:
                continue  # the first warms the page cache
            runs[name].append(run)
            sizes[name] = os.path.getsize(peer_index if name == PEER else index / "index.db")
            if name != PEER:
                status = checked(root, index)
            print(f"round {number}: {name}: {run.wall:.2f} s", file=sys.stderr)

    leindex_run(root, index, "--text-only")
    unchanged = [measured([*LEINDEX, "--index", index, "--text-only", root]) for _ in range(options.rounds)]
    base = statistics.median(run.wall for run in runs[PEER]) if PEER in runs else None
    rows = [row(name, runs[name], sizes[name], status["bytes"], base) for name in programs]
    rows.append(row("leindex, nothing changed", unchanged, sizes[PARALLEL], status["bytes"], base))
    report = {"files": status["files"], "bytes": status["bytes"], "cores": os.cpu_count(), "rows": rows}
    print(f"{status['files']} files, {status['bytes'] / 1e6:.0f} MB, {os.cpu_count()} cores")
    print(f"{'':34} {'wall s':>7} {'CPU s':>7} {'peak MB':>8} {'index':>7} {'ratio':>6}")
    for line in rows:
        ratio = "" if line["ratio"] is None else f"{line['ratio']:.2f}"
        print(
            f"{line['program']:34} {line['wall']:7.2f} {line['cpu']:7.2f} {line['peak_mb']:8} "
            f"{line['index_share']:6.3f}x {ratio:>6}"
        )
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


def checked(root: Path, index: Path) -> dict[str, int]:
    """The index's figures, after a look whether it holds what it should."""
    import leindex

    with leindex.open(root, index=index, refresh="never") as opened:
        status = opened.status()
        assert status["files"] > 70_000 and set(status["skipped"]) <= {"binary"}, status
        found = opened.grep("sched_clock_cpu", fixed=True, lines=False)
        assert len(found.files) > 5, "the index does not answer"
        return {"files": status["files"], "bytes": status["bytes"]}


if __name__ == "__main__":
    main()
