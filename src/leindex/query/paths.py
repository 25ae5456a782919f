"""Filters that look at names: what `file:` asks of a path, and `sym:` with `kind:` of a definition.

Substrings are compared here; globs and regular expressions go to the matcher of texts, so that a name is
matched in linear time and in the same dialect. Languages, roots and views are resolved where they are known.

    >>> selected = path_predicate(PathFilter("src/*.py", Syntax.GLOB, True))
    >>> [path for path in ("app/src/a.py", "src/b/c.py") if selected(path)]
    ['app/src/a.py']
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from ..regex.parse import escape, parse
from ..regex.program import build
from ..regex.scanner import Flags
from .ast import Definition, KindFilter, Leaf, PathFilter, SymbolFilter, Syntax
from .plan import judge

Test: TypeAlias = Callable[[str], bool]

# Names need not be UTF-8, so that what may be anything is written in bytes.
_ANYTHING: Final = "(?s-u:.)*"
_IN_NAME: Final = "(?-u:[^/])*"
_ANY_FOLDERS: Final = f"(?:{_ANYTHING}/)?"


def path_predicate(node: PathFilter) -> Test:
    """A test of paths relative to the root, with `/` between names.

    Text is a substring, in which a leading `/` stands for the beginning of a name; a glob is read by
    `glob_regex`; a regular expression is searched for in the whole path. Raises QueryError if that is
    refused.
    """
    match node.syntax:
        case Syntax.TEXT:
            return _holds(node.value, node.fold, before="/" if node.value.startswith("/") else "")
        case Syntax.GLOB:
            return _found(glob_regex(node.value), node.fold)
        case Syntax.REGEX:
            return _found(node.value, node.fold)


def name_predicate(node: SymbolFilter) -> Test:
    """A test of the names of definitions. Raises QueryError for a regular expression that is refused."""
    if node.syntax is Syntax.REGEX:
        return _found(node.value, node.fold)
    return _holds(node.value, node.fold)


def kind_holds(node: Definition, kind: str, same: Callable[[str, str], bool] | None = None) -> bool:
    """Whether a definition of this kind is one that the query asks for.

    `same(typed, kind)` says which kinds a typed name means; by default the one that is spelled so in either
    case.
    """

    def truth(leaf: Leaf) -> bool:
        assert isinstance(leaf, KindFilter)
        return same(leaf.value, kind) if same is not None else leaf.value.lower() == kind.lower()

    return all(judge(part, truth) for part in node.kinds)


def glob_regex(glob: str) -> str:
    """The regular expression of a glob, for a search in a path relative to the root.

    `*` and `?` stay within one name, `**` does not; `{a,b}` is either. The glob begins at the beginning of
    any name, or of the path after a leading `/`, and ends at the end of the path; after a trailing `/`
    anything may follow. All else is literal.
    """
    body = glob + "**" if glob.endswith("/") else glob
    anchored = body.startswith("/")
    braces = _are_balanced(body)
    parts = [r"\A" if anchored else r"(?:\A|/)"]
    at, depth = int(anchored), 0
    while at < len(body):
        step = 1
        if body.startswith("**/", at) and (at == 0 or body[at - 1] == "/"):
            parts.append(_ANY_FOLDERS)
            step = 3
        elif body.startswith("**", at):
            parts.append(_ANYTHING)
            step = 2
        elif body[at] in "*?":
            parts.append(_IN_NAME if body[at] == "*" else "[^/]")
        elif braces and (body[at] in "{}" or (body[at] == "," and depth)):
            depth += {"{": 1, "}": -1, ",": 0}[body[at]]
            parts.append({"{": "(?:", "}": ")", ",": "|"}[body[at]])
        else:
            parts.append(escape(body[at]))
        at += step
    return "".join(parts) + r"\z"


def _are_balanced(glob: str) -> bool:
    depth = 0
    for char in glob:
        depth += {"{": 1, "}": -1}.get(char, 0)
        if depth < 0:
            return False
    return depth == 0


def _holds(value: str, fold: bool, before: str = "") -> Test:
    if not fold:
        return lambda name: value in before + name
    wanted = value.lower()
    return lambda name: wanted in before + name.lower()


def _found(regex: str, fold: bool) -> Test:
    is_match = build(parse(regex, Flags(ignore_case=fold, multi_line=False))).is_match
    return lambda name: is_match(name.encode("utf-8", "surrogateescape"))
