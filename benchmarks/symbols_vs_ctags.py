"""How much of what universal-ctags finds does `extract` find?

    python benchmarks/symbols_vs_ctags.py FOLDER... [--languages python,go] [--sample 200] [--seed 1]

For every file in the folders whose language both know, ctags is run with that language forced, and each of
its tags of a kind that both know is looked for among our symbols: the same name, in the same file, on the
same line (a line more or less is forgiven: a definition of several lines has several lines that could be
meant). Recall is the share found. Set aside before counting, by rules that `set_aside` states one by one, are
tags that are no definitions outside of functions (locals and parameters) and tags that are plainly no names.
The other way round, `extra` counts our symbols that ctags lacks; many kinds are ours alone, so that is no
measure of error. `--sample` prints differences, drawn at random with the seed, with their source line, for
reading by hand: two fifths each of what we missed and of what was set aside, one fifth of what only we have.
Minified files (lines of more than 300 bytes on average) are left out.

Bias: ctags is not the truth. It is the widest-used reference, and its own errors count against us here.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from leindex.indexing.syntax.language import language_of
from leindex.indexing.syntax.symbols import SIZE_LIMIT, Symbol, extract

# Our language -> ctags' name for it, and its kinds that are no definitions to us, with the reason.
CTAGS: dict[str, tuple[str, str]] = {
    "python": ("Python", "namespace module unknown local"),  # imports
    "javascript": ("JavaScript", "property"),  # the keys of any object literal
    "typescript": ("TypeScript", "local parameter"),
    "tsx": ("TypeScript", "local parameter"),
    "go": ("Go", "anonMember unknown receiver"),  # embedded fields; names of other packages
    "rust": ("Rust", "implementation"),  # an `impl` block defines its members, not the type
    "java": ("Java", "local"),
    "c": ("C", "header local label"),
    "c++": ("C++", "header local label"),
    "c#": ("C#", "local"),
    "ruby": ("Ruby", "library describe context"),
    "php": ("PHP", "local alias"),  # `use X as Y`
    "kotlin": ("Kotlin", ""),
    "lua": ("Lua", ""),
    "elixir": ("Elixir", "implementation"),
    "haskell": ("Haskell", "module"),  # cut at its first dot
    "shell": ("Sh", "heredoc script"),  # `source x`
    "markdown": ("Markdown", ""),
    "css": ("CSS", ""),
    "html": ("HTML", "class stylesheet script"),  # uses of a class, of other files
    "json": ("JSON", ""),
    "makefile": ("Make", "makefile"),  # `include x`
    "perl": ("Perl", "label format"),
    "protobuf": ("Protobuf", ""),
    "r": ("R", "library source nameattr"),  # `library(x)`; names inside of vectors
    "sql": ("SQL", "label local"),
}


VARIABLES = frozenset(("variable", "constant", "field", "property", "member", "enumConstant", "local", "class"))
VARIABLES |= frozenset(("functionVar", "globalVar", "vector", "list", "dataframe"))
"""ctags kinds that are locals or parameters when they lie inside a function; `class` is its word for
JavaScript object literals as well."""
BODIES = frozenset(("function", "method", "constructor", "macro", "test", "property"))
"""Our kinds whose range is a body of code."""
CLAUSES = frozenset(("haskell", "elixir", "html"))
"""Languages in which we make one symbol of what ctags tags clause by clause, or where a heading ends."""
KEYWORDS = "deriving infixr infixl infix class instance where data type family newtype module import if else"
"""Words of a language that ctags takes for names."""


SIMPLE = frozenset(["css", "html", "json", "makefile", "protobuf", "r", "sql"])
"""Languages of whose files nothing is read over the limit of size."""


class Tag(NamedTuple):
    path: str
    name: str
    line: int
    kind: str


def files_of(folders: list[str]) -> Iterator[tuple[str, str]]:
    """Every file with a language that both know, and the language."""
    for folder in folders:
        for root, folders_in, names in os.walk(folder):
            folders_in.sort()
            for name in sorted(names):
                path = os.path.join(root, name)
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                with open(path, "rb") as file:
                    head = file.read(8192)
                language = language_of(os.fsencode(path), head)
                if language in SIMPLE and os.path.getsize(path) > SIZE_LIMIT:
                    continue
                if language in CTAGS and b"\0" not in head and len(head) < 300 * (head.count(b"\n") + 1):
                    yield language, path


def ctags_of(language: str, paths: list[str]) -> list[Tag]:
    """What ctags says, without its anonymous names."""
    forced, ignored = CTAGS[language]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("\n".join(paths))
        listing.flush()
        command = ["ctags", "--options=NONE", "-f", "-", "--output-format=json", "--fields=+nK", "--sort=no"]
        command += ["--extras=-{anonymous}", f"--language-force={forced}", "-L", listing.name]
        done = subprocess.run(command, capture_output=True, check=True)
    tags = []
    skipped = set(ignored.split())
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        tag = json.loads(line)
        if tag["_type"] == "tag" and tag["kind"] not in skipped and not tag["name"].startswith("__anon"):
            tags.append(Tag(tag["path"], tag["name"], tag["line"], tag["kind"]))
    return tags


def plain(name: str) -> str:
    """A name without what it is qualified by and without decoration, since the two tools differ there.

    ctags' Lua and Elixir names carry their module; its C# and PHP namespaces and ours are whole.
    """
    name = name.strip().strip("\"'`")
    for separator in ("::", "\\", ".", ":"):
        name = name.rsplit(separator, 1)[-1] or name
    return name.replace(" ", "").lstrip("$~@&*([\"'").rstrip(")]\"'") or name


class Score:
    """Counts of one language, and the differences."""

    def __init__(self) -> None:
        self.files = self.bytes = self.tags = self.symbols = self.found = 0
        self.seconds = self.ctags_seconds = 0.0
        self.missed: list[Tag] = []
        self.aside: list[Tag] = []
        self.extra: list[Tag] = []

    @property
    def recall(self) -> float:
        return self.found / self.tags if self.tags else 1.0


class Ours:
    """Our symbols of one file, ready for look-up by name and line."""

    def __init__(self, symbols: list[Symbol], language: str) -> None:
        self.symbols = symbols
        self.names = [s.name if language == "markdown" else plain(s.name) for s in symbols]
        self.at: set[tuple[str, int]] = set()
        self.on_line: dict[int, set[str]] = defaultdict(set)
        self.inside_body: set[int] = set()
        for name, s in zip(self.names, symbols, strict=True):
            self.at |= {(name, line) for line in (s.line - 1, s.line, s.line + 1, s.start_line)}
            self.on_line[s.line].add(s.name)
            if language in CLAUSES:
                self.at |= {(name, line) for line in range(s.start_line, s.end_line + 1)}
            if s.kind in BODIES:
                self.inside_body |= set(range(s.start_line, s.end_line + 1))


def set_aside(tag: Tag, language: str, ours: Ours, lines: list[str]) -> bool:
    """Whether a tag is not to be counted: each rule with its reason."""
    source = lines[tag.line - 1] if tag.line <= len(lines) else ""
    packed = source.replace(" ", "")
    if tag.kind in VARIABLES and tag.line in ours.inside_body:
        return True  # a local variable or a parameter
    if tag.name.startswith("<") or tag.name in KEYWORDS.split():
        return True  # `<lambda>`; a keyword taken for a name
    match language:
        case "javascript" | "typescript" | "tsx":
            if tag.kind == "alias":
                return f"type {tag.name}" not in source or "=" not in source + lines[min(tag.line, len(lines) - 1)]
            return tag.kind in VARIABLES and source[:1].isspace()  # an import; a local of a nameless function
        case "shell":
            return tag.name.endswith("=")  # `x=()`, an array taken for a function
        case "lua":  # the result of a call with a function in it; a computed name; an example in a comment
            return f"{tag.name}=function" not in packed or "]" in tag.name or packed.startswith("--")
        case "kotlin":  # a lambda's parameter taken for a method; a companion object without a name
            is_function = re.search(rf"\bfun\b.*\b{re.escape(tag.name)}`? *[(<]", source)
            return (tag.kind == "method" and not is_function) or (tag.name == "Companion" and "Companion" not in source)
        case "ruby":  # the setter of an accessor; a constant that is compared or a key of a hash
            return tag.name.endswith("=") or (tag.kind == "constant" and f"{tag.name} =" not in source)
        case "haskell":  # a splice such as `deriveJSON ...` taken for a function
            return tag.kind == "function" and "=" not in source and "::" not in source and "|" not in source
        case "elixir":  # an example in a documentation string; a name cut at an apostrophe
            return "\n".join(lines[: tag.line - 1]).count('"""') % 2 == 1 or "'" in source
        case "json":  # the elements of a list, which ctags names by their number
            return tag.name.isdigit() and f'"{tag.name}"' not in source
        case "makefile":  # the pattern in `$(OBJECTS): %.o: %.c`
            return tag.kind == "target" and "%" in tag.name and not source.startswith(tag.name)
        case "r":  # a local of a block, such as that of a test
            return tag.kind in VARIABLES and not source.startswith(tag.name)
        case "sql":  # `CREATE TABLE a (LIKE b)`
            return tag.name.upper() == "LIKE"
        case "c#":  # `where T : X` taken for a definition of T
            return "where " in source
    return False


