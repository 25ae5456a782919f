"""Power cuts at some moments of a row of writes, for both durabilities and both sizes of sectors."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from leindex.storage.database import Durability
from tests.faults.power import SECTORS, cut, operations_of, small_sizes

ROUNDS = int(os.environ.get("LEINDEX_CRASH_ROUNDS", "24"))


@pytest.mark.parametrize("sector", SECTORS)
@pytest.mark.parametrize("durability", ["full", "normal"])
def test_power_cut(tmp_path: Path, durability: Durability, sector: int) -> None:
    lost = 0
    with small_sizes():
        operations = operations_of(tmp_path / "whole", durability)
        for number in range(ROUNDS):
            chance = random.Random(number)
            (tmp_path / str(number)).mkdir()
            lost += cut(tmp_path / str(number), durability, sector, chance.randrange(1, operations), chance)
    if durability == "normal":
        assert lost, "the simulation must be able to lose what was not synced, or it proves nothing"
    else:
        assert not lost
