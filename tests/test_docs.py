"""The documents: links lead somewhere, and what they say of the command line is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leindex.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)(#[^)\s]*)?\)|!\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for match in LINK.finditer(page.read_text()):
        target = match[1] or match[3]
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_root_holds_the_documents_it_should() -> None:
    documents = {path.name for path in ROOT.iterdir() if path.suffix in (".md", ".txt")}
    assert documents == {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"}


def test_every_command_has_a_module() -> None:
    folder = ROOT / "src" / "leindex" / "cli"
    for command in COMMANDS:
        assert (folder / (COMMANDS[command][0].replace(".", "/") + ".py")).exists(), command


def test_the_readme_names_existing_commands() -> None:
    used = set(re.findall(r"^leindex (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert used and used <= set(COMMANDS)


def test_the_map_names_every_file_and_no_other() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    page = text[text.index("## Where things are") : text.index("## Dependencies")]
    named: set[str] = set()
    for part in page.split("\n| ")[1:]:
        if match := re.match(r"(\S+)/ \| \|\n", part):
            folder = "" if match[1] == "src/leindex" else match[1] + "/"
        named |= {folder + name for name in re.findall(r"`(\w+\.(?:py|c|h))`", part.split(" | ")[0])}
    source = ROOT / "src" / "leindex"
    files = {str(path.relative_to(source)) for kind in ("*.py", "*.c", "*.h") for path in source.rglob(kind)}
    assert named == {path for path in files if not path.endswith("__init__.py")}
