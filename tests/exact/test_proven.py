"""`-l` of a short literal, which the grams of most documents prove: the answer is ripgrep's all the same."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import leindex
from leindex.cli.main import main
from leindex.index import Index
from leindex.indexing.pipeline import UpdateOptions
from leindex.questions import GrepQuestion
from leindex.storage.formula import Lit
from tests.exact.commands import needs_ripgrep

PIECES = (
    *(b"the", b"The", b"THE", b"th", b"he", b"t\nhe", b"thex"),
    *(b" ", b"\n", b"\r\n", b"\xc3\xa9", b"\xff", b"x" * 30),
)
PATTERNS = ("the", "th", "he t", "The", "thex", "é", "x", "thext", "zz")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    root = tmp_path_factory.mktemp("proven")
    chance = random.Random(3)
    for number in range(400):
        pieces = [chance.choice(PIECES) for _ in range(chance.randrange(1, 9))]
        if number % 10 == 0:
            # So late that the file has a document: what matches before it counts, what matches after does not.
            pieces.insert(chance.randrange(len(pieces) + 1), b"a\n" * 40_000 + b"\0")
        content = b"".join(pieces)
        if number % 40 == 1:
            content = b"\xff\xfe" + content.decode("latin-1").encode("utf-16-le")
        (root / f"{number:03}.txt").write_bytes(content)
    with leindex.open(root, index=tmp_path_factory.mktemp("index"), refresh="never") as index:
        index.update(UpdateOptions(text_only=True))
        yield index


def ripgrep(root: Path, *words: str) -> list[str]:
    command = ["rg", "--no-config", "--sort", "path", "-l", *words, "."]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return [line.removeprefix("./") for line in done.stdout.splitlines()]


@needs_ripgrep
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("flags", [(), ("-i",), ("-w",), ("-F",), ("-v",), ("-a",), ("-U",), ("--crlf",), ("-x",)])
def test_names_are_those_that_ripgrep_prints(
    index: Index,
    pattern: str,
    flags: Sequence[str],
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(index.root)
    main(["grep", "--index", str(index.location.folder), "--refresh", "never", "-l", *flags, pattern])
    shown = capsysbinary.readouterr().out.decode().splitlines()
    assert shown == ripgrep(index.root, *flags, "-e", pattern)


def proven_of(index: Index, literal: str) -> set[int]:
    with index.snapshot():
        low, _, bits = index.store.candidates(Lit(literal.encode())).proven(1)
        known = {file.number for file in index.catalog.files()}
    return {low + n for n in range(8 * len(bits)) if bits[n >> 3] >> (n & 7) & 1} & known


@needs_ripgrep
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_proven_document_matches(index: Index, pattern: str) -> None:
    files = index.grep(GrepQuestion(pattern, fixed=True, lines=False)).files
    paths = {file.number: file.path.decode() for file in index.catalog.files()}
    proven = {paths[number] for number in proven_of(index, pattern)}
    assert proven <= {file.path for file in files}
    assert bool(proven) == (pattern in ("the", "th", "he t", "thex"))


def test_what_is_proven_is_not_read(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    store, read = type(index.store), list[int]()
    reading = store.reading
    monkeypatch.setattr(store, "reading", lambda self, numbers: read.extend(numbers) or reading(self, numbers))
    found = index.grep(GrepQuestion("the", lines=False)).files
    assert len(found) > 150 and len(read) < 150 and not proven_of(index, "the") & set(read)
