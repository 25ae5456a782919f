"""Definitions and calls out of a syntax tree, for every language that `grammars/` has patterns for.

The patterns run inside tree-sitter; Python touches only what they matched, a few attributes a definition.
Which definition contains which follows from their byte ranges, in one pass over the matches in the order of
the file.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

from leindex.indexing import line_symbols
from leindex.indexing.grammars import Grammar, grammar
from leindex.indexing.symbols import Call, Symbol

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

NAME_LIMIT: Final = 200
"""Bytes of the longest name that is believed; a longer one comes from a file that did not parse."""
MIN_UNPARSED: Final = 8
"""Bytes of the shortest piece of a file that is worth another reading."""

_OWNERS: Final = frozenset(
    ("class", "struct", "interface", "trait", "enum", "enumerator", "union", "object", "scope", "type")
)
"""Kinds whose functions are methods and whose variables are fields."""
_BODIES: Final = frozenset(("function", "method", "constructor", "macro", "test"))
"""Kinds whose variables are local, and no symbols."""
_LEAVES: Final = frozenset(("variable", "constant", "field", "property", "event"))
"""Kinds that own nothing."""
_WORDS: Final = re.compile(rb"\b(?:public|private|protected|internal|fileprivate|open|export)\b|\bpub\b(?:\([^)]*\))?")
_MEANING: Final = {b"export": "public", b"open": "public", b"pub": "public", b"fileprivate": "private"}
_NO_OWNER: Final = frozenset(("", "exports", "module.exports", "this", "self", "window", "globalThis"))


def knows(language: str) -> bool:
    """Whether there is a grammar for this language."""
    return grammar(language) is not None


def definitions(content: bytes, language: str, time_limit_s: float) -> list[Symbol] | None:
    """The definitions in a file in a language that `knows` knows; `None` when parsing took too long."""
    rules = grammar(language)
    if rules is None:
        return []
    tree = _parse(content, rules, time_limit_s)
    if tree is None:
        return None
    symbols = _symbols(content, _matches(tree, rules), rules)
    if tree.root_node.has_error:
        symbols = _with_unparsed(content, tree, rules, symbols)
    return _merged(symbols) if rules.clauses else symbols


def _with_unparsed(content: bytes, tree: Tree, rules: Grammar, symbols: list[Symbol]) -> list[Symbol]:
    """The symbols and, where the parser gave up, what a reading of the lines adds to them."""
    from tree_sitter import QueryCursor

    known = {(symbol.line, symbol.column) for symbol in symbols}
    added = []
    reached = 0
    for node in QueryCursor(rules.errors).captures(tree.root_node).get("error", ()):
        start, end = max(node.start_byte, reached), node.end_byte
        if end - start < MIN_UNPARSED:
            continue
        reached = end
        start = content.rfind(b"\n", 0, start) + 1
        added += [s for s in line_symbols.scan(content, start, end) if (s.line, s.column) not in known]
    return sorted([*symbols, *added], key=lambda s: (s.start_line, -s.end_line)) if added else symbols


def calls(content: bytes, language: str, time_limit_s: float) -> list[Call]:
    """The call sites in a file; none when parsing took too long."""
    from tree_sitter import QueryCursor

    rules = grammar(language)
    if rules is None or rules.calls is None:
        return []
    tree = _parse(content, rules, time_limit_s)
    if tree is None:
        return []
    nodes = QueryCursor(rules.calls).captures(tree.root_node).get("call", ())
    found = sorted({(*node.start_point, node.start_byte, node.end_byte) for node in nodes})
    return [
        Call(content[start:end].decode("utf-8", "replace"), row + 1, column)
        for row, column, start, end in found
        if end - start <= NAME_LIMIT
    ]


def _parse(content: bytes, rules: Grammar, time_limit_s: float) -> Tree | None:
    """The tree, or `None` when it takes too long: only the callback form can stop, and it costs nothing."""
    from tree_sitter import Parser

    if rules.blank is not None:
        content = rules.blank.sub(lambda match: b" " * len(match[0]), content)
    deadline = time.monotonic() + time_limit_s
    try:
        return Parser(rules.language).parse(
            lambda offset, _point: content[offset:],
            progress_callback=lambda _offset, _has_error: time.monotonic() > deadline,
        )
    except ValueError:  # what a parse that was stopped raises
        return None


_Match = tuple[int, int, int, str, "Node", "Node", "str | None"]
"""Start, negated end, pattern, kind, the definition, its name, and an owner that it stands outside of."""


def _matches(tree: Tree, rules: Grammar) -> list[_Match]:
    """What the patterns found, by start; of several with one start the longest, then the earlier pattern."""
    from tree_sitter import QueryCursor

    found: list[_Match] = []
    for pattern, captured in QueryCursor(rules.definitions).matches(tree.root_node):
        owner: str | None = None
        is_head = False
        name = node = None
        for key, nodes in captured.items():
            if key == "name":
                name = nodes[0]
            elif key == "declarator":
                name, owner, is_head = _declared(nodes[0])
            elif key == "within":
                owner = _owner(nodes[0])
            elif key[0] != "_":
                kind, node = key, nodes[0]
        if is_head and (kind == "field" or (owner and kind == "function")):
            kind = "method"  # struct A { void b(); }; void A::b() {}
        if name is not None and node is not None:
            found.append((node.start_byte, -node.end_byte, pattern, kind, node, name, owner))
    found.sort(key=lambda match: match[:3])
    return found


def _symbols(content: bytes, found: list[_Match], rules: Grammar) -> list[Symbol]:
    symbols: list[Symbol] = []
    around: list[tuple[int, int, str, str]] = []  # range, qualified name and kind of the definitions that are open
    seen: set[int] = set()
    for start, negated_end, _, kind, node, name_node, owner in found:
        name_start = name_node.start_byte
        raw = content[name_start : name_node.end_byte]
        if raw.startswith(b"operator") and not raw.startswith(b"operator("):
            raw = raw.split(b"(")[0].strip()  # C++: `operator bool() const` is one node
        if name_start in seen or not raw or len(raw) > NAME_LIMIT:
            continue
        seen.add(name_start)
        while around and (around[-1][1] <= start or around[-1][:2] == (start, -negated_end)):
            around.pop()
        container, outer = around[-1][2:] if around else ("", "")
        name = raw.decode("utf-8", "replace")
        if owner:
            container = f"{container}.{owner}" if container else owner
        if outer in _OWNERS:
            kind = _MEMBERS.get(kind, kind)
        elif kind in _LEAVES and outer in _BODIES:
            continue
        if kind not in _LEAVES:
            around.append((start, -negated_end, f"{container}.{name}" if container else name, kind))
        if kind == "scope":
            continue
        if kind == "variable" and len(name) > 1 and name.isupper():
            kind = "constant"
        row, column = name_node.start_point
        end_row, end_column = node.end_point
        symbols.append(
            Symbol(
                name,
                kind,
                container,
                node.start_point[0] + 1,
                max(end_row + (end_column > 0), row + 1),
                row + 1,
                column,
                _visibility(content, start, name_start, name, rules) if rules.visibility else "",
            )
        )
    return symbols


_MEMBERS: Final = {"function": "method", "variable": "field"}


def _visibility(content: bytes, start: int, name_start: int, name: str, rules: Grammar) -> str:
    """What a definition's modifiers or the form of its name say about who may use it."""
    if rules.visibility == "underscore":
        return "private" if name.startswith("_") and not name.endswith("__") else "public"
    if rules.visibility == "capital":
        return "public" if name[0].isupper() else "private"
    if name[0] == "#":
        return "private"
    line_start = content.rfind(b"\n", 0, start) + 1
    word = _WORDS.search(content, line_start, name_start)
    if word is None:
        return rules.default
    found = word[0]
    if found.startswith(b"pub("):
        return "internal"
    return _MEANING.get(found) or found.decode("ascii")


