"""The matcher: what it finds, by tables and against Python's `re` where they agree, and in bounded time."""

from __future__ import annotations

import gc
import random
import re
import threading
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leindex._native import Regex, count_newlines, printed_lines
from leindex.errors import QueryError
from leindex.regex import parse as regex
from leindex.regex import program
from leindex.regex.scanner import Flags

Line = tuple[int, int, int, int, int]


def matcher(pattern: str, **flags: bool) -> Regex:
    return program.build(regex.parse(pattern, Flags(**flags)))


def line_matcher(pattern: str, crlf: bool = False) -> Regex:
    return program.build(regex.without_newline(regex.parse(pattern, Flags(crlf=crlf)), crlf=crlf), crlf=crlf)


def found(pattern: str, text: str | bytes, **flags: bool) -> list[bytes]:
    data = text.encode() if isinstance(text, str) else text
    return [data[start:end] for start, end in matcher(pattern, **flags).find_all(data)]


def lines_of(packed: bytes) -> Iterator[Line]:
    numbers = memoryview(packed).cast("Q").tolist()
    return iter(zip(*[iter(numbers)] * 5, strict=True))


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("abc", "xabcabc", ["abc", "abc"]),
        ("sam|samwise", "samwise", ["sam"]),
        ("samwise|sam", "sam samwise", ["sam", "samwise"]),
        (r"(?:foo|foobar)\b", "foobar foo", ["foobar", "foo"]),
        ("a*", "baac", ["", "aa", ""]),
        ("a*?", "aa", ["", "", ""]),
        ("", "ab", ["", "", ""]),
        ("a{2,3}", "aaaaa", ["aaa", "aa"]),
        ("x*?y", "xxy", ["xxy"]),
        (r"(?:\b|%)+", "z%", ["", ""]),
        (r"(?:(?:(?:(?i:s)|\B|\w)){2,}|\D)", "first", ["f", "", "s"]),
        (r"\bfoo\b", "foo éfoo foo_ foo", ["foo", "foo"]),
        (r"(?-u)\bfoo\b", "éfoo", ["foo"]),
        (r"\<\w+\>", "aé b", ["aé", "b"]),
        ("^.", "a\nb", ["a", "b"]),
        (".$", "a\nb", ["a", "b"]),
        (r"\A.|.\z", "a\nb", ["a", "b"]),
        ("(?R)$", "a\r\nb", ["", ""]),
        ("(?i)ks", "KS \u212a\u017f", ["KS", "\u212a\u017f"]),
        ("(?i)retry", "ReTrY", ["ReTrY"]),
        ("[^a]+", "aéb", ["éb"]),
        (r"(?s).+", "a\nb", ["a\nb"]),
        ("a\nb", "a\nb", ["a\nb"]),
        ("[a&&b]|c", "abc", ["c"]),
        (r"\p{Greek}+", "abγδ", ["γδ"]),
    ],
)
def test_find_all(pattern: str, text: str, expected: list[str]) -> None:
    assert found(pattern, text) == [e.encode() for e in expected]


def test_invalid_utf8() -> None:
    assert found("a.b", b"a\xffb a\xc3\xa9b") == [b"a\xc3\xa9b"]
    assert found(r"(?-u)a.b|\xff", b"a\xffb \xff") == [b"a\xffb", b"\xff"]
    assert found("[^a]", b"\xff\xed\xa0\x80\xf4\x90\x80\x80b") == [b"b"]
    assert matcher(r"\b").find_all(b"S\xa9B") == [(0, 0), (1, 1), (3, 3)]


def test_find_sees_what_is_around_its_range() -> None:
    data = b"foo bar foo"
    word = matcher(r"\bfoo\b")
    assert word.find(data, 1) == (8, 11)
    assert word.find(data, 0, 3) == (0, 3)
    assert matcher("foo$").find(data, 0, 3) is None
    assert matcher(r"\Bo").find(data, 2) == (2, 3)
    assert word.find(data, 12) is None
    assert word.find_all(data, 0, -1, 1) == [(0, 3)]


