"""How commands declare their arguments: a parser whose complaints are errors like any other, and the options that many
commands share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ..errors import ConfigError
from ..questions import Where

if TYPE_CHECKING:
    from ..service.parameters import Parameter


DESCRIBE: Final = "\0describe"
"""An argument that nobody can type: a command that is run with it alone hands out its parser."""


class DescribedParser(Exception):
    """A command's parser, in answer to `DESCRIBE`."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__(parser.prog)
        self.parser = parser


class Parser(argparse.ArgumentParser):
    """Arguments of a subcommand; what is wrong with them is an error like any other."""

    def __init__(self, command: str, description: str, **options: Any) -> None:
        super().__init__(prog=f"leindex {command}", description=description, **options)

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """As of argparse, but options may stand between positional arguments. Raises DescribedParser where that is all
        that is wanted."""
        if args is not None and list(args) == [DESCRIBE]:
            raise DescribedParser(self)
        return self.parse_intermixed_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see {self.prog} --help")


def add_index_option(parser: argparse.ArgumentParser) -> None:
    """`--index DIR`."""
    parser.add_argument("--index", metavar="DIR", help="the folder of the index (default: by the path of the tree)")


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_color_option(parser: argparse.ArgumentParser) -> None:
    """`--color`."""
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="whether to colour (auto: at a terminal, without NO_COLOR)",
    )


def add_refresh_options(parser: argparse.ArgumentParser) -> None:
    """`--refresh` and `--strict`."""
    parser.add_argument(
        "--refresh",
        choices=("always", "auto", "never"),
        default="auto",
        help="compare the index with the tree first: always, never, or (auto) when that takes under 150 ms",
    )
    parser.add_argument("--strict", action="store_true", help="fail rather than answer from an index that may be old")


def add_parameter(parser: argparse.ArgumentParser, parameter: Parameter) -> None:
    """A parameter of the servers' operations as an option of a command, as its `terminal` says."""
    shown, low = parameter.terminal, parameter.low
    assert shown is not None, f"{parameter.name} is not offered in the terminal"
    flag = f"--{shown.flag or parameter.name}"
    if parameter.kind == "boolean":
        parser.add_argument(flag, action="store_true", help=shown.help)
        return
    text = shown.help if shown.default is None else f"{shown.help} (default {shown.default})"
    if parameter.kind == "strings":
        parser.add_argument(flag, action="append", default=[], metavar=shown.metavar, help=text)
        return
    kind = (lambda given: whole_number(given, low or 0)) if parameter.kind == "integer" else str
    parser.add_argument(flag, type=kind, default=shown.default, metavar=shown.metavar, help=text)


def add_view_options(parser: argparse.ArgumentParser) -> None:
    """`--branch` and `--rev`."""
    from ..service.operations import VIEWS

    for parameter in VIEWS:
        add_parameter(parser, parameter)


def where_of(arguments: argparse.Namespace) -> Where:
    """Which views the arguments ask for; the tree where they do not say."""
    return Where(tuple(arguments.branch), tuple(arguments.rev))


def positive(text: str) -> int:
    """An argument that is a whole number from 1."""
    return whole_number(text, 1)


def whole_number(text: str, low: int, high: int | None = None) -> int:
    """An argument that is a whole number within bounds, both included."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text!r}") from None
    if value < low or (high is not None and value > high):
        raise argparse.ArgumentTypeError(f"must be {low} or more" if high is None else f"must be from {low} to {high}")
    return value
