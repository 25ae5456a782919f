"""Ranking, on a small tree in memory: what comes first, with which passage, and why."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leindex import _native, kinds
from leindex.errors import QueryError
from leindex.kinds import kind_of_file
from leindex.ranked.fuzzy import PathList
from leindex.ranked.passages import best_passage
from leindex.ranked.rank import DEFAULT_WEIGHTS, Hit, Ranking, rank
from leindex.ranked.snippets import best_lines
from leindex.ranked.words import WordWeights, read_query
from leindex.storage.catalog import key_of
from leindex.symbols.heading import Text, signature
from leindex.terms import bag_of
from leindex.views.path_terms import PathTerms


@dataclass(frozen=True)
class Definition:
    name: str
    kind: str
    start_line: int
    end_line: int
    container: str = ""

    @property
    def line(self) -> int:
        return self.start_line


@dataclass(frozen=True)
class Document:
    number: int
    path: str
    content: bytes
    definitions: Sequence[Definition] = ()


class Source:
    """What an engine supplies, kept in a dictionary; numbers leave gaps, as those of an engine do."""

    def __init__(self, files: dict[str, tuple[str, Sequence[Definition]]]) -> None:
        self.documents = {
            3 * i + 1: Document(3 * i + 1, path, text.encode(), definitions)
            for i, (path, (text, definitions)) in enumerate(files.items())
        }
        self._lists: dict[int, list[tuple[int, int]]] = {}
        for number, document in self.documents.items():
            bag = bag_of(document.content, document.definitions)
            for term, payload in zip(memoryview(bag.hashes).cast("I"), bag.payloads, strict=True):
                self._lists.setdefault(term, []).append((number, payload))
        self._paths = PathTerms(list(self.documents), [key_of(d.path.encode()) for d in self.documents.values()])

    def count(self) -> int:
        return len(self.documents)

    def number_limit(self) -> int:
        return max(self.documents, default=0) + 1

    def postings(self, terms: Sequence[int]) -> list[tuple[bytes, bytes]]:
        lists = [self._lists.get(term, []) for term in terms]
        return [(array("I", [n for n, _ in pairs]).tobytes(), bytes(p for _, p in pairs)) for pairs in lists]

    def path_terms(self) -> PathTerms:
        return self._paths

    def load(self, numbers: Sequence[int]) -> list[Document]:
        return [self.documents[number] for number in numbers]


CLIENT = """import time

class Client:
    \"\"\"Talks to the server.\"\"\"

    def send(self, message):
        return self.socket.write(message)

    # Waits longer after each failure.
    def retry(self, message):
        backoff = 1
        while not self.send(message):
            time.sleep(backoff)
            backoff *= 2
