from __future__ import annotations
import re
from dataclasses import dataclass, field
from leindex import _native
STOP = frozenset("""a an and are as at be by can do does for from has have how i if in into is it its of on or that the their them then there these this to was what when where which who why will with does did should would could we you your my me our they using used use uses via
implemented implementation implement implements work works working""".split())
@dataclass
class Word:
    text: str
    terms: list
    weight: float = 1.0
    idf: float = 0.0
@dataclass
class Query:
    words: list
    asked: frozenset = frozenset()
    symbol: tuple | None = None
def read_query(text, w):
    runs = {}
    raw = text.encode()
    for term, h, role, s, e in _native.terms(raw):
        runs.setdefault((s, e), []).append((term, h, role))
    words = []
    plain = []
    items = list(runs.items())
    keep = [(k, v) for k, v in items if raw[k[0]:k[1]].decode().lower() not in STOP] or items
    seen = set()
    for (s, e), terms in keep:
        t = raw[s:e].decode()
        parts = [x for x in terms if x[2] == 1]
        if terms[0][1] in seen: continue
        seen.add(terms[0][1])
        if parts:
            words.append(Word(t, [(terms[0][1], 1.0)], w.ident))
            for p in parts:
                if p[1] in seen: continue
                seen.add(p[1])
                words.append(Word(p[0].decode(), [(p[1], 1.0)], w.part))
        else:
            words.append(Word(t, [(terms[0][1], 1.0)]))
    for (a, b) in zip(keep, keep[1:]):
        if a[0][1] + 1 == b[0][0] and len(a[1]) == 1 and len(b[1]) == 1:
            j = raw[a[0][0]:a[0][1]] + raw[b[0][0]:b[0][1]]
            jt = _native.terms(j)
            if jt:
                words.append(Word(j.decode(), [(jt[0][1], 1.0)], w.pair))
    m = re.fullmatch(r"[@$]?(\w+(?:(?:\.|::|#|->|/|\\)\w+)*)(?:\(\))?", text.strip())
    sym = None
    if m:
        bits = re.split(r"\W+", m.group(1))
        sym = (bits[-1], bits[:-1])
    return Query(words, frozenset(t[0].decode() for k, v in items for t in v), sym)