def compare(tags: list[Tag], ours: dict[str, Ours], score: Score, language: str) -> None:
    theirs: dict[str, set[tuple[str, int]]] = defaultdict(set)
    sources: dict[str, list[str]] = {}
    for tag in sorted(set(tags)):
        name = tag.name.removesuffix(" {") if language == "markdown" else plain(tag.name)
        theirs[tag.path] |= {(name, tag.line - 1), (name, tag.line), (name, tag.line + 1)}
        if (name, tag.line) in ours[tag.path].at:
            score.tags += 1
            score.found += 1
            continue
        if tag.path not in sources:
            with open(tag.path, encoding="utf-8", errors="replace") as file:
                sources[tag.path] = file.read().split("\n")
        if set_aside(tag, language, ours[tag.path], sources[tag.path]):
            score.aside.append(tag)
            continue
        score.tags += 1
        packed = sources[tag.path][min(tag.line, len(sources[tag.path])) - 1].replace(" ", "")
        if any(
            re.search(rf"\b{re.escape(tag.name)}\([^)]*\b{re.escape(found)}\b", packed)
            for found in ours[tag.path].on_line[tag.line]
        ):
            score.found += 1  # `TEST(name) {`: ctags names the macro, we name what it defines
        else:
            score.missed.append(tag)
    for path, mine in ours.items():
        score.symbols += len(mine.symbols)
        for name, s in zip(mine.names, mine.symbols, strict=True):
            if (name, s.line) not in theirs[path]:
                score.extra.append(Tag(path, s.name, s.line, s.kind))


