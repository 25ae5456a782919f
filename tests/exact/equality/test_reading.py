"""What is read, from where, in which order and as what: the whole command beside ripgrep."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import zstandard

import leindex
from leindex.indexing.pipeline import UpdateOptions
from leindex.indexing.walk.discover import DiscoverOptions
from tests.exact.equality.runner import RIPGREP_VERSION, Outcome, difference, ripgrep_version
from tests.exact.equality.test_through_index import run_from_index
from tests.exact.equality.tree import C_SOURCE, write_small

pytestmark = pytest.mark.skipif(
    ripgrep_version() != RIPGREP_VERSION, reason=f"equality is defined against ripgrep {RIPGREP_VERSION}"
)

SOURCE = C_SOURCE.encode()


def ours(tree: Path, args: Sequence[str], stdin: Path | None, more: Mapping[str, str]) -> Outcome:
    """What the command prints with a file as its standard input (none: nothing to search there)."""
    kept = os.dup(0)
    given = os.open(stdin or os.devnull, os.O_RDONLY)
    os.dup2(given, 0)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in more.items():
                patch.setenv(name, value)
            return run_from_index(tree, list(args))
    finally:
        os.dup2(kept, 0)
        os.close(given)
        os.close(kept)


def theirs(tree: Path, args: Sequence[str], stdin: Path | None, more: Mapping[str, str]) -> Outcome:
    with open(stdin or os.devnull, "rb") as given:
        done = subprocess.run(
            ["rg", "--sort", "path", *args],
            cwd=tree,
            env={**os.environ, "RIPGREP_CONFIG_PATH": "", **more},
            stdin=given,
            capture_output=True,
            check=False,
        )
    return Outcome(done.stdout, done.returncode)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("reading") / "tree"
    write_small(root)
    _compressed(root)
    _encoded(root)
    _programs(root)
    (root / "rc").write_text("# flags\n\n  -n  \n--max-columns=40\n--no-config\n")
    (root / "glob.rc").write_text("-g\n*.py\n")
    files = sorted(path for path in root.rglob("*") if path.is_file())
    now = time.time_ns()
    for number, path in enumerate(files):
        # Times of access that are to come: reading a file leaves them as they are.
        seconds = 7 * number % len(files)
        os.utime(path, ns=(now + (100 + seconds) * 10**9, 1_600_000_000_000_000_000 + seconds * 10**9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEINDEX_HOME", str(tmp_path_factory.mktemp("home")))
        with leindex.open(root) as index:
            index.update(UpdateOptions(DiscoverOptions(hidden=True)))
        yield root


def _compressed(root: Path) -> None:
    folder = root / "z"
    folder.mkdir()
    for name, content in {
        "a.c.gz": gzip.compress(SOURCE),
        "b.tgz": gzip.compress(SOURCE * 3),
        "c.bz2": bz2.compress(SOURCE),
        "d.xz": lzma.compress(SOURCE),
        "e.lzma": lzma.compress(SOURCE, format=lzma.FORMAT_ALONE),
        "f.zst": zstandard.compress(SOURCE),
        "g.gz": b"not compressed\nreturn\n",
        "h.gz": gzip.compress(b"return\nx\0y\nreturn\n"),
        "i.gz": gzip.compress(SOURCE * 100)[:-9],
        "j.GZ": gzip.compress(SOURCE),
        "k.gz": gzip.compress(b"\xff\xfe" + "return \u00e9\n".encode("utf-16-le")),
    }.items():
        (folder / name).write_bytes(content)


def _encoded(root: Path) -> None:
    folder = root / "e"
    folder.mkdir()
    words = "caf\u00e9 \u041f\u0440\u0438\u0432\u0435\u0442 \u65e5\u672c\u8a9e \u4e2d\u6587"
    text = f"plain return x\n{words} end\nreturn \u672c\n"
    for name in ("utf-16-le", "utf-16-be", "cp1251", "shift_jis", "euc_jp", "gbk", "big5", "euc_kr", "iso2022_jp"):
        (folder / f"{name}.txt").write_bytes(text.encode(name, "ignore"))


def _programs(root: Path) -> None:
    for name, lines in {
        "upper.sh": 'echo "pre $1"; tr a-z A-Z',
        "fail.sh": "cat; echo problem >&2; exit 3",
        "host.sh": "echo ' myhost '",
    }.items():
        (root / name).write_text(f"#!/bin/sh\n{lines}\n")
        (root / name).chmod(0o755)


def check(
    tree: Path,
    args: Sequence[str],
    stdin: Path | None = None,
    more: Mapping[str, str] | None = None,
    asks: bool = False,
) -> None:
    """Both commands print the same; with `asks` ours is asked to read ripgrep's configuration."""
    expected = theirs(tree, args, stdin, more or {})
    assert difference(expected, ours(tree, [*(["--config"] if asks else []), *args], stdin, more or {})) == ""


