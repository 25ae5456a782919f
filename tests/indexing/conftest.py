"""What several tests of indexing start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.indexing import odd_tree


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Path]:
    """A tree with every odd thing that a walk or a reader may meet."""
    root = tmp_path / "odd"
    root.mkdir()
    odd_tree.build(root)
    yield root
    odd_tree.unlock(root)
