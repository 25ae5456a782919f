"""How a document becomes a row, in native code where it is short and its fields are plain."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leindex._native import plain_fields, plain_row, plain_rows
from leindex.errors import DocumentError
from leindex.storage.storage_interface import other_fields
from leindex.storage.stored_value import COMPRESS_FROM, decode_value, encode_batch, encode_row

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text('\\"\n\x00\x1f\x7f é漢', max_size=9)
LONG = st.integers(500, 530).map(lambda count: "x" * count + '"') | st.just("\x01" * 3000)


@given(st.dictionaries(TEXT, PLAIN | TEXT | LONG, max_size=6), st.booleans())
def test_plain_fields_are_written_as_json_writes_them(fields: dict[str, Any], content: bool) -> None:
    fields.pop("content", None)
    document = {**fields, "content": "not a field"} if content else fields
    expected = json.dumps(fields, ensure_ascii=False) if fields else ""
    assert plain_fields(document) == expected
    assert other_fields(document) == (expected or None)


class Name(str):
    pass


class Count(int):
    def __repr__(self) -> str:
        return "many"


@pytest.mark.parametrize("value", [[1], {"a": {}}, (), Name("x"), Count(3)])
def test_other_fields_are_left_to_json(value: object) -> None:
    document = {"content": b"x", "first": 1, "odd": value, "last": "z"}
    assert plain_fields(document) is None
    assert other_fields(document) == json.dumps({"first": 1, "odd": value, "last": "z"})


@pytest.mark.parametrize(
    "fields",
    [
        {"x": float("nan")},
        {"x": float("-inf")},
        {"x": b"bytes"},
        {"x": "\ud800"},
        {"\udfff": "x"},
        {"x": ["\ud800"]},
        {1: "x"},
        {None: "x", "y": []},
        {"x": 10**5000},
    ],
)
def test_what_json_cannot_hold_is_refused(fields: dict[Any, Any]) -> None:
    with pytest.raises(DocumentError, match="a field cannot be stored"):
        other_fields({"content": "x", **fields})


@given(TEXT.filter(bool), st.dictionaries(TEXT, PLAIN | TEXT, max_size=4), TEXT | st.binary(max_size=60))
def test_rows_of_short_documents(doc_id: str, fields: dict[str, Any], content: str | bytes) -> None:
    document = {"content": content, **{name: value for name, value in fields.items() if name != "content"}}
    kind, value = ("text", content.encode()) if isinstance(content, str) else ("bytes", content)
    checked = value + zlib.crc32(value).to_bytes(4, "little")
    row = (doc_id, kind + "+crc32", len(value), other_fields(document), checked)
    assert plain_row(doc_id, document, COMPRESS_FROM) == row and encode_row((doc_id, document)) == (row, value)
    assert decode_value(row[1], row[4], row[2]) == value


@pytest.mark.parametrize(
    ("doc_id", "document"),
    [
        ("", {"content": "x"}),
        (1, {"content": "x"}),
        ("\ud800", {"content": "x"}),
        (Name("x"), {"content": "x"}),
        ("a", None),
        ("a", {}),
        ("a", {"content": None}),
        ("a", {"content": 1}),
        ("a", {"content": bytearray(b"x")}),
        ("a", {"content": "\ud800"}),
        ("a", {"content": "x", "f": "\ud800"}),
        ("a", {"content": "x", "f": []}),
        ("a", {"content": "x" * COMPRESS_FROM}),
        ("a", {"content": b"x" * COMPRESS_FROM}),
        ("a", {"content": "é" * (COMPRESS_FROM // 2)}),
    ],
)
def test_what_needs_a_closer_look(doc_id: object, document: object) -> None:
    assert plain_row(doc_id, document, COMPRESS_FROM) is None


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c", "", 1]), st.sampled_from(["x", "y" * 600, None])), max_size=4)
)
def test_rows_of_a_batch(items: list[tuple[Any, Any]]) -> None:
    documents = [(doc_id, {"content": content}) for doc_id, content in items]
    rows = [plain_row(doc_id, document, COMPRESS_FROM) for doc_id, document in documents]
    plain = None not in rows and len({doc_id for doc_id, _ in documents}) == len(documents)
    assert plain_rows(documents, COMPRESS_FROM) == (rows if plain else None)
    batch = encode_batch(documents)
    accepted = [
        n for n, (doc_id, document) in enumerate(documents) if doc_id in ("a", "b", "c") and document["content"]
    ]
    last = {documents[n][0]: n for n in accepted}
    written = [encode_row(documents[n]) for n in accepted if last[documents[n][0]] == n]
    assert (batch.rows, batch.contents()) == ([row for row, _ in written], [content for _, content in written])
    assert (batch.accepted, len(batch.rejected)) == (len(accepted), len(documents) - len(accepted))
    assert batch.size == sum(len(documents[n][1]["content"]) for n in accepted)


def test_what_is_no_document_is_no_batch_of_plain_rows() -> None:
    assert plain_rows([], COMPRESS_FROM) == []
    assert plain_rows([("a",)], COMPRESS_FROM) is None and plain_rows([None], COMPRESS_FROM) is None
    with pytest.raises(TypeError, match="a list and a number"):
        plain_rows((), COMPRESS_FROM)  # type: ignore[arg-type]