def test_captures() -> None:
    pattern = matcher(r"(\w+)\s(?P<number>\d+)?(x)*")
    assert pattern.captures(b". foo 12xx") == [(2, 10), (2, 5), (6, 8), (9, 10)]
    assert pattern.captures(b"foo x") == [(0, 5), (0, 3), None, (4, 5)]
    assert pattern.captures(b"-") is None
    assert matcher("(a|ab)(c|bcd)(d*)").captures(b"abcd") == [(0, 4), (0, 1), (1, 4), (4, 4)]
    assert matcher("(a*)*").captures(b"b") == [(0, 0), (0, 0)]


def test_lines() -> None:
    data = b"one\ntwo\n\nthree one"
    assert list(lines_of(line_matcher("o").matching_lines(data))) == [
        (1, 0, 3, 0, 1),
        (2, 4, 7, 6, 7),
        (4, 9, 18, 15, 16),
    ]
    assert [line[0] for line in lines_of(line_matcher("^$").matching_lines(data))] == [3]
    assert [line[0] for line in lines_of(line_matcher("one").matching_lines(data, -1, True))] == [2, 3]
    assert [line[0] for line in lines_of(line_matcher("o").matching_lines(data, 2))] == [1, 2]
    assert [line[0] for line in lines_of(line_matcher(r"\Ao").matching_lines(data))] == [1]
    assert [line[0] for line in lines_of(line_matcher(r"e\z").matching_lines(data))] == [1, 4]
    assert line_matcher("").count_lines(b"") == 0
    assert line_matcher("$").count_lines(b"a\n") == 1


def test_crlf_lines() -> None:
    data = b"a\r\nb\nc\r"
    assert [line[1:3] for line in lines_of(line_matcher("$", crlf=True).matching_lines(data))] == [
        (0, 1),
        (3, 4),
        (5, 7),
    ]
    assert line_matcher("[ab]$", crlf=True).count_lines(data) == 2
    assert line_matcher("a$").count_lines(data) == 0


def test_batches() -> None:
    pattern = line_matcher("foo")
    documents = [b"foo\nfoo", b"", memoryview(b"bar"), bytearray(b"x\nfoo\n")]
    assert pattern.scan(documents) == b"\1\0\0\1"
    with pytest.raises(TypeError):
        pattern.scan([b"foo", "text"])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("pattern", "strategy"),
    [
        ("foo", "literals"),
        (r"\bfoo\b", "literals"),
        ("foo|bar", "literals"),
        ("(?i)retry", "literals"),
        ("(?i)task", "literals"),
        ("(?i)ta[SK]", "literals"),
        ("(?i)task(?-i)s", "lines with literals"),
        (r"\w+_irq(save|restore)?\b", "lines with literals"),
        (r"foobar\n\w", "texts with literals"),
        ("[0-9]{5}", "lines with windows"),
        (r"\w\d\w\d\w\d", "lines with windows"),
        (r"\b[[:upper:]]{2}[1-3](?:st|nd|rd)?", "lines with windows"),
        (r"[^\x00-\x7f]", "lines with windows"),
        ("^.{200,}$", "long lines"),
        (r"[0-9]{5}\s", "automaton"),
        (r"[0-9]?", "automaton"),
        (r"\w+", "automaton"),
        ("", "automaton"),
    ],
)
def test_strategy(pattern: str, strategy: str) -> None:
    if strategy == "lines with windows" and "avx2" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("windows are looked for with AVX2")
    assert matcher(pattern).strategy == strategy


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        (r"[A-Z]+_SUSPEND", (b"_SUSPEND",)),
        (r"\w+_irq(save|restore)?\b", (b"_irq",)),
        ("(abcd|efgh)+x", (b"abcdx", b"efghx")),
        ("foo[0-9]*bar_baz", (b"bar_baz",)),
        ("(?i)dma_x+alloc", (b"xalloc",)),
        (r"\w+", ()),
        ("a?", ()),
    ],
)
def test_needed_literals(pattern: str, literals: tuple[bytes, ...]) -> None:
    assert program.needed(regex.parse(pattern)).literals == literals


ATOMS = ["a", "b", "c", "ab", "ca", ".", "[ab]", "[^b]", r"\d", r"\b", r"\B", "^", "$", "_", " "]


