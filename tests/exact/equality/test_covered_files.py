"""`leindex grep` searches the files that ripgrep searches, hidden and ignored ones too, whatever the index has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import leindex
from leindex.indexing.pipeline import UpdateOptions
from leindex.indexing.walk.discover import DiscoverOptions
from tests.exact.equality.runner import RIPGREP_VERSION, difference, ripgrep_version, run_ripgrep
from tests.exact.equality.test_through_index import run_from_index

pytestmark = pytest.mark.skipif(
    ripgrep_version() != RIPGREP_VERSION, reason=f"equality is defined against ripgrep {RIPGREP_VERSION}"
)

FILES = [
    "a.c",
    ".h.c",
    ".bashrc",
    ".keep",
    ".sh",
    "...",
    "..x",
    "x.",
    "skip.c",
    ".env.py",
    "empty/.nothing",
    ".hid/b.c",
    ".hid/.c.c",
    ".hid/deep/e.py",
    ".github/w/d.c",
    ".git/config",
    ".git/k.c",
    ".git/hooks/.x.c",
    "vis/f.c",
    "vis/.g.py",
    "vis/.in/e.c",
    "vis/skip.c",
    "vis/lib/.deep/z.c",
    "vis/other/k.py",
    "ign/i.c",
    "ign/.j.py",
    "ign/sub/k.c",
    "gi/j.c",
    "gi/.hid/l.c",
    "late/m.c",
]
RULES = {
    ".gitignore": "ign\nskip.c\n!.keep\n/late/\n",
    ".ignore": "gi\n!skip.c\n",
    "vis/.rgignore": "skip.c\n!.g.py\n",
    "vis/lib/.gitignore": "!.deep\n",
    ".git/info/exclude": "..x\nk.py\n",
}

CASES: list[list[str]] = [
    [],
    ["-g", "*.c"],
    ["-g", "**"],
    ["-g", "*"],
    ["-g", ".*"],
    ["-g", "[!a-m]*"],
    ["-g", "ign/**"],
    ["-g", "ign", "-g", "*.c"],
    ["-g", ".hid/", "-g", "*.c"],
    ["-g", ".hid", "-g", "*.c", "-g", "!.c.c"],
    ["-g", "*.c", "-g", "!.h*"],
    ["-g", "!.h*"],
    ["-g", "!vis", "--hidden"],
    ["-g", "/vis/.in", "-g", "*.c"],
    ["-g", ".git", "-g", "*.c"],
    ["--iglob", "*.C", "--iglob", ".HID"],
    ["-g", "*.{py,c}", "-d", "2"],
    ["-tall"],
    ["-tc"],
    ["-Tc"],
    ["-tsh"],
    ["-tpy", "-g", "!.env*"],
    ["-tc", "-g", ".h*"],
    ["-tc", "--no-ignore"],
    ["--hidden"],
    ["-.", "-d", "1"],
    ["--hidden", "-d", "0"],
    ["--no-ignore"],
    ["-u"],
    ["-uu"],
    ["-uuu"],
    ["--no-ignore-vcs"],
    ["--no-ignore-dot"],
    ["--no-ignore-exclude"],
    ["--no-ignore-parent"],
    ["--no-require-git"],
    ["--ignore-file", "more"],
    ["--ignore-file", "more", "--no-ignore"],
    ["--ignore-file", "more", "--no-ignore-files"],
    ["--max-filesize", "6"],
    ["--one-file-system", "--hidden"],
]
PLACES: list[tuple[str, list[str]]] = [
    ("", []),
    ("", ["."]),
    ("", ["vis"]),
    ("", [".hid", "ign"]),
    ("", [".git/"]),
    ("vis", []),
    ("vis", ["..", "./.in"]),
    (".github", []),
    ("", ["{root}"]),
    ("", ["{root}/vis"]),
    (".hid", ["{root}"]),
]
INDEXES = {
    "plain": DiscoverOptions(),
    "hidden": DiscoverOptions(hidden=True),
    "no-ignore": DiscoverOptions(no_ignore=True),
    "everything": DiscoverOptions(hidden=True, no_ignore=True),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("covered")
    for number, name in enumerate(FILES):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes([b"find me\n", b"nothing\n", b"find\n" * 3, b"\0find\n", b""][number % 5])
    for name, rules in RULES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rules)
    for folder in ("", "vis", ".github", ".hid"):
        (root / folder / "more").write_text("*.py\n/vis/f.c\n!.sh\nmore\nw/\n")
    return root


@pytest.fixture(scope="module", params=INDEXES)
def indexed(request: pytest.FixtureRequest, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEINDEX_HOME", str(tmp_path_factory.mktemp("home")))
        with leindex.open(tree) as index:
            index.update(UpdateOptions(INDEXES[request.param], text_only=True))
        yield tree


@pytest.mark.parametrize("flags", CASES, ids=" ".join)
def test_the_same_files(indexed: Path, flags: list[str]) -> None:
    for folder, paths in PLACES:
        args = [*flags, "--files", *(path.format(root=indexed) for path in paths)]
        assert difference(run_ripgrep(indexed / folder, args), run_from_index(indexed / folder, args)) == "", args


@pytest.mark.parametrize(
    "output",
    [["-c"], ["-l"], ["--files-without-match"], ["--include-zero", "-c"], ["--stats"], ["--json"], ["-v"], ["-a"]],
    ids=" ".join,
)
@pytest.mark.parametrize("flags", [[], ["-g", "*"], ["-tall"], ["-uu"]], ids=" ".join)
def test_the_same_lines(indexed: Path, flags: list[str], output: list[str]) -> None:
    args = [*flags, *output, "find"]
    assert difference(run_ripgrep(indexed, args), run_from_index(indexed, args)) == ""


def test_a_large_binary_file_is_like_a_small_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEINDEX_HOME", str(tmp_path / "home"))
    root = tmp_path / "tree"
    root.mkdir()
    (root / "large.bin").write_bytes(b"\0" + b"x" * 2_000)
    (root / "large.txt").write_text("find\n" * 500)
    (root / "large16.txt").write_bytes(("\ufefffind\n" * 500).encode("utf-16-le"))
    with leindex.open(root) as index:
        index.update(UpdateOptions(DiscoverOptions(max_size=1_000), text_only=True))
    for args in (
        ["--files-without-match", "nothing"],
        ["--stats", "find"],
        ["-c", "find"],
        ["-c", "--include-zero", "q"],
    ):
        assert difference(run_ripgrep(root, args), run_from_index(root, args)) == "", args


def test_what_the_index_leaves_out_by_its_globs_stays_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEINDEX_HOME", str(tmp_path / "home"))
    root = tmp_path / "tree"
    for name in ("a.c", ".h.c", "vendor/.v.c", ".hid/vendor/w.c", ".hid/x.c"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("find\n")
    with leindex.open(root) as index:
        index.update(UpdateOptions(DiscoverOptions(globs=("!vendor",)), text_only=True))
    assert run_from_index(root, ["--hidden", "-l", "find"]).output.split() == [b".h.c", b".hid/x.c", b"a.c"]
