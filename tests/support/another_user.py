"""Runs part of a test as a user who is not root and owns nothing."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

NOBODY = 65534


def as_nobody(folder: Path, action: Callable[[], None]) -> None:
    """Runs an action in a child that is not root and can reach `folder`; fails as it fails."""
    for above in folder.parents:
        if above.stat().st_uid == os.getuid() and above.stat().st_mode & 0o077 == 0:
            above.chmod(0o755)  # pytest's own folders are private

    def child() -> None:
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        action()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    assert process.exitcode == 0, "see the error on stderr"
