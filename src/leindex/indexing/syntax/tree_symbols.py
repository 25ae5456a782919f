"""Definitions, calls and references out of a syntax tree, for every language that `grammars/` has patterns for.

The patterns run inside tree-sitter; Python touches only what they matched, a few attributes a definition.
Which definition contains which follows from their byte ranges, in one pass over the matches in the order of
the file.

Time is linear in the file and limited, counted as CPU time of this thread. A parse stops at the limit, and so do the
loops here. A query of tree-sitter cannot be stopped (its binding crashes when given a callback), so one is not begun
on a tree that would make it quadratic: see `_is_flat`.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from ...definition import Call, Symbol
from ...linkage import Role
from . import line_symbols
from .grammars import Grammar, grammar

if TYPE_CHECKING:
    from tree_sitter import Node, Tree, TreeCursor

NAME_LIMIT: Final = 200
"""Bytes of the longest name that is believed; a longer one comes from a file that did not parse."""
OWNERS_LIMIT: Final = 5 * NAME_LIMIT
"""Characters of a qualified name from which on owners further in are left out, and bytes of an owner's source."""
MIN_UNPARSED: Final = 8
"""Bytes of the shortest piece of a file that is worth another reading."""
MODIFIERS_LIMIT: Final = 400
"""Bytes in front of a definition, and in front of its name, in which modifiers are looked for."""
FLAT_LIMIT: Final = 2000
"""Tokens in a row, below one node that did not parse, that make a file not worth a query."""
PIECE: Final = 4096
"""Bytes that tree-sitter is given at a time, for the text of each node that a pattern looks at too."""
DEPTH_LIMIT: Final = 400
"""Levels of a tree that are queried. In a().b().c()... every match waits for its end, and costs something at each node
that is nested in it."""
PARSE_STEPS: Final = (1000, 6)
"""Hundreds of operations that a parse may take: so many, and one for so many bytes. Source takes one for 30 to 70."""
PARSE_READS: Final = (2000, 64)
"""Pieces that a parse may read, likewise. Source is read less than twice."""
CHECK_EVERY: Final = 256
"""Steps of a loop between two looks at the clock."""

_OWNERS: Final = frozenset(
    ("class", "struct", "interface", "trait", "enum", "enumerator", "union", "object", "scope", "type")
)
"""Kinds whose functions are methods and whose variables are fields."""
_BODIES: Final = frozenset(("function", "method", "constructor", "macro", "test"))
"""Kinds whose variables are local, and no symbols."""
_LEAVES: Final = frozenset(("variable", "constant", "field", "property", "event"))
"""Kinds that own nothing."""
_WORDS: Final = re.compile(rb"\b(?:public|private|protected|internal|fileprivate|open|export)\b|\bpub\b(?:\([^)]*\))?")
_ENDS: Final = (b"\n", b";", b"{", b"}")
"""What ends the definition in front of another."""
_MEANING: Final = {b"export": "public", b"open": "public", b"pub": "public", b"fileprivate": "private"}
_NO_OWNER: Final = frozenset(("", "exports", "module.exports", "this", "self", "window", "globalThis"))


def knows(language: str) -> bool:
    """Whether there is a grammar for this language."""
    return grammar(language) is not None


class Syntax(NamedTuple):
    """What a tree tells: the definitions, and the places where the content refers to something."""

    symbols: list[Symbol]
    places: list[tuple[int, int, int]]


def syntax(content: bytes, language: str, time_limit_s: float) -> Syntax | None:
    """The definitions and references in a file in a language that `knows` knows; `None` when that took too long, or
    would."""
    rules = grammar(language)
    if rules is None:
        return Syntax([], [])
    deadline = time.thread_time() + time_limit_s
    tree = _parse(content, rules, deadline)
    if tree is None or _is_flat(tree, deadline):
        return None
    try:
        symbols = _symbols(content, _matches(tree, rules, deadline), rules, deadline)
        if tree.root_node.has_error:
            symbols = _with_unparsed(content, tree, rules, symbols, deadline)
        places = _places(tree, rules, deadline)
    except TimeoutError:
        return None
    return Syntax(_merged(symbols) if rules.clauses else symbols, places)


