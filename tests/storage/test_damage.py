"""Damage on the disk: what carries a checksum is never answered wrongly, and `check` finds the rest."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

import leindex
from leindex.errors import StoreCorruptError
from leindex.index import Index
from leindex.index_set import search_all
from leindex.storage.database import FORMAT_VERSION
from tests.storage.behind import connect

Change = Callable[[apsw.Connection], object]


pytestmark = pytest.mark.usefixtures("own_home")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Contents that are stored as they are, and one that is packed."""
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "small.py").write_text("def retry(times):\n    return times\n")
    (folder / "random.bin.txt").write_bytes(random.Random(1).randbytes(700).replace(b"\0", b"") + b"\nretry\n")
    (folder / "long.py").write_text("def retry_often(times):\n    return times\n" * 40)
    return folder


def change(index: Index, *changes: Change) -> None:
    """Does something to the tables behind the index's back."""
    index.close()
    connection = connect(index.location.database)
    for one in changes:
        one(connection)
    connection.close()


def sql(text: str, *bindings: Any) -> Change:
    return lambda connection: connection.execute(text, bindings)


def test_a_flipped_bit_in_any_content_or_its_type_is_an_error(root: Path) -> None:
    with leindex.open(root, refresh="never") as index:
        index.update()
        good = index.grep("retry")
        assert len(good.files) == 3
        reader = connect(index.location.database)
        stored = list(reader.execute("SELECT id, value_type, value FROM kv_store"))
        reader.close()
        assert sorted(kind for _, kind, _ in stored) == ["bytes+crc32", "bytes+crc32", "bytes+zstd"]
        pick = random.Random(2)
        for number, kind, value in stored:
            places = range(len(value)) if len(value) < 100 else pick.sample(range(len(value)), 40)
            for column, whole, wanted in (("value", value, places), ("value_type", kind.encode(), range(len(kind)))):
                for place in wanted:
                    damaged = bytearray(whole)
                    damaged[place] ^= 1 << pick.randrange(7)
                    given = bytes(damaged) if column == "value" else damaged.decode("ascii")
                    change(index, sql(f"UPDATE kv_store SET {column} = ? WHERE id = ?", given, number))
                    with pytest.raises(StoreCorruptError, match="damaged"):
                        index.grep("retry")
                    assert any("damaged" in problem for problem in index.check())
            change(index, sql("UPDATE kv_store SET value_type = ?, value = ? WHERE id = ?", kind, value, number))
        assert index.grep("retry").files == good.files and index.check() == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            sql(
                "UPDATE symbols SET data = CAST(substr(data, 1, length(data) - 1) || x'55' AS BLOB) "
                "WHERE length(data) > 0"
            ),
            "symbols",
        ),
        (sql("DELETE FROM kv_store WHERE id = 1"), "is not in the index"),
    ],
)
def test_the_check_finds_what_a_search_may_not_meet(root: Path, damage: Change, said: str) -> None:
    with leindex.open(root, refresh="never") as index:
        index.update()
        change(index, damage)
        assert any(said in problem for problem in index.check())


def test_damaged_symbols_and_state_are_errors(root: Path) -> None:
    with leindex.open(root, refresh="never") as index:
        index.update()
        change(index, sql("UPDATE symbols SET data = CAST(x'28b52ffd' || data AS BLOB) WHERE length(data) > 0"))
        with pytest.raises(StoreCorruptError, match="symbols of a document are damaged"):
            index.symbols("retry")
        change(index, sql("UPDATE index_state SET value = '{' WHERE name = 'generation'"))
        with pytest.raises(StoreCorruptError, match="is damaged"):
            index.search("retry")
        change(index, sql("UPDATE index_state SET value = CAST(x'ff' AS TEXT) WHERE name = 'generation'"))
        with pytest.raises(StoreCorruptError, match="is damaged"):
            index.search("retry")


def half(connection: apsw.Connection) -> None:
    """Zeros over the second half of the file."""
    path = connection.filename
    connection.pragma("wal_checkpoint(TRUNCATE)")
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.seek(size // 2)
        file.write(bytes(size - size // 2))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (sql("UPDATE index_state SET value = '\"tantivy\"' WHERE name = 'engine'"), "[tantivy]"),
        (sql("UPDATE index_state SET value = '\"of-tomorrow\"' WHERE name = 'engine'"), "of-tomorrow"),
        (sql(f"PRAGMA user_version = {FORMAT_VERSION + 1}"), f"version {FORMAT_VERSION + 1}"),
        (sql("UPDATE kv_store SET value = x'00'"), "damaged"),
        (sql("UPDATE index_state SET value = '{' WHERE name = 'root'"), "is damaged"),
        (half, "damaged"),
    ],
)
def test_an_index_that_fails_hides_no_other(
    root: Path, tmp_path: Path, damage: Change, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("tantivy_storage", "tantivy.files"):
        monkeypatch.delitem(sys.modules, f"leindex.storage.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "tantivy", None)
    for name in ("first", "last"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file.py").write_text(f"def retry_{name}(): ...\n")
        with leindex.open(tmp_path / name) as other:
            other.update()
    with leindex.open(root) as index:
        index.update()
        change(index, damage)
    answer = search_all("retry", refresh="never")
    assert {Path(hit.root).name for hit in answer.hits} == {"first", "last"}
    assert not answer.completeness.complete
    noted = [note for note in answer.completeness.notes if said in note]
    assert len(noted) == 1 and "tree" in noted[0], answer.completeness.notes
