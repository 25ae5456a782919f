"""Which language a file is written in, by its name and, where the name leaves a doubt, by its first bytes.

`language_of` runs once for every file of a tree, so the common case is one slice and one dictionary look-up.
Names are in lower case as people write them ("python", "c++", "c#"). `language_table.py` says what files of
each language are called; the look-up dictionaries are made from it at import.

    >>> language_of(b"src/app.py"), language_of(b"Makefile"), language_of(b"run", b"#!/usr/bin/env bash")
    ('python', 'makefile', 'shell')
    >>> resolve_language("TS"), resolve_language(".rs"), resolve_language("golang")
    ('typescript', 'rust', 'go')
"""

from __future__ import annotations

import re
from typing import Final

from ...errors import QueryError
from .language_table import ALIASES, EXTENSIONS, FAMILIES, FILENAMES, INTERPRETERS

HEAD_BYTES: Final = 8192
"""How much of a file's beginning `language_of` looks at; more is ignored."""

_BY_EXTENSION: Final[dict[bytes, str]] = {
    extension.encode(): language for language, extensions in EXTENSIONS.items() for extension in extensions.split()
}
_BY_FILENAME: Final[dict[bytes, str]] = {
    name.encode(): language for language, names in FILENAMES.items() for name in names.split()
}
_BY_INTERPRETER: Final[dict[bytes, str]] = {
    name.encode(): language for language, names in INTERPRETERS.items() for name in names.split()
}

_DOUBTFUL: Final = frozenset(b"h m pl ts v d inc fs txt".split())
"""Extensions that do not settle the language: the whole name or the content is looked at as well."""

_WRAPPERS: Final = (b".in", b".tmpl", b".template", b".example", b".sample", b".dist", b".orig", b".bak")

# Sources of patterns, all read with re.MULTILINE: `re` compiles them at first use and keeps them, so that
# importing this module costs next to nothing.
_SHEBANG: Final = rb"#![ \t]*(?:\S*/)?(\S+)(.*)"
_MODELINE: Final = rb"-\*-(?:.*?mode:)?[ \t]*([A-Za-z+#-]+)[ \t]*(?:;.*?)?-\*-|\bvim?:.*?\b(?:ft|filetype)=(\w+)"
_OBJECTIVE_C: Final = rb"^[ \t]*(?:@(?:interface|protocol|implementation|class|import|property|end)\b|#import\b)"
_CPLUSPLUS_WORDS: Final = tuple(
    b"template namespace using class public: private: protected: constexpr friend virtual std:: operator".split()
)
_CPLUSPLUS_LINE: Final = (
    rb"[ \t]*(?:template[ \t]*<|(?:inline[ \t]+)?namespace\b[^;=()]*(?:\{|$)|using[ \t]+\w+(?:::|[ \t]*=)"
    rb"|using[ \t]+namespace\b|class[ \t]+\w[^;=()*]*(?:[{:;]|$)"
    rb"|(?:public|private|protected)(?:[ \t]+\w+)?[ \t]*:"
    rb"|(?:static[ \t]+)?constexpr\b|enum[ \t]+class[ \t]+\w|friend[ \t]+\w"
    rb"|virtual[ \t]+[\w:~]+[ \t&*(][^;]*\("
    rb"|(?![ \t]*[/*]).*(?:\bstd::\w|\boperator[ \t]*(?:[-+*/=<>!]=?|\(\)|\[\])[ \t]*\())"
)
_CPLUSPLUS_INCLUDE: Final = rb"include[ \t]*<\w+>"
_MATLAB: Final = rb"^[ \t]*(?:%|function\b|classdef\b|end[ \t]*$)"
_PROLOG: Final = rb"^[ \t]*:-|^[a-z]\w*\(.*\)[ \t]*:-"
_PERL: Final = rb"^[ \t]*(?:use|package|sub|my|our)[ \t]+\w|\$\w+"
_COQ: Final = rb"^[ \t]*(?:Require|Theorem|Lemma|Definition|Proof|Section|Inductive)\b"
_MAKE_RULE: Final = rb"\A\S+\.(?:o|lo|obj)[ \t]*:|\A#[^\n]*\n\S+:"
_GLSL: Final = rb"^[ \t]*(?:#version|precision|uniform|varying|void[ \t]+main)\b"


def _has(pattern: bytes, head: bytes) -> bool:
    return re.search(pattern, head, re.MULTILINE) is not None


def language_of(path: bytes, head: bytes = b"") -> str | None:
    """The language of the file at `path`, or `None` when neither name nor content tells.

    `path` is a path or a bare name; `head` is the beginning of the content (as much as is at hand, the first
    8 KiB count). With an empty `head` the likelier language of a doubtful name is returned (`.h` is C).
    """
    extension = path[path.rfind(b".") + 1 :]
    language = _BY_EXTENSION.get(extension)
    if language is not None and extension not in _DOUBTFUL:
        return language
    return _slow(path, head[:HEAD_BYTES])


