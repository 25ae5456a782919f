"""A short part of each kind of fault in the table; `python -m tests.faults` runs as much as is wanted."""

from __future__ import annotations

import os

import pytest

from tests.exact.commands import needs_ripgrep
from tests.faults.injection import Fault
from tests.faults.oracle import Wrong, judge
from tests.faults.rounds import Round, play
from tests.faults.scenes import Stage
from tests.faults.table import KINDS, plan

pytestmark = needs_ripgrep
SEED = int(os.environ.get("LEINDEX_FAULT_SEED", "5"))
ROUNDS = {"kill": 36, "disk": 36, "limit": 12, "clock": 8}


@pytest.mark.parametrize("kind", KINDS)
def test_faults_of_a_kind(stage: Stage, kind: str) -> None:
    print(f"seed {SEED}")
    wrong = []
    for planned in plan(stage, kind, ROUNDS[kind], SEED):
        try:
            play(stage, planned)
        except Wrong as error:
            wrong.append(str(error))
    assert not wrong, "\n\n".join(wrong)


def test_a_wrong_answer_is_seen(stage: Stage) -> None:
    """The oracle tells the states apart, or it would prove nothing."""
    a, b, none = (stage.states[name] for name in ("a", "b", "none"))
    assert judge(a, a, b, atomic=True, written=0, text=False) == judge(b, a, b, atomic=True, written=0, text=False)
    for asked, old, new, written in ((a, b, b, 0), (none, a, b, 0), (a, a, b, 1), (none, none, b, 1)):
        with pytest.raises(Wrong):
            judge(asked, old, new, atomic=written == 0, written=written, text=False)


def test_a_fault_strikes(stage: Stage) -> None:
    """The third call fails in a command that would else succeed, and the killed one is killed."""
    assert play(stage, Round("small update", Fault("kill", 3))).command == "killed"
    assert play(stage, Round("small update", Fault("fail", 3, number=5))).command == "a clear error"