def patterns() -> st.SearchStrategy[str]:
    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.lists(inner, min_size=2, max_size=3).map("".join),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        )

    plain = st.recursive(st.sampled_from(ATOMS), grow, max_leaves=6)
    consuming = st.sampled_from(["a", "[ab]", "[^b]", "(ab|c)", r"\d"])
    repeated = st.builds(str.__add__, consuming, st.sampled_from(["*", "+?", "?", "{2}", "{1,2}"]))
    return st.lists(st.one_of(plain, repeated), min_size=1, max_size=3).map("".join)


@settings(max_examples=400, deadline=None)
@given(patterns(), st.text("abc1_ \n", max_size=40))
def test_like_python(pattern: str, text: str) -> None:
    data = text.encode()
    # Python's `$` and, on an empty text, `\B` mean something else.
    same = pattern.replace("$", r"(?=\n|\Z)").replace(r"\B", r"(?:(?<=\w)(?=\w)|(?<!\w)(?!\w))")
    theirs = re.compile(same.encode(), re.MULTILINE)
    ours = matcher(pattern)
    match = theirs.search(data)
    assert ours.find(data) == (match.span() if match else None)
    if match:
        spans = [None if span == (-1, -1) else span for span in map(match.span, range(theirs.groups + 1))]
        assert ours.captures(data) == spans
    lines = data.split(b"\n")
    if data.endswith(b"\n") or not data:
        lines.pop()
    numbers = [number for number, line in enumerate(lines, 1) if theirs.search(line)]
    by_line = line_matcher(pattern)
    assert [line[0] for line in lines_of(by_line.matching_lines(data))] == numbers
    assert by_line.count_lines(data) == len(numbers)
    others = [line[0] for line in lines_of(by_line.matching_lines(data, -1, True))]
    assert sorted(numbers + others) == list(range(1, len(lines) + 1))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text("abcdK_", min_size=1, max_size=5), min_size=1, max_size=150),
    st.text("abcdk_K \n", max_size=300),
    st.booleans(),
)
def test_literals_like_python(words: list[str], text: str, ignore_case: bool) -> None:
    data = text.encode()
    theirs = re.compile("|".join(words).encode(), re.IGNORECASE if ignore_case else 0)
    ours = matcher("|".join(words), ignore_case=ignore_case, unicode=not ignore_case)
    assert ours.find_all(data) == [match.span() for match in theirs.finditer(data)]


SETS = ["[0-9]", "[aeiou]", r"\d", r"\w", "[a-z&&[^aeiou]]", "(?:é|[12])", "[^a-x]", "(?:1|ae)", r"\b", "(?:^|$)", "x*"]
RUNS = ["0", "12", "aeiou", "x1", "_", " ", "é", "é1a", "\n", "٣"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(SETS), st.integers(1, 5)), min_size=1, max_size=5),
    st.lists(
        st.tuples(st.sampled_from(["0", "12", "aeiou", "x1", "_", " ", "é", "é1a", "\n", "٣"]), st.integers(1, 90))
    ),
)
def test_windows_like_python(parts: list[tuple[str, int]], runs: list[tuple[str, int]]) -> None:
    pattern = "".join(part if part.startswith((r"\b", "(?:^", "x")) else f"{part}{{{times}}}" for part, times in parts)
    text = "".join(run * times for run, times in runs)
    theirs = re.compile(pattern.replace("[a-z&&[^aeiou]]", "[b-df-hj-np-tv-z]"))
    lines = text.removesuffix("\n").split("\n") if text else []
    ours = line_matcher(pattern)
    numbers = [number for number, line in enumerate(lines, 1) if theirs.search(line)]
    data = text.encode()
    assert [line[0] for line in lines_of(ours.matching_lines(data))] == numbers
    assert ours.count_lines(data) == len(numbers)
    assert ours.scan([data]) == bytes([bool(numbers)])
    for line in lines:
        if not pattern.endswith(("x*", "(?:^|$)", r"\b")):
            spans = [tuple(len(line[:end].encode()) for end in match.span()) for match in theirs.finditer(line)]
            assert ours.find_all(line.encode()) == spans


