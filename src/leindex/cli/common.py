"""What commands share: how arguments are declared, an index is opened, progress is shown, and JSON is printed."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from ..errors import ConfigError
from ..index import Index, open_index
from ..models import Completeness, Progress, ProgressCallback


class Parser(argparse.ArgumentParser):
    """Arguments of a subcommand; what is wrong with them is an error like any other."""

    def __init__(self, command: str, description: str, **options: Any) -> None:
        super().__init__(prog=f"leindex {command}", description=description, **options)

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """As of argparse, but options may stand between positional arguments."""
        return self.parse_intermixed_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see {self.prog} --help")


def add_index_option(parser: argparse.ArgumentParser) -> None:
    """`--index DIR`."""
    parser.add_argument("--index", metavar="DIR", help="the folder of the index (default: by the path of the tree)")


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_refresh_options(parser: argparse.ArgumentParser) -> None:
    """`--refresh` and `--strict`."""
    parser.add_argument(
        "--refresh",
        choices=("always", "auto", "never"),
        default="auto",
        help="compare the index with the tree first: always, never, or (auto) when that takes under 150 ms",
    )
    parser.add_argument("--strict", action="store_true", help="fail rather than answer from an index that may be old")


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


def opened(path: str, arguments: argparse.Namespace, **options: Any) -> Index:
    """The index that the arguments name."""
    return open_index(
        path,
        index=arguments.index,
        refresh=getattr(arguments, "refresh", "never"),
        strict=getattr(arguments, "strict", False),
        **options,
    )


def ready(path: str, arguments: argparse.Namespace) -> Index:
    """The index that the arguments name, built first where there is none yet: with a progress bar on stderr, and
    after asking for a tree that is hardly meant. Raises ConfigError where the answer is no."""
    index = opened(path, arguments)
    if not index.exists:
        confirm_root(index.root)
        print(f"leindex: {index.root} is not indexed yet; indexing it first", file=sys.stderr)
        with progress_shown(quiet=False) as on_progress:
            index.update(on_progress=on_progress)
    return index


def confirm_root(root: Path, *, yes: bool = False) -> None:
    """Asks before `/`, a home folder or the like is indexed. Raises ConfigError unless the answer is yes."""
    from ..indexing.discover import dangerous_root

    reason = None if yes else dangerous_root(os.fsencode(root))
    if reason is None:
        return
    if not sys.stdin.isatty():
        raise ConfigError(f"{root}: {reason}; to index it all the same run: leindex index --yes {root}")
    print(f"leindex: {root}: {reason}. Index all of it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise ConfigError(f"{root} was not indexed")


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on a line."""
    print(json.dumps(value, ensure_ascii=False))


def utf8(text: str) -> str:
    """Text, such as a path, that can be written as UTF-8: bytes that are none become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def printable(text: str, *, keep: str = "") -> str:
    """Text that does nothing to a terminal, and stays on its line: control characters but those in `keep` become
    escapes. File names may hold any of them, put there by somebody else."""
    text = utf8(text)
    if text.isprintable():
        return text
    return "".join(_shown(character) if character not in keep else character for character in text)


def _shown(character: str) -> str:
    control = character < " " or "\x7f" <= character <= "\x9f"
    return character.encode("unicode_escape").decode("ascii") if control else character


def say_incomplete(completeness: Completeness, *, nothing_found: bool) -> None:
    """One line on stderr where an answer may not be what it seems."""
    parts: list[str] = list(completeness.notes)
    unread = completeness.skipped.get("unreadable", 0) + completeness.skipped.get("unreadable folder", 0)
    if unread:
        parts.append(f"{unread} files or folders could not be read")
    if completeness.age_seconds > 5 and (nothing_found or completeness.age_seconds > 600):
        parts.append(f"compared with the tree {age(completeness.age_seconds)} ago")
    if parts:
        print("leindex: " + "; ".join(parts), file=sys.stderr)


def age(seconds: float) -> str:
    """A time span as a person says it."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def size(count: float) -> str:
    """A number of bytes as a person says it."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")


class progress_shown:
    """A progress display on stderr: a bar on a terminal, a line every few seconds elsewhere, nothing if quiet."""

    LINE_SECONDS = 5.0
    BAR_SECONDS = 0.1

    def __init__(self, *, quiet: bool, as_json: bool = False) -> None:
        self._quiet, self._json = quiet, as_json
        self._terminal = sys.stderr.isatty() and not as_json
        self._next = 0.0 if self._terminal or as_json else time.monotonic() + self.LINE_SECONDS
        self._drawn = False

    def __enter__(self) -> ProgressCallback:
        return self._show if not self._quiet else _nothing

    def __exit__(self, *exception: object) -> None:
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _show(self, progress: Progress) -> None:
        now = time.monotonic()
        done = progress.documents == progress.documents_total
        if now < self._next and not (done and self._json):
            return
        self._next = now + (self.BAR_SECONDS if self._terminal else self.LINE_SECONDS)
        if self._json:
            from dataclasses import asdict

            print(json.dumps({"progress": asdict(progress)}), file=sys.stderr, flush=True)
        elif self._terminal:
            self._drawn = True
            print(f"\r\x1b[K{_bar(progress)}", end="", file=sys.stderr, flush=True)
        else:
            print(f"leindex: {_words(progress)}", file=sys.stderr, flush=True)


def _nothing(progress: Progress) -> None:
    pass


def _words(progress: Progress) -> str:
    rate = f", {progress.bytes / 1e6 / max(progress.seconds, 1e-6):.0f} MB/s" if progress.bytes else ""
    return f"{progress.stage}: {progress.documents} of {progress.documents_total} files{rate}{_left(progress)}"


def _left(progress: Progress) -> str:
    if not progress.documents or progress.documents >= progress.documents_total:
        return ""
    done, total = progress.documents, progress.documents_total
    if 0 < progress.bytes <= progress.bytes_total:
        done, total = progress.bytes, progress.bytes_total
    return f", {progress.seconds * (total - done) / done:.0f} s left"


def _bar(progress: Progress, width: int = 24) -> str:
    share = progress.documents / progress.documents_total if progress.documents_total else 0.0
    filled = int(share * width)
    return f"[{'#' * filled}{'.' * (width - filled)}] {_words(progress)}"


__all__ = [
    "Parser",
    "add_index_option",
    "add_json_option",
    "add_refresh_options",
    "age",
    "confirm_root",
    "opened",
    "positive",
    "print_json",
    "printable",
    "progress_shown",
    "ready",
    "say_incomplete",
    "size",
    "utf8",
]
