"""A short run of damage to every table; `python -m tests.faults --kind flip|zeros|cut` runs as much as is wanted."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.__main__ import MEMORY
from tests.faults.damage import ENGINES, Laboratory
from tests.faults.oracle import ERROR, RIGHT, Wrong
from tests.storage.behind import connect

SEED = int(os.environ.get("LEINDEX_FAULT_SEED", "5"))


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    folder = Path(tempfile.mkdtemp(prefix="leindex-damage-", dir=MEMORY if MEMORY.is_dir() else None))
    for engine in ENGINES[1:]:
        pytest.importorskip(engine)
    with Laboratory(folder, ENGINES) as made:
        yield made
    shutil.rmtree(folder)


@pytest.mark.parametrize(("kind", "rounds"), [("flip", 100), ("zeros", 20), ("cut", 20)])
def test_damage(laboratory: Laboratory, kind: str, rounds: int) -> None:
    outcomes: Counter[str] = Counter()
    for damage in laboratory.damages(kind, rounds, SEED):
        outcomes[laboratory.play(damage)] += 1
    assert outcomes[ERROR] > rounds // 8, outcomes
    assert kind != "flip" or outcomes[RIGHT] > rounds // 8, outcomes


@pytest.mark.parametrize(
    "change",
    ["path = CAST(replace(path, '0.py', '9.py') AS BLOB)", "number = (SELECT max(number) FROM files)"],
    ids=["path", "number"],
)
def test_a_wrong_answer_is_seen(laboratory: Laboratory, change: str) -> None:
    """What no checksum can tell: a row that was changed through SQLite."""
    folder = laboratory.copy_of("numbers in sqlite")
    connection = connect(folder / "index.db")
    connection.execute(f"UPDATE files SET {change} WHERE path = ?", (b"d0\0file0.py",))
    assert connection.changes() == 1
    connection.close()
    with pytest.raises(Wrong):
        laboratory.judge("numbers in sqlite", folder, change)
