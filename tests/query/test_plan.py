"""Plans: what a query asks of texts, names and definitions, and what makes a file a hit."""

from __future__ import annotations

import doctest
import importlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leindex.errors import QueryError
from leindex.query.ast import (
    Definition,
    KindFilter,
    LanguageFilter,
    Leaf,
    PathFilter,
    Phrase,
    Query,
    Syntax,
    Word,
    leaves,
)
from leindex.query.parse import parse, parse_plain
from leindex.query.paths import glob_regex, kind_holds, name_predicate, path_predicate
from leindex.query.plan import plan
from leindex.regex import hir as h
from leindex.regex.parse import parse as parse_regex
from leindex.regex.parse import without_newline
from leindex.regex.scanner import Flags
from leindex.storage import formula as f

EXAMPLES = "query.ast query.lex query.parse query.plan query.paths regex.literals storage.tidy"


@pytest.mark.parametrize("name", EXAMPLES.split())
def test_the_examples_of_a_module_run(name: str) -> None:
    module = importlib.import_module(f"leindex.{name}")
    assert doctest.testmod(module).failed == 0


QUERY_FORMULAS = [
    ("retry backoff", "~retry (~backoff|\u212a)"),
    ("Retry Backoff", "Retry Backoff"),
    ("foo -bar", "~foo"),
    ("-foo", "*"),
    ("foo OR bar", "~foo|~bar"),
    ("foo OR -bar", "*"),
    ("foo lang:go", "~foo"),
    ("foo OR lang:go", "*"),
    ("lang:go", "*"),
    ("type:file", "*"),
    ("(foo lang:c) OR (bar lang:go)", "~foo|~bar"),
    ("if foobar", "~foobar"),
    ("(foo OR bar) foo", "~foo"),
    ("foo foobar", "~foobar"),
    ("foo (foobar OR bar)", "~foo ~bar"),
    ("/a+bc/ Foo", "~abc Foo"),
    (r"/foo\W+bar/ case:yes", "foo bar"),
    ("a.b*c", "~a.b*c"),
    ('"a\nfoo\nfoobar"', "~foobar"),
]


@pytest.mark.parametrize(("text", "expected"), QUERY_FORMULAS, ids=[text for text, _ in QUERY_FORMULAS])
def test_a_query_needs(text: str, expected: str) -> None:
    assert str(plan(parse(text)).formula) == expected


TEXTS = st.lists(st.sampled_from(["foo", "Foo", "tasK", "taſk", "bar", " ", "\n"]), max_size=6).map("".join)


def holds(leaf: Leaf, text: str, path: str) -> bool:
    """The naive reading of a leaf."""
    if isinstance(leaf, PathFilter):
        return leaf.value in path
    assert isinstance(leaf, Word | Phrase)
    return leaf.text.casefold() in text.casefold() if leaf.fold else leaf.text in text


@given(
    st.lists(
        st.sampled_from(["foo", "Foo", "task", '"bar foo"', "file:a", "OR", "OR", "-", "(foo OR bar)", "tasK"]),
        min_size=1,
        max_size=7,
    ),
    TEXTS,
    st.sampled_from("ab"),
)
@settings(max_examples=300, deadline=None)
def test_a_plan_matches_what_its_query_means(parts: list[str], text: str, path: str) -> None:
    try:
        query = parse(" ".join(parts).replace("- ", "-"))
    except QueryError:
        return
    made = plan(query)
    truth = {leaf: holds(leaf, text, path) for leaf, _ in leaves(made.tree)} if made.tree else {}
    expression = str(query.root)
    matched = made.matches(truth.__getitem__)
    assert matched == (not made.tree or meaning(query, text, path)), expression
    if matched:
        assert f.accepts(made.formula, text.encode())
    known = {leaf: value for leaf, value in truth.items() if isinstance(leaf, PathFilter)}
    assert made.judge(known.get) in (None, matched)


def meaning(query: Query, text: str, path: str) -> bool:
    """A reading by Python's own operators, independent of the planner."""
    names = {leaf: f"v{n}" for n, (leaf, _) in enumerate(leaves(query.root))} if query.root else {}
    values = {name: holds(leaf, text, path) for leaf, name in names.items()}

    def python(node: object) -> str:
        if node in names:
            return names[node]  # type: ignore[index]
        if hasattr(node, "node"):
            return f"(not {python(node.node)})"
        return f"({(' or ' if type(node).__name__ == 'Or' else ' and ').join(map(python, node.nodes))})"  # type: ignore[attr-defined]

    return bool(eval(python(query.root), {}, values))


def test_a_plan_asks_only_about_leaves_that_matter() -> None:
    made = plan(parse("lang:go foo OR file:a"))
    asked: list[str] = []

    def truth(leaf: Leaf) -> bool:
        asked.append(str(leaf))
        return isinstance(leaf, PathFilter)

    assert made.matches(truth)
    assert asked == ["lang:go", "file:a"]
    assert plan(parse("type:file")).matches(truth)
    assert plan(parse("foo lang:go")).judge(lambda leaf: False if leaf == LanguageFilter("go") else None) is False
    assert plan(parse("foo OR lang:go")).judge(lambda leaf: None) is None


