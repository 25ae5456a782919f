"""Taking protections away: for each a named test fails. `python -m tests.faults.mutations [WORD...]` tries those whose
names hold a word, or all, in a copy of the sources, and prints a table.

A test is a pytest id, or `fuzz TARGET` for a fuzzing target with as many inputs as the suite gives it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .bench import ROOT
from .fuzz.run import inputs_of
from .fuzz.test_fuzz import MORE


@dataclass(frozen=True, slots=True)
class Mutation:
    """A protection: in which file below src/leindex a text is replaced by another, and the test that notices."""

    name: str
    file: str
    old: str
    new: str
    test: str


POWER: Final = "tests/faults/test_power.py"
PAGES: Final = "tests/storage/test_checked_pages.py"
CONTRACT: Final = "tests/storage/test_storage_contract.py"
BLOCKS: Final = "tests/storage/test_segment_blocks.py"
ARGUMENTS: Final = "tests/ranked/test_native_arguments.py"
DAMAGE: Final = "tests/storage/test_damage.py"

TABLE: Final = (
    Mutation(
        "sync of a commit",
        "storage/database.py",
        'pragma("synchronous", self.durability)',
        'pragma("synchronous", "off")',
        POWER,
    ),
    Mutation(
        "sync of the mark", "storage/integrity/log_mark.py", "            if sync:\n", "            if False:\n", POWER
    ),
    Mutation(
        "sync of a new file's folder",
        "storage/folder/private_folder.py",
        "        sync_folder(path.parent)\n",
        "",
        "tests/storage/test_new_folders.py",
    ),
    Mutation(
        "transaction of a batch",
        "storage/database.py",
        '("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")',
        '("SELECT 1", "SELECT 1", "SELECT 1")',
        POWER,
    ),
    Mutation(
        "tombstone of a document",
        "storage/sqlite_storage.py",
        '(("kv_store", "id"), ("word_tail"',
        '(("word_tail"',
        CONTRACT,
    ),
    Mutation(
        "checksum of a page",
        "native/pages/checked_vfs.c",
        "return page_checksum(page, (uint64_t)(offset / PAGE) + 1) == little(page + PAGE - RESERVED);",
        "(void)page, (void)offset;\n    return 1;",
        PAGES,
    ),
    Mutation(
        "page cut short",
        "native/pages/checked_vfs.c",
        "if (failed == SQLITE_IOERR_SHORT_READ && start)",
        "if (0)",
        PAGES,
    ),
    Mutation(
        "checksum of a page in the log",
        "native/pages/checked_vfs.c",
        "return sum[0] == wanted[0] && sum[1] == wanted[1] ? SQLITE_OK : SQLITE_IOERR_DATA;",
        "return SQLITE_OK;",
        PAGES,
    ),
    Mutation(
        "a file that claims to have no checksums",
        "storage/database.py",
        "elif version >= CHECKED_VERSION and not self._has_checksums(connection):",
        "elif False:",
        PAGES,
    ),
    Mutation(
        "checksum of the mark",
        "storage/integrity/log_mark.py",
        "_CHECK.unpack_from(data, _FORM.size)[0] != zlib.crc32(\n            data[: _FORM.size]\n        )",
        "False",
        PAGES,
    ),
    Mutation(
        "frames of the log that were promised",
        "storage/integrity/log_mark.py",
        "if frames < mark.frames else",
        "if False else",
        PAGES,
    ),
    Mutation(
        "salts of the log",
        "storage/integrity/log_mark.py",
        'return "its log is missing, damaged or of another index"',
        'return ""',
        PAGES,
    ),
    Mutation(
        "checksum of a small content",
        "storage/stored_value.py",
        'zlib.crc32(content).to_bytes(4, "little") != value[-4:]',
        "False",
        DAMAGE,
    ),
    Mutation(
        "checksum of a compressed content",
        "storage/stored_value.py",
        "ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True)",
        "ZstdCompressor(level=ZSTD_LEVEL)",
        DAMAGE,
    ),
    Mutation(
        "checksum of references",
        "linkage.py",
        "ZstdCompressor(level=1, write_checksum=True)",
        "ZstdCompressor(level=1)",
        "tests/graph",
    ),
    Mutation(
        "checksum of a block",
        "native/grams/segment_read.c",
        "n < 16 || segment_checksum(data + 4, n - 4) != read_u32(data)",
        "n < 16",
        BLOCKS,
    ),
    Mutation(
        "checksum of Tantivy's files",
        "storage/tantivy/checksums.py",
        "return bool(crc == wanted)",
        "return True",
        "tests/storage/test_tantivy_checksums.py",
    ),
    Mutation(
        "settings of Tantivy",
        "storage/tantivy/checksums.py",
        "self.of_settings() != self.settings",
        "False",
        "tests/storage/test_tantivy_checksums.py",
    ),
    Mutation("size of a block", "native/grams/segment_read.c", "n < 16 || segment", "segment", "fuzz blocks"),
    Mutation("documents of a block", "native/grams/segment_read.c", "c->documents > DOCUMENTS_MAX", "0", BLOCKS),
    Mutation(
        "end of a number",
        "native/grams/segment_read.c",
        "        if (*p >= end)\n            break;\n",
        "",
        "fuzz blocks",
    ),
    Mutation(
        "bytes of a list", "native/grams/segment_read.c", "body + payload > (size_t)(c->end - c->p)", "0", "fuzz blocks"
    ),
    Mutation("documents of a list", "native/grams/segment_read.c", "c->count > 1 && c->count > body * 8", "0", BLOCKS),
    Mutation(
        "a single document's number",
        "native/grams/segment_read.c",
        "c->single < c->documents ? 0 : -1",
        "0",
        BLOCKS,
    ),
    Mutation(
        "documents in a bitmap",
        "native/grams/segment_read.c",
        "                if (found == c->count)\n                    return -1;\n",
        "",
        "fuzz blocks",
    ),
    Mutation(
        "end of a list of gaps",
        "native/grams/segment_read.c",
        "            if (p >= end)\n                return -1;\n",
        "",
        "fuzz blocks",
    ),
    Mutation(
        "a document's number in a list",
        "native/grams/segment_read.c",
        "        if (document >= c->documents)\n            return -1;\n",
        "",
        BLOCKS,
    ),
    Mutation("payloads of keys", "native/grams/grams.c", " || (size_t)payload.len != n || keys.len % 4", "", ARGUMENTS),
    Mutation(
        "end of a definition's text",
        "native/passages/columns.c",
        "for (; json->at < json->end; json->at++) {\n        if (*json->at == '\\\\' && json->at + 1 < json->end)",
        "for (;; json->at++) {\n        if (*json->at == '\\\\')",
        "fuzz columns",
    ),
    Mutation(
        "end of a list of definitions",
        "native/passages/columns.c",
        "json->at == json->end || *json->at != wanted",
        "*json->at != wanted",
        "fuzz columns",
    ),
    Mutation(
        "end of a definition's number",
        "native/passages/columns.c",
        "json->at < json->end && *json->at >= '0'",
        "*json->at >= '0'",
        "fuzz columns",
    ),
    Mutation(
        "lines within the text",
        "native/regex/lines.c",
        "lines[i].start > lines[i].end || lines[i].end > (size_t)job->text.len",
        "0",
        "fuzz printed_lines",
    ),
    Mutation(
        "whole lines",
        "native/regex/lines.c",
        "room == SIZE_MAX || job->packed.len % (Py_ssize_t)sizeof(Line)",
        "room == SIZE_MAX",
        "fuzz printed_lines",
    ),
    Mutation(
        "rarities of terms",
        "native/passages/passages.c",
        "asked->scoring.groups[i] >= (size_t)rarities / sizeof(double)",
        "0",
        ARGUMENTS,
    ),
    Mutation(
        "worths of terms",
        "native/passages/passages.c",
        " || (size_t)worths != count * sizeof(double)",
        "",
        ARGUMENTS,
    ),
    Mutation(
        "payloads of a scored list",
        "native/rank/score.c",
        "table_size != 1024 || numbers_size != payloads_size * 4",
        "table_size != 1024",
        ARGUMENTS,
    ),
    Mutation("table of a scored list", "native/rank/score.c", "table_size != 1024 || ", "", ARGUMENTS),
    Mutation(
        "numbers of a scored list",
        "native/rank/score.c",
        "        if (number >= sums->size)\n            continue;\n",
        "",
        "fuzz scores",
    ),
    Mutation("paths in lower case", "native/rank/fuzzy.c", " || low_size != size", "", ARGUMENTS),
)


def tried(mutation: Mutation, copy: Path) -> str:
    """What became of the test without the protection: "fails", as it should, or "passes"."""
    path = copy / "src" / "leindex" / mutation.file
    text = path.read_text()
    assert text.count(mutation.old) == 1, f"{mutation.name}: {mutation.file} has {text.count(mutation.old)} such places"
    path.write_text(text.replace(mutation.old, mutation.new))
    try:
        if mutation.test.startswith("fuzz "):
            target = mutation.test.removeprefix("fuzz ")
            count = str(len(inputs_of(target)) + MORE)
            return _ran(copy, "-m", "tests.faults.fuzz", target, "--executions", count, "--seed", "1")
        if path.suffix == ".c":
            _build(copy)
        return _ran(copy, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", mutation.test)
    finally:
        path.write_text(text)
        for built in (ROOT / "src" / "leindex").glob("_native*.so"):
            shutil.copy2(built, copy / "src" / "leindex")


def _build(copy: Path) -> None:
    """Makes the extension of a copy anew, quickly rather than well."""
    module = tomllib.loads((copy / "pyproject.toml").read_text())["tool"]["setuptools"]["ext-modules"][0]
    include = [f"-I{copy / path}" for path in module["include-dirs"]] + [f"-I{sysconfig.get_path('include')}"]
    made = next((copy / "src" / "leindex").glob("_native*.so"))
    command = ["cc", "-shared", "-fPIC", "-O1", "-std=c11", *include, *module["sources"], "-o", str(made), "-lm"]
    subprocess.run(command, cwd=copy, check=True)


def _ran(copy: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": f"{copy / 'src'}{os.pathsep}{copy}"}
    ended = subprocess.run([sys.executable, *words], cwd=copy, env=environment, capture_output=True, check=False)
    return "fails" if ended.returncode else "passes"


def main() -> int:
    """Runs the command."""
    chosen = [m for m in TABLE if not sys.argv[1:] or any(word in m.name for word in sys.argv[1:])]
    missed = 0
    print("| without | in | test | outcome |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="leindex-mutations-") as folder:
        copy = Path(folder)
        for name in ("src", "tests"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, copy / name)
        for mutation in chosen:
            outcome = tried(mutation, copy)
            missed += outcome != "fails"
            print(f"| {mutation.name} | `{mutation.file}` | `{mutation.test}` | {outcome} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
