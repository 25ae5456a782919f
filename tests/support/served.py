"""A small tree, and a server on it in a process of its own, for the tests that talk to it from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.edits import git

FILES = {
    "README.md": "# Sample\n\nA small project about retries.\n",
    "src/app/retry.py": '''"""Retries with backoff."""

import time


class Retry:
    """Tries again, later each time."""

    def __init__(self, times: int) -> None:
        self.times = times

    def backoff(self, attempt: int) -> float:
        return 0.1 * 2**attempt


def run(task, retry: Retry):
    for attempt in range(retry.times):
        if task():
            return True
        time.sleep(retry.backoff(attempt))
    return False
''',
    "src/app/main.py": """from app.retry import Retry, run


def main() -> None:
    run(lambda: True, Retry(3))
""",
    "src/lib/list.c": """struct list {
\tint size;
};

int list_size(struct list *l)
{
\treturn l->size;
}
""",
    "web/page.js": "export function render(items) {\n  return items.map((item) => `<li>${item}</li>`);\n}\n",
    "notes/ümläut & <b>.txt": "retry notes with a <script>alert(1)</script>\n",
    "docs/guide.md": "# Guide\n\nHow to retry.\n\n## Backoff\n\nEach attempt waits longer.\n",
}


def make_tree(root: Path, copies: int = 0) -> Path:
    """Writes the sample, and `copies` more files that all differ, below `root`."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for number in range(copies):
        path = root / "many" / f"part{number % 7}" / f"file{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"def copied_{number}():\n    needle = {number}\n    return needle\n" + "# filler\n" * 40)
    return root


def make_repository(root: Path) -> Path:
    """The sample as the one commit of a repository."""
    make_tree(root)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root


def environment(home: Path) -> dict[str, str]:
    """The environment of a child: the package as it is under test, indexes in a folder of their own."""
    source = str(Path(__file__).resolve().parents[2] / "src")
    return {**os.environ, "LEINDEX_HOME": str(home), "PYTHONPATH": source, "PYTHONWARNINGS": "error"}


@contextmanager
def serving(root: Path, home: Path, *arguments: str) -> Iterator[str]:
    """`leindex serve` on a free port; gives the address without the slash at its end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "leindex", "serve", str(root), *arguments],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        assert "serving at http://" in said, said + process.stderr.read()
        yield said.split()[3].partition("?")[0].rstrip("/")
    finally:
        process.send_signal(signal.SIGINT)
        try:
            left = process.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            left = process.communicate()[1] + "did not end"
        assert "Traceback" not in left and "did not end" not in left, left
