"""leindex: an embedded index of source code.

>>> import leindex
>>> index = leindex.open(".")          # nothing is read or made yet
>>> result = index.update()            # doctest: +SKIP
>>> answer = index.search("retry")     # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .index import Index, open_index
    from .index import open_index as open

__version__ = "0.1.0"
__all__ = ["Index", "__version__", "open", "open_index"]


def __getattr__(name: str) -> Any:
    # Lazy, so that `leindex --version` loads nothing.
    if name in ("Index", "open_index", "open"):
        from . import index

        return index.open_index if name == "open" else getattr(index, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
