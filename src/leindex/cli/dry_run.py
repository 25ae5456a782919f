"""`leindex index --dry-run`: what would be indexed, and what would be skipped, by reason and size."""

from __future__ import annotations

import os
import sys
from collections import Counter
from typing import TYPE_CHECKING

from ..spoken import size
from .common import print_json, printable, utf8

if TYPE_CHECKING:
    from ..index import Index
    from ..indexing.pipeline import UpdateOptions

AT_ONCE = 256
LARGEST = 10


def dry_run(index: Index, options: UpdateOptions, *, as_json: bool) -> int:
    """Walks and reads the tree as an update would; writes nothing."""
    from ..indexing.read import Content, Reader
    from ..indexing.walk.discover import Found, discover

    walk = discover(os.fsencode(index.root), options.discover, own=os.fsencode(index.location.folder))
    files: list[Found] = list(walk)
    skipped: Counter[str] = Counter()
    skipped_bytes: Counter[str] = Counter()
    indexed: list[tuple[int, str]] = []
    with Reader(os.fsencode(index.root), options.discover.max_size) as reader:
        for start in range(0, len(files), AT_ONCE):
            part = files[start : start + AT_ONCE]
            for found, outcome in zip(part, reader.read([f.path for f in part]), strict=True):
                name = os.fsdecode(found.path)
                if isinstance(outcome, Content):
                    indexed.append((found.size, name))
                    if not as_json:
                        print(f"index\t{size(found.size)}\t{printable(name)}")
                else:
                    skipped[str(outcome)] += 1
                    skipped_bytes[str(outcome)] += found.size
                    if not as_json:
                        print(f"skip\t{size(found.size)}\t{printable(name)}\t{outcome}")
    total = sum(length for length, _ in indexed)
    if as_json:
        print_json(
            {
                "root": str(index.root),
                "files": len(indexed),
                "bytes": total,
                "skipped": {r: {"files": skipped[r], "bytes": skipped_bytes[r]} for r in sorted(skipped)},
                "passed_over": dict(walk.skipped),
                "unreadable_folders": [os.fsdecode(path) for path, _ in walk.unreadable],
                "largest": [{"path": utf8(n), "bytes": b} for b, n in sorted(indexed, reverse=True)[:LARGEST]],
            }
        )
        return 0
    print(f"would index {len(indexed)} files, {size(total)}", file=sys.stderr)
    for reason in sorted(skipped):
        print(f"would skip {skipped[reason]} files, {size(skipped_bytes[reason])}: {reason}", file=sys.stderr)
    for reason, count in sorted(walk.skipped.items()):
        print(f"passed over {count} entries: {reason}", file=sys.stderr)
    for path, why in walk.unreadable:
        print(f"unreadable folder {printable(os.fsdecode(path))}: {why}", file=sys.stderr)
    return 0
