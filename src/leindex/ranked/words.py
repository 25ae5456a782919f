"""What a query says, as words with the terms that documents know them by.

The splitting of text into terms has one home, `native/words/words.c`; documents and queries both go through it.
Here a query becomes groups of terms, one group for each word: the word itself, what else programmers call
it (`thesaurus.py`), and for an identifier also its parts. Stop words are left out unless nothing else is
there.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from .. import _native
from ..records import record
from .thesaurus import Stem, other_words, short_forms

WHOLE: Final = 0
PART: Final = 1
PAIR: Final = 2
"""Roles of a term in its run: the whole identifier, one part of it, two neighbouring parts joined."""

TERMS_LIMIT: Final = 64
"""Most terms of one query; the rest of a longer query is left out."""

_STOP_TEXT: Final = """
a about after all an and any are as at be been before being but by can code could did do does doing each
for from get gets had has have having how i if implement implementation implemented implements in into is
it its just may me my of on onto or other our out over per should so some such than that the their them
then there these they this those through to under up upon us use used uses using via was we were what when
where whether which while who why will with within work working works would you your
"""
STOP_WORDS: Final = frozenset(_STOP_TEXT.split())
"""Words that say how something is asked, not what."""

_NAME: Final = re.compile(r"[@$:&*]*(\w+(?:(?:\.|::|#|->|/|\\|:)\w+)*['?!=]*)(?:\(\))?")
_KIND_TEXT: Final = """
class const constant constructor def enum fn fun func function interface macro method module namespace
object protocol record struct trait type typedef union var variable
"""
_KIND_WORDS: Final = frozenset(_KIND_TEXT.split())
"""What people write in front of the name of a definition they look for."""
_JOINTS: Final = re.compile(r"::|->|[.#/\\:]")


class Term(NamedTuple):
    """One term to look for: its hash and its text, and what finding it is worth, from 0 to 1."""

    hash: int
    text: bytes
    worth: float


@record(frozen=True, slots=True)
class Word:
    """One word of a query: its terms, of which a document has the best, and its weight among the words."""

    text: str
    terms: tuple[Term, ...]
    weight: float


@record(frozen=True)
class Query:
    """A query as ranking sees it.

    `said` holds all words in lower case, stop words too. `name` is set when the query is nothing but a
    name, like `parse_args`, `Session.get` or `class Session`: its last part, with what stands before it in
    `qualifiers`.
    """

    words: tuple[Word, ...]
    said: frozenset[str]
    name: str | None
    qualifiers: tuple[str, ...]

    @cached_property
    def packed(self) -> tuple[bytes, bytes, bytes]:
        """The terms as `_native.best_passage` takes them: their texts, the place of each one's word among the words
        (32 bits), and what each is worth (64-bit floats)."""
        terms = [(group, term) for group, word in enumerate(self.words) for term in word.terms]
        return (
            b"\0".join(term.text for _, term in terms),
            array("I", [group for group, _ in terms]).tobytes(),
            array("d", [term.worth for _, term in terms]).tobytes(),
        )


@record(frozen=True, slots=True)
class WordWeights:
    """What the guises of a word are worth against the word itself (1.0)."""

    identifier: float = 1.5
    """An identifier, found whole."""
    part: float = 0.5
    """A part of an identifier that was asked for."""
    joined: float = 0.5
    """Two words that follow each other, found as one identifier: "event loop" as `EventLoop`."""
    short_form: float = 0.5
    """An abbreviation, or what it stands for."""
    other_word: float = 0.4
    """Another word for the same thing."""


class _Run(NamedTuple):
    text: str
    start: int
    end: int
    whole: Stem
    parts: tuple[Stem, ...]


def _runs(text: str) -> Iterator[_Run]:
    """The identifiers and words of a text; places count bytes of UTF-8."""
    raw = text.encode("utf-8", "replace")
    for (start, end), found in groupby(_native.terms(raw), key=lambda term: term[3:]):
        stems = [((term_hash, term), role) for term, term_hash, role, *_ in found]
        parts = tuple(stem for stem, role in stems if role == PART)
        yield _Run(raw[start:end].decode(), start, end, stems[0][0], parts)


def read_query(text: str, weights: WordWeights) -> Query:
    """The words of a query: of a whole question, or of the positive terms of a search joined by blanks."""
    runs = list(_runs(text))
    telling = [run for run in runs if run.text.lower() not in STOP_WORDS] or runs
    words: list[Word] = []
    seen: set[int] = set()

    def add(name: str, stem: Stem, weight: float) -> None:
        if stem[0] not in seen:
            seen.add(stem[0])
            words.append(Word(name, tuple(_guises(stem, weights)), weight))

    for run in telling:
        add(run.text, run.whole, weights.identifier if run.parts else 1.0)
        for part in run.parts:
            name = part[1].decode()
            if name not in STOP_WORDS:
                add(name, part, weights.part)
    for left, right in pairwise(telling):
        joined = _native.terms((left.text + right.text).encode()) if right.start == left.end + 1 else []
        if joined and not left.parts and not right.parts and joined[0][1] not in seen:
            seen.add(joined[0][1])
            words.append(Word(left.text + right.text, (Term(joined[0][1], joined[0][0], 1.0),), weights.joined))
    last, qualifiers = _name(text)
    said = frozenset(run.text.lower() for run in runs)
    return Query(tuple(_within_limit(words)), said, last, qualifiers)


def _guises(stem: Stem, weights: WordWeights) -> Iterator[Term]:
    yield Term(*stem, 1.0)
    short, other = short_forms(stem[0]), other_words(stem[0])
    yield from (Term(*guise, weights.short_form) for guise in short if weights.short_form)
    yield from (Term(*guise, weights.other_word) for guise in other if weights.other_word and guise not in short)


def _within_limit(words: list[Word]) -> Iterator[Word]:
    count = 0
    for word in words:
        count += len(word.terms)
        if count > TERMS_LIMIT:
            return
        yield word


def _name(text: str) -> tuple[str | None, tuple[str, ...]]:
    before, _, after = text.strip().partition(" ")
    match = _NAME.fullmatch(after.strip() if before in _KIND_WORDS and after else text.strip())
    if match is None:
        return None, ()
    *qualifiers, name = _JOINTS.split(match[1])
    return name, tuple(qualifiers)