def _owner(node: Node) -> str | None:
    """The dotted name of an owner that stands in front of a name; `None` when it is no real one
    (`exports`)."""
    text = (node.text or b"").decode("utf-8", "replace")
    text = re.sub(r"<.*>|\s", "", text).replace("::", ".").replace(":", ".").removesuffix(".prototype")
    return None if text in _NO_OWNER or len(text) > NAME_LIMIT else text.removeprefix(".")


def _declared(node: Node) -> tuple[Node | None, str | None, bool]:
    """The name inside a C or C++ declarator, the qualifier in front of it, and whether it is a function's.

    `*(*f)(int)`, `A::B::~B()` are declarators; each level names the next one `declarator`, except parentheses
    and references, which just hold it. A macro that stands for a whole head (`TEST(suite, name) {`) gives the
    name that it is called with.
    """
    owners: list[str] = []
    head: Node | None = None
    at: Node | None = node
    while at is not None:
        kind = at.type
        if kind == "qualified_identifier":
            scope = at.child_by_field_name("scope")
            owner = _owner(scope) if scope is not None else None
            if owner:
                owners.append(owner)
            at = at.child_by_field_name("name")
        elif kind in _NAMES:
            name = _macro_argument(at, head) if head is not None else None
            return name or at, ".".join(owners) or None, head is not None
        elif kind == "template_function":
            at = at.child_by_field_name("name")
        else:
            inner = at.child_by_field_name("declarator")
            if inner is None and kind in _HOLDERS:
                held = (c for c in at.named_children if c.type.endswith(("declarator", "identifier")))
                inner = next(held, None)
            if kind == "function_declarator":
                head = at
            elif kind == "parenthesized_declarator":
                head = None  # (*name)(...) is a pointer
            at = inner
    return None, None, False


def _macro_argument(name: Node, head: Node) -> Node | None:
    """The argument that a macro in capitals defines, when all are plain words and no type is in front."""
    text = name.text or b""
    definition, parameters = head.parent, head.child_by_field_name("parameters")
    if len(text) < 3 or not text.isupper() or definition is None or parameters is None:
        return None
    if definition.type != "function_definition" or definition.child_by_field_name("type") is not None:
        return None
    words = []
    for parameter in parameters.named_children:
        word = parameter.child_by_field_name("type")
        if word is None or word.end_byte != parameter.end_byte:
            return None
        words.append(word)
    if len(words) > 1 and text.startswith((b"TEST", b"TYPED_TEST")):
        return words[1]
    return words[0] if words else None


_NAMES: Final = frozenset(
    (
        "identifier",
        "field_identifier",
        "type_identifier",
        "destructor_name",
        "operator_name",
        "operator_cast",
        "primitive_type",
    )
)
_HOLDERS: Final = frozenset(("parenthesized_declarator", "reference_declarator", "attributed_declarator"))


def _merged(symbols: list[Symbol]) -> list[Symbol]:
    """Clauses of one function that follow each other, with a signature in front, made one symbol."""
    merged: list[Symbol] = []
    for symbol in symbols:
        if merged:
            last = merged[-1]
            if last.name == symbol.name and last.kind == symbol.kind and last.container == symbol.container:
                merged[-1] = last._replace(end_line=max(last.end_line, symbol.end_line))
                continue
        merged.append(symbol)
    return merged
