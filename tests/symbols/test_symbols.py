"""Definitions and calls, in every language that has a grammar and in what has none."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leindex.definition import Symbol
from leindex.indexing.syntax.grammars import KINDS, grammar, languages_with_grammar
from leindex.indexing.syntax.language_table import EXTENSIONS, FILENAMES
from leindex.indexing.syntax.line_symbols import LANGUAGES, scan
from leindex.indexing.syntax.parts import NOTEBOOK, PAGES
from leindex.indexing.syntax.shape_table import SHAPES
from leindex.indexing.syntax.symbols import JSON, calls, extract

_FILE_NAMES = {"cpp": "c++", "csharp": "c#"}


def samples() -> dict[str, tuple[str, list[str]]]:
    """Each language's sample: a source, and what must be found in it: kind, qualified name, first and last
    line."""
    found = {}
    for path in sorted((Path(__file__).parent / "samples").glob("*.txt")):
        source, _, expected = path.read_text(encoding="utf-8").rpartition("=====\n")
        found[_FILE_NAMES.get(path.stem, path.stem)] = (source, expected.splitlines())
    return found


SAMPLES = samples()


def described(symbols: list[Symbol]) -> list[str]:
    return [f"{s.kind} {s.container}{'.' * bool(s.container)}{s.name} {s.start_line}-{s.end_line}" for s in symbols]


@pytest.mark.parametrize("language", SAMPLES)
def test_definitions(language: str) -> None:
    source, expected = SAMPLES[language]
    found = described(extract(source.encode(), language))
    assert [e for e in expected if e not in found] == []
    if language in SHAPES or language in JSON:  # no more either: what stands in comments and strings is none
        assert found == expected
    assert {s.kind for s in extract(source.encode(), language)} <= set(KINDS)


@pytest.mark.parametrize("language", SAMPLES)
def test_a_name_stands_where_its_symbol_says(language: str) -> None:
    source = SAMPLES[language][0].encode()
    lines = source.split(b"\n")
    for s in extract(source, language):
        assert lines[s.line - 1][s.column :].startswith(s.name.encode())
        assert 1 <= s.start_line <= s.line <= s.end_line <= len(lines)


def test_every_grammar_has_a_sample_and_a_language() -> None:
    known = {*EXTENSIONS, *FILENAMES}
    assert set(languages_with_grammar()) <= set(SAMPLES) <= known
    assert {*SHAPES, *JSON, *PAGES, NOTEBOOK} - {"json5"} <= set(SAMPLES)
    assert set(LANGUAGES) <= known - set(SAMPLES)


@pytest.mark.parametrize("language", languages_with_grammar())
def test_calls_patterns_belong_to_the_grammar(language: str) -> None:
    rules = grammar(language)
    assert rules is not None and rules.calls is not None
    assert calls(SAMPLES[language][0].encode(), language, time_limit_s=10) is not None


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        ("python", "foo(1)\na.bar(baz())\n@dec\ndef f(): pass\n", ["foo", "bar", "baz", "dec"]),
        ("javascript", "foo(); a.b.bar(); new Baz();", ["foo", "bar", "Baz"]),
        ("typescript", "foo<T>(); this.bar(); new Baz<T>();", ["foo", "bar", "Baz"]),
        ("go", "package p\nfunc f() { foo(); a.Bar() }", ["foo", "Bar"]),
        ("rust", "fn f() { foo(); a.bar(); A::baz(); x::<T>(); m!() }", ["foo", "bar", "baz", "x", "m"]),
        ("java", "class A { void f() { foo(); a.bar(); new Baz<X>(); } }", ["foo", "bar", "Baz"]),
        ("c", "int f(void) { foo(1); a->bar(); }", ["foo", "bar"]),
        ("c++", "void f() { foo(); a.bar(); A::baz(); g<int>(); new Q(); }", ["foo", "bar", "baz", "g", "Q"]),
        ("c#", "class A { void F() { Foo(); a.Bar(); new Baz(); G<int>(); } }", ["Foo", "Bar", "Baz", "G"]),
        ("ruby", "foo(1)\na.bar\n", ["foo", "bar"]),
        ("php", "<?php foo(); $a->bar(); A::baz(); new Q();", ["foo", "bar", "baz", "Q"]),
        ("kotlin", "fun f() { foo(); a.bar() }", ["foo", "bar"]),
        ("swift", "func f() { foo(); a.bar() }", ["foo", "bar"]),
        ("scala", "def f = { foo(1); a.bar(2); new Baz(1) }", ["foo", "bar", "Baz"]),
        ("lua", "foo()\na.bar()\na:baz()\n", ["foo", "bar", "baz"]),
        ("elixir", "foo(1)\nA.bar(2)\n", ["foo", "bar"]),
        ("haskell", "module A where\nf x = foo x (bar x)\n", ["foo", "bar"]),
        ("shell", "foo a b\nif bar; then baz; fi\n", ["foo", "bar", "baz"]),
        ("zig", "fn f() void { foo(); a.bar(); }", ["foo", "bar"]),
        ("vue", "<template>no()</template>\n<script lang='ts'>foo<T>()</script><script>bar()</script>", ["foo", "bar"]),
        ("svelte", "<script>foo()</script>\n<style>a:not(b) {}</style>", ["foo"]),
        ("html", "<!-- <script>no()</script> --><script>foo()</script><script type='text/x'>no()</script>", ["foo"]),
        ("jupyter notebook", '{"cells": [{"cell_type": "code", "source": ["%no()\\n", "foo()"]}]}', ["foo"]),
    ],
)
def test_calls(language: str, source: str, expected: list[str]) -> None:
    assert [call.name for call in calls(source.encode(), language)] == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("SYSCALL_DEFINE3(open, const char __user *, name, int, flags)\n{\n}\n", ["function open 1-3"]),
        ("static DEFINE_MUTEX(lock);\nEXPORT_SYMBOL(x);\n", ["variable lock 1-1"]),
        ("DEFINE_PER_CPU(struct rq, queues);\n", ["variable queues 1-1"]),
        ("int kr(a, b) int a; char *b;\n{\n}\nint z;\n", ["function kr 1-3", "variable z 4-4"]),
        ("void (*signal(int s, void (*f)(int)))(int)\n{\n}\n", ["function signal 1-3"]),
        ("static int __init __init_work(void) __acquires(x) {}\n", ["function __init_work 1-1"]),
        ("__printf(1, 2) void pf(const char *f, ...) {}\n", ["function pf 1-1"]),
        ("EXPORT_SYMBOL(a)\nint f(void) {}\n", ["function f 2-2"]),
        ("static const struct id ids[] __initconst = { { 1 }, };\n", ["variable ids 1-1"]),
        ('char L[] SEC("license") = "GPL";\n', ["variable L 1-1"]),
        (
            "struct s { int a; } __packed;\nstruct t;\nint y;\n",
            ["struct s 1-1", "field s.a 1-1", "variable y 3-3"],
        ),
        ("struct s { struct { int in; } u; };\n", ["struct s 1-1", "field s.u.in 1-1", "field s.u 1-1"]),
        (
            "#ifdef X\nint f(int a) {\n#else\nint f(void) {\n#endif\n}\nint g;\n",
            ["function f 2-6", "variable g 7-7"],
        ),
        (
            "int f(void) {\n#if A\n if (x) {\n#else\n if (y) {\n#endif\n }\n }\nint g;\n",
            ["function f 1-8", "variable g 9-9"],
        ),
        ("#if 0\nint no;\n#else\nint yes;\n#endif\nint g;\n", ["variable yes 4-4", "variable g 6-6"]),
        ("int f(void) { {\n}\nint g(void) {\n}\n", ["function f 1-2", "function g 3-4"]),
        (
            "enum { A = '}', B /* , C */, X(D, 1) };\n",
            ["enumerator A 1-1", "enumerator B 1-1", "enumerator D 1-1"],
        ),
        ('extern "C" {\nint f(void) { return \'"\'; }\n}\nint g;\n', ["function f 2-2", "variable g 4-4"]),
        ("TEST_F(fixture, name)\n{\n}\n", ["function name 1-3"]),
        (
            "int f(void) {\n if (q) {\n#if A\n }\n#else\n }\n#endif\n x();\n }\nint g;\n",
            ["function f 1-9", "variable g 10-10"],
        ),
        ("extern int e;\nint proto(int);\nextern int d = 1;\n", ["variable d 3-3"]),
        ("typedef int (*cb)(void), t2[3];\n", ["type cb 1-1", "type t2 1-1"]),
        (
            "struct s { unsigned a:3, b:4; DECLARE_BITMAP(m, 9); };\n",
            ["struct s 1-1", "field s.a 1-1", "field s.b 1-1", "field s.m 1-1"],
        ),
    ],
)
def test_c_as_it_is_written(source: str, expected: list[str]) -> None:
    assert described(extract(source.encode(), "c")) == expected


@pytest.mark.parametrize(
    ("language", "source", "visibility"),
    [
        ("python", "def _f(): pass", "private"),
        ("python", "def __init__(): pass", "public"),
        ("go", "package p\nfunc F() {}", "public"),
        ("go", "package p\nfunc f() {}", "private"),
        ("rust", "fn f() {}", "private"),
        ("rust", "pub fn f() {}", "public"),
        ("rust", "pub(crate) fn f() {}", "internal"),
        ("java", "protected class f {}", "protected"),
        ("typescript", "export function f() {}", "public"),
        ("c", "static int f(void) {}", "private"),
        ("c", "int f(void) {}", "public"),
        ("swift", "fileprivate func f() {}", "private"),
        ("ruby", "def f; end", ""),
    ],
)
def test_visibility(language: str, source: str, visibility: str) -> None:
    assert extract(source.encode(), language)[-1].visibility == visibility


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("python", "def f():\n    x = 1\n    Y: int = 2\n"),
        ("javascript", "function f() { const x = 1; var y; { let z = 2; } }\n"),
        ("go", "package f\nfunc f() { x := 1; var y int; const z = 1 }\n"),
        ("rust", "fn f() { let x = 1; const Y: u8 = 1; }\n"),
        ("kotlin", "fun f() {\n  val x = 1\n}\n"),
        ("swift", "func f() { let x = 1 }\n"),
        ("scala", "def f = { val x = 1 }\n"),
        ("c", "int f(int a) { int x = 1; struct s *y; }\n"),
        ("c++", "int f(int a) { int x = 1; auto y = 2; }\n"),
        ("lua", "function f(a) local x = 1 end\n"),
        ("zig", "fn f() void { const x = 1; var y = 2; }\n"),
    ],
)
def test_locals_are_no_symbols(language: str, source: str) -> None:
    assert {s.name for s in extract(source.encode(), language)} == {"f"}


def test_what_does_not_parse_still_gives_what_can_be_had() -> None:
    source = b"class A:\n    def f(self):\n        return (1\n\n)))]]\n\ndef g():\n    pass\n"
    assert {"f", "g"} <= {s.name for s in extract(source, "python")}


def test_a_file_over_a_limit_is_read_line_by_line() -> None:
    source = b"class A:\n    def f(self):\n        pass\n" + b"x = 1\n" * 200_000
    small = extract(source, "python", size_limit=1000)
    assert [(s.name, s.kind, s.line) for s in small] == [("A", "class", 1), ("f", "function", 2)]
    began = time.perf_counter()
    assert [s.name for s in extract(source, "python", time_limit_s=0.01, size_limit=10**9)] == ["A", "f"]
    assert time.perf_counter() - began < 2
    assert calls(source, "python", size_limit=1000) == []


def test_encodings() -> None:
    text = "def f(): pass\n"
    for content in (text.encode("utf-8-sig"), b"\xff\xfe" + text.encode("utf-16-le")):
        assert [(s.name, s.column) for s in extract(content, "python")] == [("f", 4)]
    assert [s.name for s in extract(b"int \xff\xfe(void) {}\n", "c")] == ["\ufffd\ufffd"]


def test_unknown_languages_have_no_symbols() -> None:
    assert extract(b"def f(): pass", "text") == [] == calls(b"f()", "text")
    assert [s.name for s in extract(b"mixin Hello {\n}\n", "dart")] == ["Hello"]


def test_line_scan() -> None:
    source = b"int main(int argc) {\n#define M 1\npublic final class A\nif (x) {\nreturn f(x)\n  def g(self)\n"
    assert [(s.name, s.kind, s.line) for s in scan(source)] == [
        ("main", "function", 1),
        ("M", "macro", 2),
        ("A", "class", 3),
        ("g", "function", 6),
    ]


def test_many_defines_take_linear_time() -> None:
    source = b"".join(b"#define REG_%d 0x%x\n" % (i, i) for i in range(100_000))
    began = time.perf_counter()
    assert len(extract(source, "c")) == 100_000
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize(
    "piece",
    [
        b"(",
        b"{",
        b"[",
        b"f(",
        b"f(){",
        b"struct s {",
        b"enum {",
        b"a=(",
        b"#if 0\n",
        b"/*",
        b'"',
        b"#if A\n{",
    ],
)
def test_unbalanced_c_takes_linear_time(piece: bytes) -> None:
    began = time.perf_counter()
    extract(piece * 100_000, "c")
    extract(piece * 50_000 + b";\n}\n" * 1000, "c")
    assert time.perf_counter() - began < 3


_PIECES = (
    "int f ( ) { } ; , = * [ ] struct enum typedef static #define~X #if~A #else #endif #if~0 ~ \n \" ' //"
    " /* */ : x y class def fn => -> @ \\ <<EOF end do 1 \t é"
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([p.replace("~", " ") for p in _PIECES.split(" ")]), max_size=60),
    st.sampled_from([" ", "\n", ""]),
    st.sampled_from(sorted(SAMPLES)),
)
def test_nothing_makes_it_raise(pieces: list[str], glue: str, language: str) -> None:
    content = glue.join(pieces).encode()
    count = content.count(b"\n") + 1
    for s in extract(content, language):
        assert s.name and s.kind in KINDS and 1 <= s.start_line <= s.line <= s.end_line <= count
    calls(content, language)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_a_file_cut_anywhere_is_no_error(language: str, data: st.DataObject) -> None:
    source = SAMPLES[language][0].encode()
    start = data.draw(st.integers(0, len(source)))
    extract(source[start : data.draw(st.integers(start, len(source)))], language)


def test_a_cell_that_is_one_string_has_its_lines_on_one() -> None:
    source = b'{"cells": [{"cell_type": "code", "source": "a = \\"q\\"\\ndef f():\\n  pass"}]}'
    found = extract(source, "jupyter notebook")
    assert described(found) == ["variable cell 1.a 1-1", "function cell 1.f 1-1"]
    assert all(source[s.column :].startswith(s.name.encode()) for s in found)


def test_cells_are_read_in_the_language_of_the_kernel() -> None:
    cell = '{"cells": [{"cell_type": "code", "source": ["f <- function(x) x"]}], "metadata": {"kernelspec": %s}}'
    assert described(extract((cell % '{"language": "R"}').encode(), "jupyter notebook")) == ["function cell 1.f 1-1"]
    assert extract((cell % '{"language": "nothing"}').encode(), "jupyter notebook") == []
