"""Precision and recall of call edges against what a compiler-grade indexer found.

    scip-python index . --output requests.scip
    python benchmarks/graph_truth.py requests-folder requests.scip [--errors 50] [--only FOLDER]

The truth is a SCIP index of the same files (scip-python, scip-typescript, scip-go, scip-clang), or a file of JSON
lines `[path, line, column, target path, target line]`, counted from 1 and columns from 0, where the target is null for
a call that leaves the repository. Judged are the call sites that both know. For calls whose target is a function or a
type inside of the repository:

    recall      of them, how many have an edge (exact or likely) to the right definition
    precision   of our edges at judged sites, how many are right
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import time
from pathlib import Path
from typing import Any

from scip import DEFINITION, documents

import leindex
from leindex.graph.answer import Grade
from leindex.graph.program import Program
from leindex.graph.resolve import Resolver
from leindex.graph.source import CALLABLES, TYPES
from leindex.linkage import Role

Target = tuple[str, int] | None


def scip_truth(file: Path) -> dict[tuple[str, int, int], Target]:
    """Each reference by path, line from 1 and column, with where its symbol is defined; None for outside."""
    read = list(documents(file.read_bytes()))
    defined: dict[tuple[str, str], tuple[str, int]] = {}
    for document in read:
        for one in document.occurrences:
            if one.roles & DEFINITION:
                key = document.path if one.symbol.startswith("local ") else ""
                defined.setdefault((key, one.symbol), (document.path, one.line + 1))
    truth: dict[tuple[str, int, int], Target] = {}
    for document in read:
        for one in document.occurrences:
            if not one.roles & DEFINITION:
                key = document.path if one.symbol.startswith("local ") else ""
                truth.setdefault((document.path, one.line + 1, one.column), defined.get((key, one.symbol)))
    return truth


def json_truth(file: Path) -> dict[tuple[str, int, int], Target]:
    """The same from JSON lines."""
    rows = map(json.loads, file.read_text().splitlines())
    return {(path, line, column): (to, at) if to else None for path, line, column, to, at in rows}


def judge(root: Path, truth: dict[tuple[str, int, int], Target], only: str) -> dict[str, Any]:
    """Counts and errors for one repository."""
    counts: collections.Counter[str] = collections.Counter()
    wrong: list[str] = []
    missed: list[str] = []
    paths = {path for path, _, _ in truth}
    with leindex.open(root, refresh="never") as index:
        index.update()
        with index.snapshot():
            program = Program(index.view())
            resolver = Resolver(program)
            began = time.process_time()
            for path in sorted(paths & set(program.paths)):
                source = program.get(path)
                if source is None or not path.startswith(only):
                    continue
                for use in source.uses():
                    if use.role not in (Role.CALL, Role.NEW):
                        continue
                    counts["sites"] += 1
                    line, column = source.place_of(use.end - len(use.name.encode()))
                    if (path, line, column) not in truth:
                        counts["not judged"] += 1
                        continue
                    target = truth[path, line, column]
                    inside = target is not None and _is_callable(program, target, use.name)
                    if target is not None and not inside:
                        counts["target is no function of this name"] += 1
                        continue
                    resolved = resolver.resolve(source, use)
                    ours = {one for node in resolved.targets for one in _lines(program, node)}
                    grade = resolved.grade
                    counts["inside"] += inside
                    known = grade in (Grade.EXACT, Grade.LIKELY)
                    right = inside and target in ours
                    if known:
                        counts[f"{grade} {'right' if right else 'wrong'}"] += 1
                    said = (
                        f"{path}:{line} {source.string(use.start, use.end)[:60]!r} truth {target} "
                        f"ours {grade} {sorted(ours)[:2]} {resolved.reason}"
                    )
                    if known and not right:
                        wrong.append(said)
                    elif inside and not known:
                        missed.append(said)
            counts["milliseconds"] = round(1000 * (time.process_time() - began))
    return {"counts": counts, "wrong": wrong, "missed": missed}


def _is_callable(program: Program, target: tuple[str, int], name: str) -> bool:
    """Whether a function or a type of this name is defined there. What the indexer puts elsewhere is not judged:
    scip-python names the first class of a module for what a star import brings."""
    source = program.get(target[0])
    return source is not None and any(
        s.line == target[1] and s.kind in CALLABLES | TYPES and s.name in (name, "__init__", "constructor")
        for s in source.symbols
    )


def _lines(program: Program, node: tuple[str, int]) -> list[tuple[str, int]]:
    """A definition by its line, with what stands for the same: a class and its constructors."""
    source = program.get(node[0])
    assert source is not None
    symbol = source.symbols[node[1]]
    found = [(node[0], symbol.line)]
    if symbol.kind in TYPES:
        for name in ("__init__", "__new__", "constructor", symbol.name):
            found += [
                (node[0], source.symbols[i].line) for i in source.members.get((source.qualified(node[1]), name), ())
            ]
    if (symbol.name in ("__init__", "constructor") or symbol.kind == "constructor") and source.parent(node[1]) >= 0:
        found.append((node[0], source.symbols[source.parent(node[1])].line))
    return found


def main() -> None:
    """Judges one repository."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--errors", type=int, default=0, help="so many errors of each sort are shown")
    parser.add_argument("--only", default="", help="only files whose path begins so")
    options = parser.parse_args()
    truth = (scip_truth if options.truth.suffix == ".scip" else json_truth)(options.truth)
    found = judge(options.root, truth, options.only)
    counts = found["counts"]
    exact, likely = counts["exact right"], counts["likely right"]
    bad_exact, bad_likely = counts["exact wrong"], counts["likely wrong"]
    print(
        f"{options.root.name}: sites {counts['sites']}, judged inside {counts['inside']}; "
        f"exact precision {exact / max(exact + bad_exact, 1):.3f} ({exact + bad_exact}); exact and likely precision "
        f"{(exact + likely) / max(exact + likely + bad_exact + bad_likely, 1):.3f}, "
        f"recall {(exact + likely) / max(counts['inside'], 1):.3f}; "
        f"not judged {counts['not judged']}; {counts['milliseconds']} ms"
    )
    random.seed(0)
    for name in ("wrong", "missed"):
        errors = found[name]
        for said in random.sample(errors, min(options.errors, len(errors))):
            print(f"  {name}: {said}")


if __name__ == "__main__":
    main()
