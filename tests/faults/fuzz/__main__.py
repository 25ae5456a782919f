"""`python -m tests.faults.fuzz TARGET|all [--seconds N] [--executions N] [--seed S] [--keep]`.

Prints a table with a row for each target, and the inputs of findings. Exit status 1 where there is a finding, 2 where a
target cannot run.
"""

from __future__ import annotations

import argparse
import sys
import time

from .run import HEADING, Limit, missing, run
from .table import TARGETS


def main() -> int:
    """Runs the targets that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz")
    parser.add_argument("targets", nargs="+", choices=["all", *TARGETS], metavar="TARGET", help="or all")
    parser.add_argument("--seconds", type=int, default=60, help="the most a target runs (60); 0 for no limit")
    parser.add_argument("--executions", type=int, help="the most a target runs")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000)
    parser.add_argument("--keep", action="store_true", help="add what reaches more code to the corpus")
    asked = parser.parse_args()
    names = list(TARGETS) if "all" in asked.targets else asked.targets
    for name in names:
        if lacking := missing(TARGETS[name]):
            print(f"{name} needs {lacking}", file=sys.stderr)
            return 2
    print(HEADING, flush=True)
    findings = []
    for name in names:
        outcome = run(name, Limit(asked.seconds or None, asked.executions), asked.seed, asked.keep)
        print(outcome.row(), flush=True)
        if outcome.finding:
            findings.append(f"{name}, seed {asked.seed}:\n{outcome.finding}\n")
    print("\n".join(findings), file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
