"""`-P`: what is printed equals what ripgrep with PCRE2 prints, and what it must be where there is none to compare."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import leindex
from leindex.exact.pcre2.literals import tree_of
from leindex.regex.literals import formula_of_regex
from tests.exact.equality.test_reading import check, ours
from tests.exact.equality.tree import write_small


def peer_has_pcre2() -> bool:
    """Whether there is a ripgrep with PCRE2 to compare with."""
    try:
        return subprocess.run(["rg", "--pcre2-version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


beside_ripgrep = pytest.mark.skipif(not peer_has_pcre2(), reason="this ripgrep was built without PCRE2")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("pcre2") / "tree"
    write_small(root)
    (root / "slow.txt").write_text("a" * 40 + "b\nreturn aaaa\nok < b > c\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEINDEX_HOME", str(tmp_path_factory.mktemp("home")))
        with leindex.open(root) as index:
            index.update()
        yield root


def printed(tree: Path, *args: str) -> tuple[int, str]:
    outcome = ours(tree, args, None, {})
    return outcome.status, outcome.output.decode("utf-8", "replace")


def test_look_around_and_references(tree: Path) -> None:
    assert printed(tree, "-P", "-o", r"(?<=return )aa(?=aa)", "slow.txt") == (0, "aa\n")
    assert printed(tree, "-P", "-c", r"(\w)\1\1\1", "slow.txt") == (0, "2\n")
    assert printed(tree, "-P", "-o", "-r", "<$2$first>", r"(?<first>o)(k)", "slow.txt") == (0, "<ko>\n")
    assert printed(tree, "-P", "-U", "-o", r"aaaa\nok", "slow.txt") == (0, "aaaa\nok\n")
    assert printed(tree, "-P", "-l", r"\bdo_retry(?=\()") == (
        0,
        "src/main.c\nsrc/retry.h\nsrc.c\ntext/crlf.txt\n",
    )


def test_the_engine_that_is_asked_for(tree: Path) -> None:
    assert printed(tree, "-c", r"(?=o)ok", "slow.txt")[0] == 2
    assert printed(tree, "--engine", "auto", "-c", r"(?=o)ok", "slow.txt") == (0, "1\n")
    assert printed(tree, "--auto-hybrid-regex", "-c", r"(?=o)ok", "slow.txt") == (0, "1\n")
    assert printed(tree, "-P", "--no-pcre2", "-c", r"(?=o)ok", "slow.txt")[0] == 2
    assert printed(tree, "--engine", "auto", "-c", "(", "slow.txt")[0] == 2
    assert printed(tree, "--pcre2-version")[1].startswith("PCRE2 10.")


def test_what_takes_too_long_is_given_up_in_one_file(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, output = printed(tree, "-P", "-c", "(a+)+$")
    assert status == 2 and "text/newlines.txt:1\n" in output and "slow.txt" not in output
    assert "slow.txt: PCRE2: error matching: match limit exceeded" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("pattern", "formula"),
    [
        (r"(?<=x)retry_\w+\1", "retry_"),
        ("(foo|bar)_ops", "bar_ops|foo_ops"),
        ("a?bcd+e", "bcd"),
        ("(?:abcd){0,2}efgh", "efgh"),
        ("(?:abcd){1,2}", "abcd"),
        (r"abc\.\x64efgh", "abc. efgh"),
        (r"[]a]bcd[^]]efg[[:alpha:]]", "bcd efg"),
        ("(?i)abcd", "*"),
        ("(*UTF)abcd", "*"),
        (r"\Qab.c\E", "*"),
        ("(?(?=a)b|c)", "*"),
        ("(?!abcd)efgh", "efgh"),
    ],
)
def test_what_a_pattern_tells_the_index(pattern: str, formula: str) -> None:
    assert str(formula_of_regex(tree_of(pattern, caseless=False))) == formula


PATTERNS = [r"(?<=return )\w+", r"(?<!\s)return", r"(\w)\1", "(?i)todo", "^$|x", r"\Aint", r"end\z", r"re\Kturn", "é|É"]
PATTERNS += [r"\p{Lu}\w+", r"\x{e9}", "(*FAIL)", "(?:a(", r"(?P<a>re)(?P=a)?t", r"\R", "[a&&b]{", "(a+)+$", "<"]
FLAGS = ["-n", "-o -b", "--json", "-w", "-x", "-i", "-S", "-v -c", "-U -n", "-U -o", "-U --count-matches", "--stats"]
FLAGS += ["-C1", "-m1", "--crlf -n", "--no-unicode -c", "-F -c", "--vimgrep", "--passthru", "-r <$1>", "--null-data -c"]


@beside_ripgrep
@pytest.mark.parametrize("pattern", PATTERNS)
def test_ripgrep_prints_the_same(tree: Path, pattern: str) -> None:
    for flags in FLAGS:
        check(tree, ["-P", *flags.split(), pattern])
