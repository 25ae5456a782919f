"""The faults as data: each with its kind, the scenes that it strikes, and what it is at one place of a scene."""

from __future__ import annotations

import errno
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from .injection import EVERYTHING, Fault, failure
from .rounds import Round, calls_of, seconds_of
from .scenes import SCENES, Stage

MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of fault. `fault` is put in place at each call of a scene in turn, or else, where `values` are given,
    takes these for its `limit`; `timed`: it is a kill at a random moment."""

    kind: str
    name: str
    fault: Fault = field(default_factory=Fault)
    limit: str = "at"
    values: tuple[int, ...] = ()
    timed: bool = False
    scenes: tuple[str, ...] = tuple(SCENES)

    def places(self, stage: Stage, scene: str) -> range | tuple[int, ...]:
        """The values that its fault can take in a scene."""
        return self.values or range(1, calls_of(stage, scene) + 1)

    def planned(self, scene: str, value: int) -> Round:
        """The round at one of these."""
        return Round(scene, replace(self.fault, **{self.limit: value}))


_FAILURES: Final = (
    *((name, number, lasting) for name, number in (("ENOSPC", errno.ENOSPC), ("EIO", errno.EIO)) for lasting in (0, 1)),
    *(("EDQUOT", errno.EDQUOT, 1), ("EROFS", errno.EROFS, 1)),
)

TABLE: Final = (
    Entry("kill", "SIGKILL at a random moment", timed=True),
    Entry("kill", "SIGKILL before a call", Fault("kill")),
    Entry("kill", "SIGKILL in the middle of a write", Fault("kill", half=True)),
    *(
        Entry("disk", f"{name} {'for good' if lasting else 'once'}", failure(number, 0, lasting=bool(lasting)))
        for name, number, lasting in _FAILURES
    ),
    Entry("disk", "ENOSPC for good after half of a write", failure(errno.ENOSPC, 0, lasting=True, half=True)),
    Entry("disk", "the folder vanishes", Fault("vanish", calls=EVERYTHING)),
    Entry("limit", "out of file descriptors", limit="files", values=tuple(range(4, 40))),
    # The libraries of the other engines end the process where memory is out, which is the kind "kill".
    Entry(
        "limit",
        "out of memory",
        limit="memory",
        values=tuple(n * MIB for n in (0, 1, 2, 4, 8, 12, 16, 24, 32, 48, 64)),
        scenes=tuple(name for name in SCENES if "tantivy" not in name and "duckdb" not in name),
    ),
    Entry("clock", "the clock jumps", limit="clock", values=(-(10**9), -86_400, -3600, 3600, 86_400, 10**9)),
)

KINDS: Final = tuple(dict.fromkeys(entry.kind for entry in TABLE))


def plan(stage: Stage, kind: str, rounds: int, seed: int, *, scenes: tuple[str, ...] = ()) -> Iterator[Round]:
    """So many rounds of a kind at places chosen by the seed, spread evenly over faults and scenes."""
    chance = random.Random(seed)
    pairs = [(e, s) for e in TABLE if e.kind == kind for s in e.scenes if not scenes or s in scenes]
    known: dict[str, range | tuple[int, ...]] = {}
    took: dict[str, float] = {}
    while rounds > 0:
        chance.shuffle(pairs)
        for entry, scene in pairs[:rounds]:
            if entry.timed:
                took[scene] = took.get(scene) or seconds_of(stage, scene)
                yield Round(scene, Fault(), kill_after=chance.uniform(0, 1.1 * took[scene]))
                continue
            key = scene if not entry.values else f"{entry.name} {scene}"
            if key not in known:
                known[key] = entry.places(stage, scene)
            yield entry.planned(scene, chance.choice(known[key]))
        rounds -= len(pairs)


def every(stage: Stage, kind: str, *, scenes: tuple[str, ...] = ()) -> Iterator[Round]:
    """A round for each place of each fault of a kind that is not a matter of chance."""
    for entry in TABLE:
        if entry.kind == kind and not entry.timed:
            for scene in entry.scenes:
                if not scenes or scene in scenes:
                    yield from (entry.planned(scene, value) for value in entry.places(stage, scene))