def _places(tree: Tree, rules: Grammar, deadline: float) -> list[tuple[int, int, int]]:
    """Start, length and role of each reference. All captures at once: a match for each would take twice as long."""
    from tree_sitter import QueryCursor

    if rules.references is None:
        return []
    cursor = QueryCursor(rules.references)
    cursor.set_max_start_depth(DEPTH_LIMIT)
    places: list[tuple[int, int, int]] = []
    for name, nodes in cursor.captures(tree.root_node).items():
        _check(deadline)
        role = int(Role[name.upper()])
        for node in nodes:
            start = node.start_byte
            places.append((start, node.end_byte - start, role))
    return places


def _check(deadline: float, step: int = 0) -> None:
    """Now and then raises TimeoutError when it is past the deadline."""
    if step % CHECK_EVERY == 0 and time.thread_time() > deadline:
        raise TimeoutError


def _with_unparsed(content: bytes, tree: Tree, rules: Grammar, symbols: list[Symbol], deadline: float) -> list[Symbol]:
    """The symbols and, where the parser gave up, what a reading of the lines adds to them."""
    from tree_sitter import QueryCursor

    _check(deadline)
    known = {(symbol.line, symbol.column) for symbol in symbols}
    pieces: list[tuple[int, int]] = []
    reached = line_start = 0
    for step, node in enumerate(QueryCursor(rules.errors).captures(tree.root_node).get("error", ())):
        _check(deadline, step)
        start, end = max(node.start_byte, reached), node.end_byte
        if end - start < MIN_UNPARSED:
            continue
        line_start = max(content.rfind(b"\n", reached, start) + 1, line_start)
        pieces.append((line_start if line_start >= reached else start, end))
        reached = end
    added = [s for s in line_symbols.scan_pieces(content, pieces) if (s.line, s.column) not in known]
    return sorted([*symbols, *added], key=lambda s: (s.start_line, -s.end_line)) if added else symbols


def calls(content: bytes, language: str, time_limit_s: float) -> list[Call]:
    """The call sites in a file; none when parsing took too long."""
    from tree_sitter import QueryCursor

    rules = grammar(language)
    if rules is None or rules.calls is None:
        return []
    deadline = time.thread_time() + time_limit_s
    tree = _parse(content, rules, deadline)
    if tree is None or _is_flat(tree, deadline):
        return []
    cursor = QueryCursor(rules.calls)
    cursor.set_max_start_depth(DEPTH_LIMIT)
    nodes = cursor.captures(tree.root_node).get("call", ())
    found = sorted({(*node.start_point, node.start_byte, node.end_byte) for node in nodes})
    return [
        Call(content[start:end].decode("utf-8", "replace"), row + 1, column)
        for row, column, start, end in found
        if end - start <= NAME_LIMIT
    ]


def _parse(content: bytes, rules: Grammar, deadline: float) -> Tree | None:
    """The tree, or `None` when it takes too long: only the callback form can stop, and it costs nothing."""
    from tree_sitter import Parser

    if rules.blank is not None:
        content = rules.blank.sub(lambda match: b" " * len(match[0]), content)
    work = _Work(content, deadline)
    try:
        tree = Parser(rules.language).parse(work.piece, progress_callback=work.is_over)
    except ValueError:  # what a parse that was stopped raises
        return None
    work.parsing = False
    return None if work.stopped else tree


class _Work:
    """What a parse may do: until a moment, and in proportion to the text, so that a file that drives a grammar into
    quadratic time is given up early, and on every machine alike."""

    def __init__(self, content: bytes, deadline: float) -> None:
        self.content, self.deadline = content, deadline
        self.steps_left = PARSE_STEPS[0] + len(content) // PARSE_STEPS[1]
        self.reads_left = PARSE_READS[0] + len(content) // PARSE_READS[1]
        self.parsing, self.stopped = True, False

    def piece(self, offset: int, _point: object) -> bytes:
        """Some of the text; nothing more once the work is over, which ends a scanner's loop too."""
        if self.parsing:
            self.reads_left -= 1
            if self.reads_left < 0 or (self.reads_left % CHECK_EVERY == 0 and time.thread_time() > self.deadline):
                self.stopped = True
            if self.stopped:
                return b""
        return self.content[offset : offset + PIECE]

    def is_over(self, _offset: int, _has_error: bool) -> bool:
        """Whether to stop; tree-sitter asks after each hundred operations."""
        self.steps_left -= 1
        if self.steps_left < 0 or time.thread_time() > self.deadline:
            self.stopped = True
        return self.stopped


