"""A long row of operations, each known by its number alone, and the state of a store after any of them.

Crash and power-cut tests run it in one place and check it in another: only a number has to travel.
"""

from __future__ import annotations

import random
from typing import TypeAlias

from leindex.models import DocumentItem
from leindex.storage.storage_interface import SearchInterface

State: TypeAlias = dict[str, str]

IDS = 150


def operation(k: int) -> list[DocumentItem] | list[str]:
    """The k-th operation, from 1: documents to write in one batch, or ids to delete."""
    chance = random.Random(k)
    if k % 5 == 0:
        return [f"d{chance.randrange(IDS)}" for _ in range(20)]
    filler = "some more text to fill a page or two " * chance.choice((0, 1, 4, 40))
    return [
        (f"d{chance.randrange(IDS)}", {"content": f"op_{k}_{i}_x {filler}"}) for i in range(chance.randrange(1, 40))
    ]


def perform(store: SearchInterface, k: int) -> None:
    """Runs the k-th operation; when it returns, the store has acknowledged it."""
    parts = operation(k)
    if isinstance(parts[0], str):
        store.delete_documents([part for part in parts if isinstance(part, str)])
    else:
        store.batch_write([part for part in parts if not isinstance(part, str)])


def state_after(k: int, before: State | None = None, done: int = 0) -> State:
    """What the store holds after operations 1 to k; `before` is the state after `done` of them."""
    state = dict(before or {})
    for n in range(done + 1, k + 1):
        for part in operation(n):
            if isinstance(part, str):
                state.pop(part, None)
            else:
                state[part[0]] = part[1]["content"]
    return state


def state_of(store: SearchInterface) -> State:
    """What the store really holds."""
    with store.snapshot():
        pairs = list(store.ids())
        contents = store.contents([number for number, _ in pairs])
        return {
            doc_id: content.decode()
            for (_, doc_id), content in zip(pairs, contents, strict=True)
            if content is not None
        }


def check_search(store: SearchInterface, state: State) -> None:
    """Every document of the state is found by its own word."""
    for doc_id, content in state.items():
        word = content.split()[0]
        assert [found for found, _ in store.search_content(word)] == [doc_id], word
