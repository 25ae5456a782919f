"""What to type to install an extra of leindex: made in one place, from what is really installed.

The distribution is called `leindex-search`, while the package and the command are `leindex`: another vendor's
distribution has that name. Only errors need this, so whoever raises one imports it there, and it imports in its turn
what reads the metadata.
"""

from __future__ import annotations

import json
import shlex
from typing import Any, Final

DISTRIBUTION: Final = "leindex-search"


def install_hint(extra: str = "") -> str:
    """The pip command that installs leindex with an extra, or without one.

    Where leindex came from a folder or a file (PEP 610's direct_url.json says so) or from version control, the command
    names that, and the distribution otherwise.

    >>> install_hint("server").startswith("pip install ")
    True
    """
    wanted = f"[{extra}]" if extra else ""
    url = _direct_url()
    address = str(url.get("url", ""))
    if address.startswith("file:"):
        return f"pip install {_quoted(_path(address) + wanted)}"
    if vcs := dict(url.get("vcs_info", {})).get("vcs"):
        return f"pip install {_quoted(f'{DISTRIBUTION}{wanted} @ {vcs}+{address}')}"
    return f"pip install {_quoted(DISTRIBUTION + wanted)}"


def _direct_url() -> dict[str, Any]:
    """What direct_url.json of the distribution with our package holds; empty where there is none."""
    from importlib import metadata

    # A checkout that was installed under another name is ours all the same. One name may stand there twice: building
    # in a checkout leaves metadata beside the source.
    names = sorted(metadata.packages_distributions().get("leindex", ()), key=lambda name: name != DISTRIBUTION)
    for distribution in (each for name in names for each in metadata.distributions(name=name)):
        try:
            found = json.loads(distribution.read_text("direct_url.json") or "{}")
        except ValueError:
            continue
        if isinstance(found, dict) and found:
            return found
    return {}


def _path(address: str) -> str:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    return url2pathname(urlsplit(address).path)


def _quoted(requirement: str) -> str:
    """For a shell: brackets are quoted, and what acts inside double quotes is put into single ones."""
    if shlex.quote(requirement) == requirement:
        return requirement
    return shlex.quote(requirement) if set(requirement) & set('"$`\\!') else f'"{requirement}"'
