"""The language server over stdin and stdout: what `leindex lsp` runs.

Messages are read in a thread of their own and handled one after the other in the event loop; each that is wrong gets
an answer that says why, and nothing but the protocol is written to stdout.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO, Final

from ..service.packages import packages_of

LARGEST: Final = 256 << 20
"""Bytes of the longest message that is read."""


def serve_stdio(path: str | None, index: str | None) -> int:
    """Serves until `exit` or the end of stdin; returns the exit status, which is 1 after an `exit` that no `shutdown`
    announced. `path` is the tree, if not the folder that the editor has open, `index` the folder of the index.

    Raises EngineMissingError where the packages of the extra `lsp` are not installed.
    """
    with packages_of("lsp"):
        from .messages import Messages
        from .server import build
    server = build(path, index)
    messages = Messages(server)

    async def serve() -> int:
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[bytes | None] = asyncio.Queue()
        server.protocol.set_writer(_Output(sys.stdout.buffer, lambda: arrived.put_nowait(None)))

        def deliver(body: bytes | None) -> None:
            loop.call_soon_threadsafe(arrived.put_nowait, body)

        threading.Thread(target=_read, args=(deliver,), name="leindex-lsp-read", daemon=True).start()
        try:
            while messages.status is None and (body := await arrived.get()) is not None:
                messages.handle(body)
            return messages.status or 0
        finally:
            if server.session is not None:
                await server.session.close()

    return asyncio.run(serve())


def _read(deliver: Callable[[bytes | None], None]) -> None:
    """Hands on the bodies of messages, and None at the end. The stream is a copy of stdin: that itself is closed by
    Python at its end, which would wait for this thread."""
    with open(os.dup(sys.stdin.fileno()), "rb") as stream:
        try:
            while (body := _message(stream)) is not None:
                deliver(body)
            deliver(None)
        except RuntimeError:
            pass  # the loop has ended meanwhile, so there is nobody to hand on to


def _message(stream: BinaryIO) -> bytes | None:
    """The next body; None at the end of the stream, and where no length tells how to go on."""
    length = None
    while (line := stream.readline(LARGEST)) not in (b"\r\n", b"\n") or length is None:
        if not line:
            return None
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            length = int(value)
    if length > LARGEST:
        return None
    body = stream.read(length)
    return body if len(body) == length else None


class _Output:
    """Where messages go; `gone` is called when nobody reads them any more."""

    def __init__(self, stream: BinaryIO, gone: Callable[[], None]) -> None:
        self._stream, self._gone = stream, gone

    def write(self, data: bytes) -> None:
        """Writes one message."""
        try:
            self._stream.write(data)
            self._stream.flush()
        except BrokenPipeError:
            self._gone()

    def close(self) -> None:
        """Stdout is closed with the process."""