def _is_flat(tree: Tree, deadline: float) -> bool:
    """Whether a query would take quadratic time here, or there is no time left to find out.

    For each node a query looks for the next named one beside it. Where a grammar repeats something the tree is
    balanced, but what could not be parsed lies flat below one node, however many tokens it has.
    """
    if not tree.root_node.has_error:
        return time.thread_time() > deadline
    cursor = tree.walk()
    step = 0
    while True:  # in the order of the file, into what holds an error
        step += 1
        if step % CHECK_EVERY == 0 and time.thread_time() > deadline:
            return True
        node = cursor.node
        if node is not None and node.has_error:
            if node.child_count > FLAT_LIMIT and node.is_error and _longest_run(node.walk()) > FLAT_LIMIT:
                return True
            if cursor.goto_first_child():
                continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return False


def _longest_run(cursor: TreeCursor) -> int:
    """How many children of a node, one after the other, have no name in the grammar."""
    longest = run = 0
    more = cursor.goto_first_child()
    while more:
        run = 0 if cursor.node is not None and cursor.node.is_named else run + 1
        longest = max(longest, run)
        more = cursor.goto_next_sibling()
    return longest


_Match = tuple[int, int, int, str, "Node", "Node", "str | None"]
"""Start, negated end, pattern, kind, the definition, its name, and an owner that it stands outside of."""


def _matches(tree: Tree, rules: Grammar, deadline: float) -> list[_Match]:
    """What the patterns found, by start; of several with one start the longest, then the earlier pattern."""
    from tree_sitter import QueryCursor

    found: list[_Match] = []
    cursor = QueryCursor(rules.definitions)
    cursor.set_max_start_depth(DEPTH_LIMIT)
    for step, (pattern, captured) in enumerate(cursor.matches(tree.root_node)):
        _check(deadline, step)
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


def _symbols(content: bytes, found: list[_Match], rules: Grammar, deadline: float) -> list[Symbol]:
    symbols: list[Symbol] = []
    around: list[tuple[int, int, str, str]] = []  # range, qualified name and kind of the definitions that are open
    seen: set[int] = set()
    for step, (start, negated_end, _, kind, node, name_node, owner) in enumerate(found):
        _check(deadline, step)
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
            container = _qualified(container, owner)
        if outer in _OWNERS:
            kind = _MEMBERS.get(kind, kind)
        elif kind in _LEAVES and outer in _BODIES:
            continue
        if kind not in _LEAVES:
            around.append((start, -negated_end, _qualified(container, name), kind))
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


def _qualified(container: str, name: str) -> str:
    if not container:
        return name
    return container if len(container) > OWNERS_LIMIT else f"{container}.{name}"


def _visibility(content: bytes, start: int, name_start: int, name: str, rules: Grammar) -> str:
    """What a definition's modifiers or the form of its name say about who may use it."""
    if rules.visibility == "underscore":
        return "private" if name.startswith("_") and not name.endswith("__") else "public"
    if rules.visibility == "capital":
        return "public" if name[0].isupper() else "private"
    if name[0] == "#":
        return "private"
    # From the end of what stands in front of it on the line.
    before = content[max(0, start - MODIFIERS_LIMIT) : start]
    ended = max(map(before.rfind, _ENDS)) + 1
    word = _WORDS.search(content, max(start - len(before) + ended, name_start - 2 * MODIFIERS_LIMIT), name_start)
    if word is None:
        return rules.default
    found = word[0]
    if found.startswith(b"pub("):
        return "internal"
    return _MEANING.get(found) or found.decode("ascii")


def _owner(node: Node) -> str | None:
    """The dotted name of an owner that stands in front of a name; `None` when it is no real one
    (`exports`)."""
    if node.end_byte - node.start_byte > OWNERS_LIMIT:
        return None
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
