"""`index_status`: what the index holds, how fresh it is, what was skipped, and what the writer is doing."""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import Any

from ..index import Index
from ..records import as_dict
from .answers import Answer
from .control import Control
from .places import display
from .service import Service
from .updater import Running, Updater


async def status(service: Service, control: Control) -> Answer:
    """The state of the index; of one that is not there yet only that."""
    found: Answer = {
        "root": display(os.fspath(service.location.root)),
        "indexed": await service.searchable(control),
    }
    if found["indexed"]:
        found.update(await service.read(lambda index: stored(service, index), control))
    return {**found, "update": writer(service.updater)}


async def update(service: Service, control: Control) -> Answer:
    """`update_index`: what an update that began after now did. Raises LeindexError."""
    result = as_dict(await service.update(control))
    names = ("files", "added", "changed", "removed", "unchanged", "failed", "generation", "seconds")
    return {**{name: result[name] for name in names}, "failed": list(result["failed"])}


def stored(service: Service, index: Index) -> Answer:
    """What the store says."""
    with index.snapshot():
        found: dict[str, Any] = index.status()
        found["index"] = display(found["index"])
        del found["root"]
        return {**found, "languages": service.kept("languages", index, languages)}


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
        "progress": as_dict(state.progress),
        "error": state.error,
        "finished_seconds_ago": round(time.time() - state.finished, 1) if state.finished else None,
    }
