"""The native module built by clang with the address and undefined sanitizers and libFuzzer's coverage."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
COMPILE = [
    *("-O1", "-g1", "-std=c11", "-fPIC", "-fvisibility=hidden", "-fno-omit-frame-pointer"),
    *("-fsanitize=fuzzer-no-link,address,undefined", "-fno-sanitize-recover=all"),
]


def clang() -> str | None:
    """The compiler, or None where there is none with both runtimes."""
    found = shutil.which("clang")
    if found is None or not all(Path(runtime(name)).is_absolute() for name in (FUZZER, ADDRESS)):
        return None
    return found


FUZZER, ADDRESS = "fuzzer_no_main", "asan"


def runtime(name: str) -> str:
    """The path of one of clang's runtime libraries; only its file name where clang does not have it."""
    kind = "so" if name == ADDRESS else "a"
    file = f"libclang_rt.{name}-{os.uname().machine}.{kind}"
    asked = subprocess.run(["clang", f"-print-file-name={file}"], capture_output=True, text=True, check=True)
    return asked.stdout.strip()


def build(folder: Path | None = None) -> Path:
    """The shared object with `_native` and `_fuzz`, made in `folder` (one for all of this user's by default) unless
    it is there for these sources. Raises CalledProcessError where clang refuses."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    module = table["tool"]["setuptools"]["ext-modules"][0]
    sources = [ROOT / path for path in module["sources"]] + [HERE / "driver.c"]
    common = [" ".join(COMPILE).encode(), sys.version.encode()]
    common += [(ROOT / path).read_bytes() for path in sorted(module["depends"])]
    folder = folder or Path(tempfile.gettempdir()) / f"leindex-fuzz-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    include = [f"-I{ROOT / path}" for path in module["include-dirs"]] + [f"-I{sysconfig.get_path('include')}"]

    def compiled(source: Path) -> Path:
        made = folder / f"{_digest(*common, source.read_bytes())}.o"
        if not made.exists():
            fresh = made.with_suffix(f".{os.getpid()}.o")
            subprocess.run(["clang", *COMPILE, *include, "-c", source, "-o", fresh], check=True)
            fresh.rename(made)
        return made

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compiled, sources))
    linked = folder / f"{_digest(*(path.name.encode() for path in objects))}.so"
    if not linked.exists():
        fresh = linked.with_suffix(f".{os.getpid()}.so")
        link = ["-shared", "-Wl,-Bsymbolic", "-fsanitize=address,undefined", "-shared-libasan"]
        subprocess.run(["clang", *link, "-o", fresh, *objects, runtime(FUZZER), "-lstdc++", "-lm"], check=True)
        fresh.rename(linked)
    return linked


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]


def environment(native: bool) -> dict[str, str]:
    """The variables with which Python runs that object, or the sources alone."""
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    if not native:
        return paths
    return {
        **paths,
        "LD_PRELOAD": runtime(ADDRESS),
        "PYTHONMALLOC": "malloc",  # so that each object of Python has its own guarded piece
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1:quarantine_size_mb=8",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