def _slow(path: bytes, head: bytes) -> str | None:
    name = path[path.rfind(b"/") + 1 :]
    language = _BY_FILENAME.get(name)
    if language is not None:
        return language
    dot = name.rfind(b".")
    if dot > 0:
        if name.endswith(_WRAPPERS):
            return language_of(name[:dot], head) or _by_content(head)
        extension = name[dot + 1 :]
        language = _BY_EXTENSION.get(extension) or _BY_EXTENSION.get(extension.lower())
        if language is not None:
            return _settle(extension, language, head) if head and extension in _DOUBTFUL else language
    prefix = name.split(b".", 1)[0]
    if prefix in (b"Makefile", b"Dockerfile", b"Containerfile", b"Kconfig", b"Jenkinsfile", b"Kbuild"):
        return _BY_FILENAME[prefix]
    return _by_content(head)


def _by_content(head: bytes) -> str | None:
    """The language that a `#!` line, an editor's mode line or an XML declaration names."""
    if head.startswith(b"#!"):
        match = re.match(_SHEBANG, head)
        if match is None:
            return None
        command = match[1]
        if command == b"env":
            words = [w for w in match[2].split() if not w.startswith(b"-") and b"=" not in w]
            if not words:
                return None
            command = words[0].rsplit(b"/", 1)[-1]
        return _BY_INTERPRETER.get(command) or _BY_INTERPRETER.get(command.rstrip(b"0123456789.-"))
    if head.startswith(b"<?xml"):
        return "xml"
    if head.startswith(b"<?php"):
        return "php"
    first = head[:512]
    match = re.search(_MODELINE, first) if b"-*-" in first or b"vi" in first else None
    if match is not None:
        word = (match[1] or match[2]).decode("ascii", "replace").lower()
        return _NAMES.get(word)
    return None


def _settle(extension: bytes, language: str, head: bytes) -> str:
    """What the content says about a file whose extension belongs to several languages."""
    if extension == b"h":
        if (b"@" in head or b"#import" in head) and _has(_OBJECTIVE_C, head):
            return "objective-c"
        return "c++" if _is_cplusplus(head) else "c"
    if extension == b"m":
        return "matlab" if _has(_MATLAB, head) and not _has(_OBJECTIVE_C, head) else language
    if extension == b"pl":
        return "prolog" if _has(_PROLOG, head) and not _has(_PERL, head) else language
    if extension == b"ts":
        return "xml" if head.lstrip().startswith((b"<?xml", b"<!DOCTYPE")) else language
    if extension == b"v":
        return "coq" if _has(_COQ, head) else language
    if extension == b"d":
        return "makefile" if _has(_MAKE_RULE, head) else language
    if extension == b"inc":
        return "php" if b"<?php" in head else language
    if extension == b"fs":
        return "glsl" if _has(_GLSL, head) else language
    return language


def _is_cplusplus(head: bytes) -> bool:
    """Whether a header can only be C++. Only lines with a telling word are matched: most headers are C."""
    for word in _CPLUSPLUS_WORDS:
        at = head.find(word)
        while at >= 0:
            end = head.find(b"\n", at)
            line = head[head.rfind(b"\n", 0, at) + 1 : end if end >= 0 else len(head)]
            if re.match(_CPLUSPLUS_LINE, line):
                return True
            at = head.find(word, at + len(line) if end < 0 else end)
    return _has(_CPLUSPLUS_INCLUDE, head)


def _names() -> dict[str, str]:
    """Everything a `lang:` filter may say, in lower case, and the language it means."""
    names: dict[str, str] = {}
    for extension, language in sorted(_BY_EXTENSION.items()):  # `c` after `C`: small letters win
        names[extension.decode().lower()] = language
    names.update({alias: language for language, aliases in ALIASES.items() for alias in aliases.split()})
    names.update({language: language for language in (*EXTENSIONS, *FILENAMES)})
    return names


_NAMES: Final = _names()


def known_as(name: str) -> str | None:
    """The language that a file means by a name, an alias or an extension; `None` where it is none."""
    return _NAMES.get(name)


def resolve_language(user_value: str) -> str:
    """The language that a person means by a name, an alias or an extension, with or without its dot.

    Raises `QueryError` with a suggestion when there is no such language.
    """
    value = user_value.strip().lower()
    found = _NAMES.get(value) or _NAMES.get(value.lstrip(".").replace(" ", "-")) or _NAMES.get(value.replace(" ", ""))
    if found is not None:
        return found
    import difflib  # costs 5 ms, and only a mistake needs it

    close = difflib.get_close_matches(value, [n for n in _NAMES if len(n) > 2], n=1, cutoff=0.6)
    advice = f"did you mean {_NAMES[close[0]]}?" if close else "give a name such as python, or an extension such as py"
    raise QueryError(f"unknown language {user_value!r}", text=user_value, column=0, advice=advice)


def family(language: str) -> tuple[str, ...]:
    """The languages that a filter for `language` covers: TypeScript includes TSX, C++ does not include C."""
    return FAMILIES.get(language, (language,))
