"""One target under its fuzzer, in a process of its own: `python -m tests.faults.fuzz.child OBJECT TARGET [OPTION...]`.

The options are libFuzzer's. A native target runs with the shared object OBJECT in place of the installed `_native`. One
of Python (OBJECT is `-`) runs under atheris, which instruments the package as it is imported. With `pytest` as the
target, tests run with the object, and the options are pytest's.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import time
from collections.abc import Callable
from importlib.machinery import ExtensionFileLoader
from types import ModuleType

import pytest

import leindex

from .table import TARGETS, Target


def load(name: str, path: str) -> ModuleType:
    """The extension module of this name in the shared object."""
    loader = ExtensionFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[name] = module
    return module


def timed(target: Target) -> Callable[[bytes], None]:
    """The target's function, for which an input that takes more than `seconds` of processor time is a finding. The
    clock on the wall would blame an input for what else the machine does."""
    function = target.function()
    function(b"")  # what it makes once is not the work of an input

    def tried(data: bytes) -> None:
        start = time.process_time()
        function(data)
        seconds = time.process_time() - start
        assert seconds < target.seconds, f"this input took {seconds:.1f} s"

    return tried


def main() -> None:
    """Runs until libFuzzer ends the process."""
    path, name, *arguments = sys.argv[1:]
    if name == "pytest":
        leindex._native = load("leindex._native", path)
        sys.exit(pytest.main([*arguments, "-p", "no:cacheprovider"]))
    target = TARGETS[name]
    if path == "-":
        import atheris

        with atheris.instrument_imports(include=["leindex"], enable_loader_override=False):
            function = timed(target)
        atheris.Setup([name, *arguments], function)
        atheris.Fuzz()
    else:
        leindex._native = load("leindex._native", path)
        fuzz = load("_fuzz", path)
        fuzz.run(timed(target), [name, *arguments])


if __name__ == "__main__":
    main()
