"""The tools' replies: each operation's answer as text and as structured content that fit the budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..index import Index
from ..records import record
from ..service import (
    answers,
    file_answer,
    graph_answer,
    grep_answer,
    history_answer,
    operations,
    status_answer,
    symbol_answer,
)
from ..service.answers import Answer
from ..service.control import Control
from ..service.places import pack_cursor, where_of
from ..service.service import Service
from . import wording
from .shorten import Fitted
from .wording import ending, fitted


@record(frozen=True, slots=True)
class Reply:
    """What a tool returns: text, and the same as data."""

    text: str
    data: Answer


Made = Callable[[Index, Answer, Control], Reply]


async def call(service: Service, name: str, arguments: Answer, control: Control) -> Reply:
    """Carries out a tool with checked arguments. Raises LeindexError."""
    if name == operations.STATUS.name:
        status = await status_answer.status(service, control)
        keys = (
            "root",
            "indexed",
            "files",
            "bytes",
            "generation",
            "pending",
            "skipped",
            "languages",
            "update",
        )
        return Reply(wording.status_text(status), {key: status[key] for key in keys if key in status})
    if name == operations.UPDATE.name:
        return _updated(await status_answer.update(service, control))
    await service.ready(control)
    made = _READS[name]

    def work(index: Index) -> Reply:
        with index.at(where_of(arguments)):
            return made(index, arguments, control)

    return await service.read(work, control)


def _updated(result: Answer) -> Reply:
    text = (
        f"{result['files']} files indexed: {result['added']} new, {result['changed']} changed, "
        f"{result['removed']} removed, in {result['seconds']:.2f} s"
    )
    return Reply("\n".join([text, *(f"not indexed: {failure}" for failure in result["failed"])]), result)


def _closed(answer: Answer, key: str, found: Fitted, head: str, more: str) -> Reply:
    """The reply with its items in place."""
    data = {**answer, key: found.items}
    if found.said:
        data["notes"] = [*answer["notes"], found.said]
        data["complete"] = False
    if more and found.shown < len(answer[key]):
        data["complete"], data["truncated"] = False, True
    return Reply(
        "\n".join(part for part in (head, found.text, ending(data, more, shortened=bool(found.said))) if part),
        data,
    )


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _search(index: Index, arguments: Answer, control: Control) -> Reply:
    answer = answers.search(index, arguments, control)
    found = fitted(answer["hits"], wording.SEARCH_STAGES, arguments["max_tokens"])
    if found.shown < len(answer["hits"]):
        # The cursor after the last hit that is shown comes from asking for just those.
        answer["cursor"] = answers.search(index, {**arguments, "limit": found.shown}, control)["cursor"]
    facets = "; ".join(
        f"{name}: " + ", ".join(f"{value} {count}" for value, count in values.items())
        for name, values in answer["facets"].items()
    )
    head = "" if answer["hits"] else "no match"
    reply = _closed(answer, "hits", found, head, f'cursor="{answer["cursor"]}"' if answer["cursor"] else "")
    return Reply(reply.text + (f"\n[{facets}]" if facets else ""), reply.data)


def _grep(index: Index, arguments: Answer, control: Control) -> Reply:
    answer = grep_answer.grep(index, arguments, control)
    stages = wording.FILE_NAME_STAGES if arguments["mode"] == "files" else wording.GREP_STAGES
    found = fitted(answer["files"], stages, arguments["max_tokens"])
    if found.shown < len(answer["files"]):
        last = answer["files"][found.shown - 1]["path"]
        answer["cursor"] = pack_cursor(answer["generation"], last, -1)
    files = answer["files"][: found.shown]
    head = _count(len(files), "file")
    if arguments["mode"] == "lines":
        head = f"{_count(sum(file['matches'] for file in files), 'matching line')} in {head}"
    more = f'cursor="{answer["cursor"]}"' if answer["cursor"] else ""
    return _closed(answer, "files", found, head if files else "no match", more)


def _symbols(index: Index, arguments: Answer, control: Control) -> Reply:
    answer = symbol_answer.symbols(index, arguments, control)
    uses = answer.get("references", [])
    budget = arguments["max_tokens"]
    found = fitted(answer["symbols"], wording.SYMBOL_STAGES, budget * 2 // 3 if uses else budget)
    more = "raise limit, or narrow by kind or language" if found.shown < len(answer["symbols"]) else ""
    more = more or ("raise limit" if answer["truncated"] else "")
    if uses:
        shown = fitted(uses, wording.REFERENCE_STAGES, budget // 3)
        answer["references"] = shown.items
        found = Fitted(found.items, f"{found.text}\nused at:\n{shown.text}".strip(), found.shown, found.said)
    return _closed(answer, "symbols", found, "" if answer["symbols"] else "no definition of this name", more)


def _read(index: Index, arguments: Answer, control: Control) -> Reply:
    answer = file_answer.read(index, arguments, control)
    if arguments["outline"]:
        found = fitted(answer["symbols"], wording.SYMBOL_STAGES, arguments["max_tokens"])
        return _closed(answer, "symbols", found, f"{answer['path']} ({answer['language']})", "")
    found = fitted(answer["lines"], wording.LINE_STAGES, arguments["max_tokens"])
    lines = answer["lines"]
    head = f"{answer['path']} ({answer['total_lines']} lines)"
    answer["next_line"] = lines[found.shown]["number"] if found.shown < len(lines) else None
    more = f"start_line={answer['next_line']}" if answer["next_line"] else ""
    return _closed(answer, "lines", found, head, more)


def _files(index: Index, arguments: Answer, control: Control) -> Reply:
    answer = file_answer.files(index, arguments, control)
    entries = answer["entries"]
    found = fitted(entries, wording.ENTRY_STAGES, arguments["max_tokens"])
    more = ""
    if found.shown < len(entries):
        answer["shown"] = found.shown
        if answer["kind"] == "list":
            answer["cursor"] = pack_cursor(entries[found.shown - 1]["path"])
        else:
            more = "narrow it with path or depth" if answer["kind"] == "tree" else "add letters"
    elif answer["shown"] < answer["total"] and answer["kind"] != "list":
        more = "raise limit"
    more = f'cursor="{answer["cursor"]}"' if answer["cursor"] else more
    head = _count(answer["total"], "file") if answer["kind"] != "tree" else ""
    head = head if entries else "no such file"
    return _closed(answer, "entries", found, head, more)


def _trace(index: Index, arguments: Answer, control: Control) -> Reply:
    answer = graph_answer.asked(index, arguments, control)
    groups: list[Answer] = []
    texts: list[str] = []
    said = ""
    for group in answer.groups:
        rows = list(graph_answer.rows(group))
        found = fitted(rows, wording.ROW_STAGES, arguments["max_tokens"] // len(answer.groups))
        head = graph_answer.heading(group)
        groups.append({"of": head, "rows": found.items})
        left = f"  … {len(rows) - found.shown} more" if found.shown < len(rows) else ""
        texts += [part for part in (head, found.text, left) if part]
        said = said or found.said or ("some are left out; narrow it by file or path" if left else "")
    data: Answer = {"direction": answer.kind, "name": answer.name, "groups": groups, "counts": dict(answer.counts)}
    data |= answers.coverage(answer.completeness)
    if said:
        data |= {"complete": False, "notes": [*data["notes"], said]}
    nothing = "" if any(group["rows"] for group in groups) else "nothing found"
    told = [*texts, nothing, graph_answer.counted(answer)]
    told.append(ending(data, "raise limit" if data["truncated"] else "", shortened=bool(said)))
    return Reply("\n".join(part for part in told if part), data)


def _history(index: Index, arguments: Answer, control: Control) -> Reply:
    answer = history_answer.history(index, arguments, control)
    found = fitted(answer["items"], wording.HISTORY_STAGES[arguments["kind"]], arguments["max_tokens"])
    notes = [*answer["notes"], *([found.said] if found.said else [])]
    looked = _count(answer["looked_at"], "file" if arguments["kind"] == "compare" else "commit")
    more = answer["truncated"] or found.shown < len(answer["items"])
    ends = [f"looked at {looked}", *notes, *(["more: raise limit, or narrow it"] if more else [])]
    text = found.text or "nothing found"
    return Reply(f"{text}\n[{'; '.join(ends)}]", {**answer, "items": found.items, "notes": notes})


_READS: Final[dict[str, Made]] = {
    operations.SEARCH.name: _search,
    operations.GREP.name: _grep,
    operations.SYMBOLS.name: _symbols,
    operations.READ.name: _read,
    operations.FILES.name: _files,
    operations.TRACE.name: _trace,
    operations.HISTORY.name: _history,
}
