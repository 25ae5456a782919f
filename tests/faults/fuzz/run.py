"""Running targets: the corpus as a folder, the fuzzer as a process, what it said as figures."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from . import sanitized
from .table import TARGETS, Target

CORPUS = Path(__file__).with_name("corpus")
STUCK_SECONDS = 100  # for an input, on the wall; child.py measures its processor time
ENDING_SECONDS = 300  # for starting, and telling what was found
MEMORY_MB = 2048
KEPT_BYTES = 7000  # of inputs in a corpus file, so that all stay within 200 KB


@dataclass(frozen=True)
class Limit:
    """When a run ends: after so many seconds or executions, whichever is first; None for no limit."""

    seconds: int | None = None
    executions: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a run: `finding` is the input in hexadecimal and what was wrong with it, empty where nothing was."""

    target: str
    seed: int
    executions: int
    seconds: float
    corpus: int
    finding: str

    def row(self) -> str:
        """As a row of a table in Markdown."""
        rate = round(self.executions / self.seconds) if self.seconds else 0
        found = "1" if self.finding else "0"
        return f"| {self.target} | {self.executions:,} | {self.seconds:,.0f} | {rate:,} | {found} | {self.seed} |"


HEADING = "| target | executions | seconds | executions/s | findings | seed |\n|---|---:|---:|---:|---:|---:|"


def missing(target: Target) -> str:
    """What is not there to run this target with; empty when all is."""
    if target.native:
        return "" if sanitized.clang() else "clang with libclang-rt-dev"
    return "" if find_spec("atheris") else "atheris"


def inputs_of(name: str) -> list[bytes]:
    """The kept inputs of a target."""
    file = CORPUS / f"{name}.txt"
    return [base64.b64decode(line) for line in file.read_text().split()] if file.exists() else []


def keep(name: str, folder: Path) -> None:
    """Makes what a run's folder holds the kept inputs: of all sizes alike, as many as there is room for."""
    lines = [base64.b64encode(path.read_bytes()).decode() for path in folder.iterdir()]
    lines = sorted(set(lines) - {""}, key=lambda line: (len(line), line))
    while sum(len(line) + 1 for line in lines) > KEPT_BYTES:
        step = max(2, len(lines) // 8)
        del lines[step - 1 :: step]
    CORPUS.mkdir(exist_ok=True)
    (CORPUS / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))


def write(inputs: list[bytes], folder: Path) -> None:
    """The inputs as files, as libFuzzer wants them."""
    for number, data in enumerate(inputs):
        (folder / f"{number:05}").write_bytes(data)


def dictionary(target: Target) -> str:
    """The target's words as libFuzzer's dictionary."""
    words = (word.encode() for word in target.words.split(" ") if word)
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in words)


def fuzzer(name: str, arguments: list[str], seconds: float | None = None) -> tuple[int, str]:
    """The fuzzer's process, run to its end: its exit status and what it said. One that takes `seconds` is killed."""
    target = TARGETS[name]
    path = str(sanitized.build()) if target.native else "-"
    command = [sys.executable, "-m", "tests.faults.fuzz.child", path, name, *arguments]
    environment = sanitized.environment(target.native)
    with tempfile.TemporaryFile() as said:  # no pipe: helpers of the sanitizers may hold it open
        process = subprocess.Popen(
            command, env=environment, cwd=sanitized.ROOT, stdout=said, stderr=said, stdin=subprocess.DEVNULL
        )
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = -1
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        return status, said.read().decode(errors="replace")


def run(name: str, limit: Limit, seed: int, keeping: bool = False) -> Outcome:
    """Runs one target from its kept inputs."""
    target = TARGETS[name]
    with tempfile.TemporaryDirectory(prefix=f"leindex-fuzz-{name}-") as work:
        folder, found, words = Path(work) / "inputs", Path(work) / "findings", Path(work) / "words"
        folder.mkdir()
        found.mkdir()
        write(inputs_of(name), folder)
        words.write_text(dictionary(target))
        arguments = [f"-seed={seed}", f"-max_len={target.size}", f"-timeout={STUCK_SECONDS}"]
        arguments += [f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={found}/", "-print_final_stats=1"]
        arguments += [f"-max_total_time={limit.seconds}"] if limit.seconds else []
        arguments += [f"-runs={limit.executions}"] if limit.executions is not None else []
        arguments += [f"-dict={words}"] if target.words else []
        start = time.monotonic()
        status, said = fuzzer(name, [*arguments, str(folder)], limit.seconds and limit.seconds + ENDING_SECONDS)
        seconds = time.monotonic() - start
        counted = re.findall(r"stat::number_of_executed_units:\s*(\d+)", said)
        finding = ""
        if status or not counted:
            inputs = [f"{path.name}: {path.read_bytes().hex()}" for path in sorted(found.iterdir())]
            finding = "\n".join([*inputs, said[-6000:]])
        elif keeping:
            keep(name, folder)
        return Outcome(name, seed, int(counted[0]) if counted else 0, seconds, len(list(folder.iterdir())), finding)
