"""Places as they are noted and stored: packed, checked, derived anew, and gone with their content."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import leindex
from leindex import _native
from leindex.errors import StoreCorruptError
from leindex.linkage import Noted, Place, Role, note, pack, unpack
from leindex.storage.linkage_table import LinkageTable

pytestmark = pytest.mark.usefixtures("own_home")


def test_what_is_packed_comes_back() -> None:
    places = [Place(5, 3, Role.CALL), Place(0, 70_000, Role.IMPORT), Place(1 << 20, 1, Role.VALUE)]
    assert unpack(pack(note([*places, places[0]]))) == sorted(places)
    assert unpack(pack(note(()))) == []


def test_damage_is_found() -> None:
    packed = bytearray(pack(note([(n * 7, 3, 0) for n in range(100)])))
    for at in range(5, len(packed)):  # behind zstd's magic number and descriptor, which its checksum does not cover
        damaged = bytearray(packed)
        damaged[at] ^= 0x10
        with pytest.raises(StoreCorruptError):
            unpack(bytes(damaged))


def test_c_is_read_without_a_grammar() -> None:
    text = b'#include "a.h"\nint f(int x)\n{\n  if (x) dev->ops->open(g(1), "h(2)"); // i(3)\n  get(1)->put(2);\n}\n'
    found = [(text[s : s + n], role.name) for s, n, role in unpack(pack(Noted(*_native.c_references(text))))]
    assert found == [
        (b'#include "a.h"', "IMPORT"),
        (b"dev->ops->open", "CALL"),
        (b"g", "CALL"),
        (b"get", "CALL"),
        (b"->put", "CALL"),
    ]


def test_any_bytes_are_read() -> None:
    chance = random.Random(1)
    alphabet = b"ab_ .->(){}[];,=&*#\"'\\/\n0\xff"
    for _ in range(3000):
        text = bytes(chance.choice(alphabet) for _ in range(chance.randrange(60)))
        for start, length, _ in unpack(pack(Noted(*_native.c_references(text)))):
            assert start >= 0 and start + length <= len(text)


def test_an_older_index_gets_its_references_at_the_next_update(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f():\n    g()\n")
    with leindex.open(tmp_path, refresh="never") as index:
        index.update()
        with index.catalog.database.transaction() as connection:
            connection.execute("DROP TRIGGER linkage_gone")
            connection.execute("DROP TABLE linkage")
            connection.execute("DROP TABLE linkage_state")
        assert not LinkageTable(index.catalog.database).exists
        assert index.graph("callees", "f").completeness.notes
        index.update()
        assert [edge.name for edge in index.graph("callees", "f").groups[0].edges] == ["g"]


def test_references_go_with_their_content(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("f()\n")
    with leindex.open(tmp_path, refresh="never") as index:
        index.update()
        number = index.catalog.file(b"a.py").number  # type: ignore[union-attr]
        table = LinkageTable(index.catalog.database)
        assert table.of(number) is not None
        index.catalog.forget_unnamed([number])
        assert table.of(number) is None
