"""Python: modules by dotted names, scopes of functions, properties, `super()`."""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence
from typing import ClassVar, Final

from ...linkage import Role
from ..program import Program
from ..source import Source
from .base import ENTERED, SHOWN, Binding, Import, Rules

_FROM: Final = re.compile(r"from\s+(\.*)\s*([\w.]*)\s+import\s+(.*)", re.S)
_ALIAS: Final = re.compile(r"([\w.]+|\*)(?:\s+as\s+(\w+))?")


class Python(Rules):
    """The rules of Python."""

    self_names: ClassVar = frozenset(("self",))
    class_names: ClassVar = frozenset(("cls",))
    family: ClassVar = frozenset(("python",))
    wrappers: ClassVar = frozenset(
        (
            "Optional",
            "Union",
            "Annotated",
            "Final",
            "ClassVar",
            "Awaitable",
            "Self",
            "Required",
            "NotRequired",
            "Coroutine",
            "ContextManager",
            "AbstractContextManager",
            "AsyncContextManager",
        )
    )
    containers: ClassVar = frozenset(
        (
            "list",
            "List",
            "Sequence",
            "Iterable",
            "Iterator",
            "tuple",
            "Tuple",
            "set",
            "Set",
            "dict",
            "Dict",
            "Mapping",
            "MutableMapping",
            "frozenset",
            "deque",
            "Deque",
            "Generator",
            "AsyncIterator",
            "AsyncGenerator",
            "AsyncIterable",
            "Collection",
            "OrderedDict",
            "defaultdict",
            "DefaultDict",
            "MutableSequence",
            "FrozenSet",
        )
    )
    properties: ClassVar = re.compile(r"@(?:[\w.]*\.)?(?:cached_)?property\b|@\w+\.(?:getter|setter)\b")
    builtins: ClassVar = frozenset(dir(builtins))
    common: ClassVar = frozenset(
        name
        for kind in (str, bytes, list, dict, set, tuple, int, float, frozenset, bytearray, BaseException)
        for name in dir(kind)
    ) | frozenset(
        [
            "read",
            "write",
            "close",
            "open",
            "readline",
            "readlines",
            "seek",
            "flush",
            "send",
            "recv",
            "connect",
            "group",
            "groups",
            "match",
            "search",
            "sub",
            "start",
            "run",
            "wait",
            "submit",
            "result",
            "cancel",
            "put",
            "acquire",
            "release",
            "next",
            "throw",
            "exists",
            "mkdir",
            "joinpath",
            "resolve",
        ]
    )

    def read_import(self, text: str, role: Role) -> Sequence[Import]:
        """`import a.b as c` binds a module, `from a import b` a member; `*` everything."""
        text = re.sub(r"#[^\n]*|\\\n", " ", text)
        match = _FROM.match(text)
        if match is not None:
            module = match[1] + match[2]
            return [Import(one[2] or one[1], module, one[1]) for one in _ALIAS.finditer(match[3].strip("() \n\t"))]
        return [Import(one[2] or one[1], one[1], "") for one in _ALIAS.finditer(text.partition("import")[2])]

    def files(self, program: Program, source: Source, module: str) -> list[str]:
        """By the packages that hold a file, or relative to the file."""
        dots = len(module) - len(module.lstrip("."))
        if dots:
            folder = source.path.rpartition("/")[0]
            for _ in range(dots - 1):
                folder = folder.rpartition("/")[0]
            base = "/".join([part for part in (folder, *module[dots:].split(".")) if part])
            return self._at(program, base)
        known = _modules(program).get(module, [])
        if len(known) > 1:
            known = sorted(known, key=lambda path: -_shared(path, source.path))[:1]
        if not known:  # a script's folder is searched first, and packages need no __init__.py
            folder = source.path.rpartition("/")[0]
            if (folder + "/" if folder else "") + "__init__.py" not in program.paths:
                known = self._at(program, (folder + "/" if folder else "") + module.replace(".", "/"))
            known = known or self._at(program, module.replace(".", "/"))
        return known

    @staticmethod
    def _at(program: Program, base: str) -> list[str]:
        for path in (f"{base}/__init__.py" if base else "__init__.py", f"{base}.py", f"{base}.pyi"):
            if path in program.paths:
                return [path]
        return [base + "/"] if base in program.folders else []

    def is_missing(self, program: Program, source: Source, module: str) -> bool:
        """Whether its package is inside."""
        return module.startswith(".") or module.split(".")[0] in _modules(program)

    def submodule(self, program: Program, path: str, name: str) -> str | None:
        """A file or folder beside `__init__.py`."""
        if not path.endswith(("/__init__.py", "/")) and path != "__init__.py":
            return None
        found = self._at(program, f"{path.removesuffix('__init__.py').rstrip('/')}/{name}".lstrip("/"))
        return found[0] if found else None

    def bindings(self, text: str, role: Role, start: int) -> list[Binding]:
        """With `with x as y` besides."""
        match = re.match(r"(.*)\sas\s+([\w.]+)$", text[:SHOWN], re.S) if role is Role.ASSIGN else None
        if match is not None and "=" not in match[1].split("(")[0]:
            return [Binding(match[2], "", match[1], start, pick=ENTERED)]
        found = super().bindings(text, role, start)
        return [one._replace(value=_chosen(one.value)) for one in found]

    def assigns(self, text: str, name: str) -> bool:
        """Assignments of several names, loops, `as`, imports, comprehensions and lambdas."""
        n = re.escape(name)
        return (
            re.search(
                rf"^[ \t]*(?:[\w.*()\[\], \t]*[,(*] *)?{n}[ \t]*(?:,[\w.*()\[\], \t]*)?(?::[^=\n]*)?(?:=(?!=))"
                rf"|\bfor[ \t]+[\w, \t()*\n]*?\b{n}\b[\w, \t()*]*?\s+in\b|\bas\s+\(?{n}\b|\b{n}\s*:="
                rf"|^[ \t]*(?:from\s+\S+\s+)?import[ \t][^\n]*\b{n}\b(?!\s+as\b)|\blambda\b[^:\n]*\b{n}\b",
                text,
                re.M,
            )
            is not None
        )

    def types(self, text: str) -> list[tuple[str, str]]:
        """`Optional[X]`, `X | None`, `type[X]` and strings."""
        text = text.strip()
        if text[:2].lower() in ("r'", 'r"'):
            text = text[1:]
        if text.startswith(("Annotated[", "typing.Annotated[")):
            text = text.split("[", 1)[1].split(",")[0]
        return super().types(text)


def _chosen(value: str) -> str:
    """Of `a if b else c` and `a or b` the first."""
    for word in (" if ", " or "):
        if word in value and "\n" not in value and "(" not in value.split(word)[0]:
            value = value.split(word)[0]
    return value


def _shared(a: str, b: str) -> int:
    count = 0
    for left, right in zip(a.split("/"), b.split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count


def _modules(program: Program) -> dict[str, list[str]]:
    """The files of Python by their dotted names: from the folder that is no package itself, and its beginnings."""
    known = program.cache.get("python modules")
    if known is None:
        made: dict[str, list[str]] = {}
        for path, language in program.paths.items():
            if language != "python" or not path.endswith((".py", ".pyi")):
                continue
            stem = path.rsplit(".", 1)[0]
            parts = stem.split("/")
            names = [parts[-1]] if parts[-1] != "__init__" else []
            folder = parts[:-1]
            while folder and f"{'/'.join(folder)}/__init__.py" in program.paths:
                names.insert(0, folder.pop())
            if names:
                made.setdefault(".".join(names), []).append(path)
        known = program.cache["python modules"] = made
    return known  # type: ignore[return-value]
