"""A command at a pseudo-terminal, as a person sees it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.support.served import environment


def at_terminal(tree: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """The exit status, and what is seen on the screen of a command with stdout and stderr at a terminal."""
    env = {**environment(tree.parent / "home"), "TERM": "xterm"}
    for name in ("LEINDEX_PAGER", "PAGER", "LESS", "NO_COLOR"):
        env.pop(name, None)
    env.update(variables)
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "leindex", *arguments]
    process = subprocess.Popen(
        command, cwd=tree, env=env, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, close_fds=True
    )
    os.close(terminal)
    seen = b""
    try:
        while chunk := os.read(master, 65536):
            seen += chunk
    except OSError:  # how a terminal says that nobody writes to it any more
        pass
    finally:
        os.close(master)
    return process.wait(60), seen.decode().replace("\r\n", "\n")
