"""What programmers call one thing: abbreviations, and other words for the same act or object.

Questions say "authentication" where code says `auth`. Both tables are general knowledge of the trade; whoever
adds to them should ask whether a programmer anywhere would agree.
"""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

from .. import _native

_SHORT_FORMS: Final = """
addr address|alloc allocate allocation allocator|app application|arch architecture|arg argument|arr array
async asynchronous asynchronously|attr attribute|auth authentication authorization authenticate authorize
avg average|bin binary|bool boolean|buf buffer|calc calculate calculation|cb callback|cert certificate
cfg config configuration configure|char character|cls class|cmd command|cmp compare comparison|col column
concat concatenate|conf configuration configure|config configuration configure|conn connection connect
coord coordinate|ctl control|ctor constructor|ctrl control controller|ctx context|cur current|db database
dec decode|decl declaration declare|def definition define|del delete|dep dependency
desc description descriptor|dest destination|dev device development|dict dictionary|diff difference
dir directory|doc documentation document|dst destination|elem element|enc encode encoding|env environment
err error|evt event|exc exception|exec execute execution|expr expression|ext extension|fmt format
fn function|fs filesystem|func function|gen generate generator|hdr header|id identifier identity|idx index
iface interface|img image|info information|init initialize initialization initialise|insn instruction
int integer|interp interpreter|intr interrupt|irq interrupt|iter iterator iterate iteration|kbd keyboard
lang language|len length|lib library|loc location|max maximum|mem memory|mgr manager|min minimum
misc miscellaneous|mod module|msg message|mut mutable|net network|num number|obj object
op operation operator|opt option|org organization|param parameter|perm permission|pkg package|pos position
pref preference|prev previous|prio priority|priv private|proc process procedure|prop property|ptr pointer
pub public publish|pwd password|rand random|rec record|recv receive|ref reference
reg register registry registration|regex regexp|rel relative relation|repo repository|req request
res resource response result|resp response|ret return|rm remove|rng random|rx receive
sched scheduler schedule|sec security|sem semaphore|seq sequence|sess session|sig signal signature
sock socket|spec specification|src source|srv server|stat statistics|std standard|stmt statement
str string|struct structure|svc service|sync synchronous synchronize synchronization|sys system|tbl table
temp temporary|tmp temporary|tok token|tx transaction transmit|txn transaction|tz timezone|usr user
util utility|val value|var variable|vec vector|ver version|ws websocket
"""
_OTHER_WORDS: Final = """
abort cancel halt stop|access permission|add append insert|allow permit|begin start
build construct create make|change modify update|check validate verify|choose pick select
coerce convert transform translate|combine join merge|compress zip|deadline timeout
decode deserialize parse unmarshal|delete erase remove|directory folder|display render show
encode marshal serialize|error exception failure|event signal|fetch load retrieve|hide conceal
image picture|job task|listen subscribe|lock mutex|log trace|login authentication|reply response
separate split|ssl tls
"""


Stem: TypeAlias = tuple[int, bytes]
"""A term: its hash, and its text as it is hashed."""


def _stem(word: str) -> Stem:
    text, term, *_ = _native.terms(word.encode())[0]
    return term, text


def _groups(table: str) -> list[list[Stem]]:
    return [[_stem(word) for word in group.split()] for group in table.strip().replace("\n", "|").split("|")]


@cache
def _tables() -> tuple[dict[int, list[Stem]], dict[int, list[Stem]]]:
    short: dict[int, list[Stem]] = {}
    other: dict[int, list[Stem]] = {}
    for first, *rest in _groups(_SHORT_FORMS):
        for stem in rest:
            short.setdefault(first[0], []).append(stem)
            short.setdefault(stem[0], []).append(first)
    for group in _groups(_OTHER_WORDS):
        for term, _ in group:
            other.setdefault(term, []).extend(group)
    for table in (short, other):
        for term, stems in table.items():
            table[term] = sorted({stem for stem in stems if stem[0] != term})
    return short, other


def short_forms(term: int) -> list[Stem]:
    """Terms that abbreviate this one, or that it abbreviates."""
    return _tables()[0].get(term, [])


def other_words(term: int) -> list[Stem]:
    """Terms for the same thing."""
    return _tables()[1].get(term, [])