"""
CLIENT_DEFINITIONS = (
    Definition("Client", "class", 3, 14),
    Definition("send", "method", 6, 7, "Client"),
    Definition("retry", "method", 10, 14, "Client"),
)


def tree() -> Source:
    return Source(
        {
            "src/client.py": (CLIENT, CLIENT_DEFINITIONS),
            "src/server.py": (
                "def serve(client):\n    client.send(None)\n",
                [Definition("serve", "function", 1, 2)],
            ),
            "src/router/mod.rs": (
                "pub fn dispatch() {\n    // picks\n}\n",
                [Definition("dispatch", "function", 1, 3)],
            ),
            "tests/test_client.py": (
                "def test_retry():\n    Client().retry('retry backoff')\n",
                [Definition("test_retry", "function", 1, 2)],
            ),
            "docs/client.md": (
                "# Client\n\nThe client will retry with backoff.\n",
                [Definition("Client", "heading", 1, 3)],
            ),
            "src/pool.py": ("def acquire():\n    pass\n", [Definition("acquire", "function", 1, 2)]),
        }
    )


def paths(hits: Sequence[Hit]) -> list[str]:
    return [hit.path for hit in hits]


def test_code_comes_before_tests_and_prose() -> None:
    hits = rank("how does the client retry with backoff", tree())
    assert paths(hits)[0] == "src/client.py"
    assert set(paths(hits)[1:3]) == {"tests/test_client.py", "docs/client.md"}
    assert "pool.py" not in "".join(paths(hits))


def test_tests_come_first_when_asked_for() -> None:
    assert paths(rank("tests of client retry", tree()))[0] == "tests/test_client.py"


def test_the_passage_is_the_function_with_its_comment() -> None:
    hit = rank("waits after failure with backoff", tree())[0]
    assert (hit.path, hit.passage.start_line, hit.passage.end_line) == ("src/client.py", 9, 14)
    assert hit.passage.definition == CLIENT_DEFINITIONS[2]


@pytest.mark.parametrize(
    ("query", "path", "line"),
    [
        ("Client", "src/client.py", 3),
        ("class Client", "src/client.py", 3),
        ("Client.retry", "src/client.py", 10),
        ("send", "src/client.py", 6),
        ("acquire()", "src/pool.py", 1),
    ],
)
def test_a_name_finds_its_definition(query: str, path: str, line: int) -> None:
    hit = rank(query, tree())[0]
    assert (hit.path, hit.passage.start_line) == (path, line)


def test_index_like_files_have_their_folders_name() -> None:
    assert paths(rank("router", tree())) == ["src/router/mod.rs"]


def test_abbreviations_are_found() -> None:
    source = Source({"a.py": ("auth = 1", ()), "b.py": ("other = 2", ())})
    assert paths(rank("authentication", source)) == ["a.py"]


def test_a_defining_document_is_found_among_many_users() -> None:
    users = {f"use/u{i:03}.py": ("Widget Widget Widget", ()) for i in range(200)}
    defining = ("x\n" * 4000 + "class Widget:\n    pass\n", [Definition("Widget", "class", 4001, 4002)])
    source = Source({**users, "z.py": defining})
    assert paths(rank("Widget", source, limit=1)) == ["z.py"]


def test_case_decides_between_definitions() -> None:
    source = Source(
        {
            "a.py": ("context = 1\n\n", [Definition("context", "function", 1, 2)]),
            "b.py": ("class Context:\n  pass", [Definition("Context", "class", 1, 2)]),
        }
    )
    assert paths(rank("Context", source)) == ["b.py", "a.py"]
    assert paths(rank("context", source)) == ["a.py", "b.py"]


def test_allowed_documents_only_and_all_of_them() -> None:
    source = tree()
    numbers = {d.path: d.number for d in source.documents.values()}
    allowed = sorted([numbers["src/pool.py"], numbers["docs/client.md"]])
    assert paths(rank("client retry", source, allowed=allowed)) == ["docs/client.md", "src/pool.py"]
    assert rank("client retry", source, allowed=[]) == []
    assert paths(rank("Client", source, allowed=allowed))[0] == "docs/client.md"


def test_matches_decide_the_passage() -> None:
    source = tree()
    ranking = Ranking("backoff", source)
    found = ranking.best_documents()
    number = next(d.number for d in source.documents.values() if d.path == "src/client.py")
    hit = next(
        h for h in ranking.rank_documents(found, matches=lambda n: [7] if n == number else []) if h.number == number
    )
    assert (hit.passage.start_line, hit.passage.end_line) == (6, 7)


def test_explained_hits_say_where_the_score_comes_from() -> None:
    hits = rank("client retry", tree(), explain=True)
    first = hits[0]
    assert first.signals["kind"] == "code"
    given = first.signals["words"]
    assert given["client"]["path"] > 0 and given["retry"]["text"] > 0
    total = sum(value for word in given.values() for value in word.values())
    assert total == pytest.approx(first.signals["documents"], rel=1e-4)
    assert first.score == pytest.approx(first.signals["documents"] + first.signals["passage"])
    assert {h.signals["kind"]: h.signals.get("factor") for h in hits}["test"] == DEFAULT_WEIGHTS.kinds["test"]


def test_equal_scores_are_ordered_by_path() -> None:
    files = {f"{name}.c": ("same words", ()) for name in "qazwsx"}
    assert paths(rank("words", Source(files))) == [f"{name}.c" for name in "aqswxz"]


def test_queries_without_words() -> None:
    assert rank("", tree()) == rank("->", tree()) == rank("nowhere_to_be_found", tree()) == []
    assert rank("anything", Source({})) == []


@pytest.mark.parametrize("query", ["_", "Client._", "x" * 200, "Client." + "x" * 200, "0x1f", "def", "def _", "\udc80"])
def test_odd_names_are_no_error(query: str) -> None:
    rank(query, tree(), explain=True)


@given(st.text(max_size=60))
def test_any_query_is_answered(query: str) -> None:
    first = rank(query, tree(), explain=True)
    assert first == rank(query, tree(), explain=True)
    assert paths(first) == [hit.path for hit in sorted(first, key=lambda h: (-h.score, h.path))]


ROWS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.floats(0.1, 4),
        st.dictionaries(st.integers(0, 30), st.integers(0, 255), max_size=20),
    ),
    max_size=6,
)


@given(ROWS, st.integers(1, 40), st.none() | st.sets(st.integers(0, 35)))
def test_best_against_plain_python(
    rows: list[tuple[int, float, dict[int, int]]], limit: int, allowed: set[int] | None
) -> None:
    rows.sort(key=lambda row: row[0])
    table = array("f", [b / 16 for b in range(256)]).tobytes()
    lists = [
        (group, weight, table, array("I", sorted(held)).tobytes(), bytes(held[n] for n in sorted(held)))
        for group, weight, held in rows
    ]
    best_of: dict[int, dict[int, float]] = {}
    for group, weight, held in rows:
        for number, payload in held.items():
            sums = best_of.setdefault(number, {})
            sums[group] = max(sums.get(group, 0.0), weight * payload / 16)
    scores = {number: sum(sums.values()) for number, sums in best_of.items()}
    if allowed is None:
        expected = {number: score for number, score in scores.items() if score > 0}
    else:
        expected = {number: scores.get(number, 0.0) for number in allowed if number < 31}
    within = None if allowed is None else array("I", sorted(allowed)).tobytes()
    found = _native.best(lists, 31, limit, within)
    assert len(found) == min(limit, len(expected))
    assert [s for _, s in found] == pytest.approx(sorted(expected.values(), reverse=True)[:limit], rel=1e-4)
    assert all(expected[number] == pytest.approx(score, rel=1e-4) for number, score in found)
    assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))


def test_best_refuses_lists_that_do_not_fit() -> None:
    for table, numbers, payloads in ((b"", b"", b""), (bytes(1024), b"1234", b"")):
        with pytest.raises(ValueError, match="best"):
            _native.best([(0, 1.0, table, numbers, payloads)], 10, 5, None)
    assert struct.calcsize("I") == 4


@given(
    st.lists(st.sampled_from(["", "alpha", "# beta", "gamma delta", "    x"]), min_size=1, max_size=60),
    st.lists(st.tuples(st.integers(1, 70), st.integers(0, 30)), max_size=12),
)
def test_passages_lie_in_the_file(lines: list[str], spans: list[tuple[int, int]]) -> None:
    definitions = [Definition(f"d{i}", "function", start, start + more) for i, (start, more) in enumerate(spans)]
    text = "\n".join(lines).encode()
    query = read_query("alpha beta delta", WordWeights())
    passage, score = best_passage(query, [1.0] * len(query.words), text, definitions)
    assert 1 <= passage.start_line <= passage.end_line <= max(len(lines), 1)
    found = any(word in "\n".join(lines) for word in ("alpha", "beta", "delta"))
    assert (score > 0) == found
    if found:
        inside = "\n".join(lines[passage.start_line - 1 : passage.end_line])
        assert any(word in inside for word in ("alpha", "beta", "delta"))


def test_heading_and_lines() -> None:
    query = read_query("backoff failure", WordWeights())
    text = CLIENT.encode()
    passage, _ = best_passage(query, [1.0] * len(query.words), text, CLIENT_DEFINITIONS)
    lines = Text(text)
    assert passage.definition is not None
    assert signature(lines, passage.definition.line, passage.end_line) == "def retry(self, message):"
    shown = best_lines(query, lines, passage, limit=2)
    assert [line.number for line in shown] == [9, 11]
    assert shown[1].text == b"        backoff = 1"
    assert [line.number for line in best_lines(query, lines, passage, limit=1, matches=[12])] == [12]


def test_heading_joins_a_signature() -> None:
    text = b"\nint f(\n    int a,\n    int b)\n{\n}\n"
    definition = Definition("f", "function", 2, 6)
    query = read_query("f", WordWeights())
    passage, _ = best_passage(query, [1.0], text, [definition])
    assert passage.definition is not None
    assert signature(Text(text), passage.definition.line, passage.end_line) == "int f(int a, int b)"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("src/app.py", kinds.CODE),
        ("tests/app.py", kinds.TEST),
        ("pkg/app_test.go", kinds.TEST),
        ("src/AppTest.java", kinds.TEST),
        ("src/latest.java", kinds.CODE),
        ("src/contest.py", kinds.CODE),
        ("app.spec.ts", kinds.TEST),
        ("examples/app.py", kinds.EXAMPLE),
        ("vendor/tests/x.go", kinds.VENDORED),
        ("api/v1.pb.go", kinds.GENERATED),
        ("README.md", kinds.PROSE),
        ("LICENSE", kinds.PROSE),
        ("src/changes.go", kinds.CODE),
        ("tests/README.md", kinds.PROSE),
        ("man/tool.7", kinds.PROSE),
        ("docs/src/demo.c", kinds.EXAMPLE),
        ("metrics/ParseBenchmark.java", kinds.EXAMPLE),
        ("dist/app.js", kinds.GENERATED),
        ("Tests/App.swift", kinds.TEST),
        ("types/index.d.ts", kinds.DECLARATION),
        ("src/newsletter.py", kinds.CODE),
        ("package.json", kinds.DATA),
        ("package-lock.json", kinds.GENERATED),
    ],
)
def test_kinds_of_files(path: str, kind: str) -> None:
    assert kind_of_file(path) == kind


def test_generated_files_say_so() -> None:
    assert kind_of_file("a.go", b"// Code generated by protoc. DO NOT EDIT.\n") == kinds.GENERATED
    assert kind_of_file("a.go", b"x\n" * 2500 + b"// DO NOT EDIT") == kinds.CODE


# ---- go to file


def find(query: str, all_paths: list[str], modified: Sequence[int] = ()) -> list[str]:
    return [found.path for found in PathList(all_paths, modified).find(query)[0]]


def test_fuzzy_prefers_names_and_word_starts() -> None:
    tree_paths = [
        "src/search/rank.py",
        "src/crank/x.py",
        "src/storage/ranking_cache.py",
        "docs/rank.md",
        "r/a/n/k.c",
    ]
    assert find("rank", tree_paths)[:2] == ["docs/rank.md", "src/search/rank.py"]
    assert find("rank", tree_paths)[-1] == "r/a/n/k.c"
    assert find("src rank", tree_paths)[0] == "src/search/rank.py"
    assert find("rankcache", tree_paths) == ["src/storage/ranking_cache.py"]
    assert find("RC", ["RankCache.java", "arc.java"])[0] == "RankCache.java"
    assert find("search/ra", tree_paths)[0] == "src/search/rank.py"


def test_fuzzy_takes_the_newer_of_equals() -> None:
    assert find("x", ["a/x.c", "b/x.c", "c/x.c"], [10, 30, 20]) == ["b/x.c", "c/x.c", "a/x.c"]
    assert find("x", ["a/x.c", "b/x.c"]) == ["a/x.c", "b/x.c"]


def test_fuzzy_refuses_nothing_and_too_much() -> None:
    for query in ("", "   ", "x" * 65):
        with pytest.raises(QueryError):
            PathList(["a"]).find(query)


@given(
    st.text("abAB/_ .é", min_size=1, max_size=8).filter(lambda q: q.strip()),
    st.lists(st.text("abAB/_.é", min_size=1, max_size=20), max_size=20),
    st.integers(1, 30),
)
def test_fuzzy_finds_exactly_the_subsequences(query: str, all_paths: list[str], limit: int) -> None:
    def has(path: str, word: str) -> bool:
        letters = iter(path.encode().lower())
        return all(letter in letters for letter in word.encode().lower())

    expected = [path for path in all_paths if all(has(path, word) for word in query.split(" "))]
    found, total = PathList(all_paths).find(query, limit)
    assert total == len(expected)
    assert len(found) == min(limit, total)
    assert not {f.path for f in found} - set(expected)
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)


def test_fuzzy_reads_long_paths() -> None:
    long = "deep/" * 400 + "needle.c"
    assert find("needle", [long, "x.c"]) == [long]
    assert PathList([long]).find("ddneedle")[1] == 1
    assert math.isfinite(PathList([long]).find("needle")[0][0].score)