@pytest.mark.parametrize(
    ("pattern", "match"),
    [
        ("[0-9]{5}", b"31415"),
        (r"[0-9]\w{2}[0-9]$", b"1ab2"),
        ("é?[0-9]{3}", b"\xc3\xa9123"),
        ("[^ -]{100}", b"y" * 100),
    ],
)
def test_windows_and_long_lines_wherever_they_are(pattern: str, match: bytes) -> None:
    one = line_matcher(pattern)
    for size in range(0, 140):
        for filler in (b"-", b"-\n", b"4 -\n"):
            data = (filler * size)[size * (len(filler) - 1) :] + match
            assert one.find(data) == (size, size + len(match))
            assert one.find(data, 0, len(data) - 1) is None
            assert [line[3:] for line in lines_of(one.matching_lines(data + b"\n"))] == [(size, len(data))]
            assert one.scan([data, data[:-1], data + b"\n" * 70]) == b"\1\0\1"


def test_lines_that_only_look_like_matches() -> None:
    # Every line has a window and none matches; at last one does.
    one = line_matcher("[0-9]{5}[a-z]+$")
    for times in (1, 50, 5_000):
        data = b"12345-\n" * times
        assert one.count_lines(data) == 0
        assert one.count_lines((data + b"12345x\n") * 3) == 3
        assert one.find_all(data + b"12345x") == [(len(data), len(data) + 6)]


def test_vectors_end_where_the_data_does() -> None:
    for pattern in ("needle", "needle|thread|pin", "(?i)needle", "q"):
        one = matcher(pattern)
        word = b"q" if pattern == "q" else b"needle"
        for size in range(0, 100):
            data = b"-" * size + word
            assert one.find_all(data) == [(size, size + len(word))]
            assert one.find(data, 0, size + len(word) - 1) is None
            assert one.find(data + b"-" * 40, size + 1) is None


def test_count_newlines() -> None:
    data = b"a\n" * 5000 + b"\n\n"
    assert count_newlines(data) == 5002
    assert [count_newlines(data, start, start + 33) for start in (0, 1)] == [16, 17]
    assert count_newlines(b"", 0, 5) == 0


@pytest.mark.parametrize("pattern", ["(a+)+$", "(x+x+)+y", "(a|aa)+$", ".*.*.*b", "(a|a)*c", "a*a*a*a*b"])
def test_linear(pattern: str) -> None:
    one = matcher(pattern)
    for data in (b"a" * 1_000_000 + b"!", b"x" * 1_000_000):
        start = time.process_time()
        one.find(data)
        one.count_lines(data)
        assert time.process_time() - start < 2


def test_many_matches_in_one_long_line() -> None:
    start = time.process_time()
    assert len(matcher("[a-z]+_word").find_all(b"a_word " * 100_000)) == 100_000
    assert time.process_time() - start < 5


def test_many_blocks_in_one_long_line() -> None:
    start = time.process_time()
    assert matcher("xx|^foo").count_block_matches(b"xx" * 1_000_000, 10) == (1, 1_000_000)
    assert time.process_time() - start < 4


def test_large_patterns() -> None:
    with pytest.raises(QueryError, match="size limit"):
        matcher(r"\w{1000}{10}")
    assert not matcher("a{1000}{100}").is_match(b"a" * 50_000)
    assert matcher("(?:){1000}{1000}{1000}").is_match(b"")
    words = [f"word{number * 7919 % 10007}x" for number in range(10_000)]
    many = matcher("|".join(words))
    start = time.process_time()
    assert many.find_all(b"- wordx word42x word10006x " * 1000)[:1] == [(8, 15)]
    assert time.process_time() - start < 2


def test_more_states_than_the_cache_holds() -> None:
    rng = random.Random(1)
    data = "".join(rng.choice("ab\n" if rng.random() < 0.1 else "ab") for _ in range(300_000)).encode()
    pattern = "a(?:a|b){18}b"
    start = time.process_time()
    assert matcher(pattern).find_all(data) == [match.span() for match in re.finditer(pattern.encode(), data)]
    assert time.process_time() - start < 10


