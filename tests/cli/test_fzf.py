"""`leindex grep` as what fzf filters and reloads, as docs/editors.md shows it."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.served import environment, make_tree

pytestmark = pytest.mark.skipif(
    shutil.which("fzf") is None and not os.environ.get("LEINDEX_REQUIRE_PEERS"), reason="fzf is not installed"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "tree")


def shell(tree: Path, command: str, stdin: int | None = None) -> str:
    """What a command prints in the tree, `leindex` being the one under test."""
    folder = tree.parent / "bin"
    folder.mkdir()
    (folder / "leindex").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m leindex "$@"\n')
    (folder / "leindex").chmod(0o755)
    env = {**environment(tree.parent / "home"), "FZF_DEFAULT_OPTS": "", "TERM": "xterm"}
    env["PATH"] = f"{folder}{os.pathsep}{env['PATH']}"
    ran = subprocess.run(
        ["sh", "-c", command], cwd=tree, env=env, stdin=stdin, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_fzf_filters_every_match(tree: Path) -> None:
    said = shell(tree, "leindex grep --vimgrep '[Rr]etry' | fzf --delimiter : --nth 4.. --filter 'class'")
    assert said == "src/app/retry.py:6:7:class Retry:\n"


def test_fzf_starts_the_search(tree: Path) -> None:
    """As it does at a terminal, from which alone it takes no lines."""
    terminal, theirs = pty.openpty()
    try:
        command = "FZF_DEFAULT_COMMAND='leindex grep --vimgrep backoff' fzf --filter sleep"
        assert (
            shell(tree, command, stdin=theirs) == "src/app/retry.py:20:26:        time.sleep(retry.backoff(attempt))\n"
        )
    finally:
        os.close(terminal)
        os.close(theirs)


def test_json_gives_the_place_of_what_fzf_chose(tree: Path) -> None:
    said = shell(tree, "leindex grep --json backoff | fzf --exact --filter 'time.sleep'")
    found = json.loads(said)
    assert found["type"] == "match" and found["data"]["line_number"] == 20
    assert found["data"]["path"]["text"] == "src/app/retry.py"
