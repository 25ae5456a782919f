"""Commands that are told to stop at any moment: by Ctrl-C, SIGTERM, a reader or a parent that goes away.

Each ends within a second, on a machine with nothing else to do, without a traceback, and with a status that says what
happened. These are real programs, started anew each time, since starting and ending are moments as well.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from .oracle import Wrong

LONGEST: Final = 1.0
"""Seconds in which a command ends on an idle machine."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, by its arguments without the tree; `lasting`: it runs until it is stopped; `statuses` are how it may
    end on Ctrl-C besides 130 and death by that signal; `events` are what may stop it."""

    words: tuple[str, ...]
    lasting: bool = False
    statuses: tuple[int, ...] = ()
    events: tuple[str, ...] = ("SIGINT", "SIGTERM", "pipe", "parent")
    starting: float = 0.0
    """Seconds that loading its packages may take, in which it reads nothing."""


COMMANDS: Final = {
    "index": Command(("index", "--batch-size", "20")),
    "index, processes": Command(("index", "--workers", "2", "--json")),
    "grep": Command(("grep", "-n", "needle|value")),
    "search": Command(("search", "needle_a")),
    "doctor": Command(("doctor",)),
    "compact": Command(("compact",)),
    "migrate": Command(("migrate", "--to", "tantivy")),
    "watch": Command(("watch", "--json"), lasting=True, statuses=(0,), starting=3.0),
    "mcp": Command(("mcp",), lasting=True, statuses=(0,), starting=8.0),
    # A server is there for others than who started it: only a signal ends it.
    "serve": Command(("serve",), lasting=True, statuses=(0,), events=("SIGINT", "SIGTERM"), starting=8.0),
}

INITIALIZE: Final = (
    b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    b'"clientInfo":{"name":"a client","version":"1"}}}\n'
)


@dataclass(frozen=True, slots=True)
class Stopped:
    """How a command ended after it was told to: its status, the seconds it took, and what it said on stderr."""

    status: int | None
    seconds: float
    said: str


def own_environment(folder: Path) -> dict[str, str]:
    """The environment of commands whose settings and indexes lie in this folder."""
    return {**os.environ, "LEINDEX_HOME": str(folder / "home"), "HOME": str(folder)}


def pace(environment: dict[str, str]) -> float:
    """How much slower than an idle machine this one is now: by the time that starting takes, about 0.15 seconds."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-m", "leindex", "--version"], env=environment, check=True, capture_output=True)
    return max(1.0, (time.monotonic() - begun) / 0.15)


@contextmanager
def _started(
    words: list[str], environment: dict[str, str], *, apart: bool
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """A command, or a shell that is its parent and prints its process id first (`apart`), and its stderr."""
    command = [sys.executable, "-m", "leindex", *words]
    if apart:
        command = ["sh", "-c", '"$@" <&0 & echo $!; wait', "sh", *command]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            # What a shell starts in the background ignores SIGINT, and its children with it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        try:
            yield process, said
        finally:
            process.kill()
            for stream in (process.stdin, process.stdout):
                assert stream is not None
                with suppress(BrokenPipeError):
                    stream.close()
            process.wait()


def stop(name: str, event: str, root: Path, environment: dict[str, str], chance: random.Random) -> Stopped:
    """Starts a command, stops it at a random moment, and waits for its end. Raises Wrong if that is none of the good
    ones."""
    command, slow = COMMANDS[name], pace(environment)
    with _started([*command.words, str(root)], environment, apart=event == "parent") as (process, said):
        assert process.stdin is not None and process.stdout is not None
        child = int(process.stdout.readline()) if event == "parent" else process.pid
        if name == "mcp":
            process.stdin.write(INITIALIZE)
            process.stdin.flush()
        time.sleep(chance.uniform(0, 0.8) * slow)
        asked = time.monotonic()
        if event == "pipe":
            process.stdout.close()
            if name == "mcp":  # its client says nothing more; that a reader is gone shows when there is an answer
                process.stdin.close()
            if name == "watch":
                (root / "changed.py").write_text(f"changed = {chance.random()}\n")
        elif event == "parent":
            process.kill()
            process.stdin.close()
            process.stdout.close()
        else:
            process.send_signal(getattr(signal, event))
        most = asked + 10 * LONGEST + 2 * slow
        while not _ended(process, child) and time.monotonic() < most:
            time.sleep(0.002)
        seconds = time.monotonic() - asked
        over = _ended(process, child)
        if not over:
            os.kill(child, signal.SIGKILL)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
        status = process.wait() if event != "parent" and over else None
    stopped = Stopped(status, seconds, text)
    _check(name, event, stopped, over=over, slow=slow)
    return stopped


def _ended(process: subprocess.Popen[bytes], child: int) -> bool:
    if child == process.pid:
        return process.poll() is not None
    try:
        return Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def _check(name: str, event: str, stopped: Stopped, *, over: bool, slow: float) -> None:
    command = COMMANDS[name]
    told = f"{name} on {event}: status {stopped.status} after {stopped.seconds:.2f} s (pace {slow:.1f}): {stopped.said}"
    if not over:
        raise Wrong(f"it did not end: {told}")
    # Work that has to come to its end is slowed by the machine as starting is.
    if stopped.seconds > (LONGEST + command.starting) * slow and (command.lasting or event in ("SIGINT", "SIGTERM")):
        raise Wrong(f"it ended late: {told}")
    # Before the program's first line Python itself answers Ctrl-C, and there is nothing of ours to stop
    # ("Python runtime state" is what it tells of an end before any module is imported.)
    python_starts = any(
        mark in stopped.said for mark in ("<frozen runpy>", "Python runtime state:", "init_import_site")
    )
    if event == "SIGINT" and python_starts and "leindex/__main__.py" not in stopped.said:
        return
    if "Traceback" in stopped.said or "Exception ignored" in stopped.said:
        raise Wrong(told)
    good = {
        "SIGINT": {130, -signal.SIGINT, *command.statuses},
        "SIGTERM": {143, -signal.SIGTERM, *command.statuses},
    }.get(event, {0, 2})
    if not command.lasting:
        good |= {0, 2}  # it was at its end already, or met what another left
    if stopped.status is not None and stopped.status not in good:
        raise Wrong(told)
