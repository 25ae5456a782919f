"""Which literals a pattern needs: tables of formulas, no match ever lost, bounded time and size."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import lru_cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leindex.query.plan import formula_of_regex
from leindex.regex import hir as h
from leindex.regex.literals import MAX_LISTED
from leindex.regex.parse import parse as parse_regex
from leindex.regex.program import build
from leindex.regex.scanner import Flags
from leindex.storage import formula as f
from leindex.storage.tidy import MAX_LITERALS, count_literals, implies, strength, tidy
from leindex.text import fold

DIGITS = "0123456789"

FORMULAS = [
    # plain text; one ASCII byte says nothing, two only where there is nothing longer
    ("", "*"),
    ("a", "*"),
    ("if", "if"),
    ("Retry", "Retry"),
    ("a b", "a\\sb"),
    ("é", "é"),
    (r"(?-u:\xff)", "\\xff"),
    # concatenation joins, gaps divide
    ("foo.bar", "foo bar"),
    ("foo.*bar", "foo bar"),
    ("foo.*foobar", "foobar"),
    ("if.*foobar", "foobar"),
    ("if.*do", "if do"),
    (r"^foo\b$", "foo"),
    (r"foo\bbar", "foobar"),
    (r"foo$\nbar", "foo bar"),
    ("foo\nbar", "foo bar"),
    ("f\no", "*"),
    ("fo(o)b(?P<x>ar)", "foobar"),
    ("retry_count\n[ab]", "retry_count"),
    # classes
    ("foo[ab]bar", "fooabar|foobbar"),
    ("[a-z]foo", "foo"),
    ("[A-C]x", "Ax|Bx|Cx"),
    ("[0-9]x[0-9]", "*"),
    ("foo[0-9]bar", "|".join(f"foo{d}bar" for d in DIGITS)),
    ("retry_count[0-9]", "retry_count (" + "|".join(f"unt{d}" for d in DIGITS) + ")"),
    ("[0-9]retry_count", "(" + "|".join(f"{d}ret" for d in DIGITS) + ") retry_count"),
    (r"a[^\s\S]b", "!"),
    (r"foo|a[^\s\S]b", "foo"),
    ("foo[α-ω]", "foo\\xce|foo\\xcf"),
    (r"\p{Cyrillic}", "\\xd0|\\xd1|\\xd2|\\xd3|\\xd4|\\xe1|\\xe2|\\xea|\\xef|\\xf0"),
    ("[é-ê]t", "ét|êt"),
    (r"\w\s\d", "*"),
    # alternation
    ("foo|bar", "bar|foo"),
    ("foo|foobar", "foo"),
    ("foo|b", "*"),
    ("foo|", "*"),
    ("(foo|bar)baz", "barbaz|foobaz"),
    ("(foo|bar)(baz|qux)", "barbaz|barqux|foobaz|fooqux"),
    ("foo.*bar|baz.*qux", "(foo bar)|(baz qux)"),
    ("x(foo.*|bar)baz", "(xbar|xfoo) baz"),
    (r"\b(TODO|FIXME|XXX)\b", "FIXME|TODO|XXX"),
    (r"#include\s*<linux/(kernel|module)\.h>", "#include <linux/ (ux/kernel.h>|ux/module.h>)"),
    # repetition
    ("foo(bar)?baz", "foobarbaz|foobaz"),
    ("foo(bar)*baz", "foo baz"),
    ("foo(bar)+baz", "foobar barbaz"),
    ("(ab){3}", "ababab"),
    ("x(ab){2,5}y", "xabab (bababababy|babababy|bababy|baby)"),
    ("x(ab){1,2}c", "xababc|xabc"),
    ("(ab){3,}", "ababab"),
    ("foo{0}bar", "fobar"),
    ("a{1000}", "a" * 32),
    ("(.*foo.*){2,}", "foo"),
    ("(a+)+$", "*"),
    (r"\w+_irq(save|restore)?\b", "_irq"),
    ("[A-Z]+_SUSPEND", "_SUSPEND"),
    # case folding: the Kelvin sign and the long s
    ("(?i)foo", "~foo"),
    ("(?i)kernel", "~kernel|\u212a"),
    ("(?i)state", "~state|\u017f"),
    ("(?i)task", "~task|\u212a|\u017f"),
    ("(?i)kernel.*foo", "(~kernel|\u212a) ~foo"),
    ("(?i)k", "*"),
    ("(?i)s.*foo", "~foo"),
    ("(?i)é", "É|é"),
    ("(?i)éa", "~Éa|~éa"),
    ("(?i-u)kernel", "~kernel"),
    ("[kK]ernel", "~kernel"),
    ("\u212a", "\u212a"),
    ("[k\u212a]ern", "~kern|\u212a"),
]


@pytest.mark.parametrize(("pattern", "expected"), FORMULAS, ids=[pattern for pattern, _ in FORMULAS])
def test_a_pattern_needs(pattern: str, expected: str) -> None:
    assert str(formula_of_regex(parse_regex(pattern))) == expected


ALPHABET = "kKsSaZ0_é\u00c9\u212a\u017fσςΣ\n"


@lru_cache
def interesting(ranges: tuple[tuple[int, int], ...]) -> list[int]:
    return [code for code in map(ord, ALPHABET) if any(low <= code <= high for low, high in ranges)]


def sample(hir: h.Hir, rng: random.Random) -> bytes | None:
    """A text that the expression matches if its looks hold, drawn at random; None if there is none."""
    match hir:
        case h.Empty() | h.Look():
            return b""
        case h.Literal(data):
            return data
        case h.Class(ranges, is_bytes):
            if not ranges:
                return None
            inside = interesting(ranges)
            low, high = rng.choice(ranges)
            code = rng.choice(inside) if inside and rng.random() < 0.7 else rng.randint(low, high)
            return bytes((code,)) if is_bytes else chr(code).encode("utf-8", "replace")
        case h.Capture(_, _, sub):
            return sample(sub, rng)
        case h.Alternate(parts):
            shuffled = rng.sample(parts, len(parts))
            return next((text for part in shuffled if (text := sample(part, rng)) is not None), None)
        case h.Concat(parts):
            texts = [sample(part, rng) for part in parts]
        case h.Repeat(sub, low, high, _):
            most = min(low + 3, high if high is not None else low + 3)
            texts = [sample(sub, rng) for _ in range(rng.randint(low, most))]
            if None in texts and low == 0:
                return b""
    return None if None in texts else b"".join(text for text in texts if text is not None)


def patterns() -> st.SearchStrategy[str]:
    atoms = st.one_of(
        st.sampled_from(ALPHABET),
        st.sampled_from(["foo", "task", "retry", "Ks", "ſK", r"\w", r"\s", ".", r"[^k]", "[k-n]", "[a-z]", r"\b"]),
        st.sampled_from(["[0-9]", "[0-9_]", "(?i:sk)", "(?-u:[\\x80-\\xff])", "[Α-Ω]", "[^\\x00-\\x7f]", "[^\\s\\S]"]),
    )
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=4).map("".join),
            st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({'|'.join(parts)})"),
            st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "{40}"])).map(
                lambda pair: f"(?:{pair[0]}){pair[1]}"
            ),
        ),
        max_leaves=12,
    )


NOISE = st.text(ALPHABET + "x ", max_size=4)


@given(patterns(), st.booleans(), st.integers(0, 1 << 30), NOISE, NOISE)
@example("(?i)sky", True, 0, "", "")
@settings(max_examples=400, deadline=None)
def test_whatever_a_pattern_matches_its_formula_accepts(
    pattern: str, ignore_case: bool, seed: int, before: str, after: str
) -> None:
    hir = parse_regex(pattern, Flags(ignore_case=ignore_case))
    formula = formula_of_regex(hir)
    assert count_literals(formula) <= MAX_LITERALS
    rng = random.Random(seed)
    for _ in range(5):
        text = sample(hir, rng)
        if text is not None:
            assert f.accepts(formula, before.encode() + text + after.encode()), (formula, text)


@given(patterns(), st.booleans(), st.text(ALPHABET + "x foretry19", max_size=12))
@settings(max_examples=250, deadline=None)
def test_whatever_the_matcher_finds_the_formula_accepts(pattern: str, ignore_case: bool, text: str) -> None:
    hir = parse_regex(pattern, Flags(ignore_case=ignore_case))
    if build(hir).is_match(text.encode()):
        assert f.accepts(formula_of_regex(hir), text.encode())


def literals(formula: f.Formula) -> list[f.Lit]:
    if isinstance(formula, f.And | f.Or):
        return [literal for part in formula.parts for literal in literals(part)]
    return [formula] if isinstance(formula, f.Lit) else []


@given(patterns(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_literals_are_as_engines_expect_them(pattern: str, ignore_case: bool) -> None:
    for literal in literals(formula_of_regex(parse_regex(pattern, Flags(ignore_case=ignore_case)))):
        data = literal.data
        assert data == fold(data) or not literal.any_case
        assert b"\n" not in data
        assert len(data) > 1 or not data.isascii()


WORDS = ["".join(random.Random(n).choices("abcdefghijklmnopqrstuvwxyz", k=8)) for n in range(10_000)]


@pytest.mark.parametrize(
    "make",
    [
        lambda words: "|".join(words),
        lambda words: "(?i)" + "|".join(words[:3000]),
        lambda words: "foo(" + "|".join(words) + ")bar",
        lambda words: "|".join(word + r"\d+" for word in words),
        lambda words: "|".join(f"{word}.*{word}" for word in words[:2000]),
        lambda words: "|".join("prefix_" + word for word in words),
        lambda words: "(" + "|".join(f"x{n:05}tail" for n in range(5000)) + ")bar",
        lambda words: "foo(" + "|".join(f"head{n:05}x" for n in range(5000)) + ")",
        lambda words: ".*".join(words[:4000]),
        lambda words: "".join(f"({a}|{b})" for a, b in zip(words[:2000], words[2000:4000], strict=True)),
        lambda words: "".join(f"({word}|.)*[a-f]" for word in words[:1500]),
    ],
)
def test_large_patterns_are_planned_in_bounded_time_and_size(make: Callable[[list[str]], str]) -> None:
    hir = parse_regex(make(WORDS))
    begin = time.process_time()
    formula = formula_of_regex(hir)
    assert time.process_time() - begin < 1  # at most 0.1 s on an idle machine
    assert count_literals(formula) <= MAX_LITERALS
    rng = random.Random(1)
    for _ in range(5):
        text = sample(hir, rng)
        assert text is not None
        assert f.accepts(formula, text)


def test_a_few_hundred_alternatives_are_still_looked_up() -> None:
    assert count_literals(formula_of_regex(parse_regex("|".join(WORDS[:MAX_LISTED])))) == MAX_LISTED
    shared = "|".join(f"prefix_{word}" for word in WORDS)
    assert str(formula_of_regex(parse_regex(shared))).startswith("prefix_ (ix_a|ix_b|")


FORMULA_TREES = st.recursive(
    st.one_of(
        st.text("abABé_", min_size=2, max_size=4).map(lambda text: f.Lit(text.encode())),
        st.text("abé_", min_size=2, max_size=4).map(lambda text: f.Lit(text.encode(), any_case=True)),
        st.just(f.Anything()),
        st.just(f.Nothing()),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: f.both(*parts)),
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: f.either(*parts)),
    ),
    max_leaves=10,
)


@given(FORMULA_TREES, FORMULA_TREES, st.text("abABé_", max_size=10))
@settings(max_examples=250, deadline=None)
def test_tidying_accepts_no_less_and_implication_holds(one: f.Formula, other: f.Formula, text: str) -> None:
    data = text.encode()
    if f.accepts(one, data):
        assert f.accepts(tidy(one), data)
        assert f.accepts(other, data) or not implies(one, other)


def test_strength_prefers_long_and_rare_literals() -> None:
    def of(pattern: str) -> int:
        return strength(formula_of_regex(parse_regex(pattern)))

    assert of("retry") > of("foo") > of("if") > of(".")
    assert of("é") > of("if")
    assert of("foo|retry") == of("foo")
