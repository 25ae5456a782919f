"""What all tests share: which other programs must be there."""

from __future__ import annotations

import os
import shutil

import pytest

PEERS = ("rg", "ctags", "git", "chromium")


def pytest_configure(config: pytest.Config) -> None:
    """With LEINDEX_REQUIRE_PEERS, as in CI, a missing program is an error and no reason to leave tests out."""
    missing = [name for name in PEERS if shutil.which(name) is None]
    if missing and os.environ.get("LEINDEX_REQUIRE_PEERS"):
        raise pytest.UsageError(f"programs that tests compare with are missing: {', '.join(missing)}")