INPUTS = {
    "text": SOURCE,
    "utf-16": b"\xff\xfe" + C_SOURCE.encode("utf-16-le"),
    "nul": SOURCE[:300] + b"\0" + SOURCE[300:],
    "empty": b"",
}


@pytest.mark.parametrize("content", INPUTS.values(), ids=INPUTS)
@pytest.mark.parametrize(
    "args",
    [
        ["return"],
        ["-n", "return"],
        ["-H", "return"],
        ["-c", "return"],
        ["-l", "return"],
        ["--files-without-match", "return"],
        ["-q", "return"],
        ["--json", "return"],
        ["--stats", "return"],
        ["--heading", "-n", "return"],
        ["-C1", "-U", "-n", r"return\s+"],
        ["return", "-"],
        ["return", "-", "src/main.c"],
        ["return", "src/main.c", "-", "app"],
        ["return", "-", "-"],
        ["--mmap", "return"],
        ["--files"],
        ["--files", "-"],
        ["-f", "-", "src.c"],
        ["-f", "-", "-"],
        ["-f", "-", "-f", "-"],
        ["-m1", "-A1", "return"],
        ["-v", "return"],
        ["-g", "*.py", "return"],
        ["return", "nonexistent", "-"],
        ["--null-data", "return"],
    ],
    ids=" ".join,
)
def test_standard_input(tree: Path, tmp_path: Path, args: list[str], content: bytes) -> None:
    stdin = tmp_path / "stdin"
    stdin.write_bytes(content)
    check(tree, args, stdin)


def test_a_pipe_is_searched_and_a_device_is_not(tree: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"return of the pipe\n")
    os.close(writing)
    assert ours(tree, ["return"], Path(f"/dev/fd/{reading}"), {}).output == b"return of the pipe\n"
    os.close(reading)
    assert ours(tree, ["-l", "return", "src"], None, {}).output.startswith(b"src/")
    assert b"src/main.c\n" in ours(tree, ["-l", "return"], None, {}).output


ORDERS = [["--sort", by] for by in ("path", "modified", "accessed", "created")]
ORDERS += [["--sortr", by] for by in ("path", "modified", "accessed", "created")]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
@pytest.mark.parametrize(
    "args",
    [
        ["return"],
        ["--files"],
        ["-c", "--include-zero", "return"],
        ["--files-without-match", "return"],
        ["--stats", "return"],
        ["-q", "return"],
        ["-C1", "--heading", "return"],
        ["return", "src", "app", "src.c", "lib/retry.js"],
        ["-z", "-c", "return", "z"],
    ],
    ids=" ".join,
)
def test_orders(tree: Path, order: list[str], args: list[str]) -> None:
    check(tree, [*order, *args])


