"""What callers may pass: one declaration of each parameter, read by MCP, by the HTTP API, by its OpenAPI
document and by the commands of the terminal.

A value is checked once, here, with a message that says what would be right; nothing behind this module sees
a value out of bounds. The checks are those of the JSON Schema that `Parameter.schema` returns, and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from ..errors import ConfigError
from ..records import record

Kind = Literal["string", "integer", "boolean", "strings"]


@record(frozen=True, slots=True)
class Terminal:
    """How a command offers a parameter: its help, and what differs there. A person who asks for more than `high`
    gets it, so that only `low` holds. `default` is shown after the help; `flag` is the name where it is another."""

    help: str
    default: Any = None
    flag: str = ""
    metavar: str | None = None


@record(frozen=True, slots=True)
class Parameter:
    """One parameter. `low` and `high` bound an integer, or the length of a string in characters; `strings`
    is a list of at most 20 strings. A parameter without a default is None where it is not given."""

    name: str
    kind: Kind
    description: str
    default: Any = None
    required: bool = False
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    terminal: Terminal | None = None

    def schema(self) -> dict[str, Any]:
        """The parameter as JSON Schema."""
        if self.kind == "strings":
            shape: dict[str, Any] = {
                "type": "array",
                "maxItems": MOST_STRINGS,
                "items": {"type": "string", "minLength": 1, "maxLength": self.high or LONGEST},
            }
        elif self.kind == "string":
            shape = {"type": "string", "minLength": self.low or 0, "maxLength": self.high or LONGEST}
            if self.choices:
                shape = {"type": "string", "enum": list(self.choices)}
        elif self.kind == "integer":
            shape = {"type": "integer", "minimum": self.low, "maximum": self.high}
        else:
            shape = {"type": "boolean"}
        shape["description"] = self.description
        if self.default is not None:
            shape["default"] = list(self.default) if self.kind == "strings" else self.default
        return shape

    def brief_schema(self) -> dict[str, Any]:
        """The same without what a caller is told when it is wrong: how long texts and lists may be, numbers that
        nobody gives, and defaults that go without saying. A model reads it in every conversation."""
        full = self.schema()
        brief = {name: full[name] for name in full if name in ("type", "enum", "description")}
        if self.kind == "strings":
            brief["items"] = {"type": "string"}
        if self.kind == "integer" and self.high is not None and self.high < LIKELY:
            brief["maximum"] = self.high
        return brief | {"default": full["default"]} if self.kind == "integer" and self.default else brief

    def checked(self, value: Any) -> Any:
        """The value, if it is one that the schema allows. Raises ConfigError."""
        if self.kind == "boolean":
            if not isinstance(value, bool):
                raise ConfigError(f"{self.name} must be true or false, not {value!r}")
            return value
        if self.kind == "integer":
            return self._checked_number(value)
        if self.kind == "strings":
            if not isinstance(value, list) or len(value) > MOST_STRINGS:
                raise ConfigError(f"{self.name} must be a list of at most {MOST_STRINGS} strings")
            return tuple(self._checked_text(part, low=1) for part in value)
        text = self._checked_text(value, low=self.low or 0)
        if self.choices and text not in self.choices:
            raise ConfigError(f"{self.name} must be one of {', '.join(self.choices)}, not {text!r}")
        return text

    def _checked_number(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            if not (isinstance(value, float) and value.is_integer()):
                raise ConfigError(f"{self.name} must be a whole number, not {value!r}")
            value = int(value)
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise ConfigError(f"{self.name} must be from {self.low} to {self.high}, not {value}")
        return int(value)

    def _checked_text(self, value: Any, *, low: int) -> str:
        if not isinstance(value, str):
            raise ConfigError(f"{self.name} must be a string, not {value!r}")
        if len(value) < low:
            raise ConfigError(f"{self.name} must not be empty")
        if len(value) > (self.high or LONGEST):
            raise ConfigError(f"{self.name} is longer than {self.high or LONGEST} characters")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ConfigError(f"{self.name} holds half of a surrogate pair") from None
        return value

    def from_text(self, values: Sequence[str]) -> Any:
        """The value that a query string gives, checked. Raises ConfigError."""
        if self.kind == "strings":
            return self.checked(list(values))
        if len(values) > 1:
            raise ConfigError(f"{self.name} is given {len(values)} times")
        text = values[0]
        if self.kind == "boolean":
            if text not in ("true", "false"):
                raise ConfigError(f"{self.name} must be true or false, not {text!r}")
            return text == "true"
        if self.kind == "integer":
            digits = text[1:] if text.startswith("-") else text
            if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
                raise ConfigError(f"{self.name} must be a whole number, not {text!r}")
            return self.checked(int(text))
        return self.checked(text)


LIKELY = 500
"""Numbers of which a caller may well ask for more than allowed have a highest value below this."""

LONGEST = 2_000
MOST_STRINGS = 20
"""Together with the bounds of single parameters these keep the longest address below `limits.HEAD_BYTES`."""


def object_schema(parameters: Iterable[Parameter]) -> dict[str, Any]:
    """The parameters together as the brief schema of one object."""
    listed = tuple(parameters)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {parameter.name: parameter.brief_schema() for parameter in listed},
    }
    if required := [parameter.name for parameter in listed if parameter.required]:
        schema["required"] = required
    return schema


def read_arguments(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter's value from a JSON object. Raises ConfigError for one that is unknown, missing or
    wrong."""
    _refuse_unknown(parameters, given)
    return {
        parameter.name: parameter.checked(given[parameter.name])
        if given.get(parameter.name) is not None
        else _default(parameter)
        for parameter in parameters
    }


def read_query_string(parameters: Sequence[Parameter], pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The same from the pairs of a URL's query."""
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    _refuse_unknown(parameters, given)
    return {
        parameter.name: parameter.from_text(given[parameter.name]) if parameter.name in given else _default(parameter)
        for parameter in parameters
    }


def _default(parameter: Parameter) -> Any:
    if parameter.required:
        raise ConfigError(f"{parameter.name} is required: {parameter.description}")
    return parameter.default


def _refuse_unknown(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> None:
    names = [parameter.name for parameter in parameters]
    for name in given:
        if name not in names:
            import difflib

            near = difflib.get_close_matches(name, names, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(names) or 'none'}"
            raise ConfigError(f"there is no parameter {name!r}{hint}")
