"""What is particular to Tantivy and DuckDB: their locks, their files, and a batch that fails half way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
import tantivy

from leindex._native import gram_words
from leindex.errors import LeindexError, StorageError, StoreCorruptError, StoreVersionError
from leindex.storage import registry, tantivy_storage
from leindex.storage.duckdb import scan as duckdb_scan
from leindex.storage.duckdb_storage import DuckDBSearch
from leindex.storage.formula import Lit
from leindex.storage.literal_text import whole_characters
from leindex.storage.storage_interface import PreparedBatch
from leindex.storage.tantivy_storage import TantivySearch
from leindex.text import fold
from tests.storage.storage_cases import documents, found, refused_after_fork

OTHERS = ["tantivy", "duckdb"]

TRY = """
import sys
from leindex.errors import LeindexError
from leindex.storage import registry
engine, folder, mode = sys.argv[1:]
try:
    with registry.open_engine(engine, folder, mode) as store:
        store.sleep = lambda seconds: None
        if mode != "read":
            store.batch_write([("other", {"content": "from the other process"})])
        print("count", store.count())
except LeindexError as error:
    print(type(error).__name__, error)
"""


def elsewhere(engine: str, folder: Path, mode: str) -> str:
    """What another process gets that opens the store, and writes to it unless it only reads."""
    words = [sys.executable, "-c", TRY, engine, str(folder), mode]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def test_tantivy_has_one_writer(tmp_path: Path) -> None:
    with TantivySearch(tmp_path) as store:
        store.batch_write(documents(3))
        message = elsewhere("tantivy", tmp_path, "write")
        assert message.startswith("StoreBusyError") and str(tmp_path) in message
        assert "one writer" in message and "try again" in message
        assert elsewhere("tantivy", tmp_path, "read") == "count 3"
        store.batch_write(documents(3, 3))
        assert elsewhere("tantivy", tmp_path, "read") == "count 6"
    assert elsewhere("tantivy", tmp_path, "write") == "count 7"


def test_tantivy_sees_what_another_process_wrote(tmp_path: Path) -> None:
    TantivySearch(tmp_path).close()
    with TantivySearch(tmp_path) as store:  # it has no writer until it writes
        assert elsewhere("tantivy", tmp_path, "write") == "count 1"
        assert store.count() == 1
        with store.snapshot():
            store.count()
            assert elsewhere("tantivy", tmp_path, "write") == "count 1"
            assert store.numbers(["other"]) == {"other": 1}
        assert store.numbers(["other"]) == {"other": 2}
        store.batch_write(documents(1))
        assert store.numbers(["src/f0.py"]) == {"src/f0.py": 3}


def test_duckdb_is_for_one_process(tmp_path: Path) -> None:
    with DuckDBSearch(tmp_path) as store:
        store.batch_write(documents(3))
        for mode in ("read", "write"):
            message = elsewhere("duckdb", tmp_path, mode)
            assert message.startswith("StoreBusyError") and str(tmp_path) in message
            assert "one process" in message and "try again" in message
    with DuckDBSearch(tmp_path, mode="read") as store:
        assert elsewhere("duckdb", tmp_path, "read") == "count 3"
        assert elsewhere("duckdb", tmp_path, "write").startswith("StoreBusyError")
    assert elsewhere("duckdb", tmp_path, "write") == "count 4"


@pytest.mark.parametrize("engine", OTHERS)
def test_many_processes_may_create_the_same_store(tmp_path: Path, engine: str) -> None:
    words = [sys.executable, "-c", TRY, engine, str(tmp_path / "i"), "create"]
    processes = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert all(answer in ("count 1",) or answer.startswith("StoreBusyError") for answer in answers), answers
    assert "count 1" in answers
    assert elsewhere(engine, tmp_path / "i", "read") == "count 1"


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize("kind", [KeyboardInterrupt, OSError])
def test_a_batch_that_fails_half_way(
    tmp_path: Path, engine: str, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    with registry.open_engine(engine, tmp_path) as store:
        store.batch_write(documents(3))
        before = list(store.ids())
        write = type(store)._write_rows  # type: ignore[attr-defined]

        def fail(self: object, *words: object) -> None:
            write(self, *words)
            raise kind("simulated")

        batch = [("src/f0.py", {"content": "new"}), *documents(3, 3)]
        with monkeypatch.context() as patch:
            patch.setattr(type(store), "_write_rows", fail)
            with pytest.raises((kind, StorageError)):
                store.batch_write(batch)
        assert list(store.ids()) == before and found(store, "unique_0_x") == ["src/f0.py"]
        assert store.batch_write(batch)["success"]
        assert [doc_id for _, doc_id in store.ids()] == [f"src/f{i}.py" for i in (1, 2, 0, 3, 4, 5)]
        assert store.check() == []


@pytest.mark.parametrize("engine", OTHERS)
def test_a_store_does_not_cross_a_fork(tmp_path: Path, engine: str) -> None:
    with registry.open_engine(engine, tmp_path) as store:
        assert refused_after_fork(store)


# -- files ---------------------------------------------------------------------------------------------------


def refused(engine: str, folder: Path, error: type[LeindexError], match: str) -> None:
    """Opening says what is wrong and leaves every file as it was."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for mode in ("read", "write", "create"):
        with pytest.raises(error, match=match):
            registry.open_engine(engine, folder, mode).close()
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("version", [0, 9])
def test_another_format_version(tmp_path: Path, version: int) -> None:
    for engine in OTHERS:
        registry.open_engine(engine, tmp_path / engine).close()
    (tmp_path / "tantivy" / "tantivy" / "leindex.json").write_text(json.dumps({"format": version}))
    with duckdb.connect(str(tmp_path / "duckdb" / "index.duckdb")) as connection:
        connection.execute("UPDATE store_state SET value = ? WHERE name = 'format'", [version])
    for engine in OTHERS:
        match = rf"has the format version {version}, this leindex knows \d"
        refused(engine, tmp_path / engine, StoreVersionError, match)


