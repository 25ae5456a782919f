"""Runs `rg` and `leindex grep` as commands in a folder, and gives what they print in comparable form."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

needs_ripgrep = pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed")

Argument = str | bytes


class Said(NamedTuple):
    """The exit status, the output, and the lines on standard error, each after the name of the program."""

    status: int
    output: bytes
    errors: list[bytes]


def said(
    program: Sequence[str], arguments: Sequence[Argument], folder: Path, more: Mapping[str, str] | None = None
) -> Said:
    """Runs a program in a folder."""
    environment = {**os.environ, **(more or {})}
    command = [os.fsencode(part) for part in (*program, *arguments)]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    errors = [line.removeprefix(b"rg: ").removeprefix(b"leindex: ") for line in done.stderr.splitlines()]
    return Said(done.returncode, done.stdout, errors)


def ripgrep(arguments: Sequence[Argument], folder: Path, more: Mapping[str, str] | None = None) -> Said:
    """What ripgrep says, in the order of paths."""
    return said(("rg", "--no-config", "--color", "never", "--sort", "path"), arguments, folder, more)


def leindex(arguments: Sequence[Argument], folder: Path, more: Mapping[str, str] | None = None) -> Said:
    """What a command of ours says."""
    return said((sys.executable, "-m", "leindex"), arguments, folder, more)


def both(arguments: Sequence[Argument], folder: Path, more: Mapping[str, str] | None = None) -> tuple[Said, Said]:
    """What `leindex grep` and ripgrep say to the same arguments."""
    return leindex(("grep", *arguments), folder, more), ripgrep(arguments, folder, more)
