"""Making a reply fit: shortened in stages, and what is left out is said.

A reply is a list of items (hits, files, lines) with something before and after. Each stage shows every item
with less in it; the first stage in which all items fit is taken. If even the last stage is too long, as many
items as fit are shown, and the reply says how to go on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from ..records import record
from ..service.answers import Answer

BYTES_PER_TOKEN: Final = 3.0
"""Code has 3 to 4 bytes in a token with the usual tokenizers; the lower figure keeps the promise."""

OVERHEAD_TOKENS: Final = 120
"""Set aside for what stands around the items."""


@record(frozen=True, slots=True)
class Stage:
    """One way to show an item: `shape` gives what is left of its data, `text` writes that; `said` describes
    it."""

    shape: Callable[[Answer], Answer]
    text: Callable[[Answer], str]
    said: str = ""


@record(frozen=True, slots=True)
class Fitted:
    """The items as they are shown: their data, their text, how many there are, and what was shortened."""

    items: list[Any]
    text: str
    shown: int
    said: str


def tokens(text: str) -> int:
    """About how many tokens a text has; rather too many than too few."""
    return int(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN) + 1


def fit(items: Sequence[Answer], stages: Sequence[Stage], max_tokens: int) -> Fitted:
    """The items in the first stage in which both their text and their JSON stay below the budget."""
    budget = max_tokens - OVERHEAD_TOKENS
    for stage in stages:
        shaped = [stage.shape(item) for item in items]
        texts = [stage.text(item) for item in shaped]
        if max(_tokens(texts), tokens(_json(shaped))) <= budget:
            return Fitted(shaped, "\n".join(texts), len(shaped), stage.said)
    # The last stage, as far as it fits; the variables are its.
    text_used = data_used = 0
    shown = 0
    for item, text in zip(shaped, texts, strict=True):
        text_used += tokens(text)
        data_used += tokens(_json(item))
        if max(text_used, data_used) > budget:
            break
        shown += 1
    shown = max(shown, 1)
    return Fitted(shaped[:shown], _cut("\n".join(texts[:shown]), budget), shown, stages[-1].said)


def _tokens(texts: Sequence[str]) -> int:
    return sum(map(tokens, texts))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _cut(text: str, budget: int) -> str:
    """A single item that is too long by itself is cut where the budget ends."""
    raw = text.encode("utf-8", "replace")
    most = int(budget * BYTES_PER_TOKEN)
    return text if len(raw) <= most else raw[:most].decode("utf-8", "ignore") + "…"
