"""What commands share: how an index is opened, progress is shown, and JSON is printed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..index import Index, open_index
from ..models import Completeness, Progress, ProgressCallback
from ..spoken import compared, some

if TYPE_CHECKING:
    import threading
    from argparse import Namespace
    from types import FrameType, SimpleNamespace


def opened(path: str, arguments: Namespace | SimpleNamespace, **options: Any) -> Index:
    """The index that the arguments name."""
    return open_index(
        path,
        index=arguments.index,
        refresh=getattr(arguments, "refresh", "never"),
        strict=getattr(arguments, "strict", False),
        **options,
    )


def ready(path: str, arguments: Namespace | SimpleNamespace) -> Index:
    """The index that the arguments name, built first where there is none yet: with a progress bar on stderr, and
    after asking for a tree that is hardly meant. Raises ConfigError where the answer is no."""
    index = opened(path, arguments)
    index.progress = lambda: progress_shown(quiet=False, late=progress_shown.LATE_SECONDS)
    if not index.exists:
        confirm_root(index.root)
        print(f"leindex: {index.root} is not indexed yet; indexing it first", file=sys.stderr)
        with progress_shown(quiet=False) as on_progress:
            index.update(on_progress=on_progress)
    return index


def confirm_root(root: Path, *, yes: bool = False) -> None:
    """Asks before `/`, a home folder or the like is indexed. Raises ConfigError unless the answer is yes."""
    from ..indexing.walk.discover import dangerous_root

    reason = None if yes else dangerous_root(os.fsencode(root))
    if reason is None:
        return
    if not sys.stdin.isatty():
        raise ConfigError(f"{root}: {reason}; to index it all the same run: leindex index --yes {root}")
    print(f"leindex: {root}: {reason}. Index all of it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise ConfigError(f"{root} was not indexed")


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Set by Ctrl-C, for work that looks at it and stops where that is good; a second Ctrl-C stops it at once.

    An exception can be lost: Python drops one that is raised while an object is finalized.
    """
    import signal
    import threading

    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on a line."""
    import json

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


def shows_color(choice: str) -> bool:
    """Whether output is coloured: `always`, `never`, or with `auto` at a terminal, unless NO_COLOR is set."""
    return choice == "always" or (choice == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR"))


def complain(message: str) -> None:
    """A line of trouble on stderr; it may name files, whose names may hold anything."""
    print("leindex: " + printable(message, keep="\n\t"), file=sys.stderr)


def trouble_lines(troubles: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What of a tree could not be read, and what is wrong in its ignore files: a word for it, and a line."""
    unreadable, faults = troubles["unreadable"], troubles["ignore_faults"]
    if unreadable["count"]:
        yield "unreadable", printable(some(unreadable["first"], unreadable["count"]))
    for fault in faults["first"]:
        yield "ignore file", printable(fault)
    if faults["count"] > len(faults["first"]):
        yield "ignore file", f"{faults['count'] - len(faults['first'])} more lines that are wrong"


def say_incomplete(completeness: Completeness, *, nothing_found: bool, named: bool = False) -> None:
    """One line on stderr where an answer may not be what it seems; `named` says that what could not be read was."""
    parts: list[str] = list(completeness.notes)
    unread = completeness.skipped.get("unreadable", 0) + completeness.skipped.get("unreadable folder", 0)
    if unread and not named:
        parts.append(f"{unread} files or folders could not be read")
    age = completeness.age_seconds or 0.0  # where the tree was never compared a note says so
    if age > 5 and (nothing_found or age > 600):
        parts.append(compared(age))
    if parts:
        print("leindex: " + "; ".join(parts), file=sys.stderr)


def say_looked_at(index: Index, what: str) -> None:
    """One line on stderr where nothing was found: `what` that is, and in how many files of what it was looked for."""
    with index.snapshot():
        view = index.view()
        count, _ = view.table.count(view.scope_bytes)
        below = f", in {view.scope}/" if view.scope else ""
        complain(f"{what} in {count} {'file' if count == 1 else 'files'} of {view.place}{below}")


class progress_shown:
    """A progress display on stderr: a bar on a terminal, a line every few seconds elsewhere, nothing if quiet."""

    LINE_SECONDS = 5.0
    BAR_SECONDS = 0.1
    LATE_SECONDS = 0.3
    """How long work goes on without a bar that is mostly done in less: `late`, where it is given."""

    def __init__(self, *, quiet: bool, as_json: bool = False, late: float = 0.0) -> None:
        self._quiet, self._json = quiet, as_json
        self._terminal = sys.stderr.isatty() and not as_json
        self._next = time.monotonic() + (late if self._terminal or as_json else self.LINE_SECONDS)
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
            import json

            from ..records import as_dict

            print(json.dumps({"progress": as_dict(progress)}), file=sys.stderr, flush=True)
        elif self._terminal:
            self._drawn = True
            print(f"\r\x1b[K{_bar(progress)}", end="", file=sys.stderr, flush=True)
        else:
            print(f"leindex: {_words(progress)}", file=sys.stderr, flush=True)


def _nothing(progress: Progress) -> None:
    pass


def _words(progress: Progress) -> str:
    if not progress.documents_total:
        return progress.stage
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
