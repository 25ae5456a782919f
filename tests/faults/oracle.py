"""What is asked of an index after a fault, and which answers pass.

An answer is right, right with a notice, or a clear error; anything else raises `Wrong`. What is right is known from
ripgrep for text, and from an index that nothing happened to for symbols and search.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .bench import Bench, Ran
from .trees import PATTERNS

RIGHT: Final = "right"
NOTICED: Final = "right with a notice"
ERROR: Final = "a clear error"

SYMBOLS: Final = ("function_0_a", "function_31_b")
SEARCHES: Final = ("needle_b",)

Lines = Mapping[str, bytes]
"""The lines that a grep printed, by file."""


class Wrong(AssertionError):
    """An answer that is none of the three that pass."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The answers of one index to everything that is asked: greps, its files, and the places that symbols and searches
    lead to. `notices` are what was said beside right answers, `errors` what questions failed with."""

    greps: Mapping[str, Lines]
    files: frozenset[str]
    ranked: frozenset[tuple[str, str]]
    notices: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def grouped(out: bytes, root: Path) -> dict[str, bytes]:
    """What a grep printed, by file relative to the root."""
    found: dict[str, bytes] = {}
    prefix = f"{root}/".encode()
    for line in out.splitlines(keepends=True):
        if not line.startswith(prefix):
            raise Wrong(f"a line that names no file: {line!r}")
        name, _, rest = line.removeprefix(prefix).partition(b":")
        found[name.decode()] = found.get(name.decode(), b"") + rest
    return found


def questions(root: Path) -> list[list[str]]:
    """The commands that ask everything, all but the index they ask."""
    greps = [["grep", "-n", pattern, str(root)] for pattern in PATTERNS]
    symbols = [["symbols", name, str(root)] for name in SYMBOLS]
    searches = [["search", query, str(root), "--limit", "100"] for query in SEARCHES]
    return [[*words, "--refresh", "never"] for words in (*greps, ["grep", "--files", str(root)], *symbols, *searches)]


def answers(bench: Bench, root: Path, index: Path) -> Asked:
    """Asks an index everything, without comparing it with the tree."""
    return understood(bench.series(questions(root), index=index), root)


def understood(ran: Sequence[Ran], root: Path) -> Asked:
    """What the commands of `questions` said."""
    names = [*PATTERNS, "", *SYMBOLS, *SEARCHES]
    if len(ran) < len(names):
        raise Wrong(f"asking ended with {ran[-1].status}: {ran[-1].err}")
    asked = Asked({}, frozenset(), frozenset())
    for done in ran:
        if done.clean_error:
            asked.errors.append(done.err)
        elif done.status not in (0, 1):
            raise Wrong(f"a question ended with {done.status}: {done.err}")
        elif done.err:
            asked.notices.append(done.err)
    count = len(PATTERNS)
    greps = {pattern: grouped(done.out, root) for pattern, done in zip(PATTERNS, ran, strict=False)}
    files = frozenset(name.decode().removeprefix(f"{root}/") for name in ran[count].out.splitlines())
    ranked: set[tuple[str, str]] = set()
    for name, done in zip(names[count + 1 :], ran[count + 1 :], strict=True):
        ranked |= _places(name, done.out)
    return Asked(greps, files, frozenset(ranked), asked.notices, asked.errors)


def _places(question: str, out: bytes) -> set[tuple[str, str]]:
    """The question with each place that an answer leads to: of a symbol its line, of a search the file alone, since
    where passages end is a matter of symbols."""
    places = {line.split()[0] for line in out.decode().splitlines() if ".py:" in line and line[0] != " "}
    return {(question, place if question in SYMBOLS else place.partition(":")[0]) for place in places}


def acknowledged(done: Ran) -> int:
    """How many files a command said were written, before it ended however it did."""
    files = 0
    for line in done.err.splitlines():
        if line.startswith('{"progress"'):
            try:
                progress = json.loads(line)["progress"]
            except ValueError:
                continue  # killed in the middle of the line
            if progress["stage"] == "text":
                files = max(files, progress["documents"])
    return files


def judge(asked: Asked, old: Asked, new: Asked, *, atomic: bool, written: int, text: bool) -> str:
    """The outcome for an index that is to be in the state `old` or `new`, or, unless it is atomic, with each file in
    one of the two, `written` of them at least in the new one. `text`: symbols may be missing, if that is said."""
    if asked.errors:
        return ERROR
    state = _state(asked, old, new, atomic=atomic, written=written)
    whole = old.ranked | new.ranked if state is None else state.ranked
    if not asked.ranked <= whole:
        raise Wrong(f"symbols or search of no state: {sorted(asked.ranked - whole)[:6]}")
    if not text and state is not None and asked.ranked != whole:
        raise Wrong(f"symbols or search lack: {sorted(whole - asked.ranked)[:6]}")
    if text and asked.ranked != whole and not asked.notices:
        raise Wrong("symbols or search lack something, and no word is said")
    return NOTICED if asked.notices else RIGHT


def _state(asked: Asked, old: Asked, new: Asked, *, atomic: bool, written: int) -> Asked | None:
    """Which of the two states it is, None for files of both."""
    for state in (new, old):
        if asked.greps == state.greps and asked.files == state.files:
            if state is old and old is not new and written:
                raise Wrong(f"{written} files were acknowledged and all are lost")
            return state
    if atomic:
        raise Wrong(f"neither the old state nor the new: {_difference(asked, old)} and {_difference(asked, new)}")
    renewed = 0
    for name in old.files | new.files | asked.files:
        seen = _of(asked, name)
        if seen not in (_of(old, name), _of(new, name)):
            raise Wrong(f"{name} is in neither state: {seen}")
        renewed += seen == _of(new, name) and seen != _of(old, name)
    if renewed < written:
        raise Wrong(f"{written} files were acknowledged, {renewed} are there")
    if not old.files and not asked.notices:
        raise Wrong("answers from an index that was never finished, without a word")
    return None


def _of(asked: Asked, name: str) -> tuple[bool, tuple[bytes, ...]]:
    return name in asked.files, tuple(lines.get(name, b"") for lines in asked.greps.values())


def _difference(asked: Asked, state: Asked) -> list[str]:
    every = asked.files | state.files
    return [name for name in sorted(every) if _of(asked, name) != _of(state, name)][:5]
