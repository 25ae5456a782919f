"""What to type to install an extra: from a registry, from a checkout, uninstalled; and that nothing names another
vendor's distribution."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from leindex.install_hint import DISTRIBUTION, install_hint

ROOT = Path(__file__).resolve().parents[2]
OTHERS = re.compile(
    r"(?<![\w./-])leindex\[[a-z]|(?:pip|pipx|uv|uvx)\b[^\n]*\binstall [^\n]*(?<![\w./-])leindex(?![\w./-])"
)
"""`leindex` as the name of a distribution: with an extra, or as what is to be installed."""


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, *names: str, url: str = "") -> None:
    """Puts distributions with our package where importlib.metadata looks, and nothing else there."""
    for name in names:
        info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "top_level.txt").write_text("leindex\n")
        if url and name == names[-1]:
            (info / "direct_url.json").write_text(url)
    found = list(metadata.distributions(path=[str(folder)]))
    monkeypatch.setattr(
        metadata, "distributions", lambda **only: [each for each in found if only.get("name", each.name) == each.name]
    )


@pytest.mark.parametrize("names", [(), (DISTRIBUTION,), ("leindex",), ("leindex", DISTRIBUTION)], ids=str)
def test_from_a_registry_or_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    installed(tmp_path, monkeypatch, *names)
    assert install_hint("server") == 'pip install "leindex-search[server]"'
    assert install_hint() == "pip install leindex-search"


@pytest.mark.parametrize("editable", ["true", "false"])
@pytest.mark.parametrize(
    ("url", "command"),
    [
        ("file:///home/me/leindex", 'pip install "/home/me/leindex[server]"'),
        ("file:///home/me/my%20code", 'pip install "/home/me/my code[server]"'),
        ("file:///tmp/$HOME", "pip install '/tmp/$HOME[server]'"),
    ],
)
def test_from_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, editable: str, url: str, command: str
) -> None:
    installed(tmp_path, monkeypatch, DISTRIBUTION, url=f'{{"dir_info": {{"editable": {editable}}}, "url": "{url}"}}')
    assert install_hint("server") == command


def test_a_checkout_beside_another_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, "leindex", DISTRIBUTION, url='{"dir_info": {}, "url": "file:///src"}')
    assert install_hint("watch") == 'pip install "/src[watch]"' and install_hint() == "pip install /src"


def test_from_version_control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = '{"vcs_info": {"vcs": "git", "commit_id": "0"}, "url": "https://example.org/l.git"}'
    installed(tmp_path, monkeypatch, DISTRIBUTION, url=url)
    assert install_hint("sql") == 'pip install "leindex-search[sql] @ git+https://example.org/l.git"'


def test_metadata_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, DISTRIBUTION, url="{")
    assert install_hint("server") == 'pip install "leindex-search[server]"'


def test_what_names_another_distribution_is_seen() -> None:
    for text in (
        'pip install "leindex[server]"',
        "pip install leindex",
        '"leindex[watch]",',
        "uv tool install -q leindex",
    ):
        assert OTHERS.search(text), text
    for text in (
        'pip install "leindex-search[server]"',
        "pip install -q . && .venv/bin/leindex search",
        "leindex install",
    ):
        assert not OTHERS.search(text), text


def test_nothing_names_another_distribution() -> None:
    files = [*ROOT.glob("*.md"), ROOT / "pyproject.toml", *(ROOT / "docs").rglob("*.md")]
    for suffix in ("py", "html", "js"):
        files += (ROOT / "src").rglob(f"*.{suffix}")
    named = {str(path.relative_to(ROOT)): OTHERS.findall(path.read_text()) for path in files}
    assert len(named) > 100 and not {path: found for path, found in named.items() if found}


def test_the_metadata_names_ours() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    assert project["name"] == DISTRIBUTION and list(project["scripts"]) == ["leindex"]
    inner = {name for needed in extras.values() for name in needed if name.startswith("leindex")}
    assert inner and all(name.startswith(f"{DISTRIBUTION}[") for name in inner)
    for path in (ROOT / "src").rglob("*.py"):  # each extra that a message names is one
        assert set(re.findall(r"install_hint\(['\"](\w+)", path.read_text())) <= set(extras), path
