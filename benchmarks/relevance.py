"""How well ranking answers: NDCG@10 on public questions about public repositories, and definitions by their name.

    python benchmarks/relevance.py --data DIR               figures by category and language, against the golden file
    python benchmarks/relevance.py --data DIR --update      moves the golden file
    python benchmarks/relevance.py --data DIR --ablation    what each signal gives
    python benchmarks/relevance.py --data DIR --names       1,000 definitions, each asked for by its name

DIR holds repos.json and one file of questions for each repository, in the form of the MinishLab/semble annotations
(MIT). The repositories are fetched at the commits that are named there into `--cache`, outside of this checkout; what
is there is used as it is. Only the folder `benchmark_root` of each is indexed. The figures are those of
`Index.search(..., plain=True)`; the ablation ranks from the same indexes.

NDCG@10 with binary relevance: the ranked list is the top 10 hits; a target counts at the rank of the first hit in its
file that overlaps its span, where it has one; ideal is all targets first. The exit status is 1 when the figures are
not those of the golden file, which names questions by a hash of their text.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import leindex
from leindex.ranked.rank import DEFAULT_WEIGHTS, Weights, rank
from leindex.ranked.source import IndexSource
from leindex.symbols.definitions import unpack

GOLDEN = Path(__file__).with_name("relevance_golden.json")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "leindex-benchmarks"
NAMES = 1000
SEED = 20


@dataclass(frozen=True)
class Target:
    path: str
    start: int | None
    end: int | None


@dataclass(frozen=True)
class Question:
    repository: str
    language: str
    text: str
    category: str
    targets: tuple[Target, ...]


def fetch(repository: dict[str, Any], cache: Path) -> Path:
    """The folder of a repository at its commit; cloned when the cache does not have it."""
    folder = cache / repository["name"]
    if not folder.is_dir():
        print(f"fetching {repository['url']}", file=sys.stderr)
        folder.mkdir(parents=True)
        for command in (
            ["init", "--quiet"],
            ["fetch", "--quiet", "--depth", "1", repository["url"], repository["revision"]],
            ["checkout", "--quiet", "FETCH_HEAD"],
        ):
            subprocess.run(["git", "-C", str(folder), *command], check=True)
    return folder / repository.get("benchmark_root", "")


def read_questions(data: Path, repository: dict[str, Any], paths: Sequence[str]) -> Iterator[Question]:
    """The questions of one repository; their targets' paths become relative to the indexed folder."""
    root = repository.get("benchmark_root", "").rstrip("/") + "/"
    known = set(paths)
    for item in json.loads((data / f"{repository['name']}.json").read_text()):
        targets = []
        for target in item["relevant"] + item["secondary"]:
            target = {"path": target} if isinstance(target, str) else target
            path = target["path"]
            path = path if path in known else path.removeprefix(root)
            if path not in known:
                raise SystemExit(f"{repository['name']}: {target['path']} is not among the indexed files")
            targets.append(Target(path, target.get("start_line"), target.get("end_line")))
        yield Question(repository["name"], repository["language"], item["query"], item["category"], tuple(targets))


@dataclass(frozen=True)
class Answer:
    """A hit as far as it is judged."""

    path: str
    start_line: int
    end_line: int


def ndcg(hits: Sequence[Answer], targets: Sequence[Target], depth: int = 10) -> float:
    gained = 0.0
    for target in targets:
        for place, hit in enumerate(hits[:depth]):
            whole_file = target.start is None or target.end is None
            if hit.path == target.path and (
                whole_file or (hit.start_line <= target.end and hit.end_line >= target.start)
            ):
                gained += 1 / math.log2(place + 2)
                break
    return gained / sum(1 / math.log2(place + 2) for place in range(min(depth, len(targets))))


