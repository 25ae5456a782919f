"""Records: value classes with named fields, used as `dataclasses.dataclass` is, but cheap to define.

A process that answers one grep defines a hundred of them and makes a dozen. `dataclass` writes, compiles and runs up to
eight functions a class when it is defined (0.6 ms here for three fields), and imports `inspect`. A record compiles its
`__init__` when its first value is made, and its other methods are plain closures over the names of its fields.

Type checkers are told that a record is a dataclass, and it answers as one at run time too: `fields`, `asdict`,
`replace` and `is_dataclass` of that module work on it. What is left out is what nothing here uses: ordering, `InitVar`,
`__post_init__`, fields apart from `__init__`.
"""

from __future__ import annotations

from operator import attrgetter

__all__ = ["as_dict", "field", "record", "replace"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import dataclass as record
    from dataclasses import field, replace
    from typing import Any

_NONE = object()
"""Stands for "no default"."""


class _Made:
    """The default of a field that each value gets a new one of."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], object]) -> None:
        self.make = make


if not TYPE_CHECKING:

    def field(*, default_factory: Callable[[], object]) -> _Made:
        """The default of a field that is made anew for each value, such as an empty list."""
        return _Made(default_factory)

    def replace(value: Any, /, **changes: Any) -> Any:
        """A value like this one with some fields changed. Raises TypeError for a name that is none of its fields, and
        for a value that is no record."""
        if not hasattr(value, "__record__"):
            raise TypeError(f"replace() is for records, not for {type(value).__name__}")
        for name in value.__match_args__:
            if name not in changes:
                changes[name] = getattr(value, name)
        return value.__class__(**changes)

    def record(*, frozen: bool = False, slots: bool = False) -> Callable[[type], type]:
        """Makes a record of a class: its annotated names are its fields, in order, after those of its bases.

        `frozen` refuses changes and makes values hashable; with `slots` a value has no `__dict__`.
        """
        return lambda defined: _record(defined, frozen, slots)


def as_dict(value: Any) -> dict[str, Any]:
    """The fields of a record by name; records, sequences and mappings in them are turned likewise."""
    return {name: _plain(getattr(value, name)) for name in value.__match_args__}


def _plain(value: Any) -> Any:
    kind = value.__class__
    if hasattr(kind, "__record__"):
        return as_dict(value)
    if isinstance(value, tuple):
        items = [_plain(item) for item in value]
        return kind(*items) if hasattr(kind, "_fields") else tuple(items)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _record(defined: type, frozen: bool, slots: bool) -> type:
    body = dict(defined.__dict__)
    fields: dict[str, object] = {}
    for base in reversed(defined.__mro__[1:]):
        fields |= base.__dict__.get("__record__", {})
    own = [name for name, kind in body.get("__annotations__", {}).items() if not str(kind).startswith("ClassVar")]
    fields |= {name: body.get(name, _NONE) for name in own}
    made = defined
    if slots:
        for name in (*own, "__dict__", "__weakref__"):
            body.pop(name, None)
        inherited = {name for base in defined.__mro__[1:] for name in base.__dict__.get("__slots__", ())}
        made = type(defined)(
            defined.__name__,
            defined.__bases__,
            body | {"__slots__": tuple(n for n in own if n not in inherited)},
        )
        made.__qualname__ = defined.__qualname__
    else:
        for name in own:
            if isinstance(body.get(name), _Made):
                delattr(made, name)
    methods = {
        **_shared(made, tuple(fields), frozen),
        **({"__getstate__": _state, "__setstate__": _restore} if slots else {}),
    }
    for name, method in methods.items():
        if name not in body or (name == "__hash__" and "__eq__" not in body):
            setattr(made, name, method)
    made.__record__ = fields  # type: ignore[attr-defined]
    made.__match_args__ = tuple(fields)  # type: ignore[attr-defined, misc]
    made.__dataclass_fields__ = _Fields(made)  # type: ignore[attr-defined]
    return made


def _shared(made: type, names: tuple[str, ...], frozen: bool) -> dict[str, object]:
    """The methods of a record: what makes a value, and what compares, hashes and shows one."""
    values: Callable[[object], object] = attrgetter(*names) if names else lambda _value: ()

    def __init__(self: object, *given: object, **named: object) -> None:
        made.__init__ = _initialiser(made, frozen)  # type: ignore[misc]
        made.__init__(self, *given, **named)  # type: ignore[misc]

    def __eq__(self: object, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: object) -> int:
        return hash(values(self))

    def __repr__(self: object) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({shown})"

    methods: dict[str, object] = {"__init__": __init__, "__eq__": __eq__, "__repr__": __repr__}
    if frozen:
        return {**methods, "__hash__": __hash__, "__setattr__": _refuse, "__delattr__": _refuse}
    return {**methods, "__hash__": None}


def _initialiser(made: type, frozen: bool) -> Callable[..., None]:
    """Compiles what makes a value of this record from its fields, given in order or by name."""
    names: dict[str, object] = {"_NEW": _NONE}
    parameters, lines = [], []
    for name, default in made.__record__.items():  # type: ignore[attr-defined]
        value = name
        if isinstance(default, _Made):
            names[f"_make_{name}"] = default.make
            value = f"_make_{name}() if {name} is _NEW else {name}"
            parameters.append(f"{name}=_NEW")
        elif default is _NONE:
            parameters.append(name)
        else:
            names[f"_default_{name}"] = default
            parameters.append(f"{name}=_default_{name}")
        if frozen:
            names[f"_set_{name}"] = _setter(made, name)
            lines.append(f" _set_{name}(self, {value})")
        else:
            lines.append(f" self.{name} = {value}")
    exec(f"def __init__(self, {', '.join(parameters)}):\n" + ("\n".join(lines) or " pass"), names)
    made_by: Callable[..., None] = names["__init__"]  # type: ignore[assignment]
    return made_by


def _setter(made: type, name: str) -> Callable[[object, object], None]:
    """What sets a field of a value that refuses to be changed: its slot, or its entry in the value's dict."""
    slot = getattr(made, name, None)
    if type(slot).__name__ == "member_descriptor":
        return slot.__set__  # type: ignore[no-any-return, union-attr]
    return lambda value, new: value.__dict__.__setitem__(name, new)


def _state(self: Any) -> list[object]:
    return [getattr(self, name) for name in self.__match_args__]


def _restore(self: Any, state: list[object]) -> None:
    for name, value in zip(self.__match_args__, state, strict=True):
        object.__setattr__(self, name, value)


def _refuse(self: object, name: str, _value: object = None) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


class _Fields:
    """The fields of a record as `dataclasses` describes them, made when somebody asks."""

    __slots__ = ("made",)

    def __init__(self, made: Any) -> None:
        self.made = made

    def __get__(self, value: object, owner: type) -> Mapping[str, object]:
        import dataclasses
        import inspect

        kinds: dict[str, Any] = {}
        for base in reversed(self.made.__mro__):
            kinds |= inspect.get_annotations(base)
        described: list[tuple[str, Any, Any]] = []
        for name, default in self.made.__record__.items():
            if isinstance(default, _Made):
                entry = dataclasses.field(default_factory=default.make)
            else:
                entry = dataclasses.field() if default is _NONE else dataclasses.field(default=default)
            described.append((name, kinds[name], entry))
        same: Any = dataclasses.make_dataclass(self.made.__name__, described)
        fields: Mapping[str, object] = same.__dataclass_fields__
        self.made.__dataclass_fields__ = fields
        return fields
