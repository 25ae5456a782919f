"""Compares `leindex grep` with ripgrep, byte for byte, on whole trees.

    python benchmarks/equality.py [--from-disk] [--case N] TREE...

For every case of tests/equality/cases.jsonl and every tree, `rg --sort path` and `leindex grep --refresh
never` run in the tree, and their output and exit status are compared; the index is expected to be there
already. With `--from-disk` the files are read from the disk instead of an index, which leaves search and
printing to compare. Output is compared up to `--limit` MB (then both are stopped). Times in JSON messages
and statistics are left out. Prints each difference, the cases that match in no tree, and a count; the exit
status is 1 if there is a difference.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.equality.runner import (
    RIPGREP_VERSION,
    Outcome,
    TreeFiles,
    cases,
    difference,
    normal,
    ripgrep_version,
    run_ours,
)


def run(command: list[str], tree: Path, limit: int) -> tuple[Outcome, bool]:
    """What a command prints, up to `limit` bytes, and whether there was more."""
    env = {**os.environ, "RIPGREP_CONFIG_PATH": ""}
    with subprocess.Popen(
        command,
        cwd=tree,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        output = process.stdout.read(limit)
        cut = bool(process.stdout.read(1))
        if cut:
            process.kill()
        status = process.wait()
    return Outcome(output, 0 if cut else status), cut


def compare(tree: Path, args: list[str], files: TreeFiles | None, limit: int) -> tuple[str, bool]:
    """The difference for one case, if any, and whether ripgrep found something (or refused the case)."""
    expected, cut = run(["rg", "--sort", "path", *args], tree, limit)
    if files is not None:
        ours = run_ours(tree, files, args, limit=limit)
    else:
        ours, _ = run(["leindex", "grep", "--refresh", "never", *args], tree, limit)
    if cut:
        # Times have been left out, so the same amount of output may be cut off at different places.
        one, two = (normal(some.output[: some.output.rfind(b"\n") + 1]) for some in (expected, ours))
        size = min(len(one), len(two))
        short = size < limit // 2
        expected, ours = Outcome(one[:size], 0), Outcome(two[:size], -1 if short else 0)
    return difference(expected, ours), expected.status != 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE")
    parser.add_argument("--from-disk", action="store_true", help="read the files from the disk, use no index")
    parser.add_argument("--case", type=int, action="append", help="only this case (its number), repeatable")
    parser.add_argument("--limit", type=int, default=32, help="MB of output to compare (default: 32)")
    options = parser.parse_args()
    if ripgrep_version() != RIPGREP_VERSION:
        print(f"rg is {ripgrep_version()}, and equality is defined against {RIPGREP_VERSION}", file=sys.stderr)
        return 2
    chosen = [
        (number, args)
        for number, (section, args) in enumerate(cases())
        if section != "named files" and (options.case is None or number in options.case)
    ]
    matched: set[int] = set()
    differing = 0
    started = time.perf_counter()
    for tree in options.trees:
        files = TreeFiles(tree) if options.from_disk else None
        for number, args in chosen:
            differs, found = compare(tree, args, files, options.limit << 20)
            if found:
                matched.add(number)
            if differs:
                differing += 1
                print(f"{tree}: case {number} {args}: {differs}", flush=True)
    for number, args in chosen:
        if number not in matched:
            print(f"matches in no tree: case {number} {args}")
    seconds = time.perf_counter() - started
    print(f"{len(chosen)} cases, {len(options.trees)} trees, {differing} differences, {seconds:.0f} s")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
