"""Coverage-guided fuzzing: `python -m tests.faults.fuzz TARGET|all`; the targets are in table.py.

Each is a function that takes bytes and raises where something is wrong: a wrong answer, an error of the wrong kind.
What the sanitizers find, more than a second of processor time for an input and more than 2 GB of memory are findings
too. A native target runs in a build of the extension by clang with the address and undefined sanitizers; libFuzzer is
linked into it (driver.c), so the functions that Python calls are what is fuzzed. Targets in Python run under atheris.
`corpus/` holds inputs that reach much of the code, a file a target, each line an input in base64: some were written by
hand, where a format asks for more than chance gives, and runs added the others.
"""
