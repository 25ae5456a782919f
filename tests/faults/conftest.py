"""What the tests of the laboratory share: one stage, since its indexes take a while to make."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.__main__ import MEMORY
from tests.faults.scenes import Stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """The indexes that rounds start from, in memory: what is tested here asks nothing of a disk."""
    for engine in ("tantivy", "duckdb"):
        pytest.importorskip(engine)
    folder = Path(tempfile.mkdtemp(prefix="leindex-faults-", dir=MEMORY if MEMORY.is_dir() else None))
    with Stage(folder) as made:
        yield made
    shutil.rmtree(folder)
