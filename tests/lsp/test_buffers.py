"""Texts as an editor changes them: equal to a model that counts units one by one, whatever the letters are."""

from __future__ import annotations

import doctest
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from leindex.indexing.syntax.grammars import KINDS
from leindex.lsp import shapes
from leindex.lsp.buffers import Buffers
from leindex.service import columns
from leindex.service.columns import Unit, column_of, offset_of

LETTERS = st.sampled_from("ab\n\r\x0c\x85\u2028ß€𝄞🙂")
TEXT = st.text(LETTERS, max_size=30)
UNITS = st.sampled_from(["utf-8", "utf-16", "utf-32"])


def units(text: str, unit: Unit) -> int:
    coding, width = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[unit]
    return len(text.encode(coding)) // width


def position(text: str, at: int, unit: Unit) -> types.Position:
    """The position of a character: by going through the text, where \\r\\n is one end."""
    line = start = place = 0
    while place < at:
        step = 2 if text.startswith("\r\n", place) else 1
        if text[place] in "\r\n" and place + step <= at:
            line, start = line + 1, place + step
        place += step
    return types.Position(line, units(text[start:at], unit))


def splits_an_end(text: str, at: int) -> bool:
    return text[at - 1 : at + 1] == "\r\n"


@given(TEXT, st.integers(0, 30), st.integers(0, 30), TEXT, UNITS)
def test_a_range_is_replaced(text: str, one: int, other: int, put: str, unit: Unit) -> None:
    first, last = sorted((min(one, len(text)), min(other, len(text))))
    if splits_an_end(text, first) or splits_an_end(text, last):
        return  # no position lies between the two
    buffers = Buffers()
    buffers.unit = unit
    buffers.put("a", text)
    before = buffers.texts
    span = types.Range(position(text, first, unit), position(text, last, unit))
    buffers.change("a", [types.TextDocumentContentChangePartial(range=span, text=put)])
    assert buffers.texts["a"].decode() == text[:first] + put + text[last:]
    assert before["a"].decode() == text, "who has the texts keeps them as they were"


def test_positions_beyond_the_end_mean_the_end() -> None:
    buffers = Buffers()
    buffers.put("a", "ab\ncd")
    for line, column, becomes in ((0, 99, "abX\ncd"), (1, 99, "ab\ncdX"), (99, 0, "ab\ncdX")):
        buffers.put("a", "ab\ncd")
        place = types.Range(types.Position(line, column), types.Position(line, column))
        buffers.change("a", [types.TextDocumentContentChangePartial(range=place, text="X")])
        assert buffers.texts["a"].decode() == becomes


def test_changes_of_a_file_that_is_not_open_are_nothing() -> None:
    buffers = Buffers()
    buffers.change("a", [types.TextDocumentContentChangeWholeDocument(text="x")])
    assert buffers.texts == {}
    buffers.put("a", "1")
    buffers.change("a", [types.TextDocumentContentChangeWholeDocument(text="2")])
    assert buffers.texts == {"a": b"2"}
    buffers.close("a")
    buffers.close("a")
    assert buffers.texts == {}


@given(st.text(st.sampled_from("abß€𝄞🙂"), max_size=20), UNITS)
def test_columns_there_and_back(text: str, unit: Unit) -> None:
    raw = text.encode()
    for at in range(len(text) + 1):
        offset, column = len(text[:at].encode()), units(text[:at], unit)
        assert column_of(raw, offset, unit) == column and offset_of(raw, column, unit) == offset
    assert offset_of(raw, 1000, unit) == len(raw)


def test_columns_of_lines_that_are_no_utf_8() -> None:
    raw = b"\xff\xfe\xc3x\xf0\x9d\x84\x9ey"
    for offset in (0, 1, 2, 3, 4, 8, 9):
        assert offset_of(raw, column_of(raw, offset, "utf-16"), "utf-16") == offset


def test_the_example_is_so() -> None:
    assert doctest.testmod(columns).failed == 0


def test_every_kind_of_definition_has_its_name_in_the_protocol() -> None:
    assert set(KINDS) <= set(shapes._KINDS)


def test_uris_there_and_back(tmp_path: Path) -> None:
    for path in ("a.py", "ü & <b>#?%.py", "x y/𝄞.c", os.fsdecode(b"not \xff utf-8.c")):
        assert shapes.path_of(shapes.uri_of(path, tmp_path), tmp_path) == path
    assert shapes.path_of((tmp_path.parent / "other").as_uri(), tmp_path) is None
    assert shapes.path_of(tmp_path.as_uri() + "/../other/x", tmp_path) is None
    (tmp_path / "tree").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "tree")
    assert shapes.path_of((tmp_path / "link" / "a.py").as_uri(), tmp_path / "tree") == "a.py"
