"""Query text to tokens: where terms, filters, quotes and slashes begin and end.

Everything that is hard to tell apart in the language is told apart here, by rules that docs/query.md states:
when `name:` is a filter, when `/` opens a regular expression, when `-` negates, which parentheses group.
Where a reading would be a guess, a QueryError says what to write instead. Columns are characters from 0.

    >>> [(t.sort.value, t.text) for t in lex('std::vector -"a b"')]
    [('term', 'std::vector'), ('NOT', '-'), ('term', 'a b')]
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NoReturn

from ..errors import QueryError
from ..records import record
from .ast import OPERATORS, quoted

FILTERS: Final = {
    "file": "file",
    "f": "file",
    "path": "file",
    "lang": "lang",
    "l": "lang",
    "language": "lang",
    "repo": "repo",
    "r": "repo",
    "branch": "branch",
    "b": "branch",
    "rev": "rev",
    "changed": "changed",
    "author": "author",
    "since": "since",
    "in": "in",
    "base": "base",
    "sym": "sym",
    "symbol": "sym",
    "kind": "kind",
    "content": "content",
    "c": "content",
    "case": "case",
    "type": "type",
    "count": "count",
}
"""Every name before a colon that is a filter, and the filter that it stands for."""

ELSEWHERE: Final = {
    "dir": "file:",
    "ext": "file:*.",
    "extension": "file:*.",
    "filename": "file:",
    "is": "",
    "limit": "count:",
    "max": "count:",
    "org": "repo:",
    "patterntype": "",
    "select": "type:",
    "user": "",
}
"""Names that other search tools know, and what to write here instead, if anything."""

_NAME: Final = re.compile(r"([A-Za-z]+):")
_NOT_A_VALUE: Final = re.compile(r":|=|//")
_LOOKS_LIKE_VALUE: Final = re.compile(r"""[\w"/.*]""")
_PATH_TEXT: Final = re.compile(r"/[\w.:@~%,=&#/-]*")
_PATH_VALUE: Final = re.compile(r"/[\w.:@~%,=&#/*?{}+-]*")
_TRAILING_FLAG: Final = re.compile(r"/.*/[gimsuxUR]{1,2}")


class Sort(Enum):
    """What a token is to the grammar."""

    TERM = "term"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    OPEN = "("
    CLOSE = ")"


class Form(Enum):
    """How the value of a term was written."""

    BARE = "bare"
    QUOTED = "quoted"
    REGEX = "regex"


@record(frozen=True, slots=True)
class Token:
    """A piece of a query: `name` is a term's filter, `column` its beginning, `inside` that of its value."""

    sort: Sort
    column: int
    text: str
    name: str = ""
    form: Form = Form.BARE
    inside: int = 0


def lex(text: str) -> list[Token]:
    """The tokens of a query, in order. Raises QueryError."""
    return _Lexer(text).tokens()


