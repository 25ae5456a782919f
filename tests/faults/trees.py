"""The tree that the laboratory indexes, in two states, and what ripgrep finds in each.

Contents are made from numbers alone. Every file of a state has words of its own, so that an answer tells which state
of each file it comes from.
"""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILES: Final = 30
PATTERNS: Final = ("needle_[ab]", r"value\w* = \d+5\b", "(?i)ALPHA|beta")
"""What is asked of every index: in both states each pattern is in many files."""


def _text(number: int, state: str) -> str:
    chance = random.Random(f"{number}{state}")
    lines = [f"def function_{number}_{state}():", f'    """needle_{state} of file {number}, Alpha."""']
    lines += [f"    value{chance.randrange(900)} = {chance.randrange(10_000)}" for _ in range(chance.randrange(3, 60))]
    lines += ["    return beta", ""] if chance.random() < 0.5 else ["    return gamma", ""]
    return "\n".join(lines)


def _names(state: str) -> dict[str, int]:
    """The files of a state with the numbers of their contents: some are renamed, removed and new in the second."""
    names = {f"d{number % 4}/file{number}.py": number for number in range(FILES)}
    if state == "b":
        names["renamed.py"] = names.pop("d1/file1.py")
        del names["d2/file2.py"]
        names |= {f"new/file{number}.py": number for number in range(FILES, FILES + 3)}
    return names


CHANGED: Final = (0, 5, 10, 15)


def make_state(root: Path, state: str) -> None:
    """Brings the tree into state "a" or "b"; what is the same in both stays untouched."""
    names = _names(state)
    if root.exists():
        for path in sorted(root.rglob("*")):
            if path.is_file() and ".git" not in path.parts and str(path.relative_to(root)) not in names:
                path.unlink()
    for name, number in names.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        changed = state == "b" and (number in CHANGED or number >= FILES)
        text = _text(number, "b" if changed else "a")
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


@dataclass(frozen=True, slots=True)
class Expected:
    """What ripgrep prints of one state of the tree, by pattern; which files there are."""

    greps: dict[str, bytes]
    files: frozenset[str]


def expected(root: Path) -> Expected:
    """What ripgrep says of the tree as it is."""
    greps = {}
    for pattern in PATTERNS:
        command = ["rg", "-n", "--no-heading", "--sort", "path", pattern, str(root)]
        greps[pattern] = subprocess.run(command, capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout
    return Expected(greps, frozenset(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()))