def test_a_plan_lists_terms_and_conditions() -> None:
    made = plan(parse('foo "a b" -bar -file:test lang:go (foo OR -baz) (lang:c OR qux) count:5'))
    assert [str(term.node) for term in made.positive] == ["foo", '"a b"', "qux"]
    assert [str(term.node) for term in made.terms if term.negated] == ["bar", "baz"]
    assert [(str(c.leaf), c.negated) for c in made.required] == [("file:test", True), ("lang:go", False)]
    assert len(made.conjuncts) == 7
    assert made.query.count == 5
    assert made.terms[0].hir == parse_regex("foo", Flags(ignore_case=True))
    assert plan(parse_plain("OR (x")).positive[0].hir == h.Literal(b"OR")
    assert plan(parse("foo -foo")).positive[0].node == Word("foo", True)
    assert plan(parse(r"/a\s/")).terms[0].hir == without_newline(parse_regex(r"a\s", Flags(ignore_case=True)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sym:open kind:function", ["sym:open kind:function"]),
        ("kind:function foo sym:open", ["foo", "sym:open kind:function"]),
        ("sym:a sym:b -kind:class", ["sym:a -kind:class", "sym:b -kind:class"]),
        ("sym:a (kind:class OR kind:struct)", ["sym:a (kind:class OR kind:struct)"]),
        ("kind:class", ["kind:class"]),
        ("kind:class foo", ["foo", "kind:class"]),
        ("-sym:a kind:class", ["-(sym:a)", "kind:class"]),
        ("-(sym:a kind:class)", ["-(sym:a kind:class)"]),
        ("sym:a OR kind:class", ["sym:a OR kind:class"]),
    ],
)
def test_names_and_kinds_are_about_one_definition(text: str, expected: list[str]) -> None:
    assert [str(part) for part in plan(parse(text)).conjuncts] == expected


def test_a_definition_is_of_the_kind_asked_for() -> None:
    (condition,) = plan(parse("sym:open (kind:Function OR kind:method) -kind:macro")).required
    assert isinstance(condition.leaf, Definition)
    assert kind_holds(condition.leaf, "function")
    assert not kind_holds(condition.leaf, "class")
    assert not kind_holds(Definition(None, (KindFilter("class"),)), "function")
    assert kind_holds(condition.leaf, "def", lambda typed, kind: typed == "Function" and kind == "def")


PATHS = [
    "main.py",
    "src/main.py",
    "src/net/retry.py",
    "app/src/main.py",
    "mysrc/main.py",
    "src/Main.ts",
    "a*b/x.tsx",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file:net", ["src/net/retry.py"]),
        ("file:SRC", []),
        ("file:Main", ["src/Main.ts"]),
        ("file:main.ts", ["src/Main.ts"]),
        ("file:/main", ["main.py", "src/main.py", "app/src/main.py", "mysrc/main.py", "src/Main.ts"]),
        ("file:/src/main", ["src/main.py", "app/src/main.py", "src/Main.ts"]),
        ("file:*.py", PATHS[:5]),
        ("file:*.P?", []),
        ("file:m*", ["main.py", "src/main.py", "app/src/main.py", "mysrc/main.py", "src/Main.ts"]),
        ("file:src/*.py", ["src/main.py", "app/src/main.py"]),
        ("file:/src/*.py", ["src/main.py"]),
        ("file:src/**.py", ["src/main.py", "src/net/retry.py", "app/src/main.py"]),
        ("file:src/**/*.py", ["src/main.py", "src/net/retry.py", "app/src/main.py"]),
        ("file:/**/main.py", ["main.py", "src/main.py", "app/src/main.py", "mysrc/main.py"]),
        ("file:src/**", ["src/main.py", "src/net/retry.py", "app/src/main.py", "src/Main.ts"]),
        ("file:s?c/n*/", ["src/net/retry.py"]),
        ("file:*.{ts,tsx}", ["src/Main.ts", "a*b/x.tsx"]),
        ("file:{ma*,x}.{t{s,sx},py}", [p for p in PATHS if "net" not in p]),
        ("file:*}", []),
        ('file:"a*b"', ["a*b/x.tsx"]),
        (r"file:/^src.*\.ts$/", ["src/Main.ts"]),
        ("file:/(^|b)x/", []),
        ("file:/Main/", ["src/Main.ts"]),
    ],
)
def test_paths_are_selected(text: str, expected: list[str]) -> None:
    (condition,) = plan(parse(text)).required
    assert isinstance(condition.leaf, PathFilter)
    selected = path_predicate(condition.leaf)
    assert [path for path in PATHS if selected(path)] == expected


def test_paths_that_are_not_utf8_and_odd_globs_are_matched() -> None:
    odd = b"src/\xff\n.py".decode("utf-8", "surrogateescape")
    assert path_predicate(PathFilter("src/**.py", Syntax.GLOB, True))(odd)
    assert glob_regex("a,b{*") == r"(?:\A|/)a,b\{(?-u:[^/])*\z"


@pytest.mark.parametrize(
    ("text", "names"), [("sym:open", ["open", "reOpen"]), ("sym:Open", ["reOpen"]), ("sym:/^open/", ["open"])]
)
def test_names_are_selected(text: str, names: list[str]) -> None:
    (condition,) = plan(parse(text)).required
    assert isinstance(condition.leaf, Definition)
    assert condition.leaf.name is not None
    selected = name_predicate(condition.leaf.name)
    assert [name for name in ("open", "reOpen", "close") if selected(name)] == names
