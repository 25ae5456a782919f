"""Definitions, calls and signatures, in every language that has a grammar and in what has none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leindex.indexing.grammars import KINDS, grammar, languages_with_grammar
from leindex.indexing.language import all_languages
from leindex.indexing.line_symbols import LANGUAGES, scan
from leindex.indexing.symbols import Symbol, calls, extract, signature

# Language, source, and what must be found: kind, qualified name, first and last line.
SAMPLES: dict[str, tuple[str, list[str]]] = {
    "python": (
        "MAX = 1\n@dec\nclass A(B):\n    y: int = 2\n    def _f(self):\n        z = 3\n        def g(): pass\nasync def h(): pass\n",
        ["constant MAX 1-1", "class A 2-7", "field A.y 4-4", "method A._f 5-7", "function A._f.g 7-7", "function h 8-8"],
    ),
    "javascript": (
        "class A { x = 1; m() {} }\nconst f = async (a) => {\n  let b = 1;\n};\nexports.g = function () {};\n"
        "Foo.prototype.h = () => {};\nfunction* i() {}\nexport const K = { k: 1, n() {} };\n",
        ["class A 1-1", "field A.x 1-1", "method A.m 1-1", "function f 2-4", "method g 5-5", "method Foo.h 6-6"]
        + ["function i 7-7", "constant K 8-8", "property k 8-8", "method n 8-8"],
    ),
    "typescript": (
        "export interface I { a: string; m(): void }\ntype T = string;\nenum E { A, B = 2 }\nnamespace N {\n"
        "  export const q = 1;\n}\nabstract class C { private x = 1; abstract foo(): void;\n}\ndeclare function d(): void;\n",
        ["interface I 1-1", "property I.a 1-1", "method I.m 1-1", "type T 2-2", "enum E 3-3", "enumerator E.A 3-3"]
        + ["enumerator E.B 3-3", "namespace N 4-6", "constant N.q 5-5", "class C 7-8", "field C.x 7-7", "method C.foo 7-7"]
        + ["function d 9-9"],
    ),
    "tsx": ("export function App(): JSX.Element {\n  return <a>b</a>;\n}\n", ["function App 1-3"]),
    "go": (
        "package p\ntype S struct {\n\ta, B int\n}\ntype I interface{ M() }\nfunc (s *S[T]) Run() {\n}\nfunc main() {}\n"
        "const ( C = 1 )\nvar v int\ntype D = S\n",
        ["module p 1-1", "struct S 2-4", "field S.a 3-3", "field S.B 3-3", "interface I 5-5", "method I.M 5-5"]
        + ["method S.Run 6-7", "function main 8-8", "constant C 9-9", "variable v 10-10", "type D 11-11"],
    ),
    "rust": (
        "pub struct S { pub a: u32 }\nimpl<T> Tr for S<T> {\n    fn m(&self) {\n    }\n}\ntrait Tr { fn r(&self); }\n"
        "enum E { A, B(u8) }\nmacro_rules! mm { () => {} }\nmod n { pub static QQ: u8 = 1; }\npub(crate) fn f() {}\n",
        ["struct S 1-1", "field S.a 1-1", "method S.m 3-4", "trait Tr 6-6", "method Tr.r 6-6", "enum E 7-7"]
        + ["enumerator E.A 7-7", "enumerator E.B 7-7", "macro mm 8-8", "module n 9-9", "constant n.QQ 9-9", "function f 10-10"],
    ),
    "java": (
        "package a.b;\npublic class A<T> {\n  private int x = 1;\n  A() {}\n  void m(int a) {\n  }\n  enum E { P }\n}\n"
        "record R(int q) {}\ninterface I { int K = 1; }\n@interface N {}\n",
        ["module a.b 1-1", "class A 2-8", "field A.x 3-3", "constructor A.A 4-4", "method A.m 5-6", "enum A.E 7-7"]
        + ["enumerator A.E.P 7-7", "class R 9-9", "field R.q 9-9", "interface I 10-10", "constant I.K 10-10", "interface N 11-11"],
    ),
    "c": (
        "#define F(x) \\\n  (x)\nstruct s { int a; int (*fp)(int); };\nenum e { A = 1, B };\ntypedef struct { int q; } td;\n"
        "static int *g, h[3] = {1};\nint *f(int a)\n{\n  int l;\n}\nint proto(int);\nextern int e2;\n",
        ["macro F 1-2", "struct s 3-3", "field s.a 3-3", "field s.fp 3-3", "enum e 4-4", "enumerator e.A 4-4"]
        + ["enumerator e.B 4-4", "field td.q 5-5", "type td 5-5", "variable g 6-6", "variable h 6-6", "function f 7-10"],
    ),
    "c++": (
        "namespace a::b {\ntemplate <class T> class C final : D<T> {\n  int m() const { return 1; }\n  T x;\n"
        "  operator bool() const { return 1; }\n};\n}\nint A::B::g() {\n}\nenum class E { P };\nusing Y = int;\n#define M 1\n",
        ["namespace a::b 1-7", "class a::b.C 2-6", "method a::b.C.m 3-3", "field a::b.C.x 4-4"]
        + ["method a::b.C.operator bool 5-5", "method A.B.g 8-9", "enum E 10-10", "enumerator E.P 10-10", "type Y 11-11"]
        + ["macro M 12-12"],
    ),
    "c#": (
        "namespace A.B;\npublic class C<T> {\n  private int x;\n  public int P { get; set; }\n  public void M() { }\n"
        "  public event H Ev;\n}\nenum E { A }\nrecord R(int Q);\ninterface I { }\ndelegate void Del(int a);\n",
        ["namespace A.B 1-1", "class C 2-7", "field C.x 3-3", "property C.P 4-4", "method C.M 5-5", "event C.Ev 6-6"]
        + ["enum E 8-8", "enumerator E.A 8-8", "class R 9-9", "property R.Q 9-9", "interface I 10-10", "type Del 11-11"],
    ),
    "ruby": (
        "module A\n  class B < C\n    X = 1\n    attr_accessor :a, :b\n    def m?(a)\n    end\n    def self.s; end\n"
        "    alias foo bar\n    define_method(:dd) { }\n  end\nend\n",
        ["module A 1-11", "class A.B 2-10", "constant A.B.X 3-3", "property A.B.:a 4-4", "property A.B.:b 4-4"]
        + ["method A.B.m? 5-6", "method A.B.s 7-7", "method A.B.foo 8-8", "method A.B.:dd 9-9"],
    ),
    "php": (
        "<?php\nnamespace A\\B;\ninterface I { public function m(); }\nabstract class C { use T; const K = 1; private $p;\n"
        "  function f() {\n  }\n}\ntrait T {}\nenum E { case A; }\nfunction g() {}\ndefine('FOO', 1);\n",
        ["namespace A\\B 2-2", "interface I 3-3", "method I.m 3-3", "class C 4-7", "constant C.K 4-4", "field C.p 4-4"]
        + ["method C.f 5-6", "trait T 8-8", "enum E 9-9", "enumerator E.A 9-9", "function g 10-10", "constant FOO 11-11"],
    ),
    "kotlin": (
        "package a.b\nclass C(val a: Int) {\n  companion object {\n    const val K = 1\n  }\n  fun m(): Int = 1\n}\n"
        "interface I {\n  fun x()\n}\nobject O\nfun String.ext() {}\ntypealias T = Int\nenum class E { A, B }\n",
        ["module a.b 1-1", "class C 2-7", "property C.a 2-2", "property C.K 4-4", "method C.m 6-6", "interface I 8-10"]
        + ["method I.x 9-9", "object O 11-11", "function ext 12-12", "type T 13-13", "enum E 14-14", "enumerator E.A 14-14"],
    ),
    "swift": (
        "public class C: D {\n  let a = 1\n  init(x: Int) {}\n  func m() -> Int {\n    return 1\n  }\n}\nstruct S {}\n"
        "protocol P { func x() }\nextension C {\n  func e() {}\n}\nenum E { case a, b }\nfunc f() {}\ntypealias T = Int\n",
        ["class C 1-7", "field C.a 2-2", "constructor C.init 3-3", "method C.m 4-6", "struct S 8-8", "interface P 9-9"]
        + ["method P.x 9-9", "method C.e 11-11", "enum E 13-13", "enumerator E.a 13-13", "enumerator E.b 13-13"]
        + ["function f 14-14", "type T 15-15"],
    ),
    "scala": (
        "package a.b\nsealed trait T { def m(x: Int): Int }\ncase class C(a: Int) extends T {\n  override def m(x: Int) = 1\n"
        "  private val p = 1\n}\nobject O { type Z = Int }\nenum Col { case Red, Green }\ndef top = 1\n",
        ["module a.b 1-1", "trait T 2-2", "method T.m 2-2", "class C 3-6", "method C.m 4-4", "field C.p 5-5", "object O 7-7"]
        + ["type O.Z 7-7", "enum Col 8-8", "enumerator Col.Red 8-8", "enumerator Col.Green 8-8", "function top 9-9"],
    ),
    "lua": (
        "local M = {}\nfunction M.foo(a)\nend\nfunction M:bar() end\nlocal function loc() end\nM.baz = function() end\n"
        "local t = { k = function() end }\n",
        ["variable M 1-1", "function M.foo 2-3", "method M.bar 4-4", "function loc 5-5", "function M.baz 6-6"]
        + ["variable t 7-7", "function k 7-7"],
    ),
    "elixir": (
        "defmodule A.B do\n  @type t :: integer\n  def foo(0), do: 1\n  def foo(n) when n > 1 do\n    n\n  end\n"
        "  defp priv, do: 2\n  defmacro mac(x) do\n  end\nend\n",
        ["module A.B 1-10", "type A.B.t 2-2", "function A.B.foo 3-6", "function A.B.priv 7-7", "macro A.B.mac 8-9"],
    ),
    "haskell": (
        "module A.B where\ndata D a = E1 a | E2 { f1 :: Int }\nnewtype N = N { unN :: Int }\nclass K a where\n  m :: a\n"
        "foo :: Int -> Int\nfoo 0 = 1\nfoo n = n\n#if X\nval = 3\n#else\nother = 4\n#endif\n",
        ["module A.B 1-1", "type D 2-2", "enumerator D.E1 2-2", "field D.E2.f1 2-2", "type N 3-3", "trait K 4-5"]
        + ["method K.m 5-5", "function foo 6-8", "function val 10-10", "function other 12-12"],
    ),
    "shell": (
        "XX=1\nexport YY=2\nfoo() {\n  local z=1\n}\nfunction bar { :; }\nalias ll='ls -l'\n",
        ["constant XX 1-1", "constant YY 2-2", "function foo 3-5", "function bar 6-6"],
    ),
    "zig": (
        "pub const S = struct {\n    a: u32,\n    pub fn m(self: S) void {}\n};\nconst E = enum { p, q };\nfn f() void {}\n"
        'test "some" {}\nvar g: u32 = 1;\n',
        ["struct S 1-4", "field S.a 2-2", "method S.m 3-3", "enum E 5-5", "enumerator E.p 5-5", "function f 6-6"]
        + ["test some 7-7", "variable g 8-8"],
    ),
    "markdown": (
        "---\n# no: heading\n---\n# One {#id}\ntext\n\n## Two ##\n```\n# code\n```\nThree\n-----\n# Four\n",
        ["heading One 4-12", "heading One.Two 7-10", "heading One.Three 11-12", "heading Four 13-13"],
    ),
}


def described(symbols: list[Symbol]) -> list[str]:
    return [f"{s.kind} {s.container}{'.' * bool(s.container)}{s.name} {s.start_line}-{s.end_line}" for s in symbols]


@pytest.mark.parametrize("language", SAMPLES)
def test_definitions(language: str) -> None:
    source, expected = SAMPLES[language]
    found = described(extract(source.encode(), language))
    assert [e for e in expected if e not in found] == []
    assert {s.kind for s in extract(source.encode(), language)} <= set(KINDS)


@pytest.mark.parametrize("language", SAMPLES)
def test_a_name_stands_where_its_symbol_says(language: str) -> None:
    source = SAMPLES[language][0].encode()
    lines = source.split(b"\n")
    for s in extract(source, language):
        assert lines[s.line - 1][s.column :].startswith(s.name.encode())
        assert 1 <= s.start_line <= s.line <= s.end_line <= len(lines)


def test_every_grammar_has_a_sample_and_a_language() -> None:
    assert set(languages_with_grammar()) <= set(SAMPLES) <= set(all_languages())
    assert set(LANGUAGES) <= set(all_languages()) - set(SAMPLES)


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
        ("struct s { int a; } __packed;\nstruct t;\nint y;\n", ["struct s 1-1", "field s.a 1-1", "variable y 3-3"]),
        ("struct s { struct { int in; } u; };\n", ["struct s 1-1", "field s.u.in 1-1", "field s.u 1-1"]),
        ("#ifdef X\nint f(int a) {\n#else\nint f(void) {\n#endif\n}\nint g;\n", ["function f 2-6", "variable g 7-7"]),
        ("int f(void) {\n#if A\n if (x) {\n#else\n if (y) {\n#endif\n }\n}\nint g;\n", ["function f 1-8", "variable g 9-9"]),
        ("#if 0\nint no;\n#else\nint yes;\n#endif\nint g;\n", ["variable yes 4-4", "variable g 6-6"]),
        ("int f(void) { {\n}\nint g(void) {\n}\n", ["function f 1-2", "function g 3-4"]),
        ("enum { A = '}', B /* , C */, X(D, 1) };\n", ["enumerator A 1-1", "enumerator B 1-1", "enumerator D 1-1"]),
        ('extern "C" {\nint f(void) { return \'"\'; }\n}\nint g;\n', ["function f 2-2", "variable g 4-4"]),
        ("TEST_F(fixture, name)\n{\n}\n", ["function name 1-3"]),
        ("typedef int (*cb)(void), t2[3];\n", ["type cb 1-1", "type t2 1-1"]),
        ("struct s { unsigned a:3, b:4; DECLARE_BITMAP(m, 9); };\n", ["struct s 1-1", "field s.a 1-1", "field s.b 1-1", "field s.m 1-1"]),
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
    ("language", "source", "expected"),
    [
        ("python", "@dec(1)\ndef f(\n    a: int = 1,\n    *b,\n) -> int:\n    pass\n", "def f( a: int = 1, *b, ) -> int"),
        ("python", "class A(B):\n    pass\n", "class A(B)"),
        ("c", "static int\nf(int a,\n  int b)\n{\n}\n", "static int f(int a, int b)"),
        ("c", "#define X(a) \\\n  (a)\n", "#define X(a)"),
        ("rust", "#[test]\npub fn f<T>(a: T) -> u8 {\n}\n", "pub fn f<T>(a: T) -> u8"),
        ("typescript", "export const f = async ({ a }: P) => {\n};\n", "export const f = async ({ a }: P)"),
        ("go", "package p\nfunc (s *S) Run(a int) (error, bool) {\n}\n", "func (s *S) Run(a int) (error, bool)"),
        ("elixir", "defmodule A do\ndef f(x) do\nend\nend", "def f(x)"),
        ("markdown", "## A `b` c\n", "## A `b` c"),
        ("java", "class A {\n  @Override\n  public int m(int a) throws E {\n  }\n}\n", "public int m(int a) throws E"),
    ],
)
def test_signature(language: str, source: str, expected: str) -> None:
    assert signature(source.encode(), extract(source.encode(), language)[-1]) == expected


def test_a_signature_is_short_and_never_fails() -> None:
    source = b"def f(" + b"a, " * 1000 + b"b): pass\n"
    assert len(signature(source, extract(source, "python")[0])) <= 300
    assert signature(b"", Symbol("f", "function", "", 7, 9, 8, 3, "")) == "f"


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
    assert [s.name for s in extract(b"sub hello {\n}\n", "perl")] == ["hello"]


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


@pytest.mark.parametrize("piece", [b"(", b"{", b"[", b"f(", b"f(){", b"struct s {", b"enum {", b"a=(", b"#if 0\n", b"/*", b'"', b"#if A\n{"])
def test_unbalanced_c_takes_linear_time(piece: bytes) -> None:
    began = time.perf_counter()
    extract(piece * 100_000, "c")
    extract(piece * 50_000 + b";\n}\n" * 1000, "c")
    assert time.perf_counter() - began < 3


_PIECES = st.sampled_from(
    "int f ( ) { } ; , = * [ ] struct enum typedef static #define\x20X #if\x20A #else #endif #if\x200 \n \" ' // /* */ : x y "
    "class def fn = => -> @ \\ <<EOF end do 1 \t é".split(" ")
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECES, max_size=60), st.sampled_from([" ", "\n", ""]), st.sampled_from(sorted(SAMPLES)))
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
