"""What the status page shows: figures, pictures of what is indexed, and what updates did."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from ...index import Index
from ...service import status_answer
from ...service.answers import Answer
from ...service.control import Control
from ...service.places import display
from ...service.service import Service
from . import charts
from .charts import COLOURS, Part
from .hits import folder_url

LANGUAGES: Final = 9
FOLDERS: Final = 40
DEPTH: Final = 4
LARGE_SHARE: Final = 0.12
"""A folder with more of the tree than this is divided in the picture."""
UPDATES: Final = 8
SAMPLE_SECONDS: Final = 0.25


async def status(service: Service, control: Control) -> Answer:
    """The figures and pictures, or only how far indexing is."""
    found = await status_answer.status(service, control)
    found["name"] = display(service.location.root.name)
    found["share"] = share(found["update"])
    found["throughput"] = charts.line(throughput(list(service.updater.samples)), unit="MB/s")
    if not found["indexed"]:
        return found
    colours = {entry["language"]: place for place, entry in enumerate(found["languages"][:LANGUAGES])}
    found["legend"] = _legend(found["languages"], colours)
    found["language_bar"] = charts.bar(found["legend"])
    parts = await service.read(
        lambda index: service.kept("folders", index, lambda index: folders(index, colours)), control
    )
    found["folders"] = charts.treemap(parts, style="flat")
    found["folders_narrow"] = charts.treemap(parts, 380, 520, style="tall")
    found["updates"] = [_update(update) for update in found["updates"][:UPDATES]]
    return found


def share(update: Answer) -> float:
    """How far a running update is, from 0 to 1: its text counts as half of the way, the symbols as the
    other."""
    progress = update["progress"]
    if not update["running"] or not progress["documents_total"]:
        return 0.0
    part = progress["documents"] / progress["documents_total"]
    return float(0.5 + part / 2 if progress["stage"] == "symbols" else part / 2)


def _legend(languages: Sequence[Answer], colours: dict[str, int]) -> list[Part]:
    """The languages with their shares; the small ones together."""
    total = sum(entry["bytes"] for entry in languages) or 1

    def part(name: str, size: int, files: int, colour: int) -> Part:
        return Part(name, size, f"{_files(files)}, {100 * size / total:.1f} %", colour)

    shown = [
        part(entry["language"], entry["bytes"], entry["files"], colours[entry["language"]])
        for entry in languages[:LANGUAGES]
    ]
    rest = languages[LANGUAGES:]
    if rest:
        size, files = sum(entry["bytes"] for entry in rest), sum(entry["files"] for entry in rest)
        shown.append(part("others", size, files, COLOURS - 1))
    return shown


def folders(index: Index, colours: dict[str, int]) -> list[Part]:
    """The folders that share the tree, in the colour of their main language; large ones are divided
    further."""
    sizes: Counter[str] = Counter()
    files: Counter[str] = Counter()
    languages: defaultdict[str, Counter[str]] = defaultdict(Counter)
    below: defaultdict[str, set[str]] = defaultdict(set)
    with index.snapshot():
        for row in index.catalog.files():
            if not row.number:
                continue
            parts = row.name.split("/")[:-1][:DEPTH]
            for depth in range(len(parts) + 1):
                name = "/".join(parts[:depth])
                sizes[name] += row.size
                files[name] += 1
                languages[name][row.language or "other"] += row.size
                if depth:
                    below["/".join(parts[: depth - 1])].add(name)
    largest = sorted(_divided("", sizes, below), key=lambda name: -sizes[name])[:FOLDERS]
    return [
        Part(
            display(name),
            sizes[name],
            f"{_files(files[name])}, {sizes[name] / 1e6:.1f} MB",
            colours.get(languages[name].most_common(1)[0][0], COLOURS - 1),
            folder_url(name),
        )
        for name in largest
        if name
    ]


def _divided(name: str, sizes: Counter[str], below: dict[str, set[str]]) -> list[str]:
    """A folder, or what it is divided into where it is large and its folders hold most of it."""
    inner = below.get(name, set())
    large = sizes[name] > LARGE_SHARE * sizes[""]
    if not inner or not large or sum(sizes[one] for one in inner) < 0.5 * sizes[name]:
        return [name]
    return [part for one in inner for part in _divided(one, sizes, below)]


def throughput(samples: Sequence[tuple[float, int, int]]) -> list[tuple[float, float]]:
    """MB/s over the time of an update, each value over at least a quarter of a second."""
    points: list[tuple[float, float]] = []
    if not samples:
        return points
    begin, size, _ = samples[0]
    for moment, done, _ in samples[1:]:
        if moment - begin >= SAMPLE_SECONDS and done > size:
            points.append((moment, (done - size) / 1e6 / (moment - begin)))
            begin, size = moment, done
    return points


def _files(count: int) -> str:
    return f"{count:,} file" + ("" if count == 1 else "s")


def _update(update: Answer) -> Answer:
    seconds = float(update["seconds"])
    size = int(update.get("bytes", 0))
    return {
        "generation": update["generation"],
        "ago": time.time() - float(update["finished"]),
        "seconds": seconds,
        "files": int(update.get("files", 0)),
        "removed": int(update.get("removed", 0)),
        "bytes": size,
        "rate": size / 1e6 / seconds if seconds > 0.01 else 0.0,
    }


def root_name(root: str | os.PathLike[str]) -> str:
    """The name of a root as the page's title has it."""
    return display(os.path.basename(os.fspath(root)) or os.fspath(root))
