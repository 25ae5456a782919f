"""Records answer as dataclasses do, made and compared, copied and refused."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from typing import NamedTuple

import pytest

from leindex.records import as_dict, field, record, replace


class Pair(NamedTuple):
    left: int
    right: int


@record(frozen=True, slots=True)
class Point:
    """A place."""

    x: int
    y: int = 2
    tags: list[str] = field(default_factory=list)

    def total(self) -> int:
        return self.x + self.y


@record(frozen=True, slots=True)
class Named(Point):
    name: str = "origin"


@record(slots=True)
class Counter:
    seen: int = 0


@record(frozen=True)
class Loose:
    value: int = 3
    others: dict[str, int] = field(default_factory=dict)


@record(frozen=True, slots=True)
class Empty:
    pass


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    """What `Point` has to be like."""

    x: int
    y: int = 2
    tags: list[str] = dataclasses.field(default_factory=list)


def test_values_are_made_compared_and_shown_as_a_dataclass_does() -> None:
    assert repr(Point(1, tags=["a"])) == repr(Model(1, tags=["a"])).replace("Model", "Point")
    assert Point(1) == Point(1, 2) and Point(1) != Point(2) and Point(1) != Model(1) and Empty() == Empty()
    assert Point(1).tags is not Point(1).tags
    assert Point(1).total() == 3
    assert Named(1, name="n") == Named(1, 2, [], "n") and Named(1) != Point(1)
    assert {Point(1, 2, ()): 1}[Point(1, 2, ())] == 1  # type: ignore[arg-type]
    match Point(4, 5):
        case Point(x, y):
            assert (x, y) == (4, 5)


@pytest.mark.parametrize("given", [(), (1, 2, [], 4)])
def test_a_missing_or_surplus_field_is_refused(given: tuple[object, ...]) -> None:
    with pytest.raises(TypeError):
        Point(*given)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Point(1, z=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        replace(Point(1), z=3)  # type: ignore[call-arg]


def test_a_frozen_value_refuses_to_change_and_another_does_not() -> None:
    for value in (Point(1), Loose()):
        with pytest.raises(dataclasses.FrozenInstanceError):
            value.x = 5  # type: ignore[union-attr, misc]
        with pytest.raises(dataclasses.FrozenInstanceError):
            del value.x  # type: ignore[union-attr]
    counter = Counter()
    counter.seen += 1
    assert counter == Counter(1)
    with pytest.raises(TypeError):
        hash(counter)
    with pytest.raises(AttributeError):
        counter.other = 1  # type: ignore[attr-defined]


def test_values_are_copied_pickled_and_replaced() -> None:
    value = Named(1, 5, ["a"], "n")
    assert pickle.loads(pickle.dumps(value)) == value == copy.deepcopy(value)
    assert copy.deepcopy(value).tags is not value.tags
    assert replace(value, y=6) == Named(1, 6, ["a"], "n")


def test_the_tools_for_dataclasses_work() -> None:
    assert dataclasses.is_dataclass(Point) and dataclasses.is_dataclass(Loose())
    fields = [(one.name, one.type, one.default) for one in dataclasses.fields(Point)]
    assert fields == [(one.name, one.type, one.default) for one in dataclasses.fields(Model)]
    assert [one.name for one in dataclasses.fields(Named)] == ["x", "y", "tags", "name"]
    assert dataclasses.asdict(Named(1)) == as_dict(Named(1)) == {"x": 1, "y": 2, "tags": [], "name": "origin"}
    assert dataclasses.replace(Named(1), x=4) == Named(4)


def test_as_dict_goes_into_what_it_holds() -> None:
    held = Loose(1, {"a": Point(1, 2, [Pair(1, 2)])})  # type: ignore[dict-item, list-item]
    assert as_dict(held) == dataclasses.asdict(held)
    assert as_dict(held)["others"]["a"]["tags"] == [Pair(1, 2)]


def test_defining_records_needs_no_dataclasses() -> None:
    """The reason for them: that module and what it imports are half of what a record costs."""
    code = "import sys, leindex.records, leindex.questions, leindex.models; sys.exit('dataclasses' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
