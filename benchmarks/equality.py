"""Compares `leindex grep` with ripgrep, byte for byte, on whole trees.

    python benchmarks/equality.py --tree DIR [--tree DIR ...] [--index DIR] [--record FILE] [--case N]

For every case of tests/exact/equality/cases.jsonl and every tree, `rg --sort path` and `leindex grep --refresh never`
run in the tree, one after the other, and their output and exit status are compared. A tree that has no index gets
one first (of its text only); `--index DIR` names the index of the tree, where one tree is given.

Output is compared up to `--limit` MB (then both are stopped). Times in JSON messages and statistics are left out.
With `--record FILE` each case is noted there, a line of JSON each, once it is done, and a later run with the same
file goes on where that one was stopped; cases that differed then are run again. Prints each difference, how many
cases matched in no tree, and a count; the exit status is 1 if there is a difference.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.exact.equality.runner import RIPGREP_VERSION, Outcome, cases, difference, normal, ripgrep_version

LEINDEX = [sys.executable, "-P", "-m", "leindex"]
"""Without the folder it runs in on the module path: a tree may hold modules of any name."""


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


def _whole_lines(output: bytes) -> int:
    """Where the last whole line of an output ends; a NUL byte ends one as well (`--null-data`)."""
    return max(output.rfind(b"\n"), output.rfind(b"\0")) + 1


def compare(tree: Path, args: list[str], index: list[str], limit: int) -> tuple[str, bool]:
    """The difference for one case, if any, and whether ripgrep found something (or refused the case)."""
    expected, cut = run(["rg", "--sort", "path", *args], tree, limit)
    ours, _ = run([*LEINDEX, "grep", "--refresh", "never", *index, *args], tree, limit)
    if cut:
        # Times have been left out, so the same amount of output may be cut off at different places.
        one, two = (normal(some.output[: _whole_lines(some.output)]) for some in (expected, ours))
        size = min(len(one), len(two))
        short = size < limit // 2
        expected, ours = Outcome(one[:size], 0), Outcome(two[:size], -1 if short else 0)
    return difference(expected, ours), expected.status != 1


class Record:
    """What earlier runs found, by tree and case, and a file to note it in."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.known: dict[tuple[str, str], tuple[str, bool]] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                noted = json.loads(line)
                self.known[noted["tree"], json.dumps(noted["args"])] = (noted["differs"], noted["found"])

    def same(self, tree: Path, args: list[str]) -> bool | None:
        """Whether ripgrep found something in a case known to be equal; None for any other case."""
        differs, found = self.known.get((str(tree), json.dumps(args)), ("unknown", False))
        return None if differs else found

    def note(self, tree: Path, args: list[str], differs: str, found: bool, seconds: float) -> None:
        """Notes the outcome of a case."""
        if self._path is None:
            return
        noted = {"tree": str(tree), "args": args, "differs": differs, "found": found, "seconds": round(seconds, 2)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(noted) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", action="append", required=True, type=Path, metavar="DIR", help="repeatable")
    parser.add_argument("--index", type=Path, metavar="DIR", help="the folder of the index (default: by the tree)")
    parser.add_argument("--record", type=Path, metavar="FILE", help="note each case here, and go on from there")
    parser.add_argument("--case", type=int, action="append", help="only this case (its number), repeatable")
    parser.add_argument("--limit", type=int, default=32, help="MB of output to compare (default: 32)")
    options = parser.parse_args()
    if options.index is not None and len(options.tree) > 1:
        parser.error("--index names the index of one tree")
    if ripgrep_version() != RIPGREP_VERSION:
        print(f"rg is {ripgrep_version()}, and equality is defined against {RIPGREP_VERSION}", file=sys.stderr)
        return 2
    chosen = [
        (number, args) for number, (_, args) in enumerate(cases()) if options.case is None or number in options.case
    ]
    index = ["--index", str(options.index.resolve())] if options.index is not None else []
    record = Record(options.record)
    matched: set[int] = set()
    differing = 0
    started = time.perf_counter()
    for tree in [tree.resolve() for tree in options.tree]:
        if not index:
            subprocess.run([*LEINDEX, "index", "--text-only", "--quiet", str(tree)], check=True)
        for number, args in chosen:
            found = record.same(tree, args)
            if found is None:
                at = time.perf_counter()
                differs, found = compare(tree, args, index, options.limit << 20)
                record.note(tree, args, differs, found, time.perf_counter() - at)
                if differs:
                    differing += 1
                    print(f"{tree}: case {number} {args}: {differs}", flush=True)
            if found:
                matched.add(number)
    empty = [number for number, _ in chosen if number not in matched]
    print(f"cases that match in no tree: {len(empty)} ({', '.join(map(str, empty))})")
    seconds = time.perf_counter() - started
    print(f"{len(chosen)} cases, {len(options.tree)} trees, {differing} differences, {seconds:.0f} s")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
