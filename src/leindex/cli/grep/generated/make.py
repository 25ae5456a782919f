"""`leindex grep --generate WHAT`."""

from __future__ import annotations

from . import man, shells
from .commands import commands


def generated(what: str) -> str:
    """The man page (`man`) or a shell's completions (`complete-bash` and the like) of leindex."""
    if what == "man":
        return man.page(commands())
    make = {
        "complete-bash": shells.bash,
        "complete-zsh": shells.zsh,
        "complete-fish": shells.fish,
        "complete-powershell": shells.powershell,
    }[what]
    return make(commands())
