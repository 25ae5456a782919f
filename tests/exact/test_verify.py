"""The search of one file's content: the fast forms agree with the full one, and with a naive reading."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leindex.errors import QueryError
from leindex.exact.core import BREAK, CONTEXT, MATCH
from leindex.exact.request import Binary, Boundary, Case, GrepRequest, Mode
from leindex.exact.verify import Searcher

TEXTS = st.lists(st.sampled_from([b"a", b"b", b"ab", b"\n", b"\r\n", b"\n\n", b" ", b"x", b"\xc3\xa9", b"\xff"])).map(
    b"".join
)
PATTERNS = st.sampled_from(["a", "b+", "^a", "b$", "^$", "ab|x", "a.*b", r"\bx\b", r"\Aa", r"b\z", "[^a]", "é", ""])


def lines_of(text: bytes) -> list[bytes]:
    return text.splitlines(keepends=True) if b"\r" not in text else re.findall(rb"[^\n]*\n|[^\n]+", text)


def found(request: GrepRequest, content: bytes) -> list[tuple[int, bytes]]:
    matches = Searcher(request).search(content)
    return [(line.kind, matches.text[line.start : line.end]) for line in matches.lines()]


def _matching(searcher: Searcher, contents: list[bytes | memoryview]) -> list[int]:
    return [place for place, tell in enumerate(searcher.told(contents)) if tell]


@settings(max_examples=200, deadline=None)
@given(PATTERNS, TEXTS, st.booleans())
def test_lines_are_those_that_match_alone(pattern: str, text: bytes, invert: bool) -> None:
    searcher = Searcher(GrepRequest((pattern,), invert=invert))
    expected = [line for line in lines_of(text) if searcher.matcher.is_match(line.removesuffix(b"\n")) != invert]
    assert [line for _, line in found(searcher.request, text)] == expected


@settings(max_examples=200, deadline=None)
@given(PATTERNS, TEXTS, st.booleans(), st.booleans(), st.sampled_from([None, 1, 2]), st.sampled_from([0, 1, 2]))
def test_fast_forms_agree(
    pattern: str, text: bytes, invert: bool, multiline: bool, limit: int | None, after: int
) -> None:
    searcher = Searcher(
        GrepRequest((pattern,), invert=invert, multiline=multiline, max_count=limit, after=after, mode=Mode.COUNT)
    )
    kinds = [line.kind for line in searcher.search(text).lines()]
    assert searcher.count(text) == kinds.count(MATCH)
    assert searcher.matches(text) == (MATCH in kinds)
    assert _matching(searcher, [text, b"", text]) == ([0, 2] if MATCH in kinds else [])


@settings(max_examples=300, deadline=None)
@given(
    PATTERNS | st.sampled_from(["x*", "b*$", r"\b", "$", r"a|\z", r"\s", "[^a]+"]),
    TEXTS,
    st.booleans(),
    st.sampled_from(Boundary),
    st.booleans(),
)
def test_counting_matches_agrees(pattern: str, text: bytes, crlf: bool, boundary: Boundary, multiline: bool) -> None:
    searcher = Searcher(
        GrepRequest((pattern,), crlf=crlf, boundary=boundary, multiline=multiline, mode=Mode.COUNT_MATCHES)
    )
    lines = [line for line in searcher.search(text).lines() if line.kind == MATCH]
    counted = searcher.count_matches(text)
    assert (counted is None) == (searcher.matcher.anchors_text and not multiline)
    assert counted is None or counted == (len(lines), sum(len(line.spans) or 1 for line in lines))


@settings(max_examples=200, deadline=None)
@given(
    PATTERNS,
    st.lists(st.tuples(st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"]), TEXTS), max_size=4),
    st.sampled_from([None, 0, 5, 1 << 17]),
    st.sampled_from([Binary.QUIT, Binary.TEXT]),
)
def test_which_of_many(pattern: str, parts: list[tuple[bytes, bytes]], nul_at: int | None, binary: Binary) -> None:
    contents = [mark + text for mark, text in parts]
    if nul_at is not None:
        contents.append(contents[0][:nul_at] + b"a\n" * (nul_at // 2) + b"\0" + contents[-1] if contents else b"\0")
    searcher = Searcher(GrepRequest((pattern,), binary=binary, mode=Mode.FILES_WITH_MATCHES))
    expected = [
        place
        for place, content in enumerate(contents)
        if any(line.kind == MATCH for line in searcher.search(content).lines())
    ]
    assert _matching(searcher, [memoryview(content) for content in contents]) == expected


@settings(max_examples=100, deadline=None)
@given(PATTERNS, TEXTS)
def test_context_of_everything_is_the_file(pattern: str, text: bytes) -> None:
    shown = found(GrepRequest((pattern,), before=1000, after=1000), text)
    assert shown == [] or b"".join(line for _, line in shown) == text
    assert b"".join(line for _, line in found(GrepRequest((pattern,), passthru=True), text)) == text


def test_context_and_breaks() -> None:
    text = b"1\nx\n3\n4\n5\nx\n7\n"
    assert found(GrepRequest(("x",), after=1), text) == [
        (MATCH, b"x\n"),
        (CONTEXT, b"3\n"),
        (BREAK, b""),
        (MATCH, b"x\n"),
        (CONTEXT, b"7\n"),
    ]


def test_matches_in_the_context_of_the_last_one_are_matches() -> None:
    request = GrepRequest(("x",), after=2, max_count=1)
    assert found(request, b"x\nx\ny\nx\n") == [(MATCH, b"x\n"), (MATCH, b"x\n"), (CONTEXT, b"y\n")]
    assert Searcher(request).count(b"x\nx\ny\nx\n") == 2


def test_line_numbers_and_spans() -> None:
    request = GrepRequest(("b+",), line_number=True, column=True)
    lines = list(Searcher(request).search(b"\nabbcb\n\n\xef\xbb\xbfb").lines())
    assert [(line.number, line.spans) for line in lines] == [(2, [(1, 3), (4, 5)]), (4, [(3, 4)])]


def test_decoded_text() -> None:
    content = b"\xff\xfe" + "one\nt\u00e9 x\n".encode("utf-16-le")
    matches = Searcher(GrepRequest(("x",))).search(content)
    assert [(line.start, line.end) for line in matches.lines()] == [(4, 10)]
    assert matches.text == "one\nt\u00e9 x\n".encode()
    assert found(GrepRequest(("^b",)), b"\xef\xbb\xbfbom\n") == [(MATCH, b"bom\n")]


def test_nul_ends_the_search_at_its_buffer() -> None:
    line = b"x and some more text in a line\n"
    content = line * 4_000 + b"\0" + line
    matches = Searcher(GrepRequest(("x",))).search(content)
    ends = [row.end for row in matches.lines()]
    assert matches.binary_offset == len(line) * 4_000
    # 64 KiB after a first read of three bytes, up to the last whole line.
    assert ends[-1] == (64 << 10) // len(line) * len(line) == matches.bytes_searched
    assert Searcher(GrepRequest(("x",), binary=Binary.TEXT)).count(content) == 4_001


def test_nul_in_a_text_search_ends_it_at_the_line() -> None:
    content = b"x\n" * 40_000 + b"x\0\n" + b"x\n"
    matches = Searcher(GrepRequest((r"x\n",), multiline=True)).search(content)
    assert sum(line.kind == MATCH for line in matches.lines()) == 2
    assert matches.binary_offset is None
    matches = Searcher(GrepRequest((r"x[^y]\n",), multiline=True)).search(content)
    assert list(matches.lines()) == []
    assert matches.binary_offset == 80_001


def test_blocks_of_lines() -> None:
    request = GrepRequest((r"a\nb",), multiline=True, only_matching=True)
    lines = list(Searcher(request).search(b"xa\nb\nc\na\nb").lines())
    assert [(line.start, line.end, line.spans) for line in lines] == [(0, 5, [(1, 4)]), (7, 10, [(0, 3)])]


def test_check_ends_a_long_search() -> None:
    class TooLongError(Exception):
        pass

    calls = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise TooLongError

    searcher = Searcher(GrepRequest(("x",), before=1), check=check)
    with pytest.raises(TooLongError):
        list(searcher.search(b"nothing\n" * 500_000).lines())
    assert len(calls) == 2


def test_hard_patterns_take_bounded_time() -> None:
    text = b"a" * 50_000 + b"b\n"
    assert Searcher(GrepRequest(("(a+)+$",))).count(text) == 0
    assert Searcher(GrepRequest(tuple(f"word{n}" for n in range(10_000)))).count(b"word77 word\n") == 1
    assert Searcher(GrepRequest(("needle",))).matches(b"x" * 10_000_000 + b"needle")


@pytest.mark.parametrize(
    ("settings", "matching", "other"),
    [
        ({"case": Case.IGNORE}, b"FOO.BAR", b"fo.bar"),
        ({"case": Case.SMART}, b"Foo.bar", b"fo"),
        ({"fixed_strings": True}, b"foo.bar", b"fooxbar"),
        ({"boundary": Boundary.WORD}, b"a foo.bar!", b"foo.bars"),
        ({"boundary": Boundary.LINE}, b"foo.bar", b"foo.bar "),
        ({"crlf": True, "boundary": Boundary.LINE}, b"foo.bar\r\n", b"foo.barx\r\n"),
    ],
)
def test_settings_of_the_pattern(settings: dict[str, object], matching: bytes, other: bytes) -> None:
    searcher = Searcher(GrepRequest(("foo.bar",), **settings))  # type: ignore[arg-type]
    assert searcher.matches(matching)
    assert not searcher.matches(other)


@pytest.mark.parametrize("pattern", ["(", "a\\nb", "\\x00", "(?=a)", "a{2,1}"])
def test_refused_patterns(pattern: str) -> None:
    with pytest.raises(QueryError):
        Searcher(GrepRequest((pattern,)))


def test_matches_of_a_block_may_look_past_it() -> None:
    request = GrepRequest((r"a\n\b",), multiline=True, only_matching=True)
    lines = list(Searcher(request).search(b"a\nb\na\n-\n").lines())
    assert [(line.start, line.end, line.spans) for line in lines] == [(0, 2, [(0, 2)])]


@pytest.mark.parametrize(("lines", "searched"), [(0, 2), (4, 0)])
def test_figures_tell_of_context_that_is_not_printed(lines: int, searched: int) -> None:
    """A file with an early NUL byte is left at what ripgrep has read then, and with context that is nothing."""
    for mode in (Mode.STANDARD, Mode.COUNT):
        request = GrepRequest(("x",), mode=mode, stats=True, quiet=True, before=lines, after=lines)
        matches = Searcher(request).search(b"\n\nsome text\0\n")
        assert list(matches.lines()) == [] and matches.bytes_searched == searched