class _Lexer:
    """A position that moves through the text once; each method reads one thing from it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def tokens(self) -> list[Token]:
        found: list[Token] = []
        while True:
            while self.at < len(self.text) and self.text[self.at].isspace():
                self.at += 1
            if self.at == len(self.text):
                return found
            found.append(self._token())

    def _token(self) -> Token:
        start, char = self.at, self.text[self.at]
        following = self.text[start + 1 : start + 2]
        if char in "()":
            self.at += 1
            if char == ")":
                self._expect_boundary("a closing parenthesis")
            return Token(Sort(char), start, char)
        if char == "-" and following and not following.isspace() and following not in "->=)":
            self.at += 1
            return Token(Sort.NOT, start, "-")
        name = self._filter_name()
        if name is None:
            return self._operator_or_term(start)
        return self._value(start, name)

    def _operator_or_term(self, start: int) -> Token:
        token = self._value(start, "")
        if token.form is Form.BARE and token.text in OPERATORS:
            return Token(Sort(token.text), start, token.text)
        return token

    def _filter_name(self) -> str | None:
        """The filter that is named here, moving past its colon; None for text that only holds a colon."""
        found = _NAME.match(self.text, self.at)
        if found is None or _NOT_A_VALUE.match(self.text, found.end()):
            return None
        typed = found[1]
        following = self.text[found.end() : found.end() + 1]
        if len(typed) == 1 and (typed.isupper() or following == "\\"):
            return None
        name = FILTERS.get(typed.lower())
        if name is None:
            self._refuse_attempted_filter(typed, following)
            return None
        if self._is_boundary(found.end()):
            self._fail(
                f"{typed}: has no value",
                self.at,
                f"write the value right after the colon; to search for the text, write {quoted(typed + ':')}",
            )
        self.at = found.end()
        return name

    def _refuse_attempted_filter(self, typed: str, following: str) -> None:
        """Raise for what was meant as a filter; return for text such as `TODO:fix`, `x:i32` or `port:80`."""
        if len(typed) == 1 or not _LOOKS_LIKE_VALUE.match(following):
            return
        meant = meant_filters(typed)
        if not meant and (not typed.islower() or following.isdigit()):
            return
        start = self.at
        whole = self._scan_word()
        value = whole[len(typed) + 1 :]
        advice = f"did you mean {' or '.join(m + value for m in meant)}? " if meant else ""
        advice += "to search for the text, " + ("put all of it in quotes" if '"' in whole else f"write {quoted(whole)}")
        self._fail(f"there is no filter {typed}:", start, advice)

    def _value(self, start: int, name: str) -> Token:
        inside = self.at
        match self.text[inside]:
            case '"':
                value, form = self._quoted(), Form.QUOTED
            case "/":
                value, form = self._slashed(name)
            case "(" if name:
                self._fail(
                    f"{name}: takes one value, not a group",
                    inside,
                    f"write ({name}:a OR {name}:b); put a value that holds parentheses in quotes",
                )
            case _:
                value, form = self._word(), Form.BARE
        return Token(Sort.TERM, start, value, name, form, inside)

    def _quoted(self) -> str:
        start = self.at
        found = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL).match(self.text, start)
        if found is None:
            self._fail("the quote is not closed", start, 'close it with "; a quote inside is written \\"')
        if not found[1]:
            self._fail("there is nothing between the quotes", start)
        self.at = found.end()
        self._expect_boundary("a closing quote")
        return re.sub(r'\\(["\\])', r"\1", found[1])

    def _slashed(self, name: str) -> tuple[str, Form]:
        """A regular expression, or text that begins with a slash, such as `/usr/bin` or `//`."""
        start = self.at
        if self.text.startswith("//", start) or self._is_boundary(start + 1):
            return self._word(), Form.BARE
        found = re.compile(r"/((?:[^/\\]|\\.)*)(/?)", re.DOTALL).match(self.text, start)
        assert found is not None
        if found[2] and self._is_boundary(found.end()):
            self.at = found.end()
            return re.sub(r"(\\[^/])|\\/", lambda m: m[1] or "/", found[1], flags=re.DOTALL), Form.REGEX
        word = self._scan_word()
        if _TRAILING_FLAG.fullmatch(word):
            self._fail("no flags may follow a regular expression", start + word.rindex("/") + 1, "write (?i) in it")
        if not (_PATH_VALUE if name == "file" else _PATH_TEXT).fullmatch(word):
            advice = "a slash in a regular expression is written \\/; to search for the text, put it in quotes"
            if found[2]:
                self._fail("the regular expression ends here, but text follows it", found.end() - 1, advice)
            self._fail("the regular expression is not closed with /", start, advice)
        self.at += len(word)
        return word, Form.BARE

    def _word(self) -> str:
        start = self.at
        word = self._scan_word()
        if word.count('"') % 2:
            self._fail(
                "a quote inside a word is not closed",
                start + word.index('"'),
                'put the whole text in quotes and write \\" for a quote in it',
            )
        self.at = start + len(word)
        return word

    def _scan_word(self) -> str:
        """The text from here to white space, or to a closing parenthesis that was not opened in it."""
        depth, end = 0, self.at
        while end < len(self.text) and not self.text[end].isspace():
            if self.text[end] == "(":
                depth += 1
            elif self.text[end] == ")":
                if not depth:
                    break
                depth -= 1
            end += 1
        return self.text[self.at : end]

    def _is_boundary(self, at: int) -> bool:
        return at >= len(self.text) or self.text[at].isspace() or self.text[at] == ")"

    def _expect_boundary(self, what: str) -> None:
        if not self._is_boundary(self.at):
            self._fail(
                f"a space is missing after {what}",
                self.at,
                "to search for the text, put all of it in quotes",
            )

    def _fail(self, message: str, column: int, advice: str = "") -> NoReturn:
        raise QueryError(message, text=self.text, column=column, advice=advice)


def meant_filters(typed: str) -> list[str]:
    """What someone who typed `typed:` may have meant: filters with their colon, nearest first."""
    import difflib

    name = typed.lower()
    if name in ELSEWHERE:
        return [ELSEWHERE[name]] if ELSEWHERE[name] else []
    long_names = [known for known in FILTERS if len(known) > 1]
    return [f"{near}:" for near in difflib.get_close_matches(name, long_names, n=1, cutoff=0.7)]
