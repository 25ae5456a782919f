"""The questions that can be asked of the server, as data: names, parameters and descriptions.

An operation is an MCP tool and a path of the HTTP API at once; `service/answers.py` and its neighbours hold what
each one does. Nothing here imports what the work needs, so that the list of tools is ready as soon as the
process is.
"""

from __future__ import annotations

from typing import Final

from ..records import record
from .parameters import Parameter, Terminal

DEFAULT_TOKENS: Final = 6_000
MOST_TOKENS: Final = 10_000
"""Tokens of a reply. Some clients hand both the text and the structured form to the model and cut at 25,000,
so each of the two stays below this."""

MAX_TOKENS = Parameter(
    "max_tokens",
    "integer",
    "Largest reply, in tokens (estimated). A longer one is shortened in stages and says so.",
    default=DEFAULT_TOKENS,
    low=500,
    high=MOST_TOKENS,
)
CURSOR = Parameter(
    "cursor",
    "string",
    "The cursor of an earlier reply, to go on after it.",
    low=1,
    high=1_000,
    terminal=Terminal("go on after an earlier answer"),
)
FOLDER = Parameter("path", "string", "Only files below this folder, relative to the root.", default="", high=1_000)


BRANCH = Parameter(
    "branch",
    "strings",
    "Instead of the files on disk those of these branches or tags, by name or glob (* is all that are indexed).",
    default=(),
    high=200,
    terminal=Terminal("as it is on this branch or tag, or on those that fit a glob; may be repeated", metavar="NAME"),
)
REV = Parameter(
    "rev",
    "strings",
    "Instead of the files on disk those of these commits, as git reads revisions (v1.2, HEAD~3, a commit id).",
    default=(),
    high=200,
    terminal=Terminal("as it is in this revision; may be repeated", metavar="REV"),
)
VIEWS: Final = (BRANCH, REV)
"""What is asked instead of the tree as it is."""


