"""The command `leindex`: finds the subcommand, and turns every error into one line and an exit status.

Subcommands are modules of this package with `run(arguments) -> int`, or
`run_as(command, arguments)`; each is imported only when it is called.
Exit status: 0 done (for grep: a match), 1 nothing found, 2 an error, 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from .. import __version__
from ..errors import CancelledError, LeindexError, QueryError

COMMANDS: dict[str, tuple[str, str]] = {
    "index": ("index", "index a tree, or bring its index up to date"),
    "search": ("ask.search", "ranked search with the query language"),
    "grep": ("grep.command", "every matching line, with ripgrep's flags and output"),
    "files": ("ask.files", "find files by a few letters of their path"),
    "symbols": ("ask.symbols", "find definitions by name"),
    "outline": ("ask.outline", "the definitions of a file"),
    "refs": ("ask.refs", "definitions and call sites of a name"),
    "callers": ("ask.graph", "who refers to a definition, and how sure that is"),
    "callees": ("ask.graph", "what a definition refers to"),
    "impact": ("ask.graph", "what may break when a definition changes, tests first"),
    "hierarchy": ("ask.graph", "super- and subtypes, overrides"),
    "path": ("ask.graph", "how one definition reaches another"),
    "deps": ("ask.graph", "what a file imports, and what imports it"),
    "unused": ("ask.graph", "definitions that nothing refers to"),
    "cycles": ("ask.graph", "files that import each other"),
    "graph": ("ask.graph_export", "write the graph out, for other programs"),
    "compare": ("ask.compare", "definitions that differ between two revisions"),
    "log": ("ask.history", "commits that added or removed matching lines"),
    "when": ("ask.history", "the first and the last commit that has a text"),
    "status": ("status", "what an index holds and how fresh it is"),
    "list": ("list", "all indexes"),
    "remove": ("upkeep.remove", "delete an index"),
    "compact": ("upkeep.compact", "merge segments and give back space"),
    "doctor": ("upkeep.doctor", "look for damage and repair it"),
    "views": ("upkeep.views", "the branches, tags and commits of an index"),
    "watch": ("watch", "keep an index current while the tree changes"),
    "engines": ("upkeep.engines", "the storage engines and whether they are installed"),
    "languages": ("upkeep.languages", "what is known of each language"),
    "migrate": ("upkeep.migrate", "copy an index to another engine"),
    "verify": ("upkeep.verify", "compare two indexes document by document"),
    "sql": ("ask.sql", "SQL over files, symbols and contents"),
    "mcp": ("mcp", "serve an AI assistant over stdio (MCP)"),
    "lsp": ("lsp", "serve an editor over stdio (Language Server Protocol)"),
    "serve": ("serve", "serve HTTP, MCP and a page for the browser"),
    "install": ("setup.install", "set up MCP clients to use leindex"),
    "uninstall": ("setup.uninstall", "undo install"),
}
"""Each command with the module of this package that runs it, and its purpose."""


NO_PAGER: Final = "--no-pager"


def only_answers(arguments: Sequence[str]) -> bool:
    """Whether a command line asks a question: such a command has nothing left to do once it has printed."""
    command = next((word for word in arguments if word != NO_PAGER), "")
    return command in COMMANDS and COMMANDS[command][0].startswith(("ask.", "grep."))


def usage() -> str:
    """The help of the command itself."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {purpose}" for name, (_, purpose) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: leindex [--no-pager] COMMAND [ARGUMENTS]",
            "",
            "An index of source code: exact, ranked and symbol search.",
            "",
            *lines,
            "",
            "leindex COMMAND --help explains a command; leindex --version prints the version.",
            "Answers at a terminal go through a pager (LEINDEX_PAGER, else PAGER, else less), but with --no-pager.",
        ]
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    if argv is None:
        _in_utf8()
    try:
        status = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()  # here, so that a full disk is an error of the command and not of Python's exit
        return status
    except CancelledError as error:
        print(f"leindex: {error}", file=sys.stderr)
        return 130
    except QueryError as error:
        return _fail(_pointed(error))
    except LeindexError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130
    except MemoryError:
        return _fail("out of memory; what was written before stays")
    except BrokenPipeError:
        # The reader has gone; what Python would still flush at exit has nowhere to go.
        _drop_output()
        return 0
    except OSError as error:
        _drop_output()
        place = f"{error.filename}: " if error.filename is not None else ""
        return _fail(f"{place}{error.strerror or error}")


def _in_utf8() -> None:
    """Starts the command again where the locale has another encoding than UTF-8 for text.

    Arguments, paths and output are bytes, and what they mean is no matter of the locale: a pattern is UTF-8, a path is
    what the file system has. Python's own mode for this can only be chosen when it starts; processes that this one
    starts are in it too.
    """
    if sys.getfilesystemencoding() == "utf-8" or sys.flags.utf8_mode or not sys.executable:
        return
    os.environ["PYTHONUTF8"] = "1"
    # `-X` counts where the environment does not, as with `python -I`.
    os.execv(sys.executable, [os.fsencode(part) for part in (sys.executable, "-X", "utf8", *sys.orig_argv[1:])])


def _run(arguments: list[str], *, paging: bool = True) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0 if arguments else 2
    if arguments[0] in ("-V", "--version"):
        print(f"leindex {__version__}")
        return 0
    if arguments[0] == NO_PAGER:
        return _run(arguments[1:], paging=False)
    command = arguments[0]
    if command not in COMMANDS:
        return _fail(f"there is no command {command!r}{_suggestion(command)}; see leindex --help")
    module = importlib.import_module(f".{COMMANDS[command][0]}", __package__)
    rest = arguments[1:]
    try:
        with _paging(command) if paging else nullcontext():
            if hasattr(module, "run_as"):  # one module for several commands that differ in what they ask
                return int(module.run_as(command, rest))
            return int(module.run(rest))
    except SystemExit as ended:  # argparse has printed a help
        return int(ended.code or 0)


def _paging(command: str) -> AbstractContextManager[None]:
    """The pager for a command that answers with text; `grep` prints as ripgrep does, which pages nothing."""
    if not COMMANDS[command][0].startswith("ask.") or not sys.stdout.isatty():
        return nullcontext()
    from .pager import paged

    return paged()


def _drop_output() -> None:
    """Lets go what stdout still buffers if it cannot be written: Python would try again at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def _fail(message: str) -> int:
    from .common import complain

    complain(message)
    return 2


def _pointed(error: QueryError) -> str:
    """A query's error with the place, on as few lines as say it."""
    advice = f"; {error.advice}" if error.advice else ""
    if not error.text or "\n" in error.text:
        return f"{error.message}{advice}"
    return f"{error.message}{advice}\n  {error.text}\n  {' ' * error.column}^"


def _suggestion(command: str) -> str:
    import difflib

    near = difflib.get_close_matches(command, COMMANDS, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


if __name__ == "__main__":
    sys.exit(main())
