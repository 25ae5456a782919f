"""`leindex search --open`: the editor is started with the right words, whatever is in them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from leindex.cli.ask.open_hit import command_for
from leindex.cli.main import main
from leindex.errors import ConfigError


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEINDEX_HOME", str(tmp_path / "home"))
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    tree = tmp_path / "tree of mine"
    tree.mkdir()
    (tree / "+7 -o.py").write_text("x = 1\n\n\ndef needle():\n    return 'needle'\n")
    (tree / "b.py").write_text("# a needle in a comment\n" * 30)
    return tree


@pytest.fixture
def words(tmp_path: Path) -> tuple[str, Path]:
    """An editor that notes what it is called with, and where."""
    editor, noted = tmp_path / "my editor", tmp_path / "noted"
    editor.write_text(
        f"#!{sys.executable}\nimport json, sys\njson.dump(sys.argv[1:], open({str(noted)!r}, 'w'))\nsys.exit(3)\n"
    )
    editor.chmod(0o755)
    return f"'{editor}' --wait 'a b; rm -rf $HOME'", noted


def test_the_first_hit_is_opened(tree: Path, words: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", words[0])
    assert main(["search", "needle sym:needle", str(tree), "--open"]) == 3, "the editor's own exit status"
    assert json.loads(words[1].read_text()) == ["--wait", "a b; rm -rf $HOME", str(tree / "+7 -o.py")]


def test_a_hit_by_its_number(
    tree: Path, words: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    program = Path(words[0].split("'")[1])
    program.rename(program.with_name("nvim"))
    monkeypatch.setenv("VISUAL", str(program.with_name("nvim")))
    monkeypatch.setenv("EDITOR", "false")
    assert main(["search", "needle", str(tree), "--json"]) == 0
    hits = json.loads(capfd.readouterr().out)["hits"]
    for number, hit in enumerate(hits, 1):
        assert main(["search", "needle", str(tree), "--open", str(number)]) == 3
        line = min(line["number"] for line in hit["lines"])
        assert json.loads(words[1].read_text()) == [f"+{line}", str(tree / hit["path"])]
    assert {hit["path"] for hit in hits} == {"+7 -o.py", "b.py"}
    assert main(["search", "needle", str(tree), "--open", "999"]) == 2
    assert f"there is no hit 999; there are {len(hits)}" in capfd.readouterr().err


def test_what_cannot_be_opened(tree: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    for editor, said in (
        (None, "no editor is set"),
        ("'open", "which is no command"),
        ("/no/such", "cannot be started"),
    ):
        if editor is not None:
            monkeypatch.setenv("EDITOR", editor)
        assert main(["search", "needle", str(tree), "--open"]) == 2
        assert said in capfd.readouterr().err
    assert main(["search", "needle", str(tree), "--open", "--json"]) == 2
    assert main(["search", "nothing_at_all", str(tree), "--open"]) == 1
    assert main(["search", "needle", str(tree), "--open", "0"]) == 2


@pytest.mark.parametrize(
    ("editor", "command"),
    [
        ("vim", ["vim", "+5", "/t/a.py"]),
        ("/usr/bin/nvim -p", ["/usr/bin/nvim", "-p", "+5", "/t/a.py"]),
        ("emacsclient -n -a ''", ["emacsclient", "-n", "-a", "", "+5", "/t/a.py"]),
        ("code --wait", ["code", "--wait", "--goto", "/t/a.py:5"]),
        ("hx", ["hx", "/t/a.py:5"]),
        ("pycharm", ["pycharm", "--line", "5", "/t/a.py"]),
        ("unheard-of -x", ["unheard-of", "-x", "/t/a.py"]),
    ],
)
def test_the_words_of_editors(editor: str, command: list[str]) -> None:
    assert command_for({"EDITOR": editor, "VISUAL": "  "}, "/t/a.py", 5) == command
    assert command_for({"EDITOR": "other", "VISUAL": editor}, "/t/a.py", 5) == command


def test_no_editor() -> None:
    with pytest.raises(ConfigError, match="VISUAL or EDITOR"):
        command_for({"PATH": os.environ["PATH"]}, "/t/a.py", 5)