def test_files_that_are_not_ours(tmp_path: Path) -> None:
    junk, other = tmp_path / "junk", tmp_path / "other"
    for folder in (junk / "tantivy", other):
        folder.mkdir(parents=True)
    (junk / "tantivy" / "meta.json").write_text("{}")
    (junk / "index.duckdb").write_bytes(b"not a database\n" * 1000)
    with duckdb.connect(str(other / "index.duckdb")) as connection:
        connection.execute("CREATE TABLE t(x INTEGER)")
    refused("tantivy", junk, StoreCorruptError, "tantivy: is not a leindex index; it is left as it is")
    refused("duckdb", junk, StoreCorruptError, r"index\.duckdb: is not a leindex index; it is left as it is")
    refused("duckdb", other, StoreCorruptError, "not a leindex index; it is left as it is")


def test_damaged_files(tmp_path: Path) -> None:
    for engine in OTHERS:
        with registry.open_engine(engine, tmp_path / engine) as store:
            store.batch_write([(str(i), {"content": os.urandom(4000).hex()}) for i in range(200)])
    meta = tmp_path / "tantivy" / "tantivy" / "meta.json"
    meta.write_text(meta.read_text()[:100])
    refused("tantivy", tmp_path / "tantivy", StoreCorruptError, "is damaged")
    file = tmp_path / "duckdb" / "index.duckdb"
    data = bytearray(file.read_bytes())
    for start in range(50_000, len(data), 100_000):
        data[start : start + 8] = b"\xee" * 8
    file.write_bytes(data)
    try:  # what is damaged may be needed to open the file, or only to read a document
        with DuckDBSearch(tmp_path / "duckdb", mode="read") as store:
            problems = store.check()
    except StoreCorruptError as error:
        problems = [str(error)]
    assert problems and "index.duckdb: is damaged" in problems[0]


def test_a_missing_index(tmp_path: Path) -> None:
    for engine in OTHERS:
        for mode in ("read", "write"):
            with pytest.raises(StorageError, match="there is no index"):
                registry.open_engine(engine, tmp_path / "none", mode)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("engine", OTHERS)
def test_files_are_private(tmp_path: Path, engine: str) -> None:
    with registry.open_engine(engine, tmp_path / "data" / "index") as store:
        store.batch_write(documents(3))
    for folder in ("data", "data/index"):
        assert (tmp_path / folder).stat().st_mode & 0o777 == 0o700


# -- candidates ----------------------------------------------------------------------------------------------


def test_the_words_of_grams() -> None:
    """Against a naive reading: every position of a line starts a gram, newlines fill the last ones up."""
    random = Random(7)
    texts = [bytes(random.choices(b"abAZ\n \xff\xc3\r\0", k=random.randrange(30))) for _ in range(500)]
    for text, words in zip(texts, gram_words(texts), strict=True):
        lines = [(line + b"\n\n", len(line)) for line in fold(text).split(b"\n")]
        grams = {line[start : start + 3] for line, length in lines for start in range(length)}
        found = words.split(" ")[:-1]
        assert sorted(found) == sorted(
            "".join(chr(byte) if 0x20 < byte < 0x7F else chr(0x100 + byte) for byte in gram) for gram in grams
        )


SPECIAL = "A.b*(C) [x]\t^$ \\d |K#-&~{2} na\u00efve? \u6f22"


@pytest.mark.parametrize("engine", OTHERS)
def test_every_part_of_a_text_is_a_literal(tmp_path: Path, engine: str) -> None:
    with registry.open_engine(engine, tmp_path) as store:
        store.batch_write([("special", {"content": f"x\n{SPECIAL}\ny"}), ("other", {"content": "nothing of that"})])
        data = SPECIAL.encode()
        for start in range(len(data)):
            for length in (1, 2, 3, 4, 9):
                part = data[start : start + length]
                for literal in (Lit(part), Lit(fold(part), any_case=True)):
                    assert 1 in store.candidates(literal), literal
        assert list(store.candidates(Lit(b"k#-&", any_case=True))) == [1]
        assert list(store.candidates(Lit(b".b*(", any_case=True))) == [1]


