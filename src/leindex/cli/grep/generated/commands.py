"""The commands of leindex with their options, as data."""

from __future__ import annotations

import argparse
import importlib
from typing import Final, NamedTuple

from ... import main
from ...parsing import DESCRIBE, DescribedParser
from ..flag_help import FLAG_HELP
from ..flag_table import SHORT, SWITCHES

_GREP: Final = "grep"


class Option(NamedTuple):
    """An option: its spellings, the short one first; what its value is called, empty for none; which values there are,
    if few; what it does."""

    names: tuple[str, ...]
    value: str
    choices: tuple[str, ...]
    text: str


class Described(NamedTuple):
    """A command: its name, its purpose, its arguments as they are written, and its options."""

    name: str
    purpose: str
    arguments: str
    options: tuple[Option, ...]


def commands() -> list[Described]:
    """All commands, in the order of the help."""
    return [_described(name, purpose) for name, (_, purpose) in main.COMMANDS.items()]


def _described(name: str, purpose: str) -> Described:
    if name == _GREP:
        return Described(name, purpose, "PATTERN [PATH ...]", tuple(_flags()))
    module = importlib.import_module(f"leindex.cli.{main.COMMANDS[name][0]}")
    try:
        if hasattr(module, "run_as"):  # a module of several commands
            module.run_as(name, [DESCRIBE])
        else:
            module.run([DESCRIBE])
    except DescribedParser as described:
        parser = described.parser
    options, arguments = [], []
    for action in parser._actions:
        if action.option_strings:
            options.append(_option(action))
        else:
            shown = str(action.metavar or action.dest)
            arguments.append(f"[{shown}]" if action.nargs in ("?", "*") else shown)
    return Described(name, purpose, " ".join(arguments), tuple(options))


def _option(action: argparse.Action) -> Option:
    choices = tuple(map(str, action.choices or ()))
    value = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
    return Option(tuple(action.option_strings), value, choices, action.help or "")


def _flags() -> list[Option]:
    letters = {name: letter for letter, name in SHORT.items()}
    found = []
    for name, told in FLAG_HELP.items():
        short = (f"-{letters[name]}",) if name in letters else ()
        found.append(Option((*short, f"--{name}"), told.value, told.choices, told.text))
    for name in sorted(SWITCHES.keys() - FLAG_HELP.keys()):
        undone = name.removeprefix("no-") if name.startswith("no-") else f"no-{name}"
        text = f"undo --{undone}" if undone in FLAG_HELP else "the same as --passthru"
        found.append(Option((f"--{name}",), "", (), text))
    return found
