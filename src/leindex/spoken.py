"""Figures as a person says them."""

from __future__ import annotations

from collections.abc import Sequence


def compared(seconds: float | None) -> str:
    """How long ago an index was compared with its tree, in words; None says that it never was."""
    if seconds is None:
        return "never compared with the whole tree"
    return f"compared with the tree {age(seconds)} ago"


def age(seconds: float) -> str:
    """A time span as a person says it."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def some(names: Sequence[str], count: int) -> str:
    """The first of so many names, and how many more there are."""
    named = ", ".join(names)
    return named if len(names) == count else f"{named} and {count - len(names)} more"


def size(count: float) -> str:
    """A number of bytes as a person says it."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")
