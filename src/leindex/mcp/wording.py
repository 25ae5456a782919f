"""How answers read as compact text, and in which stages each is shortened.

The text is what most assistants see; it has the same items as the structured content beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from ..service.answers import Answer
from .shorten import Fitted, Stage, fit

CLIPPED: Final = 160
"""Characters of a line where the whole reply did not fit."""
FEW_LINES: Final = 3


def _same(item: Answer) -> Answer:
    return item


def _lines(lines: list[Answer], indent: str = "") -> str:
    """Numbered lines: `12:` in front of one that matched, `12-` in front of one beside it, as grep writes
    them."""
    return "\n".join(f"{indent}{line['number']}{':' if 'ranges' in line else '-'} {line['text']}" for line in lines)


def _views(item: Answer) -> str:
    """The views that have a content, where views were asked."""
    return f"  [{', '.join(item['views'])}]" if item.get("views") else ""


# -- search --------------------------------------------------------------------------------------------------


def _hit_text(hit: Answer) -> str:
    place = f"{hit['path']}:{hit['start_line']}-{hit['end_line']}"
    head = f"{place}{_views(hit)}  {hit['heading']}".rstrip()
    return head + ("\n" + _lines(hit["lines"], "  ") if hit.get("lines") else "")


def _plain_hit(hit: Answer, lines: int) -> Answer:
    kept = [
        {"number": line["number"], "text": line["text"][:CLIPPED], "ranges": line["ranges"]} for line in hit["lines"]
    ]
    return {**hit, "lines": kept[:lines]}


SEARCH_STAGES: Final = (
    Stage(_same, _hit_text),
    Stage(lambda hit: _plain_hit(hit, 1), _hit_text, "only the first line of each hit is shown"),
    Stage(lambda hit: _plain_hit(hit, 0), _hit_text, "lines are left out; read_file shows them"),
)


# -- grep ----------------------------------------------------------------------------------------------------


def _file_text(file: Answer) -> str:
    if "lines" not in file:
        return f"{file['path']}: {file['matches']}{_views(file)}"
    more = file["matches"] - sum("ranges" in line for line in file["lines"])
    return f"{file['path']}{_views(file)}\n{_lines(file['lines'])}" + (f"\n  … {more} more" if more > 0 else "")


def _few_lines(file: Answer) -> Answer:
    if "lines" not in file:
        return file
    lines = [
        {"number": line["number"], "text": line["text"][:CLIPPED], "ranges": line["ranges"]}
        for line in file["lines"]
        if "ranges" in line
    ]
    return {**file, "lines": lines[:FEW_LINES]}


def _no_lines(file: Answer) -> Answer:
    return {key: value for key, value in file.items() if key != "lines"}


GREP_STAGES: Final = (
    Stage(_same, _file_text),
    Stage(_few_lines, _file_text, f"at most {FEW_LINES} lines of each file are shown"),
    Stage(_no_lines, _file_text, "only the number of matching lines of each file is shown"),
)
FILE_NAME_STAGES: Final = (Stage(_same, lambda file: f"{file['path']}{_views(file)}"),)


# -- the others ----------------------------------------------------------------------------------------------


def symbol_text(symbol: Answer) -> str:
    """A definition on a line, with its code where it was asked for."""
    within = f" in {symbol['container']}" if symbol["container"] else ""
    place = f"{symbol['path']}:" if "path" in symbol else ""
    head = f"{place}{symbol['start_line']}-{symbol['end_line']}  {symbol['kind']} {symbol['name']}{within}"
    signature = symbol.get("signature", "")
    head += f"  {signature}" if signature and signature != symbol["name"] else ""
    head += _views(symbol)
    return head + (f"\n{symbol['source']}" if symbol.get("source") else "")


def _no_source(symbol: Answer) -> Answer:
    return {key: value for key, value in symbol.items() if key != "source"}


SYMBOL_STAGES: Final = (
    Stage(_same, symbol_text),
    Stage(_no_source, symbol_text, "code is left out; read_file with symbol shows it"),
)
REFERENCE_STAGES: Final = (
    Stage(_same, lambda use: f"{use['path']}:{use['line']}: {use['text']}"),
    Stage(
        lambda use: {**use, "text": use["text"][:CLIPPED]},
        lambda use: f"{use['path']}:{use['line']}: {use['text']}",
    ),
)
LINE_STAGES: Final = (Stage(_same, lambda line: f"{line['number']}\t{line['text']}"),)


def _row_text(row: Answer) -> str:
    """An edge, or a definition or a file with what it is to the one asked about."""
    if "grade" not in row:
        return f"  {row['label']}  {row['at']}" if "label" in row else f"  {row['at']}"
    depth = f"{row['depth']}  " if "depth" in row else ""
    within = f"  in {row['in']}" if "in" in row else ""
    to = f"  -> {row['to']}" if "to" in row else ""
    text = f"  {row['text'].strip()}" if "text" in row else ""
    reason = f"  ({row['reason']})" if "reason" in row else ""
    return f"  {depth}{row['grade']}  {row['at']}{within}{text}{to}{reason}"


def _without(*names: str) -> Callable[[Answer], Answer]:
    return lambda item: {key: value for key, value in item.items() if key not in names}


ROW_STAGES: Final = (
    Stage(_same, _row_text),
    Stage(_without("reason"), _row_text, "reasons are left out"),
    Stage(_without("reason", "text", "to"), _row_text, "lines and reasons are left out"),
)


def _head_text(commit: Answer) -> str:
    day = time.strftime("%Y-%m-%d", time.gmtime(commit["committed"]))
    return f"{commit['id'][:12]} {day} {commit['author']}  {commit['subject']}"


def _commit_text(commit: Answer) -> str:
    lines = [
        f"  {line['path']}:{'+' if line['added'] else '-'}{line['line']}: {line['text']}" for line in commit["lines"]
    ]
    return "\n".join([_head_text(commit), *lines])


def _few_changed(commit: Answer) -> Answer:
    lines = [{**line, "text": line["text"][:CLIPPED]} for line in commit["lines"]]
    return {**commit, "lines": lines[:FEW_LINES]}


def _presence_text(found: Answer) -> str:
    line = found["line"]
    place = f"  {line['path']}:{line['line']}" if line else ""
    told = [f"first: {_head_text(found['first'])}{place}"]
    if found["present"]:
        return "\n".join([*told, "last: it is still there"])
    told.append(f"last: {_head_text(found['last'])}")
    return "\n".join([*told, *([f"removed: {_head_text(found['removed'])}"] if found["removed"] else [])])


def _change_text(change: Answer) -> str:
    sign = {"added": "+", "removed": "-", "changed": "~"}[change["change"]]
    now = f"  now {change['after']}" if change["change"] == "changed" else ""
    return f"{sign} {change['path']}:{change['line']}  {change['before'] or change['after'] or change['name']}{now}"


HISTORY_STAGES: Final = {
    "log": (
        Stage(_same, _commit_text),
        Stage(_few_changed, _commit_text, f"at most {FEW_LINES} lines of each commit are shown"),
        Stage(lambda commit: {**commit, "lines": []}, _commit_text, "lines are left out"),
    ),
    "when": (Stage(_same, _presence_text),),
    "compare": (Stage(_same, _change_text),),
}


def _entry_text(entry: Answer) -> str:
    return f"{entry['path']}  ({entry['files']} files)" if "files" in entry else str(entry["path"])


ENTRY_STAGES: Final = (Stage(_same, _entry_text),)


def fitted(items: list[Any], stages: tuple[Stage, ...], budget: int) -> Fitted:
    """The items as they fit; nothing for none."""
    return fit(items, stages, budget) if items else Fitted([], "", 0, "")


def ending(answer: Answer, more: str, *, shortened: bool) -> str:
    """The last lines of a reply: what was shortened, whether it is complete, how to go on."""
    parts = [*answer.get("notes", ()), *answer.get("advice", ())]
    if more:
        parts.append(f"more: {more}")
    elif answer.get("complete") and not shortened:
        parts.insert(0, "complete")
    elif not answer.get("complete", True) and not answer.get("truncated"):
        parts.insert(0, "not complete")
    return "[" + "; ".join(parts) + "]"


def status_text(status: Answer) -> str:
    """The state of the index in a few lines."""
    update = status["update"]
    if not status["indexed"]:
        return f"{status['root']} is not indexed yet" + (_running(update) or "; a search indexes it first")
    skipped = ", ".join(f"{entry['files']} {reason}" for reason, entry in status["skipped"].items()) or "none"
    languages = ", ".join(f"{entry['language']} {entry['files']}" for entry in status["languages"][:8])
    lines = [
        f"root: {status['root']}",
        f"files: {status['files']}, {status['bytes'] / 1e6:.1f} MB; skipped: {skipped}",
        f"languages: {languages}",
        f"generation {status['generation']}, {_compared(status['age_seconds'])}"
        + (f"; symbols of {status['pending']} files are to come" if status["pending"] else ""),
    ]
    return "\n".join(lines) + _running(update)


def _running(update: Answer) -> str:
    if update["error"]:
        return f"\nthe last update failed: {update['error']}"
    if not update["running"]:
        return ""
    progress = update["progress"]
    done = f"{progress['documents']} of {progress['documents_total']} files"
    return f"\nan update is running: {progress['stage']} {done}"


def _compared(seconds: float | None) -> str:
    return "never compared with all files" if seconds is None else f"compared with the files {seconds:.0f} s ago"