@record(frozen=True, slots=True)
class Operation:
    """One question; `writes` says that it changes the index."""

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...] = ()
    writes: bool = False

    def __getitem__(self, name: str) -> Parameter:
        """The parameter of that name. Raises KeyError."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)


SEARCH = Operation(
    "search_code",
    "Search code",
    "Ranked search: the best passages (functions, classes, sections) for a query, best first, with the "
    'lines that matched. Words are all required; "exact phrase", /regex/, OR, NOT or -word, (grouping). '
    "Filters: file:glob, "
    "lang:go, sym:name, kind:function, branch:name, case:yes; each can be negated with -. All lower case ignores case. "
    "Use it to find where something is done; use grep when every matching line is needed. With plain=true "
    "the query is a question in ordinary words.",
    (
        Parameter(
            "query",
            "string",
            "The query, such as: retry backoff lang:python",
            required=True,
            low=1,
            high=2_000,
        ),
        Parameter(
            "limit",
            "integer",
            "Most hits.",
            default=10,
            low=1,
            high=100,
            terminal=Terminal("most hits (default 20)", metavar="N"),
        ),
        CURSOR,
        Parameter(
            "snippet_lines",
            "integer",
            "Lines shown of each hit: up to 5 are the best ones, more are the passage from its start.",
            default=5,
            low=0,
            high=200,
        ),
        Parameter(
            "plain",
            "boolean",
            "Take the query as ordinary words, without operators.",
            default=False,
            terminal=Terminal("take the query as words, no operators or filters"),
        ),
        FOLDER,
        *VIEWS,
    ),
)

GREP = Operation(
    "grep",
    "Grep",
    "Every line that matches a regular expression, in path order, exactly as ripgrep would find them "
    "(Rust regex syntax, no look-around). Same files as ripgrep: ignore files are honoured. Complete "
    "unless the reply says otherwise. Prefer it over shell grep: it reads an index.",
    (
        Parameter("pattern", "string", "The regular expression, such as: fn\\s+parse_\\w+", required=True, low=1),
        Parameter(
            "case",
            "string",
            "sensitive, ignore, or smart (ignores case unless the pattern has a capital).",
            default="sensitive",
            choices=("sensitive", "ignore", "smart"),
        ),
        Parameter("fixed_strings", "boolean", "The pattern is literal text.", default=False),
        Parameter("word", "boolean", "Match whole words only.", default=False),
        Parameter("multiline", "boolean", "A match may span lines.", default=False),
        Parameter(
            "globs",
            "strings",
            "Only files that match these globs; ! excludes. Such as: *.py, !tests/**",
            default=(),
            high=200,
        ),
        FOLDER,
        Parameter("context", "integer", "Lines shown before and after each match.", default=0, low=0, high=20),
        Parameter(
            "mode",
            "string",
            "lines, files (paths only), or count (matching lines per file).",
            default="lines",
            choices=("lines", "files", "count"),
        ),
        Parameter("limit", "integer", "Most matching lines, or files.", default=100, low=1, high=2_000),
        CURSOR,
        *VIEWS,
    ),
)

SYMBOLS = Operation(
    "find_symbol",
    "Find symbol",
    "Definitions (functions, classes, methods, types, constants) by name: exact names first, then names "
    "that contain it, with their signatures and places. source=true adds the code of the best ones, "
    "references=true where the name is used.",
    (
        Parameter(
            "name",
            "string",
            "The name or a part of it; A.b means b within A.",
            required=True,
            low=1,
            high=200,
        ),
        Parameter(
            "kind",
            "string",
            "Such as function, method, class, struct, constant.",
            low=1,
            high=40,
            terminal=Terminal("function, class, method, struct, ... (also as kind:KIND)", metavar="KIND"),
        ),
        Parameter(
            "language",
            "string",
            "Such as python or c++.",
            low=1,
            high=40,
            terminal=Terminal("only this language (also as lang:LANGUAGE)", flag="lang", metavar="LANGUAGE"),
        ),
        Parameter("source", "boolean", "Add the code of the first three definitions.", default=False),
        Parameter("references", "boolean", "Add lines that use the name.", default=False),
        Parameter(
            "limit",
            "integer",
            "Most definitions.",
            default=20,
            low=1,
            high=200,
            terminal=Terminal("most definitions", 50, metavar="N"),
        ),
        *VIEWS,
    ),
)

READ = Operation(
    "read_file",
    "Read file",
    "Lines of an indexed file, numbered: a range of lines, or the definition of a symbol in it. Without "
    "either, from the start as far as the budget reaches; outline=true gives its definitions with their "
    "line ranges instead.",
    (
        Parameter("path", "string", "The file, relative to the root.", required=True, low=1, high=2_000),
        Parameter("start_line", "integer", "First line, from 1.", low=1, high=100_000_000),
        Parameter("end_line", "integer", "Last line, included.", low=1, high=100_000_000),
        Parameter("symbol", "string", "Instead of lines: the definition of this name in the file.", low=1, high=200),
        Parameter("outline", "boolean", "The definitions of the file instead of its text.", default=False),
        *VIEWS,
    ),
)

FILES = Operation(
    "list_files",
    "List files",
    "The indexed files: as a tree of folders with counts (the default), by glob, or by a few letters of "
    "the path "
    'as editors\' "go to file" does.',
    (
        FOLDER,
        Parameter("glob", "string", "Only paths that match, such as: src/**/*.rs", low=1, high=500),
        Parameter(
            "fuzzy",
            "string",
            "A few letters of the path, best matches first, such as: srvmain",
            low=1,
            high=64,
        ),
        Parameter("depth", "integer", "Folders below path that the tree shows.", default=2, low=1, high=20),
        Parameter(
            "limit",
            "integer",
            "Most files.",
            default=200,
            low=1,
            high=5_000,
            terminal=Terminal("most files", 20, metavar="N"),
        ),
        CURSOR,
        *VIEWS,
    ),
)

STATUS = Operation(
    "index_status",
    "Index status",
    "What the index holds and how fresh it is: files, bytes, languages, what was skipped and why, whether "
    "an update is running.",
)

UPDATE = Operation(
    "update_index",
    "Update index",
    "Compares the index with the files on disk now and reads what changed. Searches do so by themselves; "
    "call this after many files changed at once, or to wait until symbols of new files are there.",
    writes=True,
)

CALL_SITES = Parameter(
    "limit", "integer", "Most call sites.", default=200, low=1, terminal=Terminal("most call sites", 200, metavar="N")
)
"""Of `leindex refs`; servers answer the same as a part of find_symbol."""

OPERATIONS: Final = (SEARCH, GREP, SYMBOLS, READ, FILES, STATUS, UPDATE)
