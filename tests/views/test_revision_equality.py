"""`leindex grep --rev` prints what ripgrep prints in a clean checkout of the revision, byte for byte."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leindex.cli.main import main
from tests.exact.commands import needs_ripgrep, ripgrep
from tests.support.repository import Repository

pytestmark = [needs_ripgrep]

WORDS = [
    *("retry", "delay", "socket", "buffer", "queue", "state", "index", "token"),
    *("parse", "write", "read", "close", "open", "error", "value"),
]
NAMES = ["a.py", "b.rs", "README.md", "notes.txt", "build.log", ".hidden.py", "data.bin", "deep/x/y.py", "deep/z.c"]
REVISIONS = 8

PATTERNS = [
    ["retry"],
    ["-n", "-i", "RETRY"],
    ["-c", "e"],
    ["-l", "socket"],
    ["--files-without-match", "socket"],
    ["-o", r"\w+_\w+"],
    ["-v", "-c", "a"],
    ["-C1", "-n", "queue"],
    ["-w", "state"],
    ["-x", r"\w+ = \d+"],
    ["-U", r"delay.*\n.*value"],
    ["--files"],
    ["-F", "()"],
    ["-r", "X", "-o", "token"],
    ["--column", "-n", "buffer"],
    ["-q", "nowhere at all"],
    ["-tpy", "-l", "read"],
    ["-g", "*.rs", "write"],
    ["-g", "!deep", "write"],
    ["-a", "-c", "close"],
    ["--heading", "-n", "open"],
    ["--null", "-l", "index"],
    ["--hidden", "-l", "retry"],
    ["--no-ignore", "-c", "delay"],
    ["-u", "-u", "--files", "-g", "!.git"],
    ["-g", ".hidden.py", "--files"],
    ["--no-ignore-vcs", "--files", "lib"],
    ["--max-depth", "2", "-l", "e"],
    ["value", "deep"],
    ["-n", "value", "./deep"],
    ["-n", "value", "build.log"],
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """Revisions with ignore files that come, change and go, binary files, and links."""
    folder = tmp_path_factory.mktemp("equality")
    home = folder / "home"
    (home / ".config" / "git").mkdir(parents=True)
    (home / ".config" / "git" / "ignore").write_text("*.orig\n")
    patch = pytest.MonkeyPatch()
    patch.setenv("HOME", str(home))
    patch.setenv("LEINDEX_HOME", str(folder / "indexes"))
    patch.delenv("XDG_CONFIG_HOME", raising=False)
    choice = random.Random(14)
    made = Repository.made(folder / "tree")
    for number in range(REVISIONS):
        files: dict[str, str | bytes | None] = {}
        for top in ("", "src/", "lib/sub/"):
            for name in NAMES:
                lines = [f"{choice.choice(WORDS)}_{choice.choice(WORDS)} = {choice.randrange(99)}" for _ in range(12)]
                lines += [" ".join(choice.choices(WORDS, k=6)) + "()" for _ in range(6)]
                text = "\n".join(choice.sample(lines, len(lines))) + choice.choice(["", "\n"])
                files[top + name] = b"\0" + text.encode() if name == "data.bin" else text
        files["src/utf16.txt"] = b"\xff\xfe" + "retry in another encoding\n".encode("utf-16-le")
        files["a.orig"] = "retry that the user excludes\n"
        files[".gitignore"] = choice.choice(["*.log\n", "/src/*.txt\n!notes.txt\n", "deep/\n", "*.log\n!/build.log\n"])
        files["lib/.ignore"] = choice.choice(["*.md\n", "sub/a.py\n", "# nothing\n"])
        files["lib/sub/.gitignore"] = choice.choice(["*\n!*.py\n", "x/\n"])
        made.commit(files)
        made.git("tag", f"v{number}")
    os.symlink("a.py", made.folder / "link.py")
    made.commit({"lib/.ignore": None})
    made.git("tag", f"v{REVISIONS}")
    yield made
    patch.undo()


@pytest.fixture(scope="module")
def checkout(repository: Repository) -> Path:
    folder = repository.folder.parent / "checkout"
    repository.git("worktree", "add", "-q", "--detach", os.fspath(folder))
    return folder


@pytest.mark.parametrize("number", range(REVISIONS + 1))
def test_it_prints_what_ripgrep_prints_in_a_checkout(
    repository: Repository, checkout: Path, number: int, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    subprocess.run(["git", "-C", checkout, "checkout", "-q", "--force", f"v{number}"], check=True)
    before = Path.cwd()
    os.chdir(repository.folder)
    try:
        for pattern in PATTERNS:
            status = main(["grep", "--rev", f"v{number}", *pattern])
            sys.stdout.flush()
            printed = capfdbinary.readouterr().out
            theirs = ripgrep(pattern, checkout)
            assert (status, printed) == (theirs.status, theirs.output), pattern
    finally:
        os.chdir(before)
