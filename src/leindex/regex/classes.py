"""Sets of characters: their algebra, simple case folding, and the named sets of Unicode and POSIX.

A set is a sorted tuple of disjoint inclusive ranges that do not touch. Ranges hold Unicode scalar values, so
the surrogates D800 to DFFF are never an end of one, and D7FF counts as touching E000. Byte sets are ranges of
0 to 255. The tables (`unicode_tables.py`) are decoded on first use and kept, since most patterns need two or
three of them.

    >>> union(((48, 57),), ((97, 102), (58, 58)))
    ((48, 58), (97, 102))
    >>> [hex(low) for low, high in fold(((107, 107),))]
    ['0x4b', '0x6b', '0x212a']
"""

from __future__ import annotations

import binascii
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]

MAX_CHAR: Final = 0x10FFFF
NOT_PROPERTIES: Final = frozenset(("cf", "sc", "lc"))  # also short for categories, which win
POSIX: Final[dict[str, Ranges]] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": ((48, 57),),
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}


def canonical(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The set that holds all these ranges, in any order, overlapping or not."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if 0xD800 <= start <= 0xDFFF:
            start = 0xE000
        if 0xD800 <= end <= 0xDFFF:
            end = 0xD7FF
        if start > end:
            continue
        if merged and start <= _next(merged[-1][1]):
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return tuple(merged)


def _next(char: int) -> int:
    return 0xE000 if char == 0xD7FF else char + 1


def _previous(char: int) -> int:
    return 0xD7FF if char == 0xE000 else char - 1


def union(one: Ranges, two: Ranges) -> Ranges:
    """Members of either set."""
    return canonical(one + two)


def negate(ranges: Ranges, top: int) -> Ranges:
    """Everything from 0 to `top` (255 for bytes, `MAX_CHAR`) that is not in the set."""
    out = []
    start = 0
    for low, high in ranges:
        if low > start:
            out.append((start, _previous(low)))
        start = _next(high)
    if start <= top:
        out.append((start, top))
    return tuple(out)


def intersect(one: Ranges, two: Ranges) -> Ranges:
    """Members of both sets."""
    out = []
    i = j = 0
    while i < len(one) and j < len(two):
        start, end = max(one[i][0], two[j][0]), min(one[i][1], two[j][1])
        if start <= end:
            out.append((start, end))
        if one[i][1] < two[j][1]:
            i += 1
        else:
            j += 1
    return canonical(out)


def subtract(one: Ranges, two: Ranges) -> Ranges:
    """Members of the first set that are not in the second."""
    return intersect(one, negate(two, MAX_CHAR))


def difference(one: Ranges, two: Ranges) -> Ranges:
    """Members of exactly one of the sets."""
    return union(subtract(one, two), subtract(two, one))


def fold_ascii(ranges: Ranges) -> Ranges:
    """The set with both cases of its ASCII letters: the folding of byte sets."""
    extra = []
    for low, high, distance in ((65, 90, 32), (97, 122, -32)):
        for start, end in intersect(ranges, ((low, high),)):
            extra.append((start + distance, end + distance))
    return canonical((*ranges, *extra))


def fold(ranges: Ranges) -> Ranges:
    """The set closed under Unicode simple case folding (`k` brings `K` and the Kelvin sign)."""
    if len(ranges) == 1 and ranges[0][0] == 0 and ranges[0][1] == MAX_CHAR:
        return ranges
    table, keys = _folds()
    extra: list[tuple[int, int]] = []
    for start, end in ranges:
        for at in range(bisect_left(keys, start), len(keys)):
            if keys[at] > end:
                break
            extra += [(char, char) for char in table[keys[at]]]
    return canonical((*ranges, *extra)) if extra else ranges


def folds_of(char: int) -> tuple[int, ...]:
    """The other characters that fold together with this one."""
    if char < 128:  # the whole table is not needed for what nearly every pattern holds
        if char in (75, 107):
            return (107 if char == 75 else 75, 0x212A)
        if char in (83, 115):
            return (115 if char == 83 else 83, 0x17F)
        return (char ^ 32,) if 97 <= char | 32 <= 122 else ()
    return _folds()[0].get(char, ())


@cache
def _folds() -> tuple[dict[int, tuple[int, ...]], list[int]]:
    from .unicode_tables import FOLDS

    table: dict[int, tuple[int, ...]] = {}
    numbers = _numbers(FOLDS)
    for start in numbers:
        count, stride, distance = next(numbers), next(numbers), next(numbers)
        for char in range(start, start + count * stride, stride):
            table[char] = (*table.get(char, ()), char + distance)
            table[char + distance] = (*table.get(char + distance, ()), char)
    return table, sorted(table)


def _numbers(text: str) -> Iterator[int]:
    number = shift = 0
    for byte in binascii.a2b_base64(text + "=" * (-len(text) % 4)):
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0


@cache
def _words(group: str) -> dict[str, str]:
    from .unicode_tables import RANGES

    return dict(word.split(":") for word in RANGES[group].split())


@cache
def table(group: str, name: str) -> Ranges | None:
    """The set of this canonical name in a group of `unicode_tables.RANGES`; None if there is none."""
    data = _words(group).get(name)
    if data is None:
        return None
    out = []
    last = 0
    numbers = _numbers(data)
    for gap in numbers:
        start = last + gap
        last = start + next(numbers)
        out.append((start, last))
    return tuple(out)


def _must(group: str, name: str) -> Ranges:
    ranges = table(group, name)
    assert ranges is not None, name
    return ranges


def perl(letter: str) -> Ranges:
    """What `\\d`, `\\s` or `\\w` matches in Unicode mode."""
    if letter == "d":
        return _must("General_Category", "Decimal_Number")
    return _must("Binary", "White_Space") if letter == "s" else _must("Perl", "PERL_WORD")


@cache
def _aliases(name: str) -> dict[str, str]:
    from .unicode_tables import NAMES, VALUES

    words = NAMES if name == "" else VALUES.get(name, "")
    return dict(word.split("=") for word in words.split())


def _loose(name: str) -> str:
    """A name as UAX44-LM3 compares it: no case, spaces, underscores, hyphens, or leading `is`."""
    prefixed = name[:2].lower() == "is"
    plain = "".join(c for c in (name[2:] if prefixed else name) if c.isascii() and c not in " _-").lower()
    return "isc" if prefixed and plain == "c" else plain


def _category(name: str) -> Ranges | None:
    if name in ("any", "ascii"):
        return ((0, MAX_CHAR if name == "any" else 127),)
    if name == "assigned":
        return negate(_must("General_Category", "Unassigned"), MAX_CHAR)
    found = _aliases("General_Category").get(name)
    return None if found is None else table("General_Category", found)


def unicode_property(name: str) -> Ranges | None:
    """The set of `\\p{name}`: a binary property, a general category or a script; None if unknown."""
    loose = _loose(name)
    found = None if loose in NOT_PROPERTIES else _aliases("").get(loose)
    if found is not None:
        return table("Binary", found)
    category = _category(loose)
    if category is not None:
        return category
    script = _aliases("Script").get(loose)
    return None if script is None else table("Script", script)


def unicode_value(name: str, value: str) -> Ranges | str:
    """The set of `\\p{name=value}`, or what is unknown: `"property"` or `"value"`."""
    found, wanted = _aliases("").get(_loose(name)), _loose(value)
    if found is None:
        return "property"
    if found == "General_Category":
        return _category(wanted) or "value"
    canonical_value = _aliases(found).get(wanted)
    if canonical_value is None:
        return "value"
    if found == "Age":
        return _age(canonical_value)
    from .unicode_tables import RANGES

    if found not in RANGES:
        return "property"
    ranges = table(found, canonical_value)
    return "value" if ranges is None else ranges


def _age(wanted: str) -> Ranges | str:
    """Characters assigned in this version or an earlier one."""

    def version(name: str) -> tuple[int, ...]:
        return tuple(int(part) for part in name[1:].split("_"))

    names = _words("Age")
    if wanted not in names:
        return "value"
    upto = [name for name in names if version(name) <= version(wanted)]
    return canonical(pair for name in upto for pair in _must("Age", name))


def is_uppercase(char: str) -> bool:
    """Whether a character counts as a capital for smart case."""
    return "A" <= char <= "Z" if char.isascii() else _holds(_must("Binary", "Uppercase"), ord(char))


def is_name_char(char: str, first: bool) -> bool:
    """Whether a capture group's name may hold this character (as its first)."""
    if char == "_" or char.isascii():
        return char == "_" or char.isalpha() or (not first and (char.isdigit() or char in ".[]"))
    if _holds(_must("Binary", "Alphabetic"), ord(char)):
        return True
    return not first and _holds(_must("General_Category", "Number"), ord(char))


def _holds(ranges: Ranges, char: int) -> bool:
    at = bisect_left(ranges, (char + 1,)) - 1
    return at >= 0 and ranges[at][1] >= char
