"""git's index as read here, against git itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from leindex.indexing.gitindex import GitIndex, git_index
from leindex.indexing.read import blob_id
from leindex.indexing.walk.discover import DiscoverOptions, discover

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

FILES = {
    "a.c": "int a;\n",
    "b.txt": "text\n",
    "sub/c.c": "int c;\n",
    "sub/deep/d.py": "d = 1\n",
    "empty": "",
    "x y\n": "z\n",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_CONFIG_HOME", "GIT_DIR", "GIT_CONFIG_GLOBAL"):
        monkeypatch.delenv(name, raising=False)
    return folder


def git(folder: Path, *args: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *identity, *args], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q")
    for name, content in FILES.items():
        write(folder / name, content)
    add(folder)
    return folder


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def age(folder: Path) -> None:
    """Makes every file a day old, so that no entry is racy."""
    for path in folder.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            os.utime(path, ns=(0, os.stat(path).st_mtime_ns - 86_400_000_000_000))


def add(folder: Path) -> None:
    age(folder)
    git(folder, "add", "-A")


def known(folder: Path) -> dict[bytes, str]:
    """What the index vouches for; each answer is compared with the content."""
    index = git_index(str(folder))
    assert index is not None
    ids = {
        found.path: index.blob_id(found)
        for found in discover(str(folder), DiscoverOptions(hidden=True, no_ignore=True))
    }
    for path, name in ids.items():
        assert name in (None, blob_id((folder / os.fsdecode(path)).read_bytes()))
    return {path: name for path, name in ids.items() if name}


def staged(folder: Path) -> dict[bytes, str]:
    lines = git(folder, "ls-files", "--stage", "-z").split("\0")[:-1]
    return {os.fsencode(line.split("\t", 1)[1]): line.split()[1] for line in lines}


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_every_version(repo: Path, version: str) -> None:
    git(repo, "update-index", "--index-version", version)
    assert known(repo) == staged(repo)
    assert len(known(repo)) == len(FILES)


@pytest.mark.parametrize("version", ["2", "4"])
def test_long_and_many_paths(repo: Path, version: str) -> None:
    long = "/".join(["n" * 200] * 21)
    lines = [f"100644 {'1' * 40}\t{path}\n" for path in [long, *(f"dir{n % 7}/file{n}" for n in range(500))]]
    subprocess.run(["git", "update-index", "--index-info"], cwd=repo, input="".join(lines), text=True, check=True)
    git(repo, "update-index", "--force-write-index", "--index-version", version)
    index = git_index(str(repo))
    assert index is not None and len(index) == len(FILES) + 501
    assert known(repo).keys() == {name.encode() for name in FILES}


def test_a_folder_inside_and_a_root_outside(repo: Path, tmp_path: Path) -> None:
    assert known(repo / "sub") == {b"c.c": blob_id(b"int c;\n"), b"deep/d.py": blob_id(b"d = 1\n")}
    assert git_index(str(tmp_path)) is None


def test_changed_and_racy_files_are_not_vouched_for(repo: Path) -> None:
    write(repo / "a.c", "int b;\n")
    age(repo)
    git(repo, "update-index", "--refresh", "-q", "b.txt")
    assert b"a.c" not in known(repo)
    write(repo / "new", "racy\n")
    git(repo, "add", "new")
    moment = os.stat(repo / "new").st_mtime_ns
    os.utime(repo / ".git" / "index", ns=(moment, moment))
    assert b"new" not in known(repo)


def test_same_size_and_time_but_another_inode(repo: Path) -> None:
    stat = os.stat(repo / "a.c")
    (repo / "other").write_text("int z;\n")
    os.utime(repo / "other", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    os.replace(repo / "other", repo / "a.c")
    assert b"a.c" not in known(repo)


def test_touched_back_is_seen_by_ctime(repo: Path) -> None:
    stat = os.stat(repo / "a.c")
    with (repo / "a.c").open("r+b") as file:
        file.write(b"int q;\n")
    os.utime(repo / "a.c", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert b"a.c" not in known(repo)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_flagged_entries(repo: Path, flag: str) -> None:
    git(repo, "update-index", flag, "a.c")
    assert known(repo).keys() == {name.encode() for name in FILES if name != "a.c"}


def test_intent_to_add_and_conflicts(repo: Path) -> None:
    write(repo / "later", "")
    age(repo)
    git(repo, "add", "-A")
    git(repo, "rm", "--cached", "-q", "later")
    git(repo, "add", "-N", "later")
    entry = f"0 {'0' * 40}\ta.c\n" + "".join(f"100644 {blob_id(b'int a;' + b'x' * n)} {n}\ta.c\n" for n in (1, 2, 3))
    subprocess.run(["git", "update-index", "--index-info"], cwd=repo, input=entry, text=True, check=True)
    assert known(repo).keys().isdisjoint({b"later", b"a.c"})


def test_split_sha256_and_damaged_indexes(repo: Path, tmp_path: Path) -> None:
    index = repo / ".git" / "index"
    whole = index.read_bytes()
    for damaged in (
        b"",
        whole[:-1],
        whole[:100] + b"\xff" + whole[101:],
        b"DIRC\0\0\0\x09" + whole[8:],
        whole[:12],
        whole[:-20] + bytes(20),
    ):
        index.write_bytes(damaged)
        found = git_index(str(repo))
        assert (found is not None) == damaged.endswith(bytes(20))
    index.write_bytes(whole[:-20][: len(whole) // 2] + bytes(20))
    assert git_index(str(repo)) is None
    index.write_bytes(whole)
    git(repo, "update-index", "--split-index")
    assert git_index(str(repo)) is None
    other = tmp_path / "sha256"
    other.mkdir()
    git(other, "init", "-q", "--object-format=sha256")
    write(other / "a", "a")
    add(other)
    assert git_index(str(other)) is None


def test_worktrees(repo: Path, tmp_path: Path) -> None:
    git(repo, "commit", "-qm", "first")
    git(repo, "worktree", "add", "-q", str(tmp_path / "tree"))
    age(tmp_path / "tree")
    git(tmp_path / "tree", "update-index", "--refresh")
    assert known(tmp_path / "tree") == staged(tmp_path / "tree")
    git(repo, "config", "core.autocrlf", "input")
    assert known(tmp_path / "tree") == {}


@pytest.mark.parametrize(
    ("attributes", "doubted"),
    [
        ("*.c diff=cpp\n*.txt -text\n# *.py text\n*.py !eol binary\n", set()),
        ("*.c text\n", {b"a.c", b"sub/c.c"}),
        ("/*.c ident\n", {b"a.c"}),
        ("sub/** filter=lfs\n", {b"sub/c.c", b"sub/deep/d.py"}),
        ("[attr]mine eol=lf\n*.py mine\n", {b"sub/deep/d.py"}),
        ("* text=auto\n*.c -text\n", {name.encode() for name in FILES}),
        ("*.{c,h} crlf\n", {name.encode() for name in FILES}),
        ("*.txt working-tree-encoding=UTF-16\n", {b"b.txt"}),
    ],
)
def test_attributes_that_convert(repo: Path, attributes: str, doubted: set[bytes]) -> None:
    everything = {name.encode() for name in FILES}
    for place in (repo / ".gitattributes", repo / ".git" / "info" / "attributes"):
        write(place, attributes)
        assert known(repo).keys() == everything - doubted
        place.unlink()


def test_attributes_in_a_folder_and_deleted_ones(repo: Path) -> None:
    write(repo / "sub" / ".gitattributes", "c.c text\n")
    add(repo)
    assert b"sub/c.c" not in known(repo)
    assert b"sub/deep/d.py" in known(repo)
    (repo / "sub" / ".gitattributes").unlink()
    assert b"sub/deep/d.py" not in known(repo)


def test_conversion_in_the_users_configuration(repo: Path, home: Path) -> None:
    write(home / ".gitconfig", "[user]\n\tname = x ; [core]\n[include]\n\tpath = more\n")
    assert known(repo)
    write(home / "more", "[core]\n\tautoCRLF = true # always\n")
    assert known(repo) == {}
    write(home / "more", '[core]\n\tautocrlf = off\n\tattributesFile = "~/attributes"\n')
    assert known(repo)
    write(home / "attributes", "*.c text\n")
    assert b"a.c" not in known(repo)


def test_checkout_of_another_commit_is_known_at_once(repo: Path) -> None:
    git(repo, "commit", "-qm", "first")
    git(repo, "checkout", "-qb", "other")
    write(repo / "a.c", "int other;\n")
    git(repo, "commit", "-qam", "second")
    git(repo, "checkout", "-q", "master" if "master" in git(repo, "branch") else "main")
    os.utime(repo / ".git" / "index")
    index = git_index(str(repo))
    assert isinstance(index, GitIndex)
    assert known(repo) == staged(repo)
