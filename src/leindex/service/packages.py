"""The packages that serving needs beyond those of a search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import EngineMissingError
from ..install_hint import install_hint


@contextmanager
def packages_of(extra: str) -> Iterator[None]:
    """Says which package is missing where one of an extra, `server` or `lsp`, is. Raises EngineMissingError."""
    try:
        yield
    except ImportError as error:
        message = f"the server needs a package that is missing ({error.name}): {install_hint(extra)}"
        raise EngineMissingError(message) from None
