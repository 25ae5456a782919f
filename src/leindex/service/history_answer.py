"""`history`: what commits changed, since when a text is there, and what differs between two revisions."""

from __future__ import annotations

from typing import Any

from ..errors import ConfigError
from ..history.changed import ChangedCommit, ChangedLine
from ..history.presence import Presence
from ..index import Index
from ..models import Commit
from ..questions import HistoryQuestion
from .answers import Answer
from .control import Control
from .places import LONGEST_LINE, display, relative


def history(index: Index, arguments: Answer, control: Control) -> Answer:
    """The answer to one of its kinds. Raises ConfigError where its pattern or revision is missing, QueryError for one
    that means nothing."""
    kind = arguments["kind"]
    needed = "old" if kind == "compare" else "pattern"
    if not arguments[needed]:
        raise ConfigError(f"{kind} needs {needed}")
    answer = {"log": _log, "when": _when, "compare": _compare}[kind](index, arguments, control)
    return {"kind": kind, **answer}


def _question(index: Index, arguments: Answer, control: Control) -> HistoryQuestion:
    return HistoryQuestion(
        arguments["pattern"],
        fixed=arguments["fixed_strings"],
        counts=arguments["counts"],
        revisions=arguments["revisions"],
        author=arguments["author"],
        since=arguments["since"],
        globs=tuple(arguments["globs"]),
        limit=arguments["limit"],
        scope=relative(arguments["path"], index.root),
        check=control.check,
    )


def _log(index: Index, arguments: Answer, control: Control) -> Answer:
    answer = index.log(_question(index, arguments, control))
    commits = [commit_json(one) for one in answer]
    notes = said_of(answer.binary, shallow=answer.shallow)
    return {"items": commits, "looked_at": answer.looked_at, "truncated": answer.truncated, "notes": notes}


def _when(index: Index, arguments: Answer, control: Control) -> Answer:
    answer = index.when(_question(index, arguments, control))
    found = presence_json(answer)
    return {
        "items": [found] if answer.first else [],
        "looked_at": answer.looked_at,
        "truncated": False,
        "notes": said_of(answer.binary, shallow=answer.shallow),
    }


def _compare(index: Index, arguments: Answer, control: Control) -> Answer:
    scope = relative(arguments["path"], index.root)
    found = index.compare(arguments["old"], arguments["new"], arguments["query"], scope=scope, check=control.check)
    changes = [{**change.as_json(), "path": display(change.path)} for change in found.changes[: arguments["limit"]]]
    notes = [f"{found.files} files differ"]
    if found.moved:
        notes.append(f"{found.moved} definitions moved to another file")
    if found.pending:
        notes.append(f"the symbols of {found.pending} files are not extracted yet")
    truncated = len(changes) < len(found.changes)
    return {"items": changes, "looked_at": found.files, "truncated": truncated, "notes": notes}


def commit_json(changed: ChangedCommit) -> dict[str, Any]:
    """A commit with the lines that it changed."""
    return {**commit_fields(changed.commit), "lines": [line_json(line) for line in changed.lines]}


def presence_json(answer: Presence) -> dict[str, Any]:
    """Since when and until when something is there."""
    return {
        "first": commit_fields(answer.first) if answer.first else None,
        "line": line_json(answer.line) if answer.line else None,
        "last": commit_fields(answer.last) if answer.last else None,
        "removed": commit_fields(answer.removed) if answer.removed else None,
        "present": answer.present,
    }


def commit_fields(commit: Commit) -> dict[str, Any]:
    """A commit: `id`, `committed` (Unix time), `author`, `address`, `subject`."""
    return {name: value for name, value in commit._asdict().items() if name != "parents"}


def line_json(line: ChangedLine) -> dict[str, Any]:
    """A line that came or went."""
    return {"path": display(line.path), "line": line.line, "added": line.added, "text": line.text[:LONGEST_LINE]}


def said_of(binary: int, *, shallow: bool) -> list[str]:
    """What a history did not look at."""
    notes = [f"changes of binary files that were not looked at: {binary}"] if binary else []
    return [*notes, "the clone is shallow: older commits are not here"] if shallow else notes
