"""The MCP clients that `leindex install` knows: where each keeps its settings, and what an entry looks like
there.

Facts about other programs, in one table. A client that starts its servers in the project's folder, or fills
in the folder itself, gets one entry for all projects; the others are told one root.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from ...records import record

NAME: Final = "leindex"
WORKSPACE: Final = "${workspaceFolder}"


@record(frozen=True, slots=True)
class Client:
    """One client. `signs` are folders or files that show it is there, `program` its command; `project` is
    what it is given as the tree to serve: nothing (it starts servers there), a placeholder of its own, or the
    root."""

    key: str
    title: str
    settings: Path
    signs: tuple[Path, ...]
    program: str
    section: str
    kind: Literal["json", "toml"] = "json"
    project: Literal["cwd", "placeholder", "root"] = "cwd"
    typed: bool = False
    note: str = ""

    @property
    def found(self) -> bool:
        """Whether the client seems to be installed."""
        return any(sign.exists() for sign in self.signs) or (
            bool(self.program) and shutil.which(self.program) is not None
        )

    @property
    def path(self) -> tuple[str, str]:
        """Where in the settings the entry is."""
        return self.section, NAME

    def entry(self, command: Sequence[str], root: Path) -> dict[str, Any]:
        """The entry that starts the server."""
        tree = {"cwd": [], "placeholder": [WORKSPACE], "root": [os.fspath(root)]}[self.project]
        fields: dict[str, Any] = {"type": "stdio"} if self.typed else {}
        return {**fields, "command": command[0], "args": [*command[1:], "mcp", *tree]}


def clients(home: Path | None = None) -> tuple[Client, ...]:
    """All clients that are known, for a user's home folder."""
    home = home or Path.home()
    settings = home / "Library" / "Application Support" if sys.platform == "darwin" else _config_home(home)
    codex = Path(os.environ.get("CODEX_HOME") or home / ".codex")
    zed = home / ".config" / "zed" if sys.platform == "darwin" else settings / "zed"
    return (
        Client(
            "claude-code",
            "Claude Code",
            home / ".claude.json",
            (home / ".claude.json", home / ".claude"),
            "claude",
            "mcpServers",
            typed=True,
        ),
        Client(
            "claude-desktop",
            "Claude Desktop",
            settings / "Claude" / "claude_desktop_config.json",
            (settings / "Claude",),
            "",
            "mcpServers",
            project="root",
            note="restart it; it serves this one root",
        ),
        Client(
            "cursor",
            "Cursor",
            home / ".cursor" / "mcp.json",
            (home / ".cursor",),
            "cursor",
            "mcpServers",
            project="placeholder",
        ),
        Client(
            "vscode",
            "VS Code",
            settings / "Code" / "User" / "mcp.json",
            (settings / "Code",),
            "code",
            "servers",
            project="placeholder",
            typed=True,
        ),
        Client("codex", "Codex", codex / "config.toml", (codex,), "codex", "mcp_servers", kind="toml"),
        Client("zed", "Zed", zed / "settings.json", (zed,), "zed", "context_servers"),
        Client(
            "windsurf",
            "Windsurf",
            home / ".codeium" / "windsurf" / "mcp_config.json",
            (home / ".codeium" / "windsurf",),
            "windsurf",
            "mcpServers",
            project="root",
            note="refresh its servers; it serves this one root",
        ),
    )


def _config_home(home: Path) -> Path:
    named = os.environ.get("XDG_CONFIG_HOME")
    return Path(named) if named and Path(named).is_absolute() else home / ".config"


def command_line(which: Callable[[str], str | None] = shutil.which) -> list[str]:
    """How a client starts leindex: by its full path, since clients with windows do not have the shell's
    PATH."""
    started = Path(sys.argv[0])
    if started.name == NAME and started.is_absolute() and started.exists():
        return [os.fspath(started)]
    beside = Path(sys.executable).with_name(NAME)
    if beside.exists():
        return [os.fspath(beside)]
    found = which(NAME)
    return [found] if found else [sys.executable, "-P", "-m", NAME]
