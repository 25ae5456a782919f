"""What can be made to go wrong in one command, as data, and putting it into force in the process that runs it."""

from __future__ import annotations

import ctypes
import errno
import resource
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

Action = Literal["count", "kill", "fail", "signal", "vanish"]

CALLS: Final = {"write": 1, "sync": 2, "truncate": 4, "rename": 8, "unlink": 16, "open": 32, "make": 64}
"""Kinds of system calls that change files, by the bits of inject.c."""

CHANGES: Final = ("write", "sync", "truncate", "rename", "unlink")
EVERYTHING: Final = tuple(CALLS)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: at the `at`-th call of these kinds on a file of the index, from 1.

    `number` is the errno of a failure or the signal; `lasting`: all later calls fail too; `half`: a write is half done.
    `files` and `memory` are limits: descriptors, and bytes of address space beyond what the process has. `clock` moves
    the wall clock by so many seconds.
    """

    action: Action = "count"
    at: int = 0
    calls: tuple[str, ...] = CHANGES
    number: int = 0
    lasting: bool = False
    half: bool = False
    files: int = 0
    memory: int = 0
    clock: int = 0

    def __str__(self) -> str:
        name = errno.errorcode.get(self.number, "") if self.action == "fail" else str(self.number or "")
        parts = [self.action, name, "for good" if self.lasting else "", "half a write" if self.half else ""]
        limits = [f"{n} {v}" for n, v in (("files", self.files), ("memory", self.memory), ("clock", self.clock)) if v]
        return " ".join(filter(None, [*parts, f"at call {self.at}" if self.at else "", *limits]))


def failure(number: int, at: int, *, lasting: bool = False, half: bool = False) -> Fault:
    """A failing call. A file system that became read-only refuses to open and to make files as well."""
    calls = EVERYTHING if number == errno.EROFS else CHANGES
    if number in (errno.ENOSPC, errno.EDQUOT):
        calls = ("write", "make")  # what needs space: an open of a file that is there, or its truncation, does not
    return Fault("fail", at, calls, number, lasting, half)


@cache
def library() -> Path:
    """inject.c, compiled for this run. Raises FileNotFoundError where there is no C compiler."""
    folder = Path(tempfile.mkdtemp(prefix="leindex-faults-"))
    source, made = Path(__file__).with_name("inject.c"), folder / "inject.so"
    flags = ["-O1", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["cc", *flags, "-o", str(made), str(source), "-ldl"], check=True)
    return made


def put_in_force(fault: Fault, folder: str, preloaded: str) -> ctypes.CDLL:
    """Arms this process; `preloaded` is the library that it was started with."""
    loaded = ctypes.CDLL(preloaded)
    if fault.clock:
        loaded.faults_clock(ctypes.c_long(fault.clock))
    if fault.files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (fault.files, fault.files))
    if fault.memory:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + fault.memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    kinds = sum(CALLS[name] for name in fault.calls)
    action = ("count", "kill", "fail", "signal", "vanish").index(fault.action)
    half, lasting, at = int(fault.half), int(fault.lasting), ctypes.c_long(fault.at)
    loaded.faults_arm(folder.encode(), action, kinds, at, fault.number, lasting, half)
    return loaded
