"""A line that does not fit ripgrep's read buffer makes it larger for all files after it, which shows in two places."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import leindex
from leindex.indexing.pipeline import UpdateOptions
from tests.exact.equality.runner import RIPGREP_VERSION, difference, ripgrep_version, run_ripgrep
from tests.exact.equality.test_through_index import run_from_index

pytestmark = pytest.mark.skipif(
    ripgrep_version() != RIPGREP_VERSION, reason=f"equality is defined against ripgrep {RIPGREP_VERSION}"
)

CASES = [
    ["-r", "<$1>", r"\A(.)"],
    ["-o", r"\A..", "-A", "1"],
    ["--column", r"\Aplain"],
    ["--json", r"e\z"],
    ["needle"],
    ["-c", "needle"],
    ["-l", "needle"],
    ["--json", "needle"],
    ["-C", "2", "needle"],
    ["-r", "<$0>", "-B", "3", r"\A."],
    ["needle", "a", "b", "d"],
    ["needle", "a", "b", "c.dat"],
    ["needle", "e.dat", "a", "c.dat", "d"],
    ["-c", "needle", "e.dat", "a", "c.dat"],
    ["-l", "needle", "e.dat", "d", "c.dat"],
    ["--stats", "needle", "f.dat"],
    ["--stats", "--heading", "-C", "1", "needle", "f.dat", "a/5_nul.dat"],
    ["--json", "needle", "e.dat", "a", "c.dat"],
    ["--stats", "-C", "1", "needle", "e.dat", "b", "c.dat"],
    ["--files-without-match", "needle", "e.dat", "b", "c.dat"],
    ["-r", "<$1>", r"\A(.)", "e.dat", "b", "c.dat", "d"],
    ["-a", "needle", "e.dat", "a"],
    ["-U", "needle in\nx", "e.dat", "a"],
    ["needle", *["e.dat", "c.dat"] * 6],
    ["-r", "<$1>", r"\A(.)", *["b/1_long.txt", "b/2_lines.txt"] * 6],
    ["-m", "2", "needle"],
    ["-m", "2", "-A", "9", "needle"],
    ["-m", "2000", "-A", "2000", "needle"],
    ["-m", "2000", "-v", "x"],
    ["-m", "2000", "-v", "-A", "1", "nothing"],
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("long")
    plain = "plain line with a needle in it\n"
    for folder, width in (("a", 30_000), ("b", 70_000), ("d", 300_000)):
        (root / folder).mkdir()
        (root / folder / "1_long.txt").write_text(f"first\n{'x' * width}\n{'y' * width}\nlast\n")
        (root / folder / "2_lines.txt").write_text(plain * 9_000)
        (root / folder / "3_nul.dat").write_bytes((plain * 3_000 + "\0" + plain).encode())
        (root / folder / "4_utf16.txt").write_text("\u65e5" * 25_000 + "\nneedle\n", encoding="utf-16")
        (root / folder / "5_nul.dat").write_bytes((plain * 20_000 + "\0" + plain).encode())
    (root / "c.dat").write_bytes((plain * 5_000 + "\0").encode())
    (root / "f.dat").write_bytes((plain * 2 + "\0" + plain).encode())
    (root / "e.dat").write_bytes((plain * 5_000 + "\0").encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEINDEX_HOME", str(tmp_path_factory.mktemp("home")))
        with leindex.open(root) as index:
            index.update(UpdateOptions(text_only=True))
        yield root


@pytest.mark.parametrize("args", CASES, ids=" ".join)
def test_after_a_long_line(tree: Path, args: list[str]) -> None:
    assert difference(run_ripgrep(tree, args), run_from_index(tree, args)) == ""
