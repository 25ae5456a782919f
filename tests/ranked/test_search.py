"""Ranked search: pages, scopes, kinds of answers, and what an answer says about itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zstandard import ZstdCompressor

import leindex
from leindex import _native
from leindex.errors import CancelledError, ConfigError, QueryError
from leindex.index import Index
from leindex.indexing.enrich import pack
from leindex.indexing.pipeline import UpdateOptions
from leindex.indexing.walk.discover import DiscoverOptions
from leindex.models import SearchResult
from leindex.query.parse import parse
from leindex.query.plan import plan
from leindex.ranked import advice
from leindex.ranked import finding as run
from leindex.service import answers
from leindex.service.control import Control
from leindex.service.file_answer import files
from leindex.service.grep_answer import grep
from leindex.symbols.definitions import Definitions, Symbol
from leindex.symbols.heading import Text


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LEINDEX_HOME", str(tmp_path / "indexes"))
    folder = tmp_path / "tree"
    (folder / "sub").mkdir(parents=True)
    return folder


@pytest.fixture
def made(tree: Path) -> Iterator[Callable[[dict[str, str]], Index]]:
    """Writes files and opens their index."""
    opened: list[Index] = []

    def make(files: dict[str, str]) -> Index:
        for name, text in files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        index = leindex.open(tree)
        index.update()
        opened.append(index)
        return index

    yield make
    for index in opened:
        index.close()


Make = Callable[[dict[str, str]], Index]


def paths(answer: SearchResult) -> list[str]:
    return [hit.path for hit in answer.hits]


def many(count: int) -> dict[str, str]:
    return {
        f"d{n % 7}/f{n}.py": f"def retry{n % 5}():\n" + "    retry = 1\n" * (n % 11 + 1) + f"# delay {n}\n"
        for n in range(count)
    } | {f"copy{n}.py": "retry delay\n" for n in range(5)}


@pytest.mark.parametrize("verify_all", [run.VERIFY_ALL, 3])
@pytest.mark.parametrize(("query", "plain"), [("retry delay", False), ("retry", False), ("retry delay", True)])
def test_pages_neither_repeat_nor_lose_hits(
    made: Make, monkeypatch: pytest.MonkeyPatch, verify_all: int, query: str, plain: bool
) -> None:
    monkeypatch.setattr(run, "VERIFY_ALL", verify_all)
    index = made(many(120))
    whole = paths(index.search(query, limit=1000, plain=plain))
    assert len(whole) == len(set(whole)) == 125
    paged: list[str] = []
    cursor = None
    while True:
        answer = index.search(query, limit=7, cursor=cursor, plain=plain)
        paged += paths(answer)
        cursor = answer.cursor
        if cursor is None:
            break
    assert paged == whole


def test_a_cursor_of_another_query_is_refused(made: Make) -> None:
    index = made(many(20))
    cursor = index.search("retry", limit=3).cursor
    with pytest.raises(QueryError, match="another query"):
        index.search("delay", limit=3, cursor=cursor)
    with pytest.raises(QueryError, match="another query"):
        index.search("retry", limit=3, cursor=cursor, plain=True)


def test_a_cursor_that_was_made_up_is_refused(made: Make) -> None:
    index = made(many(5))
    cursor = index.search("retry", limit=3).cursor
    assert cursor is not None
    generation, fingerprint, _ = json.loads(base64.urlsafe_b64decode(cursor))
    for offset in (10**30, -1, True, 1.5):
        far = base64.urlsafe_b64encode(json.dumps([generation, fingerprint, offset]).encode()).decode()
        with pytest.raises(QueryError, match="cursor"):
            index.search("retry", limit=3, cursor=far)
    with pytest.raises(QueryError, match="not one that a search returned"):
        index.search("retry", cursor=base64.urlsafe_b64encode(b"[" * 100_000).decode())


@pytest.mark.parametrize("query", ["retry delay", "retry absent"])
def test_plain_words_in_a_folder_find_all_of_it(made: Make, query: str) -> None:
    files = many(60)
    index = made(files | {"sub/a.py": "x = 1\n" * 500 + "retry\n", "sub/b.py": "nothing\n"})
    assert paths(index.search(query, limit=2, plain=True, scope="sub")) == ["sub/a.py"]
    if "absent" in query:
        assert paths(index.search(query, limit=2, scope="sub")) == ["sub/a.py"]


def test_files_over_the_size_limit_make_an_answer_incomplete(made: Make) -> None:
    index = made({"sub/a.py": "retry\n", "big/b.py": "jitter = 1\n" * 4000})
    index.update(UpdateOptions(discover=DiscoverOptions(max_size=10_000)))
    answer = index.search("jitter")
    assert not answer.hits and not answer.completeness.complete
    assert "1 files over the size limit are searched by grep only" in answer.completeness.notes
    assert answer.advice == ("no indexed file satisfies: jitter",)
    assert not index.symbols("jitter").completeness.complete
    assert index.search("retry", scope="sub").completeness.complete
    grepped = index.grep("jitter", max_lines=1)
    assert grepped.files and grepped.completeness.complete


def test_eligible_are_the_files_in_scope(made: Make) -> None:
    index = made({"sub/a.py": "retry\n", "b.py": "retry\n", "c.py": "retry\n"})
    assert index.search("retry", scope="sub").completeness.eligible == 1
    assert index.search("retry").completeness.eligible == 3


def test_eligible_are_the_files_in_scope_for_every_grep(made: Make) -> None:
    index = made({"sub/a.py": "retry\n", "b.py": "retry\n", "c.py": "retry\n"})
    ask = {"pattern": "retry", "path": "sub", "globs": (), "limit": 10, "cursor": None, "mode": "lines", "context": 0}
    ask |= {"fixed_strings": False, "case": "sensitive", "word": False, "multiline": False}
    assert grep(index, ask, Control(10.0))["eligible"] == 1
    assert grep(index, ask | {"path": ""}, Control(10.0))["eligible"] == 3
    ask = {"path": "sub", "glob": "*.py", "fuzzy": None, "cursor": None, "limit": 10, "depth": 2}
    assert files(index, ask, Control(10.0))["eligible"] == 1


def test_a_search_for_types_says_what_is_pending_and_why_a_hit_is_where_it_is(made: Make) -> None:
    index = made({"retry.py": "def retry(): ...\ndef Retry(): ...\ndef retry_often(): ...\n", "other.py": "x = 1\n"})
    whole = index.search("type:symbol retry", explain=True)
    assert whole.completeness.complete
    assert [hit.signals["name"] for hit in whole.hits] == ["the same", "the same but for case", "begins with it"]
    (file,) = index.search("type:file retry", explain=True).hits
    assert file.signals == {"words in the name": 1, "length": 8}
    (index.root / "late.py").write_text("def retry_late(): ...\n")
    index.update(UpdateOptions(text_only=True))
    for answer in (index.search("type:symbol retry"), index.symbols("retry"), index.refs("retry")):
        assert not answer.completeness.complete
        assert "the symbols of 1 files are not extracted yet" in answer.completeness.notes
    assert index.search("retry_late").completeness.complete


def test_an_index_that_is_behind_is_not_complete(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    index = made({"a.py": "retry\n"})
    assert index.search("retry").completeness.complete

    def behind(**options: bool) -> None:
        index._freshness.note = "the tree has changed since"

    monkeypatch.setattr(index, "freshen", behind)
    assert not index.search("retry").completeness.complete


def test_advice_tells_the_undecided_from_the_found(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "LOOKED_AT", 1)
    index = made({"a.py": "retry\n", "b.py": "delay\n", "c.py": "re try\n"})
    assert any("not known after looking" in line for line in index.search("/x$/ -retry").advice)


def test_a_repo_that_does_not_fit_says_so_and_there_are_no_branches(made: Make) -> None:
    index = made({"a.py": "retry\n"})
    assert index.search("retry repo:other").advice == ("repo:other does not fit this index, that of tree",)
    with pytest.raises(ConfigError, match="not a git repository"):
        index.search("retry branch:main")


def test_a_pattern_matches_line_by_line(made: Make) -> None:
    index = made({"gap.txt": "a\n\nb\n", "full.txt": "a\nb\n"})
    answer = index.search("/^$/")
    assert paths(answer) == ["gap.txt"]
    assert [line.number for line in answer.hits[0].lines] == [2]


def test_the_smaller_of_limit_and_count_wins(made: Make) -> None:
    index = made(many(20))
    assert len(index.search("retry count:3", limit=9).hits) == 3
    assert len(index.search("retry count:9", limit=3).hits) == 3
    assert len(index.search("retry count:all", limit=3).hits) == 3


def test_an_unknown_kind_is_refused(made: Make) -> None:
    index = made({"a.py": "def retry():\n    pass\n"})
    assert index.search("kind:Function").hits
    for ask in (lambda: index.search("retry kind:funtion"), lambda: index.symbols("retry", kind="funtion")):
        with pytest.raises(QueryError) as caught:
            ask()
        assert caught.value.advice == "did you mean function?"


def test_the_type_says_what_is_returned(made: Make) -> None:
    index = made(
        {
            "src/retry_policy.py": "def other():\n    pass\n",
            "src/Policy.md": "retry\n",
            "sub/code.py": "def retry():\n    pass\n\n\nclass RetryPolicy:\n    pass\n\nretry()\n",
        }
    )
    assert paths(index.search("retry type:file")) == ["src/retry_policy.py"]
    assert paths(index.search("policy type:file -lang:python")) == ["src/Policy.md"]
    assert paths(index.search("POLICY type:file")) == []
    assert paths(index.search("type:file file:*.py", scope="sub")) == ["sub/code.py"]
    symbols = index.search("retry type:symbol").hits
    assert [(hit.path, hit.start_line) for hit in symbols] == [("sub/code.py", 1), ("sub/code.py", 5)]
    assert [hit.start_line for hit in index.search("retry type:symbol kind:class").hits] == [5]
    assert [hit.start_line for hit in index.search("retry -policy type:symbol").hits] == [1]
    first = index.search("retry type:symbol", limit=1)
    assert [hit.start_line for hit in index.search("retry type:symbol", limit=1, cursor=first.cursor).hits] == [5]
    assert set(paths(index.search("retry type:content"))) == {"src/Policy.md", "sub/code.py"}


@pytest.mark.parametrize(
    ("query", "plain"),
    [
        ("retry1 delay", False),
        ("/r.t.y1 x/", False),
        ("sym:retry kind:class", False),
        ("retry -delay", False),
        ("retry delay", True),
        ("retry type:file", False),
        ("retry type:symbol", False),
    ],
)
def test_a_check_ends_a_search(made: Make, query: str, plain: bool) -> None:
    """What it raises comes out of the search, whatever stage that has reached, and the index answers as before."""
    index = made(many(300))
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == last:
            raise CancelledError("enough")

    last = 0
    before = index.search(query, plain=plain, check=check)
    assert calls > 3
    for last in (1, 2, calls // 2, calls):
        calls = 0
        with pytest.raises(CancelledError, match="enough"):
            index.search(query, plain=plain, check=check)
        assert calls == last
    assert index.search(query, plain=plain).hits == before.hits


def test_a_cancelled_request_ends_its_search(made: Make) -> None:
    class Impatient(Control):
        checks = 0

        def check(self) -> None:
            self.checks += 1
            if self.checks == 3:
                self.cancel()
            super().check()

    arguments = {"query": "retry", "limit": 10, "cursor": None, "plain": False, "path": "", "snippet_lines": 5}
    control = Impatient()
    with pytest.raises(CancelledError):
        answers.search(made(many(300)), arguments, control)
    assert control.checks == 3


def test_a_symbol_is_looked_for_where_its_name_is(made: Make) -> None:
    """As `leindex symbols` does: not in every file of the tree."""
    files = {f"f{n}.py": f"def f{n}():\n    pass\n" for n in range(1500)}
    index = made(files | {"here.py": "def find_needle():\n    pass\n", "used.py": "find_needle()\n"})
    for query in ("sym:needle", "sym:Needle OR sym:find_needle", "sym:/_need?le$/", "needle kind:function"):
        answer = index.search(query)
        assert paths(answer) == ["here.py"]
        assert answer.completeness.candidates <= 2 and answer.completeness.complete
    assert len(index.search("-sym:needle count:all").hits) == 1501


def test_what_is_ruled_out_among_a_few_is_no_candidate(made: Make) -> None:
    index = made(many(1200))
    with index.snapshot():
        for query in ("delay", "retry1 delay", "retry3 OR copy", '"# delay 77"', "zzz", "retry -delay"):
            candidates = index.store.candidates(plan(parse(query)).formula)
            everything = list(index.view().table.numbers)
            for some in (everything[:3], everything[::7], everything[::-1]):
                kept = candidates.among(some)
                assert kept == [number for number in some if number in set(kept)]
                assert {number for number in some if number in candidates} <= set(kept)


NAMES = st.text(st.sampled_from('aAbB_"\\.é\u212a k[],'), max_size=6)


@given(st.lists(st.builds(Symbol, *[NAMES] * 3, *[st.integers(0, 2**32 - 1)] * 4, st.just("")), max_size=20), NAMES)
def test_definitions_are_read_as_they_were_stored(symbols: list[Symbol], name: str) -> None:
    stored = Definitions(pack(symbols, ZstdCompressor(level=1)))
    assert list(stored) == symbols and [stored[place] for place in range(len(stored))] == symbols
    assert list(memoryview(stored.starts).cast("I")) == [symbol.start_line for symbol in symbols]
    assert list(memoryview(stored.ends).cast("I")) == [symbol.end_line for symbol in symbols]
    for at_end in (False, True):
        some = list(stored.may_hold(name, at_end=at_end)) if name else symbols
        assert some == [symbol for symbol in symbols if symbol in some]
        fits = str.endswith if at_end else str.__contains__
        assert [s for s in symbols if fits(s.name.lower(), name.lower())] == [
            s for s in some if fits(s.name.lower(), name.lower())
        ]


@pytest.mark.parametrize("stored", [b"", b"[", b"{}", b'[["a"]]', b'[["a", "b", "c", 1, 2, 3, 4, "v"]', b'[["a\\'])
def test_what_is_no_list_of_definitions_is_refused(stored: bytes) -> None:
    with pytest.raises(ValueError, match="no list"):
        _native.symbol_columns(stored)


@given(st.text(st.sampled_from("a\n\r"), max_size=30), st.integers(1, 12), st.integers(0, 12))
def test_lines_of_a_text(text: str, first: int, more: int) -> None:
    pieces = text.encode().split(b"\n")
    expected = [*pieces[:-1], *filter(None, pieces[-1:])]
    lines = Text(text.encode()).lines(first, first + more)
    assert [line.number for line in lines] == list(range(first, min(first + more, len(expected)) + 1))
    assert [line.text for line in lines] == [line.rstrip(b"\r") for line in expected[first - 1 : first + more]]
