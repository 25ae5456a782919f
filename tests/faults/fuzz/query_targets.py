"""Targets in Python: globs, rules of ignore files, the query language, cursors, the words of a query, flags of grep."""

from __future__ import annotations

import base64
import os
import re
import tempfile
from functools import cache
from pathlib import Path

import leindex
from leindex.cli.grep.flags import parse_grep
from leindex.errors import ConfigError, QueryError
from leindex.globs import expression, matcher, parse, without_case
from leindex.globs.automaton import automaton
from leindex.globs.tokens import Alternates, GlobError, Token, Wild
from leindex.index import Index
from leindex.indexing.walk.ignore import FOLDER, RuleSet, Source, parse_rules
from leindex.query.parse import parse as parse_query
from leindex.query.parse import parse_plain
from leindex.query.plan import plan
from leindex.ranked.words import WordWeights, read_query
from leindex.service.places import unpack_cursor

from .inputs import Input

TRIED_MAX = 6  # wildcards of a glob that a backtracking matcher is asked about


def globs(data: bytes) -> None:
    """A glob and a path: the matcher that is chosen, the automaton and the regular expression say the same."""
    taken = Input(data)
    choice, text = taken.number(), taken.piece().decode(errors="replace")
    path = taken.rest()
    try:
        glob = parse(text, unclosed_class=bool(choice & 1), ignore_case=bool(choice & 2))
    except GlobError:
        return
    said = glob.fullmatch(path)
    if glob.tokens != (Wild.PREFIX,):
        assert said == automaton(glob.tokens)(path), (text, path)
    if wildcards(glob.tokens) <= TRIED_MAX:
        whole = glob.tokens == (Wild.PREFIX,)  # `**` alone is every path
        expected = whole or re.fullmatch(expression(glob.tokens), path, re.DOTALL) is not None
        assert said == expected, (text, path, said)
    if said:
        assert matcher(without_case(glob.tokens))(path.swapcase()), (text, path)


def wildcards(tokens: tuple[Token, ...]) -> int:
    """How many tokens leave a choice."""
    inner = sum(wildcards(branch) for token in tokens if isinstance(token, Alternates) for branch in token.branches)
    return inner + sum(isinstance(token, Wild | Alternates) for token in tokens)


def ignore_rules(data: bytes) -> None:
    """A file of rules and the names of a folder: each has the verdict of the last rule that matches its path."""
    taken = Input(data)
    choice, folder, names = taken.number(), taken.piece().strip(b"/"), taken.piece().split(b"\0")[:8]
    names = [name.replace(b"/", b"") or b"x" for name in names]
    rules = parse_rules(taken.rest(), ignore_case=bool(choice & 1), wrong=[])
    if sum(wildcards(rule.glob.tokens) for rule in rules) > 4 * TRIED_MAX:
        return
    kinds = bytes(FOLDER if choice >> 1 & 1 << number & 127 else ord("f") for number in range(len(names)))
    said = RuleSet().extended(rules, Source(1), b"").verdicts(folder, kinds, names)
    for name, kind, verdict in zip(names, kinds, said, strict=True):
        path = folder + b"/" + name if folder else name
        matching = [r for r in rules if (kind == FOLDER or not r.only_folders) and r.glob.fullmatch(path)]
        expected = 0 if not matching else 2 if matching[-1].whitelist else 1
        assert (verdict != 0, verdict == verdict_of(True)) == (expected != 0, expected == 2), (path, verdict, expected)


def verdict_of(whitelist: bool) -> int:
    """The number by which `RuleSet` says that a name is taken in."""
    line = b"!x" if whitelist else b"x"
    return RuleSet().extended(parse_rules(line), Source(1), b"").verdicts(b"", b"f", [b"x"])[0]


def query(data: bytes) -> None:
    """Any text as a query: refused with a place in it, or a tree whose text is read as the same tree, and a plan."""
    text = data.decode("utf-8", "surrogatepass") if is_text(data) else data.decode("latin-1")
    for read in (parse_query, parse_plain):
        try:
            made = read(text)
        except QueryError as error:
            assert str(error)
            continue
        try:
            plan(made)
        except QueryError:
            continue
        shown = str(made)
        if read is parse_query and shown:
            assert str(parse_query(shown)) == shown, (text, shown)


def is_text(data: bytes) -> bool:
    """Whether the bytes are characters, lone surrogates among them."""
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


@cache
def small_index() -> Index:
    """An index of two files, open as long as the process runs."""
    folder = Path(tempfile.mkdtemp())
    (folder / "tree").mkdir()
    (folder / "tree" / "a.py").write_text("def retry(times):\n    return times\n")
    (folder / "tree" / "b.py").write_text("retry = 1\n")
    os.environ["LEINDEX_HOME"] = str(folder / "indexes")
    index = leindex.open(folder / "tree", refresh="never")
    index.update()
    return index


def cursor(data: bytes) -> None:
    """Any text as a cursor, and any JSON packed as one: refused, or answered."""
    text = data.decode("latin-1")
    for given in (text, base64.urlsafe_b64encode(data).decode()):
        try:
            small_index().search("retry", cursor=given)
        except QueryError as error:
            assert "cursor" in str(error)
        try:
            unpack_cursor(given, int, str, int)
        except QueryError as error:
            assert "cursor" in str(error)


def query_words(data: bytes) -> None:
    """The words of any text, as ranking reads them."""
    text = data.decode("utf-8", "replace")
    made = read_query(text, WordWeights())
    assert len(made.packed[0].split(b"\0")) <= 64


def grep_flags(data: bytes) -> None:
    """Any arguments of grep: refused with a reason, or a command."""
    try:
        parse_grep([part.decode("utf-8", "surrogateescape") for part in data.split(b"\0")])
    except (ConfigError, QueryError) as error:
        assert str(error)
