"""Which language a file is in, and what a `lang:` filter may say."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leindex.errors import QueryError
from leindex.indexing.syntax.language import family, language_of, resolve_language
from leindex.indexing.syntax.language_table import ALIASES, EXTENSIONS, FILENAMES, INTERPRETERS


@pytest.mark.parametrize(
    ("path", "head", "language"),
    [
        (b"src/app.py", b"", "python"),
        (b"a.b/c.d/app.test.ts", b"", "typescript"),
        (b"web/App.tsx", b"", "tsx"),
        (b"lib/index.mjs", b"", "javascript"),
        (b"x.RS", b"", "rust"),
        (b"x.C", b"", "c++"),
        (b"x.c", b"", "c"),
        (b"boot.S", b"", "assembly"),
        (b"a/Makefile", b"", "makefile"),
        (b"a/Makefile.in", b"", "makefile"),
        (b"Dockerfile.dev", b"", "dockerfile"),
        (b"CMakeLists.txt", b"", "cmake"),
        (b"notes.txt", b"", "text"),
        (b"config.h.in", b"#define A 1\n", "c"),
        (b"arch/x86/Kconfig.debug", b"", "kconfig"),
        (b"bin/run", b"#!/bin/sh\n", "shell"),
        (b"bin/run", b"#!/usr/bin/env -S python3.11 -u\n", "python"),
        (b"bin/run", b"#! /usr/bin/env FOO=1 node\n", "javascript"),
        (b"bin/run", b"#!/usr/local/bin/ruby2.7\n", "ruby"),
        (b"bin/run", b"#!/usr/bin/env", None),
        (b"bin/run", b"#!", None),
        (b"bin/run", b"# -*- mode: python; tab-width: 4 -*-\n", "python"),
        (b"bin/run", b"# vim: set ft=ruby:\n", "ruby"),
        (b"data", b"\x00\x01", None),
        (b"", b"", None),
        (b".", b"", None),
        (b".bashrc", b"", "shell"),
        (b"dir.py/README", b"", "text"),
        (b"\xff\xfe.py", b"", "python"),
    ],
)
def test_language_of(path: bytes, head: bytes, language: str | None) -> None:
    assert language_of(path, head) == language


@pytest.mark.parametrize(
    ("head", "language"),
    [
        (b"", "c"),
        (b"struct class *class;\nint using;\n", "c"),
        (b"/* a class for things:\n * class Foo { }\n * std::string\n */\nint f(void);\n", "c"),
        (b'#ifdef __cplusplus\nextern "C" {\n#endif\n#include <stdio.h>\n', "c"),
        (b"#include <string>\n", "c++"),
        (b"namespace fmt {\n", "c++"),
        (b"class Foo : public Bar {\n", "c++"),
        (b"template <typename T>\nstruct X;\n", "c++"),
        (b"inline std::string f();\n", "c++"),
        (b"#import <Foundation/Foundation.h>\n", "objective-c"),
        (b"@interface Foo : NSObject\n", "objective-c"),
    ],
)
def test_a_header_is_what_its_content_says(head: bytes, language: str) -> None:
    assert language_of(b"include/x.h", head) == language


@pytest.mark.parametrize(
    ("path", "head", "language"),
    [
        (b"a.m", b"% comment\nfunction y = f(x)\n", "matlab"),
        (b"a.m", b"#import <X.h>\n@implementation A\n@end\n", "objective-c"),
        (b"a.pl", b":- module(a, []).\n", "prolog"),
        (b"a.pl", b"use strict;\n", "perl"),
        (b"a.ts", b"<?xml version='1.0'?>", "xml"),
        (b"a.ts", b"export const a = 1;\n", "typescript"),
        (b"a.v", b"Require Import List.\n", "coq"),
        (b"a.v", b"module a();\n", "verilog"),
        (b"a.d", b"main.o: main.c a.h\n", "makefile"),
        (b"a.d", b"module a;\n", "d"),
        (b"a.fs", b"#version 330\n", "glsl"),
    ],
)
def test_an_extension_of_two_languages(path: bytes, head: bytes, language: str) -> None:
    assert language_of(path, head) == language


@given(st.binary(max_size=40), st.binary(max_size=200))
def test_any_bytes_have_an_answer(path: bytes, head: bytes) -> None:
    assert language_of(path, head) in {None, *sorted({*EXTENSIONS, *FILENAMES})}


@pytest.mark.parametrize(
    ("value", "language"),
    [
        ("Python", "python"),
        ("py", "python"),
        (".rs", "rust"),
        ("golang", "go"),
        ("C++", "c++"),
        ("CPP", "c++"),
        ("c#", "c#"),
        ("csharp", "c#"),
        ("ts", "typescript"),
        ("tsx", "tsx"),
        ("c", "c"),
        ("h", "c"),
        ("bash", "shell"),
        ("Objective C", "objective-c"),
        ("visual basic", "visual basic"),
        ("make", "makefile"),
    ],
)
def test_resolve_language(value: str, language: str) -> None:
    assert resolve_language(value) == language


def test_every_name_resolves_to_itself() -> None:
    for language in sorted({*EXTENSIONS, *FILENAMES}):
        assert resolve_language(language) == language
        assert language in family(language)


def test_an_unknown_language_comes_with_advice() -> None:
    with pytest.raises(QueryError) as error:
        resolve_language("pyhton")
    assert error.value.advice == "did you mean python?"
    with pytest.raises(QueryError):
        resolve_language("")


def test_the_table_says_each_fact_once() -> None:
    extensions = [e for line in EXTENSIONS.values() for e in line.split()]
    assert len(extensions) == len(set(extensions))
    names = [n for line in FILENAMES.values() for n in line.split()]
    assert len(names) == len(set(names))
    assert set(ALIASES) | set(INTERPRETERS) <= {*EXTENSIONS, *FILENAMES}
    assert len({*EXTENSIONS, *FILENAMES}) >= 150


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, leindex.indexing.syntax.language; print('tree_sitter' in sys.modules, 'difflib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
