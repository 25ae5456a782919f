"""What definitions look like in languages whose lines show them: one entry a language, read by `shapes.py`.

All patterns are read with MULTILINE. Each begins at a line or behind a bracket or a semicolon, and repeats nothing
without a bound that it could try again elsewhere, so that time stays linear.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Rule(NamedTuple):
    """What begins a definition of `kind` (`scope` owns others without being one).

    `pattern` has a group `name`, and may have `within`, an owner that it names itself, and `only`, without which it is
    passed over. `each` finds the names in the group `name` where there may be several. `inside` are the kinds in which
    it may lie directly, "" for none, None for any; `depth` is how many brackets are open around it. A `leaf` owns
    nothing. A `section` goes on to the next one, a `line` to the end of its line, a `body` in which `Shape.body_start`
    matches to what `Shape.body_end` does. The quotes around a name are no part of it where `quoted`, nor is what
    `without` matches. A `bare` pattern sees no strings.
    """

    kind: str
    pattern: bytes
    each: bytes = b""
    inside: tuple[str, ...] | None = None
    depth: int | None = None
    leaf: bool = False
    section: bool = False
    body: bool = False
    line: bool = False
    bare: bool = False
    quoted: bool = True
    without: bytes = b""


class Shape(NamedTuple):
    """How a language is written: `hidden` matches comments (as the group `comment`) and strings, `terminators` end a
    statement outside of brackets, and so does a closed brace where `braces_end`. With `by_indent` a definition goes on
    as long as lines are indented deeper; `items` begin lines that count as indented, and after a line that `literal`
    matches, deeper ones are text."""

    hidden: bytes
    rules: tuple[Rule, ...]
    terminators: bytes = b";"
    braces_end: bool = True
    body_start: bytes = b""
    body_end: bytes = b""
    by_indent: bool = False
    items: bytes = b""
    literal: bytes = b""


_SLASHES: Final = rb"//[^\n]*"
_BLOCK: Final = rb"/\*(?s:.)*?(?:\*/|\Z)"
_HASH: Final = rb"#[^\n]*"
_STRINGS: Final = rb'"(?:[^"\\\n]|\\.)*+"?' + rb"|'(?:[^'\\\n]|\\.)*+'?"
_AT: Final = rb"(?:^|(?<=[{};]))[ \t]{0,100}"
"""Where a statement begins."""


def _hidden(*comments: bytes, strings: bytes = _STRINGS) -> bytes:
    return rb"(?P<comment>" + b"|".join(comments) + rb")|(?:" + strings + rb")"


def _words(kind: str, words: bytes) -> Rule:
    """A keyword with a name behind it."""
    return Rule(kind, _AT + rb"(?:" + words + rb")[ \t]+(?P<name>\w+)")


_PROTOBUF: Final = Shape(
    _hidden(_SLASHES, _BLOCK),
    (
        Rule("module", rb"^[ \t]{0,100}package[ \t]+(?P<name>[\w.]+)", leaf=True),
        _words("struct", rb"(?:(?:export|local)[ \t]+)?message"),
        _words("enum", rb"(?:(?:export|local)[ \t]+)?enum"),
        _words("interface", b"service"),
        Rule("method", _AT + rb"rpc[ \t]+(?P<name>\w+)", inside=("interface",)),
        Rule("union", _AT + rb"oneof[ \t]+(?P<name>\w+)", inside=("struct",)),
        Rule(
            "struct",
            _AT + rb"(?:(?:repeated|optional|required)[ \t]+)?group[ \t]+(?P<name>\w+)[ \t]*=",
            inside=("struct", "union"),
        ),
        Rule("scope", _AT + rb"extend[ \t]+(?P<name>[\w.]+)"),
        Rule(
            "field",
            _AT
            + rb"(?!option\b)(?:(?:repeated|optional|required)[ \t]+)?(?:map[ \t]*<[^>;{}\n]{0,200}>|[.\w]{1,200})[ "
            rb"\t]{1,100}\n?[ \t]{0,100}(?P<name>\w{1,200})[ \t]{0,100}\n?[ \t]{0,100}=[ \t\n]{0,100}\w",
            inside=("struct", "union", "scope"),
            leaf=True,
        ),
        Rule("enumerator", _AT + rb"(?P<name>\w{1,200})[ \t]{0,100}=[ \t]{0,100}[-\w]", inside=("enum",), leaf=True),
    ),
)

_HCL: Final = Shape(
    _hidden(
        _HASH,
        _SLASHES,
        _BLOCK,
        strings=_STRINGS.split(b"|'")[0] + rb"|<<-?(?P<tag>\w+)\n(?s:.)*?(?:^[ \t]*(?P=tag)\b|\Z)",
    ),
    (
        Rule(
            "resource",
            _AT + rb'(?:resource|ephemeral)[ \t]+"(?P<within>[^"\n]{1,200})"[ \t]+(?P<name>"[^"\n]{1,200}")',
            inside=("",),
        ),
        Rule("resource", _AT + rb'(?P<within>data[ \t]+"[^"\n]{1,200}")[ \t]+(?P<name>"[^"\n]{1,200}")', inside=("",)),
        Rule("variable", _AT + rb'variable[ \t]+(?P<name>"[^"\n]{1,200}")', inside=("",), leaf=True),
        Rule("property", _AT + rb'output[ \t]+(?P<name>"[^"\n]{1,200}")', inside=("",), leaf=True),
        Rule("module", _AT + rb'module[ \t]+(?P<name>"[^"\n]{1,200}")', inside=("",), leaf=True),
        Rule("scope", _AT + rb"(?P<name>local)s[ \t]*\{", inside=("",)),
        Rule(
            "object",
            _AT + rb'(?!resource|data|ephemeral|dynamic)[a-z_]{1,40}[ \t]+(?P<name>"[^"\n]{1,200}")[ \t]*\{',
            inside=("", "object"),
        ),
        Rule("constant", _AT + rb"(?P<name>[\w-]{1,200})[ \t]*=(?!=)", inside=("scope",)),
        Rule("variable", rb"^(?P<name>[\w-]{1,200})[ \t]*=(?!=)", inside=("",), depth=0),
    ),
    terminators=b"\n",
)

_MAKE_NAMES: Final = rb"(?:\$\([^()\n]{0,200}\)|\$\{[^{}\n]{0,200}\}|[^\s:=#$]|\$)+"
_MAKE: Final = Shape(
    rb"(?P<comment>^#(?:\\\n|[^\n])*|(?<=[ \t])#[^\n]*)",
    (
        Rule("macro", rb"^[ ]{0,100}(?:(?:override|export)[ \t]+)?define[ \t]+(?P<name>[^\s=]{1,200})", body=True),
        Rule(
            "variable",
            rb"^[ \t]{0,100}(?:(?:export|override|private|unexport)[ \t]+){0,3}(?P<name>(?:\$\([^()\n]{0,200}\)|[^\s"
            rb":=#?+!(),]){1,200}+)[ \t]*(?::{1,3}|[?+!])?=",
            inside=("",),
            leaf=True,
        ),
        Rule(
            "target",
            rb"^(?![ \t])(?!(?:ifn?eq|ifn?def|else|endif|-?include|sinclude|export|unexport|define|vpath)\b|\$\((?:e"
            rb"rror|warning|info|eval|call|foreach|if)\b)(?P<name>(?:\$\([^()\n]{0,200}\)|\$\{[^{}\n]{0,200}\}|[^:=#"
            rb"\n$]|\$|:(?=[/\\])){1,2000}+)::?(?![:=])",
            each=rb"(?<!\S)(?!\.[A-Z]+(?:\s|:|$))" + _MAKE_NAMES,
            inside=("",),
        ),
    ),
    body_end=rb"^[ \t]{0,100}endef\b",
    by_indent=True,
)

_DOCKER: Final = Shape(
    _hidden(rb"^[ \t]*#[^\n]*"),
    (
        Rule(
            "target",
            rb"^[ \t]{0,100}(?i:FROM)[ \t][^\n]{1,500}?[ \t](?i:AS)[ \t]+(?P<name>[\w.-]{1,200})",
            section=True,
        ),
        Rule(
            "scope",
            rb"^[ \t]{0,100}(?i:FROM)[ \t](?![^\n]{1,500}[ \t](?i:AS)[ \t])(?:[ \t]*--\S{1,100}[ \t])?[ \t]*(?P<name"
            rb">[^\s-]\S{0,199})",
            section=True,
        ),
        Rule("variable", rb"^[ \t]{0,100}(?i:ARG)[ \t]+(?P<name>\w{1,200})", leaf=True),
        Rule("variable", rb"^[ \t]{0,100}(?i:ENV)[ \t]+(?P<name>\w{1,200})[ \t]+(?![ \t=])", leaf=True),
        Rule(
            "variable",
            rb"^[ \t]{0,100}(?i:ENV)[ \t](?P<name>(?:\\\r?\n|[^\n]){1,10000})",
            each=rb"(?<![^\s])\w{1,200}(?==)",
            leaf=True,
        ),
    ),
    terminators=b"\n",
)

_SQL_NAME: Final = rb'(?:"[^"\n]{1,200}"|`[^`\n]{1,200}`|\[[^\]\n]{1,200}\]|[^\W\d][\w$#@]{0,199}|[#@][\w$#@]{1,199})'
_SQL_QUALIFIED: Final = rb"(?P<within>(?:" + _SQL_NAME + rb"[ \t]*\.[ \t]*){0,3})(?P<name>" + _SQL_NAME + rb")"
_SQL_CREATE: Final = (
    rb"(?:^|(?<=;))[ \t]{0,100}(?i:CREATE)\s{1,100}(?:(?i:OR|REPLACE|ALTER|TEMP|TEMPORARY|GLOBAL|LO"
    rb"CAL|UNLOGGED|UNIQUE|RECURSIVE|MATERIALIZED|EDITIONABLE|NONEDITIONABLE|EXTERNAL|FOREIGN|VIRTUAL|CLUSTERED|NONC"
    rb"LUSTERED|FULLTEXT|SPATIAL|BITMAP|CONSTRAINT|EVENT|PUBLIC|FORCE|SECURE|TRANSIENT|COLUMNSTORE|SQL\s+SECURITY\s+"
    rb"\w+|ALGORITHM\s*=\s*\w+|DEFINER\s*=\s*\S{1,100})\s{1,100}){0,6}"
)


def _created(kind: str, words: bytes, *, leaf: bool = True, body: bool = False) -> Rule:
    return Rule(
        kind,
        _SQL_CREATE
        + rb"(?i:"
        + words
        + rb")\s{1,100}(?i:CONCURRENTLY\s{1,100})?(?i:IF\s{1,100}NOT\s{1,100}EXISTS\s{1,100})?"
        + _SQL_QUALIFIED,
        leaf=leaf,
        body=body,
        depth=0,
    )


_SQL: Final = Shape(
    _hidden(
        rb"--[^\n]*",
        _BLOCK,
        strings=rb"'(?:[^']|'')*+'?|\$(?P<tag>(?:[A-Za-z_]\w{0,60})?)\$(?s:.)*?(?:\$(?P=tag)\$|\Z)"
        + rb'|"[^"\n]*+"?|`[^`\n]*+`?',
    ),
    (
        _created("table", b"TABLE", leaf=False),
        _created("view", b"VIEW"),
        _created("function", b"FUNCTION|PROCEDURE|PROC|AGGREGATE|MACRO", body=True),
        _created("trigger", b"TRIGGER", body=True),
        _created("module", rb"PACKAGE(?:\s+BODY)?", body=True),
        Rule(
            "index",
            _SQL_CREATE
            + rb"(?i:INDEX)\s{1,100}(?i:CONCURRENTLY\s{1,100})?(?i:IF\s{1,100}NOT\s{1,100}EXISTS\s{1,100})?(?!(?i:ON"
            rb")\s)" + _SQL_QUALIFIED,
            leaf=True,
            depth=0,
        ),
        _created("type", rb"TYPE(?:\s+BODY)?|DOMAIN"),
        _created("variable", b"SEQUENCE"),
        _created("namespace", b"SCHEMA|DATABASE"),
        Rule(
            "field",
            rb"(?:^|(?<=[(,]))[ \t]{0,100}(?!(?i:CONSTRAINT|PRIMARY|FOREIGN|UNIQUE|CHECK|KEY|INDEX|EXCLUDE|LIKE|PART"
            rb"ITION|PERIOD|FULLTEXT|SPATIAL|ON|REFERENCES|DEFAULT|NOT|NULL|AND|OR|GENERATED|COMMENT|COLLATE|USING|W"
            rb"ITH|AS|SELECT|FROM|WHERE)\b)(?P<name>" + _SQL_NAME + rb")[ \t]{1,100}(?=[A-Za-z_\"\[`])",
            inside=("table",),
            depth=1,
            leaf=True,
            line=True,
        ),
    ),
    braces_end=False,
    body_start=rb"(?i:\bBEGIN\b|\b[AI]S\s{1,100}(?!RETURN\b|SELECT\b|WITH\b)[A-Za-z])",
    body_end=rb"^(?:(?i:END)\b[^;\n]{0,200};?|/[ \t]*$|(?i:GO)[ \t]*$)",
)

_TOML_KEY: Final = rb'(?:[\w-]{1,200}|"(?:[^"\\\n]|\\.){0,200}+"|' + rb"'[^'\n]{0,200}+')"
_TOML: Final = Shape(
    _hidden(_HASH, strings=rb'"""(?s:.)*?(?:"""|\Z)|' + rb"'''(?s:.)*?(?:'''|\Z)|" + _STRINGS),
    (
        Rule(
            "key",
            rb"^[ \t]{0,100}\[{1,2}[ \t]{0,100}(?P<name>"
            + _TOML_KEY
            + rb"(?:[ \t]*\.[ \t]*"
            + _TOML_KEY
            + rb"){0,20}+)[ \t]{0,100}\]",
            section=True,
            depth=0,
            quoted=False,
        ),
        Rule(
            "key",
            rb"^[ \t]{0,100}(?P<name>" + _TOML_KEY + rb"(?:[ \t]*\.[ \t]*" + _TOML_KEY + rb"){0,20}+)[ \t]{0,100}=",
            depth=0,
            leaf=True,
        ),
    ),
    terminators=b"\n",
)

_YAML: Final = Shape(
    rb"(?P<comment>(?:^|(?<=[ \t]))#[^\n]*)",
    (
        Rule(
            "key",
            rb"^[ ]{0,200}(?:-[ ]{1,20}){0,10}+(?P<name>\"(?:[^\"\\\n]|\\.){1,200}+\"|'[^'\n]{1,200}+'|(?![-?#&*!|>%"
            rb"@`{}\[\],'\"][ \t]|[#&*!|>%@`{}\[\],'\"])(?:[^\s:#]|:(?=\S)|(?<=\S)#|[ \t]+(?=[^\s:#])){1,200}+)[ \t"
            rb"]{0,20}:(?=\s|\Z)",
        ),
    ),
    by_indent=True,
    items=b"- ",
    literal=rb"(?:^|[:\-] +)(?:[&!][^\s]*[ ]+)*[|>][-+0-9]{0,3}[ \t\r]*$",
)


_SELECTOR: Final = rb"[#@]\{[^{}\n]{0,200}\}|[^{};]"


def _styles(*comments: bytes) -> Shape:
    return Shape(
        _hidden(*comments),
        (
            Rule(
                "object",
                rb"@(?:-\w+-)?(?:keyframes|layer|container|property|counter-style)\s{1,100}(?P<name>[\w-]{1,200})"
                rb"\s{0,100}\{",
            ),
            Rule("macro", rb"(?:^|(?<=[{};]))[ \t]{0,100}@mixin\s{1,100}(?P<name>[\w-]{1,200})"),
            Rule("function", rb"(?:^|(?<=[{};]))[ \t]{0,100}@function\s{1,100}(?P<name>[\w-]{1,200})"),
            Rule(
                "variable",
                rb"(?:^|(?<=[{};]))[ \t]{0,100}(?P<name>[$]\w[\w-]{0,199})[ \t]{0,100}:",
                inside=("",),
                leaf=True,
            ),
            Rule("property", rb"(?:^|(?<=[{};]))[ \t]{0,100}(?P<name>--[\w-]{1,199})[ \t]{0,100}:", leaf=True),
            Rule(
                "selector",
                rb"\s*+(?:[@$](?:"
                + _SELECTOR
                + rb")*+[{};]?|(?P<name>(?:"
                + _SELECTOR
                + rb")++)(?:(?P<only>\{)|[};]|\Z)|[{};]|\Z)",
                each=rb"[^\s,](?:\([^()]*+\)|[^,()])*+",
                inside=("", "selector", "macro"),
                bare=True,
                quoted=False,
            ),
        ),
    )


_VALUE: Final = rb"(?P<name>\"[^\"<>\n]{1,100}\"|'[^'<>\n]{1,100}'|[^\s\"'<>{}=]{1,100})"
_SLOT: Final = Rule("property", rb"<slot\b[^<>\n]{0,200}?\bname=[\"'](?P<name>[\w-]{1,100})", leaf=True)
_ID: Final = Rule("key", rb"<[A-Za-z][^<>{}]{0,500}?\sid=" + _VALUE, leaf=True)


def _markup(*rules: Rule) -> Shape:
    return Shape(rb"(?P<comment><!--(?s:.)*?(?:-->|\Z))", (*rules, _ID), terminators=b"\n")


_R_NAME: Final = rb"(?:`[^`\n]{1,200}`|[A-Za-z.][\w.]{0,199}|\"[^\"\n]{1,200}\")"
_R: Final = Shape(
    _hidden(_HASH, strings=rb'"(?:[^"\\]|\\(?s:.))*+"?|' + rb"'(?:[^'\\]|\\(?s:.))*+'?"),
    (
        Rule(
            "function",
            _AT
            + rb"(?P<name>"
            + _R_NAME
            + rb")[ \t]{0,100}(?:<<?-|=(?!=))[ \t]{0,100}\n?[ \t]{0,100}(?:function\b|\\\()",
            depth=None,
        ),
        Rule(
            "class",
            rb"^[ \t]{0,100}(?:[\w.]{1,100}[ \t]*(?:<-|=)[ \t]*)?(?:setClass|setRefClass|setClassUnion|R6Class|(?:R6"
            rb"|methods)::(?:R6Class|setClass|setRefClass))[ \t]*\(\s{0,100}(?:Class[ \t]*=[ \t]*)?(?P<name>\"[^\"\n"
            rb"]{1,200}\")",
            depth=0,
        ),
        Rule(
            "function",
            rb"^[ \t]{0,100}setGeneric[ \t]*\(\s{0,100}(?:name[ \t]*=[ \t]*)?(?P<name>\"[^\"\n]{1,200}\")",
            depth=0,
            leaf=True,
        ),
        Rule(
            "method",
            rb"^[ \t]{0,100}(?:setMethod|setReplaceMethod)[ \t]*\(\s{0,100}(?:f[ \t]*=[ \t]*)?(?P<name>\"[^\"\n"
            rb"]{1,200}\")",
            depth=0,
            leaf=True,
        ),
        Rule(
            "method",
            rb"^[ \t]{0,100}(?P<name>[A-Za-z.][\w.]{0,199})[ \t]{0,100}=[ \t]{0,100}function\b",
            inside=("class",),
        ),
        Rule(
            "variable",
            _AT
            + rb"(?P<name>"
            + _R_NAME
            + rb")[ \t]{0,100}(?:<<?-|=(?!=))(?![ \t]{0,100}(?:\w{1,20}::)?(?:R6Class|setClass|setRefClass|setClassU"
            rb"nion)\b)",
            inside=("",),
            depth=0,
            leaf=True,
        ),
    ),
    terminators=b"\n;",
    braces_end=False,
)

_PERL_SUB: Final = (
    rb"(?:(?:my|our|state|async)[ \t]+)?(?:sub|method)[ \t]+(?P<name>[A-Za-z_][\w:']{0,199}+)"
    rb"(?!\s{0,100}+(?:\([^()\n]{0,200}\))?\s{0,100};)"
)
_PERL: Final = Shape(
    rb"(?P<comment>^=[a-zA-Z](?s:.)*?(?:^=cut\b[^\n]*|\Z)|^__(?:END|DATA)__\b(?s:.)*|(?:^|(?<=\s))#[^\n]*)"
    rb"|<<~?[\"']?(?P<tag>[A-Z]\w{0,60})[\"']?[^\n]*\n(?s:.)*?(?:^[ \t]*(?P=tag)$|\Z)",
    (
        Rule("module", _AT + rb"package[ \t]+(?P<name>[A-Za-z_][\w:']{0,199})", section=True),
        Rule("function", rb"^" + _PERL_SUB, body=True),
        Rule("function", _AT + _PERL_SUB),
        Rule("constant", _AT + rb"use[ \t]+constant[ \t]+(?P<name>\w{1,200})[ \t]*(?:=>|,)", leaf=True, line=True),
        Rule(
            "variable",
            _AT + rb"our[ \t]*\(?[ \t]*(?P<name>[$@%]\w{1,200})",
            inside=("", "module"),
            leaf=True,
            line=True,
        ),
    ),
    body_start=rb"\n",
    body_end=rb"^\}",
)

SHAPES: Final[dict[str, Shape]] = {
    "css": _styles(_BLOCK),
    "dockerfile": _DOCKER,
    "hcl": _HCL,
    "html": _markup(
        Rule("key", rb"<[Aa]\s[^<>]{0,500}?\b(?i:name)=" + _VALUE, leaf=True),
        Rule(
            "heading",
            rb"(?i:<h[1-6])\b[^<>]{0,500}>(?:\s{0,100}<(?!/h)[^<>]{0,500}>){0,5}+\s{0,100}(?P<name>(?:[^<]|<(?!/[hH]"
            rb")){1,500}+)",
            without=rb"<[^<>]{0,500}>",
            leaf=True,
        ),
    ),
    "less": _styles(_BLOCK, rb"(?<!:)" + _SLASHES),
    "makefile": _MAKE,
    "perl": _PERL,
    "protobuf": _PROTOBUF,
    "r": _R,
    "scss": _styles(_BLOCK, rb"(?<!:)" + _SLASHES),
    "sql": _SQL,
    "svelte": _markup(Rule("function", rb"\{#snippet[ \t]{1,20}(?P<name>\w{1,100})", leaf=True), _SLOT),
    "toml": _TOML,
    "vue": _markup(_SLOT),
    "yaml": _YAML,
}
"""The languages that are read by their shape."""
