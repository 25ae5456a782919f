"""The trees that benchmarks run on, kept in a cache outside of the checkout.

    python benchmarks/corpus.py [--linux FOLDER] [--cache DIR]

The Linux source is Debian's package linux-source-6.1, fetched with apt, or a folder that is given. `without_large`
makes the variant that the comparison with codesearch uses: the same tree without files over 4 MB, by hard links where
the file system allows. `writable_copy` makes a copy whose files may be changed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from pathlib import Path

PACKAGE = "linux-source-6.1"
LARGE = 4 << 20


def default_cache() -> Path:
    """`$LEINDEX_BENCHMARKS`, or a folder in the user's cache."""
    if named := os.environ.get("LEINDEX_BENCHMARKS"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "leindex-benchmarks"


def linux(cache: Path, folder: Path | None = None) -> Path:
    """The Linux source: `folder` if it is given, else fetched into the cache the first time."""
    if folder is not None:
        return folder.resolve(strict=True)
    tree = cache / PACKAGE
    if not tree.is_dir():
        work = cache / "download"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        subprocess.run(["apt-get", "download", PACKAGE], cwd=work, check=True)
        subprocess.run(["dpkg-deb", "-x", str(next(work.glob("*.deb"))), "package"], cwd=work, check=True)
        archive = next((work / "package" / "usr" / "src").glob(f"{PACKAGE}.tar.*"))
        subprocess.run(["tar", "-xf", str(archive)], cwd=work, check=True)
        (work / PACKAGE).rename(tree)
        shutil.rmtree(work)
    return tree


def without_large(tree: Path, cache: Path, limit: int = LARGE) -> Path:
    """The tree without files over `limit` bytes, links left out; made in the cache the first time."""
    target = cache / f"{tree.name}-up-to-{limit >> 20}M"
    if not target.is_dir():
        _copy(tree, target, limit, hard_links=True)
    return target


def writable_copy(tree: Path, target: Path) -> Path:
    """A copy at `target`, made anew, whose files may be changed without touching the original."""
    shutil.rmtree(target, ignore_errors=True)
    _copy(tree, target, None, hard_links=False)
    return target


def _copy(tree: Path, target: Path, limit: int | None, *, hard_links: bool) -> None:
    making = target.with_name(target.name + ".making")
    shutil.rmtree(making, ignore_errors=True)
    for folder, folders, files in os.walk(tree):
        folders[:] = [name for name in folders if not os.path.islink(os.path.join(folder, name))]
        here = making / os.path.relpath(folder, tree)
        here.mkdir(parents=True)
        for name in files:
            source = os.path.join(folder, name)
            if os.path.islink(source) or (limit is not None and os.path.getsize(source) > limit):
                continue
            try:
                if not hard_links:
                    raise OSError
                os.link(source, here / name)
            except OSError:
                shutil.copy2(source, here / name)
    making.rename(target)


def add_options(parser: argparse.ArgumentParser) -> None:
    """`--linux` and `--cache`, which every benchmark has."""
    parser.add_argument("--linux", type=Path, metavar="FOLDER", help="the Linux source, if it is at hand")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where trees and indexes are kept")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_options(parser)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    tree = linux(options.cache, options.linux)
    print(tree)
    print(without_large(tree, options.cache))
