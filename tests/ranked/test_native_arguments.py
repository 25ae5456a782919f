"""Native functions refuse arguments whose sizes do not fit each other, since they read by them."""

from __future__ import annotations

from array import array
from collections.abc import Callable

import pytest

from leindex._native import SegmentBuilder, bag, best, best_passage, fuzzy, scan

TABLE = array("f", [1.0] * 256).tobytes()


def u32(*numbers: int) -> bytes:
    return array("I", numbers).tobytes()


def f64(*numbers: float) -> bytes:
    return array("d", numbers).tobytes()


def passage(
    groups: bytes = u32(0, 1),
    worths: bytes = f64(1, 1),
    rarities: bytes = f64(1, 1),
    starts: bytes = u32(1),
    ends: bytes = u32(2),
) -> object:
    return best_passage(b"def one(two):\n    two\n", (b"one\0two", groups, worths), rarities, starts, ends, u32(1))


def test_what_fits_is_taken() -> None:
    assert passage()
    assert best([(0, 1.0, TABLE, u32(3), b"\1")], 4, 1, None) == [(3, 1.0)]
    assert fuzzy(b"a", b"Aa\0b", b"aa\0b", u32(0, 0), 5)[1] == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: passage(groups=u32(0)),
        lambda: passage(worths=f64(1)),
        lambda: passage(rarities=f64(1)),
        lambda: passage(starts=u32(1, 2)),
        lambda: passage(starts=b"\1", ends=b"\1"),
        lambda: best([(0, 1.0, TABLE, u32(3), b"\1\2")], 4, 1, None),
        lambda: best([(0, 1.0, TABLE[:-4], u32(3), b"\xff")], 4, 1, None),
        lambda: fuzzy(b"a", b"Aa\0b", b"aa", u32(0, 0), 5),
        lambda: SegmentBuilder(True).add_keys(u32(1, 2), b"\1"),
        lambda: SegmentBuilder(True).add_keys(b"\1\2\3\4\5", b"\1"),
    ],
)
def test_what_does_not_fit_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r":|payload"):
        call()


@pytest.mark.parametrize("term", [b"c)", b"(c)", b"``", b"_)"])
def test_a_term_with_what_is_in_no_word_is_never_found(term: bytes) -> None:
    """What followed its last byte was taken for a run: at the end of the text a byte behind it was read, and elsewhere
    the next word was not counted."""
    text = b"ab (c) def `` _) ghi " + term
    counts, lengths = scan(text, term + b"\0def", array("I", [0]).tobytes())
    assert memoryview(counts).cast("H").tolist() == [0, 1]
    assert memoryview(lengths).cast("I").tolist() == [bag(text, b"")[2]]