def measure(folders: list[str], languages: set[str] | None) -> dict[str, Score]:
    scores: dict[str, Score] = defaultdict(Score)
    paths: dict[str, list[str]] = defaultdict(list)
    for language, path in files_of(folders):
        if languages is None or language in languages:
            paths[language].append(path)
    for language, listed in sorted(paths.items()):
        score = scores[language]
        ours: dict[str, Ours] = {}
        for path in listed:
            with open(path, "rb") as file:
                content = file.read()
            score.files += 1
            score.bytes += len(content)
            began = time.perf_counter()
            symbols = extract(content, language)
            score.seconds += time.perf_counter() - began
            ours[path] = Ours(symbols, language)
        began = time.perf_counter()
        tags = ctags_of(language, listed)
        score.ctags_seconds = time.perf_counter() - began
        compare(tags, ours, score, language)
    return scores


def show_sample(scores: dict[str, Score], count: int, seed: int) -> None:
    chance = random.Random(seed)
    for which, share in (("missed", 2), ("aside", 2), ("extra", 1)):
        listed = [(lang, tag) for lang, score in sorted(scores.items()) for tag in getattr(score, which)]
        for language, tag in sorted(chance.sample(listed, min(count * share // 5, len(listed)))):
            with open(tag.path, encoding="utf-8", errors="replace") as file:
                lines = file.read().split("\n")
            source = lines[tag.line - 1].strip()[:110] if tag.line <= len(lines) else ""
            print(f"{which:6} {language:10} {tag.kind:12} {tag.name:28} {tag.path}:{tag.line}: {source}")


def show_table(scores: dict[str, Score]) -> None:
    heads = ("language", "files", "MB", "MB/s", "ctags MB/s", "tags", "aside", "recall", "ours", "extra")
    print("{:12}{:>7}{:>8}{:>8}{:>12}{:>9}{:>8}{:>9}{:>9}{:>8}".format(*heads))
    for language, s in scores.items():
        size = s.bytes / 1e6
        speed, ctags_speed = size / max(s.seconds, 1e-9), size / max(s.ctags_seconds, 1e-9)
        print(
            f"{language:12}{s.files:7}{size:8.2f}{speed:8.1f}{ctags_speed:12.1f}"
            f"{s.tags:9}{len(s.aside):8}{s.recall:9.2%}{s.symbols:9}{len(s.extra):8}"
        )
        missed = Counter(tag.kind for tag in s.missed).most_common(6)
        if missed:
            print("             missed: " + ", ".join(f"{kind} {n}" for kind, n in missed))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--languages", help="only these, separated by commas")
    parser.add_argument("--sample", type=int, default=0, help="print so many differences, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", help="write the counts to this file")
    options = parser.parse_args()
    chosen = set(options.languages.split(",")) if options.languages else None
    scores = measure(options.folders, chosen)
    show_table(scores)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            rows = {k: {"tags": s.tags, "found": s.found, "symbols": s.symbols} for k, s in scores.items()}
            json.dump(rows, file, indent=1)
    show_sample(scores, options.sample, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
