"""The program `leindex`, also as `python -m leindex`."""

import gc
import os
import signal
import sys
from typing import NoReturn

GARBAGE = 50_000
"""Objects that are made before Python looks for cycles among them, in place of 700: starting makes some 30,000, and
looking at those again and again took 5 ms of an answer's 140."""


def program() -> int:
    """Runs the command line as a process of its own; returns the exit status.

    Python answers Ctrl-C by an exception, which is shown where nothing catches it: while modules are loaded, and while
    the interpreter ends. There Ctrl-C ends the process, as it does with other programs.
    """
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.set_threshold(GARBAGE)
    from .cli.main import main

    try:
        if interruptible:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return main()
    except KeyboardInterrupt:
        return 130
    finally:
        if interruptible:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def script() -> NoReturn:
    """Runs the command line and ends the process: at once where the command has only answered, as taking every module
    and object apart takes longer (17 ms) than many answers."""
    status = program()
    from .cli.main import only_answers

    if only_answers(sys.argv[1:]):
        import atexit

        atexit._run_exitfuncs()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    sys.exit(program())
