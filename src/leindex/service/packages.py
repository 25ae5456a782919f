"""The packages that serving needs beyond those of a search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import EngineMissingError
from ..install_hint import install_hint


@contextmanager
def server_packages() -> Iterator[None]:
    """Says which package is missing where one of the extra `server` is. Raises EngineMissingError."""
    try:
        yield
    except ImportError as error:
        message = f"the server needs a package that is missing ({error.name}): {install_hint('server')}"
        raise EngineMissingError(message) from None
