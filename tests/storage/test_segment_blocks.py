"""Blocks of segments that are made up, with the right checksum: refused as damaged, whatever they claim."""

from __future__ import annotations

from array import array

import pytest

from leindex._native import SegmentBuilder, members, postings, select_run, weighted_postings

WORD = (1 << 64) - 1


def checksum(data: bytes) -> int:
    """As `segment_checksum` in native/grams/segment_read.c."""
    h = 0x9E3779B97F4A7C15 ^ len(data)
    whole = len(data) // 8 * 8
    for at in range(0, whole, 8):
        h = (h ^ int.from_bytes(data[at : at + 8], "little")) * 0xFF51AFD7ED558CCD & WORD
        h ^= h >> 32
    for byte in data[whole:]:
        h = (h ^ byte) * 0xC4CEB9FE1A85EC53 & WORD
        h ^= h >> 29
    h = (h ^ h >> 33) * 0xFF51AFD7ED558CCD & WORD
    return (h ^ h >> 32) & 0xFFFFFFFF


def varint(number: int) -> bytes:
    """Seven bits a byte, the least first."""
    more = number >> 7
    return bytes([number & 127 | 128]) + varint(more) if more else bytes([number])


def block(documents: int, *entries: bytes) -> bytes:
    """A block of grams from 0 on."""
    rest = array("I", [documents, len(entries), 0]).tobytes() + b"".join(entries)
    return checksum(rest).to_bytes(4, "little") + rest


def single(document: int) -> bytes:
    """The entry of a gram in one document."""
    return varint(1) + varint(document)


def listed(count: int, data: bytes) -> bytes:
    """The entry of a gram in several documents."""
    return varint(0) + varint(count) + varint(len(data)) + data


def test_what_is_sound_is_read() -> None:
    assert postings(block(20, single(9)), 0, 9) == b"\0\2\0"
    assert postings(block(20, listed(3, b"\1\2\4")), 0, 9) == b"\1\2\4"


@pytest.mark.parametrize(
    "entry",
    [
        *(single(20), single(0xFFFFFFFF), listed(3, b"\1\2"), listed(2, b"\0\x80\xff\xff")),
        listed(3, b"\1\2\x10"),  # a bitmap with a bit behind the last document
    ],
)
def test_a_list_that_is_not_of_the_documents(entry: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        postings(block(20, entry), 0, 9)


def test_any_changed_byte_is_noticed() -> None:
    sound = block(20, single(9), listed(3, b"\1\2\4"))
    for place in range(len(sound)):
        for bit in range(8):
            changed = bytearray(sound)
            changed[place] ^= 1 << bit
            with pytest.raises(ValueError, match="damaged"):
                postings(bytes(changed), 0, 9)


@pytest.mark.parametrize("documents", [0x80000001, 0xFFFFFFF9, 0xFFFFFFFF])
def test_more_documents_than_there_can_be(documents: int) -> None:
    """The bitmap of 2^32 - 1 documents was taken to have no byte, and a bit was set far behind it."""
    with pytest.raises(ValueError, match="damaged"):
        postings(block(documents, single(100_000)), 0, 9)


@pytest.mark.parametrize("count", [5000, 0x80000001, 0xFFFFFFFF])
def test_a_list_of_more_documents_than_it_has_bits(count: int) -> None:
    """Room for 2^31 + 1 documents was counted in 32 bits and came out as 2, into which the list's bits were read."""
    with pytest.raises(ValueError, match="damaged"):
        postings(block(1 << 20, listed(count, b"\xff" * 600)), 0, 9)


def test_the_numbers_of_a_merge_stay_among_the_documents() -> None:
    """A bitmap has a bit for each document that the segment spans, and no more."""
    builder = SegmentBuilder()
    builder.add_block(block(20, listed(3, b"\1\2\4")), array("i", range(1000, 1020)))
    builder.set_documents(20)
    with pytest.raises(ValueError, match="beyond the documents"):
        builder.finish()
    with pytest.raises(ValueError, match="spans up to"):
        builder.set_documents(1 << 32)


def test_a_builder_with_payloads_takes_no_text() -> None:
    builder = SegmentBuilder(True)
    with pytest.raises(ValueError, match="takes keys"):
        builder.add(b"text")
    builder.add_keys(array("I", [7]).tobytes(), b"\5")
    (made,) = builder.finish()
    assert weighted_postings(made[1], 7, 1) == (array("I", [1]).tobytes(), b"\5")


def test_runs_at_any_place_and_with_any_bounds() -> None:
    numbers = b"-" + array("I", [0, 5, 0xFFFFFFFF]).tobytes()
    lowest, highest = -(1 << 63), (1 << 63) - 1
    assert select_run(memoryview(numbers)[1:], 0, lowest, highest, None) == (3, [0, 1, 2])
    assert select_run(memoryview(numbers)[1:], 0, lowest, highest, b"\xff") == (3, [0])
    assert members(b"\1", highest) == [highest]
