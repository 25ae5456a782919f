"""The program `leindex`, also as `python -m leindex`."""

import signal
import sys


def program() -> int:
    """Runs the command line as a process of its own; returns the exit status.

    Python answers Ctrl-C by an exception, which is shown where nothing catches it: while modules are loaded, and while
    the interpreter ends. There Ctrl-C ends the process, as it does with other programs.
    """
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
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


if __name__ == "__main__":
    sys.exit(program())
