"""C: one name is one function across files, unless it is static; includes say what is near."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from ...linkage import Role
from ..program import Program
from ..source import Source
from .base import Choice, Import, Rules


class C(Rules):
    """The rules of C."""

    self_names: ClassVar = frozenset()
    super_names: ClassVar = frozenset()
    typed: ClassVar = True
    type_first: ClassVar = True
    neighbours_see: ClassVar = "program"
    declarations: ClassVar = True
    undefined_is_outside: ClassVar = True
    family: ClassVar = frozenset(("c", "c++"))

    def read_import(self, text: str, role: Role) -> Sequence[Import]:
        """An include makes all of a file visible; what is seen is decided by linkage, not by it."""
        match = re.search(r'["<]([^">]+)[">]', text)
        return [Import("", match[1], "")] if match is not None else []

    def files(self, program: Program, source: Source, module: str) -> list[str]:
        """Beside the file, else where a path ends so; of several the nearest."""
        folder = source.path.rpartition("/")[0]
        beside = f"{folder}/{module}" if folder else module
        if beside in program.paths:
            return [beside]
        name = module.rpartition("/")[2]
        ending = [path for path in program.by_name.get(name, ()) if path == module or path.endswith("/" + module)]
        ending.sort(key=lambda path: (-_shared(path, source.path), len(path)))
        return ending[:1]

    def visible(self, program: Program, source: Source, name: str, path: str) -> bool:
        """Everything that is not static; what is static only from the files that include it."""
        return True

    def chosen(self, program: Program, source: Source, found: list[tuple[Source, int]]) -> Choice:
        """No static ones of files that are not included; of several bodies those of files that the file includes, else
        the nearest, which the build decides and not the source."""
        included = {
            path for one in self.imports(source).named.get("", ()) for path in self.files(program, source, one.module)
        }
        seen = [
            (other, index)
            for other, index in found
            if other.path in included
            or other.symbols[index].visibility != "private"
            or not other.path.endswith((".c", ".cc", ".cpp"))
        ]
        near = [(other, index) for other, index in seen if other.path in included]
        files = {other.path for other, _ in seen}
        if near or len(files) < 2:
            return Choice(near or seen)
        most = max(_shared(path, source.path) for path in files)
        nearest = [(other, index) for other, index in seen if _shared(other.path, source.path) == most]
        return Choice(nearest, f"the nearest of {len(files)} files that define this name")


def _shared(a: str, b: str) -> int:
    """How many folders two paths have in common."""
    count = 0
    for left, right in zip(a.split("/")[:-1], b.split("/")[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count
