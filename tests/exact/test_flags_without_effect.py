"""Flags that are accepted: each works, or docs/grep.md says why it changes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leindex.cli.grep import flag_table, flag_values, flags, settings
from leindex.cli.grep.flags import parse_grep
from leindex.cli.grep.settings import Settings
from leindex.errors import ConfigError
from tests.exact.commands import both, leindex, needs_ripgrep

PAGE = Path(__file__).resolve().parents[2] / "docs" / "grep.md"

SAMPLES = {
    "path-separator": "x",
    "type": "py",
    "color": "always",
    "max-filesize": "5",
    "refresh": "never",
    "sort": "modified",
    "sortr": "path",
    "engine": "pcre2",
    "encoding": "latin1",
    "generate": "man",
    "hyperlink-format": "vscode",
    "dfa-size-limit": "5M",
    "regex-size-limit": "100M",
}
"""Values that are not the default, for flags that do not take the number 7."""


def documented() -> set[str]:
    section = PAGE.read_text().partition("Accepted without effect")[2].partition("Refused")[0]
    rows = [row for row in section.splitlines() if row.startswith("| `")]
    assert all(row.count("|") == 3 and row.split("|")[2].strip() for row in rows)
    return {name for row in rows for name in re.findall(r"--([a-z0-9-]+)", row.split("|")[1])}


def state(of: Settings) -> dict[str, object]:
    return {name: value.copy() if isinstance(value, list | set) else value for name, value in vars(of).items()}


def test_the_table_and_the_page_name_the_same_flags() -> None:
    assert documented() == flag_table.WITHOUT_EFFECT


def test_no_other_flag_with_a_value_does_nothing() -> None:
    idle = set()
    for name, apply in flag_values.VALUES.items():
        before = Settings()
        after = Settings()
        apply(after, SAMPLES.get(name, "7"))
        if state(before) == state(after):
            idle.add(name)
    assert idle == flag_table.WITHOUT_EFFECT & flag_values.VALUES.keys()


def test_no_other_switch_does_nothing() -> None:
    """A switch must change a state that some other flags have left."""
    idle = set()
    for name, apply in flag_table.SWITCHES.items():
        for odd in (False, True):
            changed = Settings()
            if odd:
                for field, value in vars(changed).items():
                    if isinstance(value, bool) or value is None or field == "context_separator":
                        setattr(changed, field, b"odd" if field == "context_separator" else not value)
                    elif not isinstance(value, list | set | int):
                        setattr(changed, field, object())
                changed.no_ignore_parts |= {"dot", "exclude", "files", "global", "parent", "vcs", "require-git"}
                changed.mode = settings.Mode.JSON
            before = state(changed)
            apply(changed)
            if state(changed) != before:
                break
        else:
            idle.add(name)
    assert idle == flag_table.WITHOUT_EFFECT - flag_values.VALUES.keys()


def test_every_setting_is_read() -> None:
    source = Path(flags.__file__).read_text() + Path(settings.__file__).read_text()
    read_elsewhere = {"unrestricted"}
    unread = {name for name in vars(Settings()) if not re.search(rf"(settings|self)\.{name}\b(?! =|: )", source)}
    assert unread <= read_elsewhere


@pytest.mark.parametrize(
    "refused",
    [
        ["--regex-size-limit", "10T"],
        ["--engine", "re2"],
        ["--encoding", "utf-7"],
        ["--sort", "size"],
        ["--hyperlink-format", "{line}"],
        ["--generate", "html"],
    ],
    ids=" ".join,
)
def test_values_that_there_are_not_are_refused(refused: list[str]) -> None:
    with pytest.raises(ConfigError):
        parse_grep([*refused, "x"])


@pytest.fixture
def tree(tmp_path: Path, own_home: None) -> Path:
    tree = tmp_path / "tree"
    for name, content in {
        "A.TXT": b"needle\n",
        "b.dat": b"needle\n",
        "C.Dat": b"needle\n",
        "E/F.x": b"needle\n",
        "E/k.y": b"needle\n",
        "G.y": b"needle\n",
        "\u00fc.\u00e9": b"needle\n",
        ".gitignore": b"*.txt\n/e/f.X\n!E/K.*\n",
        ".ignore": "\u00dc.\u00c9\n".encode(),
        "E/.rgignore": b"[k-l].Y\n",
        ".git/info/exclude": b"c.dat\n",
        ".config/git/ignore": b"g.Y\n",
        "rules": b"B.DAT\n",
        "late.bin": b"needle\n" * 20_000 + b"\0needle\n" * 2,
        "early.bin": b"needle\nx\0needle\n",
        "first.bin": b"\nneedle\n\0\nneedle\n",
        "long.bin": b"x" * 70_000 + b"\0\nneedle\n",
        "empty": b"",
        "u16": b"\xff\xfe" + "needle\n".encode("utf-16-le"),
        "mark": b"\xef\xbb\xbfneedle\n\0needle\n",
    }.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tree


@needs_ripgrep
@pytest.mark.parametrize(
    "arguments",
    [
        ["--ignore-file-case-insensitive", "-l", "needle"],
        ["--ignore-file-case-insensitive", "--files"],
        ["--ignore-file-case-insensitive", "--files", "E"],
        ["--ignore-file-case-insensitive", "--files", "-g", "*.TXT"],
        ["--ignore-file-case-insensitive", "--ignore-file", "rules", "--files"],
        ["--ignore-file-case-insensitive", "--no-ignore-file-case-insensitive", "--files"],
        ["--ignore-file-case-insensitive", "--no-ignore-vcs", "--files"],
        ["--ignore-file-case-insensitive", "--no-ignore-dot", "--files"],
        ["--ignore-file-case-insensitive", "--no-ignore", "--files"],
        ["--mmap", "-c", "needle"],
        ["--mmap", "-l", "needle"],
        ["--mmap", "-n", "needle", "early.bin", "late.bin", "first.bin", "long.bin", "mark", "u16", "empty"],
        ["--mmap", "-m1", "needle"],
        ["--mmap", "-v", "-c", "needle"],
        ["--mmap", "--files-without-match", "needle"],
        ["--mmap", "--no-mmap", "-c", "needle"],
        ["--no-mmap", "-c", "needle", "late.bin"],
        ["--no-mmap", "-n", "needle", "early.bin"],
        ["--no-mmap", "needle", "first.bin"],
        ["--no-mmap", "needle", "long.bin"],
        ["needle", "first.bin"],
        ["--binary", "--mmap", "-c", "needle"],
        ["-a", "--mmap", "-c", "needle"],
        ["--dfa-size-limit", "0", "-l", r"nee\w+"],
        ["--regex-size-limit", "1G", "-l", "needle"],
        ["-j", "3", "-l", "needle"],
        ["--engine", "auto", "-l", "needle"],
        ["--no-config", "--sort-files", "--no-encoding", "--no-pre", "-l", "needle"],
    ],
    ids=" ".join,
)
def test_ripgrep_does_the_same(arguments: list[str], tree: Path) -> None:
    leindex(["index", "-q"], tree)
    ours, theirs = both(arguments, tree, {"XDG_CONFIG_HOME": str(tree / ".config")})
    assert (ours.status, ours.output) == (theirs.status, theirs.output)


def test_all_files_ignored_but_for_capitals(tmp_path: Path, own_home: None) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / ".ignore").write_text("*.txt\n")
    (tmp_path / "r" / "A.TXT").write_text("needle\n")
    ran = leindex(["grep", "--ignore-file-case-insensitive", "-l", "needle"], tmp_path / "r")
    assert (ran.status, ran.output) == (2, b"")
    assert leindex(["grep", "-l", "needle"], tmp_path / "r").output == b"A.TXT\n"
