"""The matcher against ripgrep itself, where it is installed: random patterns over random, partly broken,
text.

One process answers for one pattern and many lines. Two of ripgrep's habits in printing are not about matching
and are left out of the comparison: with `-o` it drops empty matches at the end of a text without a final
newline (the text here has one), and prints the whole line where it finds no match to print in a line that
matches (`--crlf`).
"""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from leindex._native import Regex
from leindex.errors import QueryError
from leindex.regex import parse as regex
from leindex.regex import program
from leindex.regex.scanner import Flags

RG = shutil.which("rg")
VERSION = "ripgrep 15.1.0"
pytestmark = pytest.mark.skipif(
    RG is None or VERSION not in subprocess.run([RG, "--version"], capture_output=True, text=True).stdout,
    reason=f"{VERSION} is not installed",
)

ATOM_WORDS = r"""a b c foo ab é k s K ß K ſ . \w \d \s \W \D \S [ab] [^a] [a-c] [é-ü] [[:alpha:]] [\w--b]
[a-z&&[^b]] \pL \p{Lu} \PL \b \B ^ $ \b{start} \b{end} \b{start-half} \b{end-half} \< \> _ - 1 (?-u:\w)
(?-u:\b) (?-u:\B)
(?-u:.) (?-u:[^a]) (?-u)\xff \x{e9} x α (?i:k) (?i:s) (?i:ab) (?i:é) foo_bar irq (?-u:\xff) 日 [^\x00-\x7f]
(?s:.) (?i:[k-s]) (?i:[^k]) \A \z (?R:$) (?m-s:.) a{,2} \p{Greek} \p{scx=Deva} [b-a] ("""
PIECE_WORDS = "a b c foo foo_bar irq irqsave é É k K s S K ſ ß 1 2 _ - x y α 日 A ab abab . ,"
BROKEN = [b"\xff", b"\xc3", b"\xe2\x84", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\r"]
ATOMS, PIECES = ATOM_WORDS.split(), PIECE_WORDS.split()
QUANTIFIERS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "{2,}"]
OPTIONS = [[], [], [], ["-i"], ["-w"], ["-x"], ["-S"], ["-v"], ["--crlf"], ["-F"]]


def random_pattern(rng: random.Random, depth: int) -> str:
    choice = rng.random()
    if depth == 0 or choice < 0.35:
        return rng.choice(ATOMS)
    if choice < 0.6:
        return "".join(random_pattern(rng, depth - 1) for _ in range(rng.randint(2, 3)))
    if choice < 0.75:
        return f"({'|'.join(random_pattern(rng, depth - 1) for _ in range(rng.randint(1, 4)))})"
    return f"(?:{random_pattern(rng, depth - 1)}){rng.choice(QUANTIFIERS)}"


def random_text(rng: random.Random) -> bytes:
    def piece() -> bytes:
        return rng.choice(BROKEN) if rng.random() < 0.08 else rng.choice([*PIECES, " "]).encode()

    lines = [b"first"] + [b"".join(piece() for _ in range(rng.randint(0, 9))) for _ in range(80)]
    return b"\n".join(lines) + b"\n"


def built(pattern: str, option: str) -> Regex:
    ignore_case = option == "-i"
    if option == "-S":
        ignore_case = regex.letters_of([pattern]).smart_ignore_case
    crlf = option == "--crlf"
    tree = regex.parse(pattern, Flags(ignore_case=ignore_case, crlf=crlf), fixed=option == "-F")
    tree = regex.without_newline(tree, crlf=crlf)
    if option == "-w":
        tree = regex.whole_word(tree)
    elif option == "-x":
        tree = regex.whole_line(tree)
    return program.build(tree, crlf=crlf)


def lines(one: Regex, data: bytes, invert: bool) -> list[tuple[int, ...]]:
    numbers = memoryview(one.matching_lines(data, -1, invert)).cast("Q").tolist()
    return list(zip(*[iter(numbers)] * 5, strict=True))


def printed_lines(data: bytes, found: list[tuple[int, ...]]) -> bytes:
    return b"".join(
        b"%d:%d:%s\n" % (number, start, data[start : data.index(b"\n", start)]) for number, start, *_ in found
    )


@pytest.mark.parametrize("seed", range(4))
def test_like_ripgrep(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    data = random_text(rng)
    file = tmp_path / "text"
    file.write_bytes(data)

    def ripgrep(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [str(RG), "--no-config", "-a", "--no-filename", "--color=never", *arguments, str(file)]
        return subprocess.run(command, capture_output=True)

    for _ in range(60):
        pattern, option = random_pattern(rng, 3), rng.choice(OPTIONS)
        label = (seed, pattern, option)
        theirs = ripgrep("-b", "-n", *option, "-e", pattern)
        try:
            one = built(pattern, "".join(option))
        except QueryError:
            assert theirs.returncode == 2, label
            continue
        assert theirs.returncode < 2, (label, theirs.stderr)
        found = lines(one, data, option == ["-v"])
        assert printed_lines(data, found).replace(b"\r\n", b"\n") == theirs.stdout.replace(b"\r\n", b"\n"), label
        if option in (["-v"], ["--crlf"]) or r"\A" in pattern or r"\z" in pattern:
            continue
        spans = [span for _, start, end, *_ in found for span in one.find_all(data, start, end)]
        theirs = ripgrep("-o", "-b", "-N", *option, "-e", pattern)
        assert b"".join(b"%d:%s\n" % (a, data[a:b]) for a, b in spans) == theirs.stdout, label
