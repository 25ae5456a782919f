"""The search language: query text to a tree, or an error that says where and what to write instead.

The grammar, over the tokens of `lex.py`; AND binds tighter than OR, and needs no operator:

    query  = either ;
    either = both { "OR" both } ;
    both   = unary { [ "AND" ] unary } ;
    unary  = { "NOT" | "-" } ( term | "(" either ")" ) ;

`case:`, `type:`, `count:`, `in:` and `base:` hold for the whole query wherever they stand; all else becomes a leaf
of the tree.

    >>> str(parse("retry (lang:go OR lang:rust) -file:test"))
    'retry (lang:go OR lang:rust) -file:test'
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

from ..errors import QueryError
from ..regex.parse import letters_of, without_newline
from ..regex.parse import parse as parse_regex
from .ast import (
    BranchFilter,
    Case,
    ChangeFilter,
    Content,
    Count,
    Filter,
    KindFilter,
    LanguageFilter,
    Node,
    PathFilter,
    Pattern,
    Phrase,
    Query,
    RepoFilter,
    ResultType,
    SymbolFilter,
    Syntax,
    Within,
    Word,
    conjunction,
    disjunction,
    negation,
    quoted,
)
from .lex import Form, Sort, Token, lex

MAX_DEPTH: Final = 100
"""How deep parentheses may nest, so that every walk over a tree may recurse."""

MAX_COUNT: Final = 10**9
QUOTE_ADVICE: Final = "to search for the text, put it in quotes"
SETTINGS: Final = frozenset({"case", "type", "count", "in", "base"})


def parse(text: str) -> Query:
    """The tree of a query.

    Raises QueryError, with the column in characters from 0 and advice, for anything that docs/query.md does
    not give a meaning to: an empty query, an empty operand, something left open, an unknown filter or value,
    a regular expression that is refused.
    """
    _check_unicode(text)
    tokens = lex(text)
    if not tokens:
        raise QueryError("the query is empty", text=text, advice="write a word, or a filter such as lang:go")
    return _Parser(text, tokens).query()


def parse_plain(text: str) -> Query:
    """The tree of a text taken as words alone: no operators, no filters, no quotes; smart case for each word.

    Surrogates, which no text in UTF-8 holds, count as white space. Raises QueryError only if there is no
    word.
    """
    words = re.sub("[\ud800-\udfff]", " ", text).split()
    if not words:
        raise QueryError("the query is empty", text=text, advice="write at least one word")
    return Query(conjunction([Word(word, _folds(word, Case.AUTO)) for word in words]))


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError("the query is not valid Unicode", text=text, column=error.start) from None


def _folds(text: str, case: Case, *, is_regex: bool = False) -> bool:
    """Whether a term ignores case: by smart case, what ripgrep's `-S` decides for it alone."""
    if case is Case.AUTO:
        return letters_of([text], fixed=not is_regex).smart_ignore_case
    return case is Case.NO


