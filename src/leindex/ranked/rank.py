"""Ranking: which documents answer a query best, and with which passage. The one scorer for all engines.

Two steps, in `Ranking`. `best_documents` reads posting lists only: for each word of the query what it
weighs in a document (BM25's saturated frequency, kept in the posting), whether a definition is named so,
and whether the path says it, each times the word's rarity. `rank_documents` then opens the best few:
passages, definitions of a name that was asked for, and what kind of file it is. `rank` does both.
Everything is deterministic; equal scores are ordered by path.

What an engine supplies is `RankingSource`. The signals and what each is worth are in `Weights`;
docs/ranking.md has their effect, measured.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from heapq import heappush, heappushpop
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from .. import _native, kinds
from ..definition import OUTLINE_ONLY
from ..records import field, record
from ..symbols.definitions import Definitions
from ..terms import LEVEL, NAMED_PART, NAMED_WHOLE
from ..text import searchable
from ..views.path_terms import IN_FOLDER, IN_NAME, IS_FOLDER, IS_NAME, PathTerms
from .passages import Definition, Passage, best_passage
from .words import Query, WordWeights, read_query

CANDIDATES: Final = 30
"""Documents that the first step hands to the second, at least."""
DEFINING: Final = 40
"""Documents that define a name that was asked for, opened besides those."""
_DEFINES: Final = array("f", [1.0 + (b & LEVEL) if b & NAMED_WHOLE else 0.0 for b in range(256)]).tobytes()


class Document(Protocol):
    """What ranking reads of a document. `definitions` is empty when they are not known (yet)."""

    @property
    def number(self) -> int: ...
    @property
    def path(self) -> str: ...
    @property
    def content(self) -> bytes: ...
    @property
    def definitions(self) -> Sequence[Definition]: ...


class RankingSource(Protocol):
    """What ranking needs of an engine. Document numbers are small integers, dense enough for an array."""

    def count(self) -> int:
        """How many documents there are."""

    def number_limit(self) -> int:
        """One more than the highest document number."""

    def postings(self, terms: Sequence[int]) -> Sequence[tuple[bytes, bytes]]:
        """The documents with each of these terms: ascending numbers (32 bits each, native order) and a payload
        byte for each."""

    def path_terms(self) -> PathTerms:
        """The terms of all paths; made once for a generation."""

    def load(self, numbers: Sequence[int]) -> Sequence[Document]:
        """The documents with these numbers, in this order; one that is gone meanwhile is left out."""


@record(frozen=True, slots=True)
class Weights:
    """What each signal is worth. A document's score is a sum over the query's words, times the word's
    rarity."""

    words: WordWeights = field(default_factory=WordWeights)
    body: float = 1.0
    named_part: float = 0.4
    named_whole: float = 0.8
    path_name: float = 2.0
    """The file's whole name is the word."""
    path_name_part: float = 0.8
    path_folder: float = 0.5
    path_folder_part: float = 0.4
    path_rarity: float = 0.8
    """How much of a word's rarity among paths counts, where it is rarer there than among documents."""
    passage: float = 1.0
    name: float = 10.0
    """A definition of exactly the name that the query consists of."""
    kinds: Mapping[str, float] = field(
        default_factory=lambda: {
            kinds.TEST: 0.5,
            kinds.EXAMPLE: 0.6,
            kinds.GENERATED: 0.6,
            kinds.VENDORED: 0.6,
            kinds.PROSE: 0.4,
            kinds.DATA: 0.7,
            kinds.DECLARATION: 0.8,
        }
    )
    """What the score is multiplied by for kinds of files that were not asked for."""


DEFAULT_WEIGHTS: Final = Weights()

_TYPES: Final = frozenset(
    (
        "class",
        "struct",
        "interface",
        "trait",
        "type",
        "enum",
        "union",
        "module",
        "namespace",
        "object",
        "protocol",
    )
)
_CALLABLES: Final = frozenset(("function", "method", "macro", "constructor"))


@record(frozen=True, slots=True)
class Hit:
    """One answer: a passage of a document. `signals` says where the score comes from."""

    number: int
    path: str
    passage: Passage
    score: float
    signals: dict[str, Any]


class Scored(NamedTuple):
    """A document that the first step found, with its score there."""

    number: int
    score: float