def test_threads_share_one_regex() -> None:
    one = matcher(r"(\w+)\s+=\s+\w+é?")
    data = "some_name  =  välué\n".encode() * 2000
    expected = one.find_all(data)
    results: list[bool] = []

    def work() -> None:
        results.extend(one.find_all(data) == expected for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(expected) == 2000 and results == [True] * 40


def test_a_damaged_program_is_refused() -> None:
    whole = program.compile(regex.parse(r"foo|(b\w{2,})$"))
    Regex(whole)
    for size in range(0, len(whole) - 4, 4):
        with pytest.raises(ValueError):
            Regex(whole[:size])
    del whole
    gc.collect()


def test_lines_as_they_are_printed() -> None:
    text = b"one\r\n" + b"x\n" * 1000 + b"end"
    lines = line_matcher("one|end|x", crlf=True).matching_lines(text)
    numbered = [b"%d:%b" % (number, line) for number, line in enumerate(text.splitlines(keepends=True), 1)]
    assert printed_lines(text, lines, b"a:", b":") == b"".join(b"a:" + line for line in numbered)
    assert printed_lines(text, lines, b"", None) == text
    assert printed_lines(text, b"", b"a:", b":") == b""
    for refused in (lines[:-1], lines[-40:]):
        with pytest.raises(ValueError, match="no lines of the text"):
            printed_lines(text[:9], refused, b"", None)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["a", "a+\\n?", "^", "$", "b\\na", r"\s", "x*", r"\bb", "[^a]", "\\x00"]),
    st.lists(st.sampled_from([b"a", b"b", b"\n", b"\n\n", b" ", b"\0"])).map(b"".join),
    st.integers(0, 3),
    st.integers(-1, 4),
    st.sampled_from([b"\n", b"\0"]),
)
def test_blocks_of_lines(pattern: str, text: bytes, start: int, limit: int, term: bytes) -> None:
    regex = matcher(pattern)
    at, finds, expected = start, 0, list[list[int]]()
    while at < len(text) and finds != limit:
        if (span := regex.find(text[at:])) is None:
            at = len(text)
            break
        begin, stop = span[0] + at, span[1] + at
        at = stop + (begin == stop < len(text))
        finds += 1
        first = text.rfind(term, 0, begin) + 1
        if not (stop > first and text.endswith(term, 0, stop)):
            newline = text.find(term, stop)
            stop = len(text) if newline < 0 else newline + 1
        if expected and first <= expected[-1][1]:
            expected[-1][1] = stop
        else:
            expected.append([first, stop, at, finds])
    packed, reached, count = regex.blocks(text, start, limit, term[0], 0)
    numbers = memoryview(packed).cast("Q").tolist()
    assert [numbers[n : n + 4] for n in range(0, len(numbers), 4)] == expected
    assert (reached, count) == (at, finds)
    # In pieces: what a block found before tells of a line need not be told again.
    at, told, ended = start, list[list[int]](), 0
    while at < len(text) and limit < 0:
        searched = at
        packed, at, _ = regex.blocks(text, at, 1, term[0], ended)
        for first, stop, *_ in memoryview(packed).cast("Q", (len(packed) // 32, 4)).tolist() if packed else ():
            assert stop >= ended and first >= min(searched, ended)
            if told and first <= ended:
                told[-1][1] = stop
            else:
                told.append([first, stop])
            ended = stop
    assert limit >= 0 or told == [block[:2] for block in expected]


@pytest.mark.parametrize(
    "change",
    [
        {2: 0},  # no groups: the whole match is one
        {2: 0x80000001},
        {1: program.EXACT, 6: 0},  # without a literal
        {-1: 0x110000},  # beyond the last character
        {-4: 0x7B, -3: 0x61},  # from z to a
        {-4: 0x62},  # two ranges that overlap
    ],
)
def test_a_program_that_claims_what_it_does_not_hold_is_refused(change: dict[int, int]) -> None:
    words = memoryview(program.compile(regex.parse("[a-cx-zé]"))).cast("I").tolist()
    for place, word in change.items():
        words[place] = word
    with pytest.raises(ValueError, match="not a compiled pattern"):
        Regex(array("I", words).tobytes())


def test_repeating_nothing_takes_no_time() -> None:
    often = [5, 0xFFFFFFFE, 0xFFFFFFFE, 1]
    start = time.process_time()
    assert Regex(array("I", [program.MAGIC, 0, 1, 0, 0, 0, 0, 0, *often, *often, 0]).tobytes()).is_match(b"")
    assert time.process_time() - start < 1
