"""How a running request is stopped, and how it says how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..errors import CancelledError
from ..models import Progress


class Control:
    """The reins of one request, shared by the event loop that holds them and the thread that does the work.

    `seconds` is how long the work may take. `on_progress` is called in the thread that works.
    """

    def __init__(self, seconds: float = 60.0, on_progress: Callable[[Progress], None] | None = None) -> None:
        self.seconds = seconds
        self.on_progress = on_progress
        self._deadline = time.monotonic() + seconds
        self._cancelled = False

    def cancel(self) -> None:
        """Stops the work at its next check."""
        self._cancelled = True

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._cancelled

    @property
    def timed_out(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._deadline

    def check(self) -> None:
        """Raises CancelledError when the request is cancelled or its time is up."""
        if self._cancelled:
            raise CancelledError("the request was cancelled")
        if self.timed_out:
            raise CancelledError(
                f"stopped after {self.seconds:.0f} seconds; narrow the search to a folder or a language, "
                "or give the pattern more literal text"
            )
