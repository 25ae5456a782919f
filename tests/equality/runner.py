"""Runs one case through ripgrep and through the searcher and printers, and compares what they print.

The files come from the disk here, in ripgrep's own order, so that search and printing are compared and nothing else;
`benchmarks/equality.py` does the same through an index.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from leindex.cli.grep_flags import parse_grep
from leindex.errors import UsageError
from leindex.search.format import Output
from leindex.search.grep import grep, list_files, list_types
from leindex.search.path_filter import PathFilter
from leindex.search.request import Mode

RIPGREP_VERSION = "15.1.0"
CASES = Path(__file__).with_name("cases.jsonl")
PROBE = 64 << 10
_ELAPSED = re.compile(rb'"(elapsed|elapsed_total)":\{[^}]*\}')
_SECONDS = re.compile(rb"^[0-9.]+ seconds (?=spent|total)", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What was printed, and the exit status."""

    output: bytes
    status: int


def cases() -> Iterator[list[str]]:
    """The arguments of each case. `PATTERNS` and `EMPTY` stand for files that the tree holds."""
    with CASES.open(encoding="utf-8") as lines:
        for line in lines:
            case = json.loads(line)
            if "args" in case:
                yield case["args"]


def ripgrep_version() -> str | None:
    """The version of `rg`, or None where there is none."""
    try:
        said = subprocess.run(["rg", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return said.split()[1]


def run_ripgrep(tree: Path, args: list[str]) -> Outcome:
    """What ripgrep prints for a case."""
    env = {**os.environ, "RIPGREP_CONFIG_PATH": ""}
    done = subprocess.run(
        ["rg", "--sort", "path", *args], cwd=tree, env=env, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    return Outcome(done.stdout, done.returncode)


def read_tree(tree: Path) -> dict[bytes, bytes]:
    """Every file that ripgrep would search, with its content, in its order."""
    listed = subprocess.run(
        ["rg", "--files", "--null", "--sort", "path"], cwd=tree, capture_output=True, check=True
    ).stdout
    root = os.fsencode(tree)
    return {path: Path(os.fsdecode(root + b"/" + path)).read_bytes() for path in listed.split(b"\0")[:-1]}


def run_ours(tree: Path, files: dict[bytes, bytes], args: list[str]) -> Outcome:
    """What the searcher and the printers make of the same files."""
    stream = io.BytesIO()
    here = Path.cwd()
    os.chdir(tree)
    try:
        status = _grep(files, args, Output(stream))
    except UsageError:
        status = 2
    finally:
        os.chdir(here)
    return Outcome(stream.getvalue(), status)


def _grep(files: dict[bytes, bytes], args: list[str], out: Output) -> int:
    command = parse_grep(args)
    chosen = PathFilter(command.rules)
    if command.request.mode is Mode.TYPES:
        return list_types(command.rules, out).status()
    paths = [path for path in files if chosen.accepts(path)]
    if command.request.mode is Mode.FILES:
        return list_files(command.request, paths, out).status()
    return grep(command.request, ((path, files[path]) for path in paths), out).status()


def normal(output: bytes) -> bytes:
    """The output without what differs from run to run."""
    return _SECONDS.sub(b"N seconds ", _ELAPSED.sub(rb'"\1":0', output))


def difference(expected: Outcome, got: Outcome) -> str:
    """Where two outcomes part, or an empty string."""
    if expected.status != got.status:
        return f"exit status {got.status}, not {expected.status}"
    one, two = normal(expected.output), normal(got.output)
    if one == two:
        return ""
    at = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    low = max(one.rfind(b"\n", 0, at) + 1, at - 200)
    return f"byte {at}: {two[low : at + 100]!r}, not {one[low : at + 100]!r}"