def test_tantivy_takes_all_for_a_beginning_of_too_many_grams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with TantivySearch(tmp_path) as store:
        store.batch_write([("a", {"content": "tab"}), ("b", {"content": "toe"}), ("c", {"content": "xyz"})])
        assert list(store.candidates(Lit(b"t"))) == [1, 2]
        monkeypatch.setattr(tantivy_storage, "MOST_STARTS", 1)
        assert list(store.candidates(Lit(b"t"))) == [1, 2, 3]


def test_duckdb_scans_no_further_than_it_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_scan, "ROW_GROUP", 4)
    with DuckDBSearch(tmp_path) as store:
        store.batch_write([(str(n), {"content": "even" if n % 2 == 0 else "odd"}) for n in range(1, 31)])
        store.delete_documents(["6", "30"])
        with store.snapshot():
            found = store.candidates(Lit(b"even"))
            assert isinstance(found, duckdb_scan.ScannedCandidates) and store.candidates(Lit(b"even")) is found
            assert found.around(3) == (1, 4, b"\x0a") and 2 in found and found.count(2) == 2
            assert len(found._ranges) == 1
            assert 10 in found and 9 not in found and len(found._ranges) == 2
            assert list(found) == [n for n in range(2, 30, 2) if n != 6]
            assert found.count() == 13 and 28 in found and 30 not in found and 2**40 not in found
        assert store.candidates(Lit(b"even")) is not found


# -- literals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["né", "漢字", "a\U0001f600b", "é"])
def test_every_part_of_a_text_is_found_by_its_whole_characters(text: str) -> None:
    data = text.encode()
    for start in range(len(data)):
        for end in range(start + 1, len(data) + 1):
            part = whole_characters(data[start:end])
            assert part is not None and part in text, data[start:end]
            assert len(part.encode()) > end - start - 6


@pytest.mark.parametrize("literal", [b"\xff", b"a\xffb", b"\xc3\x28", b"\x80\x80\x80\x80", b"\xc0\x80x", b"\xfe"])
def test_what_no_text_can_hold(literal: bytes) -> None:
    assert whole_characters(literal) is None


def test_the_payload_of_a_batch_knows_its_numbers(tmp_path: Path) -> None:
    for engine in OTHERS:
        with registry.open_engine(engine, tmp_path / engine) as store:
            store.batch_write(documents(2))
            batch: PreparedBatch = store.prepare(documents(4))
            store.batch_write(batch)
            assert batch.numbers() == store.numbers([doc_id for doc_id, _ in documents(4)])


def test_tantivy_after_a_crash_before_the_end_of_a_commit(tmp_path: Path) -> None:
    """Files that a commit left which never came to its end do not stand in the way of the next."""
    with TantivySearch(tmp_path) as store:
        store.batch_write(documents(5))
    meta = tmp_path / "tantivy" / "meta.json"
    before = meta.read_bytes()
    with TantivySearch(tmp_path) as store:
        store.delete_documents(["src/f1.py"])
    assert list(meta.parent.glob("*.del"))
    meta.write_bytes(before)  # the file that a commit replaces last
    with TantivySearch(tmp_path) as store:
        assert store.count() == 5
        assert store.delete_documents(["src/f1.py"]) == 1
        assert store.count() == 4 and store.check() == []


def killing(writer: Any) -> None:
    """Adds a document over which the writer's thread fails, and waits until it has."""
    bad = tantivy.Document()
    bad.add_text("number", "not a number")
    writer.add_document(bad)
    time.sleep(0.2)


def test_tantivy_writes_a_batch_again_when_its_writer_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TantivySearch(tmp_path) as store:
        store.batch_write(documents(3))
        write, calls = TantivySearch._write_rows, []

        def killed_once(self: TantivySearch, writer: Any, entries: Any) -> dict[str, int]:
            calls.append(len(entries))
            if len(calls) == 1:
                self._numbered(next(iter(entries.values())), 77)  # as a first attempt may leave it
                killing(writer)
            return write(self, writer, entries)

        monkeypatch.setattr(TantivySearch, "_write_rows", killed_once)
        assert store.batch_write([("src/f0.py", {"content": "new"}), *documents(3, 3)])["written"] == 4
        assert calls == [4, 4]
        assert [(n, doc_id) for n, doc_id in store.ids()] == [
            (number, f"src/f{i}.py") for number, i in enumerate((1, 2, 0, 3, 4, 5), 2)
        ]
        assert store.get_document("src/f0.py") == {"content": "new"} and store.check() == []


def test_tantivy_says_why_its_writer_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with TantivySearch(tmp_path) as store:
        store.batch_write(documents(3))
        write = TantivySearch._write_rows

        def killed(self: TantivySearch, writer: Any, entries: Any) -> dict[str, int]:
            killing(writer)
            return write(self, writer, entries)

        with monkeypatch.context() as patch:
            patch.setattr(TantivySearch, "_write_rows", killed)
            with pytest.raises(StorageError, match='Expected a U64 for field "number"'):
                store.batch_write(documents(3, 3))
        assert store.count() == 3
        assert store.batch_write(documents(3, 3))["success"] and store.count() == 6
        assert store.numbers(["src/f5.py"]) == {"src/f5.py": 6}