class _Parser:
    """Recursive descent; each rule returns its node, or None where it held nothing but settings."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.settings: dict[str, Token] = {}
        for token in tokens:
            if token.name in SETTINGS:
                if token.name in self.settings:
                    self._fail(f"{token.name}: is given twice", token.column)
                self.settings[token.name] = token
        self.case = Case(self._choice("case", [case.value for case in Case]) or "auto")

    def query(self) -> Query:
        root = self._either()
        if self.at < len(self.tokens):
            self._fail_unopened()
        chosen = self._choice("type", [each.value for each in ResultType])
        within = self._choice("in", [each.value for each in Within])
        self._check_settings(within, chosen)
        return Query(
            root,
            self.case,
            ResultType(chosen) if chosen else None,
            self._count(),
            Within(within) if within else None,
            self._plain_value(self.settings["base"]) if "base" in self.settings else "",
        )

    def _check_settings(self, within: str | None, chosen: str | None) -> None:
        if within is None and "base" in self.settings:
            advice = "write in:diff beside it, or since:REV for files that differ from there"
            self._fail("base: is what in:diff compares with", self.settings["base"].column, advice)
        if within is not None and chosen is not None:
            self._fail(f"in:{within} finds hunks, and no {chosen}s", self.settings["type"].column, "leave type: out")

    def _either(self) -> Node | None:
        nodes = [self._both()]
        while (operator := self._accept(Sort.OR)) is not None:
            node = self._both()
            if node is None or nodes[-1] is None:
                self._fail("a setting holds for the whole query and cannot be an operand of OR", operator.column)
            nodes.append(node)
        return disjunction([node for node in nodes if node is not None]) if nodes[0] is not None else None

    def _both(self) -> Node | None:
        nodes: list[Node | None] = []
        operator = None
        while operator is not None or self._starts_operand() or not nodes:
            nodes.append(self._unary())
            operator = self._accept(Sort.AND)
        kept = [node for node in nodes if node is not None]
        return conjunction(kept) if kept else None

    def _unary(self) -> Node | None:
        negations = []
        while (operator := self._accept(Sort.NOT)) is not None:
            negations.append(operator)
        node = self._operand()
        if node is None and negations:
            self._fail("a setting cannot be negated", negations[-1].column)
        if node is not None and len(negations) % 2:
            return negation(node)
        return node

    def _operand(self) -> Node | None:
        if not self._starts_operand():
            self._fail_empty_operand()
        token = self.tokens[self.at]
        self.at += 1
        if token.sort is Sort.OPEN:
            return self._group(token)
        if token.name not in SETTINGS:
            return self._leaf(token)
        if self.depth:
            self._fail(f"{token.name}: holds for the whole query and cannot stand in parentheses", token.column)
        return None

    def _group(self, opening: Token) -> Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._fail(f"parentheses nest deeper than {MAX_DEPTH}", opening.column)
        node = self._either()
        if self._accept(Sort.CLOSE) is None:
            self._fail("the parenthesis is not closed", opening.column, QUOTE_ADVICE)
        self.depth -= 1
        return node

    def _starts_operand(self) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at].sort in (Sort.TERM, Sort.OPEN, Sort.NOT)

    def _accept(self, sort: Sort) -> Token | None:
        if self.at < len(self.tokens) and self.tokens[self.at].sort is sort:
            self.at += 1
            return self.tokens[self.at - 1]
        return None

    def _fail_empty_operand(self) -> NoReturn:
        """Blame the operator that lacks an operand, else the parenthesis; a term never comes right before."""
        before = self.tokens[self.at - 1] if self.at else None
        here = self.tokens[self.at] if self.at < len(self.tokens) else None
        if before is not None and before.sort is not Sort.OPEN:
            self._fail(f"{before.text} has nothing after it", before.column, QUOTE_ADVICE)
        if here is not None and here.sort is not Sort.CLOSE:
            self._fail(f"{here.text} has nothing before it", here.column, QUOTE_ADVICE)
        if before is not None and here is not None:
            self._fail("there is nothing between the parentheses", before.column, QUOTE_ADVICE)
        if before is not None:
            self._fail("the parenthesis is not closed", before.column, QUOTE_ADVICE)
        self._fail_unopened()

    def _fail_unopened(self) -> NoReturn:
        self._fail("this parenthesis closes nothing", self.tokens[self.at].column, QUOTE_ADVICE)

    def _leaf(self, token: Token) -> Content | Filter:
        value = token.text
        is_regex = token.form is Form.REGEX
        if is_regex:
            self._check_regex(token)
        fold = _folds(value, self.case, is_regex=is_regex)
        match token.name:
            case "file":
                return PathFilter(value, _path_syntax(token), fold)
            case "sym":
                return SymbolFilter(value, Syntax.REGEX if is_regex else Syntax.TEXT, fold)
            case "lang":
                return LanguageFilter(self._plain_value(token))
            case "repo":
                return RepoFilter(self._plain_value(token))
            case "branch" | "rev":
                return BranchFilter(self._plain_value(token), token.name == "rev")
            case "changed" | "author" | "since":
                return ChangeFilter(token.name, self._plain_value(token))
            case "kind":
                return KindFilter(self._plain_value(token))
        if is_regex:
            return Pattern(value, fold)
        spaced = any(map(str.isspace, value))
        is_phrase = spaced or (token.form is Form.QUOTED and token.name != "content")
        return Phrase(value, fold) if is_phrase else Word(value, fold)

    def _plain_value(self, token: Token) -> str:
        if token.form is Form.REGEX:
            self._fail(f"{token.name}: takes a name, not a regular expression", token.inside)
        return token.text

    def _check_regex(self, token: Token) -> None:
        """Raise what ripgrep would refuse, at its column in the query."""
        try:
            without_newline(parse_regex(token.text))
        except QueryError as error:
            advice = f"{QUOTE_ADVICE}: {quoted(f'/{token.text}/')}"
            if "\\n" in token.text:
                advice = "a search looks at one line at a time; leindex grep -U matches over several"
            first = token.inside + 1
            column = first + _raw_column(self.text[first:], error.column)
            raise QueryError(error.message, text=self.text, column=column, advice=advice) from None

    def _choice(self, name: str, values: list[str]) -> str | None:
        """The value of a setting that has a few."""
        token = self.settings.get(name)
        if token is None:
            return None
        value = token.text.lower()
        if value not in values or token.form is Form.REGEX:
            self._fail(f"{name}: has no value {token.text}", token.inside, f"write one of: {', '.join(values)}")
        return value

    def _count(self) -> Count | None:
        token = self.settings.get("count")
        if token is None:
            return None
        if token.form is not Form.REGEX:
            if token.text.lower() == "all":
                return "all"
            if re.fullmatch("[0-9]{1,10}", token.text) and 1 <= int(token.text) <= MAX_COUNT:
                return int(token.text)
        self._fail("count: takes a number from 1, or all", token.inside, "write count:50 or count:all")

    def _fail(self, message: str, column: int, advice: str = "") -> NoReturn:
        raise QueryError(message, text=self.text, column=column, advice=advice)


def _path_syntax(token: Token) -> Syntax:
    if token.form is Form.REGEX:
        return Syntax.REGEX
    is_glob = token.form is Form.BARE and ("*" in token.text or "?" in token.text)
    return Syntax.GLOB if is_glob else Syntax.TEXT


def _raw_column(raw: str, column: int) -> int:
    """Where character `column` of a regular expression stands between its slashes, with `\\/` for a slash."""
    at = 0
    for _ in range(column):
        at += 2 if raw.startswith("\\/", at) else 1
    return at
