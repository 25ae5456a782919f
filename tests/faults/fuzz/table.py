"""The targets, as data: what each tries, where it is, and what words help its fuzzer."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

REGEX_WORDS = (
    r"\b \B \b{start} \b{end-half} \w \W \d \s \p{Greek} \p{Lu} \A \z (?i) (?i: (?-u) (?x) (?m) (?s) (?U) (?R) (?: "
    r"(?P<a> [[:alpha:]] [^ && -- ~~ {2,} {1,3} *? +? ?? | ^ $ . * + ? ( ) [ ] é ſ \x{212a} \xff"
)
QUERY_WORDS = (
    'AND OR NOT ( ) - " / \\ file: path: lang: repo: branch: sym: kind: case:yes case:auto type:file type:symbol '
    "count: regex: content: count:all in:diff in:diff-removed base:HEAD~1 changed:<2d since:main author:a foo"
)
GREP_WORDS = (
    "-e -f -i -S -s -w -x -v -c -l -n -o -r -A1 -B1 -C1 -U -P -F -g -t -T -m1 -j2 -- --json --files --glob= --type=c "
    "--color= --colors=match:fg:red --max-count= --max-filesize=1M --context-separator= --replace=$1 --sort=path "
    "--no-config --crlf --null-data --encoding= --passthru --multiline --engine= --regexp= --hidden -uu"
)
C_WORDS = (
    "struct union enum typedef static extern { } ( ) [ ] ; , = : * \" ' # /* */ // \\\n #if #else #endif #define "
    "__attribute__((x)) DEFINE_MUTEX(x) EXPORT_SYMBOL(x) (*x)(int) int"
)
GLOB_WORDS = "** * ? [ ] [! [^ { } , \\ / **/ /** /**/ ! #"
HTTP_WORDS = (
    "GET POST / HTTP/1.1 HTTP/1.0 Host: localhost:8000 Origin: Content-Length: Transfer-Encoding: chunked Connection: "
    "close Cookie: Authorization: Bearer \r\n \r\n\r\n ?token= %00 %2e%2e"
)
MCP_WORDS = (
    '{"jsonrpc":"2.0", "id": "method": "params": {} [] null "initialize" "tools/list" "tools/call" "ping" "\\ud800" '
    '"name": "arguments": 1e999 "notifications/initialized"'
)


@dataclass(frozen=True)
class Target:
    """One target. `place` is module and function; `words` go into the fuzzer's dictionary, `size` is the most bytes of
    an input, `seconds` the most processor time; `native` ones run with the sanitizers, the others under atheris."""

    place: str
    words: str = ""
    size: int = 512
    native: bool = True
    seconds: float = 1.0

    def function(self) -> Callable[[bytes], None]:
        """The function that tries the bytes of an input; what it raises is a finding."""
        module, _, name = self.place.partition(":")
        found: Callable[[bytes], None] = getattr(importlib.import_module(f".{module}", __package__), name)
        return found


TARGETS = {
    "blocks": Target("segment_targets:blocks"),
    "segments": Target("segment_targets:segments", "Aa aA \xff \n"),
    "payloads": Target("segment_targets:payloads"),
    "gram_words": Target("segment_targets:gram_words_of"),
    "number_runs": Target("segment_targets:number_runs"),
    "regex": Target("regex_targets:regex", REGEX_WORDS, 256),
    # Programs of up to 100 MB are compiled, under the sanitizers ten times as slowly.
    "regex_program": Target("regex_targets:regex_program", seconds=10.0),
    "words": Target("text_targets:words", "encoding WebSocketUpgrade OAuth __init__ é ΩΔ 漢字 ing ied x86_64"),
    "passages": Target("text_targets:passages", "encode encoding WebSocket retry retries \0 \n _"),
    "best_passage": Target("text_targets:best", "encode // /* # \n\n \0"),
    "columns": Target("text_targets:columns", '[[ ]] "a" , 1 [["n","k","c",1,2,3,4,"p"]] \\"'),
    "c_definitions": Target("text_targets:c_definitions", C_WORDS, 1024),
    "printed_lines": Target("text_targets:lines_as_printed"),
    "scores": Target("rank_targets:scores"),
    "names": Target("rank_targets:names", "/ \0 . - _ mod __init__ index"),
    "rows": Target("rank_targets:rows", 'content \\ " \x1f é'),
    "globs": Target("query_targets:globs", GLOB_WORDS, 96, native=False),
    "ignore_rules": Target("query_targets:ignore_rules", GLOB_WORDS, 200, native=False),
    "query": Target("query_targets:query", f"{QUERY_WORDS} {REGEX_WORDS}", 120, native=False),
    "cursor": Target("query_targets:cursor", 'WzEsICJhIiwgM10= [1,"a",3] null 1e999', 120, native=False),
    "query_words": Target("query_targets:query_words", "retry backoff WebSocket", 200, native=False),
    "mcp_lines": Target("mcp_targets:mcp_lines", MCP_WORDS, 300, native=False),
    "http_heads": Target("http_targets:http_heads", HTTP_WORDS, 400, native=False),
    "grep_flags": Target("query_targets:grep_flags", GREP_WORDS, 120, native=False),
}
