from __future__ import annotations
import math
import re
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from leindex import _native
from leindex.search.words import read_query
from leindex.search.passages import cut, Passage

@dataclass(frozen=True)
class Symbol:
    name: str
    kind: str
    container: str
    start_line: int
    end_line: int

@dataclass(frozen=True)
class Document:
    number: int
    path: str
    language: str
    content: bytes
    symbols: tuple

@dataclass(frozen=True)
class Hit:
    path: str
    start_line: int
    end_line: int
    score: float
    heading: str
    signals: dict

@dataclass(frozen=True)
class Weights:
    body: float = 1.0
    def_part: float = 0.4
    def_whole: float = 0.8
    is_name: float = 1.6
    in_name: float = 1.0
    in_folder: float = 0.4
    is_folder: float = 0.5
    passage: float = 1.0
    heading: float = 0.5
    pair: float = 0.5
    ident: float = 1.5
    part: float = 0.5
    kind: float = 1.0
    symbol: float = 10.0
    test: float = 0.5
    example: float = 0.7
    vendor: float = 0.6
    prose: float = 0.6
    k: float = 1.2
    b: float = 0.6
    mean: float = 150.0
    top: int = 60
    short: float = 0.0
    same: float = 0.0
    idf_a: float = 0.0
    path_idf: float = 0.5
    more: float = 0.0
    cover: float = 0.0

class PathTerms:
    def __init__(self, files):
        self.files = files
        blob = b"\0".join(p.encode("utf-8", "surrogateescape") for _, p in files) + b"\0"
        h, p, f = _native.path_terms(blob)
        self.hashes, self.places, self.flags = array("I", h), array("I", p), f
        self.numbers = [n for n, _ in files]
    def postings(self, h):
        a = bisect_left(self.hashes, h); b = bisect_right(self.hashes, h, a)
        return array("I", [self.numbers[x] for x in self.places[a:b]]).tobytes(), self.flags[a:b]

TEST = re.compile(r"(^|/)(tests?|spec|specs|__tests__|testing|testdata|fixtures|mocks?)/|(^|/)(test_[^/]*|conftest\.py|[^/]*[._-](test|tests|spec)\.[^/]*|[^/]*(Test|Tests|Spec|TestCase)\.[^/.]*)$")
EXAMPLE = re.compile(r"(^|/)(examples?|samples?|demos?|benchmarks?|bench|docs?_src)/")
VENDOR = re.compile(r"(^|/)(vendor|third_party|third-party|node_modules|external|deps)/")
PROSE = re.compile(r"\.(md|rst|txt|adoc|markdown|html)$|(^|/)(LICENSE|README|CHANGELOG)[^/]*$")
def factor(path, query, w):
    f = 1.0
    if TEST.search(path) and not (query.asked & {"test", "spec", "mock"}): f *= w.test
    if EXAMPLE.search(path) and not (query.asked & {"exampl", "sampl", "demo", "benchmark"}): f *= w.example
    if VENDOR.search(path) and not "vendor" in query.asked: f *= w.vendor
    if PROSE.search(path) and not (query.asked & {"docu", "readme", "doc"}): f *= w.prose
    return f

TYPES = frozenset("class struct interface trait type enum union module namespace object protocol typedef record".split())
CALLABLES = frozenset("function method func fn macro procedure constructor".split())
def symbol_match(query, doc, w):
    if not query.symbol: return 0.0, None
    best, at = 0.0, None
    name, quals = query.symbol
    low = name.lower()
    for s in doc.symbols:
        if s.name == name: v = 1.0
        elif s.name.lower() == low: v = 0.8
        else:
            tail = re.split(r"[.:#/\\]+", s.name)[-1]
            if tail == name: v = 0.95
            elif tail.lower() == low: v = 0.75
            else: continue
        if s.kind in TYPES: v += 0.3
        elif s.kind in CALLABLES: v += 0.2
        if not s.container: v += 0.1
        v += 0.05 * math.log1p(s.end_line - s.start_line)
        if quals and s.container and quals[-1].lower() in s.container.lower(): v += 0.5
        if v > best: best, at = v, Passage(s.start_line, s.end_line, s.name, frozenset())
    return best, at

def table(f):
    return array("f", [f(b) for b in range(256)]).tobytes()

def idf(n, df, w):
    return math.log(1 + w.idf_a + (n - df + 0.5) / (df + 0.5))

def rank(text, store, limit=10, weights=Weights()):
    w = weights
    n = store.documents()
    query = read_query(text, w)
    body = table(lambda b: w.body * (b & 63) / 63 + (w.def_whole if b & 128 else w.def_part if b & 64 else 0))
    pt = table(lambda f: w.is_name if f & 4 else w.in_name if f & 2 else w.is_folder if f & 8 else w.in_folder if f else 0)
    lists = []
    rar = []
    for g, word in enumerate(query.words):
        posts = [(f, store.postings(h)) for h, f in word.terms]
        df = max([len(p[1]) for f, p in posts if f >= 1] or [0])
        word.idf = idf(n, df, w) * word.weight
        for f, (nums, pay) in posts:
            if pay:
                lists.append((2 * g, word.idf * f, body, nums, pay))
        for h, f in word.terms:
            nums, pay = store.paths.postings(h)
            if pay:
                lists.append((2 * g + 1, max(word.idf, idf(n, len(pay), w) * word.weight * w.path_idf) * f, pt, nums, pay))
    best = _native.best(lists, store.numbers(), w.top, None)
    docs = store.load([num for num, _ in best])
    hits = []
    for (num, score), doc in zip(best, docs):
        passages = cut(doc)
        p, ps = best_passage(query, doc, passages, w)
        total = (score + w.passage * ps) * factor(doc.path, query, w)
        sym, sp = symbol_match(query, doc, w)
        if sym:
            total += w.symbol * sym * factor(doc.path, query, w)
            p = sp
        hits.append(Hit(doc.path, p.start_line, p.end_line, total, p.heading, {"doc": score, "passage": ps}))
    hits.sort(key=lambda h: (-h.score, h.path))
    return hits[:limit]

def best_passage(query, doc, passages, w):
    terms = [h for word in query.words for h, _ in word.terms][:64]
    starts = array("I", [p.start_line - 1 for p in passages])
    counts, lengths = _native.scan(doc.content, array("I", terms).tobytes(), starts.tobytes())
    counts = memoryview(counts).cast("H"); lengths = memoryview(lengths).cast("I")
    T = len(terms)
    best, bs = passages[0], -1.0
    allidf = sum(x.idf for x in query.words) or 1
    scores = []
    for i, p in enumerate(passages):
        row = counts[i * T:(i + 1) * T].tolist()
        damp = w.k * (1 - w.b + w.b * lengths[i] / w.mean)
        s = 0.0; j = 0
        for word in query.words:
            m = 0.0
            for h, f in word.terms:
                if j < T and row[j]:
                    c = f * row[j] / (row[j] + damp)
                    if h in p.name_terms: c += w.heading * f
                    m = max(m, c)
                j += 1
            s += word.idf * m
        scores.append(s)
        if s > bs: best, bs = p, s
    scores.sort(reverse=True)
    return best, bs + w.more * sum(scores[1:4])
