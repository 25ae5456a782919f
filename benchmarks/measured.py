"""One command, measured: wall time, and the CPU and peak memory of all its processes.

Memory that they share is counted once.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Measured:
    """Seconds, and bytes. `peak` is the highest sum of proportional set sizes that was seen, sampled."""

    wall: float
    cpu: float
    peak: int


def measured(command: Sequence[str | os.PathLike[str]], environment: Mapping[str, str] | None = None) -> Measured:
    """Runs a command to its end; raises CalledProcessError if it fails."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = [0]
    over = threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLE_SECONDS):
            peak[0] = max(peak[0], sum(map(_memory, _family(process.pid))))

    sampler = threading.Thread(target=sample)
    sampler.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    over.set()
    sampler.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(map(str, command)))
    return Measured(wall, usage.ru_utime + usage.ru_stime, peak[0])


def _family(root: int) -> list[int]:
    """A process and all below it."""
    found = [root]
    for process in found:
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            with suppress(OSError):  # a thread that has just ended
                found += map(int, children.read_text().split())
    return found


def _memory(process: int) -> int:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("Pss:")), 0)
