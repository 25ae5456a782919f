"""`leindex index`: make an index, or bring it up to date."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, StoreEmptyError, StoreVersionError
from ..models import UpdateResult
from ..records import as_dict, replace
from ..spoken import age, size
from ..tree.roots import adopt_moved
from ..tree.wanted import Wanted
from .common import complain, confirm_root, interrupts, opened, print_json, progress_shown, trouble_lines
from .parsing import Parser, add_index_option, add_json_option

if TYPE_CHECKING:
    from ..index import Index
    from ..indexing.pipeline import UpdateOptions


def _parser() -> Parser:
    parser = Parser("index", "Index a tree of files, or bring its index up to date.")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the folder (default: this one)")
    add_index_option(parser)
    add_json_option(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask before a home folder or / is indexed")
    parser.add_argument("-n", "--dry-run", action="store_true", help="list what would be indexed and what skipped")
    parser.add_argument("--text-only", action="store_true", help="stop after the text: no symbols, no ranking")
    parser.add_argument("--engine", metavar="NAME", help="sqlite (default), tantivy or duckdb; for a new index")
    parser.add_argument("--workers", type=int, metavar="N", help="threads and processes (default: one a core; 0: none)")
    parser.add_argument("--batch-size", type=_batch_size, default="auto", metavar="N|auto", help="files in a batch")
    parser.add_argument("--durability", choices=("full", "normal"), default="full", help="what survives a power cut")
    kept = parser.add_argument_group("kept for later updates")
    kept.add_argument(
        "--hidden", action=argparse.BooleanOptionalAction, help="hidden files and folders too (default: not)"
    )
    kept.add_argument("--ignore", action=argparse.BooleanOptionalAction, help="follow ignore files (default: do)")
    kept.add_argument("-g", "--glob", action="append", metavar="GLOB", help="only files that match (! excludes)")
    kept.add_argument("--max-filesize", type=_file_size, metavar="SIZE", help="largest indexed file (default 4M)")
    kept.add_argument(
        "--keep-days", type=float, metavar="N", help="how long contents without a file are kept (default 14)"
    )
    kept.add_argument(
        "--keep-contents", type=int, metavar="N", help="how many of them are kept at most (default 20000)"
    )
    kept.add_argument(
        "--branch", action="append", default=[], metavar="NAME", help="a branch as well, or those that fit a glob"
    )
    kept.add_argument("--tag", action="append", default=[], metavar="NAME", help="a tag, or those that fit a glob")
    kept.add_argument("--rev", action="append", default=[], metavar="REV", help="a commit, as git reads revisions")
    kept.add_argument("--reset", action="store_true", help="forget what was kept")
    return parser


def _batch_size(text: str) -> int | str:
    if text == "auto":
        return text
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number from 1, or auto")
    return int(text)


def _file_size(text: str) -> int:
    number, factor = (
        (text[:-1], 1024 ** (1 + "KMG".index(text[-1].upper()))) if text[-1:].upper() in tuple("KMG") else (text, 1)
    )
    if not number.isdigit():
        raise argparse.ArgumentTypeError("must be a number of bytes, or one with K, M or G")
    return int(number) * factor


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    options = _parser().parse_args(arguments)
    index = opened(options.path, options, engine=options.engine, durability=options.durability)
    if index.location.scope:
        index = type(index)(_own_location(options.path), engine=options.engine, durability=options.durability)
    if adopt_moved(index.location) and not options.quiet:
        print(f"leindex: {index.root} was indexed under another name; its index moves with it", file=sys.stderr)
    if options.workers is not None and options.workers < 0:
        raise ConfigError("--workers must be 0 or more")
    wanted = _update_options(index, options)
    if options.dry_run:
        from .dry_run import dry_run

        return dry_run(index, wanted, as_json=options.json)
    confirm_root(index.root, yes=options.yes or index.exists)
    with (
        index,
        interrupts() as interrupted,
        progress_shown(quiet=options.quiet, as_json=options.json) as on_progress,
    ):
        result = index.update(wanted, on_progress=on_progress, cancelled=interrupted.is_set)
        shown = []
        if options.branch or options.tag or options.rev:
            wanted_views = Wanted(tuple(options.branch), tuple(options.tag), tuple((rev, "") for rev in options.rev))
            shown = index.views.add(wanted_views, on_progress=on_progress, cancelled=interrupted.is_set)
        troubles = index.told_troubles()
    if options.json:
        views = [one.view.name for one in shown]
        print_json({"root": str(index.root), **as_dict(result), **troubles, "views": views})
    elif not options.quiet:
        print(summary(result))
        if shown:
            written = sum(one.written.documents for one in shown)
            print(f"{len(shown)} views made or moved, {written} contents written for them")
    for note in result.notes:
        complain(note)
    for one in shown:
        for note in one.view.notes:
            complain(f"{one.view.name}: {note}")
    for failure in result.failed:
        print(f"leindex: not indexed: {failure}", file=sys.stderr)
    if not options.quiet:
        for word, line in trouble_lines(troubles):
            complain(f"{word}: {line}")
    return 0


def _own_location(path: str) -> Any:
    """The location for a tree of its own, though a folder above it is indexed already."""
    from ..config import Location, folder_for, root_of

    root = root_of(path)
    return Location(root, folder_for(root))


def _update_options(index: Index, options: argparse.Namespace) -> UpdateOptions:
    """The options of the last update, with what the command line changes."""
    from ..indexing.pipeline import UpdateOptions, stored_options
    from ..indexing.walk.discover import DiscoverOptions

    stored = UpdateOptions()
    if index.exists and not options.reset:
        with suppress(StoreEmptyError):  # begun and never finished: as good as none
            try:
                stored = stored_options(index.catalog)
            except StoreVersionError:
                index.bring_up_to_date()
                stored = stored_options(index.catalog)
    index.close()
    tree = stored.discover
    return replace(
        stored,
        discover=DiscoverOptions(
            hidden=tree.hidden if options.hidden is None else options.hidden,
            no_ignore=tree.no_ignore if options.ignore is None else not options.ignore,
            globs=tree.globs if options.glob is None else tuple(options.glob),
            max_size=tree.max_size if options.max_filesize is None else options.max_filesize,
        ),
        workers=options.workers,
        batch_size=options.batch_size,
        text_only=options.text_only,
        keep_days=stored.keep_days if options.keep_days is None else options.keep_days,
        keep_contents=stored.keep_contents if options.keep_contents is None else options.keep_contents,
    )


def summary(result: UpdateResult) -> str:
    """What an update did, for people."""
    rate = f" ({result.bytes / 1e6 / max(result.seconds, 1e-6):.0f} MB/s)" if result.bytes else ""
    took = age(result.seconds) if result.seconds >= 120 else f"{result.seconds:.2f} s"
    lines = [
        f"{result.files} files indexed: {result.added} new, {result.changed} changed, {result.removed} removed, "
        f"{result.unchanged} unchanged",
        f"{result.documents} contents written, {size(result.bytes)} in {took}{rate}",
    ]
    if result.skipped:
        reasons = ", ".join(f"{count} {reason}" for reason, count in result.skipped.items())
        lines.append(f"skipped: {reasons}")
    return "\n".join(lines)
