"""What is searched of a file in place of its content: what a program makes of it (`-z`, `--pre`).

Nothing of that is indexed: each file in question is handed to its program at every search, whatever the pattern.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from typing import Final

from ..records import field, record
from .filter.path_filter import PathFilter

_DECOMPRESSORS: Final = {
    b".gz": ("gzip", "-d", "-c"),
    b".tgz": ("gzip", "-d", "-c"),
    b".bz2": ("bzip2", "-d", "-c"),
    b".tbz2": ("bzip2", "-d", "-c"),
    b".xz": ("xz", "-d", "-c"),
    b".txz": ("xz", "-d", "-c"),
    b".lz4": ("lz4", "-d", "-c"),
    b".lzma": ("xz", "--format=lzma", "-d", "-c"),
    b".br": ("brotli", "-d", "-c"),
    b".zst": ("zstd", "-q", "-d", "-c"),
    b".zstd": ("zstd", "-q", "-d", "-c"),
    b".Z": ("uncompress", "-c"),
}
"""The programs that ripgrep calls, by the ends of names."""

_RULE: Final = "-" * 79


@record(frozen=True)
class Programs:
    """The programs of one search.

    preprocessor: one for all files, or for those that `chosen` does not take out.
    decompress: whether compressed files are handed to the programs that unpack them.
    by_lines: whether what a program says before it fails is searched; it is where output comes as lines are read.
    failed: is called with a file's path and the reason where a program fails.  broken: the files in which one did.
    """

    failed: Callable[[bytes, str], None]
    preprocessor: str | None = None
    chosen: PathFilter | None = None
    decompress: bool = False
    by_lines: bool = False
    broken: set[bytes] = field(default_factory=set)
    _here: bytes = field(default_factory=lambda: os.path.join(os.getcwdb(), b""))

    def applies(self, shown: bytes) -> bool:
        """Whether the file, by its path as it is shown, is searched as a program's output."""
        if self.preprocessor is not None:
            if self.chosen is None:
                return True
            return self.chosen.by_glob(shown.removeprefix(self._here).removeprefix(b"./"), False) is not False
        return self.decompress and _decompressor(shown) is not None

    def output(self, shown: bytes) -> bytes | None:
        """What the program makes of a file: None where it fails, unless something was printed before that."""
        if self.preprocessor is not None:
            return self._preprocessed(shown, self.preprocessor)
        command = _decompressor(shown) or ()
        try:
            done = subprocess.run([*command, shown], capture_output=True, check=False)
        except OSError:
            return self._itself(shown)  # as in ripgrep, a program that is not there is no error
        return self._checked(shown, done, "")

    def _preprocessed(self, shown: bytes, program: str) -> bytes | None:
        spoken = f"'{_quoted(program)} {_quoted(os.fsdecode(shown))}'"
        try:
            with open(shown, "rb") as content:
                try:
                    done = subprocess.run([program, shown], stdin=content, capture_output=True, check=False)
                except OSError as error:
                    reason = f"{error.strerror} (os error {error.errno})"
                    self.failed(shown, f"preprocessor command could not start: {spoken}: {reason}")
                    return None
        except OSError as error:
            self.failed(shown, f"{error.strerror} (os error {error.errno})")
            return None
        return self._checked(shown, done, f"preprocessor command failed: {spoken}: ")

    def _checked(self, shown: bytes, done: subprocess.CompletedProcess[bytes], lead: str) -> bytes | None:
        if not done.returncode:
            return done.stdout
        self.broken.add(shown)
        said = done.stderr.decode("utf-8", "replace").strip()
        self.failed(shown, f"{lead}\n{_RULE}\n{said}\n{_RULE}" if said else f"{lead}<stderr is empty>")
        return done.stdout[: done.stdout.rfind(b"\n") + 1] if self.by_lines else None

    def _itself(self, shown: bytes) -> bytes | None:
        try:
            with open(shown, "rb") as content:
                return content.read()
        except OSError as error:
            self.failed(shown, f"{error.strerror} (os error {error.errno})")
            return None


def _decompressor(shown: bytes) -> tuple[str, ...] | None:
    name = shown.rpartition(b"/")[2]
    return _DECOMPRESSORS.get(name[name.rfind(b".") :]) if b"." in name else None


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
