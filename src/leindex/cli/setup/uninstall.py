"""`leindex uninstall`: takes the entry for leindex out of the settings of MCP clients again.

Where nothing else has changed since `install`, the file becomes exactly what it was; else only the entry is
removed.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ConfigError
from . import settings_text
from .clients import Client
from .install import Change, carry_out, chosen, parser, read


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    options = parser("uninstall", "Take leindex out of the settings of MCP clients: of all, or of those named.")
    parsed = options.parse_args(arguments)
    changes = [uninstalled(client) for client in chosen(parsed.client, installing=False)]
    status = carry_out(changes, dry_run=parsed.dry_run, yes=parsed.yes, done="as before")
    for change in changes:
        if not parsed.dry_run and change.backup.exists() and read(change.client) == _text(change):
            change.backup.unlink()
    return status


def uninstalled(client: Client) -> Change:
    """The change that undoes the set-up of a client. Raises ConfigError for settings that cannot be read."""
    before = read(client)
    if before is None:
        return Change(client, None, None)
    toml = client.kind == "toml"
    drop = settings_text.drop_toml if toml else settings_text.drop_json
    put = settings_text.put_toml if toml else settings_text.put_json
    say = settings_text.read_toml if toml else settings_text.read_json
    try:
        after = drop(before, client.path)
        if after == before:
            return Change(client, before, before)
        original = _text(Change(client, before, after))
        entry = say(before)[client.path[0]][client.path[1]]
        if original is not None and put(original, client.path, entry) == before:
            after = original  # nothing else has changed since
        empty = not say(after)
    except ConfigError as error:
        raise ConfigError(f"{client.settings}: {error}") from None
    # A file that was made for the entry goes with it.
    return Change(client, before, None if empty and original is None else after)


def _text(change: Change) -> str | None:
    """The settings as they were before the first change, where they are kept."""
    try:
        return change.backup.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
