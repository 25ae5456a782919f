"""`leindex install`: puts an entry for leindex into the settings of MCP clients, or prints settings for an editor.

The change is shown as a diff first; the file as it was is kept beside it; `leindex uninstall` undoes it.
"""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ...errors import ConfigError
from ...records import record
from ..parsing import Parser
from . import settings_text
from .clients import Client, clients, command_line
from .editors import EDITORS, settings_of

BACKUP: str = ".before-leindex"


@record(frozen=True, slots=True)
class Change:
    """What a settings file says now and what it is to say; `before` is None for one that does not exist,
    `after` for one that is to go."""

    client: Client
    before: str | None
    after: str | None

    @property
    def file(self) -> Path:
        """The file itself, where the settings are a link to it."""
        return Path(os.path.realpath(self.client.settings))

    @property
    def backup(self) -> Path:
        """Where the file as it was before the first change is kept."""
        return self.file.with_name(self.file.name + BACKUP)

    def diff(self) -> str:
        """The change for people."""
        lines = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True),
            (self.after or "").splitlines(keepends=True),
            str(self.file) if self.before is not None else "/dev/null",
            str(self.file) if self.after is not None else "/dev/null",
        )
        return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    options = parser("install", "Set up MCP clients to use leindex: those that are found, or those that are named.")
    options.add_argument(
        "--root",
        default=".",
        metavar="PATH",
        help="the tree, for clients that serve one (default: this folder)",
    )
    options.add_argument(
        "--editor", metavar="NAME", help=f"instead print the settings of the language server for {', '.join(EDITORS)}"
    )
    parsed = options.parse_args(arguments)
    if parsed.editor is not None:
        return _print_editor(parsed.editor, parsed.client)
    from ...config import root_of

    root = root_of(parsed.root)
    command = command_line()
    changes = [installed(client, command, root) for client in chosen(parsed.client, installing=True)]
    return carry_out(changes, dry_run=parsed.dry_run, yes=parsed.yes, done="set up")


def _print_editor(name: str, clients_named: Sequence[str]) -> int:
    """Prints an editor's settings, and on stderr where they go, so that the output can be put there as it is."""
    if clients_named:
        raise ConfigError("--editor prints settings for one editor; MCP clients are set up without it")
    settings = settings_of(name)
    print(settings.text(command_line()), end="")
    print(f"leindex: for {settings.title}, in {settings.place}; see docs/editors.md", file=sys.stderr)
    return 0


def parser(command: str, description: str) -> Parser:
    """The arguments that install and uninstall share."""
    known = ", ".join(client.key for client in clients())
    made = Parser(command, description)
    made.add_argument("client", nargs="*", metavar="CLIENT", help=f"one of: {known}")
    made.add_argument("--dry-run", action="store_true", help="only show what would change")
    made.add_argument("--yes", "-y", action="store_true", help="change without asking")
    return made


def chosen(names: Sequence[str], *, installing: bool) -> list[Client]:
    """The clients that are named, or that are there. Raises ConfigError for an unknown name, or where there
    is none."""
    known = {client.key: client for client in clients()}
    for name in names:
        if name not in known:
            raise ConfigError(f"there is no client {name!r}; known are {', '.join(known)}")
    picked = [known[name] for name in names] or [client for client in known.values() if client.found]
    if not picked and installing:
        raise ConfigError(f"no MCP client was found; name one: {', '.join(known)}")
    return picked


def installed(client: Client, command: Sequence[str], root: Path) -> Change:
    """The change that sets a client up. Raises ConfigError for settings that cannot be read."""
    before = read(client)
    put = settings_text.put_toml if client.kind == "toml" else settings_text.put_json
    try:
        after = put(before or "", client.path, client.entry(command, root))
    except ConfigError as error:
        raise ConfigError(f"{client.settings}: {error}") from None
    return Change(client, before, after)


def read(client: Client) -> str | None:
    """The settings of a client, None where there are none. Raises ConfigError."""
    try:
        return client.settings.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{client.settings}: cannot be read: {error}") from None


def carry_out(changes: Sequence[Change], *, dry_run: bool, yes: bool, done: str) -> int:
    """Shows the changes, asks, and makes them. Returns the exit status."""
    pending = [change for change in changes if change.before != change.after]
    for change in changes:
        if change.before == change.after:
            print(f"{change.client.title}: nothing to change in {change.client.settings}")
    for change in pending:
        print(f"{change.client.title}:\n{change.diff()}")
        if dry_run or not (yes or _agreed(change)):
            continue
        write(change)
        note = f"; {change.client.note}" if change.client.note else ""
        print(f"{change.client.title} is {done}{note}")
    return 0


def _agreed(change: Change) -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("nothing was changed; to change without being asked add --yes")
    print(f"Change {change.client.settings}? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def write(change: Change) -> None:
    """Makes a change: the backup first, then the new text at once, with the permissions of the old one.
    Raises ConfigError; the settings are then as they were."""
    file = change.file
    try:
        if change.after is None:
            file.unlink()
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = file.stat().st_mode & 0o777 if change.before is not None else 0o600
        if change.before is not None and not change.backup.exists():
            _write_file(change.backup, change.before, mode)
        _write_file(file, change.after, mode)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be changed: {error.strerror or error}") from None


def _write_file(file: Path, text: str, mode: int) -> None:
    handle, name = tempfile.mkstemp(prefix=file.name + ".", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8"))
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, file)
    except OSError:
        os.unlink(name)
        raise
