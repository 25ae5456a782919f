"""Runs faults for as long as wanted: `python -m tests.faults --kind kill --rounds 1000 --seed 7 --record FILE`.

A line of JSON for each round goes to FILE, a line for each that went wrong to stderr; at the end come the counts.
Exit status 1 if any went wrong. `--every` takes each system call of each scene in turn instead of `--rounds`; of the
kind "crowd" a round is one of `--seconds`; of the kinds "flip", "zeros" and "cut" the engines are chosen by `--engine`.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from .crowd import crowd
from .damage import ENGINES, Laboratory
from .damage import KINDS as DAMAGES
from .oracle import Wrong
from .power import SECTORS, cut, operations_of, small_sizes
from .rounds import play
from .scenes import SCENES, Stage
from .stopping import COMMANDS, own_environment, stop
from .table import KINDS, every, plan
from .trees import make_state

MEMORY: Final = Path("/dev/shm")
"""Kills and failing calls do not depend on a disk that syncs, and go twice as fast without one."""

Planned = tuple[str, Callable[[], str]]
"""What a round is, and what plays it and says what came of it."""


def _in_table(folder: Path, options: argparse.Namespace) -> Iterator[Planned]:
    scenes = tuple(options.scene)
    with Stage(folder) as stage:
        for planned in (
            every(stage, options.kind, scenes=scenes)
            if options.every
            else plan(stage, options.kind, options.rounds, options.seed, scenes=scenes)
        ):

            def played(planned=planned) -> str:  # type: ignore[no-untyped-def]
                outcome = play(stage, planned)
                return f"{outcome.command}, then {outcome.answers}"

            yield str(planned), played


def _power(folder: Path, options: argparse.Namespace) -> Iterator[Planned]:
    chance = random.Random(options.seed)
    operations = operations_of(folder / "whole", "full")
    for number in range(options.rounds):
        durability, sector = ("full", "normal")[number % 2], SECTORS[number // 2 % 2]
        moment, seed = chance.randrange(1, operations), chance.random()

        def played(place=folder / str(number), how=(durability, sector, moment, seed)) -> str:  # type: ignore[no-untyped-def]
            place.mkdir()
            lost = cut(place, *how[:3], random.Random(how[3]))
            shutil.rmtree(place)
            return f"{how[0]}: " + ("the last operations lost whole" if lost else "nothing lost")

        yield f"{durability} durability: sectors of {sector}, cut at {moment}", played


def _stop(folder: Path, options: argparse.Namespace) -> Iterator[Planned]:
    chance, root, environment = random.Random(options.seed), folder / "tree", own_environment(folder)
    make_state(root, "a")
    pairs = [(name, event) for name, command in COMMANDS.items() for event in command.events]
    for number in range(options.rounds):
        name, event = pairs[number % len(pairs)]

        def played(name=name, event=event) -> str:  # type: ignore[no-untyped-def]
            stopped = stop(name, event, root, environment, chance)
            return "ended by itself" if stopped.status is None else f"status {stopped.status}"

        yield f"{name}: {event}", played


def _crowd(folder: Path, options: argparse.Namespace) -> Iterator[Planned]:
    for number in range(options.rounds):
        yield "eight processes", lambda number=number: crowd(folder / str(number), options.seconds)  # type: ignore[misc]


def _damage(folder: Path, options: argparse.Namespace) -> Iterator[Planned]:
    with Laboratory(folder, tuple(options.engine) or ENGINES[:1]) as laboratory:
        for damage in laboratory.damages(options.kind, options.rounds, options.seed):
            yield str(damage), lambda damage=damage: laboratory.play(damage)  # type: ignore[misc]


OTHERS: Final = {**dict.fromkeys(DAMAGES, _damage), "power": _power, "stop": _stop, "crowd": _crowd}


def main() -> int:
    """Runs the command."""
    options = _options()
    counts: Counter[tuple[str, str]] = Counter()
    lock = threading.Lock()
    jobs = options.jobs if options.kind in KINDS else 1

    def work(number: int) -> None:
        folder = Path(tempfile.mkdtemp(prefix="leindex-faults-", dir=options.folder))
        rounds = OTHERS.get(options.kind, _in_table)(folder, options)
        for place, (name, played) in enumerate(rounds):
            if place % jobs != number:
                continue
            begun = time.monotonic()
            outcome, wrong = "wrong", ""
            try:
                outcome = played()
            except Wrong as error:
                wrong = str(error)
            with lock:
                counts[name.partition(":")[0], outcome] += 1
                _record(options, name, outcome, wrong, time.monotonic() - begun)
        if not any(outcome == "wrong" for _, outcome in counts):
            shutil.rmtree(folder)

    with small_sizes():
        threads = [threading.Thread(target=work, args=(number,)) for number in range(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for (name, outcome), count in sorted(counts.items()):
        print(f"{count:6} {name}: {outcome}")
    print(f"seed {options.seed}: {sum(counts.values())} rounds of {options.kind}")
    return 1 if any(outcome == "wrong" for _, outcome in counts) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kind", choices=(*KINDS, *OTHERS), required=True)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--scene", action="append", choices=SCENES, default=[])
    parser.add_argument(
        "--engine", action="append", choices=ENGINES, default=[], help="of the kinds flip, zeros and cut"
    )
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--record", type=Path)
    parser.add_argument("--folder", type=Path, default=MEMORY if MEMORY.is_dir() else None)
    return parser.parse_args()


def _record(options: argparse.Namespace, name: str, outcome: str, wrong: str, seconds: float) -> None:
    if wrong:
        print(f"WRONG: {wrong}", file=sys.stderr, flush=True)
    if options.record is not None:
        line = {"kind": options.kind, "seed": options.seed, "round": name, "outcome": outcome, "wrong": wrong}
        with open(options.record, "a") as file:
            file.write(json.dumps({**line, "seconds": round(seconds, 3)}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
