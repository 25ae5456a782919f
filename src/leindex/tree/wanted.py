"""Which views an index is to have, and which ones a name or a glob means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from ..records import record
from ..storage.revisions.tables import StoredView

if TYPE_CHECKING:
    from ..indexing.revisions.repository import Ref

STATE: Final = "views"
"""The name that the settings have in the catalogue."""

_GLOB: Final = re.compile(r"[*?\[]")


@record(frozen=True, slots=True)
class Wanted:
    """What the settings of an index ask for: names of branches and tags, globs allowed, and commits as they were
    typed, each with its id."""

    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    revs: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.branches or self.tags or self.revs)

    @classmethod
    def stored(cls, value: Any) -> Wanted:
        """The settings as the catalogue has them."""
        value = value or {}
        return cls(
            tuple(value.get("branches", ())), tuple(value.get("tags", ())), tuple(map(tuple, value.get("revs", ())))
        )

    def as_state(self) -> dict[str, Any]:
        """The settings as the catalogue keeps them."""
        return {"branches": list(self.branches), "tags": list(self.tags), "revs": [list(rev) for rev in self.revs]}


def is_glob(pattern: str) -> bool:
    """Whether a pattern may mean several names."""
    return bool(_GLOB.search(pattern))


def is_meant(view: StoredView, pattern: str) -> bool:
    """Whether `branch:` means a view: a branch or a tag that fits, or a commit by the very name of its view."""
    return view.name == pattern or (view.kind != "rev" and fits(view.name, pattern))


def fits(name: str, pattern: str) -> bool:
    """Whether a name is the one that is meant, or fits the glob."""
    return name == pattern or (is_glob(pattern) and fnmatchcase(name, pattern))


def names(ref: Ref, pattern: str) -> bool:
    """Whether a pattern of the settings means a branch or a tag: branches of remotes only where it names one."""
    return fits(ref.name, pattern) and (not ref.remote or "/" in pattern)


def joined(before: Sequence[str], more: Sequence[str]) -> tuple[str, ...]:
    """Both, each once."""
    return tuple(dict.fromkeys((*before, *more)))
