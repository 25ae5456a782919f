"""Changing one entry of a settings file and nothing else: comments, order and layout of the rest stay as
they are.

Settings of editors are JSON with comments and commas at the end, which no parser of the standard library
reads, let alone writes back. So the text is scanned for the place, and only that place is changed;
afterwards the result is read, and must say what the original said apart from the entry.

    >>> put_json('{"a": 1} // mine', ("b", "c"), {"x": 2})
    '{"a": 1, "b": {"c": {"x": 2}}} // mine'
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any, Final

from ...errors import ConfigError
from ...records import field, record

Path = tuple[str, ...]

_SPACE: Final = re.compile(r"(?:[ \t\r\n\ufeff]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR: Final = re.compile(r"[^\s,\]}/]+")
DEEPEST: Final = 200


@record(slots=True)
class _Value:
    """A value in the text: where it is, what it says, and for an object where its members are."""

    start: int
    end: int
    data: Any
    members: dict[str, tuple[int, _Value]] = field(default_factory=dict)


class _Scanner:
    """Reads JSON with comments. Raises ConfigError where it is not that."""

    def __init__(self, text: str) -> None:
        self._text = text

    def document(self) -> _Value:
        """The one value of the text."""
        value, at = self._value(self._skip(0), 0)
        if self._skip(at) != len(self._text):
            raise self._error(at, "there is something after the end")
        return value

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def _value(self, at: int, depth: int) -> tuple[_Value, int]:
        letter = self._text[at : at + 1]
        if depth > DEEPEST:
            raise self._error(at, "it is nested too deeply")
        if letter == "{":
            return self._object(at, depth)
        if letter == "[":
            return self._array(at, depth)
        found = (_STRING if letter == '"' else _SCALAR).match(self._text, at)
        if found is None:
            raise self._error(at, "a value is missing")
        try:
            data = json.loads(found.group(), strict=False)
        except ValueError:
            raise self._error(at, "this is no value") from None
        return _Value(at, found.end(), data), found.end()

    def _object(self, at: int, depth: int) -> tuple[_Value, int]:
        value = _Value(at, at, {})
        at = self._skip(at + 1)
        while self._text[at : at + 1] != "}":
            key = _STRING.match(self._text, at)
            if key is None:
                raise self._error(at, "a name in quotes is missing")
            colon = self._skip(key.end())
            if self._text[colon : colon + 1] != ":":
                raise self._error(colon, "a colon is missing")
            member, after = self._value(self._skip(colon + 1), depth + 1)
            name = json.loads(key.group(), strict=False)
            value.members[name] = (at, member)
            value.data[name] = member.data
            at = self._separated(after, "}")
        value.end = at + 1
        return value, at + 1

    def _array(self, at: int, depth: int) -> tuple[_Value, int]:
        value = _Value(at, at, [])
        at = self._skip(at + 1)
        while self._text[at : at + 1] != "]":
            item, after = self._value(at, depth + 1)
            value.data.append(item.data)
            at = self._separated(after, "]")
        value.end = at + 1
        return value, at + 1

    def _separated(self, at: int, end: str) -> int:
        """Past a comma to the next item, or to the end."""
        at = self._skip(at)
        letter = self._text[at : at + 1]
        if letter == ",":
            return self._skip(at + 1)
        if letter != end:
            raise self._error(at, f"a comma or {end} is missing")
        return at

    def _error(self, at: int, message: str) -> ConfigError:
        line = self._text.count("\n", 0, at) + 1
        return ConfigError(f"line {line}: {message}")


def read_json(text: str) -> dict[str, Any]:
    """What a settings file says; nothing for an empty one. Raises ConfigError."""
    if not text.strip():
        return {}
    data = _Scanner(text).document().data
    if not isinstance(data, dict):
        raise ConfigError("it is not an object")
    return data


def put_json(text: str, path: Path, entry: Any) -> str:
    """The text with `entry` at `path`, in place of what is there. Raises ConfigError where the path is
    blocked."""
    if not text.strip():
        text = "{}\n"
    expected = _with(read_json(text), path, entry)
    value = _Scanner(text).document()
    depth = 0
    while depth < len(path) - 1 and path[depth] in value.members:
        value = value.members[path[depth]][1]
        depth += 1
        if not isinstance(value.data, dict):
            raise ConfigError(f"{'.'.join(path[:depth])} is not an object")
    for name in reversed(path[depth + 1 :]):
        entry = {name: entry}
    changed = _put_member(text, value, path[depth], entry)
    _expect(read_json(changed), expected)
    return changed


def _put_member(text: str, value: _Value, name: str, entry: Any) -> str:
    if value.members and "\n" not in text[value.start : value.end]:
        return _put_on_line(text, value, name, entry)
    inner = _indent(text, value)
    shown = json.dumps(entry, indent=2, ensure_ascii=False).replace("\n", "\n" + inner)
    if name in value.members:
        old = value.members[name][1]
        return text[: old.start] + shown + text[old.end :]
    member = f"{json.dumps(name, ensure_ascii=False)}: {shown}"
    if not value.members:
        outer = inner[: len(inner) - 2]
        return f"{text[: value.start]}{{\n{inner}{member}\n{outer}}}{text[value.end :]}"
    last = max(member.end for _, member in value.members.values())
    return f"{text[:last]},\n{inner}{member}{_without_comma(text[last:])}"


def _put_on_line(text: str, value: _Value, name: str, entry: Any) -> str:
    """The same for an object that is written on one line."""
    shown = json.dumps(entry, ensure_ascii=False)
    if name in value.members:
        old = value.members[name][1]
        return text[: old.start] + shown + text[old.end :]
    last = max(member.end for _, member in value.members.values())
    return f"{text[:last]}, {json.dumps(name, ensure_ascii=False)}: {shown}{_without_comma(text[last:])}"


def _indent(text: str, value: _Value) -> str:
    """The blanks before the members of an object."""
    at = next(iter(value.members.values()))[0] if value.members else value.start
    line = text[text.rfind("\n", 0, at) + 1 : at]
    blanks = line[: len(line) - len(line.lstrip(" \t"))]
    return blanks if value.members and not line.strip() else blanks + "  "


def _without_comma(rest: str) -> str:
    """What follows the last member, without the comma that some files have there: one stands before the new
    member."""
    found = _SPACE.match(rest)
    at = found.end() if found else 0
    return rest[:at] + rest[at + 1 :] if rest[at : at + 1] == "," else rest


def drop_json(text: str, path: Path) -> str:
    """The text without what is at `path`, and without the objects around it that become empty. Raises
    ConfigError."""
    data = read_json(text)
    while path and not _has(data, path):
        return text
    while len(path) > 1 and len(_at(data, path[:-1])) == 1:
        path = path[:-1]
    expected = _without(data, path)
    value = _Scanner(text).document()
    for name in path[:-1]:
        value = value.members[name][1]
    places = sorted((start, member.end, name) for name, (start, member) in value.members.items())
    place = next(i for i, (_, _, name) in enumerate(places) if name == path[-1])
    start, end, _ = places[place]
    if len(places) == 1:
        changed = text[: value.start] + "{}" + text[value.end :]
    elif place + 1 < len(places):
        changed = text[:start] + text[places[place + 1][0] :]
    else:
        changed = text[: places[place - 1][1]] + text[end:]
    _expect(read_json(changed), expected)
    return changed


# -- TOML ----------------------------------------------------------------------------------------------------


def read_toml(text: str) -> dict[str, Any]:
    """What a settings file says. Raises ConfigError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(error)) from None


