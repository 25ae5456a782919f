"""What the languages differ in, for resolving: one entry a language, data where data is enough."""

from __future__ import annotations

from functools import cache

from .base import Rules


@cache
def rules_of(language: str) -> Rules | None:
    """The rules of a language; None where there are none, and then nothing is resolved in it."""
    if language == "python":
        from .python import Python

        return Python()
    if language in ("javascript", "typescript", "tsx"):
        from .javascript import JavaScript

        return JavaScript()
    if language == "go":
        from .go import Go

        return Go()
    if language == "c":
        from .c import C

        return C()
    return None
