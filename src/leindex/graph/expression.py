"""What is called, as steps: `self.pool[0].run` is `self`, `pool`, `[]`, `run`.

Expressions are read from their text, for all languages alike: names joined by `.`, `?.`, `->`, `::` or `\\`, with calls
and subscripts in between. What does not fit is unknown, and an unknown receiver never gives an edge that claims more
than its name.

    >>> steps("get(a, b).items[0].run"), steps("'x'.join"), steps("(a + b).run")
    (('get', '()', 'items', '[]', 'run'), ('""', 'join'), ('?', 'run'))
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

CALL: Final = "()"
ITEM: Final = "[]"
UNKNOWN: Final = "?"
TEXT: Final = '""'

_PLAIN: Final = re.compile(r"[$\w#@~]+(?:\.[$\w#~]+)*")
_NAME: Final = re.compile(r"[$\w#@~]+!?")
_SPACE: Final = re.compile(r"(?:\s|/\*.*?\*/|//[^\n]*\n)*", re.S)
_JOIN: Final = re.compile(r"\?\.(?!\[)|!!\.|!\.|\.(?!\.)|->|::|\\|\?->|!!(?=\.)|!(?=[.\[])|\?\.(?=\[)")
_STRING: Final = re.compile(
    r"""(?:[rbfuRBFU]{0,2})("""  # a literal: nothing of it is kept
    r'''"""(?:[^\\]|\\.)*?"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)''',
    re.S,
)
_FORE: Final = re.compile(r"(?:await|new|typeof|yield|return|throw|mut|dyn|impl|unsafe|co_await)\b\s*|[&*!]+(?=[\w(])")
_PAIRS: Final = {"(": ")", "[": "]", "{": "}", "<": ">"}
LONGEST: Final = 4000
"""Characters of an expression that are read."""


@lru_cache(maxsize=16384)
def steps(text: str) -> tuple[str, ...]:
    """The steps of an expression; the first is UNKNOWN where its beginning is none of these."""
    text = text.strip()
    if _PLAIN.fullmatch(text):
        return tuple(text.split("."))
    return tuple(_read(text[:LONGEST]))


def _read(text: str) -> list[str]:
    at = 0
    fore = _FORE.match(text)
    while fore and fore.end() > at:
        at = fore.end()
        fore = _FORE.match(text, at)
    found: list[str] = []
    if text.startswith("::", at) or text.startswith("\\", at):
        at += 2 if text[at] == ":" else 1
    if (literal := _STRING.match(text, at)) is not None:
        found.append(TEXT)
        at = literal.end()
    elif (name := _NAME.match(text, at)) is not None:
        found.append(TEXT if name[0][0].isdigit() else name[0])
        at = name.end()
    elif at < len(text) and text[at] == "(":
        end = past(text, at)
        inner = list(steps(text[at + 1 : end - 1]))
        found += inner if inner and UNKNOWN not in inner else [UNKNOWN]
        at = end
    elif at < len(text) and text[at] in "[{":
        found.append(TEXT)
        at = past(text, at)
    else:
        return [UNKNOWN, *_last_name(text)]
    while at < len(text):
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if at >= len(text):
            break
        if text[at] in "([":
            found.append(CALL if text[at] == "(" else ITEM)
            at = past(text, at)
            continue
        if text[at] == "{":  # Type{...}
            found.append(CALL)
            at = past(text, at)
            continue
        if text[at] == "<" and (end := past(text, at)) <= len(text) and text[end - 1 : end] == ">":
            at = end  # type arguments
            continue
        join = _JOIN.match(text, at)
        if join is None:
            return [UNKNOWN, *_last_name(text)]
        at = _SPACE.match(text, join.end()).end()  # type: ignore[union-attr]
        if at < len(text) and text[at] in "([<":
            continue
        name = _NAME.match(text, at)
        if name is None:
            return [UNKNOWN, *_last_name(text)]
        found.append(name[0])
        at = name.end()
    return found


def _last_name(text: str) -> list[str]:
    name = re.search(r"[$\w#~]+$", text)
    return [name[0]] if name else []


def past(text: str, at: int) -> int:
    """Behind the partner of the bracket at `at`; the end of the text where there is none."""
    waiting: list[str] = []
    while at < len(text):
        letter = text[at]
        if letter in "\"'`" and (literal := _STRING.match(text, at)) is not None:
            at = literal.end()
            continue
        if letter in "([{" or (letter == "<" and (not waiting or waiting[0] == ">")):
            waiting.append(_PAIRS[letter])
        elif waiting and letter == waiting[-1] and not (letter == ">" and text[at - 1 : at] in "-="):
            waiting.pop()
            if not waiting:
                return at + 1
        at += 1
    return len(text)


def parts(text: str, separator: str = ",") -> list[str]:
    """A list at its separators that stand outside of brackets and strings; empty parts are left out."""
    found: list[str] = []
    start = at = 0
    while at < len(text):
        letter = text[at]
        if letter in "([{<" and not (letter == "<" and text[at + 1 : at + 2] in ("=", " ")):
            end = past(text, at)
            at = end if letter != "<" or end < len(text) or text[-1:] == ">" else at + 1
            continue
        if letter in "\"'`" and (literal := _STRING.match(text, at)) is not None:
            at = literal.end()
            continue
        if text.startswith(separator, at):
            found.append(text[start:at].strip())
            start = at = at + len(separator)
            continue
        at += 1
    return [part for part in [*found, text[start:].strip()] if part]
