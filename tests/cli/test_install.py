"""`leindex install` and `uninstall`: the settings of other programs are changed in one place and given
back."""

from __future__ import annotations

import json
import string
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leindex.cli.main import main
from leindex.cli.setup import settings_text
from leindex.cli.setup.clients import clients, command_line
from leindex.cli.setup.editors import EDITORS, settings_of
from leindex.errors import ConfigError

ENTRY = {"command": "/usr/bin/leindex", "args": ["mcp"]}
PATH = ("mcpServers", "leindex")

SETTINGS = {
    "claude-code": (".claude.json", '{"numStartups": 3, "mcpServers": {"a": {"command": "b"}}}'),
    "claude-desktop": (".config/Claude/claude_desktop_config.json", "{}"),
    "cursor": (".cursor/mcp.json", '{\n  "mcpServers": {\n    "x": {"url": "http://y//z"}\n  }\n}\n'),
    "vscode": (".config/Code/User/mcp.json", '{\n\t"inputs": [],\n\t"servers": {}\n}'),
    "codex": (".codex/config.toml", 'model = "m"  # mine\n\n[mcp_servers.other]\ncommand = "y"\n'),
    "zed": (
        ".config/zed/settings.json",
        '// Zed\n{\n    "theme": "One Dark", // nice\n    /* none yet */ "context_servers": {},\n}\n',
    ),
    "windsurf": (".codeium/windsurf/mcp_config.json", ""),
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of our own, on a system that keeps settings in .config."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("XDG_CONFIG_HOME", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_all_clients_there_and_back(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in SETTINGS.values():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    (home / ".claude.json").chmod(0o600)
    before = everything(home)
    assert main(["install", "--yes", "--root", str(home)]) == 0
    said = capsys.readouterr().out
    for client in clients():
        say = settings_text.read_toml if client.kind == "toml" else settings_text.read_json
        entry = say(client.settings.read_text())[client.section]["leindex"]
        assert entry["args"][-1] in ("mcp", "${workspaceFolder}", str(home))
        assert Path(entry["command"]).is_absolute()
        assert f"+++ {client.settings}" in said
    assert "// nice" in (home / ".config/zed/settings.json").read_text()
    assert (home / ".claude.json").stat().st_mode & 0o777 == 0o600
    once = everything(home)
    assert main(["install", "--yes", "--root", str(home)]) == 0
    assert everything(home) == once, "a second time changes nothing"
    assert main(["uninstall", "--yes"]) == 0
    assert everything(home) == before


def test_files_that_were_made_go_again(home: Path) -> None:
    for folder in (".cursor", ".codex", ".config/zed"):
        (home / folder).mkdir(parents=True)
    assert main(["install", "--yes", "--root", str(home)]) == 0
    assert set(everything(home)) >= {".cursor/mcp.json", ".codex/config.toml"}
    assert main(["uninstall", "--yes"]) == 0
    assert everything(home) == {}


def test_later_changes_are_kept(home: Path) -> None:
    path = home / ".cursor" / "mcp.json"
    path.parent.mkdir()
    path.write_text('{\n  "mcpServers": {}\n}\n')
    main(["install", "--yes", "cursor"])
    path.write_text(path.read_text().replace('"mcpServers": {', '"mcpServers": {\n    "new": {"command": "z"},'))
    main(["uninstall", "--yes", "cursor"])
    assert json.loads(path.read_text()) == {"mcpServers": {"new": {"command": "z"}}}
    assert path.with_name("mcp.json.before-leindex").read_text() == '{\n  "mcpServers": {}\n}\n'


def test_nothing_is_changed_unasked(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    (home / ".cursor").mkdir()
    assert main(["install", "--dry-run", "cursor"]) == 0
    assert '+    "leindex"' in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert main(["install", "cursor"]) == 2
    assert everything(home) == {}


def test_a_link_stays_a_link(home: Path) -> None:
    (home / "dotfiles").mkdir()
    (home / "dotfiles" / "mcp.json").write_text("{}")
    (home / ".cursor").mkdir()
    (home / ".cursor" / "mcp.json").symlink_to(home / "dotfiles" / "mcp.json")
    main(["install", "--yes", "cursor"])
    assert (home / ".cursor" / "mcp.json").is_symlink()
    assert "leindex" in (home / "dotfiles" / "mcp.json").read_text()


@pytest.mark.parametrize(
    "text", ['{"mcpServers": [', "[]", '{"mcpServers": 3}', '{"a": }', '{"a" 1}', "{} {}", '{"a": 1 "b": 2}']
)
def test_settings_that_cannot_be_read_are_left_alone(home: Path, text: str) -> None:
    path = home / ".cursor" / "mcp.json"
    path.parent.mkdir()
    path.write_text(text)
    assert main(["install", "--yes", "cursor"]) == 2
    assert everything(home) == {".cursor/mcp.json": (text.encode(), path.stat().st_mode)}


def test_unknown_clients(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "emacs"]) == 2
    assert "known are claude-code" in capsys.readouterr().err
    assert main(["install"]) == 2


def test_codex_inline_tables_are_refused() -> None:
    with pytest.raises(ConfigError, match="by hand"):
        settings_text.put_toml('mcp_servers = { leindex = { command = "x" } }\n', ("mcp_servers", "leindex"), ENTRY)


blanks = st.sampled_from(["", " ", "\n", "\n  ", "\t", " // note\n", '/* a { " */', "\r\n"])
scalars = st.one_of(
    st.integers(-9, 9),
    st.booleans(),
    st.none(),
    st.text(string.printable, max_size=6),
    st.sampled_from(["//", "/*", '"{']),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "mcpServers", "leindex"]), inner, max_size=3),
    ),
    max_leaves=8,
)


