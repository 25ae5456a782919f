"""Bytes of an index that are others: what is asked then is answered rightly, or with an error that says so.

Damage strikes an index of one of three trees, one of its files, and there, with equal chance, one of the tables and
indexes that SQLite keeps in it, and a page of that: a bit is another, a range is zeros, or the file ends there.
Everything is asked without comparing with the tree, so that the answers come from the index alone.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from leindex.storage.integrity.checked_pages import PAGE_SIZE
from tests.storage.behind import connect

from .bench import ROOT, Bench, Ran
from .injection import Fault
from .oracle import ERROR, NOTICED, RIGHT, Wrong
from .trees import PATTERNS, make_state

ENGINES: Final = ("sqlite", "tantivy", "duckdb")
KINDS: Final = ("flip", "zeros", "cut")
IN_THE_LOG: Final = "with its last update in the log"
"""The name of an index that a crash left so."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A tree to index and what is asked of it: patterns to grep, names of symbols, questions to search for."""

    name: str
    source: Path | None
    patterns: tuple[str, ...]
    symbols: tuple[str, ...]
    searches: tuple[str, ...]

    def make(self, root: Path) -> None:
        """Puts the tree into `root`: the one made from numbers with its history, or a copy of the source."""
        if self.source is not None:
            shutil.copytree(self.source, root, ignore=shutil.ignore_patterns("__pycache__", "*.so", "test*"))
            return
        make_state(root, "a")
        for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "first")):
            identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
            subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True)
        make_state(root, "b")

    def questions(self, root: Path) -> list[list[str]]:
        """The commands that ask everything, all but the index they ask."""
        asked = [["grep", "-n", pattern, str(root)] for pattern in self.patterns]
        asked += [["grep", "--files", str(root)], ["files", "e", str(root)]]
        asked += [["symbols", name, str(root)] for name in self.symbols]
        asked += [["callers", name, str(root)] for name in self.symbols]
        asked += [["search", question, str(root)] for question in self.searches]
        if self.source is None:
            asked += [["grep", "-n", self.patterns[0], str(root), "--branch", "main"]]
        return [[*words, "--refresh", "never"] for words in asked]


SUBJECTS: Final = (
    Subject("numbers", None, PATTERNS, ("function_0_b",), ("needle_b", "function")),
    Subject(
        "leindex",
        ROOT / "src" / "leindex" / "storage",
        (r"StoreCorruptError\(", r"\bsegment\w* = ", "(?i)POSTING"),
        ("batch_write", "Database"),
        ("how is a checksum compared", "lang:python write batch"),
    ),
    Subject(
        "email",
        Path(sysconfig.get_path("stdlib"), "email"),
        (r"Content-(Type|Transfer)", r"def _\w+\(self", "(?i)charset"),
        ("Message", "get_payload"),
        ("where is a header folded", "sym:encode base64"),
    ),
)


@dataclass(frozen=True, slots=True)
class Damage:
    """What is done to a file of an index at a place: a bit from 0 to 7 is flipped, or, where `size` says so, as many
    bytes become zeros, or all from there on are gone."""

    index: str
    file: str
    part: str
    place: int
    bit: int = 0
    size: int | None = None
    cut: bool = False

    def __str__(self) -> str:
        done = "cut" if self.cut else f"bit {self.bit}" if self.size is None else f"{self.size} zeros"
        return f"{self.index}: {self.file}, {self.part}, byte {self.place}, {done}"

    def strike(self, folder: Path) -> None:
        """Does it to the index in a folder."""
        with open(folder / self.file, "r+b") as file:
            file.seek(self.place)
            if self.cut:
                file.truncate()
                return
            data = file.read(self.size or 1)
            file.seek(self.place)
            file.write(bytes([data[0] ^ 1 << self.bit]) if self.size is None else bytes(len(data)))


@dataclass(frozen=True, slots=True)
class Part:
    """A table of a database, or else a file of an index: which bytes of the file are its own."""

    file: str
    name: str
    ranges: list[tuple[int, int]]


def _parts(folder: Path) -> list[Part]:
    """What an index consists of."""
    whole = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "index.db")
    sizes = {str(path.relative_to(folder)): path.stat().st_size for path in whole}
    parts = [Part(name, "any byte", [(0, size)]) for name, size in sizes.items() if size]
    size, tables = (folder / "index.db").stat().st_size, dict[str, list[tuple[int, int]]]()
    connection = connect(folder / "index.db")
    for name, page in connection.execute("SELECT name, pageno FROM dbstat").fetchall():
        if page * PAGE_SIZE <= size:
            tables.setdefault(name, []).append(((page - 1) * PAGE_SIZE, page * PAGE_SIZE))
    connection.close()
    return parts + [Part("index.db", name, ranges) for name, ranges in sorted(tables.items())]


