"""Every target with its kept inputs and some more; the matcher's own tests under the sanitizers."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.fuzz import sanitized
from tests.faults.fuzz.run import CORPUS, Limit, Outcome, inputs_of, missing, run
from tests.faults.fuzz.table import TARGETS

MORE = 200
"""Inputs that are made up beside the kept ones, always the same: a new finding belongs to a long run, not here."""
REQUIRED = bool(os.environ.get("LEINDEX_REQUIRE_PEERS"))
NATIVE_TESTS = ("tests/storage/test_segment_blocks.py", "tests/regex/test_regex_engine.py")
QUICK = "(blocks or find_all or invalid or captures or crlf or damaged or claims or repeating) and not long_line"


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """What came of each target that can run here; two at a time, since the fuzzers are processes of their own."""
    names = [name for name, target in TARGETS.items() if not missing(target)]
    if any(TARGETS[name].native for name in names):
        sanitized.build()
    with ThreadPoolExecutor(2) as pool:
        return {outcome.target: outcome for outcome in pool.map(_tried, names)}


def _tried(name: str) -> Outcome:
    return run(name, Limit(executions=len(inputs_of(name)) + MORE), 1)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found(name: str, outcomes: dict[str, Outcome]) -> None:
    lacking = missing(TARGETS[name])
    if lacking and not REQUIRED:
        pytest.skip(f"needs {lacking}")
    assert not lacking
    outcome = outcomes[name]
    assert not outcome.finding, outcome.finding
    assert outcome.executions > len(inputs_of(name))


def test_the_native_tests_under_the_sanitizers() -> None:
    if not sanitized.clang() and not REQUIRED:
        pytest.skip("needs clang with libclang-rt-dev")
    arguments = [str(sanitized.build()), "pytest", *NATIVE_TESTS, "-k", QUICK, "-q"]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults.fuzz.child", *arguments],
        env=sanitized.environment(True),
        cwd=sanitized.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_corpus_is_of_the_targets_and_small() -> None:
    files = sorted(CORPUS.iterdir())
    assert {path.stem for path in files} <= set(TARGETS)
    assert sum(path.stat().st_size for path in files) <= 200_000
    for path in files:
        inputs_of(path.stem)


def test_a_fault_is_found() -> None:
    """The sanitizers and the exit status of a finding are what `run` takes them for."""
    if not sanitized.clang() and not REQUIRED:
        pytest.skip("needs clang with libclang-rt-dev")
    code = (
        "import sys; from tests.faults.fuzz import child\n"
        "fuzz = child.load('_fuzz', sys.argv[1])\n"
        "fuzz.read_past(fuzz.exact(b'four'))"
    )
    command = [sys.executable, "-c", code, str(sanitized.build())]
    ended = subprocess.run(
        command, env=sanitized.environment(True), cwd=sanitized.ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0 and "AddressSanitizer: heap-buffer-overflow" in ended.stderr
