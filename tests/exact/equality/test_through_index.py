"""`leindex grep` from an index prints what ripgrep prints on the tree: the whole command, in this process."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import leindex
from leindex.cli.main import main
from leindex.indexing.pipeline import UpdateOptions
from leindex.indexing.walk.discover import DiscoverOptions
from tests.exact.equality.runner import (
    RIPGREP_VERSION,
    Outcome,
    cases,
    difference,
    ripgrep_version,
    run_ripgrep,
)
from tests.exact.equality.tree import write_large, write_small

pytestmark = pytest.mark.skipif(
    ripgrep_version() != RIPGREP_VERSION, reason=f"equality is defined against ripgrep {RIPGREP_VERSION}"
)

SECTIONS = list(dict.fromkeys(section for section, _ in cases()))


class _Output:
    """A standard output that is kept; what writes text and what writes bytes share it."""

    def __init__(self) -> None:
        self.buffer = io.BytesIO()

    def write(self, text: str) -> int:
        return self.buffer.write(text.encode("utf-8", "surrogateescape"))

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


def run_from_index(tree: Path, args: list[str]) -> Outcome:
    """What `leindex grep` prints in a tree, and its exit status."""
    output, here, before = _Output(), Path.cwd(), sys.stdout
    os.chdir(tree)
    sys.stdout = output  # type: ignore[assignment]
    try:
        status = main(["grep", "--refresh", "never", *args])
    finally:
        sys.stdout = before
        os.chdir(here)
    return Outcome(output.buffer.getvalue(), status)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEINDEX_HOME", str(home))
        trees = {}
        for name, write in (("small", write_small), ("large", write_large)):
            trees[name] = tmp_path_factory.mktemp(name)
            write(trees[name])
            with leindex.open(trees[name]) as index:
                # Hidden files are indexed, and left out by a grep without --hidden.
                index.update(UpdateOptions(DiscoverOptions(hidden=True)))
        yield trees


def test_the_comparison_of_whole_trees(tmp_path: Path) -> None:
    write_small(tmp_path / "tree")
    script = Path(__file__).resolve().parents[3] / "benchmarks" / "equality.py"
    command = [sys.executable, str(script), "--tree", str(tmp_path / "tree"), "--case", "0", "--case", "3"]
    command += ["--record", str(tmp_path / "record")]
    env = {**os.environ, "LEINDEX_HOME": str(tmp_path / "home")}
    for _ in range(2):
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert "2 cases, 1 trees, 0 differences" in done.stdout and done.returncode == 0, done.stderr
        # The second run finds both cases in the record and runs neither again.
        assert len((tmp_path / "record").read_text().splitlines()) == 2


def differences(tree: Path, wanted: str) -> list[str]:
    found = []
    for section, args in cases():
        if section == wanted:
            differs = difference(run_ripgrep(tree, args), run_from_index(tree, args))
            if differs:
                found.append(f"{args}: {differs}")
    return found


@pytest.mark.parametrize("section", SECTIONS)
def test_small_files(trees: dict[str, Path], section: str) -> None:
    assert differences(trees["small"], section) == []


@pytest.mark.parametrize("section", ["context", "binary and encodings", "long lines"])
def test_large_files(trees: dict[str, Path], section: str) -> None:
    assert differences(trees["large"], section) == []
