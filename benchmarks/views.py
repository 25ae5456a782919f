"""What views cost: 20 release tags beside a tree, queries over one and over all, a branch that moves by one commit.

    python benchmarks/views.py --repository FOLDER [--tags 20] [--moves 50] [--json FILE]

`--repository` is a git repository of at least 5,000 commits; it is cloned (with its objects shared) into a temporary
folder, where nothing of it is changed. Reported are

- the growth of the index by the tags, beside the bytes of the contents that they add, and the part of it that is lists
  of files. The bound is what their distinct blobs weigh, plus 5 %;
- the CPU time of the same queries over one tag and over all of them, in turns, the median of each. The bound is twice;
- the time to move a branch by one commit along the first parents of HEAD, less that of git's own commands for it, run
  right before. The bound is 50 ms;
- with `--zoekt DIR`, where `zoekt-git-index` is, the size of zoekt's index of the same branches.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import leindex
from leindex.index import Index
from leindex.indexing.revisions.repository import repository_of
from leindex.questions import GrepQuestion, SearchQuestion, Where
from leindex.tree.wanted import Wanted

PATTERNS = ["def url_for", "import", "retry_count", r"\w+Error\b", "TODO", "class [A-Z]"]
QUERIES = ["request context", "error handler", "sym:run", "retry backoff"]
ROUNDS = 5


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def index_bytes(index: Index) -> int:
    """Pages in use."""
    index.catalog.database.writer.pragma("wal_checkpoint(TRUNCATE)")
    stats = index.store.stats()
    return int(stats["database_bytes"]) - int(stats["free_bytes"])


def table_bytes(index: Index, names: tuple[str, ...]) -> int:
    """The pages of some tables and their indexes."""
    marks = ", ".join(f"'{name}'" for name in names)
    sizes = index.catalog.rows(
        f"SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name IN ({marks}))"
    )
    return int(sizes[0][0] or 0)


def cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def growth(index: Index, tags: list[str]) -> dict[str, Any]:
    before, documents = index_bytes(index), index.store.count()
    known = {number for number, _ in index.store.ids()}
    begun = time.perf_counter()
    shown = index.views.add(Wanted(tags=tuple(tags)))
    seconds = time.perf_counter() - begun
    added = [number for number, _ in index.store.ids() if number not in known]
    raw = sum(len(content or b"") for content in index.store.contents(added))
    lists = table_bytes(index, ("views", "view_files", "view_facts", "view_skipped", "view_totals"))
    grown = index_bytes(index) - before
    return {
        "views": len(shown),
        "files": sum(view.files for view in shown),
        "seconds": round(seconds, 2),
        "contents": index.store.count() - documents,
        "content_bytes": raw,
        "growth_bytes": grown,
        "lists_bytes": lists,
        "growth_over_content": round(grown / raw, 3),
        "lists_over_stored": round(lists / (grown - lists), 4),
    }


def queries(index: Index, tags: list[str]) -> dict[str, Any]:
    one, many = Where(revs=(tags[-1],)), Where(branches=tuple(tags))
    ratios: dict[str, Any] = {}
    # An answer of the same size: who asks for every line of twenty releases has as many more lines to print.
    asked: list[tuple[str, Callable[[], object]]] = [
        *((f"grep {p}", lambda p=p: index.grep(GrepQuestion(p, max_files=20))) for p in PATTERNS),
        *((f"search {q}", lambda q=q: index.search(SearchQuestion(q))) for q in QUERIES),
    ]
    for name, ask in asked:
        times: dict[Where, list[float]] = {one: [], many: []}
        for _ in range(ROUNDS + 1):
            for where, taken in times.items():
                with index.at(where):
                    taken.append(cpu(ask))
        a, b = (statistics.median(times[where][1:]) for where in (one, many))
        ratios[name] = {"one_ms": round(a * 1e3, 2), "all_ms": round(b * 1e3, 2), "ratio": round(b / a, 2)}
    return ratios


def moves(index: Index, folder: Path, count: int) -> dict[str, Any]:
    commits = git(folder, "rev-list", "--first-parent", f"--max-count={count + 1}", "HEAD").split()[::-1]
    git(folder, "branch", "-f", "moving", commits[0])
    index.views.add(Wanted(branches=("moving",)))
    repository = repository_of(folder)
    beyond: list[float] = []
    for old, new in pairwise(commits):
        git(folder, "branch", "-f", "moving", new)
        begun = time.perf_counter()
        repository.refs()
        changed = repository.changes(old, new)
        repository.sizes([entry.blob for _, entry in changed])
        subprocess.run(
            ["git", "-C", folder, "cat-file", "--batch"],
            input="\n".join(entry.blob for _, entry in changed).encode(),
            capture_output=True,
            check=True,
        )
        own = time.perf_counter() - begun
        begun = time.perf_counter()
        index.views.follow()
        beyond.append(time.perf_counter() - begun - own)
    ordered = sorted(beyond)
    return {
        "moves": len(beyond),
        "median_ms": round(1e3 * statistics.median(ordered), 1),
        "p95_ms": round(1e3 * ordered[int(len(ordered) * 0.95)], 1),
        "worst_ms": round(1e3 * ordered[-1], 1),
    }


def zoekt(binaries: Path, folder: Path, tags: list[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as out:
        refs = ",".join(f"refs/tags/{tag}" for tag in tags)
        command = [binaries / "zoekt-git-index", "-index", out, "-branches", refs, folder]
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        size = sum(path.stat().st_size for path in Path(out).rglob("*") if path.is_file())
        return {"seconds": round(time.perf_counter() - begun, 2), "index_bytes": size}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", type=Path, required=True)
    parser.add_argument("--tags", type=int, default=20)
    parser.add_argument("--moves", type=int, default=50)
    parser.add_argument("--zoekt", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "tree"
        subprocess.run(["git", "clone", "-q", "--shared", options.repository.resolve(), folder], check=True)
        commits = int(git(folder, "rev-list", "--count", "--all"))
        tags = git(folder, "tag", "--sort=creatordate").split()[-options.tags :]
        os.environ["LEINDEX_HOME"] = os.path.join(work, "indexes")
        with leindex.open(folder, refresh="never") as index:
            index.update()
            found: dict[str, Any] = {"repository": options.repository.name, "commits": commits}
            found["growth"] = growth(index, tags)
            found["queries"] = queries(index, tags)
            found["moves"] = moves(index, folder, options.moves)
        if options.zoekt is not None:
            found["zoekt"] = zoekt(options.zoekt, folder, tags)
    print(json.dumps(found, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
