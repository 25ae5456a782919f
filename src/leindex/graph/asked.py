"""`Asked`: one question about the graph as it is carried along: the program, what is meant, the counts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ..errors import QueryError
from ..linkage import Role
from ..models import FileRow
from ..questions import GraphQuestion
from ..symbols.find import SymbolHit, hit_of
from ..symbols.heading import Text
from ..views.select import Selection
from ..views.view import View
from .answer import Counts, Edge, Grade, GraphAnswer, Group
from .program import Program
from .resolve import Resolution, Resolver
from .source import CALLABLES, REFERENCES, TYPES, Source, Use

SECONDS: Final = 20.0
"""How long edges are looked for before the answer is cut."""
ALIASES: Final = 3
"""How many times a name may be imported under another name before it is lost sight of."""
CONSTRUCTORS: Final = frozenset(("__init__", "__new__", "constructor", "new", "init", "initialize", "__construct"))


class _Holder:
    """Keeps the program of a generation."""

    def __init__(self, view: View) -> None:
        self._program = Program(view)

    def program(self, view: View) -> Program:
        self._program = self._program.now(view)
        return self._program


Node = tuple[str, int]
"""A definition: the path of its file, and its place in the file's symbols."""


class Asked:
    """One question, while it is answered."""

    def __init__(self, view: View, question: GraphQuestion) -> None:
        self.view, self.question = view, question
        self.program = view.resources.made(view, _Holder).program(view)
        self.resolver = Resolver(self.program)
        self.counts = Counts()
        self.languages = None if question.language is None else view.knowledge.languages(question.language)
        self.ends = time.monotonic() + SECONDS
        self.truncated = False
        self.notes: list[str] = []
        self._looked: set[str] = set()

    # -- what is asked for ------------------------------------------------------------------------------------------

    def nodes(self, name: str) -> list[Node]:
        """The definitions that a name means. Raises QueryError for one that means none."""
        path, colon, line = name.rpartition(":")
        if colon and line.isdigit() and not path.endswith(":"):
            found = self._at_line(path, int(line))
        else:
            container, _, last = name.replace("::", ".").replace("#", ".").rpartition(".")
            found = [
                (source.path, index)
                for source, index in self.program.definitions(last or name)
                if _within(source.symbols[index].container, container) and self._wanted(source, index)
            ]
        if not found:
            raise QueryError(
                f"there is no definition of {name}", text=name, advice="leindex symbols finds names by a part of them"
            )
        return self._without_prototypes(found)

    def _at_line(self, path: str, line: int) -> list[Node]:
        ending = [known for known in self.program.paths if known == path or known.endswith("/" + path)]
        found: list[Node] = []
        for known in ending[:5]:
            source = self.program.get(known)
            if source is None:
                continue
            if (index := _innermost(source, line)) is not None:
                found.append((known, index))
        return found

    def changed(self, base: str) -> list[Node]:
        """The innermost definitions with lines that differ from a revision, or beside which lines are gone. Raises
        QueryError for a base that is none."""
        found: list[Node] = []
        for change in self.view.changes_for("--diff").diff(base):
            path = change.path.decode("utf-8", "surrogateescape")
            source = self.program.get(path) if path in self.program.paths else None
            if source is None:
                continue
            for hunk in change.hunks:
                lines = range(hunk.new_start, hunk.new_start + max(len(hunk.new), 1))
                found += [(path, i) for line in lines if (i := _innermost(source, line)) is not None]
        wanted = [node for node in dict.fromkeys(found) if self._wanted(self.source(node), node[1])]
        if not wanted:
            self.notes.append(f"no definition has lines that differ from {base}")
        return self._without_prototypes(wanted)

    def _wanted(self, source: Source, index: int) -> bool:
        file, scope = self.question.file, self.question.scope or self.view.scope
        if file and not (source.path == file or source.path.endswith("/" + file)):
            return False
        if scope and not source.path.startswith(scope.rstrip("/") + "/"):
            return False
        return self.languages is None or source.language in self.languages

    def _without_prototypes(self, found: list[Node]) -> list[Node]:
        """In C a prototype is the same function as its definition."""
        bodies = [node for node in found if not self.resolver.is_declaration(*node)]
        named = {self.source(node).symbols[node[1]].name for node in bodies}
        return [n for n in found if n in bodies or self.source(n).symbols[n[1]].name not in named]

    def source(self, node: Node) -> Source:
        """The file of a definition."""
        source = self.program.get(node[0])
        assert source is not None, f"{node[0]} was there a moment ago"
        return source

    def over(self) -> bool:
        """Whether the time is up; then the answer is cut."""
        self.question.check()
        if time.monotonic() > self.ends:
            self.truncated = True
        return self.truncated

    # -- edges ------------------------------------------------------------------------------------------------------

    def names_of(self, node: Node) -> list[str]:
        """The names under which a definition is referred to: its own, its class's if it is a constructor."""
        source = self.source(node)
        symbol = source.symbols[node[1]]
        names = [symbol.name]
        if symbol.name in CONSTRUCTORS or symbol.kind == "constructor":
            names += [symbol.container.replace("::", ".").rpartition(".")[2]] if symbol.container else []
        return names

    def equals(self, node: Node) -> set[Node]:
        """The definitions that are the same for a reference: a constructor is called by its class."""
        source, same = self.source(node), {node}
        symbol = source.symbols[node[1]]
        if (symbol.name in CONSTRUCTORS or symbol.kind == "constructor") and (parent := source.parent(node[1])) >= 0:
            same.add((node[0], parent))
        if symbol.kind in TYPES:
            same |= {
                (node[0], index)
                for name in (*CONSTRUCTORS, symbol.name)
                for index in source.members.get((source.qualified(node[1]), name), ())
            }
        if self.resolver.declares_elsewhere(source, node[1]):
            same |= {
                (other.path, index)
                for other, index in self.program.definitions(symbol.name)
                if self.resolver.is_declaration(other.path, index)
            }
        return same

    def references_to(self, nodes: Sequence[Node], *, possible: bool) -> Iterator[tuple[Node, Source, Use, Resolution]]:
        """The references that mean one of some definitions of one name, each with the definition that it means.

        Sites that were looked at are counted, those that mean something else too.
        """
        same = {one: node for node in nodes for one in self.equals(node)}
        names = list(dict.fromkeys(name for node in nodes for name in self.names_of(node)))
        done: set[tuple[str, int]] = set()
        for _ in range(ALIASES):
            more: list[str] = []
            for source in self._candidates(names, nodes):
                if self.over():
                    return
                for alias in self._aliases(source, names, nodes):
                    if alias not in names and alias not in more:
                        more.append(alias)
                for use in source.uses_named([*names, *more]):
                    if (source.path, use.end) in done:
                        continue
                    done.add((source.path, use.end))
                    yield from self._meaning(source, use, same, possible)
            names = more
            if not names:
                break
        self.counts.files = len(self._looked)

    def _candidates(self, names: Iterable[str], nodes: Sequence[Node]) -> Iterator[Source]:
        seen: set[str] = set()
        for name in names:
            for row in self.program.rows_with(name):
                if row.name in seen or (self.languages is not None and row.language not in self.languages):
                    continue
                seen.add(row.name)
                self._looked.add(row.name)
                source = self.program.get(row.name)
                if source is not None:
                    yield source
        for path in self.resolver.default_importers(nodes) - seen:
            source = self.program.get(path)
            if source is not None:
                self._looked.add(path)
                yield source

    def _aliases(self, source: Source, names: Sequence[str], nodes: Sequence[Node]) -> list[str]:
        """Other names that a file imports one of the names under."""
        imports = self.resolver.imports(source)
        found = [
            one.name
            for bound in imports.named.values()
            for one in bound
            if one.member in names and one.name not in names
        ]
        found += [name for name, one in imports.exports.items() if one.member in names and name not in names]
        return found + self.resolver.default_names(source, nodes)

    def _meaning(
        self, source: Source, use: Use, same: dict[Node, Node], possible: bool
    ) -> Iterator[tuple[Node, Source, Use, Resolution]]:
        resolved = self.resolver.resolve(source, use)
        if use.role is Role.VALUE and resolved.grade not in (Grade.EXACT, Grade.LIKELY):
            return
        self.counts.sites += 1
        made = use.role is not Role.BASE  # a type that derives from another does not call its constructor there
        meant = list(dict.fromkeys(same[t] for t in resolved.targets if t in same and (made or same[t] == t)))
        if resolved.grade is Grade.UNRESOLVED:
            maybe = self.resolver.possible(source, use)
            meant = list(dict.fromkeys(same[target] for target in maybe.targets if target in same))
            if meant and maybe.grade is Grade.POSSIBLE:
                self.counts.add(Grade.POSSIBLE)
                if possible:
                    for node in meant:
                        yield node, source, use, maybe._replace(reason=f"{maybe.reason}; {resolved.reason}")
                return
        if meant or resolved.grade not in (Grade.EXACT, Grade.LIKELY):
            self.counts.add(resolved.grade)
        else:
            self.counts.elsewhere += 1
        for node in meant:
            yield node, source, use, resolved

    # -- values -----------------------------------------------------------------------------------------------------

    def hit(self, node: Node) -> SymbolHit | None:
        """A definition as answers show it; None for a file itself."""
        if node[1] < 0:
            return None
        source = self.source(node)
        row = FileRow(source.path.encode("utf-8", "surrogateescape"), 0, 0, 0, 0, 0, language=source.language)
        return hit_of(row, source.symbols[node[1]], Text(source.text))

    def edge(self, source: Source, use: Use, resolved: Resolution, *, to: Node | None, depth: int = 1) -> Edge:
        """A reference as answers show it."""
        line, column = source.place_of(use.end - len(use.name.encode("utf-8", "replace")))
        owner = self.holder(source, use)
        return Edge(
            path=source.path,
            line=line,
            column=column,
            text=source.line_text(line).strip(),
            kind=REFERENCES[use.role],
            name=" ".join(source.string(use.start, min(use.end, use.start + 120)).split()),
            grade=resolved.grade,
            reason=resolved.reason,
            source=self.hit((source.path, owner)),
            target=None if to is None else self.hit(to),
            depth=depth,
        )

    @staticmethod
    def holder(source: Source, use: Use) -> int:
        """The definition that a reference belongs to, or -1: a function or a type, not what is declared in it."""
        at = source.owner_of(use.start)
        while at >= 0 and source.symbols[at].kind not in CALLABLES | TYPES:
            at = source.parent(at)
        return at

    def answer(self, groups: Iterable[Group]) -> GraphAnswer:
        """What was found, with what was looked at for it."""
        if not self.program.ready:
            self.notes.append("references were not extracted yet; run: leindex index")
        unread = self.program.table.unread()
        if unread:
            self.notes.append(f"the references of {unread} files could not be read: too large, or too slow to parse")
        seen = Selection(pending=self.view.catalog.pending(), notes=tuple(dict.fromkeys(self.notes)))
        seen.candidates = seen.verified = len(self._looked)
        self.counts.files = len(self._looked)
        covered = self.view.completeness(seen, truncated=self.truncated, indexed_only=True)
        question = self.question
        return GraphAnswer(
            question.kind, question.name, tuple(groups), self.counts.as_json(), covered, tuple(self.notes)
        )

    def looked_at(self, source: Source) -> None:
        """Counts a file."""
        self._looked.add(source.path)
        self.counts.files = len(self._looked)


def _within(container: str, wanted: str) -> bool:
    qualified = container.replace("::", ".")
    return not wanted or qualified == wanted or qualified.endswith("." + wanted)


def _innermost(source: Source, line: int) -> int | None:
    """The place of the definition whose name stands in a line, or else of the last one that the line lies in."""
    around = [i for i, symbol in enumerate(source.symbols) if symbol.start_line <= line <= symbol.end_line]
    named = [i for i in around if source.symbols[i].line == line]
    return (named or around)[-1] if around else None
