"""What is printed equals what ripgrep prints, case by case, over two small trees of odd files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exact.equality.runner import (
    RIPGREP_VERSION,
    TreeFiles,
    cases,
    difference,
    ripgrep_version,
    run_ours,
    run_ripgrep,
)
from tests.exact.equality.tree import write_large, write_small

pytestmark = pytest.mark.skipif(
    ripgrep_version() != RIPGREP_VERSION, reason=f"equality is defined against ripgrep {RIPGREP_VERSION}"
)

SECTIONS = list(dict.fromkeys(section for section, _ in cases()))
LARGE_SECTIONS = ["context", "binary and encodings", "named files"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("small")
    write_small(root)
    return root


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("large")
    write_large(root)
    return root


def differences(tree: Path, wanted: str) -> list[str]:
    files = TreeFiles(tree)
    found = []
    for section, args in cases():
        if section == wanted:
            differs = difference(run_ripgrep(tree, args), run_ours(tree, files, args))
            if differs:
                found.append(f"{args}: {differs}")
    return found


def test_there_are_enough_cases() -> None:
    assert len(list(cases())) >= 300


@pytest.mark.parametrize("section", SECTIONS)
def test_small_files(small: Path, section: str) -> None:
    assert differences(small, section) == []


@pytest.mark.parametrize("section", LARGE_SECTIONS)
def test_large_files(large: Path, section: str) -> None:
    assert differences(large, section) == []
