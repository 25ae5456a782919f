"""Repositories that change at random: files with odd names and line ends, edits, renames, binary files."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

NAMES = ("plain.py", "dir/with space.txt", 'odd"quote.c', "dir/été.md", "tab\there.py", "crlf.txt", "noend.txt")


def git(root: Path, *words: str, when: str = "2026-01-01T00:00:00Z", author: str = "Ann") -> bytes:
    environment = {
        **os.environ,
        **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), author),
        **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), f"{author.lower()}@example.org"),
        **dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), when),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    return subprocess.run(["git", *words], cwd=root, env=environment, check=True, capture_output=True).stdout


def lines_of(chance: random.Random, count: int) -> list[bytes]:
    kinds = (lambda n: b"word %d" % n, lambda n: b"w%d" % n, lambda n: b"    e = %d" % n, lambda n: b"", lambda n: b"}")
    return [chance.choice(kinds)(chance.randrange(400)) for _ in range(count)]


def written(path: Path, lines: Sequence[bytes]) -> None:
    path.parent.mkdir(exist_ok=True)
    end = b"\r\n" if path.name == "crlf.txt" else b"\n"
    data = b"".join(line + end for line in lines)
    path.write_bytes(data.removesuffix(end) if path.name == "noend.txt" else data)


def edited(root: Path, chance: random.Random) -> None:
    """One random change of the files on disk, staged or not."""
    names = [name for name in NAMES if (root / name).exists()]
    name = chance.choice(names)
    path = root / name
    match chance.randrange(8):
        case 0:
            new = path.with_name(f"moved{chance.randrange(1000)} {path.name}")
            git(root, "mv", "-f", "-k", name, str(new.relative_to(root)))
            path = new if new.exists() else path
        case 1:
            path.unlink()
        case 2:
            path = root / f"new{chance.randrange(1000)}.py"
            written(path, lines_of(chance, 5))
            git(root, "add", "-N" if chance.random() < 0.5 else "--", path.name)
        case 3:
            (root / "binary.bin").write_bytes(chance.randbytes(50) + b"\0word 15\n")
    if path.exists():
        lines = path.read_bytes().split(b"\n")
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(lines) + 1)
            end = b"\r" if path.name.endswith("crlf.txt") else b""
            lines[at : at + chance.randrange(4)] = [line + end for line in lines_of(chance, chance.randrange(4))]
        path.write_bytes(b"\n".join(lines))
    if chance.random() < 0.4:
        git(root, "add", "-A" if chance.random() < 0.5 else "-u")
