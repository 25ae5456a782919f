"""Flags, path rules and printers, where equality with ripgrep alone would show a fault late or not at all."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pytest

from leindex.cli.grep.flags import display_prefix, parse_grep
from leindex.errors import ConfigError
from leindex.exact.filter.globs import compile_glob
from leindex.exact.filter.path_filter import PathFilter, PathRules, TypeRule
from leindex.exact.grep import Files, GrepResult, grep, list_files
from leindex.exact.printing.colors import palette
from leindex.exact.printing.graphemes import preview_end
from leindex.exact.printing.output import Output
from leindex.exact.printing.replace import parse_template
from leindex.exact.request import Binary, Case, GrepRequest, Mode
from leindex.exact.stats import Stats

FILES = [(b"a.c", b"one\ntwo\n"), (b"b.py", b"two\nthree")]


def printed(request: GrepRequest, files: list[tuple[bytes, bytes | None]] | None = None, **more: object) -> bytes:
    stream = io.BytesIO()
    grep(request, FILES if files is None else files, Output(stream), **more)  # type: ignore[arg-type]
    return stream.getvalue()


def test_lines() -> None:
    assert printed(GrepRequest(("two",))) == b"a.c:two\nb.py:two\n"
    assert printed(GrepRequest(("three",), line_number=True)) == b"b.py:2:three\n"
    assert printed(GrepRequest(("two",)), prefix=b"dir/") == b"dir/a.c:two\ndir/b.py:two\n"
    assert printed(GrepRequest(("two",), with_filename=False, after=1)) == b"two\n--\ntwo\nthree\n"


def test_colours() -> None:
    painted = printed(GrepRequest(("tw",), color=palette(), line_number=True), FILES[:1])
    assert painted == b"\x1b[0m\x1b[35ma.c\x1b[0m:\x1b[0m\x1b[32m2\x1b[0m:\x1b[0m\x1b[1m\x1b[31mtw\x1b[0mo\n"


def test_json_of_bytes_that_are_not_text() -> None:
    messages = printed(GrepRequest(("x",), mode=Mode.JSON, line_number=True), [(b"n\xff", b'\xffx"\t\n')])
    begin, match, _, summary = map(json.loads, messages.splitlines())
    assert begin["data"]["path"] == {"bytes": "bv8="}
    assert match["data"]["lines"] == {"bytes": "/3giCQo="}
    assert match["data"]["submatches"] == [{"match": {"text": "x"}, "start": 1, "end": 2}]
    assert summary["data"]["stats"]["matches"] == 1


def test_files_that_were_left_out_count_in_the_totals() -> None:
    left_out = Stats(searches=10, bytes_searched=1000)
    messages = printed(GrepRequest(("three",), mode=Mode.JSON), Files(FILES, unsearched=left_out))
    stats = json.loads(messages.splitlines()[-1])["data"]["stats"]
    assert (stats["searches"], stats["bytes_searched"], stats["searches_with_match"]) == (12, 1017, 1)


def test_files_known_not_to_match() -> None:
    files: list[tuple[bytes, bytes | None]] = [(b"x", None), *FILES]
    assert printed(GrepRequest(("three",), mode=Mode.FILES_WITHOUT_MATCH), files) == b"x\na.c\n"
    assert printed(GrepRequest(("three",), mode=Mode.COUNT, include_zero=True), files) == b"x:0\na.c:0\nb.py:1\n"
    assert printed(GrepRequest(("three",)), files) == b"b.py:three\n"


def test_which_requests_need_every_file() -> None:
    assert GrepRequest(("x",), mode=Mode.FILES_WITHOUT_MATCH).reports_unmatched
    assert not GrepRequest(("x",), mode=Mode.FILES_WITH_MATCHES).reports_unmatched
    assert GrepRequest(("x",), invert=True).selects_without_match
    assert GrepRequest(("x",), passthru=True).selects_without_match


def test_status() -> None:
    out = Output(io.BytesIO())
    assert grep(GrepRequest(("two",)), FILES, out).status() == 0
    assert grep(GrepRequest(("none",)), FILES, out).status() == 1
    assert grep(GrepRequest(("two",), max_count=0), FILES, out) == GrepResult(False, 0)
    assert GrepResult(True, 1).status(errors=True) == 2
    assert list_files(GrepRequest(()), [], out).status() == 1


def test_quiet_stops_at_the_first_file() -> None:
    result = grep(GrepRequest(("two",), quiet=True), iter(FILES), Output(io.BytesIO()))
    assert result == GrepResult(True, 1)


def test_a_closed_pipe_ends_the_output() -> None:
    class Closed(io.BytesIO):
        def write(self, data: object, /) -> int:
            raise BrokenPipeError

    out = Output(Closed())
    result = grep(GrepRequest(("t",), with_filename=False), [(b"x", b"t" * 300_000)] * 3, out)
    assert out.closed
    assert result.files == 1


def parse(*args: str, terminal: bool = False) -> GrepRequest:
    return parse_grep(list(args), terminal=terminal).request


def test_flags_combine_and_take_values() -> None:
    request = parse("-nil", "-A3", "-B", "2", "--max-count=4", "-e=x", "-ey")
    assert (request.line_number, request.case, request.mode) == (True, Case.IGNORE, Mode.FILES_WITH_MATCHES)
    assert (request.before, request.after, request.max_count) == (2, 3, 4)
    assert request.patterns == ("x", "y")
    assert parse("-C", "5", "-A", "1", "x").context == (5, 1)
    assert parse("-A", "1", "-C", "5", "x").context == (5, 1)


def test_the_last_flag_wins() -> None:
    assert parse("-i", "-s", "x").case is Case.SENSITIVE
    assert parse("-S", "-i", "x").case is Case.IGNORE
    assert not parse("--heading", "--no-heading", "x").heading
    assert parse("-N", "-n", "x").line_number
    assert parse("-c", "-l", "x").mode is Mode.FILES_WITH_MATCHES
    assert parse("-c", "-o", "x").mode is Mode.COUNT_MATCHES
    assert parse("-A1", "--passthru", "x").passthru
    assert not parse("--passthru", "-A1", "x").passthru
    assert parse("-uuu", "x").binary is Binary.CONVERT
    assert not parse("--crlf", "--null-data", "x").crlf


def test_defaults_follow_the_terminal() -> None:
    plain, seen = parse("x"), parse("x", terminal=True)
    assert (plain.color, plain.heading, plain.line_number) == (None, False, False)
    assert seen.color is not None and seen.heading and seen.line_number
    assert parse("--vimgrep", "x", terminal=True).heading is False
    assert parse("--json", "x").line_number


def test_paths_and_prefixes(tmp_path: Path) -> None:
    file = tmp_path / "one.txt"
    file.touch()
    assert parse_grep(["x", str(file)]).request.with_filename is False
    assert parse_grep(["x", str(tmp_path)]).request.with_filename is True
    command = parse_grep(["-e", "x", "a", "--", "-b"])
    assert command.paths == ("a", "-b")
    assert [display_prefix(path) for path in (None, "src", "src/", ".")] == [b"", b"src/", b"src/", b"./"]


def test_our_own_flags() -> None:
    command = parse_grep(["--index", "DIR", "--refresh=never", "--strict", "--max-filesize", "4M", "-uu", "x"])
    assert (command.index, command.refresh, command.strict) == ("DIR", "never", True)
    assert (command.max_filesize, command.hidden, command.no_ignore) == (4 << 20, True, True)


def test_pattern_files(tmp_path: Path) -> None:
    file = tmp_path / "patterns"
    file.write_bytes(b"a\r\nb\nb\n")
    assert parse("-f", str(file), "-e", "c").patterns == ("a", "b", "c")
    file.write_bytes(b"ok\n\xff\n")
    with pytest.raises(ConfigError, match="invalid UTF-8 in pattern at byte offset 0"):
        parse("-f", str(file))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--bogus", "x"], "unrecognized flag --bogus"),
        (["--ignore-cas", "x"], r"unrecognized flag --ignore-cas \(similar .*--ignore-case"),
        (["-y", "x"], "unrecognized flag -y"),
        (["-A"], "missing value for flag -A: missing argument for option '-A'"),
        (
            ["-A", "x", "y"],
            "error parsing flag -A: value is not a valid number: invalid digit found in string",
        ),
        (["--files=3"], "unexpected argument for option '--files': \"3\""),
        (["--color", "x", "y"], "error parsing flag --color: choice 'x' is unrecognized"),
        (["-uuuu", "x"], "error parsing flag -u: flag can only be repeated up to 3 times"),
        ([], "requires at least one pattern"),
    ],
)
def test_wrong_arguments(args: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_grep(args)


@pytest.mark.parametrize(
    ("rules", "accepted"),
    [
        (PathRules(), "a.c dir/b.py dir/sub/c.h"),
        (PathRules(("*.c",)), "a.c"),
        (PathRules(("!*.c",)), "dir/b.py dir/sub/c.h"),
        (PathRules(("dir/**",)), "dir/b.py dir/sub/c.h"),
        (PathRules(("dir/*",)), "dir/b.py"),
        (PathRules(("!sub/",)), "a.c dir/b.py"),
        (PathRules(("*.[ch]", "!c.*")), "a.c"),
        (PathRules(iglobs=("*.PY",)), "dir/b.py"),
        (PathRules(types=(TypeRule("select", "py"),)), "dir/b.py"),
        (PathRules(types=(TypeRule("negate", "py"),)), "a.c dir/sub/c.h"),
        (PathRules(("*.c",), types=(TypeRule("select", "py"),)), "a.c"),
        (PathRules(types=(TypeRule("add", "x:*.h"), TypeRule("select", "x"))), "dir/sub/c.h"),
    ],
)
def test_path_rules(rules: PathRules, accepted: str) -> None:
    chosen = PathFilter(rules)
    paths = [b"a.c", b"dir/b.py", b"dir/sub/c.h"]
    assert [path for path in paths if chosen.accepts(path)] == accepted.encode().split()


def test_the_folder_asked_for_is_not_subject_to_the_rules() -> None:
    chosen = PathFilter(PathRules(("!dir",)))
    assert not chosen.accepts(b"dir/b.py")
    assert chosen.accepts(b"dir/b.py", root=b"dir/")


@pytest.mark.parametrize("glob", ["[a", "{a", "a}", "[z-a]", "a\\"])
def test_malformed_globs(glob: str) -> None:
    with pytest.raises(ConfigError, match="error parsing glob"):
        compile_glob(glob)


def test_templates() -> None:
    assert parse_template(b"$$x${1}$2y$") == [b"$", b"x", "1", "2y", b"$"]


def test_previews_keep_characters_whole() -> None:
    text = "e\u0301te\u0301 \U0001f468\u200d\U0001f469x".encode()
    assert text[: preview_end(text, 0, len(text), 2)].decode() == "e\u0301t"
    assert text[: preview_end(text, 0, len(text), 5)].decode() == "e\u0301te\u0301 \U0001f468\u200d\U0001f469"


def test_each_match_of_a_long_block() -> None:
    start = time.process_time()
    request = GrepRequest(("(?s).",), multiline=True, per_match=True, column=True, line_number=True)
    output = printed(request, [(b"f", b"x\n" * 4_000)])
    assert output == b"".join(b"f:%d:%d:x\n" % (n, c) for n in range(1, 4_001) for c in (1, 2))
    assert time.process_time() - start < 3
