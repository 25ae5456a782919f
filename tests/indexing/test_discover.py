"""The walk against ripgrep, on the odd tree and on random trees with random rules, and its own promises."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leindex.errors import ConfigError
from leindex.indexing.walk.discover import DiscoverOptions, Discovery, dangerous_root, discover
from tests.indexing import odd_tree

needs_rg = pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed")

SETTINGS = [
    DiscoverOptions(),
    DiscoverOptions(hidden=True),
    DiscoverOptions(no_ignore=True),
    DiscoverOptions(hidden=True, no_ignore=True),
    DiscoverOptions(globs=("*.txt", "!utf*", "b*")),
    DiscoverOptions(globs=("!/a/**", "!.*/")),
    DiscoverOptions(globs=(".*", "a/*"), no_ignore=True),
    DiscoverOptions(globs=("{a,b}.[ct]", "!c/b.c"), hidden=True),
]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("RIPGREP_CONFIG_PATH", raising=False)
    return folder


def listed_by_rg(root: Path, options: DiscoverOptions) -> list[bytes]:
    """What ripgrep lists; our one known difference, that `.git` is never entered, is put to it as a glob."""
    flags = ["--hidden"] * options.hidden + ["--no-ignore"] * options.no_ignore
    flags += [part for glob in options.globs for part in ("-g", glob)]
    run = subprocess.run(["rg", "--files", "-0", "--sort", "path", *flags], cwd=root, capture_output=True, check=False)
    return [path for path in run.stdout.split(b"\0")[:-1] if b".git" not in path.split(b"/")[:-1]]


def listed(root: Path, options: DiscoverOptions | None = None) -> list[bytes]:
    return [found.path for found in discover(str(root), options)]


def write(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@needs_rg
@pytest.mark.parametrize("repository", [False, True])
def test_odd_tree_as_rg_lists_it(odd: Path, repository: bool) -> None:
    if repository:
        (odd / ".git").mkdir()
    for options in SETTINGS:
        assert listed(odd, options) == listed_by_rg(odd, options), options


def test_odd_tree_status_and_counts(odd: Path) -> None:
    (odd / ".git").mkdir()
    walk = discover(odd.as_posix(), DiscoverOptions(hidden=True, no_ignore=True))
    found = {item.path: item for item in walk}
    assert odd_tree.FILES.keys() - {b"unreadable folder/file", b"unsearchable folder/below/file"} <= found.keys()
    for path in (
        b"plain.txt",
        b"bytes \xff\xfe\x80.txt",
        b"new\nline.txt",
        odd_tree.LONG_NAME,
        b"size/one more",
    ):
        stat = os.lstat(os.path.join(os.fsencode(odd), path))
        item = found[path]
        assert tuple(item) == (path, stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_ctime_ns)
        assert item.mode == stat.st_mode
    specials = 3 if os.geteuid() == 0 else 2
    assert walk.skipped == {"git": 1, "symlink": len(odd_tree.LINKS), "special": specials}


NAMES = [
    "a",
    "b",
    "c",
    "ab",
    "abc",
    "a.c",
    "b.c",
    "b.t",
    "a.b.c",
    ".a",
    ".b.c",
    "a ",
    "a~",
    "\u00e9",
    "[a]",
    "a.",
    "A",
]
PIECES = [
    *NAMES, *["*", "**", "?", "/", "/", "**/", "/**", "*.c", ".*", "[ab]", "[!a]", "[^a-c]", "[a-"],
    *["{a,b}", "{a,*.c}", "{,a}", "{a/b,c}", "\\", "\\a", "\\*", "-", "]", "}", "{", ","],
]  # fmt: skip
RULE_FILES = [".gitignore", ".gitignore", ".ignore", ".rgignore"]


def random_rules(rng: random.Random) -> str:
    lines = []
    for _ in range(rng.randint(1, 5)):
        line = "".join(rng.choices(["", "!", "/", "\\!", "#"], [8, 3, 2, 0.2, 0.2]))
        line += "".join(rng.choices(PIECES, k=rng.choice([1, 1, 2, 2, 3, 4])))
        lines.append(line + rng.choice(["", "", "", "/", " ", "\\ ", "\r", "/**"]))
    return "\n".join(lines)


def grow(rng: random.Random, folder: Path, depth: int) -> None:
    for name in rng.sample(NAMES, k=rng.randint(2, 7)):
        if depth and rng.random() < 0.45:
            (folder / name).mkdir()
            grow(rng, folder / name, depth - 1)
        else:
            (folder / name).touch()
    for name in RULE_FILES:
        if rng.random() < 0.2:
            (folder / name).write_text(random_rules(rng))
    if rng.random() < 0.15:
        make_repository(rng, folder)


def make_repository(rng: random.Random, folder: Path) -> None:
    kind = rng.choice(["git", "git", "git", "jj", "worktree"])
    if kind == "jj":
        (folder / ".jj").mkdir()
        return
    git = folder / ".git" if kind == "git" else folder / ".main"
    (git / "info").mkdir(parents=True)
    (git / "info" / "exclude").write_text(random_rules(rng))
    if kind == "worktree":
        (git / "worktrees" / "w").mkdir(parents=True)
        (git / "worktrees" / "w" / "commondir").write_text("../..\n")
        (folder / ".git").write_text(f"gitdir: {git}/worktrees/w\n")


@needs_rg
@pytest.mark.parametrize("seed", range(60))
def test_random_trees_as_rg_lists_them(tmp_path: Path, home: Path, seed: int) -> None:
    rng = random.Random(seed)
    if seed % 3 == 0:
        write(home, {".gitconfig": "[core]\n\tExcludesFile = ~/mine\n", "mine": random_rules(rng)})
    elif seed % 3 == 1:
        write(home, {".config/git/ignore": random_rules(rng)})
    top = tmp_path / "top"
    root = top / "a" / "b" if seed % 2 else top
    top.mkdir()
    grow(rng, top, 3)
    root_parts = root.relative_to(top).parts
    for count in range(1, len(root_parts) + 1):
        folder = top.joinpath(*root_parts[:count])
        if folder.is_file():
            folder.unlink()
        if not folder.exists():
            folder.mkdir()
            grow(rng, folder, 2)
    for options in SETTINGS:
        assert listed(root, options) == listed_by_rg(root, options), options


@needs_rg
def test_leindexignore_is_a_later_rgignore(tmp_path: Path) -> None:
    for seed in range(10):
        ours, theirs = tmp_path / f"ours{seed}", tmp_path / f"theirs{seed}"
        ours.mkdir()
        grow(random.Random(seed), ours, 2)
        shutil.copytree(ours, theirs)
        for folder in [ours, *(path for path in ours.rglob("*") if path.is_dir())]:
            rules = random_rules(random.Random(folder.name))
            (folder / ".leindexignore").write_text(rules)
            with (theirs / folder.relative_to(ours) / ".rgignore").open("a") as file:
                file.write("\n" + rules)
        expected = [path for path in listed_by_rg(theirs, DiscoverOptions()) if not path.endswith(b"ignore")]
        assert [path for path in listed(ours) if not path.endswith(b"ignore")] == expected


def test_precedence(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root, {f"{name}.x": "" for name in ("git", "dot", "rg", "ours")})
    write(
        root,
        {
            ".gitignore": "*.x",
            ".ignore": "!dot.x\n!rg.x",
            ".rgignore": "rg.x\nours.x",
            ".leindexignore": "!ours.x",
        },
    )
    (root / ".git").mkdir()
    assert listed(root) == [b"dot.x", b"ours.x"]
    assert len(listed(root, DiscoverOptions(no_ignore=True))) == 4


def test_gitignore_counts_only_in_a_repository(tmp_path: Path) -> None:
    write(
        tmp_path / "root",
        {".gitignore": "a", "a": "", "inner/.gitignore": "b", "inner/a": "", "inner/b": "", "inner/c": ""},
    )
    root = tmp_path / "root"
    assert listed(root) == [b"a", b"inner/a", b"inner/b", b"inner/c"]
    (root / "inner" / ".git").mkdir()
    assert listed(root) == [b"a", b"inner/a", b"inner/c"]
    (root / ".git").mkdir()
    assert listed(root) == [b"inner/a", b"inner/c"]


def test_rules_that_are_a_fifo_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".ignore")
    (tmp_path / "file").touch()
    assert listed(tmp_path) == [b"file"]


def test_hostile_globs_take_no_time(tmp_path: Path) -> None:
    (tmp_path / ("a" * 250)).touch()
    (tmp_path / ".ignore").write_text(
        "\n".join([*["*a" * n + "[b]" for n in range(1, 14)], "{a,{a,{a,*a*}*}*}*" * 6 + "b"])
    )
    assert len(listed(tmp_path)) == 1


def test_wrong_globs_and_roots(tmp_path: Path) -> None:
    for glob in ("[a", "{a", "a}", "a\\", "[b-a]", "\udcff"):
        with pytest.raises(ConfigError):
            discover(str(tmp_path), DiscoverOptions(globs=(glob,)))
    (tmp_path / "file").touch()
    for name in ("nowhere", "file"):
        with pytest.raises(ConfigError):
            discover(str(tmp_path / name))


def test_order_is_by_component(tmp_path: Path) -> None:
    write(tmp_path, {"foo.c": "", "foo-bar/x": "", "foo/x": "", "foo/a/z": ""})
    assert listed(tmp_path) == [b"foo/a/z", b"foo/x", b"foo-bar/x", b"foo.c"]


def test_folder_swapped_for_a_link_is_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    write(outside, {"secret": "", "deep/secret": ""})
    write(root, {"a/file": "", "b/deep/file": ""})
    walk = discover(str(root))
    paths = []
    for found in walk:
        paths.append(found.path)
        if found.path == b"a/file":
            shutil.rmtree(root / "b")
            (root / "b").symlink_to(outside)
    assert paths == [b"a/file"]
    assert walk.skipped == {"vanished": 1}


AS_NOBODY = """
import os, sys
sys.path[:0] = {path!r}
from leindex.indexing.walk.discover import discover
os.setgroups([]); os.setgid(65534); os.setuid(65534)
walk = discover({root!r})
print(repr(([tuple(found) for found in walk], walk.unreadable, dict(walk.skipped))))
"""


def test_unreadable_folders_are_named(odd: Path) -> None:
    walk: Discovery | None = None
    if os.geteuid() == 0:
        for folder in [odd, *odd.parents]:
            os.chmod(folder, os.stat(folder).st_mode | 0o055) if folder.stat().st_uid == 0 else None
        for name in odd_tree.MODES:
            os.chown(os.path.join(os.fsencode(odd), name), 65534, 65534)
        script = AS_NOBODY.format(path=sys.path, root=str(odd))
        run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        found, unreadable, _ = eval(run.stdout)
    else:
        walk = discover(str(odd))
        found, unreadable = [tuple(item) for item in walk], walk.unreadable
    assert unreadable == [
        (b"unreadable folder", "Permission denied"),
        (b"unsearchable folder/below", "Permission denied"),
    ]
    denied = [item for item in found if item[0] == b"unsearchable folder/file"]
    assert [(item[1], item[2], item[4]) for item in denied] == [(0, 0, 0)]


def test_dangerous_roots(tmp_path: Path, home: Path) -> None:
    (home / "project").mkdir()
    (tmp_path / "link").symlink_to("/")
    for path in ("/", "/usr", "/home", "/home/somebody", str(home), str(tmp_path), str(tmp_path / "link")):
        assert dangerous_root(path), path
    for path in (home / "project", "/home/somebody/project"):
        assert dangerous_root(str(path)) is None
