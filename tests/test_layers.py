"""Which way imports may point: ARCHITECTURE.md's layers, read from the import statements of Python and C.

Imports under `if TYPE_CHECKING` count too: what a type names, a reader has to know.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "leindex"
NATIVE = SOURCE / "native"
VALUES = {
    *(
        "errors",
        "models",
        "definition",
        "linkage",
        "questions",
        "config",
        "text",
        "records",
        "terms",
        "kinds",
        "globs",
    ),
    *("spoken", "install_hint", "_native", "__init__"),
}
FACADE = {"index", "index_set", "tree"}

BELOW = {
    "values": "",
    "storage": "values",
    "regex": "values storage",
    "query": "values storage regex",
    "indexing": "values storage regex query",
    "views": "values storage regex query",
    "exact": "values storage regex query views",
    "symbols": "values storage regex query views",
    "ranked": "values storage regex query views symbols",
    "graph": "values storage regex query views symbols",
    "sql": "values storage regex query views symbols graph",
    "compare": "values storage regex query views symbols ranked",
    "history": "values storage regex query views exact",
}
_ASKED = "values storage regex query indexing views exact symbols ranked graph sql compare history"
BELOW |= {
    "facade": _ASKED,
    "service": f"{_ASKED} facade",
    "mcp": f"{_ASKED} facade service",
    "http": f"{_ASKED} facade service mcp",
    "lsp": f"{_ASKED} facade service",
    "cli": f"{_ASKED} facade service mcp http lsp",
}
"""What each layer may import besides itself."""

MOST_FILES = 17
MOST_PARAMETERS = 6


def layer_of(module: str) -> str:
    first = module.split(".")[0] if module else "__init__"
    if first in VALUES:
        return "values"
    return "facade" if first in FACADE else first


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """The modules of ours that a file imports, relative to the package, those for types included."""
    known = {name_of(other) for other in files()}
    package = path.relative_to(SOURCE).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            yield from (name.removeprefix("leindex.") for name in names if name.startswith("leindex."))
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
            elif node.module and node.module.split(".")[0] == "leindex":
                base = node.module.removeprefix("leindex").removeprefix(".")
            else:
                continue
            for alias in node.names:
                inner = f"{base}.{alias.name}" if base else alias.name
                yield inner if inner in known else base or "__init__"


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of nodes that reach each other."""
    reach = {node: set(targets) for node, targets in graph.items()}
    for middle in graph:
        for node in graph:
            if middle in reach[node]:
                reach[node] |= reach[middle]
    found = {tuple(sorted(other for other in reach[node] if node in reach.get(other, ()))) for node in graph}
    return [list(circle) for circle in sorted(found) if circle]


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    module = name_of(path)
    if module in ("__init__", "__main__"):
        return  # the package's face loads the facade, lazily
    own = layer_of(module)
    for imported in imports(path):
        target = layer_of(imported)
        assert target == own or target in BELOW[own].split(), f"{module} ({own}) imports {imported} ({target})"


def test_no_question_package_names_the_facade() -> None:
    for path in files():
        if layer_of(name_of(path)) in ("views", "exact", "symbols", "ranked", "graph", "sql"):
            assert not re.search(r"\bIndex\b", path.read_text()), f"{name_of(path)} names Index"


def test_there_are_no_circles() -> None:
    graph = {name_of(path): set(imports(path)) - {name_of(path)} for path in files()}
    graph["__init__"] = set()  # lazy, so that `import leindex` loads nothing
    assert circles(graph) == []


def test_headers_of_the_native_module_make_no_circles() -> None:
    """A folder's header is its interface: what crosses folders goes through it, and one way only."""
    folders: dict[str, set[str]] = {}
    for path in [*NATIVE.rglob("*.c"), *NATIVE.rglob("*.h")]:
        own = str(path.parent.relative_to(NATIVE))
        for header in re.findall(r'#include "([^"]+)"', path.read_text()):
            folders.setdefault(own, set()).add(str(Path(header).parent))
    assert circles({own: others - {own} for own, others in folders.items()}) == []


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_packages_and_signatures_stay_small() -> None:
    counts: dict[Path, int] = {}
    for path in files():
        counts[path.parent] = counts.get(path.parent, 0) + (path.name != "__init__.py")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                count = len(names) - (names[:1] in (["self"], ["cls"]))
                assert count <= MOST_PARAMETERS, f"{name_of(path)}.{node.name} has {count} parameters"
    assert {str(folder): count for folder, count in counts.items() if count > MOST_FILES} == {}


def test_only_the_registry_names_an_engine() -> None:
    engines = {"sqlite_storage", "tantivy_storage", "duckdb_storage", "memory_storage"}
    for path in files():
        if path.name == "registry.py" or path.stem in engines or path.parent.name in ("sqlite", "tantivy", "duckdb"):
            continue
        for imported in imports(path):
            assert not engines & set(imported.split(".")), f"{path.name} names an engine: {imported}"


def test_the_checks_see_what_they_should() -> None:
    assert "storage.storage_interface" in set(imports(SOURCE / "storage" / "sqlite_storage.py"))
    assert layer_of("indexing.pipeline") == "indexing"
    assert "indexing" not in BELOW["ranked"].split()