@st.composite
def documents(draw: st.DrawFn, value: Any = None) -> tuple[Any, str]:
    """An object, and one of the many ways to write it with comments and commas at the end."""
    data = draw(st.dictionaries(st.sampled_from(["a", "mcpServers", "z\\", "é"]), values, max_size=4))

    def write(value: Any) -> str:
        if not isinstance(value, (dict, list)):
            return json.dumps(value, ensure_ascii=draw(st.booleans()))
        if isinstance(value, dict):
            parts = [f"{json.dumps(k)}{draw(blanks)}:{draw(blanks)}{write(v)}" for k, v in value.items()]
        else:
            parts = [write(item) for item in value]
        inside = f"{draw(blanks)},{draw(blanks)}".join(parts)
        comma = draw(st.sampled_from(["", ","])) if parts else ""
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        return f"{opening}{draw(blanks)}{inside}{draw(blanks)}{comma}{draw(blanks)}{closing}"

    return data, draw(blanks) + write(data) + draw(blanks)


@given(documents())
def test_only_the_entry_changes(document: tuple[dict[str, Any], str]) -> None:
    data, text = document
    assert settings_text.read_json(text) == data
    if not isinstance(data.get("mcpServers", {}), dict):
        with pytest.raises(ConfigError):
            settings_text.put_json(text, PATH, ENTRY)
        return
    put = settings_text.put_json(text, PATH, ENTRY)
    servers = data.get("mcpServers", {})
    assert settings_text.read_json(put) == {**data, "mcpServers": {**servers, "leindex": ENTRY}}
    dropped = settings_text.read_json(settings_text.drop_json(put, PATH))
    rest = {name: value for name, value in servers.items() if name != "leindex"}
    assert dropped == {
        **{k: v for k, v in data.items() if k != "mcpServers"},
        **({"mcpServers": rest} if rest else {}),
    }


@pytest.mark.parametrize("name", EDITORS)
def test_editors_get_settings_with_the_command(name: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = everything(home)
    assert main(["install", "--editor", name]) == 0
    said = capsys.readouterr()
    command = command_line()
    assert json.dumps(command[0]) in said.out and '"lsp"' in said.out
    assert EDITORS[name].place in said.err and everything(home) == before
    if name == "helix":
        read = tomllib.loads(said.out)
        assert read["language-server"]["leindex"] == {"command": command[0], "args": [*command[1:], "lsp"]}
        assert all(language["language-servers"] == [{"name": "leindex"}] for language in read["language"])
    if name == "zed":
        binary = settings_text.read_json(said.out)["lsp"]["pyright"]["binary"]
        assert binary == {"path": command[0], "arguments": [*command[1:], "lsp"]}


def test_a_command_with_odd_letters_stays_one_string() -> None:
    odd = '/opt/a "b"\\c/leindex'
    read = tomllib.loads(settings_of("helix").text([odd]))
    assert read["language-server"]["leindex"]["command"] == odd
    for name in EDITORS:
        assert json.dumps(odd) in settings_of(name).text([odd])


def test_an_editor_that_is_unknown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "--editor", "ed"]) == 2
    assert "known are neovim, vscode, helix, zed, emacs" in capsys.readouterr().err
    assert main(["install", "zed", "--editor", "neovim"]) == 2
