"""Comparing: what counts as changed, and that an update of given paths ends where a full one does."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path

import pytest

import leindex
from leindex.errors import ConfigError, StoreVersionError
from leindex.index import Index
from leindex.indexing.changes import COARSE_NS, FINE_NS, UNTRUSTED, compare, trusted_ctime
from leindex.indexing.walk.discover import DiscoverOptions, Found, discover, discover_paths, scope_of
from tests.storage.behind import make_old
from tests.support.another_user import NOBODY, as_nobody

pytestmark = pytest.mark.usefixtures("own_home")


def found(path: bytes, size: int = 1, mtime: int = 2, inode: int = 3, ctime: int = 4) -> Found:
    return Found((path, size, mtime, inode, ctime, 0o100644))  # type: ignore[arg-type]


def test_compare_in_the_order_of_components() -> None:
    known = [(path, 1, 2, 3, 4) for path in (b"a", b"foo/x", b"foo-bar/x", b"foo.c", b"foo.h", b"z")]
    walk = [found(b"foo/x"), found(b"foo/y"), found(b"foo-bar/x", size=9), found(b"foo.c", inode=9)]
    changes = compare([*walk, found(b"foo.h", ctime=9), found(b"zz")], known)
    assert [seen.path for seen in changes.to_read] == [b"foo/y", b"foo-bar/x", b"foo.c", b"foo.h", b"zz"]
    assert (changes.removed, changes.unchanged, changes.added) == ([b"a", b"z"], 1, 2)
    assert not compare([found(b"a")], [(b"a", 1, 2, 3, 4)])


def test_a_file_becomes_a_folder() -> None:
    changes = compare([found(b"a/b"), found(b"c")], [(b"a", 1, 2, 3, 4), (b"c", 1, 2, 3, 4)])
    assert ([seen.path for seen in changes.to_read], changes.removed) == ([b"a/b"], [b"a"])


def test_recent_times_are_not_trusted() -> None:
    now = 1_700_000_000_123_456_789
    fine, old = now - FINE_NS, 1_600_000_000_123_456_789
    assert trusted_ctime(old, fine - 1, now) == fine - 1
    assert trusted_ctime(fine - 1, old, now) == old
    assert trusted_ctime(old, fine, now) == trusted_ctime(fine, old, now) == UNTRUSTED
    whole = now // 10**9 * 10**9
    for times in ((whole, old), (old, whole)):
        assert trusted_ctime(*times, whole + COARSE_NS) == UNTRUSTED
        assert trusted_ctime(*times, whole + COARSE_NS + 1) == times[1]


def settled(root: Path) -> dict[Path, int]:
    """Makes the files of a tree old, waits until what happens to them can be told, and returns their times."""
    times = {path: 1_600_000_000_123_456_789 + number for number, path in enumerate(sorted(root.iterdir()))}
    for path, modified in times.items():
        os.utime(path, ns=(modified, modified))
    time.sleep(1.5e-9 * FINE_NS)
    return times


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    for name in ("edited.py", "linked.py", "mode.py", "kept.py"):
        (root / name).write_text(f"name = {name!r}\n")
    return root


def test_an_edit_that_puts_size_and_time_back_is_seen(tree: Path) -> None:
    times = settled(tree)
    with leindex.open(tree, refresh="never") as index:
        assert index.update().read == 4
        (tree / "edited.py").write_text("name = 'EDITED.PY'\n")
        os.utime(tree / "edited.py", ns=(times[tree / "edited.py"],) * 2)
        result = index.update()
        assert (result.changed, result.documents, result.unchanged) == (1, 1, 3)
        assert index.read("edited.py") == b"name = 'EDITED.PY'\n"


def test_what_only_touches_the_status_costs_a_read_and_no_more(tree: Path, tmp_path: Path) -> None:
    settled(tree)
    with leindex.open(tree, refresh="never") as index:
        index.update()
        os.link(tree / "linked.py", tmp_path / "another name")
        (tree / "mode.py").chmod(0o755)
        time.sleep(1.5e-9 * FINE_NS)
        result = index.update()
        assert (result.read, result.changed, result.documents, result.unchanged) == (2, 2, 0, 2)
        assert index.update().read == 0
        moved = tree.rename(tmp_path / "moved")
    with leindex.open(moved, refresh="never") as index:
        assert index.update().read == 0


def test_a_file_that_may_be_read_again_is_read(tree: Path, tmp_path: Path) -> None:
    def check() -> None:
        os.environ["LEINDEX_HOME"] = str(tmp_path / "shared" / "indexes")
        with leindex.open(tree, refresh="never") as index:
            (tree / "mode.py").chmod(0)
            assert index.update().skipped == {"unreadable": 1}
            time.sleep(1.5e-9 * FINE_NS)
            assert index.update().skipped == {"unreadable": 1}
            (tree / "mode.py").chmod(0o644)
            assert index.update().skipped == {}

    settled(tree)
    (tmp_path / "shared").mkdir()
    for path in (tree, *tree.iterdir(), tmp_path / "shared"):
        os.chown(path, NOBODY, NOBODY) if os.geteuid() == 0 else None
    as_nobody(tmp_path / "shared", check)


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_an_index_of_the_second_format_is_brought_up_to_date(tree: Path, engine: str) -> None:
    pytest.importorskip("duckdb")
    settled(tree)
    with leindex.open(tree, refresh="never", engine=engine) as index:
        index.update()
        good = index.grep("name").files
        database = index.location.database
    old = make_old(database, 2)
    old.execute("ALTER TABLE files DROP COLUMN ctime_ns")
    if engine == "sqlite":
        old.execute("UPDATE kv_store SET value_type = 'bytes', value = substr(value, 1, length(value) - 4)")
    old.close()
    with leindex.open(tree, refresh="never") as index:
        with pytest.raises(StoreVersionError, match="to bring it up to date, run: leindex index"):
            index.search("name")
        result = index.update()
        assert (result.read, result.documents) == (4, 0)
        assert index.update().read == 0
    with leindex.open(tree, refresh="never") as index:
        assert index.grep("name").files == good and len(good) == 4
        assert index.check() == []


def test_what_a_notice_concerns() -> None:
    assert scope_of(b"a/b.c") == b"a/b.c"
    assert scope_of(b"a/.gitignore") == b"a"
    assert scope_of(b".ignore") == b""
    assert scope_of(b"a/.git") == b"a"
    assert scope_of(b"a/.git/info/exclude") == b"a"
    assert scope_of(b"a/.git/index.lock") is None


NAMES = ["a", "b", "c.c", "d.py", "e.o", ".h", "f.txt", "g-h", "g"]
RULES = [".gitignore", ".ignore", ".leindexignore", ".rgignore"]
LINES = ["*.o", "/a", "b/", "!e.o", "c.*", "g*/d.py", "**/f.txt", "!a", "a/b"]


def one_change(root: Path, pick: random.Random) -> list[Path]:
    """Does something to the tree; returns the paths that a watcher would be told of."""
    folder = root.joinpath(*(pick.choice(NAMES) for _ in range(pick.randrange(3))))
    if folder.is_file() or any(parent.is_file() for parent in folder.parents):
        return []
    fresh = [parent for parent in (folder, *folder.parents) if not parent.exists()][-1:]
    path = folder / pick.choice(NAMES)
    deed = pick.randrange(7)
    if deed < 3:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.is_dir():
            path.write_text(f"text {pick.randrange(20)}\n" * pick.randrange(4))
    elif deed == 3:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / pick.choice(RULES)
        path.write_text("".join(f"{pick.choice(LINES)}\n" for _ in range(pick.randrange(4))))
    elif deed == 4 and path.exists():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    elif deed == 5 and path.exists():
        target = root / pick.choice(NAMES)
        if not target.exists() and not target.is_relative_to(path):
            path.rename(target)
            return [path, target]
    elif deed == 6 and not path.exists() and folder.is_dir():
        path = folder / ".git"
        if path.exists():
            shutil.rmtree(path)
        else:
            (path / "info").mkdir(parents=True)
            (path / "info" / "exclude").write_text(pick.choice(LINES) + "\n")
    return [*fresh, path]


OPTIONS = [DiscoverOptions(), DiscoverOptions(hidden=True), DiscoverOptions(globs=("!*.txt", "*.?", "a")),
           DiscoverOptions(no_ignore=True)]  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_paths_are_found_as_a_full_walk_finds_them(tmp_path: Path, seed: int) -> None:
    root, pick = tmp_path / "tree", random.Random(seed)
    root.mkdir()
    options = OPTIONS[seed % len(OPTIONS)]
    known: dict[bytes, Found] = {}
    for _ in range(120):
        changed = [os.fsencode(path.relative_to(root)) for path in one_change(root, pick)]
        looked = discover_paths(os.fsencode(root), changed, options)
        for scope in looked.scopes:
            for path in list(known):
                if not scope or path == scope or path.startswith(scope + b"/"):
                    del known[path]
        known |= {seen.path: seen for seen in looked}
        assert sorted(known) == sorted(seen.path for seen in discover(root, options))


def rows(index: Index) -> dict[bytes, tuple[str, str, str, str]]:
    return {row.path: (row.doc_id, row.language, row.kind, row.skipped) for row in index.catalog.files()}


@pytest.mark.parametrize("seed", range(3))
def test_updates_of_paths_end_where_a_full_one_does(tmp_path: Path, seed: int) -> None:
    root, pick = tmp_path / "tree", random.Random(seed)
    root.mkdir()
    (root / "first.py").write_text("def first(): pass\n")
    with leindex.open(root, refresh="never") as index:
        index.update()
        for _ in range(60):
            changed = one_change(root, pick)
            if changed:
                index.update(paths=changed)
        with leindex.open(root, index=tmp_path / "other") as fresh:
            fresh.update()
            assert rows(index) == rows(fresh)
            assert index.catalog.totals() == fresh.catalog.totals()
        assert index.catalog.pending() == 0
        for row in index.catalog.files():
            if row.number:
                assert index.store.doc_ids([row.number]) == [row.doc_id]
        result = index.update()
        assert (result.added, result.removed, result.documents) == (0, 0, 0)


def test_paths_outside_of_the_root_are_refused(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    with leindex.open(tmp_path / "tree") as index:
        index.update()
        for path in ("../other", tmp_path / "other", "a/../../b"):
            with pytest.raises(ConfigError):
                index.update(paths=[path])
