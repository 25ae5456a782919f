"""The man page of leindex, in roff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .... import __version__
from .commands import Described, Option

_EPILOGUE = """\
.SH EXIT STATUS
0: done, and for commands that look for something, found; 1: nothing found; 2: an error; 130: interrupted.
.SH ENVIRONMENT
.TP
.B LEINDEX_HOME
The folder in which indexes are kept.
.TP
.B RIPGREP_CONFIG_PATH
A file with flags, one a line, for \\fBleindex grep \\-\\-config\\fR."""


def page(commands: Iterable[Described]) -> str:
    """The whole page."""
    return "\n".join(_lines(commands))


def _lines(commands: Iterable[Described]) -> Iterator[str]:
    yield f'.TH LEINDEX 1 "" "leindex {__version__}" "User Commands"'
    yield ".SH NAME"
    yield "leindex \\- an index of source code: exact, ranked and symbol search"
    yield ".SH SYNOPSIS"
    yield ".B leindex"
    yield "COMMAND [ARGUMENTS]"
    yield ".SH COMMANDS"
    for command in commands:
        yield f".SS leindex {command.name} [OPTIONS] {_escaped(command.arguments)}".rstrip()
        yield _sentence(command.purpose)
        for option in command.options:
            yield from _option(option)
    yield _EPILOGUE


def _option(option: Option) -> Iterator[str]:
    value = f" \\fI{_escaped(option.value)}\\fR" if option.value else ""
    yield ".TP"
    yield ", ".join(f"\\fB{_escaped(name)}\\fR{value}" for name in option.names)
    choices = f" ({', '.join(option.choices)})" if option.choices else ""
    yield _sentence(option.text + choices) if option.text else "."


def _sentence(text: str) -> str:
    text = _escaped(" ".join(text.split()))
    text = text[:1].upper() + text[1:] + "."
    return "\\&" + text if text.startswith((".", "'")) else text


def _escaped(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")
