"""What runs when a fault strikes: each scene is a state of an index, one command, and the states it may leave."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .bench import SMALL, Bench
from .injection import Fault
from .oracle import Asked, answers, grouped
from .trees import expected, make_state

LARGE: Final = {"leindex.indexing.pipeline.SMALL_FILES": 0}
SEALING: Final = {
    "leindex.storage.sqlite.segments.TAIL_DOCUMENTS": 4,
    "leindex.storage.sqlite.segments.FANOUT": 2,
}


@dataclass(frozen=True, slots=True)
class Scene:
    """A command of leindex on an index in a known state.

    `start` names that index, empty for none. `before` is the state that it answers from, "a", "b" or "none"; `atomic`:
    what is left is all of the old state or all of the new. A scene that is not atomic is written in batches, and each
    file is old or new. `sizes` are other constants.
    """

    name: str
    start: str
    words: tuple[str, ...]
    before: str = "b"
    atomic: bool = True
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def constants(self) -> dict[str, int]:
        """The sizes that its command works with."""
        return {**SMALL, **self.sizes}


def _bulk(name: str, *more: str) -> Scene:
    return Scene(name, "", ("index", "--json", "--batch-size", "5", *more), "none", atomic=False)


SCENES: Final[dict[str, Scene]] = {
    scene.name: scene
    for scene in (
        _bulk("bulk index", "--workers", "0"),
        _bulk("bulk index, threads", "--workers", "2"),
        _bulk("bulk index, normal durability", "--workers", "0", "--durability", "normal"),
        Scene("small update", "a", ("index", "--json", "--workers", "0"), "a"),
        Scene("large update", "a", ("index", "--json", "--batch-size", "3", "--workers", "0"), "a", False, sizes=LARGE),
        Scene("second stage", "b text", ("index", "--json", "--workers", "0")),
        Scene("merge", "a", ("index", "--json", "--workers", "0"), "a", sizes=SEALING),
        Scene("compaction", "b", ("compact",)),
        Scene("recovery", "b torn", ("index", "--json", "--workers", "0")),
        Scene("recovery by a reader", "b torn", ("grep", "needle", "--refresh", "never")),
        Scene("migration to tantivy", "b", ("migrate", "--json", "--to", "tantivy")),
        Scene("migration to duckdb", "b", ("migrate", "--json", "--to", "duckdb")),
        Scene("migration from tantivy", "b tantivy", ("migrate", "--json", "--to", "sqlite")),
        Scene("migration from duckdb", "b duckdb", ("migrate", "--json", "--to", "sqlite")),
        _bulk("bulk index, tantivy", "--workers", "0", "--engine", "tantivy"),
        _bulk("bulk index, duckdb", "--workers", "0", "--engine", "duckdb"),
        Scene("small update, tantivy", "a tantivy", ("index", "--json", "--workers", "0"), "a"),
        Scene("small update, duckdb", "a duckdb", ("index", "--json", "--workers", "0"), "a"),
    )
}


class Stage:
    """A tree, the indexes that scenes start from, and a bench to run commands on copies of these."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "tree"
        self.bench = Bench(folder / "bench")
        self.bases = folder / "bases"
        self.states: dict[str, Asked] = {}
        self._made = 0

    def __enter__(self) -> Stage:
        for state in "ab":
            make_state(self.root, state)
            for engine in ("", " tantivy", " duckdb"):
                # In state "b" these are what was "a", brought up to date: they hold contents without a file as well.
                if state == "b":
                    shutil.copytree(self.bases / f"a{engine}", self.bases / f"b{engine}")
                self._ran(
                    "index", f"{state}{engine}", *(["--engine", engine.strip()] if engine and state == "a" else [])
                )
            found = expected(self.root)
            base = self.bases / state
            self.states[state] = Asked(
                {pattern: grouped(out, self.root) for pattern, out in found.greps.items()},
                found.files,
                answers(self.bench, self.root, base).ranked,
            )
        self._ran("index", "b text", "--text-only")
        self._tear()
        nothing = {pattern: {} for pattern in self.states["a"].greps}
        self.states["none"] = Asked(nothing, frozenset(), frozenset())
        return self

    def _ran(self, command: str, base: str, *more: str) -> None:
        done = self.bench.run(command, str(self.root), *more, index=self.bases / base)
        assert done.status == 0, done.err

    def _tear(self) -> None:
        """An index whose last update stands in the log alone, as a kill at its last write left it."""
        base = self.bases / "b torn"
        whole = self.bases / "count"
        shutil.copytree(self.bases / "a", whole)
        calls = self.bench.run("index", str(self.root), index=whole).calls
        for at in range(calls, 0, -1):
            shutil.rmtree(base, ignore_errors=True)
            shutil.copytree(self.bases / "a", base)
            self.bench.run("index", str(self.root), index=base, fault=Fault("kill", at))
            if self._new_state_is_in("b torn") and not self._new_state_is_in("b torn", without="index.db-wal"):
                return
        raise AssertionError("no kill leaves the last update in the log alone")

    def _new_state_is_in(self, base: str, *, without: str = "") -> bool:
        """Whether a copy of an index finds a word that is in the second state alone."""
        copy = self.copy_of(base)
        if without:
            (copy / without).unlink(missing_ok=True)
        found = self.bench.run("grep", "-l", "function_31_b", str(self.root), "--refresh", "never", index=copy)
        shutil.rmtree(copy)
        return bool(found.out)

    def copy_of(self, base: str) -> Path:
        """A new folder with a copy of an index, or with nothing yet."""
        self._made += 1
        folder = self.folder / "rounds" / str(self._made)
        folder.parent.mkdir(exist_ok=True)
        if base:
            shutil.copytree(self.bases / base, folder)
        return folder

    def __exit__(self, *exception: object) -> None:
        self.bench.close()
