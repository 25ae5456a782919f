"""Views of commits: made, moved, removed; asked alone and together; and what becomes of git's accidents."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import leindex
from leindex.errors import ConfigError, QueryError
from leindex.index import Index
from leindex.indexing.pipeline import UpdateOptions
from leindex.indexing.walk.discover import DiscoverOptions
from leindex.questions import SearchQuestion, Where
from leindex.tree.kept_views import PASSING
from leindex.tree.wanted import Wanted
from tests.support.repository import Repository

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
    pytest.mark.usefixtures("own_home"),
]

Made = Callable[[Repository], Index]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.made(tmp_path / "tree")


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[Made]:
    with ExitStack() as stack:

        def make(repository: Repository, **options: str) -> Index:
            index = stack.enter_context(leindex.open(repository.folder, refresh="always", **options))
            index.update()
            return index

        yield make


def branch(name: str) -> Where:
    return Where(branches=(name,))


def rev(name: str) -> Where:
    return Where(revs=(name,))


def found(index: Index, where: Where, pattern: str) -> list[str]:
    with index.at(where):
        return [file.path for file in index.grep(pattern, lines=False).files]


def names(index: Index) -> list[str]:
    return [view.name for view in index.views.stored()]


def test_a_branch_is_asked_without_a_checkout(repository: Repository, indexed: Made) -> None:
    repository.commit({"a.py": "def first(): pass\n", "b/c.py": "shared = 1\n"})
    repository.git("checkout", "-q", "-b", "other")
    repository.commit({"a.py": "def second(): pass\n", "d.py": "only = 2\n"})
    repository.git("checkout", "-q", "main")
    index = indexed(repository)
    (shown,) = index.views.add(Wanted(branches=("other",)))
    assert (shown.files, shown.written.documents) == (3, 2)  # what both have is not read again
    assert found(index, Where(), "def|shared|only") == ["a.py", "b/c.py"]
    assert found(index, branch("other"), "def|shared|only") == ["a.py", "b/c.py", "d.py"]
    assert found(index, Where(), "second") == []
    with index.at(branch("other")):
        assert index.read("a.py") == b"def second(): pass\n"
        assert [hit.name for hit in index.symbols("second").definitions] == ["second"]
        assert [hit.name for hit in index.outline("a.py")] == ["second"]
        assert list(index.paths()) == ["a.py", "b/c.py", "d.py"]
        assert index.find_files("d")[0] == ["d.py"]
        assert index.grep("only").completeness.eligible == 3
        with pytest.raises(ConfigError, match=r"x\.py: is not in the index of"):
            index.read("x.py")
    assert index.symbols("second").definitions == ()


def test_an_answer_of_the_tree_knows_nothing_of_views(repository: Repository, indexed: Made) -> None:
    for number in range(60):
        repository.commit({"retry.py": f"def retry():\n    return {number}  # delay\n", "b.py": "delay = 1\n"})
        repository.git("tag", f"v{number:02d}")
    index = indexed(repository)
    before = index.search("delay"), index.grep("delay"), index.symbols("retry"), index.status()["files"]
    index.views.add(Wanted(tags=("v*",)))
    after = index.search("delay"), index.grep("delay"), index.symbols("retry"), index.status()["files"]
    assert [(hit.path, hit.score) for hit in before[0].hits] == [(hit.path, hit.score) for hit in after[0].hits]
    assert sorted(hit.path for hit in after[0].hits) == ["b.py", "retry.py"]
    assert before[1].files == after[1].files
    assert before[2].definitions == after[2].definitions
    assert before[3] == after[3] == 2
    assert index.search("delay", plain=True).hits[0].views == ()
    assert index.check() == []


def test_one_hit_a_content_names_its_views(repository: Repository, indexed: Made) -> None:
    repository.commit({"a.py": "retry = 1\n"})
    repository.git("tag", "v1")
    repository.commit({"b.py": "other = 1\n"})
    repository.git("tag", "v2")
    repository.commit({"a.py": "retry = 3\n", "copy.py": "retry = 3\n"})
    repository.git("tag", "v3")
    index = indexed(repository)
    index.views.add(Wanted(tags=("v*",)))
    answer = index.search("retry branch:*")
    assert sorted((hit.path, hit.views, hit.also) for hit in answer.hits) == [
        ("a.py", ("v1", "v2"), ()),
        ("a.py", ("v3",), ("copy.py",)),
    ]
    with index.at(branch("v*")):
        files = index.grep("retry").files
        assert sorted((file.path, file.views) for file in files) == [
            ("a.py", ("v1", "v2")),
            ("a.py", ("v3",)),
            ("copy.py", ("v3",)),
        ]
        assert [(hit.path, hit.views) for hit in index.search("a type:file").hits] == [("a.py", ("v1", "v2", "v3"))]
    assert [hit.views for hit in index.search("retry rev:v1").hits] == [("v1",)]
    assert [hit.views for hit in index.search("retry branch:v* -branch:v3").hits] == [("v1", "v2")]
    assert {hit.views for hit in index.search("retry (branch:v1 OR branch:v3)").hits} == {("v1",), ("v3",)}
    assert index.search("retry branch:v1 branch:v3").hits == ()
    assert [hit.path for hit in index.search("retry -branch:v1").hits] == ["a.py"]
    assert index.read("a.py", "v1") == b"retry = 1\n"


def test_cursors_go_through_the_hits_of_views(repository: Repository, indexed: Made) -> None:
    for number in range(9):
        repository.commit({"a.py": f"retry = {number}\n"})
        repository.git("tag", f"v{number}")
    index = indexed(repository)
    index.views.add(Wanted(tags=("v*",)))
    seen: list[tuple[str, ...]] = []
    cursor = None
    while True:
        answer = index.search(SearchQuestion("retry branch:*", limit=2, cursor=cursor))
        seen += [hit.views for hit in answer.hits]
        cursor = answer.cursor
        if cursor is None:
            break
    assert sorted(seen) == [(f"v{number}",) for number in range(9)]


def test_more_views_than_one_part_holds(repository: Repository, indexed: Made) -> None:
    for number in range(130):
        repository.commit({"a.txt": f"line {number // 2}\n", "same.txt": "same line\n"})
        repository.git("tag", f"t{number:03d}")
    index = indexed(repository)
    index.views.add(Wanted(tags=("t*",)))
    assert len(names(index)) == 130
    with index.at(branch("t*")):
        files = index.grep("line").files
    assert [file.path for file in files] == ["a.txt"] * 65 + ["same.txt"]
    assert len(files[-1].views) == 130
    assert sorted(files[40].views) in [[f"t{number:03d}", f"t{number + 1:03d}"] for number in range(0, 130, 2)]
    for number in (0, 61, 62, 129):
        with index.at(rev(f"t{number:03d}")):
            assert [file.lines[0].text for file in index.grep("line [0-9]").files] == [f"line {number // 2}"]
    index.views.remove(["t0*"])
    assert names(index) == [f"t{number:03d}" for number in range(100, 130)]
    assert index.check() == []


def test_an_update_moves_a_branch_along(repository: Repository, indexed: Made) -> None:
    repository.commit({"a.py": "one = 1\n", "b.py": "two = 2\n"})
    repository.git("branch", "dev")
    index = indexed(repository)
    index.views.add(Wanted(branches=("dev",)))
    repository.git("checkout", "-q", "dev")
    repository.commit({"a.py": None, "b.py": "two = 22\n", "n/new.py": "three = 3\n"})
    repository.git("checkout", "-q", "main")
    assert found(index, branch("dev"), "= [0-9]") == ["b.py", "n/new.py"]  # asking is enough
    repository.git("checkout", "-q", "dev")
    repository.commit({"n/new.py": "three = 33\n"})
    repository.git("checkout", "-q", "main")
    (moved,) = index.views.follow()
    assert (moved.listed, moved.files, moved.written.documents) == (False, 1, 1)
    with index.at(branch("dev")):
        assert index.read("n/new.py") == b"three = 33\n"
        assert index.grep("three").completeness.eligible == 2
    assert index.views.follow() == []
    assert index.check() == []


def test_new_ignore_rules_make_the_list_anew(repository: Repository, indexed: Made) -> None:
    repository.commit({"a.log": "line\n", "src/b.py": "line\n", "src/c.log": "line\n"})
    index = indexed(repository)
    index.views.add(Wanted(branches=("main",)))
    repository.commit({"src/.gitignore": "*.log\n"})
    assert found(index, branch("main"), "line") == ["a.log", "src/b.py"]
    # A new file is let in by the rules of its folders, without a look at all the others.
    repository.commit({"src/deep/d.log": "line\n", "src/deep/d.py": "line\n", "d.log": "line\n", ".hidden": "line\n"})
    (moved,) = index.views.follow()
    assert not moved.listed
    assert found(index, branch("main"), "line") == ["a.log", "d.log", "src/b.py", "src/deep/d.py"]


def test_settings_are_followed_to_new_and_deleted_branches(repository: Repository, indexed: Made) -> None:
    repository.commit({"a.py": "one = 1\n"})
    for name in ("release/1", "release/2", "topic"):
        repository.git("branch", name)
    index = indexed(repository)
    index.views.add(Wanted(branches=("release/*",)))
    assert names(index) == ["release/1", "release/2"]
    repository.git("branch", "release/3")
    repository.git("branch", "-D", "release/1")
    index.update()
    assert names(index) == ["release/2", "release/3"]
    assert [view.name for view in index.views.remove(["release/2", "release/*"])] == ["release/2", "release/3"]
    index.update()
    assert names(index) == []
    with pytest.raises(ConfigError, match="is the name of no view"):
        index.views.remove(["release/2"])
    with pytest.raises(ConfigError, match="nothing/: is no branch"):
        index.views.add(Wanted(branches=("nothing/",)))


def test_what_only_a_removed_view_had_is_collected(repository: Repository, indexed: Made) -> None:
    repository.commit({"a.py": "kept = 1\n", "b.py": "gone = 1\n"})
    repository.git("tag", "old")
    repository.commit({"b.py": None})
    index = indexed(repository)
    index.views.add(Wanted(tags=("old",)))
    assert index.store.count() == 2
    index.views.remove(["old"])
    index.update(UpdateOptions(keep_days=0, keep_contents=0))
    index.compact()
    assert index.store.count() == 1
    # And what the tree loses is kept while a view has it.
    index.views.add(Wanted(branches=("main",)))
    repository.write({"a.py": "changed = 1\n"})
    index.update(UpdateOptions(keep_days=0, keep_contents=0))
    index.compact()
    assert found(index, branch("main"), "kept") == ["a.py"]


def test_a_revision_that_is_asked_for_is_a_view_for_the_time_being(repository: Repository, indexed: Made) -> None:
    commits = [repository.commit({"a.py": f"number = {number}\n"}) for number in range(PASSING + 4)]
    index = indexed(repository)
    for commit in commits:
        with index.at(rev(commit)):
            assert len(index.grep("number").files) == 1
    assert len(names(index)) == PASSING
    assert found(index, rev("HEAD~2"), f"number = {PASSING + 1}") == ["a.py"]
    with pytest.raises(QueryError, match="is no commit of"), index.at(rev("nothing")):
        index.grep("x")
    index.refresh = "never"
    with pytest.raises(QueryError, match="no view fits rev:HEAD~15") as caught, index.at(rev("HEAD~15")):
        index.grep("x")
    assert "leindex index --rev" in caught.value.advice


# -- kinds of repositories ---------------------------------------------------------------------------------------


def test_a_bare_repository_is_its_heads_branch(repository: Repository, tmp_path: Path, indexed: Made) -> None:
    repository.commit({"a.py": "one = 1\n", ".gitignore": "*.log\n", "b.log": "one\n"})
    bare = Repository(tmp_path / "bare.git")
    repository.git("clone", "-q", "--bare", ".", os.fspath(bare.folder))
    index = indexed(bare)
    assert [hit.path for hit in index.search("one").hits] == ["a.py"]
    assert [file.path for file in index.grep("one").files] == ["a.py"]
    assert index.read("a.py") == b"one = 1\n"
    repository.git("remote", "add", "there", os.fspath(bare.folder))
    repository.commit({"c.py": "one = 3\n"})
    repository.git("push", "-q", "there", "main")
    index.update()
    assert [file.path for file in index.grep("one").files] == ["a.py", "c.py"]


def test_a_folder_of_a_repository_has_views_of_its_own(repository: Repository, indexed: Made) -> None:
    repository.commit({"x.txt": "line\n", "sub/a.txt": "line\n", "sub/b.tmp": "line\n", ".gitignore": "/sub/*.tmp\n"})
    repository.git("tag", "v1")
    repository.commit({"sub/a.txt": "other\n", "sub/c/d.txt": "line\n", "sub/c/e.tmp": "line\n"})
    index = indexed(Repository(repository.folder / "sub"))
    assert found(index, rev("v1"), "line") == ["a.txt"]
    assert found(index, branch("main"), "line|other") == ["a.txt", "c/d.txt", "c/e.tmp"]
    repository.commit({"sub/new.txt": "line\n", "sub/new.tmp": "line\n", "top.txt": "line\n"})
    assert found(index, branch("main"), "line|other") == ["a.txt", "c/d.txt", "c/e.tmp", "new.txt"]


def test_a_linked_work_tree_sees_the_branches_of_all(repository: Repository, tmp_path: Path, indexed: Made) -> None:
    repository.commit({"a.py": "one = 1\n"})
    repository.git("worktree", "add", "-q", "-b", "linked", os.fspath(tmp_path / "linked"))
    linked = Repository(tmp_path / "linked")
    linked.commit({"b.py": "two = 2\n"})
    assert found(indexed(repository), branch("linked"), "two") == ["b.py"]
    assert found(indexed(linked), branch("main"), "one|two") == ["a.py"]


def test_submodules_have_their_files_where_they_are_here(repository: Repository, tmp_path: Path, indexed: Made) -> None:
    module = Repository.made(tmp_path / "module")
    module.commit({"m.py": "inner = 1\n", "skip.log": "inner\n", ".gitignore": "*.log\n"})
    repository.commit({"a.py": "outer = 1\n"})
    repository.git("submodule", "add", "-q", os.fspath(module.folder), "lib/mod")
    repository.commit({})
    index = indexed(repository)
    assert found(index, branch("main"), "inner|outer") == ["a.py", "lib/mod/m.py"]
    clone = Repository(tmp_path / "clone")
    repository.git("clone", "-q", ".", os.fspath(clone.folder))
    without = indexed(clone)
    assert found(without, branch("main"), "inner|outer") == ["a.py"]
    with without.at(branch("main")):
        assert any("submodule lib/mod" in note for note in without.grep("outer").completeness.notes)


def test_a_shallow_clone_says_what_it_may_lack(repository: Repository, tmp_path: Path, indexed: Made) -> None:
    repository.commit({"a.py": "one = 1\n"})
    repository.commit({"a.py": "one = 2\n"})
    clone = Repository(tmp_path / "clone")
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.folder}", os.fspath(clone.folder))
    index = indexed(clone)
    assert found(index, rev("HEAD"), "one") == ["a.py"]
    with pytest.raises(QueryError, match="the clone is shallow and may lack it"), index.at(rev("HEAD~1")):
        index.grep("one")


def test_a_partial_clone_fetches_nothing(repository: Repository, tmp_path: Path, indexed: Made) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.commit({"a.py": "one = 1\n"})
    repository.git("tag", "v1")
    repository.commit({"a.py": "one = 2\n"})
    clone = Repository(tmp_path / "clone")
    repository.git("clone", "-q", "--filter=blob:none", f"file://{repository.folder}", os.fspath(clone.folder))
    index = indexed(clone)
    with index.at(rev("v1")):
        answer = index.grep("one")
    assert answer.files == () and not answer.completeness.complete
    assert answer.completeness.skipped["unreadable"] == 1
    assert any("could not be read from git" in note for note in answer.completeness.notes)
    assert clone.git("cat-file", "-p", "v1:a.py") == "one = 1"  # git fetches, which we did not
    index.views.remove(["*"])
    assert found(index, rev("v1"), "one") == ["a.py"]


def test_no_repository_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "a.py").write_text("one = 1\n")
    with leindex.open(tmp_path / "plain", refresh="always") as index:
        index.update()
        with pytest.raises(ConfigError, match="views are of git's commits"):
            index.views.add(Wanted(branches=("main",)))
        assert [file.path for file in index.grep("one").files] == ["a.py"]


def test_ids_in_sha256_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    done = subprocess.run(["git", "init", "-q", "--object-format=sha256", "."], cwd=folder, check=False)
    if done.returncode:
        pytest.skip("this git has no repositories with SHA-256")
    with leindex.open(folder, refresh="always") as index:
        index.update()
        with pytest.raises(ConfigError, match="views need sha1"):
            index.views.add(Wanted(branches=("main",)))


# -- accidents ---------------------------------------------------------------------------------------------------


def test_a_rewritten_branch_and_a_prune_lose_nothing(repository: Repository, indexed: Made) -> None:
    repository.commit({"a.py": "one = 1\n"})
    repository.git("branch", "dev")
    repository.git("checkout", "-q", "dev")
    before = repository.commit({"b.py": "lost = 1\n"})
    index = indexed(repository)
    index.views.add(Wanted(branches=("dev",), revs=((before, ""),)))
    repository.git("reset", "-q", "--hard", "main")
    repository.commit({"c.py": "rewritten = 1\n"})
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "-q", "--prune=now")
    with pytest.raises(AssertionError):
        repository.git("cat-file", "-e", before)
    assert found(index, branch("dev"), "lost|rewritten") == ["c.py"]
    index.update()
    # git has lost the commit, and the view of it has not.
    assert found(index, rev(before), "lost|rewritten") == ["b.py"]
    assert found(index, rev(before[:12]), "lost") == ["b.py"]
    assert index.check() == []


def test_a_rebase_moves_the_view(repository: Repository, indexed: Made) -> None:
    repository.commit({"a.py": "one = 1\n"})
    repository.git("checkout", "-q", "-b", "topic")
    repository.commit({"t.py": "topic = 1\n"})
    repository.git("checkout", "-q", "main")
    repository.commit({"m.py": "main = 1\n"})
    index = indexed(repository)
    index.views.add(Wanted(branches=("topic",)))
    assert found(index, branch("topic"), "= 1") == ["a.py", "t.py"]
    repository.git("rebase", "-q", "main", "topic")
    assert found(index, branch("topic"), "= 1") == ["a.py", "m.py", "t.py"]


def _loose(repository: Repository, name: str) -> Path:
    blob = repository.git("rev-parse", name)
    return repository.folder / ".git" / "objects" / blob[:2] / blob[2:]


@pytest.mark.parametrize("accident", ["missing", "empty", "garbage", "another"])
def test_a_damaged_object_is_named_and_the_rest_is_found(repository: Repository, indexed: Made, accident: str) -> None:
    repository.commit({f"f{number:02d}.py": f"line {number}\n" for number in range(30)})
    repository.git("tag", "v1")
    repository.commit({f"f{number:02d}.py": f"other {number}\n" for number in range(30)})
    index = indexed(repository)
    bad = _loose(repository, "v1:f07.py")
    whole = bad.read_bytes()
    bad.chmod(0o600)
    if accident == "missing":
        bad.unlink()
    elif accident == "empty":
        bad.write_bytes(b"")
    elif accident == "garbage":
        bad.write_bytes(random.Random(1).randbytes(100))
    else:
        bad.write_bytes(_loose(repository, "v1:f08.py").read_bytes())
    (shown,) = index.views.add(Wanted(tags=("v1",)))
    assert any("could not be read from git" in note for note in shown.view.notes)
    with index.at(branch("v1")):
        answer = index.grep("line")
    assert [file.path for file in answer.files] == [f"f{n:02d}.py" for n in range(30) if n != 7]
    assert not answer.completeness.complete
    assert answer.completeness.skipped["unreadable"] == 1
    bad.unlink(missing_ok=True)
    bad.write_bytes(whole)
    index.update()
    with index.at(branch("v1")):
        answer = index.grep("line")
    assert len(answer.files) == 30 and answer.completeness.complete


def test_a_missing_tree_is_an_error_and_the_view_stays(repository: Repository, indexed: Made) -> None:
    repository.commit({"sub/a.py": "one = 1\n"})
    index = indexed(repository)
    index.views.add(Wanted(branches=("main",)))
    repository.commit({"sub/a.py": "two = 2\n"})
    tree = _loose(repository, "HEAD:sub")
    tree.unlink()
    result = index.update()
    assert any("views were not brought up to date" in note for note in result.notes)
    index.refresh = "never"
    assert found(index, branch("main"), "one|two") == ["sub/a.py"]


def test_what_is_no_text_or_too_large(repository: Repository, tmp_path: Path) -> None:
    repository.commit(
        {
            "bin.dat": b"\0\1\2line\n",
            "large.txt": "filler\n" * 20_000 + "needle in the large\n",
            "small.txt": "needle\n",
            "utf16.txt": b"\xff\xfe" + "needle\n".encode("utf-16-le"),
            "pointer.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        }
    )
    (repository.folder / "link").symlink_to("small.txt")
    repository.commit({})
    repository.git("tag", "v1")
    repository.commit({"large.txt": "gone\n", "bin.dat": b"text\n", "small.txt": "gone\n"})
    with leindex.open(repository.folder, refresh="always") as index:
        index.update(UpdateOptions(discover=DiscoverOptions(max_size=100_000)))
        index.views.add(Wanted(tags=("v1",)))
        assert found(index, branch("v1"), "needle") == ["large.txt", "small.txt", "utf16.txt"]
        with index.at(branch("v1")):
            answer = index.grep("needle")
            assert answer.completeness.skipped == {"binary": 1, "too large": 1}
            assert answer.completeness.complete
            kinds = {row.name: row.kind for row in index.listed.files()}
        assert kinds["pointer.bin"] == "lfs pointer"
        assert index.views.add(Wanted(tags=("v1",))) == []


@pytest.mark.parametrize("engine", ["tantivy", "duckdb"])
def test_other_engines_have_views_too(repository: Repository, engine: str) -> None:
    pytest.importorskip(engine)
    repository.commit({"a.py": "def first(): pass\n"})
    repository.git("tag", "v1")
    repository.commit({"a.py": "def second(): pass\n"})
    with leindex.open(repository.folder, engine=engine, refresh="always") as index:
        index.update()
        index.views.add(Wanted(tags=("v1",)))
        assert found(index, branch("v1"), "first|second") == ["a.py"]
        assert [hit.views for hit in index.search("first branch:v1").hits] == [("v1",)]
        assert index.search("first").hits == ()


def test_sql_is_asked_of_views_and_lists_them(repository: Repository, indexed: Made) -> None:
    pytest.importorskip("duckdb")
    from leindex.questions import SqlQuestion
    from leindex.sql.run import run_query

    repository.commit({"a.py": "one = 1\ntwo = 2\n"})
    commit = repository.git("rev-parse", "HEAD")
    blob = repository.git("rev-parse", "HEAD:a.py")
    repository.git("tag", "v1")
    repository.commit({"a.py": "def second(): pass\n", "b.py": "three = 3\n"})
    index = indexed(repository)
    index.views.add(Wanted(tags=("v1",)))

    def rows(where: Where, text: str) -> list[tuple[object, ...]]:
        with (
            index.at(where),
            index.fresh_view() as view,
            run_query(view, SqlQuestion(text, index.location.folder)) as answer,
        ):
            return list(answer.rows)

    listed = "SELECT path, lines, doc_id FROM files ORDER BY path"
    assert rows(branch("v1"), listed) == [("a.py", 2, blob)]
    assert [row[:2] for row in rows(Where(), listed)] == [("a.py", 1), ("b.py", 1)]
    assert rows(branch("v1"), "SELECT content FROM contents") == [("one = 1\ntwo = 2\n",)]
    assert rows(Where(), "SELECT kind, name, commit_id, files, bytes FROM views") == [("tag", "v1", commit, 1, 16)]


def test_a_migration_takes_the_views_along(repository: Repository) -> None:
    pytest.importorskip("tantivy")
    from leindex.cli.main import main

    repository.commit({"a.py": "def first(): pass\n", "z.py": "same = 1\n"})
    repository.git("tag", "v1")
    repository.commit({"a.py": "def second(): pass\n", "b.bin": b"\0"})
    repository.git("tag", "v2")
    with leindex.open(repository.folder, refresh="always") as index:
        index.update()
        index.views.add(Wanted(tags=("v1", "v2")))
    for engine in ("tantivy", "sqlite"):
        assert main(["migrate", "--to", engine, os.fspath(repository.folder)]) == 0
        with leindex.open(repository.folder, refresh="always") as index:
            assert index.store.name == engine
            assert found(index, branch("v1"), "first|second|same") == ["a.py", "z.py"]
            assert [hit.views for hit in index.search("first branch:*").hits] == [("v1",)]
            assert [hit.views for hit in index.search("same branch:*").hits] == [("v1", "v2")]
            assert index.check() == []


def test_an_index_without_the_tables_of_views_is_read_and_brought_up_to_date(
    repository: Repository, indexed: Made
) -> None:
    repository.commit({"a.py": "one = 1\n"})
    index = indexed(repository)
    with index.catalog.database.transaction() as connection:
        for table in ("views", "view_files", "view_facts", "view_skipped", "view_totals"):
            connection.execute(f"DROP TABLE {table}")
    index.close()
    with leindex.open(repository.folder, refresh="never") as old:
        assert [hit.path for hit in old.search("one").hits] == ["a.py"]
        assert old.views.stored() == []
        with pytest.raises(QueryError, match="no view fits"), old.at(branch("main")):
            old.grep("one")
    index.views.add(Wanted(branches=("main",)))
    assert found(index, branch("main"), "one") == ["a.py"]
