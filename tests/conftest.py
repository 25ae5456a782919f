"""What all tests share: which other programs must be there, and a home without settings."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

# Hundreds of short processes are started; each would compile every module anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

PEERS = ("rg", "ctags", "git", "chromium", "clang", "localedef", "setpriv", "nvim", "fzf")


def pytest_configure(config: pytest.Config) -> None:
    """With LEINDEX_REQUIRE_PEERS, as in CI, a missing program is an error and no reason to leave tests out."""
    missing = [name for name in PEERS if shutil.which(name) is None]
    if missing and os.environ.get("LEINDEX_REQUIRE_PEERS"):
        raise pytest.UsageError(f"programs that tests compare with are missing: {', '.join(missing)}")


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home folder in which nothing is set, and a place for indexes beside it."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LEINDEX_HOME", str(tmp_path / "indexes"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
