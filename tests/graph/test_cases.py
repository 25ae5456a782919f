"""Cases in which graphs are known to go wrong: each a small tree, a question, and the edges that are right."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

import leindex
from leindex.graph.answer import GraphAnswer

pytestmark = pytest.mark.usefixtures("own_home")


def ask(root: Path, files: dict[str, str], kind: str, name: str, **options: object) -> GraphAnswer:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(dedent(text))
    with leindex.open(root, refresh="never") as index:
        index.update()
        return index.graph(kind, name, **options)  # type: ignore[arg-type]


def edges(answer: GraphAnswer, group: int = 0) -> list[tuple[str, int, str]]:
    return [(edge.path, edge.line, str(edge.grade)) for edge in answer.groups[group].edges]


def test_a_call_of_an_outside_type_is_no_edge_to_a_namesake(tmp_path: Path) -> None:
    files = {
        "parse.py": "class Numbers:\n    def fromhex(self, text):\n        return 1\n",
        "use.py": "x = bytes.fromhex('00')\ny = float.fromhex('0')\n",
    }
    answer = ask(tmp_path, files, "callers", "fromhex", possible=True)
    assert edges(answer) == []
    assert answer.counts["sites"] == 2 and answer.counts["external"] == 2


def test_definitions_of_one_name_are_one_group_each(tmp_path: Path) -> None:
    files = {
        "a.py": "def run():\n    pass\ndef one():\n    run()\n",
        "b.py": "def run():\n    pass\ndef two():\n    run()\n",
    }
    answer = ask(tmp_path, files, "callers", "run")
    assert [group.path for group in answer.groups] == ["a.py", "b.py"]
    assert edges(answer, 0) == [("a.py", 4, "exact")] and edges(answer, 1) == [("b.py", 4, "exact")]


def test_calls_in_the_same_file_count(tmp_path: Path) -> None:
    files = {"a.py": "def low():\n    pass\ndef high():\n    low()\n\nhigh()\n"}
    answer = ask(tmp_path, files, "impact", "low")
    assert [(e.line, e.depth) for e in answer.groups[0].edges] == [(4, 1), (6, 2)]


def test_no_caller_says_what_was_looked_at(tmp_path: Path) -> None:
    answer = ask(tmp_path, {"a.py": "def lonely():\n    pass\n"}, "callers", "lonely")
    assert edges(answer) == [] and answer.counts["files"] == 1 and answer.counts["sites"] == 0


def test_aliased_and_star_imports(tmp_path: Path) -> None:
    files = {
        "lib/__init__.py": "",
        "lib/tools.py": "def cut():\n    pass\n",
        "a.py": "from lib.tools import cut as slice_it\nslice_it()\n",
        "b.py": "from lib.tools import *\ncut()\n",
        "c.py": "import lib.tools as t\nt.cut()\n",
        "d.py": "import lib.tools\nlib.tools.cut()\n",
        "e.py": "def cut():\n    pass\ncut()\n",
    }
    answer = ask(tmp_path, files, "callers", "lib/tools.py:1")
    assert edges(answer) == [("a.py", 2, "exact"), ("b.py", 2, "exact"), ("c.py", 2, "exact"), ("d.py", 2, "exact")]
    assert answer.counts["elsewhere"] == 1


def test_re_exports_of_a_package(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": "from .inner import work as job\n",
        "pkg/inner.py": "def work():\n    pass\n",
        "use.py": "from pkg import job\njob()\n",
    }
    assert edges(ask(tmp_path, files, "callers", "work")) == [("use.py", 2, "exact")]


def test_super_and_inherited_members(tmp_path: Path) -> None:
    files = {
        "base.py": "class Base:\n    def go(self):\n        pass\n",
        "sub.py": "from base import Base\nclass Sub(Base):\n    def go(self):\n"
        "        super().go()\n    def other(self):\n"
        "        self.stay()\n        self.go()\nclass Third(Sub):\n    def x(self):\n        self.go()\n",
    }
    answer = ask(tmp_path, files, "callers", "Base.go")
    assert edges(answer) == [("sub.py", 4, "exact")]
    own = ask(tmp_path, files, "callers", "Sub.go")
    assert edges(own) == [("sub.py", 7, "exact"), ("sub.py", 10, "exact")]


def test_receivers_by_annotation_constructor_and_attribute(tmp_path: Path) -> None:
    files = {
        "m.py": """\
            class Engine:
                def start(self): ...
            class Other:
                def start(self): ...
            class Car:
                def __init__(self):
                    self.engine = Engine()
                def drive(self):
                    self.engine.start()
            def by_type(engine: Engine):
                engine.start()
            def by_constructor():
                e = Engine()
                e.start()
            def make() -> "Engine":
                return Engine()
            def by_return():
                make().start()
            def unknown(thing):
                thing.start()
        """
    }
    answer = ask(tmp_path, files, "callers", "Engine.start")
    assert edges(answer) == [("m.py", line, "likely") for line in (9, 11, 14, 18)]
    assert answer.counts["possible"] == 1
    more = ask(tmp_path, files, "callers", "Engine.start", possible=True)
    assert edges(more)[-1] == ("m.py", 20, "possible")
    assert "one of 2" in more.groups[0].edges[-1].reason


def test_properties_are_read_without_a_call(tmp_path: Path) -> None:
    files = {
        "p.py": """\
            class Part:
                def fit(self): ...
            class Whole:
                @property
                def part(self) -> Part:
                    return Part()
                def build(self):
                    self.part.fit()
        """
    }
    assert edges(ask(tmp_path, files, "callers", "fit")) == [("p.py", 8, "likely")]


def test_decorators_callbacks_and_partial_application(tmp_path: Path) -> None:
    files = {
        "d.py": """\
            from functools import partial
            def traced(f):
                return f
            @traced
            def work():
                pass
            def each(items):
                list(map(work, items))
                later = partial(work, 1)
        """
    }
    answer = ask(tmp_path, files, "callers", "traced")
    assert [(e.line, e.kind) for e in answer.groups[0].edges] == [(4, "decorator")]
    answer = ask(tmp_path, files, "callers", "work")
    assert [(e.line, e.kind, str(e.grade)) for e in answer.groups[0].edges] == [
        (8, "value", "exact"),
        (9, "value", "exact"),
    ]


def test_what_may_be_from_outside_too_is_not_proven(tmp_path: Path) -> None:
    files = {
        "a.py": """
            try:
                from fast import go
            except ImportError:
                def go():
                    pass


            def use():
                go()
            """
    }
    answer = ask(tmp_path, files, "callers", "go")
    assert edges(answer) == [("a.py", 10, "likely")]
    assert answer.groups[0].edges[0].reason == "one of the things that go may be"


def test_a_parameter_hides_a_function(tmp_path: Path) -> None:
    files = {"s.py": "def send():\n    pass\ndef use(send):\n    send()\ndef other():\n    send = print\n    send()\n"}
    assert edges(ask(tmp_path, files, "callers", "send")) == []


def test_nested_functions_and_lambdas(tmp_path: Path) -> None:
    files = {
        "n.py": """\
            def helper(): ...
            def outer():
                def helper(): ...
                def inner():
                    helper()
                return lambda: helper()
            helper()
        """
    }
    answer = ask(tmp_path, files, "callers", "helper")
    assert edges(answer, 0) == [("n.py", 7, "exact")]
    assert edges(answer, 1) == [("n.py", 5, "exact"), ("n.py", 6, "exact")]


def test_dynamic_attributes_are_not_invented(tmp_path: Path) -> None:
    files = {
        "g.py": "class Box:\n    def __getattr__(self, name): ...\n    def use(self):\n        self.anything()\n",
        "h.py": "def anything():\n    pass\n",
    }
    answer = ask(tmp_path, files, "callers", "anything", possible=True)
    assert edges(answer) == [] and answer.counts["unresolved"] == 1


def test_barrels_and_default_exports(tmp_path: Path) -> None:
    files = {
        "src/a.ts": "export function load() {}\nexport default function start() {}\n",
        "src/index.ts": "export * from './a';\nexport { load as fetchAll } from './a';\n",
        "src/use.ts": "import begin from './a';\nimport { load, fetchAll } from '.';\nimport * as all from './index';\n"
        "begin();\nload();\nfetchAll();\nall.load();\n",
        "src/other.ts": "function load() {}\nload();\n",
    }
    answer = ask(tmp_path, files, "callers", "src/a.ts:1")
    assert edges(answer) == [("src/use.ts", 5, "exact"), ("src/use.ts", 6, "exact"), ("src/use.ts", 7, "exact")]
    assert edges(ask(tmp_path, files, "callers", "start")) == [("src/use.ts", 4, "exact")]


def test_common_js(tmp_path: Path) -> None:
    files = {
        "lib.js": "function open() {}\nfunction shut() {}\nmodule.exports = { open, close: shut };\n",
        "use.js": "const lib = require('./lib');\nconst { close } = require('./lib');\n"
        "lib.open();\nclose();\nlib.close();\n",
    }
    answer = ask(tmp_path, files, "callers", "open")
    assert [(e.path, e.line, e.kind) for e in answer.groups[0].edges] == [("lib.js", 3, "value"), ("use.js", 3, "call")]
    called = [(e.path, e.line) for e in ask(tmp_path, files, "callers", "shut").groups[0].edges if e.kind == "call"]
    assert called == [("use.js", 4), ("use.js", 5)]


def test_types_of_typescript(tmp_path: Path) -> None:
    files = {
        "s.ts": """\
            export class Store<T> {
              save(x: T): Store<T> { return this; }
              get size(): number { return 0; }
            }
            export class Log { save(x: string) {} }
            class App {
              private store: Store<string> = new Store();
              constructor(private readonly log: Log) {}
              run() {
                this.store.save('a').save('b');
                this.log.save('c');
              }
            }
            const make = () => new Store<number>();
            make().save(1);
            [1].map(String).save(2);
        """
    }
    answer = ask(tmp_path, files, "callers", "Store.save")
    assert [line for _, line, _ in edges(answer)] == [10, 10, 15]
    assert edges(ask(tmp_path, files, "callers", "Log.save")) == [("s.ts", 11, "likely")]


def test_packages_methods_and_embedding_of_go(tmp_path: Path) -> None:
    files = {
        "go.mod": "module example.org/x\n",
        "store/store.go": "package store\n\ntype Store struct{}\n"
        "\nfunc New() (*Store, error) { return &Store{}, nil }\n",
        "store/more.go": "package store\n\nfunc (s *Store) Put(k string) {}\n",
        "main.go": 'package main\n\nimport "example.org/x/store"\n\ntype wrap struct {\n\t*store.Store\n}\n\n'
        "func main() {\n"
        '\ts, _ := store.New()\n\ts.Put("a")\n\tw := wrap{}\n\tw.Put("b")\n\tw.Store.Put("c")\n}\n',
        "other.go": "package main\n\ntype Put struct{}\n\nfunc (p Put) Put(k string) {}\n",
    }
    answer = ask(tmp_path, files, "callers", "store/more.go:3")
    assert edges(answer) == [("main.go", line, "exact") for line in (11, 13, 14)]
    assert edges(ask(tmp_path, files, "callers", "New")) == [("main.go", 10, "exact")]


def test_overrides_and_types(tmp_path: Path) -> None:
    files = {
        "h.py": "class A:\n    def f(self): ...\nclass B(A):\n"
        "    def f(self): ...\nclass C(B): ...\nclass D(Exception): ...\n"
    }
    answer = ask(tmp_path, files, "hierarchy", "B")
    assert list(zip([n.name for n in answer.groups[0].nodes], answer.groups[0].labels, strict=True)) == [
        ("A", "supertype"),
        ("C", "subtype"),
    ]
    answer = ask(tmp_path, files, "hierarchy", "A.f")
    assert [(n.container, label) for n, label in zip(answer.groups[0].nodes, answer.groups[0].labels, strict=True)] == [
        ("B", "overridden by")
    ]


def test_how_one_reaches_another(tmp_path: Path) -> None:
    files = {"p.py": "def a():\n    b()\ndef b():\n    c()\ndef c(): ...\ndef d():\n    c()\n"}
    chain = ask(tmp_path, files, "path", "a", to="c").groups[0].edges
    assert [(e.line, e.target.name if e.target else "") for e in chain] == [(2, "b"), (4, "c")]
    assert ask(tmp_path, files, "path", "c", to="a").groups[0].edges == ()


def test_imports_cycles_and_what_is_unused(tmp_path: Path) -> None:
    files = {
        "a.py": "import b\nimport os\ndef used(): ...\ndef _left_over(): ...\n",
        "b.py": "from a import used\nused()\n",
        "c.py": "import a\n",
    }
    answer = ask(tmp_path, files, "deps", "a.py")
    group = answer.groups[0]
    assert list(zip(group.files, group.labels, strict=True)) == [
        ("b.py", "imports"),
        ("os", "outside"),
        ("b.py", "imported by"),
        ("c.py", "imported by"),
    ]
    assert [group.files for group in ask(tmp_path, files, "cycles", "").groups] == [("a.py", "b.py")]
    assert [node.name for node in ask(tmp_path, files, "unused", "").groups[0].nodes] == ["_left_over"]


def test_callees_in_order_with_what_is_outside(tmp_path: Path) -> None:
    files = {"c.py": "import json\ndef low(): ...\ndef high(x):\n    low()\n    json.dumps(1)\n    x.go()\n"}
    answer = ask(tmp_path, files, "callees", "high")
    assert [(e.name, str(e.grade)) for e in answer.groups[0].edges] == [
        ("low", "exact"),
        ("json.dumps", "external"),
        ("x.go", "unresolved"),
    ]
    assert answer.counts["sites"] == 3


def test_namesakes_of_c_that_only_the_build_tells_apart(tmp_path: Path) -> None:
    """Each architecture of a kernel defines the same name, and no include says which is linked."""
    files = {
        "arch/arm/io.c": "int setup_io(int a)\n{\n\treturn 1;\n}\n",
        "arch/arm64/io.c": "int setup_io(int a)\n{\n\treturn 2;\n}\n",
        "kernel/main.c": "int start(void)\n{\n\treturn setup_io(1);\n}\n",
        "arch/arm64/boot.c": "int boot(void)\n{\n\treturn setup_io(2);\n}\n",
        "test/local.c": '#include "parts.c"\nint run(void)\n{\n\treturn part(2);\n}\n',
        "test/parts.c": "static int part(int a)\n{\n\treturn 2;\n}\n",
    }
    answer = ask(tmp_path, files, "callers", "setup_io")
    assert {group.path: edges(answer, number) for number, group in enumerate(answer.groups)} == {
        "arch/arm/io.c": [],
        "arch/arm64/io.c": [("arch/arm64/boot.c", 3, "likely")],
    }
    answer = ask(tmp_path, files, "callers", "setup_io", possible=True)
    assert {group.path: edges(answer, number) for number, group in enumerate(answer.groups)} == {
        "arch/arm/io.c": [("kernel/main.c", 3, "possible")],
        "arch/arm64/io.c": [("arch/arm64/boot.c", 3, "likely"), ("kernel/main.c", 3, "possible")],
    }
    assert edges(ask(tmp_path, files, "callers", "part")) == [("test/local.c", 4, "exact")]


def test_an_edited_file_gives_other_edges(tmp_path: Path) -> None:
    files = {"a.py": "def f(): ...\n", "b.py": "from a import f\nf()\n"}
    assert edges(ask(tmp_path, files, "callers", "f")) == [("b.py", 2, "exact")]
    files["b.py"] = "from a import f\n\n\nf()\nf()\n"
    assert edges(ask(tmp_path, files, "callers", "f")) == [("b.py", 4, "exact"), ("b.py", 5, "exact")]


def test_functions_tables_and_prototypes_of_c(tmp_path: Path) -> None:
    files = {
        "drv.h": "int drv_open(int unit);\n",
        "drv.c": '#include "drv.h"\nstatic int helper(void)\n{\n\treturn 0;\n}\n'
        "int drv_open(int unit)\n{\n\treturn helper();\n}\n",
        "use.c": '#include "drv.h"\nstatic int helper(void)\n{\n\treturn 1;\n}\n'
        'int go(void)\n{\n\tprintf("drv_open(1)");\n'
        "\t/* drv_open(2) */\n\treturn drv_open(3) + helper();\n}\nstruct ops table = {\n\t.open = drv_open,\n};\n",
    }
    answer = ask(tmp_path, files, "callers", "drv_open")
    assert [group.path for group in answer.groups] == ["drv.c"]
    assert [(e.path, e.line, e.kind, str(e.grade)) for e in answer.groups[0].edges] == [
        ("use.c", 10, "call", "exact"),
        ("use.c", 13, "value", "exact"),
    ]
    answer = ask(tmp_path, files, "callers", "helper")
    assert [edges(answer, 0), edges(answer, 1)] == [[("drv.c", 8, "exact")], [("use.c", 10, "exact")]]
