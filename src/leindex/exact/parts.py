"""The files that a grep covers, with their contents: of trees, and those that were named; in which order, and as what.

What is searched of a file is its content, from the index or from disk, or what a program makes of it (`programs.py`).
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..records import field, record, replace
from ..regex.literals import formula_of_regex
from ..storage.catalog import FileEntry, key_of
from ..storage.formula import And, Anything, Formula, Lit, Or, both, either
from ..views.select import BINARY, Content, Selection, Selector, Test
from .encoding.decode import NONE, keeps_ascii
from .order import Order
from .read_buffer import DECODED_BUFFER, Place
from .request import Binary, GrepRequest
from .stats import Stats
from .verify import Searcher

if TYPE_CHECKING:
    from .programs import Programs


@record(slots=True)
class Part:
    """One tree or a folder of it, and how its paths are shown: `prefix`, then the path without its first `strip`
    bytes."""

    selector: Selector
    prefix: bytes = b""
    strip: int = 0
    label: Callable[[int], bytes] | None = None
    """What stands before the path of a file, given the bits of the views that have it; where several are searched."""
    seen: Selection = field(default_factory=Selection)

    def shown(self, path: bytes, views: int = 0) -> bytes:
        """A path of the tree as it is printed; `views` has a bit for each view that has it."""
        label = b"" if self.label is None else self.label(views)
        return label + self.prefix + path[self.strip :]

    def on_disk(self, path: bytes) -> bytes:
        """Where a file of the tree is."""
        return path if self.selector.disk is None else os.path.join(os.fsencode(self.selector.disk), path)


@record(frozen=True)
class NamedFile:
    """A file that was asked for by its name: it is searched as it is on disk, indexed or not, as ripgrep does it.

    `read` gives its content when its turn comes, None where it cannot be read; `mappable` is false for a stream.
    """

    shown: bytes
    read: Callable[[], bytes | None]
    mappable: bool = True

    @cached_property
    def content(self) -> bytes | None:
        """What there is to search, read once."""
        return self.read()


@record(frozen=True)
class Reading:
    """In which order files are searched, and which as what a program makes of them."""

    order: Order = Order()
    programs: Programs | None = None


PLAIN: Final = Reading()


class _Chosen(NamedTuple):
    """A file in an order that is not that of paths: what it is sorted by, its part, and its entry unless it was
    named."""

    key: Any
    part: int
    entry: FileEntry | None


class Covered:
    """The files of one grep. `unsearched` are the figures of those that need no look."""

    def __init__(
        self, request: GrepRequest, searcher: Searcher, parts: Sequence[Part | NamedFile], reading: Reading
    ) -> None:
        self._request, self._searcher, self._parts, self._reading = request, searcher, parts, reading
        self.unsearched = Stats()
        self._part: Part | NamedFile | None = None
        self._streamed = False
        self._shown = b""
        self._asked = {(request.binary, request.mapped): request}

    def each(self) -> Iterator[tuple[Place, bytes, bytes | None]]:
        """Where each file is in the search, its path as it is shown, and its content; None for one that is known not to
        match."""
        for number, path, shown, content in self._in_order() if not self._reading.order.is_plain else self._by_parts():
            self._part = self._parts[number]
            self._streamed = self._is_output(shown) if isinstance(self._part, Part) else not self._part.mappable
            self._shown = shown
            yield (number, key_of(path)), shown, content

    def broken(self) -> bool:
        """Whether the file at hand is the output of a program that failed: ripgrep prints what it finds in it, and does
        not count it."""
        programs = self._reading.programs
        return programs is not None and self._shown in programs.broken

    def asked(self) -> GrepRequest:
        """The request as it is for the file at hand: ripgrep never gives up one that was named for a NUL byte, and maps
        no stream."""
        request = self._request
        gives_up = request.binary is Binary.QUIT and not isinstance(self._part, NamedFile)
        binary = request.binary if gives_up or request.binary is not Binary.QUIT else Binary.CONVERT
        how = binary, request.mapped and not self._streamed
        if how not in self._asked:
            self._asked[how] = replace(request, binary=how[0], mapped=how[1])
        return self._asked[how]

    def large_files(self) -> Iterator[tuple[Place, bytes]]:
        """The files that may enlarge ripgrep's buffer, in the order of paths; in others that is not followed."""
        for number, part in enumerate(self._parts) if self._reading.order.is_plain else ():
            if isinstance(part, NamedFile):
                if part.content is not None:
                    yield (number, b""), part.content
            else:
                for path, content in part.selector.large_files(DECODED_BUFFER):
                    yield (number, key_of(path)), content

    def _is_output(self, shown: bytes) -> bool:
        programs = self._reading.programs
        return programs is not None and programs.applies(shown)

    def _by_parts(self) -> Iterator[tuple[int, bytes, bytes, bytes | None]]:
        for number, part in enumerate(self._parts):
            if isinstance(part, NamedFile):
                if part.content is not None:
                    yield number, b"", part.shown, part.content
                continue
            programs = self._reading.programs
            found = self._contents(part) if programs is None else self._with_outputs(part, programs)
            for path, size, content, views in found:
                if content is None and self._request.keeps_stats:
                    self.unsearched.add(Stats(searches=1, bytes_searched=size))
                if content is not None or self._request.reports_unmatched:
                    yield number, path, part.shown(path, views), content

    def _contents(self, part: Part) -> Iterator[Content]:
        request = self._request
        formula = formula_of(request, self._searcher)
        if request.reports_unmatched or request.keeps_stats:
            # A file with a NUL byte is never reported as one without a match, so these have to be looked at.
            return part.selector.all_contents(either(formula, Lit(b"\0")), part.seen)
        names_only = request.first_match_settles
        decides = names_only and self._searcher.is_literal
        return part.selector.contents(
            formula, part.seen, test=self._test(), names_only=names_only, formula_decides=decides
        )

    def _test(self) -> Test | None:
        # With `--binary` a file may be worth a line of output though none of its lines is.
        request = self._request
        untested = request.selects_without_match or request.binary is Binary.CONVERT
        return None if untested else self._searcher.told

    def _with_outputs(self, part: Part, programs: Programs) -> Iterator[Content]:
        """The files of a part, those that a program is for as its output."""
        selector = part.selector

        def itself(path: bytes) -> bool:
            return not programs.applies(part.shown(path)) and (selector.accepts is None or selector.accepts(path))

        def outputs() -> Iterator[Content]:
            for entry in selector.listed():
                if programs.applies(part.shown(entry.path)):
                    output = programs.output(part.shown(entry.path))
                    if output is not None:
                        yield Content(entry.path, len(output), output)

        beside = selector.beside
        kept = None if beside is None else lambda: [p for p in beside() if not programs.applies(part.shown(p))]
        rest = replace(part, selector=replace(selector, accepts=itself, beside=kept))
        return heapq.merge(outputs(), self._contents(rest), key=lambda content: key_of(content.path))

    def _in_order(self) -> Iterator[tuple[int, bytes, bytes, bytes | None]]:
        order, chosen = self._reading.order, []
        for number, part in enumerate(self._parts):
            if isinstance(part, NamedFile):
                chosen.append(_Chosen(order.key(part.shown, part.shown), number, None))
                continue
            for entry in self._entries(part):
                key = order.key(part.on_disk(entry.path), part.shown(entry.path))
                chosen.append(_Chosen(key, number, entry))
        chosen.sort(key=lambda one: one.key, reverse=order.reverse)
        for (number, is_output), run in groupby(chosen, key=self._way):
            part = self._parts[number]
            if isinstance(part, NamedFile):
                if part.content is not None:
                    yield number, b"", part.shown, part.content
                continue
            entries = (one.entry for one in run if one.entry is not None)
            if is_output:
                found = self._outputs(part, entries)
            else:
                selects = self._request.reports_unmatched or self._request.keeps_stats
                found = part.selector.contents_of(entries, part.seen, test=None if selects else self._test())
            for path, _, content, views in found:
                yield number, path, part.shown(path, views), content

    def _way(self, one: _Chosen) -> tuple[int, bool]:
        """The part of a file, and whether it is searched as a program's output."""
        part = self._parts[one.part]
        shown = isinstance(part, Part) and one.entry is not None and part.shown(one.entry.path)
        return one.part, bool(shown) and self._is_output(shown or b"")

    def _outputs(self, part: Part, entries: Iterator[FileEntry]) -> Iterator[Content]:
        programs = self._reading.programs
        for entry in entries if programs is not None else ():
            output = programs.output(part.shown(entry.path)) if programs is not None else None
            if output is not None:
                yield Content(entry.path, len(output), output)

    def _entries(self, part: Part) -> Iterator[FileEntry]:
        """The files of a part that have to be looked at."""
        request, selector = self._request, part.selector
        formula = formula_of(request, self._searcher)
        if self._reading.programs is not None:
            known = {entry.path for entry in selector.entries(formula, part.seen)}
            for entry in selector.listed():
                if entry.path in known or self._is_output(part.shown(entry.path)):
                    yield entry
        elif request.reports_unmatched or request.keeps_stats:
            every = replace(selector, from_disk=selector.from_disk | {BINARY})
            yield from every.entries(Anything(), part.seen)
        else:
            yield from selector.entries(formula, part.seen)


def formula_of(request: GrepRequest, searcher: Searcher) -> Formula:
    """What a file must hold to be of interest, as far as an index of its bytes can tell."""
    if request.selects_without_match:
        return Anything()
    formula = formula_of_regex(searcher.matcher.tree)
    return formula if request.encoding is None else _of_encoded(formula, request.encoding)


def _of_encoded(formula: Formula, encoding: str) -> Formula:
    """What is left of a formula where the text is not what is indexed."""
    if encoding == NONE:
        return Anything()  # a file with a byte order mark is indexed as text
    return _of_ascii(formula) if keeps_ascii(encoding) else Anything()


def _of_ascii(formula: Formula) -> Formula:
    """The formula with its literals in ASCII alone: whatever else it asks for may be other bytes in the index."""
    match formula:
        case Lit(data):
            return formula if data.isascii() else Anything()
        case And(parts):
            return both(*map(_of_ascii, parts))
        case Or(parts):
            return either(*map(_of_ascii, parts))
        case _:
            return formula
