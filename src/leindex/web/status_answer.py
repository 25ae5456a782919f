"""`index_status`: what the index holds, how fresh it is, what was skipped, and what the writer is doing."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import asdict
from typing import Any

from ..index import Index
from .answers import Answer
from .control import Control
from .places import display
from .updater import Running, Updater


def status(index: Index, control: Control) -> Answer:
    """The state of the index, without what the writer is doing."""
    with index.snapshot():
        found: dict[str, Any] = index.status()
        found["root"] = display(found["root"])
        found["index"] = display(found["index"])
        return {**found, "languages": languages(index)}


def languages(index: Index) -> list[Answer]:
    """Files and bytes of each language, largest first."""
    files: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for row in index.catalog.files():
        if row.number:
            files[row.language or "other"] += 1
            sizes[row.language or "other"] += row.size
    return [
        {"language": name, "files": files[name], "bytes": size}
        for name, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    ]


def writer(updater: Updater) -> Answer:
    """What the writer is doing."""
    state: Running = updater.state
    return {
        "running": state.running,
        "progress": asdict(state.progress),
        "error": state.error,
        "finished_seconds_ago": round(time.time() - state.finished, 1) if state.finished else None,
    }


def not_indexed(root: str | os.PathLike[str], updater: Updater) -> Answer:
    """The status where there is no index yet."""
    return {"root": display(os.fspath(root)), "indexed": False, "update": writer(updater)}
