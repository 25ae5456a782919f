"""Many small files: bounded memory, and a cost per file that does not grow with their number.

    python benchmarks/small_files.py [--counts 30000 300000] [--symbols] [--cache DIR] [--json FILE]

Makes trees of files of about 300 bytes, indexes each with an empty index, and reports the time per file, the peak
memory of all processes, and what comparing the unchanged tree takes. The targets: at most 700 MB, and a cost per file
at 300,000 within 1.3x of that at 30,000.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
from itertools import pairwise
from pathlib import Path

import corpus
from measured import measured


def make_tree(folder: Path, count: int) -> Path:
    """A tree of `count` files, a hundred a folder; made once."""
    root = folder / f"small-{count}"
    if root.is_dir():
        return root
    making = folder / f"small-{count}.making"
    shutil.rmtree(making, ignore_errors=True)
    pick = random.Random(count)
    for number in range(count):
        path = making / f"d{number // 10_000:03}" / f"e{number // 100 % 100:02}" / f"f{number}.py"
        if number % 100 == 0:
            path.parent.mkdir(parents=True)
        names = [f"name_{pick.randrange(100_000)}" for _ in range(8)]
        path.write_text("\n".join(f"def {a}({b}): return {a[-3:]}" for a, b in pairwise(names)))
    making.rename(root)
    return root


def main() -> None:
    parser = argparse.ArgumentParser(description="The cost of many small files.")
    corpus.add_options(parser)
    parser.add_argument("--counts", type=int, nargs="+", default=[30_000, 300_000])
    parser.add_argument("--symbols", action="store_true", help="with the second stage")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    index = options.cache / "small-index"
    rows = []
    for count in options.counts:
        root = make_tree(options.cache, count)
        shutil.rmtree(index, ignore_errors=True)
        command = [sys.executable, "-m", "leindex", "index", "--quiet", "--index", index]
        command += [] if options.symbols else ["--text-only"]
        first = measured([*command, root])
        again = measured([*command, root])
        rows.append(
            {
                "files": count,
                "seconds": round(first.wall, 2),
                "cpu": round(first.cpu, 2),
                "us_per_file": round(first.wall / count * 1e6, 1),
                "cpu_us_per_file": round(first.cpu / count * 1e6, 1),
                "peak_mb": round(first.peak / 1e6),
                "unchanged_seconds": round(again.wall, 2),
                "unchanged_peak_mb": round(again.peak / 1e6),
            }
        )
        print(rows[-1])
    print(f"cost per file: {rows[-1]['us_per_file'] / rows[0]['us_per_file']:.2f}x")
    shutil.rmtree(index, ignore_errors=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