class Ranking:
    """One query against one source: reads the posting lists once, then takes the two steps.

    `query` is a text or what `read_query` made of it. A caller that verifies candidates against an exact
    query does so between the steps.
    """

    def __init__(self, query: Query | str, source: RankingSource, weights: Weights = DEFAULT_WEIGHTS) -> None:
        self.query = read_query(query, weights.words) if isinstance(query, str) else query
        self._source = source
        self._weights = weights
        terms = [term.hash for word in self.query.words for term in word.terms]
        terms += [] if self.query.name is None else _whole(self.query.name)
        distinct = list(dict.fromkeys(terms))
        self._postings = dict(zip(distinct, source.postings(distinct), strict=True))
        self._lists, self._rarities = _lists(self.query, source, self._postings, weights)
        self._scores: dict[int, float] = {}

    def best_documents(self, *, limit: int = CANDIDATES, allowed: Sequence[int] | None = None) -> list[Scored]:
        """The first step: at most `limit` documents, best first, from posting lists alone.

        `allowed` restricts the documents to these numbers; they then need no word of the query. When the
        query is a name, documents that define it come on top of the limit, however many merely use it.
        """
        within = None if allowed is None else array("I", allowed).tobytes()
        size = self._source.number_limit()
        found = _native.best(self._lists, size, limit, within)
        if self.query.name is not None:
            known = {number for number, _ in found}
            defining = array("I", self._defining(self.query.name, allowed)).tobytes()
            found += [pair for pair in _native.best(self._lists, size, DEFINING, defining) if pair[0] not in known]
        self._scores.update(found)
        return [Scored(number, score) for number, score in found]

    def scored(self, numbers: Sequence[int]) -> list[Scored]:
        """These documents with their scores of the first step, in this order."""
        unknown = sorted(set(numbers) - self._scores.keys())
        if unknown:
            within = array("I", unknown).tobytes()
            self._scores.update(_native.best(self._lists, self._source.number_limit(), len(unknown), within))
        return [Scored(number, self._scores.get(number, 0.0)) for number in numbers]

    def _defining(self, name: str, allowed: Sequence[int] | None) -> list[int]:
        lists = [(0, 1.0, _DEFINES, *self._postings[term]) for term in _whole(name)]
        whole = _native.best(lists, self._source.number_limit(), DEFINING, None)
        found = {number for number, _ in whole}
        return sorted(found if allowed is None else found.intersection(allowed))

    def rank_documents(
        self,
        found: Sequence[Scored],
        *,
        limit: int = 20,
        matches: Callable[[int], Sequence[int]] = lambda number: (),
        explain: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> list[Hit]:
        """The second step: opens the documents that `best_documents` found and ranks their best passages.

        `matches` gives, by document number, the lines (from 1) where an exact search matched: the passage
        that is shown holds one of them. With `explain` the hits' signals say what each word of the query
        gave. `check` is called before each document is opened; what it raises ends the work.
        """
        scores = {scored.number: scored.score for scored in found}
        promising = [
            self._promise(document, scores[document.number])
            for document in self._source.load([scored.number for scored in found])
        ]
        promising.sort(key=lambda promise: -promise.most)
        hits: list[Hit] = []
        best: list[float] = []  # a heap of the `limit` best scores
        for promise in promising:
            if len(best) >= limit and (not best or promise.most < best[0]):
                break
            check()
            hits.append(self._hit(promise, matches(promise.document.number)))
            heappush(best, hits[-1].score) if len(best) < limit else heappushpop(best, hits[-1].score)
        hits.sort(key=lambda hit: (-hit.score, hit.path))
        del hits[limit:]
        if explain:
            for hit in hits:
                hit.signals["words"] = self._explain(hit.number)
        return hits

    def _promise(self, document: Document, score: float) -> _Promise:
        """What a document's score can come to, given that of the first step."""
        query, weights = self.query, self._weights
        kind = kinds.kind_of_file(document.path, document.content)
        factor = 1.0 if kinds.ASKED_FOR.get(kind, frozenset()) & query.said else weights.kinds.get(kind, 1.0)
        named, definition = (0.0, None) if query.name is None else _named(query, query.name, document.definitions)
        # A word's frequency in a passage saturates below 1. Summed in the order in which passages are scored, so
        # that rounding cannot make the sum the smaller one.
        passage = 0.0
        for word, rarity in zip(query.words, self._rarities, strict=True):
            passage += rarity * max(term.worth for term in word.terms)
        most = score + weights.passage * passage
        if definition is not None:
            most += weights.name * named
        return _Promise(document, score, kind, factor, named, definition, most * factor)

    def _hit(self, promise: _Promise, lines: Sequence[int]) -> Hit:
        """A document opened: its best passage, of those that hold one of `lines` where some are given."""
        document, definition, weights = promise.document, promise.definition, self._weights
        text = searchable(document.content)
        passage, passage_score = best_passage(self.query, self._rarities, text, document.definitions, lines)
        signals: dict[str, Any] = {
            "documents": promise.score,
            "passage": weights.passage * passage_score,
            "kind": promise.kind,
        }
        total = promise.score + weights.passage * passage_score
        if definition is not None:
            total += weights.name * promise.named
            signals["definition"] = weights.name * promise.named
            if not lines or definition.line in lines:
                passage = Passage(definition.start_line, definition.end_line, definition)
        if promise.factor != 1.0:
            signals["factor"] = promise.factor
        return Hit(document.number, document.path, passage, total * promise.factor, signals)

    def _explain(self, number: int) -> dict[str, dict[str, float]]:
        """What each word of the query gave to one document in the first step."""
        given: dict[str, dict[str, float]] = {}
        for group, weight, table, numbers, payloads in self._lists:
            held = memoryview(numbers).cast("I")
            at = bisect_left(held, number)
            if at == len(held) or held[at] != number:
                continue
            value = weight * memoryview(table).cast("f")[payloads[at]]
            signals = given.setdefault(self.query.words[group // 2].text, {})
            where = "path" if group % 2 else "text"
            signals[where] = max(signals.get(where, 0.0), value)
        return given


def rank(
    query: Query | str,
    source: RankingSource,
    *,
    limit: int = 20,
    allowed: Sequence[int] | None = None,
    weights: Weights = DEFAULT_WEIGHTS,
    explain: bool = False,
) -> list[Hit]:
    """The best passages for a query, one a document, best first; both steps of `Ranking` at once."""
    ranking = Ranking(query, source, weights)
    found = ranking.best_documents(limit=max(CANDIDATES, limit), allowed=allowed)
    return ranking.rank_documents(found, limit=limit, explain=explain)


@record(frozen=True, slots=True)
class _Promise:
    """A document of which all is known but its passages; `most` is what its score cannot exceed."""

    document: Document
    score: float
    kind: str
    factor: float
    named: float
    definition: Definition | None
    most: float


def _named(query: Query, name: str, definitions: Sequence[Definition]) -> tuple[float, Definition | None]:
    """How well a definition answers a query that is nothing but a name: by case, qualifier, kind and size."""
    best, best_definition = 0.0, None
    folded = name.lower()
    if isinstance(definitions, Definitions):
        definitions = definitions.may_hold(name, at_end=True)
    for definition in definitions:
        own = definition.name
        if definition.kind in OUTLINE_ONLY or len(own) < len(folded) or not own.lower().endswith(folded):
            continue
        tail = len(own) - len(folded)
        if tail and (own[tail - 1].isalnum() or own[tail - 1] == "_"):
            continue  # `get` is no answer in `forget`; in `Session.get` it is
        value = (1.0 if own.endswith(name) else 0.4) - (0.05 if tail else 0.0)
        value += 0.3 if definition.kind in _TYPES else 0.2 if definition.kind in _CALLABLES else 0.0
        value += 0.0 if definition.container else 0.1
        value += 0.05 * math.log1p(definition.end_line - definition.start_line)
        around = f"{definition.container}.{own[:tail]}".lower()
        value += 0.5 * sum(qualifier.lower() in around for qualifier in query.qualifiers)
        if value > best:
            best, best_definition = value, definition
    return best, best_definition


@cache
def _body_worth(weights: tuple[float, float, float]) -> bytes:
    body, part, whole = weights
    return array(
        "f",
        [
            body * (b & LEVEL) / LEVEL + (whole if b & NAMED_WHOLE else part if b & NAMED_PART else 0.0)
            for b in range(256)
        ],
    ).tobytes()


@cache
def _path_worth(weights: tuple[float, float, float, float]) -> bytes:
    flags = (IS_NAME, IN_NAME, IS_FOLDER, IN_FOLDER)
    return array(
        "f", [next((w for flag, w in zip(flags, weights, strict=True) if b & flag), 0.0) for b in range(256)]
    ).tobytes()


def _rarity(count: int, having: int) -> float:
    """BM25's inverse document frequency, in the form that is never negative."""
    return math.log(1 + (count - having + 0.5) / (having + 0.5)) if having else 0.0


_List: TypeAlias = tuple[int, float, bytes, bytes, bytes]
"""A posting list as `_native.best` takes it: group, weight, worth of payloads, numbers, payloads."""


def _whole(name: str) -> list[int]:
    """The term of a name as a whole, if it has one."""
    return [term for _, term, *_ in _native.terms(name.encode("utf-8", "replace"))[:1]]


def _lists(
    query: Query, source: RankingSource, postings: Mapping[int, tuple[bytes, bytes]], weights: Weights
) -> tuple[list[_List], list[float]]:
    """The posting lists of a query, those of a word together (its text, then its paths), and each word's
    rarity."""
    paths = source.path_terms()
    body = _body_worth((weights.body, weights.named_part, weights.named_whole))
    in_path = _path_worth((weights.path_name, weights.path_name_part, weights.path_folder, weights.path_folder_part))
    lists: list[_List] = []
    rarities = []
    for group, word in enumerate(query.words):
        in_text = [postings[term.hash] for term in word.terms]
        on_paths = [paths.postings(term.hash) for term in word.terms]
        text_rarities = _word_rarities(source.count(), [len(payloads) for _, payloads in in_text])
        path_rarities = _word_rarities(paths.count, [len(flags) for _, flags in on_paths])
        rarities.append(word.weight * max(text_rarities))
        for term, (numbers, payloads), rarity in zip(word.terms, in_text, text_rarities, strict=True):
            if payloads:
                lists.append((2 * group, word.weight * term.worth * rarity, body, numbers, payloads))
        for i, (term, (numbers, flags)) in enumerate(zip(word.terms, on_paths, strict=True)):
            if flags:
                rarity = max(text_rarities[i], weights.path_rarity * path_rarities[i])
                lists.append((2 * group + 1, word.weight * term.worth * rarity, in_path, numbers, flags))
    return lists, rarities


def _word_rarities(count: int, having: Sequence[int]) -> list[float]:
    """The rarity of each guise of a word: another guise never counts as rarer than the word itself."""
    own = having[0]
    return [_rarity(count, max(own, held)) for held in having]
