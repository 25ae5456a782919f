"""Targets for posting lists: arbitrary bytes as blocks, and what is built against what is expected."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from leindex._native import SegmentBuilder, gram_words, members, postings, select_run, weighted_postings
from leindex.text import fold

from .inputs import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    exact: Callable[[bytes], bytes]
    sealed: Callable[[bytes], bytes]
else:
    from _fuzz import exact, sealed

TEXT_MAX = 400
ALL = 0xFFFFFFFF


def blocks(data: bytes) -> None:
    """Arbitrary bytes as a block, most with a right checksum: refused as damaged, or answered within its bounds."""
    taken = Input(data)
    choice, low, high = taken.number(), taken.number(4), taken.number(4)
    block = taken.rest()
    hay = exact(block if choice & 1 else sealed(block))
    documents = int.from_bytes(block[4:8], "little")
    if documents > 1 << 24:  # the answer may be large; that it is not larger than it says, other inputs show
        high = low
    for lower, upper in ((low, high), (0, ALL)):
        try:
            bits = postings(hay, lower, upper, choice >> 1 & 3)
        except ValueError:
            continue
        assert len(bits) in (0, (documents + 7) // 8), (len(bits), documents)
    first = int.from_bytes(block[12:16], "little")
    for key in (low, first):
        try:
            numbers, payloads = weighted_postings(hay, key, 0)
        except ValueError:
            continue
        assert len(numbers) == 4 * len(payloads)
        assert all(number < documents for number in memoryview(numbers).cast("I"))
    for payload in (False, True):
        builder = SegmentBuilder(payload)
        numbers_of = array("i", [*range(40), -1, *range(40, 80)])
        try:
            builder.add_block(hay, exact(numbers_of.tobytes()))
        except ValueError:
            continue
        builder.set_documents(80)
        for gram, made in builder.finish(choice):
            if payload:
                weighted_postings(exact(made), gram, 0)
            else:
                assert len(postings(exact(made), 0, ALL)) == 10


def grams_of(text: bytes) -> set[tuple[int, bool]]:
    """The grams of a text, and whether each has a capital, as grams.c says what they are."""
    found = set()
    for line in text.split(b"\n"):
        for at in range(len(line)):
            written = line[at : at + 4].ljust(4, b"\n")
            found.add((int.from_bytes(fold(written), "big"), fold(written) != written))
    return found


def segments(data: bytes) -> None:
    """Texts built into a segment, merged into another, and read again: the documents of every gram."""
    taken = Input(data)
    block_bytes, dropped = taken.number(2), taken.number()
    texts = taken.take(TEXT_MAX).split(b"\xff")
    builder = SegmentBuilder()
    expected: dict[tuple[int, bool], int] = {}
    for number, text in enumerate(texts):
        builder.add(exact(text))
        for key in grams_of(text):
            expected[key] = expected.get(key, 0) | 1 << number
    made = builder.finish(block_bytes)
    check(made, expected)
    if dropped & 128:  # another builder takes most of the time
        return
    keep = [number for number in range(len(texts)) if number % 8 != dropped % 8]
    numbers = array("i", (keep.index(n) if n in keep else -1 for n in range(len(texts))))
    merged = SegmentBuilder()
    for _, block in made:
        merged.add_block(exact(block), exact(numbers.tobytes()))
    merged.set_documents(len(texts))
    left = {}
    for key, bits in expected.items():
        kept = sum((bits >> number & 1) << place for place, number in enumerate(keep))
        if kept:
            left[key] = kept
    check(merged.finish(block_bytes), left)


def check(made: list[tuple[int, bytes]], expected: dict[tuple[int, bool], int]) -> None:
    """Each gram's documents, asked of the block that has it, and all of each block."""
    firsts = [first for first, _ in made]
    assert firsts == sorted(set(firsts))
    for gram, _ in expected:
        block = max(((first, block) for first, block in made if first <= gram), default=(0, b""))[1]
        both = (1, expected.get((gram, False), 0)), (2, expected.get((gram, True), 0))
        for asked, bits in both:
            assert int.from_bytes(postings(exact(block), gram, gram, asked), "little") == bits, (gram, asked)
        assert int.from_bytes(postings(exact(block), gram, gram), "little") == both[0][1] | both[1][1]
    everything = 0
    for _, block in made:
        everything |= int.from_bytes(postings(exact(block), 0, ALL), "little")
    assert everything == sum(1 << n for n in range(TEXT_MAX + 1) if any(bits >> n & 1 for bits in expected.values()))


def payloads(data: bytes) -> None:
    """Keys with payloads built into a segment and read again, of each key the first payload of a document."""
    taken = Input(data)
    block_bytes, shift = taken.number(2), taken.number() % 25
    builder = SegmentBuilder(True)
    expected: dict[int, dict[int, int]] = {}
    documents = 0
    while taken.at < len(data):
        keys = [number << shift & ALL for number in taken.piece()[:64]]
        builder.add_keys(exact(array("I", keys).tobytes()), exact(bytes(key & 255 ^ documents & 255 for key in keys)))
        for key in keys:
            expected.setdefault(key, {}).setdefault(documents, key & 255 ^ documents & 255)
        documents += 1
    made = builder.finish(block_bytes)
    for key, postings_of in expected.items():
        block = max((first, block) for first, block in made if first <= key)[1]
        numbers, weights = weighted_postings(exact(block), key, 7)
        assert dict(zip((n - 7 for n in memoryview(numbers).cast("I")), weights, strict=True)) == postings_of


def gram_words_of(data: bytes) -> None:
    """Grams as words, against the same by slices."""
    texts = data[:TEXT_MAX].split(b"\xff\xfe")
    for text, words in zip(texts, gram_words([exact(text) for text in texts]), strict=True):
        grams = {}
        for line in text.split(b"\n"):
            folded = fold(line)
            for at in range(len(line)):
                grams[folded[at : at + 3].ljust(3, b"\n")] = None
        shown = ["".join(chr(b) if 32 < b < 127 else chr(256 + b) for b in gram) for gram in grams]
        assert sorted(words.split()) == sorted(shown), (text, words)


def number_runs(data: bytes) -> None:
    """Runs of numbers and bitmaps, at any place of a buffer."""
    taken = Input(data)
    start, low, high, base = (taken.number(size) - (1 << 8 * size - 1) for size in (1, 8, 8, 8))
    odd, bitmap = taken.number() & 3, taken.piece()
    numbers = memoryview(exact(taken.take(300)))[odd:]
    values = [int.from_bytes(numbers[at : at + 4], "little") for at in range(0, len(numbers) // 4 * 4, 4)]
    for bits in (None, exact(bitmap)):
        stop, places = select_run(numbers, start, low, high, bits)
        at = first = max(start, 0)
        while at < len(values) and (values[at] == 0 or low <= values[at] <= high):
            at += 1
        assert stop == at
        held = bitmap if bits is not None else None

        def has(value: int, held: bytes | None = held) -> bool:
            place = value - low
            return held is None or (place // 8 < len(held) and bool(held[place // 8] >> place % 8 & 1))

        assert places == [n for n in range(first, at) if values[n] == 0 or has(values[n])], (places, values)
    if -(1 << 62) < base < 1 << 62:
        expected = [base + n for n in range(len(bitmap) * 8) if bitmap[n // 8] >> n % 8 & 1]
        assert members(exact(bitmap), base) == expected
