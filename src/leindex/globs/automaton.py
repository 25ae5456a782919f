"""Matching a glob in time linear in the path, for globs with many wildcards.

Python's `re` backtracks: `*a*a*a*a*a*a*b` against a name of 255 `a` would take it longer than anyone waits,
and ignore rules come with the trees that are indexed. Such globs run through this lazily built
deterministic automaton instead (Thompson's construction, subsets made when first needed); ordinary ones
keep `re`, which is faster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .tokens import Alternates, ByteClass, Token, Wild

_EVERY: Final = frozenset(range(256))
_NO_SLASH: Final = _EVERY - {ord("/")}
_SLASH: Final = frozenset(b"/")


class _Program:
    """Instructions: a set of bytes to consume, or a list of places to go on from; the end accepts."""

    def __init__(self) -> None:
        self.code: list[frozenset[int] | list[int]] = []

    def optional(self, members: frozenset[int], then: frozenset[int] | None) -> None:
        """`members` any number of times and then, if given, `then`; all of it may be missing."""
        start = len(self.code)
        if then is None:
            self.code += [[start + 1, start + 3], members, [start]]
        else:
            self.code += [[start + 1, start + 5], [start + 2, start + 4], members, [start + 1], then]

    def add(self, tokens: tuple[Token, ...]) -> None:
        for token in tokens:
            if isinstance(token, bytes):
                self.code += [frozenset((byte,)) for byte in token]
            elif isinstance(token, ByteClass):
                self.code.append(token.members)
            elif isinstance(token, Alternates):
                self.alternates(token)
            elif token is Wild.ANY:
                self.code.append(_NO_SLASH)
            elif token is Wild.STAR:
                self.optional(_NO_SLASH, None)
            else:
                if token is not Wild.PREFIX:
                    self.code.append(_SLASH)
                self.optional(_EVERY, None if token is Wild.SUFFIX else _SLASH)

    def alternates(self, token: Alternates) -> None:
        branches = [branch for branch in token.branches if branch]
        fork: list[int] = []
        ends: list[list[int]] = []
        if branches:
            self.code.append(fork)
        for branch in branches:
            fork.append(len(self.code))
            self.add(branch)
            end: list[int] = []
            self.code.append(end)
            ends.append(end)
        for end in ends:
            end.append(len(self.code))

    def reach(self, places: set[int]) -> frozenset[int]:
        """The places at which a byte is consumed, or the end, that these lead to."""
        seen: set[int] = set()
        todo = list(places)
        while todo:
            place = todo.pop()
            if place not in seen:
                seen.add(place)
                step = self.code[place] if place < len(self.code) else None
                if isinstance(step, list):
                    todo += step
        return frozenset(place for place in seen if place == len(self.code) or not isinstance(self.code[place], list))


def automaton(tokens: tuple[Token, ...]) -> Callable[[bytes], bool]:
    """A test whether a whole path matches the tokens."""
    program = _Program()
    program.add(tokens)
    code = program.code
    start = program.reach({0})
    known: dict[tuple[frozenset[int], int], frozenset[int]] = {}

    def fullmatch(path: bytes) -> bool:
        if len(known) > 10_000:
            known.clear()
        state = start
        for byte in path:
            following = known.get((state, byte))
            if following is None:
                steps = ((place, code[place]) for place in state if place < len(code))
                following = known[state, byte] = program.reach({place + 1 for place, step in steps if byte in step})
            state = following
        return len(code) in state

    return fullmatch
