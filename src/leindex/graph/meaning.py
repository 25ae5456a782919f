"""What an expression may stand for, as far as source tells."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["definition", "instance", "super", "module", "external", "unknown"]


class Meaning(NamedTuple):
    """One thing that an expression may be.

    A `definition` is the one with the place `symbol` in the file `path`, an `instance` is a value of that type,
    `super` what its bases give; `module` is the file `path`, or a folder of files where `path` ends with a slash.
    `text` names what is external, or says why nothing is known. `element` is the file and the text of the type that an
    item of it has.
    `inferred` says that an assignment or an annotation was followed.
    """

    kind: Kind
    path: str = ""
    symbol: int = -1
    text: str = ""
    inferred: bool = False
    element: tuple[str, str] | None = None


def unknown(why: str) -> list[Meaning]:
    """Nothing is known, for a reason."""
    return [Meaning("unknown", text=why)]


def external(name: str) -> list[Meaning]:
    """Something outside of the indexed files."""
    return [Meaning("external", text=name)]
