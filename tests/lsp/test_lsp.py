"""`leindex lsp` as an editor uses it: the process over stdio, asked by the client of pygls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.lsp.editor import Editor, editing
from tests.lsp.program import CASES, FILES, Case, column_of

Told = tuple[list[tuple[str, int, int]], list[tuple[str, int, int]]]


@pytest.fixture(scope="module")
def told(tree: Path, home: Path) -> Iterator[dict[Case, Told]]:
    """What one editor is told of all cases."""

    async def ask() -> dict[Case, Told]:
        found: dict[Case, Told] = {}
        async with editing(tree, home) as editor:
            for case in CASES:
                place = case.path, case.line, column_of(case.path, case.line, case.name, case.nth)
                found[case] = await editor.definition(*place), await editor.references(*place)
        return found

    yield asyncio.run(ask())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.path}:{case.line}:{case.name}")
def test_definition_and_references(case: Case, told: dict[Case, Told]) -> None:
    definition, references = told[case]
    assert [(path, line) for path, line, _ in definition] == [case.defined]
    assert {(path, line) for path, line, _ in references} == case.named


def test_columns_count_as_utf_16_does(told: dict[Case, Told]) -> None:
    put = next(case for case in CASES if case.name == "put")
    assert told[put][1] == [("shop/cart.py", 17, 9), ("shop/cart.py", 18, 17)]
    text = FILES["shop/cart.py"].split("\n")[17]
    assert text.index("put") == 15, "two characters before it are pairs"


def asked(tree: Path, home: Path, talk: Callable[[Editor], Awaitable[None]], *arguments: str) -> None:
    """Runs a talk with a server of its own."""

    async def run() -> None:
        async with editing(tree, home, *arguments) as editor:
            await asyncio.wait_for(talk(editor), 60)

    asyncio.run(run())


def test_symbols_hover_links_and_outline(tree: Path, home: Path) -> None:
    async def talk(editor: Editor) -> None:
        assert (await editor.symbols("dbl"))[0] == ("doubled", "shop/price.py", 13)
        assert (await editor.symbols("Cart.sum")) == [("sum", "shop/cart.py", 12)]
        assert {name for name, *_ in await editor.symbols("rngpsh")} == {"ring_push"}
        assert await editor.symbols("nothing_like_this") == []
        said = await editor.hover("shop/cart.py", 9, column_of("shop/cart.py", 9, "Price"))
        assert said == "```python\nclass Price:\n```\n\nWhat something costs.\n\nIn cents.\n\nshop/price.py:4"
        for path, line, name, comment in (
            ("shop/cart.py", 13, "add_up", "The sum of all prices.\nEmpty is nothing."),
            ("web/list.js", 6, "draw", "Draws an item."),
            ("c/use.c", 5, "ring_push", "Puts a value in."),
            ("queue/queue.go", 10, "Queue", "Queue keeps strings."),
            ("rust/pool.rs", 9, "Pool", "A pool of workers."),
            ("java/Bank.java", 4, "deposit", "Puts money in."),
            ("ruby/greet.rb", 6, "greet_all", "Says hello."),
        ):
            assert f"\n\n{comment}\n\n" in await editor.hover(path, line, column_of(path, line, name)), path
        assert await editor.hover("shop/cart.py", 3, 0) == ""
        outline = await editor.outline("shop/price.py")
        assert [one.name for one in outline] == ["Price", "total"]
        assert [one.name for one in outline[0].children or ()] == ["__init__", "doubled"]
        assert outline[0].selection_range.start == types.Position(3, 6)
        params = types.DocumentLinkParams(editor.document("c/use.c"))
        links = await editor.text_document_document_link_async(params)
        assert links is not None and [editor.path(str(link.target)) for link in links] == ["c/ring.h"]
        assert links[0].range == types.Range(types.Position(0, 10), types.Position(0, 16))
        assert await editor.definition("web/store.ts", 1, 30) == [("web/item.ts", 1, 0)]

    asked(tree, home, talk)


def test_call_hierarchy(tree: Path, home: Path) -> None:
    async def talk(editor: Editor) -> None:
        item = await editor.calls_of("shop/cart.py", 17, column_of("shop/cart.py", 17, "put"))
        assert (item.name, item.detail) == ("put", "shop/cart.py")
        incoming = await editor.call_hierarchy_incoming_calls_async(types.CallHierarchyIncomingCallsParams(item))
        assert [(one.from_.name, [span.start.line for span in one.from_ranges]) for one in incoming or ()] == [
            ("fill", [16, 17])
        ]
        item = await editor.calls_of("shop/cart.py", 16, column_of("shop/cart.py", 16, "fill"))
        outgoing = await editor.call_hierarchy_outgoing_calls_async(types.CallHierarchyOutgoingCallsParams(item))
        named = {(one.to.name, editor.path(one.to.uri)) for one in outgoing or ()}
        assert named >= {("put", "shop/cart.py"), ("sum", "shop/cart.py"), ("doubled", "shop/price.py")}

    asked(tree, home, talk)


def test_what_is_not_saved_counts(tree: Path, home: Path) -> None:
    async def talk(editor: Editor) -> None:
        editor.open("shop/cart.py", FILES["shop/cart.py"])
        editor.open("shop/fresh.py", "\x0cfrom shop.cart import fill, late\n# a\u2028b\nx = '𝄞𝄞'; fill(1)\nlate()\n")
        assert await editor.definition("shop/fresh.py", 3, 12) == [("shop/cart.py", 16, 4)]
        assert await editor.definition("shop/fresh.py", 4, 1) == []
        editor.type("shop/cart.py", (15, 0, 15, 0), "def late() -> None:\n    '''Comes last.'''\n\n\n")
        assert await editor.definition("shop/fresh.py", 3, 12) == [("shop/cart.py", 20, 4)]
        assert await editor.definition("shop/fresh.py", 4, 1) == [("shop/cart.py", 16, 4)]
        assert "Comes last." in await editor.hover("shop/fresh.py", 4, 1)
        assert await editor.symbols("late") == [("late", "shop/cart.py", 16)]
        assert ("fill", "shop/cart.py", 20) in (filled := await editor.symbols("fill"))
        assert ("fill", "shop/cart.py", 16) not in filled
        assert [one.name for one in await editor.outline("shop/cart.py")] == ["Cart", "late", "fill"]
        # Both characters outside of the basic plane go, and something comes behind them.
        editor.type("shop/fresh.py", (2, 5, 2, 9), "𝄞")
        editor.type("shop/fresh.py", (2, 10, 2, 10), "y = ")
        assert await editor.references("shop/cart.py", 20, 5) == [("shop/fresh.py", 1, 23), ("shop/fresh.py", 3, 14)]
        editor.close("shop/fresh.py")
        assert await editor.references("shop/cart.py", 20, 5) == []
        editor.close("shop/cart.py")
        assert await editor.symbols("late") == []

    asked(tree, home, talk)


def test_what_is_saved_is_seen(tree: Path, home: Path) -> None:
    async def talk(editor: Editor) -> None:
        assert await editor.symbols("saved_one") == []
        (tree / "later.py").write_text("def saved_one():\n    pass\n")
        try:
            for _ in range(100):
                if await editor.symbols("saved_one"):
                    break
                await asyncio.sleep(0.1)
            assert await editor.symbols("saved_one") == [("saved_one", "later.py", 1)]
        finally:
            (tree / "later.py").unlink()

    asked(tree, home, talk)


def test_a_request_is_cancelled(tree: Path, home: Path) -> None:
    async def talk(editor: Editor) -> None:
        place = editor.document("shop/cart.py"), types.Position(8, 25)
        params = types.ReferenceParams(types.ReferenceContext(False), *place)
        asked = editor.protocol.send_request("textDocument/references", params, msg_id="mine")
        editor.cancel_request(types.CancelParams("mine"))
        with pytest.raises(JsonRpcException) as refused:
            await asyncio.wait_for(asyncio.wrap_future(asked), 20)
        assert refused.value.code == -32800
        assert await editor.definition("shop/cart.py", 13, 16) == [("shop/price.py", 19, 4)]

    asked(tree, home, talk)


def test_files_elsewhere_and_unknown_ones(tree: Path, home: Path, tmp_path: Path) -> None:
    async def talk(editor: Editor) -> None:
        for uri in ((tmp_path / "x.py").as_uri(), "untitled:one", "file:///%00", "http://[", editor.uri("../up.py")):
            document = types.TextDocumentIdentifier(uri)
            found = await editor.text_document_definition_async(types.DefinitionParams(document, types.Position(0, 0)))
            assert found == () or found == []
        assert await editor.definition("shop/absent.py", 1, 0) == []
        assert await editor.definition("shop/cart.py", 10_000, 10_000) == []
        with pytest.raises(JsonRpcException, match=r"absent\.py: is not in the index"):
            await editor.outline("shop/absent.py")

    asked(tree, home, talk)


def test_a_tree_that_is_hardly_meant_is_a_message(tmp_path: Path) -> None:
    """The user's home folder is not indexed unasked."""
    home = tmp_path / "user"
    home.mkdir()

    async def talk(editor: Editor) -> None:
        with pytest.raises(JsonRpcException, match="is not indexed") as refused:
            await editor.symbols("x")
        assert "Traceback" not in str(refused.value)
        assert refused.value.data is None
        assert len(editor.told) == 1 and editor.told[0].startswith("leindex: ")

    async def run() -> None:
        editor = Editor(home)
        editor.variables["HOME"] = str(home)
        await editor.start(tmp_path / "indexes")
        await talk(editor)
        assert await editor.end() == (0, "")

    asyncio.run(run())
