"""Tantivy's files are compared with their checksums before anything is read from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from leindex.errors import StorageError, StoreCorruptError

tantivy = pytest.importorskip("tantivy")

from leindex.storage.tantivy_storage import TantivySearch  # noqa: E402
from tests.storage.storage_cases import documents, found  # noqa: E402


def filled(folder: Path) -> Path:
    with TantivySearch(folder) as store:
        store.batch_write(documents(60))
        store.delete_documents([documents(60)[3][0]])
    return folder / "tantivy"


def all_of(folder: Path) -> tuple[int, list[tuple[int, str]], list[str]]:
    with TantivySearch(folder, mode="read") as store:
        return store.count(), list(store.ids()), found(store, "unique_7_x")


def test_a_flipped_bit_in_any_file_of_a_segment_is_an_error(tmp_path: Path) -> None:
    files = filled(tmp_path)
    good = all_of(tmp_path)
    kinds, meta = set(), (files / "meta.json").read_text().replace("-", "")
    for path in sorted(files.iterdir()):
        if path.suffix.lstrip(".") not in ("idx", "term", "store", "fast", "fieldnorm", "pos", "del"):
            continue
        if path.name.partition(".")[0] not in meta:
            continue  # of a segment that was merged
        kinds.add(path.suffix)
        whole = path.read_bytes()
        body = whole.rindex(b'{"version"')
        for place in (0, body // 2, body - 1, len(whole) - 8, len(whole) - 1):
            data = bytearray(whole)
            data[place] ^= 4
            path.write_bytes(data)
            with pytest.raises(StoreCorruptError, match=f"{path.name} does not agree"):
                all_of(tmp_path)
        path.write_bytes(whole)
    assert {".idx", ".store", ".fast", ".del"} <= kinds
    assert all_of(tmp_path) == good


def test_a_flipped_bit_in_the_settings(tmp_path: Path) -> None:
    meta = filled(tmp_path) / "meta.json"
    good, whole = all_of(tmp_path), meta.read_bytes()
    begin = whole.index(b'"schema"')
    for place in range(begin, len(whole), 7):
        data = bytearray(whole)
        data[place] ^= 1
        meta.write_bytes(data)
        try:
            assert all_of(tmp_path) == good
        except StorageError:
            continue
        assert data[place] in b' \n!\x0b"' or b"opstamp" in whole[place - 20 : place], whole[place - 20 : place + 20]
    meta.write_bytes(whole)
    assert all_of(tmp_path) == good


def test_an_index_without_a_checksum_of_its_settings_gets_one(tmp_path: Path) -> None:
    stamp = filled(tmp_path) / "leindex.json"
    known = stamp.read_text()
    stamp.write_text('{"format": 2}')
    assert all_of(tmp_path)[0] == 59
    with TantivySearch(tmp_path):
        pass
    assert stamp.read_text() == known and '"settings": null' not in known
