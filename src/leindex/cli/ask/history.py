"""`leindex log`: commits that added or removed matching lines. `leindex when`: since when a text is there."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from ...history.changed import ChangedCommit
from ...history.presence import Presence
from ...models import Commit
from ...questions import HistoryQuestion
from ...service.history_answer import commit_json, presence_json, said_of
from ..common import complain, opened, print_json, printable, shows_color, utf8
from ..parsing import Parser, add_color_option, add_index_option, add_json_option, positive

SHORT = 12
"""Digits of a commit's id in text."""


def run_as(command: str, arguments: Sequence[str]) -> int:
    """Runs one of the two commands."""
    return _log(arguments) if command == "log" else _when(arguments)


def _parser(command: str, purpose: str, pattern: str) -> Parser:
    parser = Parser(command, purpose)
    parser.add_argument("pattern", metavar=pattern)
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the tree, or a folder in it")
    parser.add_argument("-i", "--ignore-case", action="store_true", help="take capitals as small letters")
    parser.add_argument("-w", "--word", action="store_true", help="want word boundaries around each match")
    parser.add_argument("-g", "--glob", action="append", default=[], help="which files, as with grep; ! for which not")
    add_index_option(parser)
    add_json_option(parser)
    return parser


def _log(arguments: Sequence[str]) -> int:
    parser = _parser("log", "Commits that added or removed lines that match, newest first; read from git.", "PATTERN")
    parser.add_argument("-F", "--fixed-strings", action="store_true", help="take the pattern literally")
    parser.add_argument("-S", "--counts", action="store_true", help="only where a file got or lost matches")
    parser.add_argument("--rev", default="", metavar="REV", help="a revision or a range such as v1..main")
    parser.add_argument("--author", default="", metavar="TEXT", help="part of the name or the address")
    parser.add_argument("--since", default="", metavar="DATE", help="only later commits, as git reads dates")
    parser.add_argument("--until", default="", metavar="DATE", help="only earlier commits")
    parser.add_argument("-n", "--max-count", type=positive, metavar="N", help="the most commits")
    add_color_option(parser)
    options = parser.parse_args(arguments)
    color = shows_color(options.color)
    question = HistoryQuestion(
        options.pattern,
        fixed=options.fixed_strings,
        ignore_case=options.ignore_case,
        word=options.word,
        counts=options.counts,
        revisions=options.rev,
        author=options.author,
        since=options.since,
        until=options.until,
        globs=tuple(options.glob),
        limit=options.max_count,
    )
    with opened(options.path, options) as index:
        answer = index.log(question)
        found: list[ChangedCommit] = []
        for changed in answer:
            found.append(changed)
            if not options.json:
                sys.stdout.write(utf8("\n" * (len(found) > 1) + _shown(changed, color=color)))
                sys.stdout.flush()
    notes = said_of(answer.binary, shallow=answer.shallow)
    if answer.truncated:
        notes.append("older commits were not looked at; raise --max-count")
    if options.json:
        commits = [commit_json(one) for one in found]
        print_json({"commits": commits, "looked_at": answer.looked_at, "truncated": answer.truncated, "notes": notes})
    else:
        complain("; ".join([f"{len(found)} of {answer.looked_at} commits changed lines that match", *notes]))
    return 0 if found else 1


def _when(arguments: Sequence[str]) -> int:
    parser = _parser("when", "The first and the last commit that has a line with TEXT; read from git.", "TEXT")
    parser.add_argument("-e", "--regexp", action="store_true", help="take the text as a regular expression")
    parser.add_argument("--rev", default="", metavar="REV", help="whose history (default: HEAD)")
    options = parser.parse_args(arguments)
    question = HistoryQuestion(
        options.pattern,
        fixed=not options.regexp,
        ignore_case=options.ignore_case,
        word=options.word,
        revisions=options.rev,
        globs=tuple(options.glob),
    )
    with opened(options.path, options) as index:
        answer = index.when(question)
    notes = said_of(answer.binary, shallow=answer.shallow)
    if options.json:
        print_json({**presence_json(answer), "looked_at": answer.looked_at, "notes": notes})
    else:
        sys.stdout.write(utf8("".join(f"{line}\n" for line in _told(answer, options.rev or "HEAD"))))
        sys.stdout.flush()
        complain("; ".join([f"looked at {answer.looked_at} commits", *notes]))
    return 0 if answer.first else 1


def _told(answer: Presence, revision: str) -> list[str]:
    if answer.first is None or answer.last is None:
        return []
    place = f"  {answer.line.path}:{answer.line.line}" if answer.line else ""
    told = [f"first    {_head(answer.first)}{printable(place)}"]
    if answer.present:
        return [*told, f"last     {revision} has it"]
    told.append(f"last     {_head(answer.last)}")
    return [*told, f"removed  {_head(answer.removed)}"] if answer.removed else told


def _head(commit: Commit) -> str:
    day = time.strftime("%Y-%m-%d", time.localtime(commit.committed))
    return f"{commit.id[:SHORT]} {day} {printable(commit.author)}  {printable(commit.subject)}"


def _shown(changed: ChangedCommit, *, color: bool) -> str:
    """A commit with its lines, in git's colours."""
    head = _head(changed.commit)
    lines, path = [f"\x1b[33m{head}\x1b[0m" if color else head], ""
    for line in changed.lines:
        if line.path != path:
            path = line.path
            lines.append(f"\x1b[1m{printable(path)}\x1b[0m" if color else printable(path))
        text = f"{'+' if line.added else '-'}{line.line}: {printable(line.text, keep=chr(9))}"
        lines.append(f"  \x1b[{32 if line.added else 31}m{text}\x1b[0m" if color else f"  {text}")
    return "\n".join(lines) + "\n"
