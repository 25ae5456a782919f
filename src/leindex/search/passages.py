from __future__ import annotations
from dataclasses import dataclass
from leindex import _native
@dataclass
class Passage:
    start_line: int
    end_line: int
    heading: str
    name_terms: frozenset
def name_terms(name):
    return frozenset(t[1] for t in _native.terms(name.encode()))
def cut(doc, size=40):
    lines = doc.content.count(b"\n") + 1
    bounds = {1: None}
    syms = sorted((s for s in doc.symbols if s.end_line > s.start_line), key=lambda s: (s.start_line, -s.end_line))
    owner = [None] * (lines + 2)
    for s in syms:
        for i in range(s.start_line, min(s.end_line, lines) + 1): owner[i] = s
    out = []
    start = 1
    for i in range(2, lines + 2):
        if i == lines + 1 or owner[i] is not owner[start] or (owner[i] is None and i - start >= size):
            o = owner[start]
            out.append(Passage(start, i - 1, o.name if o else "", name_terms(o.name) if o else frozenset()))
            start = i
    return out
