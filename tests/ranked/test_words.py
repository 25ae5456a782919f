"""Text to terms, bags of words, passages and paths: the native code against plain Python."""

from __future__ import annotations

from array import array
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leindex import _native
from leindex.ranked.words import PART, WHOLE, WordWeights, read_query
from leindex.storage.catalog import key_of
from leindex.terms import LEVEL, NAMED_PART, NAMED_WHOLE, bag_of
from leindex.views.path_terms import IN_FOLDER, IN_NAME, IS_FOLDER, IS_NAME, PathTerms

TEXTS = st.text(
    st.one_of(st.sampled_from("aBcDeF_09. \n\t(é日Ж\u2028"), st.characters(exclude_categories=("Cs",))),
    max_size=200,
)


def words(text: str) -> list[str]:
    return [term.decode() for term, *_ in _native.terms(text.encode())]


def term_hash(word: str) -> int:
    return _native.terms(word.encode())[0][1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("parse_args", ["parsearg", "pars", "arg"]),
        ("HTTPServer", ["httpserv", "http", "serv"]),
        ("WebSocketUpgrade", ["websocketupgrad", "web", "websocket", "socket", "socketupgrad", "upgrad"]),
        ("__init__", ["init"]),
        ("sha256", ["sha256", "sha", "256"]),
        ("x86_64", ["x8664", "x86", "64"]),
        ("OAuth", ["oauth", "auth"]),
        ("IService", ["iservic", "servic"]),
        ("404 0xdeadbeef", ["404"]),
        ("foo-bar.baz", ["foo", "bar", "baz"]),
        ("g", ["g"]),
        ("naïve ÉCOLE ЖУК", ["naïve", "école", "жук"]),
        ("日本", ["日", "本"]),
        ("a\u2014b\u00a0c", ["a", "b", "c"]),
        ("_ ___", []),
        ("", []),
        ("x" * 97, []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "family",
    [
        "encode encodes encoded encoding encoder encoders",
        "validate validates validated validation validator validating",
        "serialize serializer serialization serializable serializing",
        "format formats formatted formatter formatting",
        "retry retries retried retrying",
        "match matches matched matching matcher",
        "create creates created creating creation creator",
        "class classes",
        "query queries",
    ],
)
def test_a_family_has_one_stem(family: str) -> None:
    assert len({word for member in family.split() for word in words(member)}) == 1


def test_unrelated_words_keep_apart() -> None:
    several = "status state string static stack format form user use process progress server several"
    assert len({words(word)[0] for word in several.split()}) == len(several.split())


def test_positions_are_bytes() -> None:
    assert [(start, end) for *_, start, end in _native.terms("é ab".encode())] == [(0, 2), (3, 5)]


@given(TEXTS)
def test_terms_cover_the_text_in_order(text: str) -> None:
    raw = text.encode()
    run = (0, 0)
    for term, _, role, start, end in _native.terms(raw):
        assert (start, end) == run or (role == WHOLE and run[1] <= start < end <= len(raw))
        assert term and raw[start:end].decode()
        run = (start, end)


@given(st.binary(max_size=300))
def test_any_bytes_can_be_split(raw: bytes) -> None:
    _native.terms(raw)
    hashes, payloads, _ = _native.bag(raw, raw[:20])
    held = memoryview(hashes).cast("I").tolist()
    assert held == sorted(set(held)) and len(payloads) == len(held)


@given(TEXTS, TEXTS)
def test_bag_holds_the_terms_and_names(text: str, names: str) -> None:
    hashes, payloads, length = _native.bag(text.encode(), names.encode())
    held = dict(zip(memoryview(hashes).cast("I").tolist(), payloads, strict=True))
    found = _native.terms(text.encode())
    named = _native.terms(names.encode())
    counted = {h for term, h, *_ in found if len(term) > 1}
    assert counted <= set(held)
    assert set(held) <= {h for _, h, *_ in found} | {h for _, h, *_ in named}
    assert length >= len({start for *_, start, _ in found})
    for term, payload in held.items():
        roles = {role for _, h, role, *_ in named if h == term}
        assert bool(payload & NAMED_WHOLE) == (WHOLE in roles)
        assert bool(payload & NAMED_PART) == bool(roles - {WHOLE})
        assert bool(payload & LEVEL) == (term in counted)


def test_weight_grows_with_frequency_and_shrinks_with_length() -> None:
    def level(text: str) -> int:
        bag = bag_of(text.encode())
        held = memoryview(bag.hashes).cast("I").tolist()
        return bag.payloads[held.index(term_hash("needle"))] & LEVEL

    once, twice = level("needle hay"), level("needle needle hay")
    assert level("needle " + "hay " * 5000) < once < twice
    assert level("needle " + "hay " * 200_000) >= 1


def test_headings_are_no_names() -> None:
    class Heading:
        name, kind = "Retry", "heading"

    class Function:
        name, kind = "Retry", "function"

    assert not bag_of(b"retry", [Heading()]).payloads[0] & NAMED_WHOLE
    assert bag_of(b"retry", [Function()]).payloads[0] & NAMED_WHOLE


def test_utf16_is_read() -> None:
    assert bag_of("\ufeffneedle".encode("utf-16-le")).hashes == bag_of(b"needle").hashes


WORDS = [
    "alpha",
    "beta_gamma",
    "Delta",
    "hay",
    "",
    "al_pha",
    "copies",
    "COPY",
    "OAuthToken",
    "Ärger",
    "words 漢字",
    "x",
    "_al_" * 24,
    "_al_" * 25,
]


@given(st.lists(st.sampled_from(WORDS), max_size=40), st.data())
def test_scan_counts_by_passage(lines: list[str], data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(0, max(len(lines) - 1, 0)), max_size=5)) | {0}
    starts = sorted(cuts)
    terms = [term for term, *_ in _native.terms(data.draw(st.sampled_from(["alpha beta delta", *WORDS])).encode())]
    wanted = [_native.terms(term)[0][1] for term in terms]
    text = "\n".join(lines).encode()
    raw, sizes = _native.scan(text, b"\0".join(terms), array("I", starts).tobytes())
    counts = memoryview(raw).cast("H").tolist()
    for i, start in enumerate(starts):
        stop = starts[i + 1] if i + 1 < len(starts) else len(lines)
        part = "\n".join(lines[start:stop]).encode()
        expected = Counter(h for h, _ in {(h, begin) for _, h, _, begin, _ in _native.terms(part)})
        assert counts[i * len(wanted) : (i + 1) * len(wanted)] == [expected[h] for h in wanted]
        runs = {(begin, end) for *_, begin, end in _native.terms(part)}
        assert memoryview(sizes).cast("I")[i] == len(runs)


