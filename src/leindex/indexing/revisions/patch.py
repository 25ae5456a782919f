"""git's patches read into hunks: without context, so that a line of a patch is one that differs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from ...models import Hunk

PLAIN: Final = ("--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all", "--no-relative")
"""Runs nothing that the repository names, and leaves out what is not of its files."""

PATCH: Final = (*PLAIN, "-U0", "--inter-hunk-context=0", "-M", "--src-prefix=a/", "--dst-prefix=b/")
"""What makes `git diff` and its like print what is read here."""

_HUNK: Final = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE: Final = re.compile(rb"\\([abtnvfr\"\\]|[0-7]{3})")
_NAMED: Final = dict(zip(b"abtnvfr", b"\a\b\t\n\v\f\r", strict=True))


def below(path: bytes, prefix: bytes) -> bytes:
    """A path from the top of the repository as one from the root; empty for what lies elsewhere."""
    return path[len(prefix) :] if path.startswith(prefix) else b""


def files_of(lines: Sequence[bytes]) -> Iterator[tuple[bytes, bytes, tuple[Hunk, ...]]]:
    """Old path, new path and hunks of each file of a patch without context that has hunks."""
    old_path = path = b""
    hunks: list[Hunk] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith(b"diff --git ") and hunks:
            yield old_path, path, tuple(hunks)
            hunks = []
        elif line.startswith(b"--- "):
            old_path = _path(line[4:], b"a/")
        elif line.startswith(b"+++ "):
            path = _path(line[4:], b"b/")
        elif (found := _HUNK.match(line)) is not None:
            old_start, olds, new_start, news = (1 if part is None else int(part) for part in found.groups())
            old, at = _taken(lines, at, olds)
            new, at = _taken(lines, at, news)
            hunks.append(Hunk(old_start, old, new_start, new))
    if hunks:
        yield old_path, path, tuple(hunks)


def _taken(lines: Sequence[bytes], at: int, count: int) -> tuple[tuple[bytes, ...], int]:
    """So many lines of a hunk from a place on, and where they end: after a word on a missing line end, if there is."""
    taken = tuple(line[1:] for line in lines[at : at + count])
    at += count
    if at < len(lines) and lines[at].startswith(b"\\ "):
        at += 1
    return taken, at


def _path(name: bytes, prefix: bytes) -> bytes:
    """A path as a patch has it: quoted where it holds odd bytes, with a tab behind it where it holds spaces."""
    if name == b"/dev/null":
        return b""
    quoted = name.startswith(b'"')
    plain = _ESCAPE.sub(_meant, name[1 : name.rindex(b'"')]) if quoted else name.removesuffix(b"\t")
    return plain.removeprefix(prefix)


def _meant(escape: re.Match[bytes]) -> bytes:
    text = escape[1]
    if len(text) == 3:
        return bytes([int(text, 8)])
    return bytes([_NAMED.get(text[0], text[0])])
