"""Runs one case through ripgrep and through the searcher and printers, and compares what they print.

The files come from the disk here, in ripgrep's own order, so that search and printing are compared and
nothing else; `benchmarks/equality.py` does the same through an index.
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
from typing import Any

from leindex.cli.grep.flags import parse_grep
from leindex.errors import UsageError
from leindex.exact.filter.path_filter import PathFilter
from leindex.exact.grep import grep, list_files, list_types
from leindex.exact.printing.output import Output
from leindex.exact.request import Mode

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


def cases() -> Iterator[tuple[str, list[str]]]:
    """The section and the arguments of each case. `PATTERNS` and `EMPTY` stand for pattern files."""
    files = {name: str(CASES.with_name(name)) for name in ("PATTERNS", "EMPTY")}
    section = ""
    with CASES.open(encoding="utf-8") as lines:
        for line in lines:
            case = json.loads(line)
            if "section" in case:
                section = case["section"]
            else:
                yield section, [files.get(arg, arg) for arg in case["args"]]


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
        ["rg", "--sort", "path", *args],
        cwd=tree,
        env=env,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Outcome(done.stdout, done.returncode)


class TreeFiles:
    """Every file that ripgrep would search in a tree, in its order; contents are kept up to a total size."""

    KEPT_BYTES = 600 << 20

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        self._root = os.fsencode(tree)
        self._listed: dict[tuple[str, ...], list[bytes]] = {}
        self._kept: dict[bytes, bytes] = {}
        self._room = self.KEPT_BYTES

    def paths(self, *flags: str) -> list[bytes]:
        """The paths that ripgrep lists with these flags."""
        if flags not in self._listed:
            command = ["rg", "--files", "--null", "--sort", "path", *flags]
            listed = subprocess.run(command, cwd=self._tree, capture_output=True, check=True).stdout
            self._listed[flags] = listed.split(b"\0")[:-1]
        return self._listed[flags]

    def content(self, path: bytes) -> bytes:
        content = self._kept.get(path)
        if content is None:
            content = Path(os.fsdecode(self._root + b"/" + path)).read_bytes()
            if len(content) <= self._room:
                self._room -= len(content)
                self._kept[path] = content
        return content


class _Stream(io.BytesIO):
    """A stream that closes like a pipe once it holds so many bytes."""

    limit: int | None = None

    def write(self, data: Any, /) -> int:
        if self.limit is not None and self.tell() > self.limit:
            raise BrokenPipeError
        return super().write(data)


def run_ours(tree: Path, files: TreeFiles, args: list[str], *, limit: int | None = None) -> Outcome:
    """What the searcher and the printers make of the same files, up to about `limit` bytes."""
    stream = _Stream()
    stream.limit = limit
    here = Path.cwd()
    os.chdir(tree)
    try:
        status = _grep(files, args, Output(stream))
    except (UsageError, OSError):
        status = 2
    finally:
        os.chdir(here)
    return Outcome(stream.getvalue(), status)


def _grep(files: TreeFiles, args: list[str], out: Output) -> int:
    command = parse_grep(args)
    chosen = PathFilter(command.rules)
    if command.request.mode is Mode.TYPES:
        return list_types(command.rules, out).status()
    if command.paths:
        there = [path for path in command.paths if Path(path).is_file()]
        named = [(os.fsencode(path), Path(path).read_bytes()) for path in there]
        result = grep(command.request, named, out)
        return result.status(errors=len(there) < len(command.paths), quiet=command.request.quiet)
    flags = [flag for flag, on in (("--hidden", command.hidden), ("--no-ignore", command.no_ignore)) if on]
    paths = [path for path in files.paths(*flags) if chosen.accepts(path)]
    if not command.order.is_plain:
        paths.sort(key=lambda path: command.order.key(path, path), reverse=command.order.reverse)
    if command.request.mode is Mode.FILES:
        return list_files(command.request, paths, out).status()
    result = grep(command.request, ((path, files.content(path)) for path in paths), out)
    return result.status(errors=not paths and command.request.can_match)


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
