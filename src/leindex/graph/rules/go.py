"""Go: packages are folders, methods belong to a type of their folder, embedded fields lend theirs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, Final

from ...linkage import Role
from ..expression import parts
from ..program import Program
from ..source import Source
from .base import SHOWN, Binding, Import, Imports, Rules

_SPEC: Final = re.compile(r'(?:([\w.]+)\s+)?"([^"]+)"')
_LITERAL: Final = re.compile(r"&?\s*((?:\[\]|\*|map\[[^\]]*\])*[\w.]+(?:\[[^\]{}]*\])?)\s*\{")
_ASSERTED: Final = re.compile(r"\.\(([^()]+)\)$")
_MADE: Final = re.compile(r"(?:new|make)\(([^,]+?)(?:,.*)?\)$", re.S)


class Go(Rules):
    """The rules of Go."""

    self_names: ClassVar = frozenset()
    super_names: ClassVar = frozenset()
    typed: ClassVar = True
    spread: ClassVar = "folder"
    neighbours_see: ClassVar = "folder"
    family: ClassVar = frozenset(("go",))
    builtins: ClassVar = frozenset(
        [
            "append",
            "cap",
            "clear",
            "close",
            "complex",
            "copy",
            "delete",
            "imag",
            "len",
            "make",
            "max",
            "min",
            "new",
            "panic",
            "print",
            "println",
            "real",
            "recover",
            "bool",
            "byte",
            "complex64",
            "complex128",
            "error",
            "float32",
            "float64",
            "int",
            "int8",
            "int16",
            "int32",
            "int64",
            "rune",
            "string",
            "uint",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "uintptr",
            "any",
            "comparable",
            "func",
        ]
    )

    def imports(self, source: Source) -> Imports:
        """A package is called as its files call it, which the folder's name need not be."""
        return super().imports(source)

    def read_import(self, text: str, role: Role) -> Sequence[Import]:
        """One line of an import."""
        match = _SPEC.search(text)
        if match is None:
            return []
        if match[1] == ".":
            return [Import("*", match[2], "*")]
        last = [part for part in match[2].split("/") if not re.fullmatch(r"v\d+", part)][-1:] or [match[2]]
        name = match[1] or re.sub(r"\.v\d+$", "", last[0]).removeprefix("go-").removesuffix("-go").replace("-", "_")
        return [Import(name, match[2], "")]

    def files(self, program: Program, source: Source, module: str) -> list[str]:
        """The folder below the nearest module that has this path."""
        best = ""
        for name, folder in _modules(program):
            if module == name or module.startswith(name + "/"):
                path = "/".join(part for part in (folder, module[len(name) :].strip("/")) if part)
                if path in program.folders and len(path) >= len(best):
                    best = path + "/"
                elif path == "" and "" in program.folders:
                    best = best or "/"
        return [best] if best else []

    def is_missing(self, program: Program, source: Source, module: str) -> bool:
        """A path of one of the modules."""
        return any(module == name or module.startswith(name + "/") for name, _ in _modules(program))

    def bindings(self, text: str, role: Role, start: int) -> list[Binding]:
        """`a, b T`, `x, err := f()`, `var x T = v`, fields."""
        text = text[:SHOWN]
        if role is Role.LOOP:
            match = re.match(r"(?:([\w, ]+?)\s*:?=\s*)?range\s+(.*)", text, re.S)
            if match is None or not match[1]:
                return []
            names = [name.strip() for name in match[1].split(",")]
            value = match[2].split("{")[0].strip()
            return [Binding(names[1], "", value, start, True)] if len(names) > 1 else []
        if ":=" in text:
            left, _, right = text.partition(":=")
            return self._values([name.strip() for name in left.split(",")], right.strip(), start)
        match = re.match(r"((?:\w+\s*,\s*)*\w+)\s+(?!=)([^=`]+?)\s*(?:`.*)?(?:=\s*(.*))?$", text, re.S)
        if match is not None:
            return [Binding(name.strip(), match[2].strip(), "", start) for name in match[1].split(",")]
        left, equals, right = text.partition("=")
        return self._values([name.strip() for name in left.split(",")], right.strip(), start) if equals else []

    @staticmethod
    def _values(names: list[str], text: str, start: int) -> list[Binding]:
        values = parts(text) if len(names) > 1 else [text]
        found = []
        for place, name in enumerate(names):
            value = values[place] if place < len(values) and len(values) == len(names) else text
            kind = ""
            if (
                (match := _LITERAL.match(value))
                or (match := _MADE.match(value)) is not None
                or (match := _ASSERTED.search(value)) is not None
            ):
                kind = match[1]
            if kind in ("func", "struct", "interface"):
                kind, value = "", "?"
            pick = place if len(names) > 1 and len(values) == 1 else -1
            if pick > 0 and kind:
                kind, value = "", "?"
            found.append(Binding(name, kind, value, start, False, pick))
        return found

    def parameter_names(self, text: str) -> set[str]:
        """Every first word: those with a type are bound already."""
        return {match[0] for part in parts(text) if (match := re.match(r"\w+", part))}

    def assigns(self, text: str, name: str) -> bool:
        """Short declarations, also those of `if`, `for` and `switch`, and parameters of function literals."""
        n = re.escape(name)
        return (
            re.search(
                rf"(?<![\w.]){n}(?:\s*,\s*\w+)*\s*:=|\bvar\s+(?:\w+\s*,\s*)*{n}\b|\bfunc\s*\((?:[^)]*,)?\s*{n}\b(?:\s*,|\s+[\w*\[.])",
                text,
            )
            is not None
        )

    def types(self, text: str) -> list[tuple[str, str]]:
        """Pointers are what they point to; slices, maps and channels have elements."""
        text = (
            text.strip().lstrip("*& ").removeprefix("...")
            if not text.strip().startswith("...")
            else "[]" + text.strip()[3:]
        )
        if match := re.match(r"(?:\[[^\]]*\]|map\[[^\]]*\]|(?:<-\s*)?chan(?:<-)?\s+)(.+)", text, re.S):
            return [("[]", match[1])]
        if text.startswith(("func", "struct", "interface{")):
            return []
        return [(text.split("[")[0], "")] if re.match(r"[\w.]+", text) else []


def _modules(program: Program) -> list[tuple[str, str]]:
    """The modules of the repository: path and folder."""
    known = program.cache.get("go modules")
    if known is None:
        made: list[tuple[str, str]] = []
        for path in program.by_name.get("go.mod", ()):
            source = program.get(path)
            match = (
                re.search(r"^module\s+\"?([^\s\"]+)", source.string(0, 20_000), re.M) if source is not None else None
            )
            if match is not None:
                made.append((match[1], path.rpartition("/")[0]))
        known = program.cache["go modules"] = made
    return known  # type: ignore[return-value]
