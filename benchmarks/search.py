"""Query times of an index, warm, and of a fresh process, beside ripgrep's.

    python benchmarks/search.py TREE [--index DIR] [--rounds 5] [--json]

Fifty literals and regular expressions, rare to common, the first 50 files in path order, through an open Index with
the freshness check off; then patterns with no usable gram over the whole tree, and a fresh `leindex grep -l` of a rare
word, each interleaved with `rg --sort path` (one thread) and plain `rg` on the same tree. Every answer is compared with
ripgrep's before it is timed. Last, ranked queries through an open Index, as queries and as questions in words, with the
processor time too, which other work on the machine disturbs less; how good their answers are, `relevance.py` says. The
patterns suit C code; on other trees many are rare.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import leindex

PATTERNS = """
retry_count
tx_timeout
sched_clock_cpu
dma_alloc_coherent
EXPORT_SYMBOL_GPL
mutex_lock
spin_lock_irqsave
kmalloc
struct net_device
return -EINVAL;
if (ret < 0)
#include <linux/
container_of(
MODULE_LICENSE("GPL
goto err_free
unlikely(
0xdeadbeef
copyright holder
tcp_v4_connect
ext4_map_blocks
i915_gem_object
usb_submit_urb
platform_driver
of_match_table
__init
static inline
unsigned long flags
TODO
FIXME
zzzznothing
""".strip().splitlines()

REGEXES = r"""
[A-Z]+_SUSPEND
\w+_irq(save|restore)?\b
^static int \w+_probe\(
struct \w+_ops\b
(?i)kernel panic
(?i)deadlock
return -E(INVAL|NOMEM|BUSY);
\bpr_(err|warn)\("
spin_(un)?lock_irq\w*
sched_.*_cpu
__attribute__\(\(packed\)\)
^#define [A-Z]+_MAX\s+\d+
alloc.*coherent
0x[0-9a-f]{16}ULL
MODULE_AUTHOR\(".*@intel\.com
tcp_(v4|v6)_rcv
\bu64\s+\w+_ns\b
list_for_each_entry(_safe)?\(
E(PERM|NOENT)\b.*goto
wait_event_interruptible_timeout\(
""".strip().splitlines()

GRAMLESS = ["[0-9]{5}", r"\w\d\w\d\w\d", "[aeiou]{5}", r"^.{200,}$", r"[^\x00-\x7f]"]
FIRST = 50

RANKED = """
mutex lock
tcp_v4_connect
how does the scheduler pick the next task
ext4 journal commit
usb device probe
page fault handler
struct file_operations
spinlock irq save
memory allocation failure
read copy update grace period
inode
network device queue
sym:kmalloc
kind:function init lang:c
file:sched task
""".strip().splitlines()


def literal_or_regex() -> list[tuple[str, bool]]:
    """The patterns, each with whether it is literal."""
    return [(pattern, True) for pattern in PATTERNS] + [(pattern, False) for pattern in REGEXES]


def rg_files(tree: str, pattern: str, *, fixed: bool, sort: bool = True) -> list[str]:
    """The files that ripgrep finds."""
    command = ["rg", "-l", *(["--sort", "path"] if sort else []), *(["-F"] if fixed else []), "-e", pattern, "."]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, errors="surrogateescape", check=False)
    return [line.removeprefix("./") for line in done.stdout.splitlines()]


def timed(work: Callable[[], object]) -> float:
    """Seconds of wall time."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ranked(index: leindex.Index, rounds: int) -> dict[str, dict[str, object]]:
    """Milliseconds of ranked queries: the median of the queries' medians, after a round that is not counted."""
    figures: dict[str, dict[str, object]] = {}
    for kind, plain, queries in (("queries", False, RANKED), ("questions in words", True, RANKED[:12])):
        walls: dict[str, list[float]] = {}
        processor: dict[str, list[float]] = {}
        for number in range(rounds + 1):
            for query in queries:
                began = time.process_time()
                wall = timed(lambda q=query, p=plain: index.search(q, plain=p))
                if number:
                    walls.setdefault(query, []).append(1e3 * wall)
                    processor.setdefault(query, []).append(1e3 * (time.process_time() - began))
        medians = {query: statistics.median(values) for query, values in walls.items()}
        figures[kind] = {
            "median": round(statistics.median(medians.values()), 1),
            "processor": round(statistics.median(map(statistics.median, processor.values())), 1),
            "slowest": {q: round(ms, 1) for q, ms in sorted(medians.items(), key=lambda item: -item[1])[:3]},
        }
    return figures


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree")
    parser.add_argument("--index")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-check", action="store_true", help="do not compare the answers with ripgrep's")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, object] = {"tree": options.tree, "rounds": options.rounds}
    wrong = []
    with leindex.open(options.tree, index=options.index, refresh="never") as index:
        times: dict[str, list[float]] = {}
        for pattern, fixed in literal_or_regex():
            answer = index.grep(pattern, fixed=fixed, max_files=FIRST, lines=False)
            if not options.no_check:
                expected = rg_files(options.tree, pattern, fixed=fixed)[:FIRST]
                if [file.path for file in answer.files] != expected:
                    wrong.append(pattern)
        for _ in range(options.rounds):
            for pattern, fixed in literal_or_regex():
                seconds = timed(lambda p=pattern, f=fixed: index.grep(p, fixed=f, max_files=FIRST, lines=False))
                times.setdefault(pattern, []).append(seconds)
        medians = {pattern: statistics.median(values) for pattern, values in times.items()}
        figures["first_50_files_ms"] = {
            "median": 1e3 * statistics.median(medians.values()),
            "p95": 1e3 * percentile(list(medians.values()), 0.95),
            "slowest": {p: round(1e3 * s, 2) for p, s in sorted(medians.items(), key=lambda item: -item[1])[:5]},
        }
        gramless = {}
        for pattern in GRAMLESS:
            ours, theirs = [], []
            for _ in range(options.rounds):
                ours.append(timed(lambda p=pattern: index.grep(p, lines=False)))
                theirs.append(timed(lambda p=pattern: rg_files(options.tree, p, fixed=False, sort=False)))
            gramless[pattern] = {
                "leindex_s": statistics.median(ours),
                "rg_s": statistics.median(theirs),
                "ratio": statistics.median(a / b for a, b in zip(ours, theirs, strict=True)),
            }
        figures["no_usable_gram"] = gramless
        figures["ranked_ms"] = ranked(index, options.rounds)
    fresh, rg = [], []
    command = [sys.executable, "-m", "leindex", "grep", "-l", "--refresh", "never", "sched_clock_cpu", "."]
    if options.index:
        command[4:4] = ["--index", options.index]
    for _ in range(options.rounds):
        fresh.append(timed(lambda: subprocess.run(command, cwd=options.tree, capture_output=True, check=False)))
        rg.append(timed(lambda: rg_files(options.tree, "sched_clock_cpu", fixed=True, sort=False)))
    figures["fresh_process_s"] = {"leindex": statistics.median(fresh), "rg": statistics.median(rg)}
    figures["wrong"] = wrong
    if options.json:
        print(json.dumps(figures))
    else:
        first = figures["first_50_files_ms"]
        print(f"first 50 files, {len(times)} patterns: median {first['median']:.1f} ms, p95 {first['p95']:.1f} ms")
        print(f"  slowest: {first['slowest']}")
        for pattern, row in gramless.items():
            print(f"no gram {pattern!r}: {row['leindex_s']:.2f} s, rg {row['rg_s']:.2f} s, ratio {row['ratio']:.2f}")
        print(f"fresh process, rare word: {statistics.median(fresh):.3f} s, rg {statistics.median(rg):.3f} s")
        for kind, row in figures["ranked_ms"].items():
            print(
                f"ranked {kind}: median {row['median']} ms, processor {row['processor']} ms, slowest: {row['slowest']}"
            )
        print(f"answers that differ from ripgrep's: {wrong or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUTF8", "1")
    sys.exit(main())
