"""Blob ids that git already knows: files whose status matches git's index need no read to be named.

git's index (`.git/index`) keeps, for every tracked file, the id of its content and the file's status at the
moment that content was hashed. Where all of the status still agrees, the content has that id, on the same
reasoning that lets `git status` be quick. An entry is not used when that reasoning has a hole:

- the file was modified no earlier than the index was written ("racily clean"), or its entry is a conflict,
  or is marked assume-unchanged, skip-worktree or intent-to-add;
- git may convert the content between the file and the blob (see gitconvert.py);
- the index is split, is of a SHA-256 repository, or cannot be read to its end.

The file format is git's Documentation/gitformat-index.txt, versions 2 to 4. git itself is not needed.
"""

from __future__ import annotations

import hashlib
import os
import struct
from typing import Final

from .gitconvert import Conversions, GitConfig
from .walk.discover import Found
from .walk.ignore_files import read_small

_HEADER: Final = struct.Struct(">4sII")
_STATUS: Final = struct.Struct(">6II8xI20sH")
_FIXED: Final = 62
_ASSUME_VALID: Final = 0x8000
_EXTENDED: Final = 0x4000
_STAGE: Final = 0x3000
_LENGTH: Final = 0x0FFF
_SKIP_WORKTREE: Final = 0x4000
_INTENT_TO_ADD: Final = 0x2000
_EMPTY_BLOB: Final = bytes.fromhex("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
_SECOND: Final = 1_000_000_000


class _Unusable(Exception):
    """The index is not one that is understood here."""


class GitIndex:
    """The index of the repository around a folder; made by `git_index`."""

    def __init__(self, data: bytes, written_ns: int, prefix: bytes, conversions: Conversions) -> None:
        self._data = data
        self._written_ns = written_ns
        self._prefix = prefix
        self._conversions = conversions
        self._offsets = _entry_offsets(data)

    def __len__(self) -> int:
        return len(self._offsets)

    def blob_id(self, found: Found) -> str | None:
        """The id (hexadecimal) of the content of this file, or None if the index cannot vouch for it."""
        path = self._prefix + found.path
        offset = self._offsets.get(path)
        if offset is None:
            return None
        ctime, ctime_ns, mtime, mtime_ns, _, inode, mode, size, blob, flags = _STATUS.unpack_from(self._data, offset)
        modified = mtime * _SECOND + mtime_ns
        if (
            modified != found.mtime_ns
            or modified >= self._written_ns
            or size != found.size
            or inode != found.inode & 0xFFFFFFFF
            or ctime * _SECOND + ctime_ns != found.ctime_ns
            or mode >> 12 != 0o10
            or flags & (_ASSUME_VALID | _STAGE)
            # git sets the size to 0 to say that it does not trust the entry.
            or (size == 0 and blob != _EMPTY_BLOB)
        ):
            return None
        if flags & _EXTENDED:
            more = int.from_bytes(self._data[offset + _FIXED : offset + _FIXED + 2], "big")
            if more & (_SKIP_WORKTREE | _INTENT_TO_ADD):
                return None
        if self._conversions.may_convert(path, self._offsets):
            return None
        return str(blob.hex())


def _entry_offsets(data: bytes) -> dict[bytes, int]:
    """Where the entry of each path begins. Raises `_Unusable`."""
    try:
        signature, version, count = _HEADER.unpack_from(data)
        if signature != b"DIRC" or version not in (2, 3, 4):
            raise _Unusable
        checksum = data[-20:]
        # Zeros mean that git was told not to compute it (index.skipHash).
        if checksum != bytes(20) and checksum != hashlib.sha1(data[:-20], usedforsecurity=False).digest():
            raise _Unusable
        offsets, end = (_prefixed_entries if version == 4 else _plain_entries)(data, count)
    except (struct.error, IndexError, ValueError):
        raise _Unusable from None
    _check_extensions(data, end)
    return offsets


def _plain_entries(data: bytes, count: int) -> tuple[dict[bytes, int], int]:
    offsets: dict[bytes, int] = {}
    offset = _HEADER.size
    for _ in range(count):
        flags = data[offset + 60]
        start = offset + (_FIXED + 2 if flags & (_EXTENDED >> 8) else _FIXED)
        length = (flags << 8 | data[offset + 61]) & _LENGTH
        end = start + length if length < _LENGTH else data.index(b"\0", start)
        offsets[data[start:end]] = offset
        offset += (end - offset + 8) & ~7
    return offsets, offset


def _prefixed_entries(data: bytes, count: int) -> tuple[dict[bytes, int], int]:
    """Version 4: each path drops some bytes off the end of the one before and adds its own."""
    offsets: dict[bytes, int] = {}
    offset = _HEADER.size
    path = b""
    for _ in range(count):
        at = offset + (_FIXED + 2 if data[offset + 60] & (_EXTENDED >> 8) else _FIXED)
        byte = data[at]
        dropped = byte & 0x7F
        while byte & 0x80:
            at += 1
            byte = data[at]
            dropped = (dropped + 1 << 7) | byte & 0x7F
        end = data.index(b"\0", at + 1)
        path = path[: len(path) - dropped] + data[at + 1 : end]
        offsets[path] = offset
        offset = end + 1
    return offsets, offset


def _check_extensions(data: bytes, offset: int) -> None:
    while offset < len(data) - 20:
        signature = data[offset : offset + 4]
        # A small letter marks an extension that must be understood; sparse folders ("sdir") match no file.
        if not signature[:1].isupper() and signature != b"sdir":
            raise _Unusable
        offset += 8 + int.from_bytes(data[offset + 4 : offset + 8], "big")
    if offset != len(data) - 20:
        raise _Unusable


def _git_dir(folder: bytes) -> bytes | None:
    """The repository that this folder is the top of, if it is one."""
    path = os.path.join(folder, b".git")
    if os.path.isfile(path):
        line = (read_small(path) or b"").partition(b"\n")[0]
        if not line.startswith(b"gitdir: "):
            return None
        path = os.path.join(folder, line.removeprefix(b"gitdir: ").rstrip(b"\r"))
    return path if os.path.exists(os.path.join(path, b"HEAD")) else None


def is_bare(root: bytes) -> bool:
    """Whether a folder is a bare repository, as far as its entries tell."""
    return (
        os.path.isfile(os.path.join(root, b"HEAD"))
        and os.path.isdir(os.path.join(root, b"objects"))
        and os.path.isdir(os.path.join(root, b"refs"))
        and not os.path.lexists(os.path.join(root, b".git"))
        and os.path.basename(root) != b".git"
    )


def git_index(root: bytes | str) -> GitIndex | None:
    """The index of the git work tree that the folder `root` lies in; None if there is none of use."""
    top = real = os.path.realpath(os.fsencode(root))
    while (git_dir := _git_dir(top)) is None:
        if top == b"/":
            return None
        top = os.path.dirname(top)
    common = (read_small(os.path.join(git_dir, b"commondir")) or b"").strip()
    config = GitConfig.of_repository(git_dir, os.path.join(git_dir, common))
    if config.get("extensions.objectformat", "sha1").lower() != "sha1" or "core.worktree" in config:
        return None
    path = os.path.join(git_dir, b"index")
    try:
        # The status comes first: if the index is replaced in between, more counts as racy, never less.
        written_ns = os.stat(path).st_mtime_ns
    except OSError:
        return None
    prefix = os.path.relpath(real, top) + b"/" if real != top else b""
    try:
        conversions = Conversions(top, os.path.join(git_dir, common), config)
        return GitIndex(read_small(path) or b"", written_ns, prefix, conversions)
    except _Unusable:
        return None
