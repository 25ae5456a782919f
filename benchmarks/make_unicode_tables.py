"""Write regex/unicode_tables.py and native/regex_words.h from the tables of a regex-syntax release.

    python benchmarks/make_unicode_tables.py path/to/regex-syntax-0.8.8

The pinned ripgrep matches with the Unicode version of the regex-syntax crate that it was built with; taking
the facts from that crate, rather than from a UCD of the same number, makes equality a matter of reading.
`cargo fetch` on ripgrep's sources, or `cargo install ripgrep`, leaves the crate in ~/.cargo/registry/src.
"""

from __future__ import annotations

import base64
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "leindex"
GROUPS = {  # our name of a property -> file of the crate
    "General_Category": "general_category",
    "Script": "script",
    "Script_Extensions": "script_extension",
    "Binary": "property_bool",
    "Age": "age",
    "Grapheme_Cluster_Break": "grapheme_cluster_break",
    "Sentence_Break": "sentence_break",
    "Word_Break": "word_break",
    "Perl": "perl_word",
}
CHAR = r"'(\\u\{[0-9a-fA-F]+\}|\\.|[^'\\])'"
ESCAPES = {"n": 10, "r": 13, "t": 9, "0": 0, "\\": 92, "'": 39, '"': 34}

HEADER = '''"""Facts of Unicode {version}, as the pinned ripgrep knows them. Written by
benchmarks/make_unicode_tables.py.

Each value of `RANGES` is one string of `name:data` words; data is the base64 (without padding) of LEB128
numbers: the gap from the last end to the next start, then the length of the range less one, alternately.
`FOLDS` holds runs of simple case folding as (start, count, stride, distance) numbers, a fold pairing
`start + i * stride` with the character at that distance. `NAMES` and `VALUES` are `alias=canonical` words.
Decoding is lazy and lives in `classes.py`: importing this file only maps a few long strings.
"""
# ruff: noqa: E501

from typing import Final

VERSION: Final = "{version}"
'''


def code_point(text: str) -> int:
    """The number of a Rust character literal's inside."""
    if text.startswith("\\u"):
        return int(text[3:-1], 16)
    return ESCAPES[text[1]] if text.startswith("\\") else ord(text)


def leb128(numbers: Iterator[int]) -> str:
    """Numbers of 7 bits a byte, low first, in base64 without padding."""
    out = bytearray()
    for number in numbers:
        while number > 127:
            out.append(number & 127 | 128)
            number >>= 7
        out.append(number)
    return base64.b64encode(bytes(out)).decode().rstrip("=")


def gaps(ranges: list[tuple[int, int]]) -> Iterator[int]:
    last = 0
    for start, end in ranges:
        yield start - last
        yield end - start
        last = end


def range_tables(source: str) -> dict[str, list[tuple[int, int]]]:
    """The tables of one file of the crate, by canonical name."""
    consts = {}
    for name, body in re.findall(r"pub const (\w+): &'static \[\(char, char\)\] =\s*&\[(.*?)\];", source, re.S):
        pairs = re.findall(rf"\({CHAR},\s*{CHAR}\)", body)
        consts[name] = [(code_point(a), code_point(b)) for a, b in pairs]
    named = re.search(r"BY_NAME.*?=\s*&\[(.*?)\];", source, re.S)
    if named is None:
        return consts
    return {name: consts[const] for name, const in re.findall(r'\("([^"]+)",\s*(\w+)\)', named[1])}


def fold_pairs(source: str) -> list[tuple[int, int]]:
    """Pairs of code points that fold together, the lower first."""
    pairs = []
    for key, values in re.findall(rf"\({CHAR},\s*&\[(.*?)\]\)", source, re.S):
        first = code_point(key)
        pairs += [(first, other) for other in map(code_point, re.findall(CHAR, values)) if other > first]
    return sorted(pairs, key=lambda p: (p[1] - p[0], p[0]))


def fold_runs(pairs: list[tuple[int, int]]) -> Iterator[int]:
    """Pairs at one distance whose firsts are 1 or 2 apart form a run."""
    at = 0
    while at < len(pairs):
        first, distance = pairs[at][0], pairs[at][1] - pairs[at][0]
        best, best_stride = 1, 1
        for stride in (1, 2):
            count = 1
            while at + count < len(pairs) and pairs[at + count] == (
                first + count * stride,
                first + count * stride + distance,
            ):
                count += 1
            if count > best:
                best, best_stride = count, stride
        yield from (first, best, best_stride, distance)
        at += best


def c_table(version: str, ranges: list[tuple[int, int]]) -> str:
    """The characters of \\w beyond ASCII as a table in C, for looks at run time."""
    rows = ", ".join(f"{{0x{start:X}, 0x{end:X}}}" for start, end in ranges if start > 127)
    return (
        f"/* What \\w matches beyond ASCII, Unicode {version}.\n"
        " * Written by benchmarks/make_unicode_tables.py. */\n"
        "static const uint32_t WORD_RANGES[][2] = {\n"
        + textwrap.fill(rows, 110, initial_indent="    ", subsequent_indent="    ")
        + ",\n};\n"
    )


def aliases(body: str) -> str:
    return " ".join(f"{alias}={name}" for alias, name in re.findall(r'\("([^"]*)",\s*"([^"]*)"\)', body))


def main(crate: Path) -> None:
    folder = crate / "src" / "unicode_tables"
    read = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.rs")}
    version = re.search(r"Unicode version: ([\d.]+\d)\.", read["perl_word"])
    assert version is not None, "this is not a regex-syntax crate"
    lines = [HEADER.format(version=version[1])]
    lines.append("RANGES: Final = {")
    for group, stem in GROUPS.items():
        words = [f"{name}:{leb128(gaps(table))}" for name, table in range_tables(read[stem]).items()]
        lines.append(f'    "{group}": "{" ".join(words)}",')
    lines.append("}")
    lines.append(f'FOLDS: Final = "{leb128(fold_runs(fold_pairs(read["case_folding_simple"])))}"')
    lines.append(f'NAMES: Final = "{aliases(read["property_names"])}"')
    lines.append("VALUES: Final = {")
    for name, body in re.findall(r'\(\s*"([A-Z]\w+)",\s*&\[(.*?)\],?\s*\)', read["property_values"], re.S):
        lines.append(f'    "{name}": "{aliases(body)}",')
    lines.append("}")
    (PACKAGE / "query" / "unicode_tables.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = range_tables(read["perl_word"])["PERL_WORD"]
    (PACKAGE / "native" / "regex_words.h").write_text(c_table(version[1], words), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
