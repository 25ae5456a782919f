"""Which way imports may point: ARCHITECTURE.md's layers, read from the import statements."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "leindex"
VALUES = {"errors", "models", "config", "text", "terms", "kinds", "globs", "glob_automaton", "_native", "__init__"}
"""Modules at the bottom; `query.formula` and `query.hir` are values as well."""

ALLOWED = {
    "values": set(),
    "query": {"values"},
    "storage": {"values", "query"},
    "indexing": {"values", "query", "storage"},
    "search": {"values", "query", "storage"},
    "index": {"values", "query", "storage", "indexing", "search"},
    "transports": {"values", "query", "storage", "indexing", "search", "index", "transports"},
}
LAYER_OF = {"query": "query", "storage": "storage", "indexing": "indexing", "search": "search"}
LAYER_OF |= dict.fromkeys(("index", "indexed_tree", "index_set", "freshness", "roots"), "index")


def layer_of(module: str) -> str:
    first = module.split(".")[0] if module else "__init__"
    return "values" if first in VALUES else LAYER_OF.get(first, "transports")


def imports(path: Path) -> Iterator[str]:
    """The modules of ours that a file imports at run time, relative to the package."""
    package = path.relative_to(SOURCE).parent.parts
    for node in _run_time_nodes(ast.parse(path.read_text())):
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
            yield from ([base] if base else [alias.name for alias in node.names])


def _run_time_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those under `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from _run_time_nodes(node)


def files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    own = layer_of(module)
    if module in ("__init__", "__main__"):
        return  # the package's face loads the facade, lazily
    for imported in imports(path):
        target = layer_of(imported)
        assert target == own or target in ALLOWED[own], f"{module} ({own}) imports {imported} ({target})"


def test_only_the_registry_names_an_engine() -> None:
    engines = {"sqlite_storage", "tantivy_storage", "duckdb_storage", "memory_storage"}
    for path in files():
        if path.name == "registry.py" or path.stem.split("_")[0] in ("sqlite", "tantivy", "duckdb"):
            continue
        for imported in imports(path):
            assert not engines & set(imported.split(".")), f"{path.name} names an engine: {imported}"


def test_the_checks_see_what_they_should() -> None:
    assert "storage.storage_interface" in set(imports(SOURCE / "storage" / "sqlite_storage.py"))
    assert layer_of("indexing.pipeline") == "indexing"
    assert "indexing" not in ALLOWED["search"]