class Laboratory:
    """Indexes of the three trees, and what each answers while it is whole."""

    def __init__(self, folder: Path, engines: tuple[str, ...] = ENGINES[:1]) -> None:
        self.folder = folder
        self.bench = Bench(folder / "bench")
        self._subjects: dict[str, tuple[Subject, Path]] = {}
        self._answers: dict[str, list[Ran]] = {}
        self._parts: dict[str, list[Part]] = {}
        self._made = 0
        for subject in SUBJECTS:
            root = folder / subject.name
            subject.make(root)
            for engine in engines:
                self._index(f"{subject.name} in {engine}", subject, root, engine)
        if "sqlite" in engines:
            self._crash()

    def _index(self, name: str, subject: Subject, root: Path, engine: str) -> None:
        branch = ["--branch", "main"] if subject.source is None else []
        done = self.bench.run("index", str(root), "--engine", engine, *branch, index=self._base(name))
        assert done.status == 0, done.err
        self._known(name, subject, root)

    def _crash(self) -> None:
        """An index of the first tree whose last update a crash left in the log alone."""
        subject, root = SUBJECTS[0], self.folder / SUBJECTS[0].name
        name = f"{subject.name} {IN_THE_LOG}"
        shutil.copytree(self._base(f"{subject.name} in sqlite"), self._base(name))
        for number in range(6):
            (root / f"late{number}.py").write_text(f"def function_0_b():\n    return 'needle_b late {number}'\n")
        whole = self.copy_of(name)
        calls = self.bench.run("index", str(root), index=whole).calls
        for at in range(calls, 0, -1):
            torn = self.copy_of(name)
            self.bench.run("index", str(root), index=torn, fault=Fault("kill", at))
            log = torn / "index.db-wal"
            if log.exists() and log.stat().st_size:
                late = ["grep", "-l", "late 5", str(root), "--refresh", "never"]
                if self.bench.run(*late, index=self.copy_of(torn)).out:
                    shutil.rmtree(self._base(name))
                    shutil.copytree(torn, self._base(name))
                    break
        else:
            raise AssertionError("no kill leaves the last update in the log")
        self._known(name, subject, root)

    def _known(self, name: str, subject: Subject, root: Path) -> None:
        self._subjects[name] = subject, root
        self._parts[name] = _parts(self.copy_of(name))
        ran = self._ask(name, self.copy_of(name))
        assert all(done.status in (0, 1) for done in ran), [(done.status, done.err) for done in ran]
        self._answers[name] = ran

    def _base(self, name: str) -> Path:
        return self.folder / "bases" / name

    def copy_of(self, base: str | Path) -> Path:
        """A new folder with a copy of an index, by its name or where it is."""
        self._made += 1
        copy = self.folder / "rounds" / str(self._made)
        shutil.copytree(self._base(base) if isinstance(base, str) else base, copy)
        return copy

    def _ask(self, name: str, index: Path) -> list[Ran]:
        subject, root = self._subjects[name]
        return self.bench.series(subject.questions(root), index=index)

    def damages(self, kind: str, rounds: int, seed: int) -> Iterator[Damage]:
        """So many of a kind, "flip", "zeros" or "cut", the same for the same seed."""
        chance = random.Random(seed)
        names = sorted(self._parts)
        for number in range(rounds):
            name = names[number % len(names)]
            part = chance.choice(self._parts[name])
            start, end = chance.choice(part.ranges)
            place = Damage(name, part.file, part.name, chance.randrange(start, end))
            match kind:
                case "flip":
                    yield replace(place, bit=chance.randrange(8))
                case "zeros":
                    yield replace(place, size=chance.choice((4, 64, 512, 4096, 20_000)))
                case _:
                    yield replace(place, cut=True)

    def play(self, damage: Damage) -> str:
        """What the answers of the index are like after that. Raises Wrong for an answer that is neither right nor an
        error."""
        folder = self.copy_of(damage.index)
        damage.strike(folder)
        outcome = self.judge(damage.index, folder, str(damage))
        shutil.rmtree(folder)
        return outcome

    def judge(self, name: str, folder: Path, what: str) -> str:
        """What the answers of a changed copy of an index are like; `what` tells what was changed. Raises Wrong."""
        asked, right = self._ask(name, folder), self._answers[name]
        if len(asked) < len(right):
            raise Wrong(f"{what}: asking ended with {asked[-1].status}: {asked[-1].err}")
        outcome = RIGHT
        for number, (done, known) in enumerate(zip(asked, right, strict=True)):
            if done.clean_error:
                outcome = ERROR
            elif done.status != known.status or done.out != known.out:
                said = f"question {number} ended with {done.status}: {done.err or 'no word'}"
                raise Wrong(f"{what}: {said}; kept in {folder}")
            elif done.err != known.err and outcome == RIGHT:
                outcome = NOTICED
        return outcome

    def close(self) -> None:
        """Ends the process that is asked."""
        self.bench.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
