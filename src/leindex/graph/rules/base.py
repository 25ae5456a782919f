"""What the rules of a language answer, and how most languages answer it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple

from ...linkage import Role
from ...records import field, record
from ..expression import parts, past
from ..program import Program
from ..source import Source

STATEMENT: Final = 8000
"""Bytes of an import that are read."""
SHOWN: Final = 600
"""Bytes of a statement that are read."""


ENTERED: Final = -2
"""A `Binding.pick`: what entering a context gives, which may be what a generator yields."""


class Import(NamedTuple):
    """What an import binds: a local name, the module as it is written, and the member of it ("" is the module)."""

    name: str
    module: str
    member: str
    start: int = 0


@record(slots=True)
class Imports:
    """The imports of a file: by the name that they bind, those of everything, and what others find under a name."""

    named: dict[str, list[Import]] = field(default_factory=dict)
    stars: list[Import] = field(default_factory=list)
    exports: dict[str, Import] = field(default_factory=dict)

    def add(self, found: Import) -> None:
        """Files an import."""
        if found.name == "*":
            self.stars.append(found)
        else:
            self.named.setdefault(found.name, []).append(found)


class Binding(NamedTuple):
    """A name with what tells its type: the text of a type or of a value; `element` where it takes elements of it."""

    name: str
    type: str
    value: str
    start: int
    element: bool = False
    pick: int = -1
    """Which of several values that a call gives, from 0."""


_NAMED_TYPE: Final = re.compile(
    r"(?:(?:public|private|protected|internal|readonly|static|declare|override|export|const|let|var|val|lazy|final|open|"
    r"abstract|lateinit|weak|mut|implicit|inout|vararg|fileprivate|pub|ref|async|accessor)\b[ \t]*|"
    r"[*.]{1,3}|@\w+(?:\([^)]*\))?\s*)*"
    r"([$\w#]+(?:\.[$\w#]+)*)\s*[?!]?\s*(?::(?!=)\s*|(?=:=|=(?!=)|\sas\s|$))"
)
_TYPE_NAME: Final = re.compile(
    r"([\w.:<>\[\]?*& ,$\\|]+?)[\s&*]+[&*]*\$?(\w+)\s*(?:\[[^\]]*\])?\s*(?:=(?!=)\s*(.*)|[({;]?.*)$", re.S
)
_MODIFIERS: Final = re.compile(
    r"(?:(?:public|private|protected|internal|readonly|static|final|const|volatile|transient|abstract|virtual|override|"
    r"mutable|constexpr|inline|extern|register|unsigned|struct|union|enum|class|in|out|ref|params|this|async|sealed|new|"
    r"required|thread_local|synchronized)\b\s*|@\w+(?:\([^)]*\))?\s*|\[[^\]]*\]\s*)*"
)


class Choice(NamedTuple):
    """Definitions that a name may mean, as the file and the place in its symbols, and why that is not certain."""

    found: list[tuple[Source, int]]
    doubt: str = ""


class Rules:
    """How a language is resolved."""

    self_names: ClassVar[frozenset[str]] = frozenset(("self", "this"))
    super_names: ClassVar[frozenset[str]] = frozenset(("super",))
    class_names: ClassVar[frozenset[str]] = frozenset()
    """Names by which a method calls its own class."""
    implicit_members: ClassVar[bool] = False
    """Whether a bare name may be a member of the class around."""
    type_first: ClassVar[bool] = False
    """Whether a type stands in front of the name."""
    spread: ClassVar[str] = ""
    """Where else the members of a type may be: "" nowhere, "folder" in its folder, "program" anywhere."""
    typed: ClassVar[bool] = False
    """Whether declared types are checked by a compiler, so that they prove what a receiver is."""
    declarations: ClassVar[bool] = False
    """Whether a function may be declared in one file and defined in another."""
    undefined_is_outside: ClassVar[bool] = False
    """Whether what no file defines must come from outside."""
    neighbours_see: ClassVar[str] = ""
    """Whose definitions are seen without an import: "folder", "program", or nobody's."""
    family: ClassVar[frozenset[str]] = frozenset()
    """The languages that its names may come from."""
    wrappers: ClassVar[frozenset[str]] = frozenset()
    """Types that are taken for what they hold."""
    containers: ClassVar[frozenset[str]] = frozenset()
    """Types whose elements are of their last argument's type."""
    default_exports: ClassVar[bool] = False
    """Whether a file has one definition that others import under any name."""
    properties: ClassVar[re.Pattern[str] | None] = None
    """What stands in front of the name of a method that is read as a value."""
    common: ClassVar[frozenset[str]] = frozenset()
    """Members that types of the language's own library have: their name alone says nothing."""
    builtins: ClassVar[frozenset[str]] = frozenset()
    """Names that the language brings along."""

    # -- imports --------------------------------------------------------------------------------------------------

    def imports(self, source: Source) -> Imports:
        """What the import statements of a file bind."""
        found = Imports()
        for start, end, role in source.spans(Role.IMPORT, Role.EXPORT):
            for one in self.read_import(source.string(start, min(end, start + STATEMENT)), role):
                if role is Role.EXPORT and one.name != "*":
                    found.exports[one.name] = one
                else:
                    found.add(one._replace(start=start))
        return found

    def read_import(self, text: str, role: Role) -> Sequence[Import]:
        """What one import statement binds."""
        return ()

    def files(self, program: Program, source: Source, module: str) -> list[str]:
        """The files that a module is, as a file names it; a folder with a slash at the end; none outside."""
        return []

    def is_missing(self, program: Program, source: Source, module: str) -> bool:
        """Whether a module that is no file should be inside all the same."""
        return False

    def submodule(self, program: Program, path: str, name: str) -> str | None:
        """The file that is a module within another."""
        return None

    def visible(self, program: Program, source: Source, name: str, path: str) -> bool:
        """Whether a definition in the file `path` is seen from another without an import."""
        if self.neighbours_see == "folder":
            return path.rpartition("/")[0] == source.path.rpartition("/")[0]
        return self.neighbours_see == "program"

    def chosen(self, program: Program, source: Source, found: list[tuple[Source, int]]) -> Choice:
        """Of definitions of one name that a file sees those that it means."""
        return Choice(found)

    # -- bindings -------------------------------------------------------------------------------------------------

    def bindings(self, text: str, role: Role, start: int) -> list[Binding]:
        """The names that an assignment, a parameter or the head of a loop binds."""
        text = text[:SHOWN]
        if role is Role.LOOP:
            return self.loop(text, start)
        if self.type_first:
            return self._type_first(text, start)
        match = _NAMED_TYPE.match(text)
        if match is None:
            return []
        rest = text[match.end() :]
        if text[match.start(1) : match.end()].rstrip().endswith(":"):
            kind, value = split_at_equals(rest)
            return [Binding(match[1], kind, value, start)]
        value = re.sub(r"^\s*:?=\s*", "", rest)
        return [Binding(match[1], "", value.strip(), start)]

    def _type_first(self, text: str, start: int) -> list[Binding]:
        text = text[_MODIFIERS.match(text).end() :]  # type: ignore[union-attr]
        match = _TYPE_NAME.match(text)
        if match is None:
            simple = re.match(r"\$?(\w+(?:(?:\.|->)\w+)*)\s*=(?!=)\s*(.*)", text, re.S)
            return [Binding(simple[1].replace("->", "."), "", simple[2].rstrip(";"), start)] if simple else []
        kind = match[1].strip()
        value = (match[3] or "").rstrip("; \n")
        return [Binding(match[2], "" if kind in ("var", "auto", "const auto", "let") else kind, value, start)]

    def loop(self, text: str, start: int) -> list[Binding]:
        """What the head of a loop binds: `x in xs`, `x of xs`, `x := range xs`, `T x : xs`."""
        match = re.match(
            r"(?:for\s+(?:await\s+)?)?\(?\s*(?:(?:const|let|var|val|final|auto)\s+)?([\w$.]*?)\s*([\w$]+)\s*(?:in|of|:)\s+(.*)",
            text,
            re.S,
        )
        if match is None:
            return []
        value = match[3]
        ends = re.search(r"\)?\s*(?:\{|:\s*$|:\s*\n)", value)
        return [
            Binding(
                match[2],
                match[1],
                "" if match[1] else value[: ends.start() if ends else None].strip(),
                start,
                not match[1],
            )
        ]

    def parameter_names(self, text: str) -> set[str]:
        """The names of parameters, from the text between the parentheses."""
        names = set()
        for part in parts(text):
            if self.type_first:
                words = re.findall(r"\w+", part.split("=")[0])
                names.update(words[-1:])
            else:
                match = re.match(r"\W*(?:(?:public|private|protected|readonly|val|var|mut|const)\s+)*([\w$]+)", part)
                if match:
                    names.add(match[1])
        return names

    def assigns(self, text: str, name: str) -> bool:
        """Whether a name is bound somewhere in a function, in a way that tells no type."""
        n = re.escape(name)
        return (
            re.search(
                rf"(?<![\w.$]){n}\s*(?:,[\w\s,*$()]*)?(?:(?<![=!<>])=(?![=>])|:=)|\b(?:for|as|catch|let|const|var|val)\s*\(?[\w\s,(*\[{{]*(?<![\w.$]){n}\b|(?<![\w.$]){n}\s*=>|\([\w\s,$]*(?<![\w.$]){n}[\w\s,$]*\)\s*=>|\blambda[^:]*\b{n}\b",
                text,
            )
            is not None
        )

    # -- types ----------------------------------------------------------------------------------------------------

    def types(self, text: str) -> list[tuple[str, str]]:
        """The types that the text of a type names, each with the text of its elements' type."""
        text = re.sub(
            r"^(?:\s|[&*^?]|(?:mut|dyn|impl|const|readonly|some|any|inout|in|out|borrowing|consuming|struct|'\w+)\b)+",
            "",
            text.strip(),
        ).rstrip("?!&* ")
        if not text:
            return []
        if text[0] in "\"'" and text[-1] == text[0]:
            return self.types(text[1:-1])
        choices = parts(text, "|") if "|" in text else [text]
        if len(choices) > 1:
            return [one for choice in choices for one in self.types(choice)]
        if text.endswith("[]"):
            return [("[]", text[:-2])]
        if text.startswith("[") and text.endswith("]"):
            return [("[]", text[1:-1].split(";")[0].split(":")[-1])]
        opened = min((at for at in (text.find("<"), text.find("[")) if at >= 0), default=-1)
        if opened < 0:
            return [] if text in ("None", "null", "undefined", "void", "()", "nil") else [(text, "")]
        name, inner = text[:opened].strip(), text[opened + 1 : max(past(text, opened) - 1, opened + 1)]
        arguments = parts(inner)
        last = name.replace("::", ".").rpartition(".")[2]
        if last in self.wrappers and arguments:
            return [one for argument in arguments for one in self.types(argument)]
        return [(name, arguments[-1] if arguments and last in self.containers else "")]


def split_at_equals(text: str) -> tuple[str, str]:
    """A type and a value at the first `=` outside of brackets."""
    at = 0
    while at < len(text):
        if text[at] in "([{" or (text[at] == "<" and past(text, at) < len(text)):
            at = past(text, at)
            continue
        if text[at] == "=" and text[at + 1 : at + 2] not in ("=", ">"):
            return text[:at].strip(), text[at + 1 :].strip()
        at += 1
    return text.strip().rstrip(";,"), ""
