"""`in:diff` beside git's own diff, and the filters by what git knows of a file's changes."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import leindex
from leindex.errors import QueryError
from leindex.index import Index
from leindex.models import SearchResult
from tests.exact.commands import needs_ripgrep
from tests.support.edits import NAMES, edited, git, lines_of, written

EDITS = int(os.environ.get("LEINDEX_DIFF_EDITS", "25"))
PATTERNS = (r"w\d+5", "(?i)^WORD", r"[a-f] = \d+")


@pytest.fixture
def root(tmp_path: Path, own_home: None) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


@pytest.fixture
def index(root: Path) -> Iterator[Index]:
    (root / "first.py").write_text("def one():\n    return 1\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    with leindex.open(root) as opened:
        opened.update()
        yield opened


def expected(root: Path, pattern: str, sign: str, *base: str) -> list[bytes]:
    """The changed lines that ripgrep finds in what git prints."""
    patch = git(root, "diff", "-U0", "-M", *base)
    changed = [
        line[1:] for line in patch.split(b"\n") if line.startswith(sign.encode()) and line[:4] not in (b"+++ ", b"--- ")
    ]
    command = ["rg", "-a", "--no-config", "--", pattern, "-"]
    given = b"".join(line + b"\n" for line in changed)
    return sorted(subprocess.run(command, input=given, capture_output=True, check=False).stdout.split(b"\n")[:-1])


def shown(result: SearchResult) -> list[bytes]:
    return sorted(line.text.encode() for hit in result.hits for line in hit.lines)


@needs_ripgrep
@pytest.mark.parametrize("seed", range(EDITS))
def test_in_diff_is_what_ripgrep_finds_in_gits_diff(root: Path, seed: int) -> None:
    chance = random.Random(seed)
    for name in NAMES:
        written(root / name, lines_of(chance, 30))
    (root / "binary.bin").write_bytes(b"\0word 5\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    with leindex.open(root) as index:
        index.update()
        for _ in range(chance.randrange(1, 6)):
            edited(root, chance)
        for base, words in (("", ["HEAD"]), (" base:index", [])):
            for pattern in PATTERNS:
                found = index.search(f"/{pattern}/ in:diff count:all{base}")
                assert shown(found) == [line.rstrip(b"\r") for line in expected(root, pattern, "+", *words)]
                for hit in found.hits:
                    text = (root / hit.path).read_bytes().split(b"\n")
                    assert all(text[line.number - 1].rstrip(b"\r") == line.text.encode() for line in hit.lines)
                    assert all(hit.start_line <= line.number <= hit.end_line for line in hit.lines)
                gone = index.search(f"/{pattern}/ in:diff-removed count:all{base}")
                assert shown(gone) == [line.rstrip(b"\r") for line in expected(root, pattern, "-", *words)]


def test_hunks_with_the_definition_that_they_lie_in(root: Path, index: Index) -> None:
    (root / "first.py").write_text("import os\n\ndef one():\n    return os.name\n\ndef two():\n    return 1\n")
    (root / "untracked.py").write_text("name = 1\n")
    hits = index.search("in:diff").hits
    assert [(hit.path, hit.start_line, hit.end_line) for hit in hits] == [("first.py", 1, 2), ("first.py", 4, 6)]
    assert hits[1].heading == "def one():"
    assert [hit.start_line for hit in index.search("name in:diff").hits] == [4]
    assert not index.search("name return -os in:diff").hits
    assert [hit.start_line for hit in index.search("sym:two in:diff").hits] == [1, 4]
    assert not index.search("sym:three in:diff").hits and not index.search("name lang:go in:diff").hits
    assert [line.text for hit in index.search("in:diff-removed").hits for line in hit.lines] == []
    with index.snapshot():
        assert index.search("in:diff", scope="other").hits == ()
    page = index.search("in:diff", limit=1)
    assert page.cursor is not None and page.completeness.truncated
    assert index.search("in:diff", cursor=page.cursor, limit=1).hits[0].start_line == 4


def test_the_base(root: Path, index: Index) -> None:
    (root / "first.py").write_text("def one():\n    return 2\n")
    git(root, "commit", "-q", "-a", "-m", "second")
    (root / "first.py").write_text("def one():\n    return 3\n")
    git(root, "add", "-A")
    (root / "first.py").write_text("def one():\n    return 4\n")

    def removed(query: str, base: str = "") -> list[str]:
        return [line.text.strip() for hit in index.search(query, base=base).hits for line in hit.lines]

    assert removed("in:diff-removed") == ["return 2"]
    assert removed("in:diff-removed base:HEAD~1") == removed("in:diff-removed", "HEAD~1") == ["return 1"]
    assert removed("in:diff-removed base:index") == ["return 3"]
    assert removed("in:diff") == ["return 4"]


def test_before_the_first_commit(root: Path) -> None:
    (root / "new.py").write_text("needle = 1\n")
    git(root, "add", "-A")
    with leindex.open(root) as index:
        index.update()
        assert [hit.path for hit in index.search("needle in:diff").hits] == ["new.py"]
        assert not index.search("needle author:ann").hits


def test_a_folder_of_the_repository(root: Path) -> None:
    for name in ("a", "b"):
        (root / name).mkdir()
        (root / name / "file.py").write_text("old = 1\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    for name in ("a", "b"):
        (root / name / "file.py").write_text("needle = 1\n")
    with leindex.open(root / "a") as index:
        index.update()
        assert [hit.path for hit in index.search("needle in:diff").hits] == ["file.py"]
        assert [hit.path for hit in index.search("since:HEAD").hits] == ["file.py"]


def test_nothing_that_the_repository_names_is_run(root: Path, index: Index, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch '{marker}'\ncat\n")
    program.chmod(0o700)
    (root / ".gitattributes").write_text("*.py filter=odd=name diff=odd\n*.txt filter=plain\n")
    for setting in ("filter.odd=name.clean", "filter.plain.process", "diff.odd.textconv", "diff.odd.command"):
        git(root, "config", setting, str(program))
    for setting in ("core.fsmonitor", "diff.external", "gpg.program", "core.pager"):
        git(root, "config", setting, str(program))
    git(root, "config", "filter.plain.required", "true")
    git(root, "config", "log.showSignature", "true")
    (root / "first.py").write_text("def one():\n    return needle\n")
    (root / "new.txt").write_text("needle\n")
    git(
        root,
        "-c",
        "core.fsmonitor=false",
        "-c",
        "filter.plain.process=",
        "-c",
        "filter.plain.required=false",
        "add",
        "-N",
        ".",
    )
    marker.unlink(missing_ok=True)
    for query in ("in:diff", "in:diff base:index", "author:ann", "changed:<2d", "since:HEAD", "changed:HEAD..HEAD"):
        found = {hit.path for hit in index.search(f"needle {query}").hits}
        assert found == (
            set() if query == "changed:HEAD..HEAD" else {"first.py"} if "author" in query else {"first.py", "new.txt"}
        )
    assert not marker.exists()


def test_files_by_their_changes(root: Path, index: Index) -> None:
    for name, author, when in (("bob.py", "Bob", "2020-01-01T00:00:00Z"), ("ann.py", "Ann", "2020-01-01T00:00:00Z")):
        (root / name).write_text("needle = 1\n")
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", name, author=author, when=when)
    git(root, "checkout", "-q", "-b", "topic")
    (root / "topic.py").write_text("needle = 2\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "topic", author="Bob", when="@1700000000")
    git(root, "checkout", "-q", "main")
    (root / "main.py").write_text("needle = 3\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "main", when=f"@{int(time.time())}")
    git(root, "checkout", "-q", "topic")
    (root / "ann.py").write_text("needle = 4\n")

    def found(query: str) -> set[str]:
        return {hit.path for hit in index.search(f"needle {query} count:all").hits}

    assert found("author:bob") == {"bob.py", "topic.py"} == found("author:BOB@example")
    assert found("-author:bob") == {"ann.py"}
    assert found("since:main") == {"topic.py", "ann.py"}
    assert found("changed:main..HEAD") == {"topic.py"} == found("changed:main...HEAD")
    assert found("changed:<2d") == {"ann.py"}
    assert found("(changed:<2d OR author:bob) -file:topic") == {"ann.py", "bob.py"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("x base:HEAD", "base: is what in:diff compares with"),
        ("x in:diff type:file", "in:diff finds hunks"),
        ("x in:tree", "in: has no value tree"),
        ("x in:diff base:nosuch", "nosuch: is no commit"),
        ("-in:diff x", "a setting cannot be negated"),
        ("x changed:>2d", "changed:>2d means nothing"),
        ("x changed:lately", "changed:lately means nothing"),
        ("x changed:a..b", "bad revision|unknown revision"),
        ("x changed:--output=f..b", "unknown revision|bad revision|no range"),
        ("x since:nosuch", "nosuch: is no commit"),
        ("x in:diff rev:HEAD", "in:diff is about the files as they are on disk"),
        ("x author:a branch:main", "author: is about the files as they are on disk"),
    ],
)
def test_what_is_refused(index: Index, query: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        index.search(query)


def test_without_git(tmp_path: Path, own_home: None) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.py").write_text("x = 1\n")
    with leindex.open(tmp_path / "tree") as index:
        index.update()
        with pytest.raises(QueryError, match=r"what changed is git's to tell: .* not a git repository"):
            index.search("x in:diff")
