"""The search language: what each form means, what is refused and where; trees print as they parse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leindex.errors import QueryError
from leindex.query.ast import (
    And,
    BranchFilter,
    Case,
    KindFilter,
    LanguageFilter,
    Node,
    Not,
    Or,
    PathFilter,
    Pattern,
    Phrase,
    Query,
    RepoFilter,
    ResultType,
    SymbolFilter,
    Syntax,
    Word,
    conjunction,
    disjunction,
    leaves,
    negation,
)
from leindex.query.lex import FILTERS
from leindex.query.parse import MAX_DEPTH, parse, parse_plain
from leindex.regex.parse import letters_of

DOCS = Path(__file__).resolve().parents[2] / "docs" / "query.md"


def word(text: str) -> Word:
    return Word(text, fold=text == text.lower())


A, B, C, D = map(word, "abcd")

MEANINGS: list[tuple[str, Node]] = [
    ("retry", word("retry")),
    ("Retry", Word("Retry", False)),
    ("éÉ", Word("éÉ", False)),
    ("a b", And((A, B))),
    ("a AND b", And((A, B))),
    ("a and b", And((A, word("and"), B))),
    ("a OR b", Or((A, B))),
    ("a or b", And((A, word("or"), B))),
    ("a b OR c d", Or((And((A, B)), And((C, D))))),
    ("a (b OR c) d", And((A, Or((B, C)), D))),
    ("(a b) (c (d))", And((A, B, C, D))),
    ("a OR (b OR c)", Or((A, B, C))),
    ("(a)", A),
    ("-a", Not(A)),
    ("NOT a", Not(A)),
    ("NOT -a", A),
    ("a NOT b", And((A, Not(B)))),
    ("a OR NOT b", Or((A, Not(B)))),
    ("-(a b)", Not(And((A, B)))),
    ('-"a b"', Not(Phrase("a b", True))),
    ("-/a+/", Not(Pattern("a+", True))),
    # text that only looks like syntax
    ("std::vector", word("std::vector")),
    ("file::open", word("file::open")),
    ("f:=open", word("f:=open")),
    ("a:b", word("a:b")),
    ("x:i32", word("x:i32")),
    ("TODO:fix", word("TODO:fix")),
    ("TODO:", word("TODO:")),
    ("else:", word("else:")),
    ("C:\\src", word("C:\\src")),
    ("c:\\src", word("c:\\src")),
    ("localhost:8080", word("localhost:8080")),
    ("sha256:abc", word("sha256:abc")),
    ("color:#fff", word("color:#fff")),
    ("http://x", word("http://x")),
    ("file:///etc", word("file:///etc")),
    ("foo->bar", word("foo->bar")),
    ("->bar", word("->bar")),
    ("--flag", word("--flag")),
    ("-=", word("-=")),
    ("a - b", And((A, word("-"), B))),
    ("printf(", word("printf(")),
    ("f(a)", word("f(a)")),
    ("(f(a) OR b)", Or((word("f(a)"), B))),
    ('say("hi")', word('say("hi")')),
    ("a\\b", word("a\\b")),
    ("a/b/", word("a/b/")),
    ("/", word("/")),
    ("// a", And((word("//"), A))),
    ("/usr/bin/env", word("/usr/bin/env")),
    ("/users", word("/users")),
    ("/users/:id /a/", And((word("/users/:id"), Pattern("a", True)))),
    ("a*b?", word("a*b?")),
    # phrases
    ('"a b"', Phrase("a b", True)),
    ('"A b"', Phrase("A b", False)),
    ('"OR"', Phrase("OR", False)),
    ('"a\nb"', Phrase("a\nb", True)),
    (r'"\" \\ \n"', Phrase(r'" \ \n', True)),
    # regular expressions
    ("/a.b/", Pattern("a.b", True)),
    ("/a b/", Pattern("a b", True)),
    (r"/\S\pLa\x{AB}/", Pattern(r"\S\pLa\x{AB}", True)),
    (r"/a\S/", Pattern(r"a\S", True)),
    ("/aB/", Pattern("aB", False)),
    (r"/a\/b/", Pattern("a/b", True)),
    (r"/a\\/", Pattern(r"a\\", True)),
    ("(/a|b/)", Pattern("a|b", True)),
    # filters
    ("file:src", PathFilter("src", Syntax.TEXT, True)),
    ("f:Src", PathFilter("Src", Syntax.TEXT, False)),
    ("FILE:src", PathFilter("src", Syntax.TEXT, True)),
    ("path:*.py", PathFilter("*.py", Syntax.GLOB, True)),
    ('file:"*.py"', PathFilter("*.py", Syntax.TEXT, True)),
    ('file:"a b"', PathFilter("a b", Syntax.TEXT, True)),
    (r"file:/\.py$/", PathFilter(r"\.py$", Syntax.REGEX, True)),
    ("file:/src/*.py", PathFilter("/src/*.py", Syntax.GLOB, True)),
    ("file:/src/lib", PathFilter("/src/lib", Syntax.TEXT, True)),
    ("lang:Go", LanguageFilter("Go")),
    ("l:c++", LanguageFilter("c++")),
    ('language:"Visual Basic"', LanguageFilter("Visual Basic")),
    ("repo:linux", RepoFilter("linux")),
    ("branch:main", BranchFilter("main")),
    ("sym:open", SymbolFilter("open", Syntax.TEXT, True)),
    ("symbol:/^open/", SymbolFilter("^open", Syntax.REGEX, True)),
    ("kind:function", KindFilter("function")),
    ("content:lang:go", word("lang:go")),
    ("c:OR", word("OR")),
    ("content:-x", word("-x")),
    ('content:"(a"', word("(a")),
    ('content:"a b"', Phrase("a b", True)),
    ("content:/a/", Pattern("a", True)),
    ("-lang:go", Not(LanguageFilter("go"))),
    ("NOT file:a OR b", Or((Not(PathFilter("a", Syntax.TEXT, True)), B))),
]

REFUSALS: list[tuple[str, int, str, str]] = [
    ("", 0, "empty", "word"),
    (" \t", 0, "empty", "word"),
    ("langauge:go", 0, "no filter langauge:", "language:go"),
    ("a -langauge:go", 3, "no filter langauge:", '"langauge:go"'),
    ("Langauge:go", 0, "no filter Langauge:", "language:go"),
    ("key:value", 0, "no filter key:", '"key:value"'),
    ("ext:py", 0, "no filter ext:", "file:*.py"),
    ("conut:5", 0, "no filter conut:", "count:5"),
    ('key:"a b"', 0, "no filter key:", "quotes"),
    ("a file:", 2, "no value", "after the colon"),
    ("lang: go", 0, "no value", "after the colon"),
    ("(lang:)", 1, "no value", "after the colon"),
    ('lang:""', 5, "nothing between the quotes", ""),
    ("lang:(go OR c)", 5, "one value", "(lang:a OR lang:b)"),
    ("lang:/go/", 5, "not a regular expression", ""),
    ("a (b", 2, "not closed", "quotes"),
    ("a (", 2, "not closed", "quotes"),
    ("a)", 1, "closes nothing", "quotes"),
    (")", 0, "closes nothing", "quotes"),
    ("f(a))", 4, "closes nothing", "quotes"),
    ("a ()", 2, "nothing between the parentheses", "quotes"),
    ("OR a", 0, "OR has nothing before", "quotes"),
    ("a OR", 2, "OR has nothing after", "quotes"),
    ("a OR OR b", 2, "OR has nothing after", "quotes"),
    ("a AND", 2, "AND has nothing after", "quotes"),
    ("(AND a)", 1, "AND has nothing before", "quotes"),
    ("(a OR) b", 3, "OR has nothing after", "quotes"),
    ("a NOT", 2, "NOT has nothing after", "quotes"),
    ("-OR", 0, "- has nothing after", "quotes"),
    ('a "b', 2, "quote is not closed", '\\"'),
    ('""', 0, "nothing between", ""),
    ('a="b c', 2, "inside a word", "quotes"),
    ('"a"b', 3, "space is missing", "quotes"),
    ("(a)b", 3, "space is missing", "quotes"),
    ("/a(b|c)", 0, "not closed with /", "quotes"),
    ("/a/b(c", 2, "ends here", r"\/"),
    ("/a/i", 3, "flags", "(?i)"),
    ("a /b(/", 4, "unclosed group", '"/b(/"'),
    ("a /b[z-a]/", 5, "range", '"/b[z-a]/"'),
    (r"/a\/b[z-a]/", 6, "range", ""),
    ("file:/a[z-a]/", 8, "range", ""),
    (r"/a\nb/", 1, "not allowed", "grep -U"),
    ("/(?=a)/", 1, "look-around", ""),
    ("case:maybe", 5, "no value maybe", "auto, yes, no"),
    ("type:files", 5, "no value files", "file, symbol, content"),
    ("a count:0", 8, "number from 1", "count:all"),
    ("count:many", 6, "number from 1", "count:all"),
    ("count:5 count:6", 8, "twice", ""),
    ("a OR count:5", 2, "whole query", ""),
    ("(a count:5)", 3, "whole query", ""),
    ("-count:5", 0, "negated", ""),
    ("(" * (MAX_DEPTH + 1) + "a", MAX_DEPTH, "deeper", ""),
    ("a\ud800", 1, "Unicode", ""),
]


@pytest.mark.parametrize(("text", "root"), MEANINGS, ids=[text for text, _ in MEANINGS])
def test_a_query_means(text: str, root: Node) -> None:
    assert parse(text) == Query(root)


@pytest.mark.parametrize(("text", "column", "message", "advice"), REFUSALS, ids=[r[0] for r in REFUSALS])
def test_a_query_is_refused_with_column_and_advice(text: str, column: int, message: str, advice: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    error = caught.value
    assert (error.text, error.column) == (text, column)
    assert message in error.message
    assert advice in error.advice


def test_settings_hold_for_the_whole_query() -> None:
    query = parse("count:all Foo case:no OR bar type:symbol")
    assert query == Query(Or((Word("Foo", True), Word("bar", True))), Case.NO, ResultType.SYMBOL, "all")
    assert parse("foo case:yes count:50") == Query(Word("foo", False), Case.YES, None, 50)
    assert parse("/a/ file:b case:yes").root == And((Pattern("a", False), PathFilter("b", Syntax.TEXT, False)))
    assert parse("type:file") == Query(None, type=ResultType.FILE)


def test_plain_takes_everything_as_words() -> None:
    root = parse_plain(' where is "lang:go" OR (x)\n-y /z ').root
    assert isinstance(root, And)
    assert [str(leaf.text) for leaf in root.nodes if isinstance(leaf, Word)] == [
        "where",
        "is",
        '"lang:go"',
        "OR",
        "(x)",
        "-y",
        "/z",
    ]
    with pytest.raises(QueryError, match="empty"):
        parse_plain(" \n")


@pytest.mark.parametrize("text", ["OR", "-a", "->a", "lang:go", "a:b", '"', "(", "a)", "/a/", "//", 'a"b"'])
def test_a_word_prints_as_a_query_for_that_word(text: str) -> None:
    for root in (word(text), Not(word(text))):
        assert parse(str(Query(root))) == Query(root)


def test_leaves_know_whether_they_are_negated() -> None:
    root = parse("a -(b OR -c)").root
    assert root is not None
    assert list(leaves(root)) == [(A, False), (B, True), (C, False)]


def test_long_chains_are_parsed() -> None:
    assert str(parse("NOT " * 10_001 + "a").root) == "-a"
    assert str(parse("-" + "a OR " * 10_000 + "b").root).count("OR") == 10_000


FRAGMENTS = [*(f"{name}:" for name in FILTERS), "AND", "OR", "NOT", "a", "B", "all", "yes", "5", "é", "ſ"]
FRAGMENTS += list("  -\"\\/():=*?.,|[]{}+\n'<>")


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join) | st.text(max_size=20))
@settings(max_examples=600, deadline=None)
def test_whatever_parses_prints_as_itself_and_all_else_is_a_query_error(text: str) -> None:
    try:
        query = parse(text)
    except QueryError as error:
        assert 0 <= error.column <= len(text)
        assert error.text == text
        return
    assert parse(str(query)) == query


@given(st.text(max_size=30) | st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join))
@settings(max_examples=200, deadline=None)
def test_plain_words_print_as_a_query_that_means_the_same(text: str) -> None:
    if text.split():
        assert parse(str(parse_plain(text))) == parse_plain(text)


def folds(text: str, case: Case, fixed: bool = True) -> bool:
    return letters_of([text], fixed=fixed).smart_ignore_case if case is Case.AUTO else case is Case.NO


@st.composite
def queries(draw: st.DrawFn) -> Query:
    case = draw(st.sampled_from(Case))
    texts = st.text(st.sampled_from("abKſé \n\"\\/():*?-=.,'AND"), min_size=1, max_size=6)
    words = texts.map(lambda text: "".join(text.split())).filter(bool)
    regexes = st.sampled_from(["a|b", "/", "a/b", r"a\\", r"\\/", r"\S+", "[/]", "A b"])
    globs = st.text("ab*?./{},", min_size=1, max_size=6).filter(
        lambda glob: ("*" in glob or "?" in glob) and not re.match("//|/[^/]*/$", glob)
    )
    leaf: st.SearchStrategy[Node] = st.one_of(
        words.map(lambda text: Word(text, folds(text, case))),
        texts.map(lambda text: Phrase(text, folds(text, case))),
        regexes.map(lambda regex: Pattern(regex, folds(regex, case, fixed=False))),
        texts.map(lambda text: PathFilter(text, Syntax.TEXT, folds(text, case))),
        globs.map(lambda glob: PathFilter(glob, Syntax.GLOB, folds(glob, case))),
        regexes.map(lambda regex: PathFilter(regex, Syntax.REGEX, folds(regex, case, fixed=False))),
        texts.map(lambda text: SymbolFilter(text, Syntax.TEXT, folds(text, case))),
        regexes.map(lambda regex: SymbolFilter(regex, Syntax.REGEX, folds(regex, case, fixed=False))),
        *(texts.map(make) for make in (LanguageFilter, RepoFilter, BranchFilter, KindFilter)),
    )
    several = st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(conjunction),
            st.lists(inner, min_size=2, max_size=3).map(disjunction),
            inner.map(negation),
        ),
        max_leaves=6,
    )
    count = draw(st.none() | st.integers(1, 1000) | st.just("all"))
    return Query(draw(several), case, draw(st.none() | st.sampled_from(ResultType)), count)


@given(queries())
@settings(max_examples=150, deadline=None)
def test_every_tree_prints_as_a_query_that_parses_to_it(query: Query) -> None:
    assert parse(str(query)) == query


def documented(heading: str) -> list[str]:
    """Code in the first column of the tables under a heading, and the lines of its `query` blocks."""
    sections = re.split(r"^## ", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    section = next(text for text in sections if text.startswith(heading))
    rows = re.findall(r"^\| (.*?) \|", section, flags=re.MULTILINE)
    spans = [span for row in rows for span in re.findall(r"`` (.+?) ``|`([^`]+)`", row.replace("\\|", "|"))]
    blocks = re.findall(r"^```query\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)
    return [one or two for one, two in spans] + [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("heading", ["Terms", "Text that looks like syntax", "Filters", "Paths", "Examples"])
def test_what_the_documentation_shows_parses(heading: str) -> None:
    examples = documented(heading)
    assert len(examples) > 3
    for example in examples:
        parse(example)


def test_what_the_documentation_says_is_refused_is_refused() -> None:
    examples = documented("Errors")
    assert len(examples) > 3
    for example in examples:
        with pytest.raises(QueryError):
            parse(example)


def test_the_documentation_names_every_filter() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert [name for name in FILTERS if f"`{name}:`" not in text] == []
