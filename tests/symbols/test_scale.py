"""Definitions and calls in time linear in the file, whatever is on one line: four times the text, not sixteen times
the work. CPU time of this process, since other work on the machine is none of it; a first bad figure is measured again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from leindex.definition import Symbol
from leindex.indexing.syntax.grammars import languages_with_grammar
from leindex.indexing.syntax.line_symbols import LANGUAGES
from leindex.indexing.syntax.parts import NOTEBOOK, PAGES
from leindex.indexing.syntax.shape_table import SHAPES
from leindex.indexing.syntax.symbols import calls, extract
from leindex.symbols.heading import Text, signature

SMALL = 6_000
TIMES = 4
MOST = 2.2 * TIMES
"""Between linear (4) and quadratic (16)."""
TOO_SHORT = 0.02
"""Seconds of CPU time of the larger text below which nothing is said."""

UNITS = {
    "c": ("enum{A,B};", "struct s{int a;};", "#define A 1\\\n", " #"),
    "c#": ("class A{int a;}", "enum E{A,B}"),
    "c++": ("class A{void f(){}};", "void A::f(){}", "FOO(a){}"),
    "elixir": ("def f(x), do: 1;", "defmodule A do "),
    "go": ("type T struct{a int};", "func f(){};"),
    "haskell": ("f x = 1;", "f x = do "),
    "java": ("class A{int a;}", "enum E{A,B}"),
    "javascript": ("var a=1;", "a.b=function(){};", "let {a,b}=c;"),
    "kotlin": ("class A{val a=1};", "fun f(){};"),
    "lua": ("a.b=function()end;", "local a=1;"),
    "markdown": ("# a\n", "# a    ", "# a\n\n\n", "a\n=\n", "{#"),
    "php": ("<?php function f(){}", "class A{public $a;}"),
    "python": ("a=1;", "lambda:"),
    "ruby": ("def f;end;", "a."),
    "rust": ("struct S{a:u8}", "mod m{"),
    "scala": ("class A{val a=1};", "`"),
    "shell": ("f(){ :;};", "$("),
    "swift": ("func f(){};", "#"),
    "tsx": ("class A{m(){}}", "<div>"),
    "typescript": ("interface I{a:number}", "enum E{A,B}"),
    "zig": ("const S=struct{a:u8};", "struct{"),
    "css": (".a{b:c}", ".a,", "@media x{", "--a:1;", '"', "/*"),
    "dart": ("class A{}", "class a\n", "public  ", "#define "),
    "dockerfile": ("ENV a=1 ", "FROM a AS b\n", "ENV A=1\\\n"),
    "hcl": ('resource "a" "b" {}\n', "locals {", "a = [", "<<A\n", 'a "b" {'),
    "html": ('<p id="a">', "<h1>", "<script>", "<script ", "<h1><b>", '<a name="'),
    "json": ('{"a":', '"a":1,', "[", '"', '\\"'),
    "jupyter notebook": ('{"cells":[', '{"source":["a=1"]},', '"source":"'),
    "less": (".@{a}-b{c:d}", ".a,", "//"),
    "makefile": ("a: b\n\tc\n", "a b ", "define a\n", "A = 1\n", "$(", "a:\\\n"),
    "protobuf": ("message M{int32 a=1;}", "enum E{A=0;}", "message M{", "rpc F(", "a b "),
    "r": ("f<-function(x){};", "a<-1;", "f<-function(", "`", "a<-1\n", "setClass("),
    "scss": ("$a:1;", "@mixin a{", "#{a}", "@"),
    "sql": (
        "create table a(b int);",
        "create function f(",
        "create ",
        "$$",
        "a,",
        "'",
        "create procedure p as begin\n",
    ),
    "svelte": ("{#snippet a(", "<script>", '<slot name="a">', "<style>.a{}</style>"),
    "toml": ("[a]\n", "a=1\n", "a.", "a=[", '"""', "[a."),
    "vue": ("<script>", "<script>f()</script>", '<slot name="a">', "<style "),
    "yaml": ("a: b\n", "- ", "a: |\n", " a:\n", "a "),
    "perl": ("sub f{};", "package A;", "=a\n", "<<A\n", "sub f{\n}\n", "sub f{}", "sub a\n", "public  "),
}
ANY = ("{", "f().", "<!--", "class A{", "a ")
CALLS = ("(", "f().", "f();")


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def grows(work: Callable[[bytes], object], unit: str, small: int = SMALL) -> float:
    """How many times as long `TIMES` as much text takes; 0 when it is too little to tell."""
    few = (unit * (small // len(unit))).encode()
    ratio = 0.0
    for _ in range(3):
        many = seconds(lambda: work(few * TIMES))
        if many < TOO_SHORT:
            return 0.0
        ratio = many / max(seconds(lambda: work(few)), 1e-9)
        if ratio <= MOST:
            break
    return ratio


@pytest.mark.parametrize("language", sorted({*languages_with_grammar(), *UNITS}))
def test_one_long_line(language: str) -> None:
    extract(b"f();", language)  # loads the grammar
    slow = {}
    for work, units in ((extract, (*UNITS.get(language, ()), *ANY)), (calls, CALLS)):
        for unit in units:
            ratio = grows(lambda text, work=work: work(text, language, time_limit_s=60), unit)  # type: ignore[misc]
            if ratio > MOST:
                slow[f"{work.__name__} {unit}"] = round(ratio, 1)
    assert slow == {}


def test_every_language_is_here() -> None:
    assert {*languages_with_grammar(), *SHAPES, *PAGES, NOTEBOOK} <= set(UNITS)
    assert "dart" in LANGUAGES


def test_many_enumerators_and_one_huge_function() -> None:
    enumerators = ",".join(f"A{number}" for number in range(100_000))
    for language in ("c", "c++"):
        found: list[list[Symbol]] = []
        text = f"enum e {{{enumerators}}};".encode()
        assert seconds(lambda: found.append(extract(text, language, time_limit_s=60))) < 6  # noqa: B023
        assert len(found[0]) == 100_001
    body = "if (a) { b = c(d, 1); }\n" * 30_000
    assert seconds(lambda: extract(f"function f() {{ {body} }}".encode(), "javascript", time_limit_s=60)) < 6


def test_what_is_shown_of_one_long_line() -> None:
    """Of two hundred definitions of one line, whatever its length."""

    def shown(content: bytes) -> None:
        symbols = [Symbol("a", "variable", "", 1, 1, 1, 4 + 8 * (place * 40), "") for place in range(200)]
        text = Text(content)
        for symbol in symbols:
            signature(text, symbol.line, symbol.end_line)

    assert grows(shown, "var a=1;", 1_000_000) <= 2.5


@pytest.mark.parametrize(
    ("language", "unit"),
    [("javascript", "var a=1;"), ("c#", "<!--"), ("swift", "#"), ("ruby", "a.b()."), ("kotlin", "<")],
)
def test_the_limit_bounds_all_of_a_file(language: str, unit: str) -> None:
    extract(b"f();", language)
    text = (unit * (900_000 // len(unit))).encode()
    assert seconds(lambda: extract(text, language, time_limit_s=0.05)) < 1.5
    assert seconds(lambda: calls(text, language, time_limit_s=0.05)) < 1.5
