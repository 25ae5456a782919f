"""The settings that `leindex install --editor neovim` prints, in a headless Neovim on a real tree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lsp.program import column_of
from tests.support.served import environment

pytestmark = pytest.mark.skipif(
    shutil.which("nvim") is None and not os.environ.get("LEINDEX_REQUIRE_PEERS"), reason="nvim is not installed"
)

SCRIPT = r"""
local out, found = {}, {}
local function ask(method, params)
  local all = vim.lsp.buf_request_sync(0, method, params, 30000) or {}
  for _, one in pairs(all) do
    if one.err then return { error = one.err.message } end
    return one.result
  end
end
local function here(line, column)
  return {
    textDocument = { uri = vim.uri_from_bufnr(0) },
    position = { line = line - 1, character = column },
    context = { includeDeclaration = false },
  }
end
local attached = vim.wait(30000, function()
  local clients = vim.lsp.get_clients and vim.lsp.get_clients({ bufnr = 0 }) or vim.lsp.buf_get_clients(0)
  for _, client in pairs(clients) do
    if client.name == 'leindex' and client.initialized ~= false then return true end
  end
  return false
end, 50)
out.attached = attached
out.definition = ask('textDocument/definition', here(PLACE))
out.references = ask('textDocument/references', here(PLACE))
out.hover = ask('textDocument/hover', here(PLACE))
out.symbols = ask('workspace/symbol', { query = 'dbl' })
vim.api.nvim_buf_set_lines(0, 0, 0, false, { '# 𝄞', '' })
out.moved = ask('textDocument/references', here(MOVED))
local file = io.open(vim.env.LEINDEX_ANSWERS, 'w')
file:write(vim.json and vim.json.encode(out) or vim.fn.json_encode(out))
file:close()
vim.cmd('qa!')
"""


def test_neovim_finds_its_way(tree: Path, home: Path, tmp_path: Path) -> None:
    env = {**environment(home), "LEINDEX_ANSWERS": str(tmp_path / "answers"), "HOME": str(tmp_path)}
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        env[variable] = str(tmp_path / variable)
    settings = subprocess.run(
        [sys.executable, "-m", "leindex", "install", "--editor", "neovim"], env=env, capture_output=True, text=True
    )
    assert settings.returncode == 0 and "plugin/leindex.lua" in settings.stderr
    (tmp_path / "init.lua").write_text(settings.stdout)
    column = column_of("shop/cart.py", 18, "put")
    script = SCRIPT.replace("PLACE", f"18, {column}").replace("MOVED", f"20, {column}")
    (tmp_path / "ask.lua").write_text(script)
    subprocess.run(["git", "init", "-q", str(tree)], check=True)
    ran = subprocess.run(
        ["nvim", "--headless", "-u", "init.lua", "-i", "NONE", str(tree / "shop/cart.py"), "-c", "luafile ask.lua"],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (tmp_path / "answers").exists(), ran.stdout + ran.stderr
    told = json.loads((tmp_path / "answers").read_text())
    assert told["attached"]

    def lines(found: list[dict[str, object]]) -> list[int]:
        ranges = [one.get("range") or one["targetSelectionRange"] for one in found]
        return [one["start"]["line"] + 1 for one in ranges]  # type: ignore[index]

    assert lines(told["definition"]) == [9]
    assert lines(told["references"]) == [17, 18]
    assert "def put(self, item: Price)" in told["hover"]["contents"]["value"]
    assert [one["name"] for one in told["symbols"]] == ["doubled"]
    assert lines(told["moved"]) == [19, 20]
