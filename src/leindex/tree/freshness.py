"""How old an answer may be: comparing the index with the tree before a search, as far as that is quick.

A search compares first when the last walk was quick, and then needs to write nothing unless something changed. What
it finds changed it indexes, the text at least; symbols follow as far as a second allows, the rest at the next update.
Where the tree is too large to compare in passing, the index cannot be written, or another process is writing it, the
answer comes from the index as it is and says how old that is; in strict mode it fails instead.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from ..config import Location
from ..errors import CancelledError, StaleIndexError, StoreBusyError, StoreFullError, StoreReadOnlyError
from ..records import field, record, replace
from ..storage.folder.locks import is_watched

if TYPE_CHECKING:
    from ..indexing.pipeline import Comparison, UpdateOptions
    from ..models import ProgressCallback, UpdateResult
    from ..storage.catalog import Catalog

Refresh = Literal["always", "auto", "never"]

REFRESH_BUDGET: Final = 0.15
"""Seconds: with `auto`, a search compares the index with the tree first if the last walk took at most this long."""

WARM_SECONDS_A_FILE: Final = 8e-6
"""What comparing takes with a warm cache. The walk before the first index was often a cold one, so a tree for which
this fits the budget is tried all the same, and given up at twice the budget."""

BUSY_SECONDS: Final = 0.2
"""How long a search waits for another process that is updating the index."""

GIVEN_UP: Final = (
    "the tree may have changed since: comparing it took too long and was given up; "
    "to compare all of it run: leindex index"
)

SYMBOL_SECONDS: Final = 1.0
TEXT_SYMBOL_SECONDS: Final = 0.1
"""How long symbols may take before an answer that may need them, and before one that does not."""


class Kept(Protocol):
    """What is compared and updated: an opened index with its tree."""

    location: Location

    @property
    def root(self) -> Path:
        """The folder that is indexed."""

    @property
    def catalog(self) -> Catalog:
        """Its files."""

    def update(
        self,
        options: UpdateOptions | None = None,
        *,
        comparison: Comparison | None = None,
        wait_seconds: float = ...,
        on_progress: ProgressCallback | None = None,
    ) -> UpdateResult:
        """Brings it up to date with what was just compared."""


@record(slots=True)
class Freshness:
    """What an open Index knows of how old its answers are: when (Unix time) it last found the tree unchanged, and
    why the last search could not bring the index up to date; what it noted of the tree and the index has not."""

    compared_at: float = 0.0
    note: str = ""
    noted: Mapping[str, Any] = field(default_factory=dict)

    def age_seconds(self, index: Kept) -> float | None:
        """How long ago the index was compared with the tree; 0 while a watcher keeps it current, None where no
        comparison has ever been finished, as after a first run that was interrupted."""
        last = max(self.compared_at, float(index.catalog.state("walked_at", 0.0)))
        if not last:
            return None
        return 0.0 if is_watched(index.location.folder) else max(0.0, time.time() - last)

    def freshen(
        self,
        index: Kept,
        refresh: Refresh,
        *,
        strict: bool,
        symbols: bool = True,
        on_progress: ProgressCallback | None = None,
    ) -> None:
        """Compares and updates, as `refresh` says; `symbols`: whether the answer may need those of what changed.
        Raises StaleIndexError in strict mode where that is not done."""
        self.note, self.noted = "", {}
        if refresh == "never":
            if strict:
                raise StaleIndexError(f"{index.root} was not compared with its index; run: leindex index {index.root}")
            return
        deadline = None
        if refresh == "auto" and not strict:
            if is_watched(index.location.folder) or not _quick_enough(index):
                return
            deadline = time.monotonic() + 2 * REFRESH_BUDGET
        try:
            symbol_seconds = SYMBOL_SECONDS if symbols else TEXT_SYMBOL_SECONDS
            self._update_if_changed(index, deadline, symbol_seconds, on_progress)
        except (StoreBusyError, StoreReadOnlyError, StoreFullError) as error:
            if strict:
                raise StaleIndexError(f"the index of {index.root} cannot be brought up to date: {error}") from error
            self.note = f"the tree has changed since, but the index cannot be brought up to date: {error}"

    def _update_if_changed(
        self, index: Kept, deadline: float | None, symbol_seconds: float, on_progress: ProgressCallback | None
    ) -> None:
        from ..indexing import pipeline

        options = replace(pipeline.stored_options(index.catalog), symbol_seconds=symbol_seconds)
        try:
            seen = pipeline.compared(
                index.root,
                index.catalog,
                options,
                cancelled=lambda: deadline is not None and time.monotonic() > deadline,
            )
        except CancelledError:
            self.note = GIVEN_UP
            return
        if seen.changes:
            index.update(options, comparison=seen, wait_seconds=BUSY_SECONDS, on_progress=on_progress)
        else:
            self.noted = seen.state
        self.compared_at = seen.walked_at


def _quick_enough(index: Kept) -> bool:
    walk_seconds = float(index.catalog.state("walk_seconds", 0.0))
    if walk_seconds <= REFRESH_BUDGET:
        return True
    totals = index.catalog.totals()
    return (totals.files + sum(totals.skipped.values())) * WARM_SECONDS_A_FILE <= REFRESH_BUDGET
