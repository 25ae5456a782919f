"""Every engine against the one contract. Durability, which costs syncs, is tested apart
(tests/faults)."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from leindex.errors import ConfigError, EngineMissingError
from leindex.storage import registry
from leindex.storage.duckdb_storage import DuckDBSearch
from leindex.storage.memory_storage import MemorySearch
from leindex.storage.sqlite_storage import SQLiteSearch
from leindex.storage.storage_interface import SearchInterface
from leindex.storage.tantivy_storage import TantivySearch
from tests.storage.one_by_one import OneByOneSearch
from tests.storage.storage_cases import documents
from tests.storage.storage_contract import StorageContract


class TestSQLite(StorageContract):
    engine = SQLiteSearch

    def open(self, folder: Path, *, readonly: bool = False) -> SearchInterface:
        return registry.open_engine("sqlite", folder, "read" if readonly else "create", durability="normal")


class TestMemory(StorageContract):
    engine = MemorySearch

    def open(self, folder: Path, *, readonly: bool = False) -> SearchInterface:
        return MemorySearch()


class TestOneByOne(StorageContract):
    """The default path: an engine that knows nothing of batches passes the whole suite."""

    engine = OneByOneSearch

    def open(self, folder: Path, *, readonly: bool = False) -> SearchInterface:
        return OneByOneSearch(folder / "index.db", readonly=readonly, durability="normal")

    def test_it_writes_one_by_one(self, tmp_path: Path) -> None:
        with OneByOneSearch(tmp_path / "index.db") as store:
            result = store.batch_write([*documents(150), ("bad", {})])
            assert (store.transactions, result["batches_processed"]) == (150, 2)


def test_an_engine_that_does_not_exist() -> None:
    with pytest.raises(ConfigError, match="sqlite, tantivy, duckdb"):
        registry.open_engine("lucene", "nowhere")


def test_an_engine_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, package: str | None = None) -> None:
        raise ModuleNotFoundError("No module named 'tantivy'", name="tantivy")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(EngineMissingError, match=r'pip install ".+\[tantivy\]"'):
        registry.open_engine("tantivy", "nowhere")


def test_the_list_of_engines() -> None:
    infos = registry.engines()
    assert [info.name for info in infos] == ["sqlite", "tantivy", "duckdb"]
    assert infos[0].installed and infos[0].version
    assert all(info.install.startswith("pip install") for info in infos)


class TestTantivy(StorageContract):
    engine = TantivySearch

    def open(self, folder: Path, *, readonly: bool = False) -> SearchInterface:
        return registry.open_engine("tantivy", folder, "read" if readonly else "create")


class TestDuckDB(StorageContract):
    engine = DuckDBSearch

    def open(self, folder: Path, *, readonly: bool = False) -> SearchInterface:
        return registry.open_engine("duckdb", folder, "read" if readonly else "create")
