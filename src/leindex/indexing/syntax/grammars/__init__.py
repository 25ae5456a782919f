"""What a definition and a call look like in each language: one small data file a language.

`<language>.scm` holds tree-sitter patterns written for this package, under a few header lines:

    ; grammar: tree_sitter_rust.language      the module and function of the wheel that carries the grammar
    ; visibility: words private               how visibility shows (see `Grammar.visibility`)
    ; patterns: typescript                    take the patterns of another language's file, beside own references
    ; clauses: merge                          neighbours with one name are clauses of one function
    ; blank: ^#.*                             a regex for what the grammar cannot read and may be left out
    ; calls                                   what follows finds call sites, what precedes finds definitions
    ; references                              what follows finds what the graph is made of

In a definition's pattern the capture named after a kind (`@function`, `@class`, ...) is the whole definition
and `@name` its name. `@within` names an owner that the definition stands outside of (`Foo` in `void
Foo::bar()`), `@declarator` a C declarator in which the name is to be found, and `@scope` something that owns
definitions without being one (`impl Foo`). In a call's pattern `@call` is the name that is called. Among the
references a capture is named after a `Role` in small letters and holds what that says.

Nothing here loads a grammar before a file of its language is met, and nothing is fetched from anywhere.
"""

from __future__ import annotations

import importlib
import os
import re
from functools import cache
from typing import TYPE_CHECKING, Final

from ....records import record

if TYPE_CHECKING:
    from tree_sitter import Language, Query

_FOLDER: Final = os.path.dirname(__file__)
_HEADERS: Final = ("grammar", "visibility", "patterns", "clauses", "blank")
_FILE_NAMES: Final = {"c++": "cpp", "c#": "csharp"}

KINDS: Final = (
    "class",
    "constant",
    "constructor",
    "enum",
    "enumerator",
    "event",
    "field",
    "function",
    "heading",
    "index",
    "interface",
    "key",
    "macro",
    "method",
    "module",
    "namespace",
    "object",
    "property",
    "resource",
    "selector",
    "struct",
    "table",
    "target",
    "test",
    "trait",
    "trigger",
    "type",
    "union",
    "variable",
    "view",
)
"""Every kind that a symbol may have."""


@record(frozen=True, slots=True)
class Grammar:
    """One language's parser tables and compiled patterns.

    `visibility` is `words` (a modifier in front of the name says it, `default` otherwise), `underscore` (a
    leading underscore means private), `capital` (a leading capital means public), or empty (the language
    shows none). `clauses` says that neighbouring definitions of one name are one; what `blank`
    matches is made blank before parsing.
    """

    language: Language
    definitions: Query
    calls: Query | None
    references: Query | None
    errors: Query
    visibility: str
    default: str
    clauses: bool
    blank: re.Pattern[bytes] | None


def has_grammar(language: str) -> bool:
    """Whether there are patterns for this language."""
    return os.path.exists(_path(language))


def languages_with_grammar() -> tuple[str, ...]:
    """The languages that there are patterns for, sorted."""
    names = {file: language for language, file in _FILE_NAMES.items()}
    stems = (name[:-4] for name in os.listdir(_FOLDER) if name.endswith(".scm"))
    return tuple(sorted(names.get(stem, stem) for stem in stems))


def package_of(language: str) -> str:
    """The distribution whose wheel carries the grammar of a language; "" for a language without patterns."""
    return _read(language)[0]["grammar"].split(".")[0].replace("_", "-") if has_grammar(language) else ""


@cache
def grammar(language: str) -> Grammar | None:
    """The grammar of a language, loaded once a process (5 to 60 ms); `None` when there is none."""
    from tree_sitter import Language, Query

    if not has_grammar(language):
        return None
    header, definitions, calls, references = _read(language)
    if "patterns" in header:
        shared, definitions, calls, more = _read(header["patterns"])
        references += more
        header = shared | header
    module, function = header["grammar"].rsplit(".", 1)
    tables = Language(getattr(importlib.import_module(module), function)())
    style, _, default = header.get("visibility", "").partition(" ")
    return Grammar(
        language=tables,
        definitions=Query(tables, definitions),
        calls=Query(tables, calls) if calls.strip() else None,
        references=Query(tables, references) if references.strip() else None,
        errors=Query(tables, "(ERROR) @error"),
        visibility=style,
        default=default,
        clauses=header.get("clauses") == "merge",
        blank=re.compile(header["blank"].encode(), re.MULTILINE) if "blank" in header else None,
    )


def _path(language: str) -> str:
    return os.path.join(_FOLDER, _FILE_NAMES.get(language, language) + ".scm")


def _read(language: str) -> tuple[dict[str, str], str, str, str]:
    """The header, and the patterns of definitions, of calls and of references in a language's file."""
    with open(_path(language), encoding="utf-8") as file:
        text = file.read()
    text, _, references = text.partition("\n; references\n")
    definitions, _, calls = text.partition("\n; calls\n")
    header: dict[str, str] = {}
    for line in definitions.splitlines():
        key, colon, value = line.removeprefix("; ").partition(": ")
        if line.startswith("; ") and colon and key in _HEADERS:
            header[key] = value.strip()
    return header, definitions, calls, references