def put_toml(text: str, path: Path, entry: dict[str, Any]) -> str:
    """The text with a table of strings and lists of strings at `path`. Raises ConfigError where it cannot be
    put."""
    expected = _with(read_toml(text), path, entry)
    table = "\n".join([f"[{'.'.join(path)}]", *(f"{name} = {json.dumps(value)}" for name, value in entry.items())])
    rest = drop_toml(text, path)
    changed = (rest.rstrip("\n") + "\n\n" if rest.strip() else "") + table + "\n"
    _expect(read_toml(changed), expected)
    return changed


def drop_toml(text: str, path: Path) -> str:
    """The text without the table at `path` and those within it. Raises ConfigError where it is written
    otherwise."""
    data = read_toml(text)
    if not _has(data, path):
        return text
    name = r"\s*\.\s*".join(f'"?{re.escape(part)}"?' for part in path)
    header = re.compile(rf"^\s*\[\s*{name}\s*(?:\.[^\]]*)?\]")
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            inside = header.match(line) is not None
        if not inside:
            kept.append(line)
    changed = "".join(kept).rstrip("\n") + "\n" if "".join(kept).strip() else ""
    if _has(read_toml(changed), path):
        raise ConfigError(f"{'.'.join(path)} is not written as a table of its own; change it by hand")
    return changed


# -- checks --------------------------------------------------------------------------------------------------


def _has(data: Any, path: Path) -> bool:
    for name in path:
        if not isinstance(data, dict) or name not in data:
            return False
        data = data[name]
    return True


def _at(data: Any, path: Path) -> Any:
    for name in path:
        data = data[name]
    return data


def _with(data: dict[str, Any], path: Path, entry: Any) -> dict[str, Any]:
    first, *rest = path
    below = data.get(first, {})
    if rest and not isinstance(below, dict):
        raise ConfigError(f"{first} is not an object")
    return {**data, first: _with(below, tuple(rest), entry) if rest else entry}


def _without(data: dict[str, Any], path: Path) -> dict[str, Any]:
    first, *rest = path
    if rest:
        return {**data, first: _without(data[first], tuple(rest))}
    return {name: value for name, value in data.items() if name != first}


def _expect(found: Any, expected: Any) -> None:
    if found != expected:
        raise ConfigError("it could not be changed without changing something else; change it by hand")
