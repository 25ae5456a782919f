"""One round: a scene, a fault, the answers after it, and the way back to a whole index."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from .bench import Ran
from .injection import Fault
from .oracle import ERROR, Asked, Wrong, acknowledged, judge, questions, understood
from .scenes import SCENES, Stage


@dataclass(frozen=True, slots=True)
class Round:
    """What is to happen: the name of a scene, a fault in it, or a kill after so many seconds."""

    scene: str
    fault: Fault
    kill_after: float | None = None

    def __str__(self) -> str:
        moment = "" if self.kill_after is None else f"kill after {1000 * self.kill_after:.1f} ms"
        return f"{self.scene}: {moment or self.fault}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a round: how the command ended, in words, and how its index answered afterwards."""

    command: str
    answers: str


def play(stage: Stage, planned: Round) -> Outcome:
    """Plays a round. Raises Wrong for any outcome that is not to be; the folder of the index is kept then."""
    scene = SCENES[planned.scene]
    folder = stage.copy_of(scene.start)
    words = [*scene.words, str(stage.root)]
    bench, old, new = stage.bench, stage.states[scene.before], stage.states["b"]
    done = bench.run(*words, fault=planned.fault, index=folder, kill_after=planned.kill_after, sizes=scene.constants)
    try:
        ended = _ended(done)
        _come_back(folder)
        written = acknowledged(done) if not scene.atomic else 0
        finished = done.status == 0 and scene.words[0] != "grep"
        text = not finished and not (scene.atomic and scene.words[0] != "index")
        asked, healed = _asked_and_healed(stage, folder)
        outcome = judge(asked, new if finished else old, new, atomic=scene.atomic, written=written, text=text)
        if outcome == ERROR and (finished or scene.start):
            raise Wrong(f"the index does not answer any more: {asked.errors[0]}")
        judge(healed, new, new, atomic=True, written=0, text=False)
    except Wrong as wrong:
        said = "; ".join(line for line in done.err.splitlines() if not line.startswith('{"progress"'))
        raise Wrong(f"{planned} (it ended with {done.status}: {said}): {wrong}; kept in {folder}") from wrong
    shutil.rmtree(folder)
    return Outcome(ended, outcome)


def _ended(done: Ran) -> str:
    if done.status == -9:
        return "killed"
    if done.clean_error:
        return ERROR
    if done.status in (0, 1, 130):
        return {0: "done", 1: "nothing found", 130: "stopped"}[done.status]
    raise Wrong(f"the command ended with {done.status}")


def _come_back(folder: Path) -> None:
    """A folder that vanished is there again, unless the command made a whole index in its place."""
    gone = folder.with_name(folder.name + ".gone")
    if gone.exists() and not (folder / "index.db").exists():
        shutil.rmtree(folder, ignore_errors=True)
        gone.rename(folder)


def _asked_and_healed(stage: Stage, folder: Path) -> tuple[Asked, Asked]:
    """The answers as they are, and those after the next update, which leaves nothing for the check to find."""
    root, asking = str(stage.root), questions(stage.root)
    ran = stage.bench.series([*asking, ["index", root], *asking, ["doctor", root]], index=folder)
    before = understood(ran[: len(asking)], stage.root)
    if len(ran) <= len(asking) or ran[len(asking)].status:
        raise Wrong(f"the next update ended with {ran[-1].status}: {ran[len(asking)].err}")
    after = understood(ran[len(asking) + 1 : -1], stage.root)
    if after.errors:
        raise Wrong(f"after the next update: {after.errors[0]}")
    if ran[-1].status:
        raise Wrong(f"the check found: {ran[-1].out.decode()}{ran[-1].err}")
    return before, after


def calls_of(stage: Stage, scene: str) -> int:
    """How many calls the command of a scene makes on files of the index when nothing goes wrong."""
    folder = stage.copy_of(SCENES[scene].start)
    done = stage.bench.run(*SCENES[scene].words, str(stage.root), index=folder, sizes=SCENES[scene].constants)
    assert done.status == 0, done.err
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
    return done.calls


def seconds_of(stage: Stage, scene: str) -> float:
    """How long it takes then."""
    folder = stage.copy_of(SCENES[scene].start)
    done = stage.bench.run(*SCENES[scene].words, str(stage.root), index=folder, sizes=SCENES[scene].constants)
    shutil.rmtree(folder)
    return done.seconds
