"""The arguments of `leindex grep`: ripgrep's flags, parsed by ripgrep's rules, into a `GrepCommand`.

Short flags combine (`-nil`), values are attached or follow (`-A3`, `-A 3`, `--after-context=3`), many flags
have a negation, and where flags contradict the last one wins; a standard parser gets the last two wrong. The
flags themselves are tables in `flag_table.py`. Flags of ripgrep that leindex has no use for are accepted
and do nothing where that changes no output, and refused with the reason where it would.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, NamedTuple

from ...errors import ConfigError
from ...exact.filter.path_filter import PathRules
from ...exact.order import Order
from ...exact.printing.colors import palette
from ...exact.printing.hyperlinks import Hyperlinks, parse_format
from ...exact.request import Binary, Engine, GrepRequest, Mode
from ...questions import Where
from ...records import record
from ..common import complain
from .flag_table import SHORT, SWITCHES, similar_flags
from .flag_values import FILE_VALUES, VALUES
from .settings import Settings


class ProgramFlags(NamedTuple):
    """`-z`, `--pre` and `--pre-glob` as they were given."""

    decompress: bool = False
    preprocessor: str | None = None
    globs: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class GrepCommand:
    """A parsed command line.

    request: what to search for and how to print it.
    paths: the files and folders to search, as typed; empty for the folder one is in.
    rules: the path rules (`-g`, `-t`, `-T`, ...), for `exact.filter.path_filter.PathFilter`.
    hidden, no_ignore, no_ignore_parts: what else than the usual files to search; the parts are `dot`,
        `exclude`, `files`, `global`, `parent`, `vcs`, each for its `--no-ignore-PART`, and `require-git`.
    follow, one_file_system, max_filesize (bytes), ignore_files: how the tree would be walked.
    ignore_case_of_rules: whether capitals do not count in the rules of ignore files.
    messages: whether to say on stderr which files could not be read; ignore_messages: which lines of ignore files.
    order: in which order the files are.  programs: what is searched as the output of a program: whether compressed
        files are, the preprocessor, and the globs of the files that it is for.
    special: `help` or `version` instead of everything else.
    where: the views to search in place of the tree.
    index, refresh, strict: where the index is, when to compare it with the tree (`always`, `auto`, `never`),
        and whether an answer without that comparison is refused.
    """

    request: GrepRequest
    paths: tuple[str, ...]
    rules: PathRules
    hidden: bool
    no_ignore: bool
    no_ignore_parts: frozenset[str]
    follow: bool
    one_file_system: bool
    max_filesize: int | None
    ignore_files: tuple[str, ...]
    ignore_case_of_rules: bool
    messages: bool
    ignore_messages: bool
    line_buffered: bool
    order: Order
    programs: ProgramFlags
    special: str | None
    where: Where
    index: str | None
    refresh: str
    strict: bool


STDIN: Final = "-"
"""The path that stands for standard input."""


def parse_grep(args: Sequence[str], *, terminal: bool = False, piped: bool = False) -> GrepCommand:
    """Parse arguments; `terminal` tells whether the output goes to one, `piped` whether there is something to search on
    standard input, which it is where no path is given.

    Raises ConfigError, with a message like ripgrep's, for an unknown flag, a missing or a wrong value, and
    for no pattern; reads the files of `-f`.
    """
    settings = Settings()
    _parse_into(settings, args)
    if settings.config and settings.special is None and (more := configured()):
        settings = Settings()
        _parse_into(settings, [*more, *args])
    return _command(settings, terminal, piped)


def stands_for_files(paths: Sequence[str]) -> bool:
    """Whether none of the paths is a folder."""
    return not any(path != STDIN and os.path.isdir(path) for path in paths)


def display_prefix(path: str | None) -> bytes:
    """What ripgrep puts before the paths it finds in a folder: nothing if none was given, else the folder."""
    if path is None:
        return b""
    raw = os.fsencode(path)
    return raw if raw.endswith(b"/") else raw + b"/"


def configured() -> list[str]:
    """The arguments in the file that RIPGREP_CONFIG_PATH names: one a line, without white space around it; `#` begins
    a comment. A file that cannot be read has none, and that is said."""
    path = os.environ.get("RIPGREP_CONFIG_PATH")
    if not path:
        return []
    try:
        with open(path, "rb") as stream:
            lines = stream.read().split(b"\n")
    except OSError as error:
        reason = f"{path}: {error.strerror} (os error {error.errno})"
        complain(f"failed to read the file specified in RIPGREP_CONFIG_PATH: {reason}")
        return []
    stripped = (os.fsdecode(line).strip() for line in lines)
    return [line for line in stripped if line and not line.startswith("#")]


def _parse_into(settings: Settings, args: Sequence[str]) -> None:
    queue = list(reversed(args))
    while queue:
        arg = queue.pop()
        if arg == "--":
            settings.positional += reversed(queue)
            return
        if arg.startswith("--"):
            name, equals, value = arg[2:].partition("=")
            _apply_long(settings, name, value if equals else None, queue)
        elif arg.startswith("-") and arg != "-":
            _apply_short(settings, arg[1:], queue)
        else:
            settings.positional.append(arg)


def _apply_long(settings: Settings, name: str, value: str | None, queue: list[str]) -> None:
    if name in VALUES:
        _apply_value(settings, name, f"--{name}", value, queue)
    elif name in SWITCHES:
        if value is not None:
            raise ConfigError(f"invalid CLI arguments: unexpected argument for option '--{name}': \"{value}\"")
        _apply_switch(settings, name, f"--{name}")
    else:
        similar = similar_flags(name)
        advice = f" (similar flags that are available: {', '.join(similar)})" if similar else ""
        raise ConfigError(f"unrecognized flag --{name}{advice}")


def _apply_short(settings: Settings, letters: str, queue: list[str]) -> None:
    at = 0
    while at < len(letters):
        letter = letters[at]
        at += 1
        name = SHORT.get(letter)
        if name is None:
            raise ConfigError(f"unrecognized flag -{letter}")
        if name in VALUES:
            rest = letters[at:]
            attached = rest.removeprefix("=") if rest else None
            _apply_value(settings, name, f"-{letter}", attached, queue)
            return
        if letters[at : at + 1] == "=":
            raise ConfigError(
                f"invalid CLI arguments: unexpected argument for option '-{letter}': \"{letters[at + 1 :]}\""
            )
        _apply_switch(settings, name, f"-{letter}")


def _apply_value(settings: Settings, name: str, shown: str, value: str | None, queue: list[str]) -> None:
    if value is None:
        if not queue:
            raise ConfigError(f"missing value for flag {shown}: missing argument for option '{shown}'")
        value = queue.pop()
    try:
        if name not in FILE_VALUES:
            _check_utf8(name, value)
        VALUES[name](settings, value)
    except ConfigError as error:
        raise ConfigError(f"error parsing flag {shown}: {error}") from None


def _check_utf8(name: str, value: str) -> None:
    """A value is text, but for the names of files, which are whatever the file system has."""
    try:
        value.encode()
    except UnicodeEncodeError:
        if name.endswith("-separator") and name != "path-separator":
            raise ConfigError(
                "separator must be valid UTF-8 (use escape sequences to provide a separator that is not valid UTF-8)"
            ) from None
        raise ConfigError("value is not valid UTF-8") from None


def _apply_switch(settings: Settings, name: str, shown: str) -> None:
    try:
        SWITCHES[name](settings)
    except ConfigError as error:
        raise ConfigError(f"error parsing flag {shown}: {error}") from None


def _command(settings: Settings, terminal: bool, piped: bool) -> GrepCommand:
    patterns: tuple[str, ...] = ()
    positional = list(settings.positional)
    searches = settings.mode not in (Mode.FILES, Mode.TYPES) and settings.special is None
    if searches:
        patterns = _patterns(settings, positional)
        if settings.stdin_read and STDIN in positional:
            raise ConfigError("attempted to read patterns from stdin while also searching stdin")
        if piped and not positional and not settings.stdin_read:
            positional.append(STDIN)
    return GrepCommand(
        request=_request(settings, patterns, positional, terminal),
        paths=tuple(positional),
        rules=PathRules(
            tuple(settings.globs),
            tuple(settings.iglobs),
            settings.glob_case_insensitive,
            tuple(settings.types),
            max_depth=settings.max_depth,
        ),
        hidden=settings.hidden,
        no_ignore=settings.no_ignore_parts >= {"dot", "exclude", "global", "parent", "vcs"},
        no_ignore_parts=frozenset(settings.no_ignore_parts),
        follow=settings.follow,
        one_file_system=settings.one_file_system,
        max_filesize=settings.max_filesize,
        ignore_files=tuple(settings.ignore_files),
        ignore_case_of_rules=settings.ignore_case_of_rules,
        messages=settings.messages,
        ignore_messages=settings.messages and settings.ignore_messages,
        line_buffered=terminal if settings.line_buffered is None else settings.line_buffered,
        order=settings.sort or Order(),
        programs=ProgramFlags(settings.search_zip, settings.pre, tuple(settings.pre_globs)),
        special=settings.special,
        where=Where(tuple(settings.branches), tuple(settings.revs)),
        index=settings.index,
        refresh=settings.refresh,
        strict=settings.strict,
    )


def _patterns(settings: Settings, positional: list[str]) -> tuple[str, ...]:
    """The patterns of -e and -f, without repeats, or else the first positional argument."""
    if not settings.pattern_sources:
        if not positional:
            raise ConfigError("grep requires at least one pattern to execute a search")
        return (positional.pop(0),)
    found: dict[str, None] = {}
    for kind, value in settings.pattern_sources:
        if kind == "file" and value == STDIN:
            if settings.stdin_read:
                raise ConfigError("error reading -f/--file from stdin: stdin has already been consumed")
            settings.stdin_read = True
        found.update(dict.fromkeys((value,) if kind == "pattern" else _read_patterns(value)))
    return tuple(found)


def _read_patterns(path: str) -> list[str]:
    """The lines of a pattern file (`-` for standard input)."""
    try:
        with open(0 if path == STDIN else path, "rb", closefd=path != STDIN) as stream:
            data = stream.read()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror} (os error {error.errno})") from error
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    patterns = []
    for number, line in enumerate(lines, 1):
        try:
            patterns.append(line.removesuffix(b"\r").decode("utf-8"))
        except UnicodeDecodeError as error:
            raise ConfigError(
                f"{path}:{number}: found invalid UTF-8 in pattern at byte offset {error.start} "
                "(disable Unicode mode and use hex escape sequences to match arbitrary bytes in a pattern, "
                "e.g., '(?-u)\\xFF')"
            ) from None
    return patterns


def _request(settings: Settings, patterns: tuple[str, ...], paths: list[str], terminal: bool) -> GrepRequest:
    mode = settings.mode
    if mode is Mode.COUNT_MATCHES and settings.invert:
        mode = Mode.COUNT
    elif mode is Mode.COUNT and settings.only_matching:
        mode = Mode.COUNT_MATCHES
    in_views = bool(settings.branches or settings.revs)
    named = bool(paths) and stands_for_files(paths)
    if in_views and named:  # whether a path is a file of the commit is told by the tree as long as it is there
        named = all(map(os.path.isfile, paths))
    mapped = 0 < len(paths) <= 10 and all(path != STDIN and os.path.isfile(path) for path in paths)
    binary = Binary.TEXT if settings.null_data else settings.binary
    if named and binary is Binary.QUIT:
        binary = Binary.CONVERT  # a file that was asked for by name is never skipped
    column = settings.vimgrep if settings.column is None else settings.column
    before, after, passthru = settings.context()
    paints = settings.color in ("always", "ansi") or (settings.color == "auto" and terminal)
    colors = palette(settings.colors)
    return GrepRequest(
        patterns=patterns,
        fixed_strings=settings.fixed_strings,
        engine=Engine(settings.engine),
        case=settings.case,
        boundary=settings.boundary,
        unicode=settings.unicode,
        multiline=settings.multiline,
        multiline_dotall=settings.multiline_dotall,
        crlf=settings.crlf,
        null_data=settings.null_data,
        size_limit=settings.size_limit,
        encoding=settings.encoding,
        invert=settings.invert,
        max_count=settings.max_count,
        before=before,
        after=after,
        passthru=passthru,
        stop_on_nonmatch=settings.stop_on_nonmatch,
        binary=binary,
        mapped=_chosen(settings.mapped, mapped),
        mode=mode,
        quiet=settings.quiet,
        stats=settings.stats,
        with_filename=_chosen(settings.with_filename, settings.vimgrep or not (named and len(paths) == 1)),
        line_number=_chosen(
            settings.line_number,
            not settings.quiet
            and (
                mode is Mode.JSON
                or (mode is Mode.STANDARD and ((terminal and paths != [STDIN]) or column or settings.vimgrep))
            ),
        ),
        column=column,
        byte_offset=settings.byte_offset,
        heading=_chosen(settings.heading, terminal) and not settings.vimgrep,
        only_matching=settings.only_matching,
        per_match=settings.vimgrep,
        replace=settings.replace,
        max_columns=settings.max_columns,
        max_columns_preview=settings.max_columns_preview,
        trim=settings.trim,
        include_zero=settings.include_zero,
        null=settings.null,
        path_separator=settings.path_separator,
        context_separator=settings.context_separator,
        match_separator=settings.match_separator,
        context_field_separator=settings.context_field_separator,
        color=colors if paints else None,
        hyperlinks=_hyperlinks(settings) if paints else None,
    )


def _hyperlinks(settings: Settings) -> Hyperlinks | None:
    if not (parts := parse_format(settings.hyperlinks)):
        return None
    host = _host(settings.hostname_bin) if "host" in parts else b""
    distribution = os.environb.get(b"WSL_DISTRO_NAME")
    return Hyperlinks(parts, host, b"" if distribution is None else b"wsl$/" + distribution)


def _host(program: str | None) -> bytes:
    """The name of this machine, as the program says it that is to be asked, or else the system."""
    if program is not None:
        import subprocess

        try:
            said = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout
            if named := said.decode().strip():
                return named.encode()
        except (OSError, subprocess.CalledProcessError, UnicodeDecodeError):
            pass  # as in ripgrep: whatever the program lacks, there is a name
    return os.fsencode(os.uname().nodename)


def _chosen(given: bool | None, default: bool) -> bool:
    return default if given is None else given
