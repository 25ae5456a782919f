"""Every error that leindex raises, as one small tree.

    LeindexError
    |-- UsageError              the request cannot be carried out as it was put (exit status 2)
    |   |-- QueryError          a query or pattern that is wrong; knows the column
    |   |   `-- PatternLimitError a pattern that takes too long in one content
    |   `-- ConfigError         an option or a path that is wrong
    |-- StorageError            the store failed; carries the result of a batch so far
    |   |-- StoreBusyError      another process holds the store, and waiting did not help
    |   |-- StoreFullError      no space left
    |   |-- StoreReadOnlyError  the store cannot be written
    |   |-- StoreCorruptError   the store is damaged, or is not a leindex store
    |   `-- StoreVersionError   the store was written by another version of the format
    |-- DocumentError           one document that cannot be stored (never ends a batch)
    |-- EngineMissingError      an engine whose package is not installed
    |-- StaleIndexError         strict mode: the index could not be compared with the tree
    `-- CancelledError          the caller asked to stop

Libraries' errors are mapped to these where the library is called; none passes this package's boundary.
"""

from __future__ import annotations

from typing import Any


class LeindexError(Exception):
    """Base of all errors of this package; `str()` of one is a message fit for a person."""


class UsageError(LeindexError):
    """The request is wrong; doing it again will not help."""


class QueryError(UsageError):
    """A query or a pattern that is wrong.

    `column` counts characters from 0 in `text`; `advice` says what to write instead, or is empty.
    """

    def __init__(self, message: str, *, text: str = "", column: int = 0, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.column = column
        self.advice = advice


class PatternLimitError(QueryError):
    """The search of one content was given up, since the pattern takes too many steps there; others may succeed."""


class ConfigError(UsageError):
    """An option or a path that is wrong."""


class StorageError(LeindexError):
    """The store failed. `result` is what `batch_write` had reached, where it was one that failed."""

    def __init__(self, message: str, *, result: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.result = result


class StoreBusyError(StorageError):
    """Another process holds the store, and waiting and replaying did not help."""


class StoreFullError(StorageError):
    """No space left where the store is."""


class StoreReadOnlyError(StorageError):
    """The store, its folder or its file system cannot be written."""


class StoreCorruptError(StorageError):
    """The store is damaged, or the file is not a leindex store."""


class StoreEmptyError(StoreCorruptError):
    """A store that was begun, but holds no index (yet)."""


class StoreVersionError(StorageError):
    """The store was written in a version of the format that this program cannot use."""


class DocumentError(LeindexError):
    """One document that cannot be stored; the message is the reason alone."""


class EngineMissingError(UsageError):
    """An engine whose package is not installed; the message names the pip command."""


class StaleIndexError(LeindexError):
    """Strict mode: the index could not be compared with the tree, so an answer would be a guess."""


class CancelledError(LeindexError):
    """The caller asked to stop; what was acknowledged before stays."""
