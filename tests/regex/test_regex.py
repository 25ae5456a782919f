"""The parser: what patterns mean, and which are refused where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leindex.errors import QueryError
from leindex.regex import parse as regex
from leindex.regex.classes import MAX_CHAR, fold, is_uppercase, negate, table, unicode_property
from leindex.regex.hir import Alternate, Capture, Class, Concat, Empty, Hir, Literal, Look, LookKind, Repeat
from leindex.regex.scanner import Flags

A, B = Literal(b"a"), Literal(b"b")


def chars(text: str, is_bytes: bool = False) -> Class:
    """The class of exactly these characters, none side by side."""
    return Class(tuple((ord(c), ord(c)) for c in sorted(text)), is_bytes)


@pytest.mark.parametrize(
    ("pattern", "tree"),
    [
        ("", Empty()),
        ("abc", Literal(b"abc")),
        ("é", Literal("é".encode())),
        ("a|(?:b|)", Alternate((A, B, Empty()))),
        ("a|b|é|a", Class(((97, 98), (233, 233)))),
        ("a|(?-u:\\xff)", Class(((97, 97), (255, 255)), is_bytes=True)),
        ("a|a", A),
        ("(a)b", Concat((Capture(1, None, A), B))),
        ("(?P<x>a)(?<y.z>b)", Concat((Capture(1, "x", A), Capture(2, "y.z", B)))),
        ("a{2}", Repeat(A, 2, 2, True)),
        ("a{2,}?", Repeat(A, 2, None, False)),
        ("a{ 2 , 3 }", Repeat(A, 2, 3, True)),
        ("a{1}", A),
        ("a{0}b", B),
        ("(?U)a+", Repeat(A, 1, None, False)),
        ("(?:^)*", Repeat(Look(LookKind.START_LINE), 0, 1, True)),
        (r"\b\B\<\>\b{end-half}", None),
        ("(?x) a b # comment\n", None),
        ("(?-m)^$", Concat((Look(LookKind.START_TEXT), Look(LookKind.END_TEXT)))),
        ("(?R)$", Look(LookKind.END_CRLF)),
        ("}]", Literal(b"}]")),
        ("[]a]", chars("]a")),
        ("[a-]", chars("-a")),
        ("[--a]", chars("-a")),
        ("[a]", A),
        ("[[:alpha:]&&[^a-z]]", Class(((65, 90),))),
        ("[a-f--[bd]~~e]", Class(((97, 97), (99, 99), (102, 102)))),
        ("[^\\x00-\\x{10FFFF}]", Class(())),
        ("(?i)k", chars("kK\u212a")),
        ("(?i)s", chars("sS\u017f")),
        ("(?i-u)k", chars("kK", True)),
        ("(?i)1", Literal(b"1")),
        (r"(?-u)\xff", Literal(b"\xff")),
        (r"\xff", Literal("ÿ".encode())),
        (r"\u0061\U00000062\x{63}", Literal(b"abc")),
        ("(?-u:.)", Class(((0, 9), (11, 255)), True)),
        ("(?s:.)", Class(((0, MAX_CHAR),))),
        (r"\d", table("General_Category", "Decimal_Number")),
        ("a)(b", Concat((A, Capture(1, None, B)))),  # ripgrep groups the text, and so accepts this
    ],
)
def test_meaning(pattern: str, tree: Hir | tuple[tuple[int, int], ...] | None) -> None:
    parsed = regex.parse(pattern)
    if isinstance(tree, tuple):
        tree = Class(tree)
    assert tree is None or parsed == tree


@pytest.mark.parametrize(
    ("pattern", "column", "reason"),
    [
        ("foo {", 5, "decimal"),
        ("a{,3}", 2, "decimal"),
        ("a{2", 1, "unclosed counted"),
        ("a{2,1}", 1, "range"),
        ("a{4294967296}", 2, "decimal literal"),
        ("{", 0, "missing expression"),
        ("*", 0, "missing expression"),
        ("(?i)*", 4, "missing expression"),
        ("(?)", 1, "missing expression"),
        ("a|*", 2, "missing expression"),
        ("(a", 0, "unclosed group"),
        ("[a", 0, "unclosed character class"),
        ("[[:alpha:]", 0, "unclosed character class"),
        ("(?=a)", 0, "look-around"),
        ("(?<!a)", 0, "look-around"),
        (r"(a)\1", 3, "backreferences"),
        (r"\q", 0, "unrecognized escape"),
        ("\\", 0, "incomplete escape"),
        (r"\x{110000}", 2, "scalar value"),
        (r"\uD800", 2, "scalar value"),
        (r"\xg", 2, "hexadecimal digit"),
        (r"\p{Foo}", 0, "property not found"),
        (r"\p{sc=Foo}", 0, "property value not found"),
        (r"(?-u)\pL", 5, "Unicode not allowed"),
        ("(?-u)[é]", 6, "Unicode not allowed"),
        (r"[\b]", 1, "character class"),
        ("[z-a]", 1, "start must be <="),
        (r"[\w-a]", 1, "literal"),
        ("(?P<a>x)(?P<a>y)", 12, "duplicate capture"),
        ("(?P<1>x)", 4, "capture group character"),
        ("(?P<>x)", 4, "empty capture group name"),
        ("(?z)", 2, "unrecognized flag"),
        ("(?ii)", 3, "duplicate flag"),
        ("(?i-)", 3, "dangling"),
        (r"\b{foo}", 3, "special word boundary"),
        ("(" * 251 + ")" * 251, 0, "nested"),
        ("[" * 300 + "a" + "]" * 300, 0, "nested"),
        ("\ud800", 0, "UTF-8"),
    ],
)
def test_refused(pattern: str, column: int, reason: str) -> None:
    with pytest.raises(QueryError) as caught:
        regex.parse(pattern)
    assert reason in caught.value.message
    assert (caught.value.text, caught.value.column) == (pattern, column)


def test_error_is_about_one_of_several_patterns() -> None:
    with pytest.raises(QueryError) as caught:
        regex.parse_many(["good", "also good", "b[ad"])
    assert (caught.value.text, caught.value.column) == ("b[ad", 1)


def test_deep_nesting_is_refused_before_the_interpreter_gives_up() -> None:
    for pattern in ("a" + "*" * 100_000, "(" * 100_000, "[" * 100_000, "(?:" * 240 + "a" + ")" * 240):
        try:
            regex.without_newline(regex.parse(pattern))
        except QueryError:
            continue
        assert pattern.count("(") == 240


@pytest.mark.parametrize(
    ("pattern", "ignored"),
    [
        ("foo", True),
        ("Foo", False),
        (r"foo\S\W\PL", True),
        (r"\p{Lu}", False),  # no literal at all
        ("[A-Z]", False),
        ("[a-z]", True),
        (r"\x41", False),
        ("É", False),
        ("(?i)x", True),
    ],
)
def test_smart_case(pattern: str, ignored: bool) -> None:
    assert regex.letters_of([pattern]).smart_ignore_case is ignored


def test_newline_is_stripped_from_classes_and_refused_as_a_literal() -> None:
    assert regex.without_newline(regex.parse(r"[a\n]")) == A
    assert regex.without_newline(regex.parse(r"\n{0}a")) == A
    stripped = regex.without_newline(regex.parse(r"(?s).|\s"))
    assert not regex.can_match_byte(stripped, 10)
    assert regex.without_newline(regex.parse(r"a|\n")) == A  # a class, as in the `regex` crate
    assert regex.can_match_byte(regex.parse(r"\s"), 10)
    for pattern in (r"a\nb", r"[\n]", "(aa|\n)", "(\n)|a"):
        with pytest.raises(QueryError, match="not allowed") as caught:
            regex.without_newline(regex.parse(pattern))
        assert "--multiline" in caught.value.advice
    with pytest.raises(QueryError):
        regex.without_newline(regex.parse(r"\r"), crlf=True)


def test_wrapping() -> None:
    word = regex.whole_word(A)
    assert word == Concat((Look(LookKind.WORD_START_HALF), A, Look(LookKind.WORD_END_HALF)))
    line = regex.whole_line(A)
    assert line == Concat((Look(LookKind.START_LINE), A, Look(LookKind.END_LINE)))
    assert regex.has_text_anchor(regex.parse(r"(?:a|\z)"))
    assert not regex.has_text_anchor(regex.parse("^a$"))


def test_several_patterns_and_groups() -> None:
    assert regex.parse_many(["a", ""]) == Alternate((A, Empty()))
    assert regex.parse_many(["a", "b"]) == Class(((97, 98),))
    assert regex.parse_many([]) == Class(())
    tree = regex.parse_many(["(a)", "(?P<n>b)"])
    assert regex.group_names(tree) == {"n": 2}
    assert regex.group_count(tree) == 2
    assert regex.parse("a.b", fixed=True) == Literal(b"a.b")
    assert regex.parse_many(["(A"], Flags(ignore_case=True), fixed=True) == Concat((Literal(b"("), chars("aA")))


def test_a_byte_that_cannot_occur_is_refused() -> None:
    with pytest.raises(QueryError, match="impossible"):
        regex.ban_byte(regex.parse(r"a\x00b"), 0)
    regex.ban_byte(regex.parse(r"[^\x00]"), 0)


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("Greek", "αΩ", "a"),
        ("Lu", "AÉ", "aé"),
        ("letter", "aé日", "1_"),
        ("is_Alphabetic", "aé", "1"),
        ("White Space", " \t", "a"),
        ("cf", "\u00ad", "a"),
        ("any", "a\U0010ffff", ""),
        ("ascii", "a", "é"),
        ("assigned", "a", "\u0378"),
        ("emoji", "😀", "a"),
    ],
)
def test_properties(name: str, inside: str, outside: str) -> None:
    ranges = unicode_property(name)
    assert ranges is not None
    held = [any(low <= ord(c) <= high for low, high in ranges) for c in inside + outside]
    assert held == [True] * len(inside) + [False] * len(outside)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\p{sc=Greek}",
        r"\p{scx:Greek}",
        r"\p{gc!=Lu}",
        r"\p{age=3.0}",
        r"\p{gcb=CR}",
        r"\p{wb=Numeric}",
        r"\p{sb=Close}",
    ],
)
def test_properties_by_value(pattern: str) -> None:
    assert isinstance(regex.parse(pattern), Class | Literal)


RANGES = st.lists(st.tuples(st.integers(0, 0x2FF), st.integers(0, 40)), max_size=6)


@given(RANGES)
def test_sets_agree_with_python_sets(pairs: list[tuple[int, int]]) -> None:
    from leindex.regex.classes import canonical, difference, intersect, subtract, union

    half = len(pairs) // 2
    one = canonical((low, low + size) for low, size in pairs[:half])
    two = canonical((low, low + size) for low, size in pairs[half:])

    def members(ranges: tuple[tuple[int, int], ...]) -> set[int]:
        return {c for low, high in ranges for c in range(low, high + 1)}

    a, b = members(one), members(two)
    assert members(union(one, two)) == a | b
    assert members(intersect(one, two)) == a & b
    assert members(subtract(one, two)) == a - b
    assert members(difference(one, two)) == a ^ b
    assert negate(negate(one, MAX_CHAR), MAX_CHAR) == one
    assert fold(fold(one)) == fold(one)


def test_capitals() -> None:
    assert is_uppercase("A") and is_uppercase("É") and is_uppercase("Ⓐ")
    assert not is_uppercase("a") and not is_uppercase("ǅ") and not is_uppercase("1")
