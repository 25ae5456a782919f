"""Builds a tree of every odd thing that a file system holds: `python -m tests.indexing.odd_tree FOLDER`.

The tree is what the walk, the pipeline and the comparison with ripgrep are tested on. What needs rights
that the user does not have (device nodes) is left out.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

LONG_NAME = b"n" * 251 + b".txt"

FILES: dict[bytes, bytes] = {
    b"plain.txt": b"plain needle\n",
    b"empty.txt": b"",
    b"no newline at the end": b"needle",
    b"bom.txt": b"\xef\xbb\xbfneedle after a mark\n",
    b"utf16le.txt": b"\xff\xfe" + "needle in UTF-16 \u00e9\u4e2d\n".encode("utf-16-le"),
    b"utf16be.txt": b"\xfe\xff" + "needle in UTF-16 \u00e9\u4e2d\n".encode("utf-16-be"),
    b"utf16 cut.txt": b"\xff\xfe" + "needle".encode("utf-16-le") + b"x",
    b"utf16 nul.bin": b"\xff\xfe" + "needle\n\0\n".encode("utf-16-le"),
    b"latin1.txt": b"needle \xe9\xe8\n",
    b"nul early.bin": b"needle\n\0\n",
    b"nul at 65535.bin": b"needle\n".ljust(65535, b"\n") + b"\0",
    b"nul at 65536.txt": b"needle\n".ljust(65536, b"\n") + b"\0",
    b"one long line then nul.bin": b"needle".ljust(100_000, b"x") + b"\0\n",
    b"crlf.txt": b"needle\r\n",
    b"new\nline.txt": b"needle\n",
    b"carriage\rreturn": b"needle\n",
    b"tab\tand space .txt ": b"needle\n",
    b"bytes \xff\xfe\x80.txt": b"needle\n",
    b"caf\xc3\xa9.txt": b"needle\n",
    b"cafe\xcc\x81.txt": b"needle\n",
    b"back\\slash": b"needle\n",
    b"star*name": b"needle\n",
    b"[class]": b"needle\n",
    b"{a,b}": b"needle\n",
    b"!bang": b"needle\n",
    b"#hash": b"needle\n",
    b"-dash": b"needle\n",
    b"~tilde~": b"needle\n",
    b"..dots": b"needle\n",
    b"...": b"needle\n",
    b".hidden": b"needle\n",
    b".ends with dot.": b"needle\n",
    b".config/settings": b"needle\n",
    b".config/.deeper/more": b"needle\n",
    LONG_NAME: b"needle\n",
    b"order/foo/x": b"needle\n",
    b"order/foo-bar/x": b"needle\n",
    b"order/foo.c": b"needle\n",
    b"deep/" + b"d/" * 60 + b"leaf": b"needle\n",
    b"broken git/.git": b"this is no pointer to a repository\n",
    b"broken git/.gitignore": b"ignored\n",
    b"broken git/file": b"needle\n",
    b"broken git/ignored": b"needle\n",
    b"unclosed/.ignore": b"[abc\n{a\n\\\na**b\n[z-a]\nfine\n",
    b"unclosed/fine": b"needle\n",
    b"unclosed/[abc": b"needle\n",
    b"unclosed/ab": b"needle\n",
    b"not utf8 rules/.ignore": b"first\n\xff\xfe\nsecond\n",
    b"not utf8 rules/first": b"needle\n",
    b"not utf8 rules/second": b"needle\n",
    b"wide ranges/.ignore": "first\n[\u00e9-\u00e0]x\n[\u00e0-\u00e9]y\n[!\u00e0]z\n".encode(),
    b"wide ranges/first": b"needle\n",
    b"wide ranges/\xc3\xa9y": b"needle\n",
    b"wide ranges/\xa5y": b"needle\n",
    b"wide ranges/az": b"needle\n",
    b"bom rules/.ignore": b"\xef\xbb\xbffirst\r\nsecond \t\r\nthird\\ \n",
    b"bom rules/first": b"needle\n",
    b"bom rules/second": b"needle\n",
    b"bom rules/third ": b"needle\n",
    b"size/4 MiB exactly": b"needle\n".ljust(4 << 20, b"\n"),
    b"size/one more": b"needle\n".ljust((4 << 20) + 1, b"\n"),
    b"unreadable file": b"needle\n",
    b"unreadable folder/file": b"needle\n",
    b"unsearchable folder/file": b"needle\n",
    b"unsearchable folder/below/file": b"needle\n",
    b"linked rules/first": b"needle\n",
}

FOLDERS = (b"empty folder", b"folder named.txt", b"rules are a folder/.gitignore")

MODES: dict[bytes, int] = {b"unreadable file": 0, b"unreadable folder": 0o300, b"unsearchable folder": 0o600}

LINKS: dict[bytes, bytes] = {
    b"link to file": b"plain.txt",
    b"link to folder": b"order",
    b"link to itself": b"link to itself",
    b"link upwards": b"..",
    b"order/loop": b"../order",
    b"link dangling": b"nowhere",
    b"link outside": b"/etc",
    b"linked rules/.ignore": b"../bom rules/.ignore",
}


def build(root: Path) -> None:
    """Makes the tree in `root`."""
    base = os.fsencode(root)
    for folder in FOLDERS:
        os.makedirs(os.path.join(base, folder))
    for name, content in FILES.items():
        path = os.path.join(base, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
    for name, target in LINKS.items():
        os.symlink(target, os.path.join(base, name))
    (root / "hard link").hardlink_to(root / "plain.txt")
    os.mkfifo(root / "fifo")
    _bind_socket(root)
    if os.geteuid() == 0:
        os.mknod(root / "device", 0o020600, os.makedev(1, 3))
    for name, mode in MODES.items():
        os.chmod(os.path.join(base, name), mode)


def _bind_socket(root: Path) -> None:
    # A socket's path is limited to about 100 bytes, so it is bound from within the folder.
    here = os.getcwd()
    os.chdir(root)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
    finally:
        os.chdir(here)


def unlock(root: Path) -> None:
    """Gives back the rights that `build` took, so that the tree can be removed."""
    for name in MODES:
        os.chmod(os.path.join(os.fsencode(root), name), 0o700)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
