"""What is known of languages, as views hand it to the packages that answer questions (`views.view.Knowledge`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...linkage import Noted


class Knowledge:
    """Loads the readers of languages only where a question needs them."""

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of definitions that there are."""
        from .grammars import KINDS

        return KINDS

    def languages(self, value: str) -> frozenset[str]:
        """The languages that a value of `lang:` means. Raises QueryError for one that means none."""
        from .language import family, resolve_language

        return frozenset(family(resolve_language(value)))

    def language_of(self, path: bytes) -> str:
        """The language that a file's name tells; "" where it tells none."""
        from .language import language_of

        return language_of(path) or ""

    def calls(self, content: bytes, language: str) -> Sequence[tuple[str, int, int]]:
        """The call sites in a content: name, line from 1, column in bytes from 0."""
        from .symbols import calls

        return calls(content, language)

    def definitions(self, content: bytes, language: str) -> Sequence[Sequence[Any]]:
        """The definitions in a content, each with the fields of a stored one."""
        from .symbols import extract

        return extract(content, language)

    def read(self, content: bytes, language: str) -> tuple[Sequence[Sequence[Any]], Noted | None]:
        """The same, and the places of the references, None where these are not known."""
        from .symbols import read

        return read(content, language)
