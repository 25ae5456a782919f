"""Submodules: the files of the commit that a repository names for each, where that commit is at hand."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ...errors import ConfigError
from .repository import SUBMODULE, Repository, TreeEntry

DEEPEST: Final = 8
_PATH: Final = re.compile(rb"\Asubmodule\.(.+)\.path\n(.+)\Z", re.DOTALL)


def expanded(
    repository: Repository, entries: Sequence[TreeEntry], commit: str, deep: int = 0
) -> tuple[list[TreeEntry], dict[str, Repository], list[str]]:
    """The entries of a commit with those of its submodules in place of each, from which repository their blobs are to
    be read, and what is to be said of submodules that are not here."""
    found: list[TreeEntry] = []
    sources: dict[str, Repository] = {}
    notes: list[str] = []
    modules = {entry.path: entry.blob for entry in entries if entry.mode == SUBMODULE}
    names = _names(repository, commit) if modules else {}
    for entry in entries:
        if entry.mode != SUBMODULE:
            found.append(entry)
            continue
        module = _module(repository, entry.path, names.get(entry.path)) if deep < DEEPEST else None
        try:
            inner = None if module is None else module.tree(entry.blob)
        except ConfigError:
            inner = None
        if module is None or inner is None:
            notes.append(f"the submodule {os.fsdecode(entry.path)} is not in it: its commit is not in this clone")
            continue
        below, inner_sources, inner_notes = expanded(module, inner, entry.blob, deep + 1)
        notes += inner_notes
        for one in below:
            found.append(one._replace(path=entry.path + b"/" + one.path))
            sources[one.blob] = inner_sources.get(one.blob, module)
    own = {entry.blob for entry in entries if entry.mode != SUBMODULE}
    return found, {blob: source for blob, source in sources.items() if blob not in own}, notes


def _names(repository: Repository, commit: str) -> dict[bytes, bytes]:
    """The names of the submodules of a commit, by path."""
    try:
        listed = repository.run(
            "config", "--blob", f"{commit}:.gitmodules", "-z", "--get-regexp", r"^submodule\..*\.path$"
        )
    except ConfigError:
        return {}
    found = (_PATH.match(line) for line in listed.split(b"\0"))
    return {match[2]: match[1] for match in found if match}


def _module(repository: Repository, path: bytes, name: bytes | None) -> Repository | None:
    """The repository of a submodule, which lies in that of the whole, or of old clones at its path."""
    places = [os.path.join(os.fsencode(repository.top), path, b".git")]
    if name is not None and b".." not in name.split(b"/"):
        places.insert(0, os.path.join(os.fsencode(repository.common_dir), b"modules", name))
    for place in places:
        if os.path.isfile(os.path.join(place, b"HEAD")):
            folder = Path(os.fsdecode(place))
            return Repository(folder, folder, folder, folder, b"", True, False)
    return None
