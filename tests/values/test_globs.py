"""Globs: the shapes they come down to, and the two matchers against each other."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leindex.exact.filter.globs import compile_glob
from leindex.globs import Glob, Shape, expression, parse
from leindex.globs.automaton import automaton
from leindex.globs.tokens import GlobError
from leindex.indexing.walk.ignore import RuleSet, Source, parse_rules

PIECES = [
    "a",
    "b",
    "/",
    ".",
    "*",
    "**",
    "**/",
    "/**",
    "?",
    "[ab]",
    "[!a]",
    "{a,b}",
    "{,a*}",
    "{a/b,**/b}",
    "\\*",
    "\u00e9",
]
TEXTS = ["a", "b", "/", ".", "ab", "a/b", "\u00e9", "\n", "*"]


def some_glob(pieces: list[str]) -> Glob | None:
    try:
        return parse("".join(pieces))
    except GlobError:
        return None


@given(st.lists(st.sampled_from(PIECES), max_size=8), st.lists(st.sampled_from(TEXTS), min_size=1, max_size=6))
def test_automaton_matches_what_the_expression_matches(pieces: list[str], texts: list[str]) -> None:
    glob, path = some_glob(pieces), "".join(texts).encode()
    if glob is not None and not path.startswith(b"/"):
        expected = re.fullmatch(expression(glob.tokens), path, re.DOTALL) is not None
        assert automaton(glob.tokens)(path) == expected


@given(
    st.lists(st.sampled_from(PIECES), max_size=5),
    st.lists(st.sampled_from(["a", "b", "ab", "a.b"]), min_size=1, max_size=4),
)
def test_rule_sets_agree_with_the_whole_path(pieces: list[str], parts: list[str]) -> None:
    line = "".join(pieces)
    rules = parse_rules(line.encode())
    folder, name = "/".join(parts[:-1]).encode(), parts[-1].encode()
    verdicts = RuleSet().extended(rules, Source.IGNORE, b"").verdicts(folder, b"f", [name])
    path = (folder + b"/" if folder else b"") + name
    expected = any(rule.glob.fullmatch(path) and not rule.only_folders for rule in rules)
    assert list(verdicts) == [int(expected)]


@pytest.mark.parametrize(
    ("glob", "shape", "text"),
    [
        ("**/name", Shape.NAME, b"name"),
        ("**/*.o", Shape.EXTENSION, b".o"),
        ("**/*.tar.gz", Shape.NAME_ENDS, b".tar.gz"),
        ("**/*", Shape.NAME_ENDS, b""),
        ("**/***~", Shape.NAME_ENDS, b"~"),
        ("**/a\\*\u00e9*", Shape.NAME_BEGINS, "a*\u00e9".encode()),
        ("**/a.[ch]x", Shape.NAME_MATCHES, b"a."),
        ("**/a[!b]c", Shape.PATH_MATCHES, b""),
        ("a/b", Shape.PATH, b"a/b"),
        ("a/*/b", Shape.PATH_MATCHES, b"a/"),
        ("**/a/b", Shape.PATH_MATCHES, b""),
    ],
)
def test_shapes(glob: str, shape: Shape, text: bytes) -> None:
    parsed = parse(glob)
    assert (parsed.shape, parsed.text) == (shape, text)


def test_the_number_of_slashes() -> None:
    assert [parse(glob).slashes for glob in ("a/*/b", "*", "a/**", "a[!b]", "{a,b}/*", "{a/b,c}")] == [
        2,
        0,
        None,
        None,
        1,
        None,
    ]


def test_errors_say_why() -> None:
    for glob in ("{a", "a}", "a\\", "[b-a]"):
        with pytest.raises(GlobError, match=r"'|backslash|range"):
            parse(glob)
    with pytest.raises(GlobError):
        parse("[a", unclosed_class=False)
    assert parse("[a").fullmatch(b"[a")


@pytest.mark.parametrize(
    ("glob", "path", "sensitive", "insensitive"),
    [
        ("*.PY", b"a.py", False, True),
        ("[a-c]x", b"BX", False, True),
        ("[!a]x", b"ax", False, False),
        ("[!a]x", b"Ax", True, False),
        ("{A,b/[^c]}", b"B/C", False, False),
        ("{A,b/[^c]}", b"B/D", False, True),
        ("\u00e9", "\u00c9".encode(), False, False),
    ],
)
def test_globs_without_case(glob: str, path: bytes, sensitive: bool, insensitive: bool) -> None:
    assert compile_glob(glob)(path) is sensitive
    assert compile_glob(glob, ignore_case=True)(path) is insensitive


def test_a_glob_of_a_grep_takes_no_time_that_grows_without_bound() -> None:
    # A backtracking matcher would try some 10^10 ways.
    assert compile_glob("*a" * 6 + "*b")(b"a" * 200) is False
    assert compile_glob("*a" * 6 + "*b", ignore_case=True)(b"A" * 200 + b"B") is True
