"""Every kind of definition has a kind in the protocol: an outline of any file reaches the editor."""

from __future__ import annotations

from leindex.indexing.syntax.grammars import KINDS
from leindex.lsp import shapes


def test_every_kind_has_one_in_the_protocol() -> None:
    assert set(KINDS) <= set(shapes._KINDS)
