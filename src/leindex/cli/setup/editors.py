"""`leindex install --editor`: the settings that make an editor start the language server, printed for the user to put
where they belong. An editor's settings are a program or a table of the user's own, so nothing is written into them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final

from ...errors import ConfigError
from ...records import record

LANGUAGES: Final = ("c", "cpp", "go", "java", "javascript", "python", "ruby", "rust", "typescript")
"""Languages of the examples, for editors that want them one by one."""


@record(frozen=True, slots=True)
class EditorSettings:
    """One editor: what it is called, where the settings go, and their text for a command."""

    title: str
    place: str
    text: Callable[[Sequence[str]], str]


def settings_of(name: str) -> EditorSettings:
    """The settings of an editor. Raises ConfigError for one that is not known."""
    found = EDITORS.get(name)
    if found is None:
        raise ConfigError(f"there are no settings for {name!r}; known are {', '.join(EDITORS)}")
    return found


def _quoted(command: Sequence[str]) -> list[str]:
    """The parts of the command as strings that JSON, TOML, Lua, Lisp and JavaScript all read alike."""
    return [json.dumps(part, ensure_ascii=False) for part in (*command, "lsp")]


def _neovim(command: Sequence[str]) -> str:
    return f"""\
-- leindex beside the other language servers, in every file that has a name.
local started = {{}}
local function root_of(file)
  local from = vim.fn.fnamemodify(file, ':p:h') .. ';'
  local git = vim.fn.finddir('.git', from)
  if git == '' then git = vim.fn.findfile('.git', from) end
  if git == '' then return vim.fn.getcwd() end
  return (vim.fn.fnamemodify(git, ':p'):gsub('/?%.git/?$', ''))
end
vim.api.nvim_create_autocmd('FileType', {{
  callback = function(event)
    local file = vim.api.nvim_buf_get_name(event.buf)
    if file == '' or vim.bo[event.buf].buftype ~= '' then return end
    local config = {{ name = 'leindex', cmd = {{ {", ".join(_quoted(command))} }}, root_dir = root_of(file) }}
    if vim.lsp.start then
      vim.lsp.start(config, {{ bufnr = event.buf }})
    else -- before Neovim 0.8
      local root = config.root_dir
      started[root] = started[root] or vim.lsp.start_client(config)
      vim.lsp.buf_attach_client(event.buf, started[root])
    end
  end,
}})
"""


def _helix(command: Sequence[str]) -> str:
    first, *rest = _quoted(command)
    languages = "\n".join(
        f'\n[[language]]\nname = "{name}"\nlanguage-servers = [{{ name = "leindex" }}]' for name in LANGUAGES
    )
    return f"""\
# leindex for some languages. To keep another server beside it, name that in the list too, the preferred one first.
[language-server.leindex]
command = {first}
args = [{", ".join(rest)}]
{languages}
"""


def _emacs(command: Sequence[str]) -> str:
    return f"""\
;; leindex in every programming mode, through eglot (Emacs 29 or later): M-x eglot starts it.
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '(prog-mode . ({" ".join(_quoted(command))}))))
"""


def _vscode(command: Sequence[str]) -> str:
    first, *rest = _quoted(command)
    return f"""\
// VS Code starts language servers from extensions only. This is one: save it as extension.js in a folder `leindex`
// below ~/.vscode/extensions, beside a package.json with
//   {{"name": "leindex", "publisher": "local", "version": "1.0.0", "engines": {{"vscode": "^1.82.0"}},
//    "main": "./extension.js", "activationEvents": ["onStartupFinished"]}}
// run `npm install vscode-languageclient` in that folder, and reload the window.
const {{ LanguageClient }} = require('vscode-languageclient/node');

let client;

exports.activate = () => {{
  const server = {{ command: {first}, args: [{", ".join(rest)}] }};
  client = new LanguageClient('leindex', 'leindex', server, {{ documentSelector: [{{ scheme: 'file' }}] }});
  return client.start();
}};

exports.deactivate = () => client && client.stop();
"""


def _zed(command: Sequence[str]) -> str:
    first, *rest = _quoted(command)
    return f"""\
// Zed starts the servers that it knows, and no others. Its Python server replaced by leindex, as an example; other
// languages go alike, by the names of their servers.
{{
  "languages": {{ "Python": {{ "language_servers": ["pyright", "!basedpyright", "!ruff"] }} }},
  "lsp": {{ "pyright": {{ "binary": {{ "path": {first}, "arguments": [{", ".join(rest)}] }} }} }}
}}
"""


EDITORS: Final = {
    "neovim": EditorSettings("Neovim", "~/.config/nvim/plugin/leindex.lua", _neovim),
    "vscode": EditorSettings("VS Code", "~/.vscode/extensions/leindex/extension.js", _vscode),
    "helix": EditorSettings("Helix", "~/.config/helix/languages.toml", _helix),
    "zed": EditorSettings("Zed", "~/.config/zed/settings.json", _zed),
    "emacs": EditorSettings("Emacs", "~/.emacs.d/init.el", _emacs),
}
"""The editors by their names on the command line."""
