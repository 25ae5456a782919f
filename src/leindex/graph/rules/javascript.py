"""JavaScript, TypeScript and TSX: modules by relative paths, barrels, default exports, CommonJS, path aliases."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import ClassVar, Final

from ...linkage import Role
from ..expression import parts
from ..program import Program
from ..source import Source
from .base import SHOWN, STATEMENT, Binding, Import, Imports, Rules

_FROM: Final = re.compile(r"""\bfrom\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|require\(\s*['"]([^'"]+)['"]\s*\)""")
_REQUIRE: Final = re.compile(
    r"""(.*?)\s*=\s*(?:await\s+)?(?:require|import)\(\s*['"]([^'"]+)['"]\s*\)\s*(?:\.([\w$]+))?""", re.S
)
_ENDINGS: Final = ("", ".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte")
_INDEX: Final = tuple("/index" + ending for ending in _ENDINGS[1:])


class JavaScript(Rules):
    """The rules of JavaScript and its relatives."""

    self_names: ClassVar = frozenset(("this",))
    family: ClassVar = frozenset(("javascript", "typescript", "tsx"))
    default_exports: ClassVar = True
    wrappers: ClassVar = frozenset(
        ("Promise", "Readonly", "Partial", "Required", "NonNullable", "Awaited", "PromiseLike")
    )
    containers: ClassVar = frozenset(
        (
            "Array",
            "ReadonlyArray",
            "Set",
            "Map",
            "Iterable",
            "Iterator",
            "Generator",
            "AsyncGenerator",
            "AsyncIterable",
            "IterableIterator",
            "Record",
            "WeakMap",
            "WeakSet",
            "ReadonlyMap",
            "ReadonlySet",
        )
    )
    properties: ClassVar = re.compile(r"\b(?:get|set)\s+$|\b(?:get|set)\s+[#\w$]+$")
    builtins: ClassVar = frozenset(
        [
            "Array",
            "Object",
            "String",
            "Number",
            "Boolean",
            "Symbol",
            "BigInt",
            "Math",
            "JSON",
            "Date",
            "RegExp",
            "Error",
            "TypeError",
            "RangeError",
            "SyntaxError",
            "EvalError",
            "URIError",
            "ReferenceError",
            "AggregateError",
            "Promise",
            "Proxy",
            "Reflect",
            "Map",
            "Set",
            "WeakMap",
            "WeakSet",
            "WeakRef",
            "Intl",
            "console",
            "process",
            "Buffer",
            "globalThis",
            "window",
            "document",
            "navigator",
            "location",
            "history",
            "fetch",
            "setTimeout",
            "setInterval",
            "clearTimeout",
            "clearInterval",
            "setImmediate",
            "clearImmediate",
            "queueMicrotask",
            "requestAnimationFrame",
            "cancelAnimationFrame",
            "parseInt",
            "parseFloat",
            "isNaN",
            "isFinite",
            "encodeURIComponent",
            "decodeURIComponent",
            "encodeURI",
            "decodeURI",
            "escape",
            "unescape",
            "structuredClone",
            "atob",
            "btoa",
            "require",
            "module",
            "exports",
            "__dirname",
            "__filename",
            "Function",
            "ArrayBuffer",
            "SharedArrayBuffer",
            "DataView",
            "Uint8Array",
            "Int8Array",
            "Uint16Array",
            "Int16Array",
            "Uint32Array",
            "Int32Array",
            "Float32Array",
            "Float64Array",
            "URL",
            "URLSearchParams",
            "AbortController",
            "AbortSignal",
            "Event",
            "EventTarget",
            "CustomEvent",
            "Headers",
            "Request",
            "Response",
            "FormData",
            "Blob",
            "File",
            "FileReader",
            "TextEncoder",
            "TextDecoder",
            "ReadableStream",
            "WritableStream",
            "TransformStream",
            "WebSocket",
            "Worker",
            "MessageChannel",
            "performance",
            "crypto",
            "localStorage",
            "sessionStorage",
            "alert",
            "confirm",
            "prompt",
            "string",
            "number",
            "boolean",
            "any",
            "unknown",
            "never",
            "void",
            "object",
            "symbol",
            "bigint",
            "undefined",
            "null",
            "Partial",
            "Pick",
            "Omit",
            "Record",
            "Iterator",
            "eval",
            "import",
            "describe",
            "it",
            "test",
            "expect",
            "beforeEach",
            "afterEach",
            "beforeAll",
            "afterAll",
            "before",
            "after",
            "suite",
            "jest",
            "vi",
            "XMLHttpRequest",
            "Image",
        ]
    )
    common: ClassVar = frozenset()

    def imports(self, source: Source) -> Imports:
        """Statements of modules, and of CommonJS what is assigned to and from them."""
        found = super().imports(source)
        for start, end, _ in source.spans(Role.ASSIGN):
            raw = source.text[start : min(end, start + STATEMENT)]
            if b"require(" in raw or b"import(" in raw:
                match = _REQUIRE.match(raw.decode("utf-8", "replace"))
                if match is not None:
                    for one in _pattern(match[1], match[2], match[3] or ""):
                        found.add(one._replace(start=start))
            elif raw.startswith((b"module.exports", b"exports.")):
                for name, member in _assigned(raw.decode("utf-8", "replace")):
                    found.exports[name] = Import(name, "", member, start)
        return found

    def read_import(self, text: str, role: Role) -> Sequence[Import]:
        """The clauses of `import` and `export`."""
        match = _FROM.search(text)
        module = (match[1] or match[2] or match[3]) if match is not None else ""
        if role is Role.EXPORT:
            return _exports(text, module if match is not None and match[1] else "")
        clause = re.sub(
            r"^import\s+(?:type\s+(?!from\b))?", "", text[: match.start() if match is not None else None]
        ).strip()
        equals = re.match(r"([\w$]+)\s*=", clause)
        if equals is not None:
            return [Import(equals[1], module, "")]
        found: list[Import] = []
        for part in parts(clause):
            if part.startswith("{"):
                found += [Import(local, module, name) for name, local in _names(part)]
            elif star := re.match(r"\*\s+as\s+([\w$]+)", part):
                found.append(Import(star[1], module, ""))
            elif re.fullmatch(r"[\w$]+", part):
                found.append(Import(part, module, "default"))
        return found or [Import("", module, "")]

    def files(self, program: Program, source: Source, module: str) -> list[str]:
        """Relative to the file, by the aliases of tsconfig.json, or a package of the same repository."""
        folder = source.path.rpartition("/")[0]
        if module.startswith("."):
            return _at(program, _joined(folder, module))
        for prefix, base in _aliases(program):
            if module == prefix.rstrip("/") or (module.startswith(prefix) and prefix):
                found = _at(program, (base + module[len(prefix) :]).rstrip("/"))
                if found:
                    return found
        for name, base in _packages(program).items():
            if module == name or module.startswith(name + "/"):
                rest = module[len(name) :].lstrip("/")
                for inner in (
                    (rest, f"src/{rest}", f"lib/{rest}") if rest else ("src/index", "index", "lib/index", "src/main")
                ):
                    found = _at(program, f"{base}/{inner}".strip("/"))
                    if found:
                        return found
        return []

    def is_missing(self, program: Program, source: Source, module: str) -> bool:
        """A relative path that leads nowhere, perhaps to what a build makes."""
        return module.startswith(".")

    def bindings(self, text: str, role: Role, start: int) -> list[Binding]:
        """With the names that an object pattern takes out of a value."""
        if role is Role.ASSIGN and text.startswith("{"):
            match = re.match(r"(\{.*?\})\s*(?::[^=]+)?=\s*(.*)", text[:SHOWN], re.S)
            if match is None or "require(" in match[2]:
                return []
            value = match[2].strip()
            return [Binding(local, "", f"{value}.{name}", start) for name, local in _names(match[1])]
        found = super().bindings(text, role, start)
        if len(found) == 1 and "require(" in found[0].value:
            return []
        return [one._replace(value=re.sub(r"\s+as\s+(?:const|unknown)\b.*$|!$", "", one.value)) for one in found]

    def types(self, text: str) -> list[tuple[str, str]]:
        """`X | undefined`, `X[]`, `typeof x`, functions are none."""
        text = text.strip().lstrip(":").strip()
        if text.startswith(("asserts ", "{", "(", "keyof", "typeof")) or "=>" in text or re.match(r"[\w$]+ is ", text):
            return []
        return super().types(text.split("&")[0] if "&" in text else text)


def _names(clause: str) -> list[tuple[str, str]]:
    """The names in braces: what it is called there, and here."""
    found = []
    for part in parts(clause.strip().removeprefix("{").removesuffix("}")):
        match = re.match(r"(?:type\s+(?!as\b))?([\w$]+|'[^']*'|\"[^\"]*\")\s*(?:(?:\bas\b|:)\s*([\w$]+))?", part)
        if match is not None and not part.startswith("..."):
            found.append((match[1].strip("'\""), match[2] or match[1]))
    return found


def _pattern(left: str, module: str, member: str) -> list[Import]:
    left = left.strip()
    if left.startswith("{"):
        return [Import(local, module, name) for name, local in _names(left)]
    return [Import(left, module, member)] if re.fullmatch(r"[\w$]+", left) else []


def _assigned(text: str) -> list[tuple[str, str]]:
    match = re.match(r"(?:module\.)?exports(?:\.([\w$]+))?\s*=\s*(.*)", text, re.S)
    if match is None:
        return []
    value = match[2].strip().rstrip(";")
    chained = re.match(r"(?:module\.)?exports(?:\.[\w$]+)?\s*=\s*(.*)", value, re.S)
    value = chained[1].strip() if chained is not None else value
    name = re.match(r"(?:new\s+)?([\w$]+)", value)
    if match[1]:
        return [(match[1], name[1])] if name is not None and name[0] == value else []
    if value.startswith("{"):
        return _names(value)
    return [("default", name[1])] if name is not None else []


def _exports(text: str, module: str) -> list[Import]:
    if star := re.match(r"export\s+(?:type\s+)?\*\s*(?:as\s+([\w$]+))?", text):
        return [Import(star[1], module, "")] if star[1] else [Import("*", module, "*")]
    if default := re.match(
        r"export\s+default\s+(?:async\s+)?(?:abstract\s+)?(?:(?:function\s*\*?|class|interface)\s+)?([\w$]+)", text
    ):
        name = default[1]
        return [Import("default", "", name)] if name not in ("function", "class", "new", "async", "await") else []
    clause = re.search(r"\{.*?\}", text, re.S)
    if clause is None:
        return []
    return [Import(local, module, name) for name, local in _names(clause[0])]


def _joined(folder: str, relative: str) -> str:
    steps = folder.split("/") if folder else []
    for part in relative.split("/"):
        if part == ".." and steps:
            steps.pop()
        elif part not in ("", ".", ".."):
            steps.append(part)
    return "/".join(steps)


def _at(program: Program, base: str) -> list[str]:
    """The file that a path without its ending means."""
    known = program.paths
    stem = re.sub(r"\.(?:m|c)?jsx?$", "", base)
    for candidate in (base, stem) if stem != base else (base,):
        for ending in (*_ENDINGS, *_INDEX):
            path = candidate + ending
            if path in known and known[path] in JavaScript.family:
                return [path]
    for ending in _INDEX:
        if base == "" and ending[1:] in known:
            return [ending[1:]]
    return []


def _texts(program: Program, name: str) -> list[tuple[str, str]]:
    """The folders of files of a name, with their texts."""
    found = []
    for path in program.by_name.get(name, ())[:200]:
        source = program.get(path)
        if source is not None and "node_modules/" not in path:
            found.append((path.rpartition("/")[0], source.string(0, 100_000)))
    return found


def _packages(program: Program) -> dict[str, str]:
    """The packages of the repository: name and folder."""
    known = program.cache.get("packages")
    if known is None:
        made: dict[str, str] = {}
        for folder, text in _texts(program, "package.json"):
            match = re.search(r'^\s*"name"\s*:\s*"([^"]+)"', text, re.M)
            if match is not None:
                made.setdefault(match[1], folder)
        known = program.cache["packages"] = made
    return known  # type: ignore[return-value]


def _aliases(program: Program) -> list[tuple[str, str]]:
    """What tsconfig.json and jsconfig.json say of paths: the beginning of a module, and of its path."""
    known = program.cache.get("aliases")
    if known is None:
        made: list[tuple[str, str]] = []
        for name in ("tsconfig.json", "jsconfig.json", "tsconfig.base.json"):
            for folder, text in _texts(program, name):
                try:
                    options = json.loads(
                        re.sub(r"//[^\n\"]*$|/\*.*?\*/|,(?=\s*[}\]])", "", text, flags=re.M | re.S)
                    ).get("compilerOptions", {})
                    base = _joined(folder, str(options.get("baseUrl", ".")))
                    for alias, places in options.get("paths", {}).items():
                        made += [
                            (
                                alias.rstrip("*"),
                                _joined(base, place.rstrip("*")) + ("/" if place.endswith("/*") else ""),
                            )
                            for place in places
                        ]
                    if "baseUrl" in options:
                        made.append(("", base + "/" if base else ""))
                except (ValueError, AttributeError, TypeError):
                    continue
        known = program.cache["aliases"] = made
    return known  # type: ignore[return-value]