ENCODINGS = ["utf-16le", "UTF-16BE", "latin1", "cp1251", "sjis", "euc-jp", "gb18030", "big5", "euc-kr", "iso-2022-jp"]
ENCODINGS += ["utf-8", "none", "auto", " utf8 ", "nosuch", "replacement", "utf-7"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings(tree: Path, encoding: str) -> None:
    for args in (
        ["-c", "return"],
        ["\u65e5\u672c"],
        ["-i", "\u041f\u0420\u0418\u0412\u0415\u0422"],
        ["-o", r"\w+$"],
        ["-v", "-c", "x"],
        ["-b", "end"],
        ["--json", "return", "e"],
        ["-U", r"\A."],
        ["-H", "-n", ".", "e", "a_enc"],
        ["--mmap", "-a", "-c", "."],
    ):
        check(tree, ["-E", encoding, *args])


@pytest.mark.parametrize(
    "args",
    [
        ["-z", "return"],
        ["-z", "-c", "--include-zero", "return"],
        ["-z", "-l", "return"],
        ["-z", "-q", "return"],
        ["-z", "--files-without-match", "return"],
        ["-z", "--stats", "return"],
        ["-z", "--files"],
        ["-z", "-U", r"return\s+-1"],
        ["-z", "return", "z/a.c.gz"],
        ["-z", "-H", "return", "z/a.c.gz", "z/h.gz"],
        ["-z", "--mmap", "-c", "return", "z"],
        ["-z", "-v", "-c", "return", "z"],
        ["-z", "-E", "latin1", "return", "z"],
        ["-z", "--no-search-zip", "-c", "return", "z"],
        ["--pre", "./upper.sh", "RETURN"],
        ["--pre", "./upper.sh", "--pre-glob", "*.c", "-n", "RETURN"],
        ["--pre", "./upper.sh", "--pre-glob", "!*.c", "-n", "RETURN"],
        ["--pre", "./upper.sh", "--pre-glob", "/src/*.c", "-l", "RETURN"],
        ["--pre", "./upper.sh", "-z", "-c", "RETURN"],
        ["-z", "--pre", "./upper.sh", "-c", "RETURN"],
        ["--pre", "./upper.sh", "--no-pre", "-c", "return"],
        ["--pre", "./upper.sh", "pre", "src.c"],
        ["--pre", "./upper.sh", "-c", "--include-zero", "RETURN"],
        ["--pre", "./nosuch", "-c", "x"],
        ["--pre", "./fail.sh", "return"],
        ["--pre", "./fail.sh", "-c", "return"],
        ["--pre", "./fail.sh", "-l", "return"],
        ["--pre", "./fail.sh", "-q", "return"],
        ["--pre", "./fail.sh", "-U", "return", "src"],
        ["--pre", "", "-c", "return"],
    ],
    ids=" ".join,
)
def test_what_programs_make_of_files(tree: Path, args: list[str]) -> None:
    check(tree, args)


FORMATS = ["default", "none", "kitty", "vscode", "x://{path}", "x://{host}{wslprefix}{path}", ""]
FORMATS += ["x://{path}:{line}:{column}", "{path}", "x:{{{path}}}", "x:{path", "x:}", "x:{foo}", "x:y", "x:{line}"]
FORMATS += ["x:{path}{column}", "VSCODE"]


@pytest.mark.parametrize("form", FORMATS)
def test_links(tree: Path, form: str) -> None:
    lead = ["--color", "always", "--hyperlink-format", form]
    for args in (
        ["return"],
        ["-n", "--column", "-b", "return"],
        ["-c", "return"],
        ["-l", "return"],
        ["--files"],
        ["--heading", "return"],
        ["--heading", "-n", "return"],
        ["--null", "return"],
        ["--path-separator", "x", "-n", "return"],
        ["--stats", "-o", "return"],
        ["--no-filename", "-n", "return"],
        ["--hostname-bin", "./host.sh", "return", "src.c", "lib"],
        ["--hostname-bin", "./nosuch", "return", "lib"],
    ):
        check(tree, [*lead, *args])


@pytest.mark.parametrize("file", ["rc", "glob.rc", "nosuch", ""])
def test_flags_from_a_file(tree: Path, file: str) -> None:
    more = {"RIPGREP_CONFIG_PATH": file}
    for args in (["return"], ["-N", "return"], ["--no-config", "return"], ["return", "src.c"]):
        check(tree, args, more=more, asks=True)
    assert ours(tree, ["return"], None, more) == ours(tree, ["return"], None, {})


PATTERNS = [
    "return",
    "(hello){100}",
    "[a-z]+x",
    "a{50}",
    ".",
    r"\bfoo\b",
    "(foo)",
    "(foo)(bar)?",
    "(a|b)*c",
    "x*",
    r"\s",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_size_limit_of_patterns(tree: Path, pattern: str) -> None:
    for limit in ("0", "256", "351", "352", "1K", "1143", "1144", "3K", "22607", "22608", "60K"):
        check(tree, ["--regex-size-limit", limit, "-c", pattern, "src.c"])


def test_inverted_searches_that_stop(tree: Path) -> None:
    for pattern in ("a", "return", "^$", "e", "zz"):
        for flags in (["--stop-on-nonmatch"], ["--stop-on-nonmatch", "-A1"], ["--stop-on-nonmatch", "-m1"], ["-l"]):
            check(tree, [*flags, "-v", pattern])
            check(tree, [*flags, "-v", "--mmap", pattern])


def test_alternatives_with_a_common_start(tree: Path) -> None:
    for flags in ([], ["-U"], ["--null-data"], ["--crlf"], ["-U", "-o"]):
        for pattern in (r"\w\n|\wt", r"\w\n|\w", r"[ab]|\n", r"(?:\n|r)e", r"x\n|xy"):
            check(tree, ["-n", *flags, pattern])