def test_scan_refuses_what_it_cannot_do() -> None:
    for terms, starts in ((b"a\0\0b", b"\0\0\0\0"), (b"\0".join([b"a"] * 65), b"\0\0\0\0"), (b"", b""), (b"a", b"123")):
        with pytest.raises(ValueError, match=r"terms|part"):
            _native.scan(b"text", terms, starts)


def test_any_run_passes_the_filter_of_its_own_terms() -> None:
    """The filter looks at the first letters of the terms; stems that end otherwise than their words must pass too."""
    for word in (
        "flies",
        "tried",
        "XMLHttpRequest",
        "__init__",
        "x86",
        "404",
        "élan",
        "ÉLAN",
        "漢",
        "a",
        "y",
        "İstanbul",
    ):
        found = _native.terms(word.encode())
        terms = list(dict.fromkeys(term for term, *_ in found))
        raw, _ = _native.scan(word.encode(), b"\0".join(terms), b"\0\0\0\0")
        assert all(memoryview(raw).cast("H")), word
        many = b"\0".join([*terms, *(b"zz%d" % i for i in range(64 - len(terms)))])
        raw, _ = _native.scan(word.encode(), many, b"\0\0\0\0")
        assert all(memoryview(raw).cast("H")[: len(terms)]), word


def path_flags(paths: list[str], word: str) -> dict[int, int]:
    numbers, flags = PathTerms(range(len(paths)), [key_of(path.encode()) for path in paths]).postings(term_hash(word))
    return dict(zip(memoryview(numbers).cast("I").tolist(), flags, strict=True))


def test_terms_of_paths() -> None:
    paths = [
        "src/body_proxy.rb",
        "lib/body-proxy.js",
        "proxy/mod.rs",
        "proxy/inner/x.py",
        "a/proxy",
        "top/unproxied.c",
    ]
    flags = path_flags(paths, "proxy")
    assert flags == {
        0: IN_NAME,
        1: IN_NAME,
        2: IN_FOLDER | IS_FOLDER | IN_NAME | IS_NAME,
        3: IN_FOLDER | IS_FOLDER,
        4: IN_NAME | IS_NAME,
    }
    assert path_flags(paths, "bodyproxy") == {0: IN_NAME | IS_NAME, 1: IN_NAME | IS_NAME}
    assert path_flags(paths, "rb") == {}
    assert path_flags(paths, "absent") == {}
    assert path_flags([], "proxy") == {}


def test_a_document_at_several_paths() -> None:
    numbers, flags = PathTerms([7, 3, 7], [b"x\0a.c", b"x.c", b"b\0x.c"]).postings(term_hash("x"))
    assert memoryview(numbers).cast("I").tolist() == [3, 7]
    assert list(flags) == [IN_NAME | IS_NAME, IN_FOLDER | IS_FOLDER | IN_NAME | IS_NAME]


def test_query_leaves_stop_words_out_unless_nothing_else_is_there() -> None:
    weights = WordWeights()
    assert [word.text for word in read_query("how is the cache cleared", weights).words][:2] == [
        "cache",
        "cleared",
    ]
    assert [word.text for word in read_query("how is it", weights).words][:3] == ["how", "is", "it"]
    assert read_query("", weights).words == ()


def test_query_joins_neighbours_and_splits_identifiers() -> None:
    texts = {word.text: word.weight for word in read_query("event loop of readHeader", WordWeights()).words}
    assert texts["eventloop"] < texts["event"] < texts["readHeader"]
    assert texts["read"] < 1.0


def test_short_forms_and_other_words() -> None:
    (word,) = read_query("authentication", WordWeights()).words
    worth = {term.hash: term.worth for term in word.terms}
    assert worth[term_hash("authentication")] == 1.0
    assert 0 < worth[term_hash("login")] < worth[term_hash("auth")] < 1.0


@pytest.mark.parametrize(
    ("text", "name", "qualifiers"),
    [
        ("parse_args", "parse_args", ()),
        ("Session.get", "get", ("Session",)),
        ("std::vector::push_back()", "push_back", ("std", "vector")),
        ("class BaseHandler", "BaseHandler", ()),
        ("etag=", "etag=", ()),
        ("Picker:find", "find", ("Picker",)),
        ("$name", "name", ()),
        ("retry backoff", None, ()),
        ("", None, ()),
    ],
)
def test_names(text: str, name: str | None, qualifiers: tuple[str, ...]) -> None:
    query = read_query(text, WordWeights())
    assert (query.name, query.qualifiers) == (name, qualifiers)


def test_long_queries_are_cut() -> None:
    query = read_query(" ".join(f"word{i}x" for i in range(500)), WordWeights())
    assert 10 < sum(len(word.terms) for word in query.words) <= 64
    assert PART == 1
