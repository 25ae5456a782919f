"""`leindex doctor`: every structure that is damaged is named, and made whole from the rest and the tree."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import leindex
from leindex.errors import StoreCorruptError
from leindex.index import Index
from leindex.storage.integrity.checked_pages import PAGE_SIZE
from tests.storage.behind import connect

pytestmark = pytest.mark.usefixtures("own_home")

FILES = 300


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    for number in range(FILES):
        path = folder / f"part{number % 7}" / f"module_{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = random.Random(number).randbytes(1500).hex()
        path.write_text(f"def retry_{number}(times):\n    return times + {number}\n# {noise}\n")
    return folder


def answers(index: Index) -> tuple[object, ...]:
    return (
        index.grep("return times").files,
        [hit.name for hit in index.symbols("retry_7").definitions],
        [hit.path for hit in index.search("retry_42", limit=3).hits],
        sorted(index.paths()),
    )


def structures(index: Index) -> set[str]:
    return {finding.structure for finding in index.examine()}


@pytest.fixture
def index(root: Path) -> Index:
    made = leindex.open(root, refresh="never")
    made.update()
    made.compact()  # from the tail to a segment
    return made


@pytest.mark.parametrize(
    ("damage", "structure"),
    [
        ("UPDATE kv_store SET value = x'00' WHERE id % 50 = 0", "documents"),
        ("DELETE FROM kv_store WHERE id % 40 = 0", "files"),
        ("UPDATE blocks SET data = x'00' WHERE id % 3 = 0", "segments"),
        ("DELETE FROM blocks", "segments"),
        ("UPDATE symbols SET data = x'00' WHERE number % 9 = 0", "symbols"),
        ("DELETE FROM symbols WHERE number % 9 = 0", "symbols"),
        ("UPDATE file_totals SET files = files + 1", "totals"),
        ("UPDATE files SET doc_id = 'ffffffffffffffffffffffffffffffffffffffff' WHERE number % 42 = 0", "files"),
    ],
)
def test_what_one_structure_says_of_another(index: Index, damage: str, structure: str) -> None:
    good = answers(index)
    index.close()
    connection = connect(index.location.database)
    connection.execute(damage)
    connection.close()
    assert structures(index) == {structure}
    assert index.check() != []
    index.repair(index.examine())
    assert index.examine() == [] and answers(index) == good
    index.close()


def zeroed(path: Path, chance: random.Random) -> None:
    """Some pages, the first not among them, become zeros."""
    pages = path.stat().st_size // PAGE_SIZE
    with path.open("r+b") as file:
        for page in chance.sample(range(1, pages), pages // 20):
            file.seek(page * PAGE_SIZE)
            file.write(bytes(PAGE_SIZE))


def cut(path: Path, chance: random.Random) -> None:
    with path.open("r+b") as file:
        file.truncate(chance.randrange(PAGE_SIZE, path.stat().st_size))


def noise(path: Path, chance: random.Random) -> None:
    with path.open("r+b") as file:
        for _ in range(20):
            file.seek(chance.randrange(PAGE_SIZE, path.stat().st_size))
            file.write(chance.randbytes(3))


def header(path: Path, chance: random.Random) -> None:
    with path.open("r+b") as file:
        file.seek(chance.randrange(100))
        file.write(chance.randbytes(40))


@pytest.mark.parametrize("damage", [zeroed, cut, noise, header])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_file_with_damaged_pages(index: Index, damage: Callable[[Path, random.Random], None], seed: int) -> None:
    good = answers(index)
    index.close()
    damage(index.location.database, random.Random(seed))
    findings = index.examine()
    assert findings
    index.repair(findings)
    assert index.examine() == [] and answers(index) == good
    index.close()


def test_rows_that_can_be_read_are_kept(index: Index) -> None:
    """Documents that no file names any more are in no tree; of these nothing readable may be lost."""
    paths = sorted(index.root.rglob("*.py"))[:200]
    for path in paths:
        path.unlink()
    index.update()
    count = index.store.count()
    index.close()
    path = index.location.database
    leaf = None
    connection = connect(path)
    for page, table in connection.execute("SELECT pageno, name FROM dbstat WHERE pagetype = 'leaf'").fetchall():
        if table == "kv_store" and page > 5:
            leaf = page
            break
    connection.close()
    assert leaf is not None
    with path.open("r+b") as file:
        file.seek((leaf - 1) * PAGE_SIZE + 500)
        file.write(b"\xff" * 8)
    index.repair(index.examine())
    assert index.examine() == []
    assert count - 20 <= index.store.count() <= count
    index.close()


def doctor(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "leindex", "doctor", *map(str, words)], capture_output=True, text=True, check=False
    )


def test_the_command(index: Index) -> None:
    index.close()
    fine = doctor(index.root)
    assert (fine.returncode, fine.stdout) == (0, "no damage found\n")
    connection = connect(index.location.database)
    connection.execute("UPDATE file_totals SET files = files + 1")
    connection.close()
    told = doctor(index.root)
    assert told.returncode == 1 and "totals: the figures" in told.stdout and "doctor --repair" in told.stdout
    dry = doctor(index.root, "--repair", "--dry-run", "--json")
    assert dry.returncode == 1
    answer = json.loads(dry.stdout)
    assert [finding["structure"] for finding in answer["findings"]] == ["totals"] and not answer["repaired"]
    assert "would repair totals: count the files again" in doctor(index.root, "--repair", "--dry-run").stdout
    done = doctor(index.root, "--repair")
    assert done.returncode == 0 and "repaired totals" in done.stdout
    assert doctor(index.root).stdout == "no damage found\n"


def test_there_is_nothing_to_examine(root: Path) -> None:
    told = doctor(root)
    assert told.returncode == 2 and "is not indexed; run: leindex index" in told.stderr


@pytest.mark.parametrize("engine", ["tantivy", "duckdb"])
def test_other_engines_are_built_again(root: Path, engine: str) -> None:
    pytest.importorskip(engine)
    with leindex.open(root, refresh="never", engine=engine) as index:
        index.update()
        good = answers(index)
        folder = index.location.folder
    for file in (folder / "tantivy").glob("*.store") if engine == "tantivy" else [folder / "index.duckdb"]:
        size = file.stat().st_size
        with file.open("r+b") as stream:
            stream.seek(size // 3)
            stream.write(b"\xee" * min(200_000, size // 3))
    with leindex.open(root, refresh="never") as index:
        findings = index.examine()
        assert findings
        index.repair(findings)
        assert index.examine() == [] and answers(index) == good and index.store.name == engine


@pytest.mark.parametrize("engine", ["tantivy", "duckdb"])
def test_the_files_of_another_engine_are_gone(root: Path, engine: str) -> None:
    pytest.importorskip(engine)
    with leindex.open(root, refresh="never", engine=engine) as index:
        index.update()
        good = answers(index)
        folder = index.location.folder
    for path in (*folder.glob("index.duckdb*"), *folder.glob("tantivy")):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with leindex.open(root) as index:
        with pytest.raises(StoreCorruptError, match=r"is missing; run: leindex doctor --repair"):
            index.update()
        findings = index.examine()
        assert [finding.structure for finding in findings] == ["store"]
        index.repair(findings)
        assert index.examine() == [] and answers(index) == good and index.store.name == engine


def test_a_file_whose_content_git_knows_otherwise(root: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(root), "-c", "user.name=n", "-c", "user.email=e@x", *words], check=True)

    git("init", "-q")
    git("add", ".")
    with leindex.open(root, refresh="never") as index:
        index.update()
        assert index.examine() == []
        connection = connect(index.location.database)
        one, other = connection.execute("SELECT number, doc_id FROM files ORDER BY path LIMIT 2").fetchall()
        index.close()
        connection.execute("UPDATE files SET number = ?, doc_id = ? WHERE number = ?", (*other, one[0]))
        connection.close()
        found = index.examine()
        assert {finding.structure for finding in found} in ({"git"}, set())
        if found:
            index.repair(found)
            assert index.examine() == []


def test_a_log_that_is_missing(root: Path, tmp_path: Path) -> None:
    import shutil

    with leindex.open(root, refresh="never", index=tmp_path / "idx") as index:
        index.update()
        (root / "new.py").write_text("def retry_new(): return times\n")
        index.update()
        shutil.copytree(tmp_path / "idx", tmp_path / "left")
        good = answers(index)
    (tmp_path / "left" / "index.db-wal").unlink()
    with leindex.open(root, refresh="never", index=tmp_path / "left") as index:
        findings = index.examine()
        assert len(findings) == 1 and "its log is missing" in findings[0].told
        index.repair(findings)
        assert index.examine() == [] and answers(index) == good


def test_the_page_of_a_table_is_named(index: Index) -> None:
    index.close()
    path = index.location.database
    connection = connect(path)
    page = connection.execute("SELECT pageno FROM dbstat WHERE name = 'symbols' AND pagetype = 'leaf'").fetchone()[0]
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE_SIZE + 4000)
        file.write(b"\x01\x02")
    assert [finding.told for finding in index.examine()] == ["table symbols is damaged"]
    index.close()
