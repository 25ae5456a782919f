"""Arguments, paths and output in locales whose encoding is not UTF-8: what they mean is no matter of the locale."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LATIN_1 = "de_DE.ISO-8859-1"
TEXT = "Größe = 1\nnaïve → ☃\n"
NAME = "Größe.txt"
RAW = b"gr\xf6sse.txt"


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the locale, made here: few machines have it."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef") is None:
        pytest.skip("localedef is not installed")
    made = subprocess.run(
        ["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(folder / LATIN_1)], capture_output=True, check=False
    )
    if not (folder / LATIN_1).is_dir():
        assert "LEINDEX_REQUIRE_PEERS" not in os.environ, made.stderr
        pytest.skip(f"the locale cannot be made: {made.stderr!r}")
    return folder


@pytest.fixture(params=[LATIN_1, "C"])
def environment(request: pytest.FixtureRequest, locales: Path, own_home: None) -> dict[str, str]:
    return {**os.environ, "LOCPATH": str(locales), "LC_ALL": request.param, "PYTHONUTF8": "0"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree-ä"
    (tree / "Ünter").mkdir(parents=True)
    (tree / NAME).write_text(TEXT, encoding="utf-8")
    (tree / "Ünter" / "ß.py").write_text("def größer():\n    return 'Größe'\n", encoding="utf-8")
    with open(os.path.join(os.fsencode(tree), RAW), "wb") as file:
        file.write(TEXT.encode())
    return tree


def ran(program: list[str], arguments: list[str | bytes], tree: Path, environment: dict[str, str]) -> tuple[int, bytes]:
    command = [os.fsencode(part) for part in [*program, *arguments]]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stdout


LEINDEX = [sys.executable, "-m", "leindex"]
RIPGREP = ["rg", "--no-config", "--sort", "path", "--color", "never"]


def test_the_locale_is_what_it_is_meant_to_be(environment: dict[str, str]) -> None:
    code = "import sys; print(sys.getfilesystemencoding())"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("iso8859-1", "ascii")


@pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed")
@pytest.mark.parametrize(
    "arguments",
    [
        ["Größe"],
        ["-i", "GRÖSSE|größe"],
        ["-F", "→"],
        ["-w", "-o", "naïve"],
        ["Größe", "-r", "→$0←"],
        ["-l", "Größe", "-g", "Größe*"],
        ["-l", "Größe", "-g", "!Größe*"],
        ["-l", "Größe", "--iglob", "ünter/**"],
        ["-l", "Größe", "-g", b"gr\xf6*"],
        ["--type-add", "ü:*ß.py", "-t", "ü", "-l", "def"],
        ["Größe", "Ünter"],
        ["Größe", NAME],
        ["Größe", RAW],
        ["Größe", "Größe", "nowhere-ö"],
        ["--json", "-q", "Größe"],
        ["--files"],
        ["-c", "Größe", "--field-match-separator", "→"],
        ["-A1", "Größe", "--context-separator", "→", "Ünter"],
        [b"\xf6"],
    ],
    ids=repr,
)
def test_grep_is_ripgrep(arguments: list[str | bytes], tree: Path, environment: dict[str, str]) -> None:
    ran(LEINDEX, ["index", "-q"], tree, environment)
    ours = ran(LEINDEX, ["grep", *arguments], tree, environment)
    theirs = ran(RIPGREP, arguments, tree, environment)
    if "--json" in arguments:
        figures = [json.loads(output)["data"]["stats"]["matches"] for _, output in (ours, theirs)]
        assert figures[0] == figures[1] and ours[0] == theirs[0]
    else:
        assert ours == theirs


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["search", "Größe"], NAME),
        (["search", "naïve"], NAME),
        (["symbols", "größer"], "Ünter/ß.py"),
        (["refs", "größer"], "Ünter/ß.py"),
        (["files", "größe"], NAME),
        (["outline", "Ünter/ß.py"], "größer"),
        (["status"], "tree-ä"),
        (["list"], "tree-ä"),
        (["sql", "SELECT path FROM files WHERE path LIKE '%ß%'"], "Ünter/ß.py"),
        (["index", "--dry-run"], NAME),
    ],
    ids=lambda value: str(value),
)
def test_every_command(arguments: list[str | bytes], expected: str, tree: Path, environment: dict[str, str]) -> None:
    assert ran(LEINDEX, ["index", "-q"], tree, environment)[0] == 0
    status, output = ran(LEINDEX, arguments, tree, environment)
    assert status == 0
    assert expected.encode() in output


def test_paths_on_the_command_line(tree: Path, environment: dict[str, str]) -> None:
    assert ran(LEINDEX, ["index", "-q", str(tree)], tree.parent, environment)[0] == 0
    status, output = ran(LEINDEX, ["grep", "-l", "Größe", "tree-ä"], tree.parent, environment)
    assert (status, output) == (
        0,
        b"tree-\xc3\xa4/" + NAME.encode() + b"\ntree-\xc3\xa4/" + RAW + b"\n" + "tree-ä/Ünter/ß.py\n".encode(),
    )


@pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed")
@pytest.mark.parametrize("flag", ["-g", "--iglob", "-t", "--color", "-r", "-e", "-A", "--sort", "--context-separator"])
def test_a_value_that_is_not_utf8_is_refused(flag: str, tree: Path, own_home: None) -> None:
    command = [flag, b"\xf6", "Größe", "."]
    theirs = subprocess.run([*map(os.fsencode, RIPGREP), *map(os.fsencode, command)], cwd=tree, capture_output=True)
    ours = subprocess.run(
        [*map(os.fsencode, LEINDEX), b"grep", *map(os.fsencode, command)], cwd=tree, capture_output=True
    )
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout) == (2, b"")
    assert ours.stderr == theirs.stderr.replace(b"rg: ", b"leindex: ")
