"""How large a batch is: by count, by bytes, and, for "auto", by what a commit was measured to take."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from ..errors import ConfigError
from ..models import DocumentItem

BATCH_BYTES: Final = 32 << 20
"""A batch ends at this many bytes of content, whatever its count: memory is bounded by bytes, not by
documents."""

TARGET_SECONDS: Final = 0.05
"""What "auto" aims at for one commit: long enough that the sync does not count, short enough to stop at."""


class BatchSize:
    """The count and the bytes at which the next batch ends.

    "auto" starts at 100 documents and doubles or halves both limits with the measured time of a batch.
    """

    def __init__(self, size: int | Literal["auto"]) -> None:
        if size != "auto" and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
            raise ConfigError(f'the batch size must be a whole number from 1 or "auto", not {size!r}')
        self.automatic = size == "auto"
        self.count: int = 100 if size == "auto" else size
        self.bytes = 1 << 20 if self.automatic else BATCH_BYTES

    def measured(self, size: int, seconds: float) -> None:
        """Takes note of a batch of `size` bytes that took `seconds`."""
        if not self.automatic:
            return
        if seconds < TARGET_SECONDS / 2:
            self.count = min(self.count * 2, 100_000)
            self.bytes = min(self.bytes * 2, BATCH_BYTES)
        elif seconds > TARGET_SECONDS * 2:
            self.count = max(self.count // 2, 16)
            self.bytes = max(self.bytes // 2, 1 << 18)


def _bytes(documents: Sequence[DocumentItem]) -> float:
    """The lengths of their contents in all; without end where one has none, which is for `prepare` to refuse."""
    try:
        return sum([len(document["content"]) for _, document in documents])
    except (TypeError, KeyError, ValueError):
        return math.inf


def split(documents: Sequence[DocumentItem], size: BatchSize) -> Iterator[list[DocumentItem]]:
    """Cuts the documents into batches; the limits are read anew for each batch."""
    if len(documents) <= size.count and _bytes(documents) <= size.bytes:
        if documents:
            yield list(documents)
        return
    batch: list[DocumentItem] = []
    total, count, limit = 0, size.count, size.bytes
    for item in documents:
        try:
            length = len(item[1]["content"])
        except (TypeError, KeyError, IndexError):  # what cannot be stored is refused when it is prepared
            length = 0
        if batch and (len(batch) >= count or total + length > limit):
            yield batch
            batch, total, count, limit = [], 0, size.count, size.bytes
        batch.append(item)
        total += length
    if batch:
        yield batch


def cores() -> int:
    """How many cores this process may use: as many batches are prepared at a time."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
