"""`Session`: one tree as an editor asks about it: its service, the open texts, and when an answer may be given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

from lsprotocol import types

from ..config import Location
from ..errors import CancelledError
from ..models import ProgressCallback
from ..service.control import Control
from ..service.place_answer import Editor
from ..service.service import Service
from ..symbols.fuzzy import NameList
from .buffers import Buffers
from .shapes import path_of

if TYPE_CHECKING:
    from ..index import Index

P = ParamSpec("P")
T = TypeVar("T")

SECONDS: Final = 30.0
"""How long one answer may take."""
BUILD_SECONDS: Final = 3600.0
MAX_AGE: Final = 2.0
"""Seconds for which a comparison with the tree serves, where nobody watches it: an editor asks in bursts."""


class Session:
    """What lasts from `initialize` to the end."""

    def __init__(self, location: Location) -> None:
        self.service = Service(location)
        self.buffers = Buffers()
        self.names = NameList()
        self._built: asyncio.Task[None] | None = None
        self._running: set[Control] = set()

    @property
    def root(self) -> Path:
        """The tree."""
        return self.service.location.root

    def path_of(self, document: types.TextDocumentIdentifier) -> str | None:
        """The path of a document below the root; None where it is elsewhere."""
        return path_of(document.uri, self.root)

    def build(self, on_progress: ProgressCallback | None = None) -> asyncio.Task[None]:
        """Begins to make an index, with its symbols, where there is none. Awaiting it raises LeindexError."""
        if self._built is None or (self._built.done() and self._built.exception() is not None):
            self._built = asyncio.get_running_loop().create_task(self._build(on_progress))
        return self._built

    async def _build(self, on_progress: ProgressCallback | None) -> None:
        control = Control(BUILD_SECONDS, on_progress)
        if not await self.service.searchable(control):
            await self.service.update(control)

    async def ask(self, work: Callable[Concatenate[Index, Editor, P], T], *arguments: P.args, **options: P.kwargs) -> T:
        """The answer of one of `service/place_answer.py`, with the texts as they are open now. Raises LeindexError."""
        control = Control(SECONDS)
        built = self.build()
        if not (await asyncio.wait([built], timeout=SECONDS))[0]:
            raise CancelledError(f"{self.root} is still being indexed; ask again in a while")
        built.result()
        self._running.add(control)
        try:
            await self.service.ready(control, max_age=MAX_AGE)
            editor = Editor(control, self.buffers.unit, self.buffers.texts)
            return await self.service.read(lambda index: work(index, editor, *arguments, **options), control)
        finally:
            self._running.discard(control)

    async def close(self) -> None:
        """Ends its threads; what they are still asked is given up."""
        for control in self._running:
            control.cancel()
        if self._built is not None:
            self._built.cancel()
        await asyncio.to_thread(self.service.close)
