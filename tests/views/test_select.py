"""Searches that look at many files: in order, each once, in batches of bounded size, some of it in other threads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import leindex
from leindex.errors import CancelledError, StoreCorruptError
from leindex.index import Index
from leindex.indexing.pipeline import UpdateOptions
from leindex.indexing.walk.discover import DiscoverOptions
from leindex.questions import GrepQuestion
from leindex.views import select
from tests.storage.behind import connect


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Short, long, equal, binary-looking and decoded contents, and one over the size limit."""
    found: dict[str, bytes] = {}
    for n in range(900):
        text = f"file {n % 811}\nid {n * 7919 % 100_003:05d}x\n" + "filler of the line\n" * (n % 13 * 5)
        found[f"d{n % 17:02d}/e{n % 3}/f{n:03d}.txt"] = text.encode()
    found["d03/utf16.txt"] = b"\xff\xfe" + "id 12345x\n".encode("utf-16-le")
    found["d03/bom.txt"] = b"\xef\xbb\xbfid 12345x\n"
    found["d05/empty.txt"] = b""
    found["d06/large.txt"] = b"nothing here\n" * 9_000 + b"id 54321x\n"
    return found


@pytest.fixture(scope="module")
def index(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("select")
    for path, content in files.items():
        (folder / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "tree" / path).write_bytes(content)
    with leindex.open(folder / "tree", index=folder / "index", refresh="never") as index:
        index.update(UpdateOptions(discover=DiscoverOptions(max_size=100_000), text_only=True))
        yield index


def matching(content: bytes, pattern: str) -> list[int]:
    """The numbers of the lines that match, as Python sees it."""
    text = content.decode("utf-16" if content.startswith(b"\xff\xfe") else "utf-8-sig")
    return [number for number, line in enumerate(text.splitlines(), 1) if re.search(pattern, line)]


def expected(files: dict[str, bytes], pattern: str) -> list[str]:
    return [path for path in sorted(files, key=lambda path: path.split("/")) if matching(files[path], pattern)]


PATTERNS = ["[0-9]{5}", r"^id \d{5}x$", r"\d[13579]x", "filler", "[aeiou]{3}", ".{30}", "^$", r"\w"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_file_once_and_in_order(index: Index, files: dict[str, bytes], pattern: str) -> None:
    paths = expected(files, pattern)
    assert [file.path for file in index.grep(pattern, lines=False).files] == paths
    with_lines = index.grep(pattern).files
    assert [file.path for file in with_lines] == paths
    for file in with_lines:
        assert [line.number for line in file.lines] == matching(files[file.path], pattern)
    for limit in (1, 150, 400):
        assert [file.path for file in index.grep(pattern, lines=False, max_files=limit).files] == paths[:limit]


def test_a_grep_of_a_folder_stays_in_it(index: Index, files: dict[str, bytes]) -> None:
    paths = [path for path in expected(files, "filler") if path.startswith("d03/")]
    found = index.grep("filler", scope="d03")
    assert [file.path for file in found.files] == paths
    assert found.completeness.eligible == sum(path.startswith("d03/") for path in files)
    assert index.grep(GrepQuestion("filler", scope="d03")).files == found.files


@pytest.mark.parametrize("pattern", ["filler", r"\w{90}"])
def test_a_check_ends_a_grep(index: Index, pattern: str) -> None:
    """Also where every file is looked at and none matches."""
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == last:
            raise CancelledError("enough")

    last = 0
    before = index.grep(pattern, check=check)
    assert calls > 800
    for last in (1, calls // 2, calls):
        calls = 0
        with pytest.raises(CancelledError, match="enough"):
            index.grep(pattern, check=check)
        assert calls >= last
    assert before.files == index.grep(pattern).files


@pytest.fixture
def batches(index: Index, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[int]]:
    """The numbers of each batch that is read."""
    seen: list[Sequence[int]] = []
    reading: Callable[[Sequence[int]], object] = index.store.reading

    def noted(numbers: Sequence[int]) -> object:
        seen.append(numbers)
        return reading(numbers)

    monkeypatch.setattr(index.store, "reading", noted)
    return seen


def test_batches_grow_up_to_a_size_in_files_and_bytes(
    index: Index, files: dict[str, bytes], batches: list[Sequence[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    index.grep(r"\w", lines=False)
    assert [len(batch) for batch in batches[:5]] == [8, 16, 32, 64, 128]
    assert 200 < max(map(len, batches)) <= select.BATCH
    batches.clear()
    monkeypatch.setattr(select, "BATCH_BYTES", 5_000)
    assert [file.path for file in index.grep("id", lines=False).files] == expected(files, "id")
    sizes = {index.catalog.file(path.encode()).number: len(content) for path, content in files.items()}  # type: ignore[union-attr]
    assert sum(map(len, batches)) >= 900
    assert all(sum(sizes[number] for number in batch[:-1]) <= 5_000 for batch in batches)


def test_damage_found_in_another_thread_is_an_error(index: Index, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    copy = tmp_path / "index" / "index.db"
    source, target = connect(index.location.database), connect(copy)
    with target.backup("main", source, "main") as backup:
        backup.step()
    last = "SELECT id FROM kv_store WHERE value_type LIKE '%zstd' ORDER BY id DESC LIMIT 1"
    target.execute(f"UPDATE kv_store SET value = substr(value, 1, 20) WHERE id = ({last})")
    source.close()
    target.close()
    with (
        leindex.open(index.root, index=copy.parent, refresh="never") as damaged,
        pytest.raises(StoreCorruptError, match="a stored document is damaged"),
    ):
        damaged.grep(r"\w", lines=False)
