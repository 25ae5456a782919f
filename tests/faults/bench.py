"""Running leindex's commands in processes that faults can be put into, hundreds a minute.

A `Bench` keeps one Python process with everything imported, which forks for each command: that takes a hundredth of
the time of starting Python. It says `pid N` when a command begins and how it ended; what the command prints goes to
files. `python -m tests.faults.bench LIBRARY` is that process.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from .injection import Fault, library, put_in_force

ROOT: Final = Path(__file__).resolve().parents[2]
TRACEBACK: Final = 99
"""The exit status here of a command that ended with an exception that nothing caught."""

SMALL: Final[Mapping[str, int]] = {
    "leindex.storage.sqlite.segments.TAIL_DOCUMENTS": 12,
    "leindex.storage.sqlite.segments.FANOUT": 3,
    "leindex.storage.integrity.log.WAL_PAGES": 24,
    "leindex.indexing.pipeline.SMALL_FILES": 12,
    "leindex.indexing.enrich.BATCH_DOCUMENTS": 8,
    "leindex.storage.transfer.migrate.CHUNK_DOCUMENTS": 12,
    "leindex.cli.common.progress_shown.LINE_SECONDS": 0,
}
"""Sizes at which batches end, segments are sealed and merged, and the log is written back: small, so that all of that
happens in a tree of a few dozen files."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: `status` is minus the signal where one ended it; `calls` is how many calls were counted."""

    status: int
    out: bytes
    err: str
    seconds: float
    calls: int

    @property
    def clean_error(self) -> bool:
        """Whether it failed as it should: exit status 2 and what is wrong."""
        said = [line for line in self.err.splitlines() if not line.startswith('{"progress"')]
        return self.status == 2 and bool(said) and all(line.startswith("leindex: ") for line in said)


class Bench:
    """A process that runs commands one at a time; its indexes and what they print lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        preload = str(library())
        environment = {
            **os.environ,
            "LD_PRELOAD": preload,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            "LEINDEX_HOME": str(folder / "home"),
            "HOME": str(folder),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.bench", preload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        )

    def run(self, *words: str, index: Path | None = None, **how: Any) -> Ran:
        """Runs one command; `how` as for `series`."""
        return self.series([words], index=index, **how)[0]

    def series(
        self,
        commands: Sequence[Sequence[str]],
        *,
        index: Path | None = None,
        fault: Fault | None = None,
        kill_after: float | None = None,
        sizes: Mapping[str, int] = SMALL,
    ) -> list[Ran]:
        """Runs commands one after another in one process, with a fault on the files of `index`.

        Of those that a fault in one keeps from running nothing is given. `kill_after` kills after so many seconds.
        """
        named = ["--index", str(index)] if index is not None else []
        task = {
            "commands": [[*words, *named] for words in commands],
            "fault": asdict(fault or Fault()),
            "below": str(index or self.folder),
            "out": str(self.folder / "said"),
            "sizes": dict(sizes),
            "kill_after": kill_after,
        }
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process that forks has ended"
        ended = json.loads(answer)
        ran = []
        for number, status in enumerate([*ended["statuses"], ended["status"]][: len(commands)]):
            out, err = (self.folder / f"said.{number}.{stream}" for stream in ("out", "err"))
            said = err.read_text("utf-8", "replace")
            ran.append(Ran(status, out.read_bytes(), said, ended["seconds"], ended["calls"]))
        return ran

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def set_sizes(sizes: Mapping[str, int]) -> None:
    """Gives constants of the package other values; each has to be there."""
    for name, value in sizes.items():
        holder, _, attribute = name.rpartition(".")
        parts = holder.split(".")
        target: Any = None
        for size in range(len(parts), 0, -1):
            try:
                target = importlib.import_module(".".join(parts[:size]))
            except ModuleNotFoundError:
                continue
            for part in parts[size:]:
                target = getattr(target, part)
            break
        assert hasattr(target, attribute), f"{name} is gone"
        setattr(target, attribute, value)


def _child(task: Mapping[str, Any], preloaded: str, told: int) -> None:
    """The forked process: runs the commands, and never returns. What it has done by then it writes to `told`."""
    from leindex.cli.main import main

    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    set_sizes(task["sizes"])
    fault = Fault(**{**task["fault"], "calls": tuple(task["fault"]["calls"])})
    statuses: list[int] = []
    _say_to(f"{task['out']}.0")
    loaded = put_in_force(fault, task["below"], preloaded)
    for number, words in enumerate(task["commands"]):
        if number:
            _say_to(f"{task['out']}.{number}")
        status = TRACEBACK
        try:
            status = main(words)
        except BaseException:
            traceback.print_exc()
        sys.stderr.flush()
        statuses.append(status)
        os.pwrite(told, json.dumps({"statuses": statuses, "calls": loaded.faults_counted()}).encode(), 0)
    os._exit(0)


def _say_to(name: str) -> None:
    """What is printed goes to files from now on."""
    for stream, number in (("out", 1), ("err", 2)):
        file = os.open(f"{name}.{stream}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)


def _wait(pid: int, kill_after: float | None) -> int:
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _load_everything() -> None:
    """Imports what commands import when they need it, and has each work once: no fork has to do it again."""
    import leindex
    from leindex.cli.main import main

    for module in pkgutil.walk_packages(leindex.__path__, "leindex."):
        if not module.name.startswith(("leindex.http", "leindex.mcp", "leindex.__main__")):
            importlib.import_module(module.name)
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as null, contextlib.redirect_stderr(null):
        Path(folder, "tree").mkdir()
        Path(folder, "tree", "warm.py").write_text("def warm(): pass\n")
        where = [f"{folder}/tree", "--index", f"{folder}/index"]
        output = os.dup(1)
        os.dup2(null.fileno(), 1)
        for words in (["index", "-q"], ["grep", "(?i)warm\\w"], ["search", "warm"], ["symbols", "warm"], ["doctor"]):
            main([*words, *where])
        os.dup2(output, 1)
    gc.freeze()


def _serve(preloaded: str) -> None:
    _load_everything()
    with tempfile.TemporaryFile(buffering=0) as told:
        for line in sys.stdin:
            task = json.loads(line)
            os.ftruncate(told.fileno(), 0)
            begun = time.monotonic()
            pid = os.fork()
            if pid == 0:
                try:
                    _child(task, preloaded, told.fileno())
                finally:
                    traceback.print_exc()
                    os._exit(TRACEBACK)
            status = _wait(pid, task["kill_after"])
            said = os.pread(told.fileno(), 1 << 16, 0)
            answer = {"statuses": [], "calls": 0, **json.loads(said or b"{}")}
            print(json.dumps({**answer, "status": status, "seconds": time.monotonic() - begun}), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1])