class Benchmark:
    """All repositories, indexed and opened, with their questions."""

    def __init__(self, data: Path, cache: Path) -> None:
        self.indexes: dict[str, leindex.Index] = {}
        self.questions: list[Question] = []
        for repository in json.loads((data / "repos.json").read_text()):
            root = fetch(repository, cache)
            index = leindex.open(root, index=cache / "indexes" / repository["name"], refresh="never")
            index.update()
            self.indexes[repository["name"]] = index
            self.questions += read_questions(data, repository, list(index.paths()))

    def scores(self) -> dict[Question, float]:
        """What each question gets from a search."""
        scores = {}
        for question in self.questions:
            hits = self.indexes[question.repository].search(question.text, plain=True, limit=10).hits
            scores[question] = ndcg([Answer(h.path, h.start_line, h.end_line) for h in hits], question.targets)
        return scores

    def scores_with(self, weights: Weights) -> dict[Question, float]:
        """What each question gets with other weights."""
        scores = {}
        for question in self.questions:
            index = self.indexes[question.repository]
            with index.snapshot():
                source = IndexSource(index.view())
                hits = rank(question.text, source, limit=10, weights=weights)
            answers = [Answer(h.path, h.passage.start_line, h.passage.end_line) for h in hits]
            scores[question] = ndcg(answers, question.targets)
        return scores

    def by_name(self) -> tuple[int, int, list[str]]:
        """Definitions with a name of their own in their repository, drawn at random and asked for by it:
        how many came first, of how many, and those that did not."""
        pool = []
        for name, index in self.indexes.items():
            definitions = []
            for row in index.catalog.files():
                stored = index.catalog.symbols_of(row.number)
                definitions += [(row.name, symbol) for symbol in unpack(stored[1] if stored else b"")]
            count = Counter(symbol.name for _, symbol in definitions)
            pool += [
                (name, path, symbol)
                for path, symbol in definitions
                if count[symbol.name] == 1 and symbol.kind not in ("heading", "test")
            ]
        random.Random(SEED).shuffle(pool)
        missed = []
        for name, path, symbol in pool[:NAMES]:
            hits = self.indexes[name].search(symbol.name, plain=True, limit=1).hits
            first = hits[0] if hits else None
            if first is None or first.path != path or not first.start_line <= symbol.line <= first.end_line:
                missed.append(f"{name}: {symbol.kind} {symbol.name} ({path}:{symbol.line})")
        asked = min(NAMES, len(pool))
        return asked - len(missed), asked, missed


def summary(scores: dict[Question, float]) -> dict[str, Any]:
    groups: dict[str, dict[str, list[float]]] = {"category": defaultdict(list), "language": defaultdict(list)}
    for question, score in scores.items():
        groups["category"][question.category].append(score)
        groups["language"][question.language].append(score)
    result: dict[str, Any] = {"questions": len(scores), "all": mean(list(scores.values()))}
    for group, parts in groups.items():
        result[group] = {name: mean(parts[name]) for name in sorted(parts)}
    return result


def key_of(question: Question) -> str:
    """A name for a question that does not repeat it."""
    return hashlib.sha256(f"{question.repository}\0{question.text}".encode()).hexdigest()[:12]


def mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)


def ablations() -> dict[str, Weights]:
    """The default weights with one signal taken out each."""
    default, words = DEFAULT_WEIGHTS, DEFAULT_WEIGHTS.words
    return {
        "everything": default,
        "no words of the text": replace(default, body=0.0),
        "no names of definitions": replace(default, named_part=0.0, named_whole=0.0),
        "no paths": replace(default, path_name=0.0, path_name_part=0.0, path_folder=0.0, path_folder_part=0.0),
        "no folders": replace(default, path_folder=0.0, path_folder_part=0.0),
        "no rarity among paths": replace(default, path_rarity=0.0),
        "no passages": replace(default, passage=0.0),
        "no definition of the name first": replace(default, name=0.0),
        "no kinds of files": replace(default, kinds={}),
        "no weight on identifiers": replace(default, words=replace(words, identifier=1.0)),
        "no parts of identifiers": replace(default, words=replace(words, part=0.0)),
        "no joined words": replace(default, words=replace(words, joined=0.0)),
        "no short forms": replace(default, words=replace(words, short_form=0.0)),
        "no other words": replace(default, words=replace(words, other_word=0.0)),
    }


def print_ablation(benchmark: Benchmark) -> None:
    print("| | all | architecture | semantic | symbol |\n|---|---|---|---|---|")
    for name, weights in ablations().items():
        figures = summary(benchmark.scores_with(weights))
        parts = " | ".join(f"{figures['category'][c]:.3f}" for c in ("architecture", "semantic", "symbol"))
        print(f"| {name} | {figures['all']:.3f} | {parts} |", flush=True)


def print_figures(figures: dict[str, Any], golden: dict[str, Any]) -> None:
    rows = {"all": figures["all"], **figures["category"], **figures["language"]}
    before = {"all": golden.get("all"), **golden.get("category", {}), **golden.get("language", {})}
    for name, value in rows.items():
        old = before.get(name)
        change = f"  ({value - old:+.4f})" if old is not None and value != old else ""
        print(f"{name:14} {value:.4f}{change}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with repos.json and the questions")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for the repositories")
    parser.add_argument("--update", action="store_true", help="write the golden file")
    parser.add_argument("--ablation", action="store_true", help="take out one signal at a time")
    parser.add_argument("--names", action="store_true", help="ask for definitions by their names")
    options = parser.parse_args()
    benchmark = Benchmark(options.data, options.cache)
    if options.ablation:
        print_ablation(benchmark)
        return 0
    if options.names:
        first, asked, missed = benchmark.by_name()
        print(*missed, f"{first} of {asked} definitions come first when asked for by name", sep="\n")
        return 0
    scores = benchmark.scores()
    figures = summary(scores)
    golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    print_figures(figures, golden)
    figures["scores"] = {key_of(question): round(score, 4) for question, score in scores.items()}
    if options.update:
        GOLDEN.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    return 0 if options.update or figures == golden else 1


if __name__ == "__main__":
    sys.exit(main())
