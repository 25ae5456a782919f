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
    "Length of the reply.",
    default=DEFAULT_TOKENS,
    low=500,
    high=MOST_TOKENS,
)
CURSOR = Parameter(
    "cursor",
    "string",
    "Of an earlier reply, to go on.",
    low=1,
    high=1_000,
    terminal=Terminal("go on after an earlier answer"),
)
FOLDER = Parameter("path", "string", "Only this folder.", default="", high=1_000)


BRANCH = Parameter(
    "branch",
    "strings",
    "Branches or tags to ask, by glob.",
    default=(),
    high=200,
    terminal=Terminal("as it is on this branch or tag, or on those that fit a glob; may be repeated", metavar="NAME"),
)
REV = Parameter(
    "rev",
    "strings",
    "Commits to ask, such as HEAD~3.",
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
    "Where something is done: the best passages (functions, classes, sections) first. All words are "
    'required; "exact phrase", /regex/, OR, NOT or -word, (grouping). Filters: file:glob, lang:go, sym:name, '
    "kind:function, branch:name, in:diff, changed:<2d, author:x; - negates. Lower case ignores case.",
    (
        Parameter(
            "query",
            "string",
            "Such as: retry backoff lang:python",
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
            "Of each hit: up to 5 the best lines, more the passage.",
            default=5,
            low=0,
            high=200,
        ),
        Parameter(
            "plain",
            "boolean",
            "The query is a question in ordinary words.",
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
    "Every line that matches a regular expression (Rust syntax), as ripgrep finds them in the same files. Complete "
    "unless the reply says otherwise. Faster than grep in a shell.",
    (
        Parameter("pattern", "string", "Such as: fn\\s+parse_\\w+", required=True, low=1),
        Parameter(
            "case",
            "string",
            "smart ignores case unless the pattern has a capital.",
            default="sensitive",
            choices=("sensitive", "ignore", "smart"),
        ),
        Parameter("fixed_strings", "boolean", "Literal text.", default=False),
        Parameter("word", "boolean", "Whole words only.", default=False),
        Parameter("multiline", "boolean", "A match may span lines.", default=False),
        Parameter(
            "globs",
            "strings",
            "Such as *.py, or !tests/** to exclude.",
            default=(),
            high=200,
        ),
        FOLDER,
        Parameter("context", "integer", "Lines around each match.", default=0, low=0, high=20),
        Parameter(
            "mode",
            "string",
            "files: paths only; count: matching lines a file.",
            default="lines",
            choices=("lines", "files", "count"),
        ),
        Parameter("limit", "integer", "Most lines, or files.", default=100, low=1, high=2_000),
        CURSOR,
        *VIEWS,
    ),
)

SYMBOLS = Operation(
    "find_symbol",
    "Find symbol",
    "Definitions by name, exact ones first, then names that hold it: signatures and places.",
    (
        Parameter(
            "name",
            "string",
            "A name or a part of it; A.b is b within A.",
            required=True,
            low=1,
            high=200,
        ),
        Parameter(
            "kind",
            "string",
            "Such as function or class.",
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
        Parameter("source", "boolean", "Add the code of the first three.", default=False),
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
    "Numbered lines of a file: a range, or a definition; from the start where neither is given.",
    (
        Parameter("path", "string", "Relative to the root.", required=True, low=1, high=2_000),
        Parameter("start_line", "integer", "From 1.", low=1, high=100_000_000),
        Parameter("end_line", "integer", "Included.", low=1, high=100_000_000),
        Parameter("symbol", "string", "The definition of this name in place of lines.", low=1, high=200),
        Parameter("outline", "boolean", "What the file defines, with line ranges.", default=False),
        *VIEWS,
    ),
)

FILES = Operation(
    "list_files",
    "List files",
    "Files as a tree of folders with counts, by glob, or by a few letters of the path.",
    (
        FOLDER,
        Parameter("glob", "string", "Such as src/**/*.rs", low=1, high=500),
        Parameter(
            "fuzzy",
            "string",
            "A few letters, such as srvmain, best first.",
            low=1,
            high=64,
        ),
        Parameter("depth", "integer", "Levels of the tree.", default=2, low=1, high=20),
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

TRACE = Operation(
    "trace",
    "Trace references",
    "Who refers to what, and how sure that is. impact: what a change of name may break, tests first; path: how name "
    "reaches to; deps: imports of a file; unused definitions; cycles of imports.",
    (
        Parameter(
            "direction",
            "string",
            "What is asked.",
            required=True,
            choices=("callers", "callees", "impact", "hierarchy", "path", "deps", "unused", "cycles"),
        ),
        Parameter("name", "string", "Name, Class.method or file:line; of deps a file.", default="", high=500),
        Parameter("to", "string", "Of path.", default="", high=500),
        Parameter("base", "string", "Of impact, for name: what differs from a revision.", default=""),
        Parameter("file", "string", "Only definitions in this file.", default="", high=1_000),
        Parameter("language", "string", "Only this language.", low=1, high=40),
        Parameter("depth", "integer", "Of impact and path.", default=3, low=1, high=20),
        Parameter("possible", "boolean", "Also what only the name speaks for.", default=False),
        Parameter("limit", "integer", "Most edges of a definition.", default=100, low=1, high=2_000),
        FOLDER,
    ),
)

HISTORY = Operation(
    "history",
    "History",
    "log: commits that added or removed matching lines, newest first; when: the first and the last commit that has a "
    "match; compare: definitions that differ between two revisions.",
    (
        Parameter("kind", "string", "What is asked.", required=True, choices=("log", "when", "compare")),
        Parameter("pattern", "string", "Regular expression, of log and when.", default=""),
        Parameter("fixed_strings", "boolean", "Literal text.", default=False),
        Parameter("counts", "boolean", "Of log: where a file got or lost matches.", default=False),
        Parameter("revisions", "string", "Such as v1..main; HEAD if empty.", default=""),
        Parameter("author", "string", "Of log.", default=""),
        Parameter("since", "string", "Date, of log.", default="", high=100),
        Parameter("globs", "strings", "Which files.", default=(), high=200),
        Parameter("old", "string", "Revision, of compare.", default=""),
        Parameter("new", "string", "Of compare; the disk if empty.", default=""),
        Parameter("query", "string", "Of compare, such as kind:function", default=""),
        Parameter("limit", "integer", "Most commits or definitions.", default=20, low=1, high=1_000),
        FOLDER,
    ),
)

STATUS = Operation(
    "index_status",
    "Index status",
    "What the index holds, how fresh it is, what was skipped and why.",
)

UPDATE = Operation(
    "update_index",
    "Update index",
    "Reads what changed on disk and waits for it, definitions included. Searches update by themselves.",
    writes=True,
)

CALL_SITES = Parameter(
    "limit", "integer", "Most call sites.", default=200, low=1, terminal=Terminal("most call sites", 200, metavar="N")
)
"""Of `leindex refs`; servers answer the same as a part of find_symbol."""

OPERATIONS: Final = (SEARCH, GREP, SYMBOLS, READ, FILES, TRACE, HISTORY, STATUS, UPDATE)
